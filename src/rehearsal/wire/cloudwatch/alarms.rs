//! Alarms: their state, their history, and the hand that sets it.

use winterbaume_cloudwatch::wire;

use super::super::Response;
use super::super::page::{Page, page, size};
use super::super::route::Call;
use super::{codec, dimension_list, invalid, seconds, timestamp};
use crate::domain::alarm::{AlarmKind, AlarmState};
use crate::rehearsal::world::cloudwatch::{AlarmChange, AlarmView};
use crate::rehearsal::world::{ApiError, World};

/// The most names, and the most records, of one `DescribeAlarms` (API reference).
const MOST: usize = 100;

pub(super) fn describe(world: &World, call: &Call) -> Result<Response, ApiError> {
    let input = codec::decode(
        call,
        wire::deserialize_describe_alarms_request,
        wire::deserialize_describe_alarms_request_query,
    )?;
    let names = input.alarm_names.unwrap_or_default();
    let prefix = input.alarm_name_prefix.as_deref();
    if names.len() > MOST {
        return Err(ApiError::validation(format!(
            "AlarmNames has {} members, at most {MOST} are allowed",
            names.len()
        )));
    }
    if prefix.is_some() && !names.is_empty() {
        return Err(ApiError::new(
            400,
            "InvalidParameterCombination",
            "AlarmNames and AlarmNamePrefix exclude each other",
        ));
    }
    if input.action_prefix.is_some()
        || input.children_of_alarm_name.is_some()
        || input.parents_of_alarm_name.is_some()
    {
        return Err(ApiError::validation(
            "the rehearsal does not know ActionPrefix, ChildrenOfAlarmName and ParentsOfAlarmName",
        ));
    }
    let kinds = kinds(input.alarm_types.as_deref().unwrap_or_default())?;
    let mut alarms = world.alarms(&call.region, &names, prefix);
    alarms.retain(|view| {
        let wanted = input.state_value.as_deref();
        kinds.contains(&view.alarm.kind)
            && wanted.is_none_or(|state| state == view.alarm.state.as_str())
    });
    let page = page(
        alarms,
        input.next_token.as_deref(),
        size(input.max_records, MOST, 50),
    )?;
    Ok(shown(call, page))
}

fn shown(call: &Call, page: Page<AlarmView>) -> Response {
    let (composite, metric): (Vec<_>, Vec<_>) = page
        .items
        .into_iter()
        .partition(|view| view.alarm.kind == AlarmKind::Composite);
    let output = wire::DescribeAlarmsOutput {
        composite_alarms: Some(composite.into_iter().map(composite_alarm).collect()),
        metric_alarms: Some(metric.into_iter().map(metric_alarm).collect()),
        next_token: page.next,
    };
    codec::encode(call, &output, wire::serialize_describe_alarms_response)
}

/// Without `AlarmTypes` only metric alarms are described (API reference).
fn kinds(types: &[String]) -> Result<Vec<AlarmKind>, ApiError> {
    if types.is_empty() {
        return Ok(vec![AlarmKind::Metric]);
    }
    types
        .iter()
        .map(|name| match name.as_str() {
            "MetricAlarm" => Ok(AlarmKind::Metric),
            "CompositeAlarm" => Ok(AlarmKind::Composite),
            other => Err(ApiError::validation(format!(
                "{other} is not a type of alarm"
            ))),
        })
        .collect()
}

fn metric_alarm(view: AlarmView) -> wire::MetricAlarm {
    let since = view.alarm.since.map(seconds);
    wire::MetricAlarm {
        alarm_name: Some(view.alarm.name),
        alarm_arn: Some(view.arn),
        alarm_description: view.description,
        alarm_actions: Some(view.actions),
        actions_enabled: Some(true),
        state_value: Some(view.alarm.state.as_str().to_owned()),
        state_reason: view.alarm.reason,
        state_updated_timestamp: since,
        state_transitioned_timestamp: since,
        namespace: Some(view.namespace),
        metric_name: Some(view.metric),
        dimensions: Some(dimension_list(view.dimensions)),
        statistic: Some(view.statistic),
        period: i32::try_from(view.period).ok(),
        threshold: Some(view.threshold),
        comparison_operator: Some(view.comparison),
        evaluation_periods: i32::try_from(view.evaluation_periods).ok(),
        datapoints_to_alarm: view
            .datapoints_to_alarm
            .and_then(|count| i32::try_from(count).ok()),
        treat_missing_data: Some(view.treat_missing),
        ..Default::default()
    }
}

fn composite_alarm(view: AlarmView) -> wire::CompositeAlarm {
    let since = view.alarm.since.map(seconds);
    wire::CompositeAlarm {
        alarm_name: Some(view.alarm.name),
        alarm_arn: Some(view.arn),
        alarm_description: view.description,
        alarm_rule: view.rule,
        alarm_actions: Some(view.actions),
        actions_enabled: Some(true),
        state_value: Some(view.alarm.state.as_str().to_owned()),
        state_reason: view.alarm.reason,
        state_updated_timestamp: since,
        state_transitioned_timestamp: since,
        ..Default::default()
    }
}

