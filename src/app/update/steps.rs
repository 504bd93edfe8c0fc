//! Steps of the running operation: started, done, failed; and its end.

use crate::app::effect::{Effect, Entry, Order};
use crate::app::model::{Model, Weight};
use crate::app::msg::{StepDone, StepFailed};
use crate::app::run::{Finished, PulledLever, Run};
use crate::app::update::operate::run_of;
use crate::app::update::resume::{self, Again};
use crate::app::update::{cancel, orders, outcome, unseen, watch};
use crate::domain::operation::{OperationId, OperationKind, Outcome, StepState};
use crate::domain::plan::{Action, Plan};
use crate::domain::planning::left;

/// Starts every step that can begin, or ends the operation if none is left. After a failure nothing begins any more, and
/// the operation ends when what runs beside it has come to its own end.
pub(super) fn start_next(model: &mut Model) -> Vec<Effect> {
    let Some(run) = model.run.as_deref().filter(|run| run.is_running()) else {
        return Vec::new();
    };
    let states: Vec<StepState> = run.steps.iter().map(|step| step.state).collect();
    let is_running = states.contains(&StepState::Running);
    if run.cancelled {
        return if is_running {
            Vec::new()
        } else {
            cancel::end(model)
        };
    }
    let failed = run.steps.iter().find(|s| s.state == StepState::Failed);
    if let Some(failed) = failed {
        let why = failed.note.clone();
        return if is_running {
            Vec::new()
        } else if run.unseen {
            unseen::leave(model, why)
        } else {
            finish(model, Outcome::Failed, why)
        };
    }
    let ready = run.plan().ready(&states);
    if ready.is_empty() && !is_running {
        let left = left_open(model, run.plan());
        return finish(model, Outcome::Succeeded, left);
    }
    let mut effects = Vec::new();
    for index in ready {
        effects.extend(start(model, index));
    }
    effects
}

/// What a good end leaves to be done.
fn left_open(model: &Model, plan: &Plan) -> Option<String> {
    match plan.kind {
        OperationKind::Delete => left::after(&model.env, plan),
        OperationKind::Deploy
        | OperationKind::Repair
        | OperationKind::Failover
        | OperationKind::Failback => plan.stays_promoted.clone(),
    }
}

fn start(model: &mut Model, index: usize) -> Vec<Effect> {
    let now = model.now;
    let Some(run) = model.run.as_deref_mut().filter(|run| run.is_running()) else {
        return Vec::new();
    };
    let Some(action) = run.plan().steps.get(index).map(|s| s.action.clone()) else {
        return Vec::new();
    };
    let Some(slot) = run.steps.get_mut(index) else {
        return Vec::new();
    };
    slot.state = StepState::Running;
    slot.started = Some(now);
    let mut effects = vec![journal_step(run, index, now)];
    if is_wait(&action) {
        effects.extend(watch::watch(model));
        return effects;
    }
    let order = match resume::recorded(model, index) {
        Some(Again::Order(order)) => Ok(*order),
        Some(Again::Over(done)) => {
            effects.extend(over(model, index, done));
            return effects;
        }
        Some(Again::Not(why)) => Err(why),
        None => orders::order(model, &action),
    };
    match order {
        Ok(order) => {
            let operation = remember_lever(model, &order);
            effects.extend(undo(operation.as_ref(), &order, now));
            effects.extend(told(operation.as_ref(), index, &order, now));
            effects.extend(operation.map(|operation| Effect::Do {
                operation,
                index,
                order: Box::new(order),
            }));
        }
        Err(why) => effects.extend(fail_step(model, index, why)),
    }
    effects
}

