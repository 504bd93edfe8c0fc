//! CloudWatch in one region: alarms, signals and the metric lever.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_cloudwatch::operation::RequestId as _;
use aws_sdk_cloudwatch::types as sdk;
use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};

use crate::aws::client::{RegionClient, change};
use crate::aws::convert::{date_time, some_text, text, timestamp};
use crate::aws::error::{ActError, Site};
use crate::domain::alarm::{Alarm, AlarmKind, AlarmState};
use crate::domain::lever::{MetricLever, NumberedCommand, metric};
use crate::domain::observed::{FailureKind, ReadError};
use crate::domain::signal::{Datapoint, Series, SignalId};

/// Alarm names per call (API reference, `DescribeAlarms`).
const MOST_NAMES: usize = 100;
/// Queries per call (API reference, `GetMetricData`).
const MOST_QUERIES: usize = 500;
/// A service that repeats its token must not keep us for ever.
const MOST_PAGES: usize = 200;
/// CloudWatch stamps data with clocks of its own; an operator's may be behind by this much.
pub const CLOCK_MARGIN: SignedDuration = SignedDuration::from_mins(30);

/// One metric to be read, with every placeholder resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalQuery {
    pub id: SignalId,
    pub namespace: String,
    pub metric: String,
    pub dimensions: Vec<(String, String)>,
    pub statistic: String,
    pub period_seconds: u32,
}

/// Where the metric lever's data and alarm are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeverQuery {
    pub namespace: String,
    pub dimensions: Vec<(String, String)>,
    pub alarm_name: String,
    pub look_back: Duration,
}

/// AWS's id of a request that was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub String);

impl RegionClient {
    fn cloudwatch_site(&self) -> Site {
        self.site("CloudWatch")
    }

    /// The alarms with these names and those whose names begin so, metric and composite, each once. A name that does not
    /// exist has no entry. Prefixes are for alarms that no stack owns.
    pub async fn alarms(
        &self,
        names: &[String],
        prefixes: &[String],
    ) -> Result<Vec<Alarm>, ReadError> {
        let listed = names
            .chunks(MOST_NAMES)
            .map(|batch| self.alarms_chosen(Some(batch.to_vec()), None));
        let begun = prefixes.iter().map(|p| self.alarms_chosen(None, Some(p)));
        let (listed, begun) = futures_util::try_join!(try_join_all(listed), try_join_all(begun))?;
        let mut alarms = listed.concat();
        let mut known: BTreeSet<String> = alarms.iter().map(|a| a.name.clone()).collect();
        let more = begun.into_iter().flatten();
        alarms.extend(more.filter(|alarm| known.insert(alarm.name.clone())));
        Ok(alarms)
    }

