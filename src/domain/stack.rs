//! CloudFormation stacks as the operator sees them: status, phase, events, resources.
//!
//! Statuses and what follows from them: facts/aws.md §3.2 (CloudFormation API reference, `StackStatus`).

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::drift::LastCheck;

/// The manifest's name for a stack of a bundle, for example `standby`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StackId(pub String);

impl fmt::Display for StackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A status as CloudFormation spells it; one that is not known yet is kept as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StackStatus(pub String);

/// What a status means for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The stack is not there.
    Absent,
    /// Done as asked.
    Settled,
    /// Settled on the state before a failed change; the stack can be used.
    RolledBack,
    /// A create failed and was rolled back: only deleting is possible.
    Dead,
    /// Needs an operator.
    Failed,
    InProgress,
    /// A change set of type CREATE exists that was never executed: nothing is progressing.
    Review,
    /// A status that this version does not know.
    Unknown,
}

impl Phase {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Settled => "settled",
            Self::RolledBack => "rolled_back",
            Self::Dead => "dead",
            Self::Failed => "failed",
            Self::InProgress => "in_progress",
            Self::Review => "review",
            Self::Unknown => "unknown",
        }
    }

    /// Whether a deployment creates the stack, rather than updates it.
    pub const fn is_created_anew(self) -> bool {
        matches!(self, Self::Absent | Self::Review | Self::Dead)
    }
}

impl StackStatus {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn phase(&self) -> Phase {
        match self.0.as_str() {
            "DELETE_COMPLETE" => Phase::Absent,
            "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" => Phase::Settled,
            "UPDATE_ROLLBACK_COMPLETE" | "IMPORT_ROLLBACK_COMPLETE" => Phase::RolledBack,
            "ROLLBACK_COMPLETE" => Phase::Dead,
            "CREATE_FAILED"
            | "ROLLBACK_FAILED"
            | "DELETE_FAILED"
            | "UPDATE_FAILED"
            | "UPDATE_ROLLBACK_FAILED"
            | "IMPORT_ROLLBACK_FAILED" => Phase::Failed,
            "REVIEW_IN_PROGRESS" => Phase::Review,
            "CREATE_IN_PROGRESS"
            | "ROLLBACK_IN_PROGRESS"
            | "DELETE_IN_PROGRESS"
            | "UPDATE_IN_PROGRESS"
            | "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
            | "UPDATE_ROLLBACK_IN_PROGRESS"
            | "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
            | "IMPORT_IN_PROGRESS"
            | "IMPORT_ROLLBACK_IN_PROGRESS" => Phase::InProgress,
            _ => Phase::Unknown,
        }
    }
}

impl fmt::Display for StackStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One stack as `DescribeStacks` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    /// The stack's ARN.
    pub arn: String,
    pub name: String,
    pub status: StackStatus,
    pub reason: Option<String>,
    pub created: Option<Timestamp>,
    pub updated: Option<Timestamp>,
    pub parameters: BTreeMap<String, String>,
    pub outputs: BTreeMap<String, String>,
    /// Under which name an output is exported to other stacks of the region, by the output's own.
    #[serde(default)]
    pub exports: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    pub termination_protection: bool,
    /// What the last drift detection said, whoever asked for it.
    #[serde(default)]
    pub drift: LastCheck,
}

/// A stack, or the certainty that there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StackState {
    Absent,
    Present(Box<Stack>),
}

impl StackState {
    pub fn phase(&self) -> Phase {
        match self {
            Self::Absent => Phase::Absent,
            Self::Present(stack) => stack.status.phase(),
        }
    }

    pub const fn stack(&self) -> Option<&Stack> {
        match self {
            Self::Absent => None,
            Self::Present(stack) => Some(stack),
        }
    }

    /// The status, or `absent`.
    pub fn label(&self) -> &str {
        match self {
            Self::Absent => "absent",
            Self::Present(stack) => stack.status.as_str(),
        }
    }
}

/// One line of a stack's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackEvent {
    pub id: String,
    pub at: Timestamp,
    pub stack_name: String,
    pub logical_id: String,
    pub physical_id: Option<String>,
    pub resource_type: String,
    pub status: ResourceStatus,
    pub reason: Option<String>,
    /// The client request token of the call that caused it.
    pub token: Option<String>,
}