pub(super) fn history(world: &World, call: &Call) -> Result<Response, ApiError> {
    let input = codec::decode(
        call,
        wire::deserialize_describe_alarm_history_request,
        wire::deserialize_describe_alarm_history_request_query,
    )?;
    let start = input.start_date.map(|at| timestamp(at, "StartDate"));
    let end = input.end_date.map(|at| timestamp(at, "EndDate"));
    let (start, end) = (start.transpose()?, end.transpose()?);
    let mut changes = world.alarm_history(&call.region, input.alarm_name.as_deref());
    changes.retain(|change| {
        start.is_none_or(|start| change.at >= start) && end.is_none_or(|end| change.at <= end)
    });
    // the world keeps changes of state and nothing else
    if input
        .history_item_type
        .is_some_and(|kind| kind != "StateUpdate")
    {
        changes.clear();
    }
    if input.scan_by.as_deref() == Some("TimestampAscending") {
        changes.reverse();
    }
    let size = size(input.max_records, MOST, MOST);
    let page = page(changes, input.next_token.as_deref(), size)?;
    let output = wire::DescribeAlarmHistoryOutput {
        alarm_history_items: Some(page.items.into_iter().map(history_item).collect()),
        next_token: page.next,
    };
    Ok(codec::encode(
        call,
        &output,
        wire::serialize_describe_alarm_history_response,
    ))
}

fn history_item(change: AlarmChange) -> wire::AlarmHistoryItem {
    let data = serde_json::json!({
        "version": "1.0",
        "oldState": { "stateValue": change.from.as_str() },
        "newState": { "stateValue": change.to.as_str(), "stateReason": change.reason },
    });
    let (from, to) = (change.from.as_str(), change.to.as_str());
    wire::AlarmHistoryItem {
        alarm_name: Some(change.alarm),
        timestamp: Some(seconds(change.at)),
        history_item_type: Some("StateUpdate".to_owned()),
        history_summary: Some(format!("Alarm updated from {from} to {to}")),
        history_data: Some(data.to_string()),
        ..Default::default()
    }
}

