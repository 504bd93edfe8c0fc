//! Alarms: how they are made from a template's properties, and what their data come to, minute by minute.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::alarm::{Alarm, AlarmKind, AlarmState};
use crate::rehearsal::world::cloudwatch::{AlarmChange, AlarmView, MetricId};
use crate::rehearsal::world::expression::{compute, rule_holds};
use crate::rehearsal::world::metrics::Metrics;
use crate::rehearsal::world::{Region, props};

#[derive(Clone, Debug)]
pub(super) struct AlarmRecord {
    pub(super) view: AlarmView,
    pub(super) math: Option<Math>,
}

/// An alarm on an expression rather than on one metric.
#[derive(Clone, Debug)]
pub(super) struct Math {
    expression: String,
    pub(super) inputs: Vec<Input>,
}

#[derive(Clone, Debug)]
pub(super) struct Input {
    name: String,
    pub(super) metric: MetricId,
    statistic: String,
    period: u32,
}

impl AlarmRecord {
    /// From the properties of `AWS::CloudWatch::Alarm` or `AWS::CloudWatch::CompositeAlarm`.
    pub(super) fn from_properties(props: &Value, name: &str, arn: String, at: Timestamp) -> Self {
        let rule = props::text(props, "AlarmRule");
        let composite = rule.is_some();
        let math = math(props);
        let first = math.as_ref().and_then(|m| m.inputs.first());
        let text = |key: &str| props::text(props, key).unwrap_or_default();
        let view = AlarmView {
            alarm: Alarm {
                name: name.to_owned(),
                kind: if composite {
                    AlarmKind::Composite
                } else {
                    AlarmKind::Metric
                },
                state: if composite {
                    AlarmState::Ok
                } else {
                    AlarmState::InsufficientData
                },
                reason: Some("Unchecked: Initial alarm creation".to_owned()),
                since: Some(at),
            },
            arn,
            description: props::text(props, "AlarmDescription"),
            namespace: text("Namespace"),
            metric: text("MetricName"),
            dimensions: props::pairs(props, "Dimensions", "Name"),
            statistic: props::text(props, "Statistic").unwrap_or_else(|| text("ExtendedStatistic")),
            period: props::count(props, "Period")
                .or_else(|| first.map(|i| i.period))
                .unwrap_or(60),
            threshold: props::number(props, "Threshold").unwrap_or_default(),
            comparison: text("ComparisonOperator"),
            evaluation_periods: props::count(props, "EvaluationPeriods")
                .unwrap_or(1)
                .clamp(1, 100),
            datapoints_to_alarm: props::count(props, "DatapointsToAlarm"),
            treat_missing: props::text(props, "TreatMissingData")
                .unwrap_or_else(|| "missing".to_owned()),
            rule,
            actions: props::texts(props, "AlarmActions"),
        };
        Self { view, math }
    }

    /// The metrics that the alarm watches.
    pub(super) fn watched(&self) -> Vec<MetricId> {
        match &self.math {
            Some(math) => math.inputs.iter().map(|i| i.metric.clone()).collect(),
            None if self.view.rule.is_some() => Vec::new(),
            None => vec![self.metric()],
        }
    }

    fn metric(&self) -> MetricId {
        MetricId::new(
            &self.view.namespace,
            &self.view.metric,
            self.view.dimensions.clone(),
        )
    }

    /// Enters a state; says what changed, if anything did.
    pub(super) fn enter(
        &mut self,
        state: AlarmState,
        reason: &str,
        at: Timestamp,
    ) -> Option<AlarmChange> {
        if self.view.alarm.state == state {
            return None;
        }
        let from = std::mem::replace(&mut self.view.alarm.state, state.clone());
        self.view.alarm.reason = Some(reason.to_owned());
        self.view.alarm.since = Some(at);
        Some(AlarmChange {
            at,
            alarm: self.view.alarm.name.clone(),
            from,
            to: state,
            reason: reason.to_owned(),
        })
    }

