//! Operations from the question to the last step.

use crate::app::dialog::{Confirm, Dialog};
use crate::app::effect::{Effect, Entry, Order, Pace};
use crate::app::model::{Model, Page, Weight};
use crate::app::msg::{Ask, News, StepDone};
use crate::app::run::{Finished, MOST_EVENTS, PulledLever, Run};
use crate::app::update::observe::lever_of;
use crate::app::update::{orders, watch};
use crate::domain::lever::LeverKind;
use crate::domain::observation::Serving;
use crate::domain::operation::{OperationId, OperationKind, Outcome, StepState};
use crate::domain::plan::{Action, Confirmed, Consent, NotConfirmed, Plan};
use crate::domain::planning::{self, Basis, CannotPlan};
use crate::domain::recovery::Milestones;

/// Whether an operation may be asked for at all; says why not.
pub(super) fn may_start(model: &mut Model) -> bool {
    if let Some(run) = model.run.as_ref().filter(|run| run.is_running()) {
        let text = format!("{} is running; one operation at a time", run.plan().id);
        model.say(text, Weight::Warning);
        return false;
    }
    true
}

/// Makes the plan and opens its confirmation.
pub(super) fn ask(model: &mut Model, ask: &Ask) -> Vec<Effect> {
    if !may_start(model) {
        return Vec::new();
    }
    for (name, value) in &ask.parameters {
        model.env.given.insert(name, value);
        model.env.defaulted.remove(name);
    }
    match make_plan(model, ask) {
        Ok(plan) => {
            model.dialog = Some(Dialog::Confirm(Box::new(Confirm::new(plan))));
            vec![Effect::Refresh]
        }
        Err(error) => {
            model.say(error.to_string(), Weight::Bad);
            Vec::new()
        }
    }
}

fn make_plan(model: &Model, ask: &Ask) -> Result<Plan, CannotPlan> {
    let basis = Basis {
        env: &model.env,
        seen: &model.seen,
        facts: &model.facts,
        now: model.now,
    };
    let id = OperationId::new(ask.kind, model.now, ask.salt);
    let mut plan = match ask.kind {
        OperationKind::Deploy => planning::deploy(&basis, id)?,
        OperationKind::Delete => planning::delete(&basis, id)?,
        OperationKind::Failover => planning::failover(
            &basis,
            id,
            ask.lever.unwrap_or_else(|| model.default_lever()),
        )?,
        OperationKind::Failback => planning::failback(&basis, id, ask.lever)?,
    };
    if ask.kind.moves_traffic() {
        plan.guards = model.guards(ask.kind, lever_of(&plan));
    }
    Ok(plan)
}

/// Plans again with the next lever of the bundle; what was typed so far stays.
pub(super) fn other_lever(model: &mut Model) -> Vec<Effect> {
    let Some(Dialog::Confirm(confirm)) = &model.dialog else {
        return Vec::new();
    };
    if !confirm.plan.kind.moves_traffic() {
        return Vec::new();
    }
    let levers: Vec<LeverKind> = model
        .env
        .traffic
        .iter()
        .flat_map(|t| &t.levers)
        .map(crate::domain::lever::LeverSpec::kind)
        .collect();
    let here = levers
        .iter()
        .position(|l| *l == lever_of(&confirm.plan))
        .unwrap_or_default();
    let next = levers.get((here + 1) % levers.len().max(1)).copied();
    let again = Ask {
        kind: confirm.plan.kind,
        lever: next,
        parameters: std::collections::BTreeMap::new(),
        salt: 0,
    };
    match make_plan(model, &again) {
        Ok(mut plan) => {
            if let Some(Dialog::Confirm(confirm)) = &mut model.dialog {
                plan.id = confirm.plan.id.clone();
                confirm.plan = plan;
            }
        }
        Err(error) => model.say(error.to_string(), Weight::Bad),
    }
    Vec::new()
}

/// Confirms the plan under review, if the consent and the guards of this moment allow it.
pub(super) fn consent(model: &mut Model, consent: &Consent) -> Vec<Effect> {
    let Some(Dialog::Confirm(confirm)) = &model.dialog else {
        return Vec::new();
    };
    let mut plan = confirm.plan.clone();
    if plan.kind.moves_traffic() {
        plan.guards = model.guards(plan.kind, lever_of(&plan));
    }
    match Confirmed::confirm(plan.clone(), consent, model.now) {
        Ok(confirmed) => begin(model, confirmed),
        Err(why) => {
            let text = why.to_string();
            if let Some(Dialog::Confirm(confirm)) = &mut model.dialog {
                confirm.plan.guards.clone_from(&plan.guards);
                confirm.error = Some(text.clone());
            }
            let outcome = match why {
                NotConfirmed::Refused(_) => Outcome::Refused,
                NotConfirmed::WrongName { .. } | NotConfirmed::NoReason { .. } => {
                    Outcome::NotConfirmed
                }
            };
            vec![Effect::Refused {
                plan: Box::new(plan),
                outcome,
                why: text,
                at: model.now,
            }]
        }
    }
}

fn begin(model: &mut Model, confirmed: Confirmed<Plan>) -> Vec<Effect> {
    let facts = &model.facts;
    let plan = confirmed.plan();
    let milestones = Milestones {
        first_failed: facts.dark_since,
        moved_before: plan.kind == OperationKind::Failover && facts.serving == Serving::Standby,
        confirmed: Some(confirmed.at()),
        ..Milestones::default()
    };
    let exposure = if plan.kind == OperationKind::Failover {
        facts.exposure
    } else {
        None
    };
    let title = format!("{} {} confirmed", plan.kind.title(), plan.environment);
    model.page = if plan.kind.moves_traffic() {
        Page::Board
    } else {
        Page::Stacks
    };
    let open = Effect::Open(Box::new(confirmed.clone()));
    model.run = Some(Box::new(Run::new(confirmed, exposure, milestones)));
    model.dialog = None;
    model.next_lever = None;
    model.pace = Pace::Operation;
    model.note("you", title, Weight::Plain);
    vec![open, Effect::Pace(Pace::Operation)]
}

