//! Ways out: what an operator may do about a stack, for every status there is.
//!
//! What CloudFormation accepts in which status: facts/aws.md §3.2 (API reference of `CancelUpdateStack`,
//! `ContinueUpdateRollback`, `RollbackStack`, `DeleteStack`).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::stack::{Phase, StackId, StackResource, StackStatus};

/// One way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repair {
    /// Stop an update that runs; the stack goes back to what it was.
    CancelUpdate,
    /// Finish a rollback that got stuck, leaving out the resources that can't be brought back.
    ContinueRollback,
    /// Go back to the last stable state after a failure that was not rolled back.
    RollBack,
    /// Delete the stack, leaving behind the resources that don't let themselves be deleted.
    Delete,
    /// Delete the stack whatever becomes of its resources.
    ForceDelete,
}

/// Every way out, for parsers.
pub const REPAIRS: [Repair; 5] = [
    Repair::CancelUpdate,
    Repair::ContinueRollback,
    Repair::RollBack,
    Repair::Delete,
    Repair::ForceDelete,
];

impl Repair {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CancelUpdate => "cancel-update",
            Self::ContinueRollback => "continue-rollback",
            Self::RollBack => "roll-back",
            Self::Delete => "delete",
            Self::ForceDelete => "force-delete",
        }
    }

    /// As on buttons and in the titles of steps.
    pub const fn title(self) -> &'static str {
        match self {
            Self::CancelUpdate => "cancel the update of",
            Self::ContinueRollback => "continue the rollback of",
            Self::RollBack => "roll back",
            Self::Delete => "delete",
            Self::ForceDelete => "force the deletion of",
        }
    }

    /// What it does, in one sentence.
    pub const fn says(self) -> &'static str {
        match self {
            Self::CancelUpdate => "stops the update and takes it back",
            Self::ContinueRollback => {
                "tries the rollback again; chosen resources are left as they are"
            }
            Self::RollBack => "goes back to the last stable state; a stack without one is emptied",
            Self::Delete => "deletes the stack; chosen resources stay in AWS without a stack",
            Self::ForceDelete => {
                "last resort: deletes the stack, and what can't be deleted stays in AWS"
            }
        }
    }

    /// Whether resources and their data may go with it.
    pub const fn deletes(self) -> bool {
        matches!(self, Self::Delete | Self::ForceDelete)
    }

    /// Whether a stack in this phase shows that it has worked.
    pub const fn is_reached(self, phase: Phase) -> bool {
        match self {
            Self::CancelUpdate | Self::ContinueRollback => matches!(phase, Phase::RolledBack),
            Self::RollBack => matches!(
                phase,
                Phase::RolledBack | Phase::Dead | Phase::Settled | Phase::Absent
            ),
            Self::Delete | Self::ForceDelete => matches!(phase, Phase::Absent),
        }
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a status means, and what can be done about it, the mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WayOut {
    pub means: &'static str,
    pub repairs: &'static [Repair],
    /// Nothing goes on by itself: an operator is needed.
    pub stuck: bool,
}

const fn fine(means: &'static str) -> WayOut {
    WayOut {
        means,
        repairs: &[],
        stuck: false,
    }
}

const fn stuck(means: &'static str, repairs: &'static [Repair]) -> WayOut {
    WayOut {
        means,
        repairs,
        stuck: true,
    }
}

/// What there is to do about a status.
pub fn way_out(status: &StackStatus) -> WayOut {
    use Repair::{CancelUpdate, ContinueRollback, Delete, ForceDelete, RollBack};
    match status.as_str() {
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" => fine("done as asked"),
        "DELETE_COMPLETE" => fine("gone"),
        "UPDATE_ROLLBACK_COMPLETE" | "IMPORT_ROLLBACK_COMPLETE" => {
            fine("the last change failed and was taken back; the stack can be used and deployed")
        }
        "CREATE_IN_PROGRESS" => WayOut {
            means: "being created; only deleting it stops that",
            repairs: &[Delete],
            stuck: false,
        },
        "UPDATE_IN_PROGRESS" => WayOut {
            means: "being updated",
            repairs: &[CancelUpdate],
            stuck: false,
        },
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" => {
            fine("updated; old resources are being removed, which can't be stopped: wait")
        }
        "IMPORT_IN_PROGRESS" => fine("resources are being imported: wait"),
        "DELETE_IN_PROGRESS" => fine("being deleted, which can't be stopped: wait"),
        "ROLLBACK_IN_PROGRESS"
        | "UPDATE_ROLLBACK_IN_PROGRESS"
        | "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
        | "IMPORT_ROLLBACK_IN_PROGRESS" => fine("a failed change is being taken back: wait"),
        "REVIEW_IN_PROGRESS" => stuck(
            "only a change set that was never executed: a deploy goes on with it",
            &[Delete],
        ),
        "ROLLBACK_COMPLETE" => stuck(
            "creating it failed and was taken back; a deploy deletes it first",
            &[Delete],
        ),
        "CREATE_FAILED" => stuck(
            "creating it failed and was not taken back",
            &[RollBack, Delete],
        ),
        "UPDATE_FAILED" => stuck(
            "updating it failed and was not taken back",
            &[RollBack, Delete],
        ),
        "ROLLBACK_FAILED" => stuck("creating it failed, and so did taking that back", &[Delete]),
        "UPDATE_ROLLBACK_FAILED" => stuck(
            "updating it failed, and so did taking that back",
            &[ContinueRollback, Delete],
        ),
        "IMPORT_ROLLBACK_FAILED" => stuck(
            "an import failed, and so did taking that back; what was imported is lost with the stack",
            &[Delete],
        ),
        "DELETE_FAILED" => stuck(
            "something in it does not let itself be deleted",
            &[Delete, ForceDelete],
        ),
        _ => fine("a status that this version does not know"),
    }
}