    /// The newest complete periods, oldest first; `None` where there are no data.
    fn points(&self, metrics: &Metrics, now: Timestamp) -> Vec<Option<f64>> {
        let period = i64::from(self.view.period.max(60));
        let end = now.as_second().div_euclid(period) * period;
        let count = i64::from(self.view.evaluation_periods);
        (1..=count)
            .rev()
            .map(|back| self.value(metrics, (end - back * period, end - (back - 1) * period)))
            .collect()
    }

    fn value(&self, metrics: &Metrics, span: (i64, i64)) -> Option<f64> {
        let newest = |id: &MetricId, statistic: &str, period: u32| {
            metrics
                .series(id, statistic, period, span)
                .last()
                .map(|p| p.value)
        };
        let Some(math) = &self.math else {
            return newest(&self.metric(), &self.view.statistic, self.view.period);
        };
        let values: BTreeMap<&str, f64> = math
            .inputs
            .iter()
            .filter_map(|i| Some((i.name.as_str(), newest(&i.metric, &i.statistic, i.period)?)))
            .collect();
        compute(&math.expression, &values)
    }

    /// The state that the data ask for, with CloudWatch's words; `None` keeps the state.
    fn judge(&self, metrics: &Metrics, now: Timestamp) -> Option<(AlarmState, String)> {
        let points = self.points(metrics, now);
        let present = points.iter().flatten().count();
        if present == 0 && self.view.treat_missing == "ignore" {
            return None;
        }
        if present == 0 && self.view.treat_missing == "missing" {
            let why = "Insufficient Data: no datapoints were received".to_owned();
            return Some((AlarmState::InsufficientData, why));
        }
        let missing_breaches = self.view.treat_missing == "breaching";
        let breaching = points
            .iter()
            .filter(|p| {
                p.map_or(missing_breaches, |v| {
                    breaches(v, self.view.threshold, &self.view.comparison)
                })
            })
            .count();
        let needed = self
            .view
            .datapoints_to_alarm
            .unwrap_or(self.view.evaluation_periods);
        let alarm = u32::try_from(breaching).is_ok_and(|b| b >= needed);
        Some((
            if alarm {
                AlarmState::Alarm
            } else {
                AlarmState::Ok
            },
            self.words(&points, breaching, alarm),
        ))
    }

    fn words(&self, points: &[Option<f64>], breaching: usize, alarm: bool) -> String {
        let newest = points.iter().rev().flatten().next();
        let seen = newest.map_or_else(
            || "no datapoints were received".to_owned(),
            |v| format!("newest {v}"),
        );
        let threshold = self.view.threshold;
        let comparison = &self.view.comparison;
        let verdict = if alarm { "" } else { "not " };
        format!(
            "Threshold Crossed: {breaching} out of the last {} datapoints ({seen}) did {verdict}meet {comparison} {threshold}",
            points.len()
        )
    }
}

/// Whether a value breaches a threshold.
pub(super) fn breaches(value: f64, threshold: f64, comparison: &str) -> bool {
    match comparison {
        "GreaterThanOrEqualToThreshold" => value >= threshold,
        "GreaterThanThreshold" => value > threshold,
        "LessThanThreshold" => value < threshold,
        "LessThanOrEqualToThreshold" => value <= threshold,
        _ => false,
    }
}

/// The expression and its inputs of an alarm with `Metrics`.
fn math(props: &Value) -> Option<Math> {
    let queries = props::list(props, "Metrics");
    let returned = |q: &&Value| props::text(q, "ReturnData").is_none_or(|t| t == "true");
    let result = queries.iter().find(returned)?;
    let inputs: Vec<Input> = queries.iter().filter_map(input).collect();
    let expression = props::text(result, "Expression").or_else(|| props::text(result, "Id"))?;
    Some(Math { expression, inputs })
}