pub(super) fn set_state(world: &mut World, call: &Call) -> Result<Response, ApiError> {
    let input = codec::decode(
        call,
        wire::deserialize_set_alarm_state_request,
        wire::deserialize_set_alarm_state_request_query,
    )?;
    let state = match AlarmState::parse(&input.state_value) {
        AlarmState::Unknown(other) => {
            return Err(invalid(format!("StateValue {other:?} is not a state")));
        }
        known => known,
    };
    if input.alarm_name.is_empty() {
        return Err(ApiError::validation("AlarmName is missing"));
    }
    world.set_alarm_state(&call.region, &input.alarm_name, state, &input.state_reason)?;
    Ok(codec::empty(call, wire::serialize_set_alarm_state_response))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::super::route::{self, Protocol};
    use super::*;
    use crate::aws::testing::cloudwatch::types::{AlarmType, StateValue};
    use crate::aws::testing::{
        Canned, ProvideErrorMetadata as _, STANDBY, cloudwatch, over, world,
    };
    use crate::domain::alarm::Alarm;

    fn view(name: &str, kind: AlarmKind, state: &str) -> AlarmView {
        AlarmView {
            alarm: Alarm {
                name: name.into(),
                kind,
                state: AlarmState::parse(state),
                reason: Some("lag <60 s & \"rising\"".into()),
                since: "2026-11-20T09:00:00.25Z".parse().ok(),
            },
            arn: format!("arn:alarm:{name}"),
            description: None,
            namespace: "AWS/DynamoDB".into(),
            metric: "ReplicationLatency".into(),
            dimensions: BTreeMap::from([("TableName".to_owned(), "t".to_owned())]),
            statistic: "Maximum".into(),
            period: 60,
            threshold: 300_000.0,
            comparison: "GreaterThanThreshold".into(),
            evaluation_periods: 3,
            datapoints_to_alarm: Some(2),
            treat_missing: "notBreaching".into(),
            rule: (kind == AlarmKind::Composite).then(|| "ALARM(a) OR ALARM(b)".to_owned()),
            actions: vec!["arn:topic".into()],
        }
    }

    /// A call as the SDK sends it.
    async fn call() -> Call {
        let canned = Canned::deaf();
        let client = cloudwatch::Client::new(&canned.config());
        let sent = client.describe_alarms().alarm_name_prefix("pay-").send();
        assert!(sent.await.is_err(), "the client is deaf");
        route::read(canned.asked()).unwrap()
    }

    fn two() -> Page<AlarmView> {
        Page {
            items: vec![
                view("lag", AlarmKind::Metric, "SLEEPING"),
                view("unfit", AlarmKind::Composite, "ALARM"),
            ],
            next: Some("50".into()),
        }
    }

    #[tokio::test]
    async fn alarms_of_both_kinds_arrive_with_states_as_they_are() {
        let call = call().await;
        assert_eq!(call.protocol, Protocol::Cbor);
        assert_eq!(
            (call.operation.as_str(), call.region.as_str()),
            ("DescribeAlarms", STANDBY)
        );
        let client = cloudwatch::Client::new(&Canned::new(shown(&call, two())).config());
        let seen = client.describe_alarms().send().await.unwrap();
        assert_eq!(seen.next_token(), Some("50"));
        let lag = &seen.metric_alarms()[0];
        assert_eq!(lag.state_value().unwrap().as_str(), "SLEEPING");
        assert_eq!(lag.state_reason(), Some("lag <60 s & \"rising\""));
        assert_eq!(lag.threshold(), Some(300_000.0));
        assert_eq!(lag.evaluation_periods(), Some(3));
        assert_eq!(lag.dimensions()[0].value(), Some("t"));
        let since = lag.state_updated_timestamp().unwrap();
        assert_eq!(since.subsec_nanos(), 250_000_000);
        let unfit = &seen.composite_alarms()[0];
        assert_eq!(unfit.alarm_rule(), Some("ALARM(a) OR ALARM(b)"));
        assert_eq!(unfit.state_value(), Some(&StateValue::Alarm));
    }

    #[tokio::test]
    async fn json_and_xml_carry_the_same() {
        let mut call = call().await;
        call.protocol = Protocol::Json;
        let seen: serde_json::Value = serde_json::from_slice(&shown(&call, two()).body).unwrap();
        assert_eq!(
            seen["MetricAlarms"][0]["StateUpdatedTimestamp"],
            1_795_165_200.25
        );
        assert_eq!(seen["CompositeAlarms"][0]["AlarmName"], "unfit");
        call.protocol = Protocol::Query {
            namespace: super::super::NAMESPACE,
        };
        let seen = shown(&call, two()).body;
        let seen = std::str::from_utf8(&seen).unwrap();
        assert!(
            seen.contains(
                "<StateUpdatedTimestamp>2026-11-20T09:00:00.250Z</StateUpdatedTimestamp>"
            )
        );
        assert!(seen.contains("<MetricAlarms><member>"), "{seen}");
        assert!(seen.contains("lag &lt;60 s &amp;"), "{seen}");
    }

    #[tokio::test]
    async fn history_tells_from_and_to() {
        let change = AlarmChange {
            at: "2026-11-20T09:00:00Z".parse().unwrap(),
            alarm: "lag".into(),
            from: AlarmState::Ok,
            to: AlarmState::Alarm,
            reason: "three \"points\"".into(),
        };
        let item = history_item(change);
        assert_eq!(
            item.history_summary.as_deref(),
            Some("Alarm updated from OK to ALARM")
        );
        let data: serde_json::Value = serde_json::from_str(&item.history_data.unwrap()).unwrap();
        assert_eq!(data["newState"]["stateReason"], "three \"points\"");
    }

    #[tokio::test(start_paused = true)]
    async fn what_can_not_be_is_refused() {
        let client = cloudwatch::Client::new(&over(&world(""), STANDBY));
        let all = client
            .describe_alarms()
            .alarm_types(AlarmType::CompositeAlarm);
        assert!(all.send().await.unwrap().composite_alarms().is_empty());
        let history = client
            .describe_alarm_history()
            .alarm_name("lag")
            .send()
            .await;
        assert!(history.unwrap().alarm_history_items().is_empty());
        let both = client
            .describe_alarms()
            .alarm_names("a")
            .alarm_name_prefix("a");
        let both = both.send().await.unwrap_err();
        assert_eq!(both.code(), Some("InvalidParameterCombination"));
        let many = client
            .describe_alarms()
            .set_alarm_names(Some(vec!["a".to_owned(); 101]));
        assert_eq!(
            many.send().await.unwrap_err().code(),
            Some("ValidationError")
        );
        let gone = client
            .set_alarm_state()
            .alarm_name("gone")
            .state_value(StateValue::Alarm)
            .state_reason("test");
        let gone = gone.send().await.unwrap_err().into_service_error();
        assert!(gone.is_resource_not_found(), "{gone:?}");
        let odd = client
            .set_alarm_state()
            .alarm_name("gone")
            .state_value(StateValue::from("SLEEPING"))
            .state_reason("test");
        assert_eq!(
            odd.send().await.unwrap_err().code(),
            Some("InvalidParameterValue")
        );
        let unknown = client.list_dashboards().send().await.unwrap_err();
        assert!(unknown.message().unwrap().contains("ListDashboards"));
    }
}