/// A repair that is wanted; what is left open follows from what was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// None: the one stack that is stuck.
    pub stack: Option<StackId>,
    /// None: the mildest way out.
    pub repair: Option<Repair>,
    /// Failed resources to leave out, by logical id, or by type for every one of that type.
    pub skip: Vec<String>,
}

/// Resources that a repair may leave out: those that failed.
pub fn failed(resources: &[StackResource]) -> impl Iterator<Item = &StackResource> {
    resources.iter().filter(|r| r.status.is_failed())
}

/// Whether a repair takes resources to leave out. `DeleteStack` takes them only in `DELETE_FAILED`.
pub fn takes_resources(repair: Repair, status: &StackStatus) -> bool {
    match repair {
        Repair::ContinueRollback => true,
        Repair::Delete => status.as_str() == "DELETE_FAILED",
        Repair::CancelUpdate | Repair::RollBack | Repair::ForceDelete => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Repair::{CancelUpdate, ContinueRollback, Delete, ForceDelete, RollBack};

    /// All 23 statuses of the API reference: what is offered, and whether an operator is needed.
    const OFFERED: [(&str, &[Repair], bool); 23] = [
        ("CREATE_IN_PROGRESS", &[Delete], false),
        ("CREATE_FAILED", &[RollBack, Delete], true),
        ("CREATE_COMPLETE", &[], false),
        ("ROLLBACK_IN_PROGRESS", &[], false),
        ("ROLLBACK_FAILED", &[Delete], true),
        ("ROLLBACK_COMPLETE", &[Delete], true),
        ("DELETE_IN_PROGRESS", &[], false),
        ("DELETE_FAILED", &[Delete, ForceDelete], true),
        ("DELETE_COMPLETE", &[], false),
        ("UPDATE_IN_PROGRESS", &[CancelUpdate], false),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", &[], false),
        ("UPDATE_COMPLETE", &[], false),
        ("UPDATE_FAILED", &[RollBack, Delete], true),
        ("UPDATE_ROLLBACK_IN_PROGRESS", &[], false),
        ("UPDATE_ROLLBACK_FAILED", &[ContinueRollback, Delete], true),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", &[], false),
        ("UPDATE_ROLLBACK_COMPLETE", &[], false),
        ("REVIEW_IN_PROGRESS", &[Delete], true),
        ("IMPORT_IN_PROGRESS", &[], false),
        ("IMPORT_COMPLETE", &[], false),
        ("IMPORT_ROLLBACK_IN_PROGRESS", &[], false),
        ("IMPORT_ROLLBACK_FAILED", &[Delete], true),
        ("IMPORT_ROLLBACK_COMPLETE", &[], false),
    ];

    #[test]
    fn every_status_has_its_ways_out() {
        for (status, repairs, needs_operator) in OFFERED {
            let way = way_out(&StackStatus::new(status));
            assert_eq!(way.repairs, repairs, "{status}");
            assert_eq!(way.stuck, needs_operator, "{status}");
            assert!(!way.means.contains("not know"), "{status}");
        }
        let unknown = way_out(&StackStatus::new("HIBERNATING"));
        assert!(unknown.repairs.is_empty() && !unknown.stuck);
    }

    #[test]
    fn what_failed_or_died_always_has_a_way_out_and_what_is_settled_has_none() {
        for (status, repairs, needs_operator) in OFFERED {
            let phase = StackStatus::new(status).phase();
            let bad = matches!(phase, Phase::Failed | Phase::Dead | Phase::Review);
            assert_eq!(needs_operator, bad, "{status}");
            assert!(!bad || !repairs.is_empty(), "{status}");
            if matches!(phase, Phase::Settled | Phase::Absent | Phase::RolledBack) {
                assert!(repairs.is_empty(), "{status}");
            }
        }
    }

    #[test]
    fn force_is_offered_last_and_only_where_a_plain_delete_has_failed() {
        for (status, repairs, _) in OFFERED {
            if let Some(at) = repairs.iter().position(|r| *r == ForceDelete) {
                assert_eq!((status, at), ("DELETE_FAILED", repairs.len() - 1));
            }
        }
        assert!(takes_resources(Delete, &StackStatus::new("DELETE_FAILED")));
        assert!(!takes_resources(
            Delete,
            &StackStatus::new("ROLLBACK_COMPLETE")
        ));
    }
}