    /// CloudWatch accepts names or a prefix, not both.
    async fn alarms_chosen(
        &self,
        names: Option<Vec<String>>,
        prefix: Option<&str>,
    ) -> Result<Vec<Alarm>, ReadError> {
        let mut alarms = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let answer = self
                .cloudwatch
                .describe_alarms()
                .set_alarm_names(names.clone())
                .set_alarm_name_prefix(prefix.map(str::to_owned))
                // Without this, composite alarms are left out.
                .alarm_types(sdk::AlarmType::MetricAlarm)
                .alarm_types(sdk::AlarmType::CompositeAlarm)
                .max_records(100)
                .set_next_token(token)
                .send()
                .await
                .map_err(|e| {
                    self.cloudwatch_site()
                        .read_error("cloudwatch:DescribeAlarms", &e)
                })?;
            alarms.extend(answer.metric_alarms().iter().filter_map(metric_alarm));
            alarms.extend(answer.composite_alarms().iter().filter_map(composite_alarm));
            token = answer.next_token;
            if token.is_none() {
                break;
            }
        }
        Ok(alarms)
    }

    /// Reads every signal from `start` to `end` (UTC) in one call per 500.
    ///
    /// A signal that CloudWatch has no data for has an empty series; one that it could not or would not read
    /// has no entry.
    pub async fn signals(
        &self,
        specs: &[SignalQuery],
        start: Timestamp,
        end: Timestamp,
    ) -> Result<BTreeMap<SignalId, Series>, ReadError> {
        let batches = specs
            .chunks(MOST_QUERIES)
            .map(|batch| self.signals_batch(batch, start, end));
        Ok(try_join_all(batches).await?.into_iter().flatten().collect())
    }

    async fn signals_batch(
        &self,
        specs: &[SignalQuery],
        start: Timestamp,
        end: Timestamp,
    ) -> Result<BTreeMap<SignalId, Series>, ReadError> {
        let queries: Vec<_> = specs.iter().enumerate().map(data_query).collect();
        let mut gathered = Gathered::default();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let answer = self
                .cloudwatch
                .get_metric_data()
                .set_metric_data_queries(Some(queries.clone()))
                .start_time(date_time(start))
                .end_time(date_time(end))
                .scan_by(sdk::ScanBy::TimestampAscending)
                .set_next_token(token)
                .send()
                .await
                .map_err(|e| {
                    self.cloudwatch_site()
                        .read_error("cloudwatch:GetMetricData", &e)
                })?;
            for result in answer.metric_data_results() {
                gathered.take(result);
            }
            token = answer.next_token;
            if token.is_none() {
                break;
            }
        }
        gathered.finish(specs, &self.cloudwatch_site())
    }

    /// What the metric lever was told, what its keepalive has taken up, and what its alarm says.
    pub async fn metric_lever(&self, query: &LeverQuery) -> Result<MetricLever, ReadError> {
        let now = self.clock.now();
        let start = now.checked_sub(query.look_back).unwrap_or(Timestamp::MIN);
        let end = now.checked_add(CLOCK_MARGIN).unwrap_or(now);
        let specs = lever_queries(query);
        let names = [query.alarm_name.clone()];
        let (data, alarms) =
            futures_util::try_join!(self.signals(&specs, start, end), self.alarms(&names, &[]))?;
        let alarm = alarms.into_iter().find(|a| a.name == query.alarm_name);
        let (command, echo) = (newest(&data, metric::COMMAND), newest(&data, metric::ECHO));
        let engaged = series(&data, metric::ENGAGED, "Maximum").and_then(Series::newest);
        Ok(MetricLever {
            command,
            command_since: command.and_then(|c| since(&data, c)),
            echo,
            engaged: engaged.map(|p| p.value >= 1.0),
            alarm_since: alarm.as_ref().and_then(|a| a.since),
            alarm: alarm.map(|a| a.state),
        })
    }

    /// Publishes one datum now. It carries no time and no unit: the time is CloudWatch's, and an alarm that
    /// names no unit sees only data without one.
    pub async fn put_metric(
        &self,
        namespace: &str,
        metric: &str,
        dimensions: &[(String, String)],
        value: f64,
    ) -> Result<RequestId, ActError> {
        let datum = sdk::MetricDatum::builder()
            .metric_name(metric)
            .set_dimensions(Some(dimensions.iter().map(dimension).collect()))
            .value(value)
            .storage_resolution(60)
            .build();
        let request = self
            .cloudwatch
            .put_metric_data()
            .namespace(namespace)
            .metric_data(datum);
        let site = self.cloudwatch_site();
        let answer = change!(
            aws_sdk_cloudwatch,
            site,
            "cloudwatch:PutMetricData",
            request
        )?;
        Ok(RequestId(text(answer.request_id())))
    }
}

/// The five series of the lever. The sign of a command tells engage from release, so the newest one may be the
/// largest or the smallest of its look-back.
fn lever_queries(query: &LeverQuery) -> Vec<SignalQuery> {
    [
        (metric::COMMAND, "Maximum"),
        (metric::COMMAND, "Minimum"),
        (metric::ECHO, "Maximum"),
        (metric::ECHO, "Minimum"),
        (metric::ENGAGED, "Maximum"),
    ]
    .into_iter()
    .map(|(name, statistic)| SignalQuery {
        id: lever_id(name, statistic),
        namespace: query.namespace.clone(),
        metric: name.to_owned(),
        dimensions: query.dimensions.clone(),
        statistic: statistic.to_owned(),
        period_seconds: 60,
    })
    .collect()
}

pub(super) fn lever_id(name: &str, statistic: &str) -> SignalId {
    SignalId(format!("{name} {statistic}"))
}

pub(super) fn series<'a>(
    data: &'a BTreeMap<SignalId, Series>,
    name: &str,
    statistic: &str,
) -> Option<&'a Series> {
    data.get(&lever_id(name, statistic))
}

/// The number of largest magnitude, which rules.
pub(super) fn newest(data: &BTreeMap<SignalId, Series>, name: &str) -> Option<NumberedCommand> {
    ["Maximum", "Minimum"]
        .into_iter()
        .filter_map(|statistic| series(data, name, statistic))
        .flat_map(|s| &s.0)
        .filter_map(|point| NumberedCommand::from_datum(point.value))
        .reduce(NumberedCommand::newer)
}

