//! CloudWatch as the SDK sees it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::alarm::{Alarm, AlarmState};
use crate::domain::signal::Datapoint;
use crate::rehearsal::faults::ApiError;
use crate::rehearsal::world::World;

/// A metric's identity within a region.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricId {
    pub namespace: String,
    pub metric: String,
    pub dimensions: BTreeMap<String, String>,
}

/// An alarm with its configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct AlarmView {
    pub alarm: Alarm,
    pub arn: String,
    pub description: Option<String>,
    /// Empty for composite alarms and metric math.
    pub namespace: String,
    pub metric: String,
    pub dimensions: BTreeMap<String, String>,
    pub statistic: String,
    /// Seconds.
    pub period: u32,
    pub threshold: f64,
    /// `GreaterThanOrEqualToThreshold` and so on.
    pub comparison: String,
    pub evaluation_periods: u32,
    pub datapoints_to_alarm: Option<u32>,
    /// `missing`, `ignore`, `breaching` or `notBreaching`.
    pub treat_missing: String,
    /// The rule of a composite alarm.
    pub rule: Option<String>,
    pub actions: Vec<String>,
}

/// What is asked of a metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricQuery {
    pub namespace: String,
    pub metric: String,
    pub dimensions: BTreeMap<String, String>,
    pub statistic: String,
    /// Seconds.
    pub period: u32,
    pub start: Timestamp,
    pub end: Timestamp,
}

/// One datum of `PutMetricData`.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDatum {
    pub namespace: String,
    pub metric: String,
    pub dimensions: BTreeMap<String, String>,
    pub value: f64,
    /// The world's time if absent.
    pub at: Option<Timestamp>,
}

/// One change of an alarm's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmChange {
    pub at: Timestamp,
    pub alarm: String,
    pub from: AlarmState,
    pub to: AlarmState,
    pub reason: String,
}

impl MetricId {
    pub fn new(namespace: &str, metric: &str, dimensions: BTreeMap<String, String>) -> Self {
        Self {
            namespace: namespace.to_owned(),
            metric: metric.to_owned(),
            dimensions,
        }
    }
}

impl World {
    /// By names, by prefix, or all (no names, no prefix); metric and composite alarms alike.
    pub fn alarms(&self, region: &str, names: &[String], prefix: Option<&str>) -> Vec<AlarmView> {
        let wanted = |name: &str| {
            (names.is_empty() || names.iter().any(|n| n == name))
                && prefix.is_none_or(|p| name.starts_with(p))
        };
        self.region(region)
            .into_iter()
            .flat_map(|r| r.alarms.values())
            .filter(|a| wanted(&a.view.alarm.name))
            .map(|a| a.view.clone())
            .collect()
    }

    /// Newest first.
    pub fn alarm_history(&self, region: &str, alarm: Option<&str>) -> Vec<AlarmChange> {
        let log = self
            .region(region)
            .into_iter()
            .flat_map(|r| r.alarm_log.iter().rev());
        log.filter(|c| alarm.is_none_or(|name| c.alarm == name))
            .cloned()
            .collect()
    }

    /// Oldest first; periods without data are absent.
    pub fn metric_data(&self, region: &str, query: &MetricQuery) -> Vec<Datapoint> {
        self.region(region)
            .map_or_else(Vec::new, |r| r.metrics.query(query))
    }

    pub fn put_metric(&mut self, region: &str, datum: &NewDatum) -> Result<(), ApiError> {
        if !datum.value.is_finite() || datum.value.abs() > 2f64.powi(360) {
            let why = format!(
                "The value {} for parameter MetricData.member.1.Value is invalid.",
                datum.value
            );
            return Err(ApiError::new(400, "InvalidParameterValue", why));
        }
        let id = MetricId::new(&datum.namespace, &datum.metric, datum.dimensions.clone());
        let at = datum.at.unwrap_or_else(|| self.now());
        self.region_mut(region).metrics.put(&id, at, datum.value);
        Ok(())
    }

    /// The alarm's state until its next evaluation; no health check follows it.
    pub fn set_alarm_state(
        &mut self,
        region: &str,
        name: &str,
        state: AlarmState,
        reason: &str,
    ) -> Result<(), ApiError> {
        let now = self.now();
        let missing = || {
            ApiError::new(
                404,
                "ResourceNotFound",
                format!("Alarm {name} does not exist"),
            )
        };
        let region = self.region_mut(region);
        let alarm = region.alarms.get_mut(name).ok_or_else(missing)?;
        region.alarm_log.extend(alarm.enter(state, reason, now));
        Ok(())
    }

    pub fn list_metrics(
        &self,
        region: &str,
        namespace: Option<&str>,
        metric: Option<&str>,
    ) -> Vec<MetricId> {
        let ids = self
            .region(region)
            .into_iter()
            .flat_map(|r| r.metrics.ids());
        ids.filter(|id| {
            namespace.is_none_or(|n| id.namespace == n) && metric.is_none_or(|m| id.metric == m)
        })
        .cloned()
        .collect()
    }
}