fn input(query: &Value) -> Option<Input> {
    let stat = query.get("MetricStat")?;
    let metric = stat.get("Metric")?;
    Some(Input {
        name: props::text(query, "Id")?,
        metric: MetricId::new(
            &props::text(metric, "Namespace")?,
            &props::text(metric, "MetricName")?,
            props::pairs(metric, "Dimensions", "Name"),
        ),
        statistic: props::text(stat, "Stat")?,
        period: props::count(stat, "Period").unwrap_or(60),
    })
}

impl Region {
    /// Evaluates every alarm: those on metrics first, then those on alarms.
    pub(super) fn evaluate_alarms(&mut self, now: Timestamp) -> Vec<AlarmChange> {
        let mut changes = Vec::new();
        for alarm in self.alarms.values_mut().filter(|a| a.view.rule.is_none()) {
            if let Some((state, why)) = alarm.judge(&self.metrics, now) {
                changes.extend(alarm.enter(state, &why, now));
            }
        }
        let states: BTreeMap<String, AlarmState> = self
            .alarms
            .iter()
            .map(|(name, a)| (name.clone(), a.view.alarm.state.clone()))
            .collect();
        let is = |name: &str, state: &str| states.get(name).is_some_and(|s| s.as_str() == state);
        for alarm in self.alarms.values_mut() {
            let Some(holds) = alarm
                .view
                .rule
                .as_deref()
                .and_then(|rule| rule_holds(rule, &is))
            else {
                continue;
            };
            let state = if holds {
                AlarmState::Alarm
            } else {
                AlarmState::Ok
            };
            let why = format!(
                "the alarm rule is {}",
                if holds { "met" } else { "not met" }
            );
            changes.extend(alarm.enter(state, &why, now));
        }
        self.alarm_log.extend(changes.iter().cloned());
        let excess = self
            .alarm_log
            .len()
            .saturating_sub(super::MOST_ALARM_CHANGES);
        self.alarm_log.drain(..excess);
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn region(treat_missing: &str) -> Region {
        let mut region = Region::default();
        let props = json!({"Namespace": "N", "MetricName": "M", "Statistic": "Maximum", "Period": "60", "EvaluationPeriods": 2,
            "DatapointsToAlarm": 1, "Threshold": 5, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": treat_missing});
        let alarm = AlarmRecord::from_properties(&props, "a", "arn".into(), at(0));
        region.alarms.insert("a".into(), alarm);
        let composite = AlarmRecord::from_properties(
            &json!({"AlarmRule": "ALARM(a)"}),
            "c",
            "arn".into(),
            at(0),
        );
        region.alarms.insert("c".into(), composite);
        region
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn state(region: &mut Region, second: i64) -> String {
        region.evaluate_alarms(at(second));
        let of = |name: &str| region.alarms[name].view.alarm.state.as_str().to_owned();
        format!("{}/{}", of("a"), of("c"))
    }

    #[test]
    fn missing_data_are_treated_as_the_alarm_says() {
        for (how, expected) in [
            ("missing", "INSUFFICIENT_DATA/OK"),
            ("ignore", "ALARM/ALARM"),
            ("breaching", "ALARM/ALARM"),
            ("notBreaching", "OK/OK"),
        ] {
            let mut region = region(how);
            region
                .metrics
                .put(&MetricId::new("N", "M", BTreeMap::new()), at(30), 6.0);
            assert_eq!(state(&mut region, 70), "ALARM/ALARM", "{how}");
            assert_eq!(state(&mut region, 600), expected, "{how}");
        }
    }

    #[test]
    fn a_period_counts_when_it_is_over() {
        let mut region = region("notBreaching");
        region
            .metrics
            .put(&MetricId::new("N", "M", BTreeMap::new()), at(70), 6.0);
        assert_eq!(state(&mut region, 100), "OK/OK");
        assert_eq!(state(&mut region, 130), "ALARM/ALARM");
    }
}
