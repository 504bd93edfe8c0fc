//! What is recorded: the entries of an operation, and the record around each.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::change::Change;
use crate::domain::environment::{EnvironmentName, Mode};
use crate::domain::observation::Serving;
use crate::domain::operation::{
    AwsRequest, OperationId, OperationKind, Outcome, Override, StepState,
};
use crate::domain::unfinished::Opening;
use crate::journal::WorldId;
use crate::journal::secret::Secrets;

/// One thing that happened. Refused and unconfirmed operations have `Opened` and `Closed` only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Entry {
    Opened {
        /// The plan as it was reviewed ([`crate::domain::plan::Plan`]).
        plan: Value,
        who: String,
        mode: Mode,
        reason: Option<String>,
        overrides: Vec<Override>,
        /// A live operation for practice.
        drill: bool,
    },
    /// The file of this world that was written last before it, and how far it went then: a file that is lost later, or cut
    /// off after a whole line, is missed.
    Follows {
        operation: OperationId,
        entries: u64,
        hash: String,
    },
    /// How things stood then.
    Situation(Box<Opening>),
    Step {
        index: usize,
        title: String,
        state: StepState,
        note: Option<String>,
        /// The AWS request id of the lever's call, in journals that have no [`Entry::Requests`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<String>,
    },
    /// Changes that a step has asked AWS for; without a step, those with which a command was repeated.
    Requests {
        index: Option<usize>,
        requests: Vec<AwsRequest>,
    },
    /// What a lever is told, written before the call, so that a repetition says the same.
    Order {
        index: usize,
        order: Value,
    },
    /// It was cut off; from here on it is continued.
    Resumed {
        who: String,
        reason: Option<String>,
        overrides: Vec<Override>,
    },
    Note {
        text: String,
    },
    /// The operator stopped it: from here on nothing more begins.
    Cancelled {
        reason: Option<String>,
    },
    /// A step found changes that endanger data and that the review did not have; they were confirmed.
    Accepted {
        index: usize,
        changes: Vec<Change>,
        reason: Option<String>,
    },
    Milestone {
        name: String,
        /// When it was reached (UTC), which may be before it was written.
        at: Timestamp,
    },
    /// What takes the step back, for example the record sets as they were.
    Undo {
        what: Value,
    },
    Closed {
        outcome: Outcome,
        reason: Option<String>,
        rto_seconds: Option<f64>,
        rpo_seconds: Option<f64>,
        serving: Serving,
    },
}

/// What every entry of an operation has in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub kind: OperationKind,
    pub environment: EnvironmentName,
    /// Values that must never reach the disk; masked in whatever is appended.
    pub secrets: Secrets,
}

/// One line of a journal file, without its hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Counts from 1.
    pub seq: u64,
    pub at: Timestamp,
    pub world: WorldId,
    pub operation: OperationId,
    pub kind: OperationKind,
    pub environment: EnvironmentName,
    pub entry: Entry,
}

impl Record {
    /// Whether both are lines of the same operation in the same world.
    pub(crate) fn is_of_the_same_operation(&self, other: &Self) -> bool {
        self.world == other.world
            && self.operation == other.operation
            && self.kind == other.kind
            && self.environment == other.environment
    }
}
