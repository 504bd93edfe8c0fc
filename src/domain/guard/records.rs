//! The guard of the record sets: drift from the stack, and what somebody else has done to them.

use crate::domain::guard::GuardVerdict::{Allow, Refuse, Warn};
use crate::domain::guard::rules::Asked;
use crate::domain::guard::{GuardId, GuardResult, answer};
use crate::domain::lever::LeverKind;
use crate::domain::operation::OperationKind;
use crate::domain::records_lever::{Origin, foreign_changes, restored};

impl Asked<'_> {
    /// Only where the records lever is or would be used: elsewhere the record sets stay as they are.
    pub(super) fn records(&self) -> Option<GuardResult> {
        let pulls = self.question.levers.contains(&LeverKind::Records);
        match self.question.kind {
            OperationKind::Failover if pulls => Some(self.drift()),
            OperationKind::Failback if pulls => Some(self.undo()),
            OperationKind::Failback if self.facts.engaged.contains(&LeverKind::Records) => {
                Some(left_moved())
            }
            OperationKind::Failover
            | OperationKind::Failback
            | OperationKind::Deploy
            | OperationKind::Delete
            | OperationKind::Repair => None,
        }
    }

    /// The stack does not know of a change that is made beside it.
    fn drift(&self) -> GuardResult {
        let already = restored(self.env, self.seen, None)
            .ok()
            .filter(|(_, origin)| *origin == Origin::Template)
            .map(|(change, _)| change.words())
            .unwrap_or_default();
        let (value, reason) = match already.first() {
            Some(first) => (
                format!("drifted: {first}"),
                "the record sets are not as the stack's template says even now",
            ),
            None => (
                "will drift".to_owned(),
                "the record sets will differ from the stack's template until failback",
            ),
        };
        answer(GuardId::Records, Warn, value, reason)
            .remedy("do not deploy until traffic has failed back: an update could undo it")
    }

    fn undo(&self) -> GuardResult {
        let foreign = self
            .question
            .undo
            .map(|undo| foreign_changes(self.env, self.seen, undo))
            .unwrap_or_default();
        if let Some(first) = foreign.first() {
            return answer(
                GuardId::Records,
                Refuse,
                "changed by others",
                format!("left by the lever → live: {}", foreign.join("; ")),
            )
            .limit(first.as_str())
            .remedy("ask who did it; an override puts them back as they were before the lever");
        }
        match restored(self.env, self.seen, self.question.undo) {
            Ok((_, Origin::Journal)) => answer(
                GuardId::Records,
                Allow,
                "from the journal",
                "the record sets are put back exactly as they were",
            ),
            Ok((_, Origin::Template)) => answer(
                GuardId::Records,
                Allow,
                "from the template",
                "the journal does not have the record sets, so they are set as the stack's template says",
            ),
            Ok((_, Origin::Rule)) => answer(
                GuardId::Records,
                Warn,
                "not known",
                "neither journal nor template says how the record sets were: the primary gets all of the traffic",
            ),
            Err(why) => answer(GuardId::Records, Refuse, "not read", why).unknown(),
        }
    }
}

/// Another lever would be released while the record sets themselves send traffic to the standby.
fn left_moved() -> GuardResult {
    answer(
        GuardId::Records,
        Warn,
        "still moved",
        "the records lever is engaged and would stay so",
    )
    .remedy("fail back with the records lever")
}
