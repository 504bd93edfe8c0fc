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

impl World {
    /// By names, by prefix, or all (no names, no prefix); metric and composite alarms alike.
    pub fn alarms(
        &self,
        _region: &str,
        _names: &[String],
        _prefix: Option<&str>,
    ) -> Vec<AlarmView> {
        Vec::new()
    }

    /// Newest first.
    pub fn alarm_history(&self, _region: &str, _alarm: Option<&str>) -> Vec<AlarmChange> {
        Vec::new()
    }

    /// Oldest first; periods without data are absent.
    pub fn metric_data(&self, _region: &str, _query: &MetricQuery) -> Vec<Datapoint> {
        Vec::new()
    }

    pub fn put_metric(&mut self, _region: &str, _datum: &NewDatum) -> Result<(), ApiError> {
        Ok(())
    }

    /// The alarm's state until its next evaluation; no health check follows it.
    pub fn set_alarm_state(
        &mut self,
        _region: &str,
        name: &str,
        _state: AlarmState,
        _reason: &str,
    ) -> Result<(), ApiError> {
        Err(ApiError::new(
            404,
            "ResourceNotFound",
            format!("Alarm {name} does not exist"),
        ))
    }

    pub fn list_metrics(
        &self,
        _region: &str,
        _namespace: Option<&str>,
        _metric: Option<&str>,
    ) -> Vec<MetricId> {
        Vec::new()
    }
}