/// The running operation, if the message is about it.
fn run_of<'a>(model: &'a mut Model, operation: &OperationId) -> Option<&'a mut Run> {
    model
        .run
        .as_deref_mut()
        .filter(|run| run.plan().id == *operation)
}

/// The journal is open, or is not: moving traffic goes on without it, loudly; deploy and delete do not.
pub(super) fn opened(
    model: &mut Model,
    operation: &OperationId,
    journal: Result<String, String>,
) -> Vec<Effect> {
    let Some(run) = run_of(model, operation) else {
        return Vec::new();
    };
    run.journal.clone_from(&journal);
    let moves = run.plan().kind.moves_traffic();
    if let Err(why) = journal {
        model.note("journal", format!("cannot be written: {why}"), Weight::Bad);
        if !moves {
            return finish(
                model,
                Outcome::Failed,
                Some(format!(
                    "nothing was changed: the journal cannot be written ({why})"
                )),
            );
        }
    }
    start_next(model)
}

pub(super) fn progress(model: &mut Model, operation: &OperationId, news: News) -> Vec<Effect> {
    let Some(run) = run_of(model, operation) else {
        return Vec::new();
    };
    match news {
        News::Events(events) => {
            for live in events {
                if live.event.status.is_failed()
                    && run.first_failure.is_none()
                    && !live.event.is_of_the_stack()
                {
                    run.first_failure = Some(live.clone());
                }
                run.events.push(live);
            }
            let excess = run.events.len().saturating_sub(MOST_EVENTS);
            run.events.drain(..excess);
        }
        News::Stack(id, progress) => {
            run.progress.insert(id, progress);
        }
        News::Note(text) => model.note("aws", text, Weight::Plain),
    }
    Vec::new()
}

/// Starts the first step that waits, or ends the operation if none does.
pub(super) fn start_next(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let Some(run) = model.run.as_deref_mut().filter(|run| run.is_running()) else {
        return Vec::new();
    };
    let Some((index, step)) = run.current().map(|(index, step)| (index, step.clone())) else {
        return finish(model, Outcome::Succeeded, None);
    };
    let Some(slot) = run.steps.get_mut(index) else {
        return Vec::new();
    };
    slot.state = StepState::Running;
    slot.started = Some(now);
    let mut effects = vec![journal_step(run, index, now)];
    if is_wait(&step.action) {
        effects.extend(watch::watch(model));
        return effects;
    }
    match orders::order(model, &step.action) {
        Ok(order) => {
            let operation = remember_lever(model, &order);
            effects.extend(undo(operation.as_ref(), &order, now));
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

/// What takes a change of records back is written down before the change.
fn undo(operation: Option<&OperationId>, order: &Order, at: jiff::Timestamp) -> Option<Effect> {
    let Order::ChangeRecords { before, .. } = order else {
        return None;
    };
    let entry = Entry::Undo {
        records: before.clone(),
    };
    Some(Effect::Journal {
        operation: operation?.clone(),
        entry,
        at,
    })
}

const fn is_wait(action: &Action) -> bool {
    match action {
        Action::AwaitAlarm { .. } | Action::AwaitDns { .. } | Action::AwaitHealthy { .. } => true,
        Action::DeployStack { .. } | Action::DeleteStack { .. } | Action::Pull { .. } => false,
    }
}

/// Keeps the metric lever's number, which is repeated until it is echoed. Returns the operation's id.
fn remember_lever(model: &mut Model, order: &Order) -> Option<OperationId> {
    let now = model.now;
    let run = model.run.as_deref_mut()?;
    if let Order::PutCommand { number, .. } = order {
        run.lever = Some(PulledLever {
            number: *number,
            last_sent: now,
            echoed: false,
        });
    }
    Some(run.plan().id.clone())
}

fn journal_step(run: &Run, index: usize, at: jiff::Timestamp) -> Effect {
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
    result: Result<StepDone, String>,
) -> Vec<Effect> {
    let now = model.now;
    let Some(run) = run_of(model, operation).filter(|run| run.is_running()) else {
        return Vec::new();
    };
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
        Err(why) => fail_step(model, index, why),
    }
}

fn fail_step(model: &mut Model, index: usize, why: String) -> Vec<Effect> {
    let now = model.now;
    let Some(run) = model.run.as_deref_mut() else {
        return Vec::new();
    };
    if let Some(slot) = run.steps.get_mut(index) {
        slot.state = StepState::Failed;
        slot.finished = Some(now);
        slot.note = Some(why.clone());
    }
    let entry = journal_step(run, index, now);
    if run.plan().kind.moves_traffic() {
        model.next_lever = watch::lever_after(model);
    }
    let mut effects = vec![entry];
    effects.extend(finish(model, Outcome::Failed, Some(why)));
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
    run.finished = Some(Finished {
        at: now,
        outcome,
        reason: reason.clone(),
    });
    let rto_seconds = run.rto_seconds(now);
    let exposure = run.exposure.map(|e| e.seconds);
    let operation = run.plan().id.clone();
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
        if outcome == Outcome::Succeeded {
            Weight::Good
        } else {
            Weight::Bad
        },
    );
    let mut effects = vec![
        Effect::Journal {
            operation,
            entry,
            at: now,
        },
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
    };
    reason.map_or_else(|| word.to_owned(), |reason| format!("{word}: {reason}"))
}
