//! Guards: rules that answer allow, warn or refuse before traffic is moved (DESIGN §8).

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::assess::{Assessment, assess};
use crate::domain::drill::Practised;
use crate::domain::environment::Environment;
use crate::domain::health::Health;
use crate::domain::lever::LeverKind;
use crate::domain::observation::Observation;
use crate::domain::observed::Observed;
use crate::domain::operation::OperationKind;
use crate::domain::parity::Parity;
use crate::domain::plan::Situation;
use crate::domain::prediction::healthy_now;
use crate::domain::records_lever::RecordsChange;
use crate::domain::region::Role;

mod alike;
mod basis;
mod destination;
mod drill;
pub mod means;
mod promotion;
mod records;
mod reverse;
mod rules;
mod steady;

pub use drill::drill_window;
use rules::Asked;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardId {
    ReadOnly,
    Needed,
    DestinationHealthy,
    Predicted,
    NothingRunning,
    DestinationFit,
    Exposure,
    Lever,
    /// Failback: the primary must have been well for a while.
    Steady,
    /// Failback: what was written on the standby must have reached the primary.
    Reverse,
    /// A promotion of the standby's database: what it may lose.
    Promotion,
    /// The record sets: what the records lever does to them, and who else has.
    Records,
    Credentials,
    Parity,
    Practised,
    /// A drill on production: the window that was agreed for it.
    DrillWindow,
    /// Delete: traffic must not be answered from what is deleted.
    NotServing,
    Production,
    /// Deploy: nothing that holds data is replaced or removed.
    DataLoss,
    /// Delete: nothing else uses what the stacks export.
    Blockers,
    /// Deploy, delete, repair: the stacks are still as they were reviewed.
    AsReviewed,
}

impl GuardId {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read_only",
            Self::Needed => "needed",
            Self::DestinationHealthy => "destination_healthy",
            Self::Predicted => "predicted",
            Self::NothingRunning => "nothing_running",
            Self::DestinationFit => "destination_fit",
            Self::Exposure => "exposure",
            Self::Lever => "lever",
            Self::Steady => "steady",
            Self::Reverse => "reverse",
            Self::Promotion => "promotion",
            Self::Records => "records",
            Self::Credentials => "credentials",
            Self::Parity => "parity",
            Self::Practised => "practised",
            Self::DrillWindow => "drill_window",
            Self::NotServing => "not_serving",
            Self::Production => "production",
            Self::DataLoss => "data_loss",
            Self::Blockers => "blockers",
            Self::AsReviewed => "as_reviewed",
        }
    }
}

impl fmt::Display for GuardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GuardVerdict {
    Allow,
    Warn,
    Refuse,
}

/// One guard's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardResult {
    pub id: GuardId,
    pub verdict: GuardVerdict,
    /// What was found.
    pub value: String,
    /// What it is held against.
    pub limit: String,
    pub reason: String,
    /// What the operator can do about it; empty where there is nothing to do.
    pub remedy: String,
    /// The reading behind it is missing or too old to tell.
    pub unknown: bool,
    /// When the oldest reading was taken that it rests on.
    #[serde(default)]
    pub as_of: Option<Timestamp>,
    /// The same, where that is longer ago than the polls account for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale_of: Option<Timestamp>,
    pub can_override: bool,
}

/// What is asked of the guards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Question<'a> {
    pub kind: OperationKind,
    /// The levers that would be pulled, the main one first.
    pub levers: &'a [LeverKind],
    /// The operation that runs in the environment, in words.
    pub running: Option<&'a str>,
    /// The number under which the operation that is asked about has pulled the metric lever already: it is continued.
    pub own: Option<i64>,
    /// What is known of rehearsals and drills of this environment.
    pub practised: Practised,
    /// How the record sets were before the records lever moved them, from the journal.
    pub undo: Option<&'a RecordsChange>,
    /// Whether the metric lever's namespace takes our data.
    pub may_write: &'a Observed<()>,
    /// How alike both regions are.
    pub parity: &'a Parity,
}