/// Does the step that waited for a second confirmation once more.
pub(super) fn again(model: &mut Model, index: usize) -> Vec<Effect> {
    let Some(run) = model.run.as_deref() else {
        return Vec::new();
    };
    let Some(step) = run.plan().steps.get(index) else {
        return Vec::new();
    };
    let (operation, action) = (run.plan().id.clone(), step.action.clone());
    match orders::order(model, &action) {
        Ok(order) => vec![Effect::Do {
            operation,
            index,
            order: Box::new(order),
        }],
        Err(why) => fail_step(model, index, why),
    }
}

/// What takes a change of records back is written down before the change.
fn undo(operation: Option<&OperationId>, order: &Order, at: jiff::Timestamp) -> Option<Effect> {
    let Order::ChangeRecords { change, .. } = order else {
        return None;
    };
    let entry = Entry::Undo {
        change: change.clone(),
    };
    Some(Effect::Journal {
        operation: operation?.clone(),
        entry,
        at,
    })
}

/// What a lever is told is written down before it is told, so that it can be told the same again.
fn told(
    operation: Option<&OperationId>,
    index: usize,
    order: &Order,
    at: jiff::Timestamp,
) -> Option<Effect> {
    let order = match order {
        Order::Deploy(..) | Order::Delete(_) | Order::Repair { .. } => return None,
        Order::PutCommand(_)
        | Order::Approve(_)
        | Order::SetParameter { .. }
        | Order::SetThreshold { .. }
        | Order::ChangeRecords { .. } => Box::new(order.clone()),
    };
    Some(Effect::Journal {
        operation: operation?.clone(),
        entry: Entry::Order { index, order },
        at,
    })
}

/// A step that was done before the operation was cut off, though the journal does not say so.
fn over(model: &mut Model, index: usize, done: StepDone) -> Vec<Effect> {
    let Some(id) = model.run.as_ref().map(|run| run.plan().id.clone()) else {
        return Vec::new();
    };
    step_done(model, &id, index, Ok(done))
}

const fn is_wait(action: &Action) -> bool {
    match action {
        Action::AwaitAlarm { .. }
        | Action::AwaitDns { .. }
        | Action::AwaitHealthy { .. }
        | Action::AwaitPromotion { .. } => true,
        Action::DeployStack { .. }
        | Action::DeleteStack { .. }
        | Action::RepairStack { .. }
        | Action::Pull { .. }
        | Action::Approve { .. } => false,
    }
}

/// Keeps the metric lever's number, which is repeated until it is echoed. Returns the operation's id.
fn remember_lever(model: &mut Model, order: &Order) -> Option<OperationId> {
    let now = model.now;
    let run = model.run.as_deref_mut()?;
    if let Order::PutCommand(datum) = order {
        run.lever = Some(PulledLever::told(datum.number, now));
    }
    if let Order::Approve(approval) = order {
        run.approval = Some(PulledLever::told(approval.number, now));
    }
    Some(run.plan().id.clone())
}

pub(super) fn journal_step(run: &Run, index: usize, at: jiff::Timestamp) -> Effect {
    let title = run
        .plan()
        .steps
        .get(index)
        .map(|s| s.title.clone())
        .unwrap_or_default();
    let (state, note) = run
        .steps
        .get(index)
        .map_or((StepState::Waiting, None), |step| {
            (step.state, step.note.clone())
        });
    Effect::Journal {
        operation: run.plan().id.clone(),
        entry: Entry::Step {
            index,
            title,
            state,
            note,
        },
        at,
    }
}

