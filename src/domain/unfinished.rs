//! An operation that the journal has no end of: its plan, how far it came, and how things stood when it began.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::environment::Objectives;
use crate::domain::observation::Serving;
use crate::domain::operation::{OperationId, OperationKind, StepState};
use crate::domain::plan::{Plan, Step};
use crate::domain::recovery::{Exposure, Milestones};
use crate::domain::region::RegionPair;

/// How things stood when an operation was confirmed: what its report and its continuation rest on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opening {
    /// The caller's identity in AWS, if it was known by then.
    pub account: Option<String>,
    pub arn: Option<String>,
    pub regions: RegionPair,
    pub objectives: Objectives,
    pub serving: Serving,
    /// The last good answer of the side that traffic leaves.
    #[serde(default)]
    pub last_alive: Option<Timestamp>,
    /// The first failed check before the confirmation, if there was one.
    pub first_failed: Option<Timestamp>,
    /// The automatic lever had already moved the traffic.
    pub moved_before: bool,
    /// Exposure at the cut.
    pub exposure: Option<Exposure>,
    /// Parameters that were given, without the sensitive ones.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Names of the sensitive ones that were given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
}

/// One step as the journal has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedStep {
    pub state: StepState,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    pub note: Option<String>,
}

impl RecordedStep {
    pub const WAITING: Self = Self {
        state: StepState::Waiting,
        started: None,
        finished: None,
        note: None,
    };

    /// Whether it was begun, and its end is not known to be a good one.
    pub const fn was_cut_off(&self) -> bool {
        matches!(self.state, StepState::Running | StepState::Failed)
    }

    pub const fn is_over(&self) -> bool {
        matches!(self.state, StepState::Done | StepState::Skipped)
    }
}

/// What is to become of an unfinished operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Choice {
    Continue,
    GiveUp,
}

/// An operation without an end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unfinished {
    pub plan: Plan,
    pub who: String,
    pub reason: Option<String>,
    pub drill: bool,
    /// When it was confirmed (UTC).
    pub begun: Timestamp,
    /// When the journal was last written (UTC).
    pub last: Timestamp,
    /// None in a journal of a version that did not record it.
    pub opening: Option<Opening>,
    /// One for each step of the plan.
    pub steps: Vec<RecordedStep>,
    pub milestones: Milestones,
    /// What the levers were told, by the step's index.
    pub orders: BTreeMap<usize, Value>,
    /// It was cancelled before it was cut off.
    #[serde(default)]
    pub cancelled: bool,
}

impl Unfinished {
    pub const fn id(&self) -> &OperationId {
        &self.plan.id
    }

    pub const fn kind(&self) -> OperationKind {
        self.plan.kind
    }

    /// The steps of the plan, each with what is recorded of it.
    pub fn steps(&self) -> impl Iterator<Item = (&Step, &RecordedStep)> {
        self.plan.steps.iter().zip(&self.steps)
    }

    /// Whether it must be decided on before an operation of this kind may begin. Traffic never waits for stacks.
    pub const fn stands_before(&self, kind: OperationKind) -> bool {
        self.plan.kind.moves_traffic() || !kind.moves_traffic()
    }
}
