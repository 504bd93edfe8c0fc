//! Reads an operation without an end back from its entries.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::operation::StepState;
use crate::domain::plan::{Action, Plan};
use crate::domain::recovery::Milestones;
use crate::domain::unfinished::{RecordedStep, Unfinished};
use crate::journal::{Entry, Record};

/// The operation as far as it came; none if it has an end, or if its plan can't be read.
pub fn unfinished(records: &[Record]) -> Option<Unfinished> {
    if records
        .iter()
        .any(|r| matches!(r.entry, Entry::Closed { .. }))
    {
        return None;
    }
    course(records)
}

/// How far an operation came, whether or not it has an end; none if its plan can't be read.
pub(super) fn course(records: &[Record]) -> Option<Unfinished> {
    let (first, last) = (records.first()?, records.last()?);
    let Entry::Opened {
        plan,
        who,
        reason,
        drill,
        ..
    } = &first.entry
    else {
        return None;
    };
    let plan: Plan = serde_json::from_value(plan.clone()).ok()?;
    let mut found = Unfinished {
        steps: vec![RecordedStep::WAITING; plan.steps.len()],
        milestones: Milestones {
            confirmed: Some(first.at),
            ..Milestones::default()
        },
        plan,
        who: who.clone(),
        reason: reason.clone(),
        drill: *drill,
        begun: first.at,
        last: last.at,
        opening: None,
        orders: BTreeMap::new(),
        cancelled: false,
    };
    for record in records {
        found.take(record);
    }
    Some(found)
}

impl Unfinished {
    fn take(&mut self, record: &Record) {
        match &record.entry {
            Entry::Situation(opening) => {
                self.milestones.last_alive = opening.last_alive;
                self.milestones.first_failed = opening.first_failed;
                self.milestones.moved_before = opening.moved_before;
                self.opening = Some((**opening).clone());
            }
            Entry::Step {
                index, state, note, ..
            } => self.step(*index, *state, note.as_ref(), record.at),
            Entry::Order { index, order } => {
                self.orders.insert(*index, order.clone());
            }
            Entry::Cancelled { .. } => self.cancelled = true,
            Entry::Milestone { name, at } => self.milestones.reach(name, *at),
            Entry::Opened { .. }
            | Entry::Follows { .. }
            | Entry::Requests { .. }
            | Entry::Note { .. }
            | Entry::Undo { .. }
            | Entry::Accepted { .. }
            | Entry::Resumed { .. }
            | Entry::Closed { .. } => {}
        }
    }

    fn step(&mut self, index: usize, state: StepState, note: Option<&String>, at: Timestamp) {
        let Some(step) = self.steps.get_mut(index) else {
            return;
        };
        step.state = state;
        step.note = note.cloned();
        match state {
            StepState::Waiting => {}
            StepState::Running => {
                step.started.get_or_insert(at);
            }
            StepState::Done | StepState::Skipped | StepState::Failed => step.finished = Some(at),
        }
        let pulls = self
            .plan
            .steps
            .get(index)
            .is_some_and(|step| matches!(step.action, Action::Pull { .. }));
        if pulls && matches!(state, StepState::Done | StepState::Skipped) {
            self.milestones.pulled.get_or_insert(at);
        }
    }
}