pub(super) fn step_done(
    model: &mut Model,
    operation: &OperationId,
    index: usize,
    result: Result<StepDone, StepFailed>,
) -> Vec<Effect> {
    let now = model.now;
    let Some(run) = run_of(model, operation) else {
        return Vec::new();
    };
    outcome::arrived(run, index, &result);
    let refused = outcome::refused(run, index, &result, now);
    if !run.is_running() {
        let mut effects = outcome::after_the_end(model, index, &result);
        effects.extend(refused);
        return effects;
    }
    let Some(slot) = run
        .steps
        .get_mut(index)
        .filter(|slot| slot.state == StepState::Running)
    else {
        return Vec::new();
    };
    match result {
        Ok(done) => {
            slot.state = if done.skipped {
                StepState::Skipped
            } else {
                StepState::Done
            };
            slot.finished = Some(now);
            slot.note = done.note;
            let pulled = matches!(
                run.plan().steps.get(index).map(|s| &s.action),
                Some(Action::Pull { .. })
            );
            if pulled {
                run.milestones.pulled.get_or_insert(now);
            }
            let mut effects = vec![journal_step(run, index, now)];
            effects.extend(start_next(model));
            effects
        }
        Err(failed) => {
            let mut effects: Vec<Effect> = refused.into_iter().collect();
            effects.extend(fail_step(model, index, failed.why));
            effects
        }
    }
}

pub(super) fn fail_step(model: &mut Model, index: usize, why: String) -> Vec<Effect> {
    let now = model.now;
    let Some(run) = model.run.as_deref_mut() else {
        return Vec::new();
    };
    if let Some(slot) = run.steps.get_mut(index) {
        slot.state = StepState::Failed;
        slot.finished = Some(now);
        slot.note = Some(why);
    }
    let entry = journal_step(run, index, now);
    if run.plan().kind.moves_traffic() {
        model.next_lever = watch::lever_after(model);
    }
    let mut effects = vec![entry];
    effects.extend(start_next(model));
    effects
}

/// Ends the operation.
pub(super) fn finish(model: &mut Model, outcome: Outcome, reason: Option<String>) -> Vec<Effect> {
    let now = model.now;
    let serving = model.facts.serving;
    let Some(run) = model.run.as_deref_mut().filter(|run| run.is_running()) else {
        return Vec::new();
    };
    let kind = run.plan().kind;
    if outcome == Outcome::Succeeded && kind.moves_traffic() {
        run.milestones.settled.get_or_insert(now);
    }
    // what was being waited for has not come
    for step in run
        .steps
        .iter_mut()
        .filter(|step| step.state == StepState::Running)
    {
        step.state = StepState::Failed;
        step.finished = Some(now);
    }
    run.pause = None;
    run.finished = Some(Finished {
        at: now,
        outcome,
        reason: reason.clone(),
    });
    let rto_seconds = run.rto_seconds(now);
    let exposure = run.exposure.as_ref().map(|e| e.seconds);
    let operation = run.plan().id.clone();
    let is_whole = run.plan().stays_promoted.is_none();
    let text = format!("{} {}", kind.title(), describe(outcome, reason.as_deref()));
    let entry = Entry::Closed {
        outcome,
        reason,
        serving,
        rto_seconds,
        rpo_seconds: exposure,
    };
    model.note(
        "you",
        text,
        match (outcome, is_whole) {
            (Outcome::Succeeded, true) => Weight::Good,
            (Outcome::Succeeded, false) => Weight::Warning,
            _ => Weight::Bad,
        },
    );
    let mut effects = vec![
        Effect::Journal {
            operation: operation.clone(),
            entry,
            at: now,
        },
        Effect::StopWaiting(operation),
        Effect::Refresh,
    ];
    if let (Outcome::Succeeded, OperationKind::Failover, Some(seconds)) =
        (outcome, kind, rto_seconds)
    {
        effects.push(Effect::PublishRto { seconds });
    }
    model.conclude();
    effects
}

fn describe(outcome: Outcome, reason: Option<&str>) -> String {
    let word = match outcome {
        Outcome::Succeeded => "done",
        Outcome::Failed => "failed",
        Outcome::Refused => "refused",
        Outcome::NotConfirmed => "not confirmed",
        Outcome::TimedOut => "not confirmed in time",
        Outcome::Abandoned => "left",
        Outcome::Cancelled => "cancelled",
    };
    reason.map_or_else(|| word.to_owned(), |reason| format!("{word}: {reason}"))
}