/// When the data first have this command.
fn since(data: &BTreeMap<SignalId, Series>, command: NumberedCommand) -> Option<Timestamp> {
    let both = ["Maximum", "Minimum"].into_iter();
    both.filter_map(|statistic| series(data, metric::COMMAND, statistic))
        .flat_map(|s| &s.0)
        .filter(|point| NumberedCommand::from_datum(point.value) == Some(command))
        .map(|point| point.at)
        .min()
}

fn dimension((name, value): &(String, String)) -> sdk::Dimension {
    sdk::Dimension::builder().name(name).value(value).build()
}

/// Ids of queries must begin with a lower-case letter, which a manifest's ids need not: they are numbered.
fn query_id(index: usize) -> String {
    format!("q{index}")
}

fn data_query((index, spec): (usize, &SignalQuery)) -> sdk::MetricDataQuery {
    let metric = sdk::Metric::builder()
        .namespace(&spec.namespace)
        .metric_name(&spec.metric)
        .set_dimensions(Some(spec.dimensions.iter().map(dimension).collect()))
        .build();
    let stat = sdk::MetricStat::builder()
        .metric(metric)
        .period(i32::try_from(spec.period_seconds).unwrap_or(i32::MAX))
        .stat(&spec.statistic)
        .build();
    sdk::MetricDataQuery::builder()
        .id(query_id(index))
        .metric_stat(stat)
        .return_data(true)
        .build()
}

/// Results by query id, gathered over all pages.
#[derive(Default)]
struct Gathered {
    points: BTreeMap<String, Vec<Datapoint>>,
    /// Ids that CloudWatch failed to read, or may not.
    failed: BTreeSet<String>,
    forbidden: bool,
}

impl Gathered {
    fn take(&mut self, result: &sdk::MetricDataResult) {
        let id = text(result.id());
        match result.status_code().map(sdk::StatusCode::as_str) {
            Some("Forbidden") => {
                self.forbidden = true;
                self.failed.insert(id);
            }
            Some("InternalError") => {
                self.failed.insert(id);
            }
            _ => {
                let points = result.timestamps().iter().zip(result.values());
                self.points
                    .entry(id)
                    .or_default()
                    .extend(points.filter_map(|(at, value)| {
                        let at = timestamp(at)?;
                        Some(Datapoint { at, value: *value })
                    }));
            }
        }
    }

    fn finish(
        mut self,
        specs: &[SignalQuery],
        site: &Site,
    ) -> Result<BTreeMap<SignalId, Series>, ReadError> {
        self.points.retain(|id, _| !self.failed.contains(id));
        if self.points.is_empty() && self.forbidden {
            return Err(ReadError {
                kind: FailureKind::Denied,
                message: format!("not allowed to read these metrics of {site}"),
            });
        }
        let named = |(index, spec): (usize, &SignalQuery)| {
            let mut points = self.points.remove(&query_id(index))?;
            points.sort_by_key(|p| p.at);
            Some((spec.id.clone(), Series(points)))
        };
        Ok(specs.iter().enumerate().filter_map(named).collect())
    }
}

fn metric_alarm(alarm: &sdk::MetricAlarm) -> Option<Alarm> {
    let transitioned = alarm.state_transitioned_timestamp();
    Some(Alarm {
        name: some_text(alarm.alarm_name())?,
        kind: AlarmKind::Metric,
        state: state(alarm.state_value()),
        reason: some_text(alarm.state_reason()),
        since: transitioned
            .or_else(|| alarm.state_updated_timestamp())
            .and_then(timestamp),
    })
}

fn composite_alarm(alarm: &sdk::CompositeAlarm) -> Option<Alarm> {
    let transitioned = alarm.state_transitioned_timestamp();
    Some(Alarm {
        name: some_text(alarm.alarm_name())?,
        kind: AlarmKind::Composite,
        state: state(alarm.state_value()),
        reason: some_text(alarm.state_reason()),
        since: transitioned
            .or_else(|| alarm.state_updated_timestamp())
            .and_then(timestamp),
    })
}