/// The go/no-go board for moving traffic.
pub fn judge(
    env: &Environment,
    seen: &Observation,
    now: Timestamp,
    question: &Question<'_>,
) -> Vec<GuardResult> {
    let Some(traffic) = &env.traffic else {
        return Vec::new();
    };
    let facts = assess(env, seen, now);
    let asked = Asked {
        env,
        seen,
        now,
        question,
        traffic,
        facts: &facts,
        to: destination(question.kind),
        situation: situation_of(question.kind, seen, &facts, now),
    };
    let always = [
        asked.destination_healthy(),
        asked.predicted(),
        asked.nothing_running(),
        asked.destination_fit(),
        asked.data_at_risk(),
        asked.lever(),
    ];
    let besides = [asked.credentials(), asked.parity(), asked.practised()];
    asked
        .read_only()
        .into_iter()
        .chain(asked.needed())
        .chain(always)
        .chain(asked.steady())
        .chain(asked.promotion())
        .chain(asked.records())
        .chain(besides)
        .map(|guard| asked.dated(guard))
        .collect()
}

/// Whether the side that traffic would leave is dark: only then is a move an emergency, in which unknown readings of
/// the other side may be borne.
pub fn situation_of(
    kind: OperationKind,
    seen: &Observation,
    facts: &Assessment,
    now: Timestamp,
) -> Situation {
    match kind {
        OperationKind::Failback if is_dark(seen, Role::Standby, now) => Situation::Emergency,
        OperationKind::Failback => Situation::Planned,
        OperationKind::Failover
        | OperationKind::Deploy
        | OperationKind::Delete
        | OperationKind::Repair => facts.situation,
    }
}

fn is_dark(seen: &Observation, role: Role, now: Timestamp) -> bool {
    match healthy_now(seen, role, now) {
        Health::Healthy => false,
        Health::Unhealthy => true,
        Health::Unknown => seen.regions.get(role).is_reachable() == Some(false),
    }
}

/// The side to which an operation moves traffic.
const fn destination(kind: OperationKind) -> Role {
    match kind {
        OperationKind::Failback => Role::Primary,
        OperationKind::Failover
        | OperationKind::Deploy
        | OperationKind::Delete
        | OperationKind::Repair => Role::Standby,
    }
}

/// The worst verdict of a list.
pub fn overall(guards: &[GuardResult]) -> GuardVerdict {
    guards
        .iter()
        .map(|g| g.verdict)
        .max()
        .unwrap_or(GuardVerdict::Allow)
}

/// An answer in the making.
fn answer(
    id: GuardId,
    verdict: GuardVerdict,
    value: impl Into<String>,
    reason: impl Into<String>,
) -> GuardResult {
    GuardResult {
        id,
        verdict,
        value: value.into(),
        limit: String::new(),
        reason: reason.into(),
        remedy: String::new(),
        unknown: false,
        as_of: None,
        stale_of: None,
        can_override: true,
    }
}

impl GuardResult {
    #[must_use]
    pub fn limit(mut self, limit: impl Into<String>) -> Self {
        self.limit = limit.into();
        self
    }

    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    #[must_use]
    const fn unknown(mut self) -> Self {
        self.unknown = true;
        self
    }

    #[must_use]
    const fn firm(mut self) -> Self {
        self.can_override = false;
        self
    }
}

/// A refusal that no reason overrides.
pub fn firm_refusal(
    id: GuardId,
    value: impl Into<String>,
    reason: impl Into<String>,
) -> GuardResult {
    answer(id, GuardVerdict::Refuse, value, reason).firm()
}

/// A guard's answer for operations that judge by themselves (deploy, delete).
pub fn result(
    id: GuardId,
    verdict: GuardVerdict,
    value: impl Into<String>,
    reason: impl Into<String>,
) -> GuardResult {
    answer(id, verdict, value, reason)
}
