//! What the end of a step's call means for what is repeated, undone and written down.

use jiff::Timestamp;

use crate::app::effect::{Effect, Entry};
use crate::app::model::{Model, Weight};
use crate::app::msg::{StepDone, StepFailed};
use crate::app::run::{Arrival, Run};
use crate::domain::lever::LeverKind;
use crate::domain::plan::Action;
use crate::domain::records_lever::RecordsChange;

/// Whether AWS has the command of a step, or may have it.
pub(super) fn arrived(run: &mut Run, index: usize, result: &Result<StepDone, StepFailed>) {
    let action = run.plan().steps.get(index).map(|step| step.action.clone());
    let pulls = matches!(&action, Some(Action::Pull { lever, .. }) if *lever == LeverKind::Metric);
    let approves = matches!(&action, Some(Action::Approve { .. }));
    let lever = run.lever.as_mut().filter(|_| pulls);
    let told = lever.or_else(|| run.approval.as_mut().filter(|_| approves));
    let is_possible = result.as_ref().map_or_else(|e| e.in_doubt, |_| true);
    if let Some(told) = told.filter(|_| is_possible) {
        told.arrival = Arrival::Possible;
    }
}

/// What takes a move of the record sets back was written down before it: where none was made, there is nothing to take back.
pub(super) fn refused(
    run: &Run,
    index: usize,
    result: &Result<StepDone, StepFailed>,
    at: Timestamp,
) -> Option<Effect> {
    let Action::Pull {
        lever: LeverKind::Records,
        ..
    } = run.plan().steps.get(index)?.action
    else {
        return None;
    };
    let failed = result.as_ref().err()?;
    (!failed.in_doubt).then(|| Effect::Journal {
        operation: run.plan().id.clone(),
        entry: Entry::Undo {
            change: RecordsChange::NONE,
        },
        at,
    })
}

/// The outcome of a call that outlasted its operation: the end stays what it was, and this stands behind it.
pub(super) fn after_the_end(
    model: &mut Model,
    index: usize,
    result: &Result<StepDone, StepFailed>,
) -> Vec<Effect> {
    let at = model.now;
    let Some(run) = model.run.as_deref() else {
        return Vec::new();
    };
    let Some(step) = run.plan().steps.get(index) else {
        return Vec::new();
    };
    let (said, weight) = match result {
        Ok(done) => (done.note.as_deref().unwrap_or("done"), Weight::Warning),
        Err(failed) => (failed.why.as_str(), Weight::Bad),
    };
    let text = format!("{}, after the operation's end: {said}", step.title);
    let operation = run.plan().id.clone();
    model.note("you", text.clone(), weight);
    vec![Effect::Journal {
        operation,
        entry: Entry::Note { text },
        at,
    }]
}
