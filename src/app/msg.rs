//! Everything that can happen to the console.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::app::key::Key;
use crate::app::model::{Load, PastOperation};
use crate::app::run::{LiveEvent, StackProgress};
use crate::domain::blocker::Findings;
use crate::domain::change::Change;
use crate::domain::lever::LeverKind;
use crate::domain::observation::Sighting;
use crate::domain::observed::ReadError;
use crate::domain::operation::{AwsRequest, OperationId, OperationKind};
use crate::domain::plan::Consent;
use crate::domain::records_lever::RecordsChange;
use crate::domain::repair::Wish;
use crate::domain::stack::StackId;
use crate::domain::trouble::InForce;
use crate::domain::unfinished::{Choice, Unfinished};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Msg {
    Key(Key),
    Paste(String),
    Resize(u16, u16),
    /// World time, UTC.
    Tick(Timestamp),
    Sighted(Box<Sighting>),
    /// Asks for an operation: opens its confirmation (headless commands and the form end up here too).
    Ask(Ask),
    /// What the move under review is for: a drill, or an incident.
    Drill(bool),
    /// What was typed in the confirmation.
    Consent(Consent),
    /// The open confirmation is given up.
    Decline,
    /// A change set for the review was looked at, or could not be made.
    Previewed {
        operation: OperationId,
        index: usize,
        /// None: nothing would change.
        result: Result<Option<Vec<Change>>, String>,
    },
    /// AWS was asked what stands in the way of deleting a stack.
    Inspected(Box<Inspected>),
    /// A step found changes that endanger data and were not confirmed: nothing was executed.
    Asks {
        operation: OperationId,
        index: usize,
        changes: Vec<Change>,
    },
    /// The journal of an operation was opened at this path, or could not be.
    Opened {
        operation: OperationId,
        journal: Result<String, String>,
    },
    /// A later entry could not be written.
    JournalFailed(String),
    Progress {
        operation: OperationId,
        news: News,
    },
    StepDone {
        operation: OperationId,
        index: usize,
        result: Result<StepDone, StepFailed>,
    },
    /// Nobody has seen the end of a step: AWS goes on with what it was told, and does not answer.
    StepUnseen {
        operation: OperationId,
        index: usize,
        why: String,
    },
    Past(Vec<PastOperation>),
    /// Operations of this environment that were cut off, oldest first.
    Unfinished(Vec<Unfinished>),
    /// Opens the confirmation for one of them.
    Resume {
        operation: OperationId,
        choice: Choice,
    },
    /// How the record sets were before the records lever moved them, if the journal has that.
    Undo(Option<RecordsChange>),
    /// Whether the metric lever's namespace may be written to.
    Probed(Result<(), ReadError>),
    /// Rehearsals only: what is wrong in the world now, and what the facilitator has just done.
    Faults {
        in_force: Vec<InForce>,
        done: Option<String>,
    },
    Load(Load),
    /// The outcome of a side task such as a snapshot, in words.
    Told {
        good: bool,
        text: String,
    },
    /// Asks for a drift detection of a stack.
    DetectDrift(StackId),
    /// A signal asks the program to leave at once.
    Terminate,
}

/// What AWS said of the stack of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspected {
    pub operation: OperationId,
    pub index: usize,
    pub findings: Findings,
}

/// An operation with its choices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    pub kind: OperationKind,
    pub lever: Option<LeverKind>,
    /// Parameters of a deploy; they replace what the environment was given.
    pub parameters: BTreeMap<String, String>,
    /// Which stack to repair, and how.
    #[serde(default)]
    pub repair: Option<Wish>,
    /// Makes the operation's id unique.
    pub salt: u16,
}

/// What a running step reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum News {
    Events(Vec<LiveEvent>),
    Stack(StackId, StackProgress),
    /// Changes that a step has asked AWS for; beyond the plan's steps, repetitions of a command.
    Requests(usize, Vec<AwsRequest>),
    Note(String),
    /// AWS does not accept the credentials, and why; none: it does again. `what` is what waits for that.
    Paused {
        what: String,
        why: Option<String>,
    },
}

/// How a step ended otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFailed {
    pub why: String,
    /// AWS may have carried it out all the same.
    pub in_doubt: bool,
}

/// Most failures say what AWS answered: there is no doubt.
impl From<String> for StepFailed {
    fn from(why: String) -> Self {
        Self {
            why,
            in_doubt: false,
        }
    }
}

/// How a step ended well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepDone {
    /// Nothing had to be done.
    pub skipped: bool,
    pub note: Option<String>,
}
