//! Alarms: their state, their history, and the hand that sets it.

use winterbaume_cloudwatch::wire;

use super::super::Response;
use super::super::page::{page, size};
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
    let (composite, metric): (Vec<_>, Vec<_>) = page
        .items
        .into_iter()
        .partition(|view| view.alarm.kind == AlarmKind::Composite);
    let output = wire::DescribeAlarmsOutput {
        composite_alarms: Some(composite.into_iter().map(composite_alarm).collect()),
        metric_alarms: Some(metric.into_iter().map(metric_alarm).collect()),
        next_token: page.next,
    };
    Ok(codec::encode(
        call,
        &output,
        wire::serialize_describe_alarms_response,
    ))
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
