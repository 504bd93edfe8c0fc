//! A step whose end nobody saw, because its region did not answer: the operation ends here, and not in the journal, so
//! that it is offered for continuation.

use crate::app::effect::{Effect, Entry};
use crate::app::model::{Model, Weight};
use crate::app::run::Finished;
use crate::app::update::operate::run_of;
use crate::app::update::steps::{fail_step, start_next};
use crate::domain::operation::{OperationId, Outcome, StepState};

/// The journal goes on saying that the step runs, which is all that is known of it.
pub(super) fn step(
    model: &mut Model,
    operation: &OperationId,
    index: usize,
    why: String,
) -> Vec<Effect> {
    let now = model.now;
    let Some(run) = run_of(model, operation).filter(|run| run.is_running()) else {
        return Vec::new();
    };
    if run.plan().kind.moves_traffic() {
        // the traffic has other levers, and is not continued an hour later
        return fail_step(model, index, why);
    }
    let running = |slot: &&mut crate::app::run::StepRun| slot.state == StepState::Running;
    let Some(slot) = run.steps.get_mut(index).filter(running) else {
        return Vec::new();
    };
    slot.state = StepState::Failed;
    slot.finished = Some(now);
    slot.note = Some(why.clone());
    run.unseen = true;
    let mut effects = vec![Effect::Journal {
        operation: operation.clone(),
        entry: Entry::Note { text: why },
        at: now,
    }];
    effects.extend(start_next(model));
    effects
}

/// Nothing of it is watched any more.
pub(super) fn leave(model: &mut Model, why: Option<String>) -> Vec<Effect> {
    let now = model.now;
    let Some(run) = model.run.as_deref_mut().filter(|run| run.is_running()) else {
        return Vec::new();
    };
    let why = why.unwrap_or_default();
    let reason = format!("{why}; it has no end yet: continue it (--resume) or give it up");
    run.pause = None;
    run.finished = Some(Finished {
        at: now,
        outcome: Outcome::TimedOut,
        reason: Some(reason.clone()),
    });
    let plan = run.plan();
    let (operation, title) = (plan.id.clone(), plan.kind.title());
    model.note("you", format!("{title} left open: {reason}"), Weight::Bad);
    model.conclude();
    vec![Effect::LeaveOpen(operation), Effect::Refresh]
}
