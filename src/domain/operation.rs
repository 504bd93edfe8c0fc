//! Operations: what an operator wants, and how it ended.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::drill::Label;
use crate::domain::environment::EnvironmentName;
use crate::domain::observation::Serving;
use crate::domain::recovery::Parts;

/// Unique per operation; sorts by time, and is safe in tokens, file names and comments.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperationId(pub String);

impl OperationId {
    /// `<kind>-<UTC time>-<four hex digits>`; at most 40 characters of `[a-z0-9-]`.
    pub fn new(kind: OperationKind, now: Timestamp, salt: u16) -> Self {
        let time = now.strftime("%Y%m%d-%H%M%S");
        Self(format!("{}-{time}-{salt:04x}", kind.as_str()))
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OperationKind {
    Deploy,
    Delete,
    Failover,
    Failback,
    /// Get a stack out of a status in which it is stuck.
    Repair,
}

impl OperationKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Delete => "delete",
            Self::Failover => "failover",
            Self::Failback => "failback",
            Self::Repair => "repair",
        }
    }

    /// As on buttons and in titles.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Deploy => "Deploy",
            Self::Delete => "Delete",
            Self::Failover => "Fail over",
            Self::Failback => "Fail back",
            Self::Repair => "Repair",
        }
    }

    pub const fn moves_traffic(self) -> bool {
        match self {
            Self::Failover | Self::Failback => true,
            Self::Deploy | Self::Delete | Self::Repair => false,
        }
    }
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Succeeded,
    Failed,
    /// A guard or read-only mode said no; nothing was changed.
    Refused,
    /// It was not confirmed; nothing was changed.
    NotConfirmed,
    TimedOut,
    /// The operator left it; AWS may go on.
    Abandoned,
    /// The operator stopped it; what ran was taken back or went on to its own end.
    Cancelled,
}

impl Outcome {
    /// For tables.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::NotConfirmed => "not confirmed",
            Self::TimedOut => "timed out",
            Self::Abandoned => "left running",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The state of one step of a running operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    Waiting,
    Running,
    Done,
    /// Nothing had to be done.
    Skipped,
    Failed,
}

/// One step in the result of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepResult {
    pub title: String,
    pub region: Option<String>,
    pub state: StepState,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    pub note: Option<String>,
}

/// A change that AWS was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwsRequest {
    /// The call as policies name it, such as `cloudwatch:PutMetricData`.
    pub call: String,
    /// AWS's own id of the request.
    pub id: String,
}

/// A guard that was overridden, with the typed reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    pub guard: String,
    pub reason: String,
}

/// The stopwatch of a move: its moments (UTC), its parts in seconds, and what they are held against.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClockResult {
    pub settled: Option<Timestamp>,
    /// When the side that traffic left had no more requests; null until that was seen.
    pub drained: Option<Timestamp>,
    pub parts: Parts,
    pub rto_objective_seconds: u64,
    pub rpo_objective_seconds: u64,
    /// Whether `rpo_seconds` is only known to be no more than that.
    pub rpo_is_upper_bound: bool,
    /// Where `rpo_seconds` comes from: a lag, the age of a heartbeat, the primary's last answer.
    #[serde(default)]
    pub rpo_source: Option<String>,
}

/// The machine-readable result of an operation (DESIGN §11).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperationResult {
    pub operation: OperationId,
    pub kind: OperationKind,
    pub environment: EnvironmentName,
    pub label: Label,
    pub outcome: Outcome,
    pub reason: Option<String>,
    pub serving: Serving,
    pub steps: Vec<StepResult>,
    pub started: Timestamp,
    pub finished: Timestamp,
    /// Seconds from the confirmation (or the first failed check, if the automatic lever moved first) to settled.
    pub rto_seconds: Option<f64>,
    /// Exposure: seconds of data at risk at the cut.
    pub rpo_seconds: Option<f64>,
    /// What the time went into; null where no traffic was moved.
    pub clock: Option<ClockResult>,
    pub overrides: Vec<Override>,
    /// Where the journal of this operation is.
    pub journal: Option<String>,
}
