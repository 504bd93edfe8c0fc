//! Finds in the journal how the record sets were before the records lever moved them.

use crate::domain::environment::EnvironmentName;
use crate::domain::operation::OperationKind;
use crate::domain::records_lever::{RecordsChange, differences};
use crate::journal::{self, Entry, Summary};

/// From the state before the first move that was not taken back to the state after the last one. Nothing where no move
/// is on record, or where the newest one took it back. Moves belong together only where each found what the one before
/// had left: what others did in between is theirs, and stays.
pub(super) fn newest(past: &[Summary], environment: &EnvironmentName) -> Option<RecordsChange> {
    let mut moves = past
        .iter()
        .filter(|one| one.environment == *environment && one.kind.moves_traffic())
        .filter_map(|one| Some((one.kind, recorded(one)?)));
    let (_, last) = moves
        .next()
        .filter(|(kind, _)| *kind == OperationKind::Failover)?;
    let mut before = last.before;
    for (kind, older) in moves {
        if kind != OperationKind::Failover || !differences(&older.after, &before).is_empty() {
            break;
        }
        before = older.before;
    }
    Some(RecordsChange {
        before,
        after: last.after,
    })
}

/// What an operation wrote down before it changed record sets; nothing where it then changed none.
fn recorded(operation: &Summary) -> Option<RecordsChange> {
    let records = journal::read(&operation.file).ok()?;
    let change: RecordsChange =
        records
            .into_iter()
            .rev()
            .find_map(|record| match record.entry {
                Entry::Undo { what } => serde_json::from_value(what).ok(),
                Entry::Opened { .. }
                | Entry::Follows { .. }
                | Entry::Situation(_)
                | Entry::Order { .. }
                | Entry::Resumed { .. }
                | Entry::Step { .. }
                | Entry::Requests { .. }
                | Entry::Note { .. }
                | Entry::Cancelled { .. }
                | Entry::Accepted { .. }
                | Entry::Milestone { .. }
                | Entry::Closed { .. } => None,
            })?;
    Some(change).filter(|change| change.changed().next().is_some())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::environment::Mode;
    use crate::domain::operation::OperationId;
    use crate::domain::routing::{Policy, RecordSet};
    use crate::journal::{Header, Journal, Secrets, WorldId};

    fn records(weights: [i64; 2], ttl: i64) -> Vec<RecordSet> {
        let each = ["primary", "standby"].into_iter().zip(weights);
        each.map(|(id, weight)| RecordSet {
            name: "api.pay.test.".into(),
            kind: "CNAME".into(),
            set_identifier: Some(id.into()),
            policy: Policy::Weighted(weight),
            ttl: Some(ttl),
            values: vec![format!("{id}.api.test")],
            alias: None,
            check: None,
        })
        .collect()
    }

    fn change(before: Vec<RecordSet>, after: Vec<RecordSet>) -> RecordsChange {
        RecordsChange { before, after }
    }

    fn usual() -> Vec<RecordSet> {
        records([90, 10], 60)
    }

    fn away() -> Vec<RecordSet> {
        records([0, 100], 60)
    }

    /// What is undone after these operations, the oldest first, each with what it wrote down.
    fn undone(operations: &[(OperationKind, &[RecordsChange])]) -> Option<RecordsChange> {
        let state = tempfile::tempdir().unwrap();
        let environment = EnvironmentName("pay-demo".into());
        let mode = Mode::Rehearsal {
            scenario: "steady".into(),
            seed: 1,
        };
        let journal = Journal::open(state.path(), &WorldId::of(&mode, None)).unwrap();
        for ((kind, written), minute) in operations.iter().zip(0..) {
            let header = Header {
                kind: *kind,
                environment: environment.clone(),
                secrets: Secrets::new([]),
            };
            let id = OperationId(format!("{}-{minute}", kind.as_str()));
            let mut log = journal.begin(&id, header).unwrap();
            let at = Timestamp::from_second(1_800_000_000 + 60 * minute).unwrap();
            let opened = Entry::Opened {
                plan: serde_json::Value::Null,
                who: "ops".into(),
                mode: mode.clone(),
                reason: None,
                overrides: Vec::new(),
                drill: false,
            };
            log.append(opened, at).unwrap();
            for what in *written {
                let what = serde_json::to_value(what).unwrap();
                log.append(Entry::Undo { what }, at).unwrap();
            }
        }
        newest(&journal.list(), &environment)
    }

    use OperationKind::{Failback, Failover};

    #[test]
    fn moves_that_follow_each_other_are_undone_together() {
        let halfway = records([50, 50], 60);
        let moves = [change(usual(), halfway.clone()), change(halfway, away())];
        let found = undone(&[
            (Failover, &moves[..1]),
            (Failback, &[]),
            (Failover, &moves[1..]),
        ]);
        assert_eq!(found, Some(change(usual(), away())));
    }

    /// The first move was refused because somebody had changed the TTL; the second found that, and leaves it on its way back.
    #[test]
    fn what_others_changed_between_two_moves_is_not_undone() {
        let (theirs, moved) = (records([90, 10], 5), records([0, 100], 5));
        let second = change(theirs, moved);
        let refused = change(usual(), away());
        for first in [vec![refused.clone(), RecordsChange::NONE], vec![refused]] {
            let second = std::slice::from_ref(&second);
            let found = undone(&[(Failover, &first), (Failover, second)]);
            assert_eq!(found.as_ref(), second.first());
        }
    }

    #[test]
    fn a_move_that_changed_nothing_neither_hides_the_one_before_nor_takes_it_back() {
        let first = [change(usual(), away())];
        for then in [
            [change(away(), records([100, 0], 60)), RecordsChange::NONE],
            [change(away(), away()), change(away(), away())],
        ] {
            for kind in [Failover, Failback] {
                let found = undone(&[(Failover, &first), (kind, &then)]);
                assert_eq!(found.as_ref(), first.first(), "{kind:?} {then:?}");
            }
        }
    }

    #[test]
    fn what_was_taken_back_is_not_taken_back_again() {
        let there = [change(usual(), away())];
        let back = [change(away(), usual())];
        assert_eq!(undone(&[(Failover, &there), (Failback, &back)]), None);
        let again = [change(usual(), away())];
        let found = undone(&[(Failover, &there), (Failback, &back), (Failover, &again)]);
        assert_eq!(found.as_ref(), again.first());
    }
}
