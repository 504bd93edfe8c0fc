//! Signals: numbers watched against a limit.
//!
//! Where each metric is stored, its dimensions and its gaps: facts/aws.md §2.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::assess::limit;
use crate::domain::observed::age;
use crate::domain::placeholder::Placeholder;
use crate::domain::region::Role;

/// A signal's name in the manifest, unique within a bundle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SignalId(pub String);

impl fmt::Display for SignalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalKind {
    ReplicationLag,
    /// Seconds since the newest heartbeat of the primary that reached the standby.
    Staleness,
    /// The moment (epoch seconds) of that heartbeat.
    Heartbeat,
    Errors,
    ErrorRate,
    Throttles,
    Latency,
    QueueAge,
    QueueDepth,
    /// To a database; one that says nothing may be gone.
    Connections,
    Requests,
    Backup,
}

impl SignalKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReplicationLag => "replication_lag",
            Self::Staleness => "staleness",
            Self::Heartbeat => "heartbeat",
            Self::Errors => "errors",
            Self::ErrorRate => "error_rate",
            Self::Throttles => "throttles",
            Self::Latency => "latency",
            Self::QueueAge => "queue_age",
            Self::QueueDepth => "queue_depth",
            Self::Connections => "connections",
            Self::Requests => "requests",
            Self::Backup => "backup",
        }
    }

    /// Whether a period without a datum means zero (counts) rather than unknown (lags, ages).
    pub const fn silence_is_zero(self) -> bool {
        match self {
            Self::Errors
            | Self::ErrorRate
            | Self::Throttles
            | Self::Requests
            | Self::Backup
            | Self::QueueDepth => true,
            Self::ReplicationLag
            | Self::Staleness
            | Self::Heartbeat
            | Self::Latency
            | Self::QueueAge
            | Self::Connections => false,
        }
    }
}

/// Which way a replication carries what is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the primary to the standby.
    #[default]
    Forward,
    /// From the standby back to the primary, while the standby is written to.
    Reverse,
}

/// What to ask CloudWatch for, and how to judge it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignalSpec {
    pub id: SignalId,
    pub kind: SignalKind,
    /// Of a replication lag.
    #[serde(default)]
    pub direction: Direction,
    pub label: String,
    /// Signals of both regions with the same pair share a row of the Board.
    pub pair: Option<String>,
    /// The region whose CloudWatch stores the metric.
    pub role: Role,
    pub namespace: String,
    pub metric: String,
    pub dimensions: BTreeMap<String, Placeholder>,
    /// `Sum`, `Average`, `Minimum`, `Maximum`, `SampleCount` or a percentile such as `p99`.
    pub statistic: String,
    pub period_seconds: u32,
    /// `ms`, `s`, `count`, `percent`, `bytes` or `epoch`.
    pub unit: String,
    pub warn: Option<f64>,
    pub breach: Option<f64>,
}

/// Datapoints of one signal, oldest first; each stands for the period that begins at its time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series(pub Vec<Datapoint>);

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Datapoint {
    pub at: Timestamp,
    pub value: f64,
}

impl Series {
    pub fn newest(&self) -> Option<Datapoint> {
        self.0.last().copied()
    }
}

/// A signal's value held against its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Good,
    Unknown,
    Warn,
    Breach,
}

impl SignalSpec {
    /// The value that counted when the series was read: the newest datapoint while it is recent. After that, counts
    /// that stopped are zero; lags and ages that stopped are not known.
    pub fn current(&self, series: &Series, read: Timestamp) -> Option<f64> {
        series
            .newest()
            .filter(|point| self.is_recent(*point, read))
            .map(|p| p.value)
            .or_else(|| self.kind.silence_is_zero().then_some(0.0))
    }

    /// Whether a datapoint still spoke of the time of reading. CloudWatch shows some metrics minutes late.
    pub fn is_recent(&self, point: Datapoint, read: Timestamp) -> bool {
        let period = Duration::from_secs(u64::from(self.period_seconds));
        age(point.at, read) <= limit::SIGNALS.max(period * 2) + period
    }

    pub fn judge(&self, value: Option<f64>) -> Verdict {
        let Some(value) = value else {
            return Verdict::Unknown;
        };
        if self.breach.is_some_and(|limit| value >= limit) {
            Verdict::Breach
        } else if self.warn.is_some_and(|limit| value >= limit) {
            Verdict::Warn
        } else {
            Verdict::Good
        }
    }

    /// A lag or an age in seconds, where the unit is one of time.
    pub fn seconds(&self, value: f64) -> Option<f64> {
        match self.unit.as_str() {
            "ms" => Some(value / 1000.0),
            "s" => Some(value),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(kind: SignalKind) -> SignalSpec {
        SignalSpec {
            id: SignalId("s".into()),
            kind,
            direction: Direction::Forward,
            label: "s".into(),
            pair: None,
            role: Role::Standby,
            namespace: "n".into(),
            metric: "m".into(),
            dimensions: BTreeMap::new(),
            statistic: "Maximum".into(),
            period_seconds: 60,
            unit: "s".into(),
            warn: None,
            breach: None,
        }
    }

    #[test]
    fn what_was_published_long_before_the_reading_does_not_count() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let series = Series(vec![Datapoint {
            at: at(0),
            value: 50.0,
        }]);
        for (kind, later) in [
            (SignalKind::Errors, Some(0.0)),
            (SignalKind::Throttles, Some(0.0)),
            (SignalKind::Staleness, None),
            (SignalKind::ReplicationLag, None),
        ] {
            let spec = spec(kind);
            assert_eq!(spec.current(&series, at(200)), Some(50.0));
            assert_eq!(spec.current(&series, at(2_400)), later, "{kind:?}");
        }
    }
}