fn state(value: Option<&sdk::StateValue>) -> AlarmState {
    AlarmState::parse(&text(value.map(sdk::StateValue::as_str)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::scripted::{EPOCH, cbor, clients, sent};
    use crate::domain::lever::Command;
    use winterbaume_cloudwatch::{model, wire};

    /// A query's id, its status code, and its points.
    type Answered<'a> = (&'a str, Option<&'a str>, &'a [(i64, f64)]);

    fn results(next: Option<&str>, results: &[Answered<'_>]) -> winterbaume_core::MockResponse {
        let result = |(id, status, points): &Answered<'_>| model::MetricDataResult {
            id: Some((*id).into()),
            status_code: status.map(Into::into),
            timestamps: Some(points.iter().map(|(at, _)| *at as f64).collect()),
            values: Some(points.iter().map(|(_, value)| *value).collect()),
            ..Default::default()
        };
        wire::serialize_get_metric_data_response(&model::GetMetricDataOutput {
            metric_data_results: Some(results.iter().map(result).collect()),
            next_token: next.map(Into::into),
            ..Default::default()
        })
    }

    fn alarms(metric: &[(&str, &str)], composite: &[&str]) -> winterbaume_core::MockResponse {
        let metric = metric.iter().map(|(name, state)| model::MetricAlarm {
            alarm_name: Some((*name).into()),
            state_value: Some((*state).into()),
            ..Default::default()
        });
        let composite = composite.iter().map(|name| model::CompositeAlarm {
            alarm_name: Some((*name).into()),
            ..Default::default()
        });
        wire::serialize_describe_alarms_response(&model::DescribeAlarmsOutput {
            metric_alarms: Some(metric.collect()),
            composite_alarms: Some(composite.collect()),
            ..Default::default()
        })
    }

    fn query(id: &str) -> SignalQuery {
        SignalQuery {
            id: SignalId(id.into()),
            namespace: "AWS/DynamoDB".into(),
            metric: "ReplicationLatency".into(),
            dimensions: vec![("TableName".into(), "t".into())],
            statistic: "p99".into(),
            period_seconds: 60,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn no_names_and_no_signals_cost_no_call() {
        let aws = clients(cbor([])).await;
        let region = &aws.regions.primary;
        assert_eq!(region.alarms(&[], &[]).await, Ok(Vec::new()));
        let nothing = region.signals(&[], at(0), at(60)).await;
        assert_eq!(nothing, Ok(BTreeMap::new()));
        assert_eq!(aws.calls(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn alarms_are_asked_for_by_the_hundred_and_both_types_come_back() {
        let replay = cbor([
            alarms(&[("a1", "ALARM"), ("a2", "MOOD")], &["c1"]),
            alarms(&[("a101", "OK")], &[]),
        ]);
        let aws = clients(replay.clone()).await;
        let names: Vec<String> = (1..=101).map(|n| format!("a{n}")).collect();
        let found = aws.regions.standby.alarms(&names, &[]).await.unwrap();
        let states: Vec<_> = found.iter().map(|a| a.state.as_str()).collect();
        assert_eq!(states, ["ALARM", "MOOD", "", "OK"]);
        assert_eq!(found[2].kind, AlarmKind::Composite);
        let requests = sent(&replay);
        assert_eq!(requests.len(), 2);
        assert!(requests[0].starts_with(
            "POST https://monitoring.us-west-2.amazonaws.com/service/GraniteServiceVersion20100801\
             /operation/DescribeAlarms"
        ));
        assert!(requests[0].contains("CompositeAlarm") && requests[0].contains("MetricAlarm"));
    }

    #[tokio::test(start_paused = true)]
    async fn alarms_are_also_found_by_the_beginning_of_their_names_and_counted_once() {
        let replay = cbor([
            alarms(&[("pay-lag", "OK")], &[]),
            alarms(&[("pay-lag", "OK"), ("pay-other", "ALARM")], &[]),
        ]);
        let aws = clients(replay.clone()).await;
        let (names, prefixes) = (["pay-lag".to_owned()], ["pay-".to_owned()]);
        let found = aws.regions.primary.alarms(&names, &prefixes);
        let found: Vec<_> = found.await.unwrap().into_iter().map(|a| a.name).collect();
        assert_eq!(found, ["pay-lag", "pay-other"]);
        let requests = sent(&replay);
        assert!(requests[0].contains("AlarmNames") && !requests[0].contains("AlarmNamePrefix"));
        assert!(requests[1].contains("AlarmNamePrefix") && !requests[1].contains("AlarmNames"));
    }

    #[tokio::test(start_paused = true)]
    async fn pages_are_joined_and_what_was_not_read_has_no_entry() {
        let replay = cbor([
            results(
                Some("more"),
                &[
                    ("q0", Some("PartialData"), &[(120, 2.0)]),
                    ("q2", Some("Forbidden"), &[]),
                ],
            ),
            results(
                None,
                &[
                    ("q0", Some("Complete"), &[(60, 1.0)]),
                    ("q1", Some("Complete"), &[]),
                    ("q9", None, &[(60, 9.0)]),
                ],
            ),
        ]);
        let aws = clients(replay.clone()).await;
        let specs = [
            query("Lag"),
            query("quiet"),
            query("forbidden"),
            query("lost"),
        ];
        let found = aws.regions.primary.signals(&specs, at(0), at(180)).await;
        let found = found.unwrap();
        let lag: Vec<_> = found[&SignalId("Lag".into())]
            .0
            .iter()
            .map(|p| p.value)
            .collect();
        assert_eq!(lag, [1.0, 2.0]);
        assert_eq!(found[&SignalId("quiet".into())], Series::default());
        assert_eq!(found.len(), 2);
        let requests = sent(&replay);
        assert_eq!(requests.len(), 2);
        assert!(requests[0].contains("p99") && requests[0].contains("TableName"));
        assert!(requests[1].contains("more"));
    }

    #[tokio::test(start_paused = true)]
    async fn five_hundred_signals_make_one_call() {
        let replay = cbor([results(None, &[]), results(None, &[])]);
        let aws = clients(replay.clone()).await;
        let specs: Vec<_> = (0..501).map(|n| query(&format!("s{n}"))).collect();
        let found = aws.regions.primary.signals(&specs, at(0), at(60)).await;
        assert_eq!(found, Ok(BTreeMap::new()));
        assert_eq!(sent(&replay).len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_but_refusals_is_a_refusal() {
        let aws = clients(cbor([results(None, &[("q0", Some("Forbidden"), &[])])])).await;
        let region = &aws.regions.primary;
        let error = region.signals(&[query("s")], at(0), at(60)).await;
        assert_eq!(error.unwrap_err().kind, FailureKind::Denied);
    }

    fn lever() -> LeverQuery {
        LeverQuery {
            namespace: "Switchback/Failover".into(),
            dimensions: vec![("Environment".into(), "demo".into())],
            alarm_name: "lever".into(),
            look_back: Duration::from_secs(3 * 3600),
        }
    }

    #[test]
    fn the_command_of_largest_magnitude_is_the_newest() {
        let queries = lever_queries(&lever());
        let data: BTreeMap<SignalId, Series> = queries
            .iter()
            .zip([100.0, -101.0, 100.0, 100.0, 1.0])
            .map(|(q, value)| (q.id.clone(), Series(vec![Datapoint { at: at(60), value }])))
            .collect();
        let command = newest(&data, metric::COMMAND).unwrap();
        assert_eq!((command.number, command.command), (101, Command::Release));
        let echo = newest(&data, metric::ECHO).unwrap();
        assert_eq!((echo.number, echo.command), (100, Command::Engage));
    }

    #[tokio::test(start_paused = true)]
    async fn a_lever_that_was_never_pulled_says_nothing() {
        // Both calls leave at once, the data first.
        let aws = clients(cbor([results(None, &[]), alarms(&[], &[])])).await;
        let seen = aws.regions.standby.metric_lever(&lever()).await;
        assert_eq!(seen, Ok(MetricLever::default()));
        assert_eq!(aws.calls(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn the_lever_s_data_and_alarm_are_read_together() {
        let minute = EPOCH - 60;
        let data = results(
            None,
            &[
                (
                    "q0",
                    None,
                    &[(minute - 60, 1_767_225_000.0), (minute, 1_767_225_000.0)],
                ),
                ("q1", None, &[(minute, 1_767_225_000.0)]),
                ("q4", None, &[(minute - 60, 0.0), (minute, 1.0)]),
            ],
        );
        let aws = clients(cbor([
            data,
            alarms(&[("other", "OK"), ("lever", "ALARM")], &[]),
        ]))
        .await;
        let seen = aws.regions.standby.metric_lever(&lever()).await.unwrap();
        assert_eq!(seen.commanded(), Some(Command::Engage));
        assert_eq!(seen.engaged, Some(true));
        assert_eq!(seen.command_since, Some(at(minute - 60)));
        assert_eq!(seen.echo, None);
        assert_eq!(seen.alarm, Some(AlarmState::Alarm));
    }

    #[tokio::test(start_paused = true)]
    async fn a_datum_carries_neither_time_nor_unit() {
        let replay = cbor([wire::serialize_put_metric_data_response()]);
        let aws = clients(replay.clone()).await;
        let dimensions = lever().dimensions;
        let put = aws.regions.standby.put_metric(
            "Switchback/Failover",
            metric::ENGAGED,
            &dimensions,
            1.0,
        );
        assert_eq!(put.await, Ok(RequestId("req-1".into())));
        let request = &sent(&replay)[0];
        assert!(request.contains("FailoverEngaged") && request.contains("Environment"));
        assert!(!request.contains("Timestamp") && !request.contains("Unit"));
    }
}