/// The type of a stack, nested or not.
pub const STACK: &str = "AWS::CloudFormation::Stack";
/// The type of a set that makes stacks in several regions.
pub const STACK_SET: &str = "AWS::CloudFormation::StackSet";

impl StackEvent {
    /// Whether the event speaks of the stack itself rather than of a resource in it.
    pub fn is_of_the_stack(&self) -> bool {
        self.resource_type == STACK && self.logical_id == self.stack_name
    }

    /// The ARN of the nested stack that the event is about.
    pub fn child(&self) -> Option<&str> {
        let nested = self.resource_type == STACK && !self.is_of_the_stack();
        let arn = self.physical_id.as_deref().filter(|_| nested)?;
        arn.starts_with("arn:").then_some(arn)
    }

    /// Whether the event only tells what became of another stack, whose own events say why.
    pub fn is_vague(&self) -> bool {
        matches!(self.resource_type.as_str(), STACK | STACK_SET)
    }
}

/// What goes on in a stack: since when, and by whose call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    pub status: StackStatus,
    pub since: Timestamp,
    /// The client request token of the call that began it.
    pub token: Option<String>,
}

impl Activity {
    /// From a stack's events (oldest first): the newest one that says that the stack itself is in progress.
    pub fn of(events: &[StackEvent]) -> Option<Self> {
        let begun = |e: &&StackEvent| e.is_of_the_stack() && e.status.is_in_progress();
        let event = events.iter().rev().find(begun)?;
        Some(Self {
            status: StackStatus::new(event.status.0.clone()),
            since: event.at,
            token: event.token.clone(),
        })
    }
}

impl fmt::Display for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.since.strftime("%H:%M:%SZ");
        match &self.token {
            Some(token) => write!(f, "{} since {since}, by {token}", self.status),
            None => write!(
                f,
                "{} since {since}, by a call without a token",
                self.status
            ),
        }
    }
}

/// A resource's status as CloudFormation spells it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResourceStatus(pub String);

impl ResourceStatus {
    pub fn is_failed(&self) -> bool {
        self.0.ends_with("_FAILED")
    }

    pub fn is_in_progress(&self) -> bool {
        self.0.ends_with("_IN_PROGRESS")
    }

    pub fn is_complete(&self) -> bool {
        self.0.ends_with("_COMPLETE") || self.0 == "DELETE_SKIPPED"
    }
}

/// A resource of a stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackResource {
    pub logical_id: String,
    pub physical_id: Option<String>,
    pub resource_type: String,
    pub status: ResourceStatus,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The 23 statuses of the API reference.
    const ALL: [(&str, Phase); 23] = [
        ("CREATE_IN_PROGRESS", Phase::InProgress),
        ("CREATE_FAILED", Phase::Failed),
        ("CREATE_COMPLETE", Phase::Settled),
        ("ROLLBACK_IN_PROGRESS", Phase::InProgress),
        ("ROLLBACK_FAILED", Phase::Failed),
        ("ROLLBACK_COMPLETE", Phase::Dead),
        ("DELETE_IN_PROGRESS", Phase::InProgress),
        ("DELETE_FAILED", Phase::Failed),
        ("DELETE_COMPLETE", Phase::Absent),
        ("UPDATE_IN_PROGRESS", Phase::InProgress),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Phase::InProgress),
        ("UPDATE_COMPLETE", Phase::Settled),
        ("UPDATE_FAILED", Phase::Failed),
        ("UPDATE_ROLLBACK_IN_PROGRESS", Phase::InProgress),
        ("UPDATE_ROLLBACK_FAILED", Phase::Failed),
        (
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            Phase::InProgress,
        ),
        ("UPDATE_ROLLBACK_COMPLETE", Phase::RolledBack),
        ("REVIEW_IN_PROGRESS", Phase::Review),
        ("IMPORT_IN_PROGRESS", Phase::InProgress),
        ("IMPORT_COMPLETE", Phase::Settled),
        ("IMPORT_ROLLBACK_IN_PROGRESS", Phase::InProgress),
        ("IMPORT_ROLLBACK_FAILED", Phase::Failed),
        ("IMPORT_ROLLBACK_COMPLETE", Phase::RolledBack),
    ];

    #[test]
    fn every_documented_status_has_its_phase() {
        for (status, phase) in ALL {
            assert_eq!(StackStatus::new(status).phase(), phase, "{status}");
        }
        assert_eq!(StackStatus::new("HIBERNATING").phase(), Phase::Unknown);
    }
}
