//! The rows of the Board about stacks: in pairs, with a mark that says whether both are alike.

use std::collections::HashMap;

use crate::app::model::Model;
use crate::domain::assess::limit;
use crate::domain::drift;
use crate::domain::observed::Observed;
use crate::domain::parity::{ParityVerdict, pair_key};
use crate::domain::region::{PerRole, Role};
use crate::domain::stack::{StackId, StackState};

use super::board_rows::{Row, same_text};
use super::reading::{Cell, cell};
use super::state::{Mark, State};

/// More stacks than this are summed up in one row; those that are not well keep their own.
const MOST_STACK_ROWS: usize = 3;

/// The rows of the stacks.
pub(super) fn rows(model: &Model) -> Vec<Row<'static>> {
    let mut pairs = stack_pairs(model);
    mark_parity(model, &mut pairs);
    if pairs.len() <= MOST_STACK_ROWS {
        return pairs;
    }
    let sides = PerRole::from_fn(|role| Some(sum_of(&pairs, role)));
    let mut sum = Row::of("stacks", sides, same_text);
    sum.mark = with_parity(&sum, model.parity.verdict());
    let mut rows = vec![sum];
    rows.extend(pairs.into_iter().filter(|row| row.state() != State::Good));
    rows
}

fn sum_of(pairs: &[Row<'_>], role: Role) -> Cell {
    let cells = || pairs.iter().filter_map(|row| row.sides.get(role).as_ref());
    let count = |state| cells().filter(|side| side.cell.state == state).count();
    let worst = cells()
        .map(|side| side.cell.state)
        .max()
        .unwrap_or(State::Unknown);
    let words = [
        (State::Good, "settled"),
        (State::Bad, "failed"),
        (State::Warn, "not in order"),
        (State::Progress, "in progress"),
        (State::Unknown, "unknown"),
    ];
    let parts = words.into_iter().filter_map(|(state, word)| {
        let count = count(state);
        (count > 0).then(|| format!("{count} {word}"))
    });
    Cell::new(worst, parts.collect::<Vec<_>>().join(", "))
}

/// Stacks whose ids are the same but for the role stand in one row; so do two that are left alone.
fn stack_pairs(model: &Model) -> Vec<Row<'static>> {
    let mut pairs: Vec<(String, PerRole<Option<Cell>>)> = Vec::new();
    let mut places = HashMap::new();
    for spec in &model.env.stacks {
        let key = pair_key(&spec.id);
        let place = *places.entry(key.clone()).or_insert_with(|| {
            pairs.push((key, PerRole::default()));
            pairs.len() - 1
        });
        if let Some((_, sides)) = pairs.get_mut(place) {
            *sides.get_mut(spec.role) = Some(stack(model, spec.role, &spec.id));
        }
    }
    if let [(_, a), (_, b)] = pairs.as_mut_slice()
        && a.primary.is_some() != b.primary.is_some()
        && a.standby.is_some() != b.standby.is_some()
    {
        a.primary = a.primary.take().or_else(|| b.primary.take());
        a.standby = a.standby.take().or_else(|| b.standby.take());
        pairs.truncate(1);
    }
    let alone = pairs.len() == 1;
    pairs
        .into_iter()
        .map(|(key, sides)| {
            let label = if alone || key.is_empty() {
                "stack"
            } else {
                &key
            };
            Row::of(label, sides, same_text)
        })
        .collect()
}

/// Stacks in the same status are only alike if their templates, parameters and resources are.
fn mark_parity(model: &Model, rows: &mut [Row<'_>]) {
    let pairs = model.parity.pairs.iter();
    let by_key: HashMap<String, ParityVerdict> = pairs
        .map(|p| (pair_key(&p.stacks.primary), p.verdict()))
        .collect();
    for row in rows {
        let key = if row.label == "stack" { "" } else { &row.label };
        row.mark = with_parity(row, by_key.get(key).copied());
    }
}

/// Stacks that are absent or in progress on both sides have nothing to compare.
fn with_parity(row: &Row<'_>, parity: Option<ParityVerdict>) -> Mark {
    match (row.mark, parity) {
        (Mark::Same, Some(ParityVerdict::Differs)) => Mark::Differs,
        (Mark::Same, Some(ParityVerdict::Unknown)) if row.state() == State::Good => {
            Mark::CannotTell
        }
        (mark, _) => mark,
    }
}

fn stack(model: &Model, role: Role, id: &StackId) -> Cell {
    let untried = Observed::<StackState>::default();
    let seen = model
        .seen
        .regions
        .get(role)
        .stacks
        .get(id)
        .unwrap_or(&untried);
    cell(seen, model.now, limit::STACKS, |state| {
        let cell = Cell::new(State::from(state.phase()), state.label());
        let drifted = state
            .stack()
            .is_some_and(|stack| drift::reading(&model.seen, id, stack).is_drifted());
        match (drifted, cell.state) {
            (true, State::Good) => Cell::new(State::Warn, format!("{}, drifted", cell.text)),
            _ => cell,
        }
    })
}
