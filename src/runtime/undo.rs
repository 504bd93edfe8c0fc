//! Finds in the journal how the record sets were before the records lever moved them.

use crate::domain::environment::EnvironmentName;
use crate::domain::operation::OperationKind;
use crate::domain::records_lever::RecordsChange;
use crate::journal::{self, Entry, Summary};

/// From the state before the first move that was not taken back to the state after the last one. Nothing where no move
/// is on record, or where the newest one took it back.
pub(super) fn newest(past: &[Summary], environment: &EnvironmentName) -> Option<RecordsChange> {
    let mut moves = past
        .iter()
        .filter(|one| one.environment == *environment && one.kind.moves_traffic())
        .filter_map(|one| Some((one.kind, recorded(one)?)));
    let (_, last) = moves
        .next()
        .filter(|(kind, _)| *kind == OperationKind::Failover)?;
    let first = moves
        .take_while(|(kind, _)| *kind == OperationKind::Failover)
        .map(|(_, change)| change.before)
        .last();
    Some(RecordsChange {
        before: first.unwrap_or(last.before),
        after: last.after,
    })
}

/// What an operation wrote down before it changed record sets. Its step may have been refused afterwards: then the live
/// record sets show it.
fn recorded(operation: &Summary) -> Option<RecordsChange> {
    let records = journal::read(&operation.file).ok()?;
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
            | Entry::Milestone { .. }
            | Entry::Closed { .. } => None,
        })
}
