//! What the console knows of practice: rehearsals, drills, and whether one is under way.

use crate::app::model::{Model, PastOperation};
use crate::domain::drill::{Label, Practice, Practised};
use crate::domain::operation::{OperationKind, Outcome};

impl Model {
    /// What is known of practice: from the start, and from the journal of this world since.
    pub fn practised_now(&self) -> Practised {
        let mut known = self.practised;
        for past in &self.past {
            if past.kind == OperationKind::Failover
                && past.environment == self.env.name.0
                && let (Some(outcome), Some(at)) = (past.outcome, past.finished)
            {
                known.take(Practice {
                    at,
                    label: past.label,
                    outcome,
                    rto_seconds: past.rto_seconds,
                });
            }
        }
        known
    }

    /// Whether traffic is where a drill has put it: the way back then is part of the drill.
    pub fn is_drilling(&self) -> bool {
        let moved = |p: &&PastOperation| {
            p.environment == self.env.name.0
                && p.kind.moves_traffic()
                && p.outcome == Some(Outcome::Succeeded)
        };
        let last = self.past.iter().find(moved);
        last.is_some_and(|p| p.kind == OperationKind::Failover && p.label == Label::Drill)
    }
}
