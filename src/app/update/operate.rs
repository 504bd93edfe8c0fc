//! Operations from the question to the last step.

use crate::app::dialog::{Confirm, Dialog};
use crate::app::effect::{Effect, Entry, Pace};
use crate::app::model::{Model, Page, Weight};
use crate::app::msg::{Ask, News};
use crate::app::run::{LiveEvent, MOST_EVENTS, Run};
use crate::app::update::observe::lever_of;
use crate::app::update::steps::{finish, start_next};
use crate::app::update::{cancel, forecast, inspect, orders, pause, resume, second};
use crate::domain::exposure::{last_answer, silent_since};
use crate::domain::guard::{GuardResult, drill_window};
use crate::domain::lever::{Command, LeverKind};
use crate::domain::observation::Serving;
use crate::domain::operation::{OperationId, OperationKind, Outcome, StepState};
use crate::domain::plan::{Confirmed, Consent, NotConfirmed, Plan};
use crate::domain::planning::{self, Basis, CannotPlan};
use crate::domain::recovery::Milestones;
use crate::domain::region::Role;
use crate::domain::repair::Wish;
use crate::domain::stack::StackEvent;
use crate::domain::unfinished::Choice;

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
    if !may_start(model) || resume::stands_before(model, ask.kind) {
        return Vec::new();
    }
    for (name, value) in &ask.parameters {
        model.env.given.insert(name, value);
    }
    match make_plan(model, ask) {
        Ok(plan) => {
            model.dialog = Some(Dialog::Confirm(Box::new(Confirm::new(plan))));
            let mut effects = vec![Effect::Refresh];
            effects.extend(forecast::ask(model));
            effects.extend(inspect::ask(model));
            effects
        }
        // what was not read lately is read now, so that the same key finds it there
        Err(error @ (CannotPlan::BeingRead { .. } | CannotPlan::NotRead { .. })) => {
            model.say(error.to_string(), Weight::Bad);
            vec![Effect::Refresh]
        }
        Err(error) => {
            model.say(error.to_string(), Weight::Bad);
            Vec::new()
        }
    }
}

/// Whoever looks at a plan to move traffic should know whether the metric lever may be written to. Never tried
/// read-only; a headless command proves it by pulling.
pub(super) fn probe_lever(model: &Model) -> Option<Effect> {
    let Some(Dialog::Confirm(confirm)) = &model.dialog else {
        return None;
    };
    if model.env.read_only || !confirm.plan.kind.moves_traffic() {
        return None;
    }
    orders::metric(model, Command::Release, Some(0)).map(Effect::ProbeLever)
}

/// What every plan starts from.
pub(super) const fn basis(model: &Model) -> Basis<'_> {
    Basis {
        env: &model.env,
        seen: &model.seen,
        facts: &model.facts,
        now: model.now,
    }
}

pub(super) fn make_plan(model: &Model, ask: &Ask) -> Result<Plan, CannotPlan> {
    let basis = basis(model);
    let id = OperationId::new(ask.kind, model.now, ask.salt);
    let mut plan = match ask.kind {
        OperationKind::Deploy => planning::stacks::deploy(&basis, id)?,
        OperationKind::Delete => planning::stacks::delete(&basis, id)?,
        OperationKind::Repair => {
            let mildest = Wish::default();
            let wish = ask.repair.as_ref().unwrap_or(&mildest);
            planning::repair::repair(&basis, id, wish)?
        }
        OperationKind::Failover => planning::traffic::failover(
            &basis,
            id,
            ask.lever.unwrap_or_else(|| model.default_lever()),
        )?,
        OperationKind::Failback => {
            let levers = ask.lever.map_or_else(|| model.way_back(), |l| vec![l]);
            planning::traffic::failback(&basis, id, &levers, model.undo.as_ref())?
        }
    };
    if ask.kind.moves_traffic() {
        plan.drill = ask.kind == OperationKind::Failback && model.is_drilling();
        plan.guards = guards_of(model, &plan);
    }
    Ok(plan)
}

/// The guards of a plan that moves traffic.
fn guards_of(model: &Model, plan: &Plan) -> Vec<GuardResult> {
    let mut guards = model.guards(plan.kind, &plan.levers());
    if plan.drill {
        guards.push(drill_window(&model.env, plan.kind, model.now));
    }
    guards
}

/// Labels the move under review. What was cut off keeps the label with which it began.
pub(super) fn label(model: &mut Model, drill: bool) -> Vec<Effect> {
    let Some(Dialog::Confirm(confirm)) = &model.dialog else {
        return Vec::new();
    };
    if !confirm.plan.kind.moves_traffic() || confirm.resumes.is_some() {
        return Vec::new();
    }
    let mut plan = confirm.plan.clone();
    plan.drill = drill;
    plan.guards = guards_of(model, &plan);
    if let Some(Dialog::Confirm(confirm)) = &mut model.dialog {
        confirm.plan = plan;
    }
    Vec::new()
}

/// Plans again with the next lever of the bundle; what was typed so far stays.
pub(super) fn other_lever(model: &mut Model) -> Vec<Effect> {
    let Some(Dialog::Confirm(confirm)) = &model.dialog else {
        return Vec::new();
    };
    if !confirm.plan.kind.moves_traffic() || confirm.resumes.is_some() {
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
        repair: None,
        salt: 0,
    };
    match make_plan(model, &again) {
        Ok(mut plan) => {
            if let Some(Dialog::Confirm(confirm)) = &mut model.dialog {
                plan.id = confirm.plan.id.clone();
                plan.drill = confirm.plan.drill;
                confirm.plan = plan;
            }
            if let Some(Dialog::Confirm(confirm)) = &model.dialog {
                return label(model, confirm.plan.drill);
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
    if confirm.cancels {
        return cancel::consent(model, plan, consent);
    }
    if let Some(index) = confirm.asked_by {
        return second::consent(model, (index, plan), consent);
    }
    let resumes = confirm.resumes.clone();
    match guards_now(model, confirm) {
        Ok(guards) => plan.guards = guards,
        Err(why) => {
            // what is too old to tell is read again; nothing is begun on it
            if let Some(Dialog::Confirm(confirm)) = &mut model.dialog {
                confirm.error = Some(why);
            }
            return vec![Effect::Refresh];
        }
    }
    match Confirmed::confirm(plan.clone(), consent, model.now) {
        Ok(confirmed) => match resumes {
            Some(resumes) => resume::begin(model, confirmed, *resumes),
            None => begin(model, confirmed),
        },
        Err(why) => {
            let text = why.to_string();
            if let Some(Dialog::Confirm(confirm)) = &mut model.dialog {
                confirm.plan.guards.clone_from(&plan.guards);
                confirm.error = Some(text.clone());
            }
            let outcome = match why {
                NotConfirmed::NotReady => return Vec::new(),
                NotConfirmed::Refused(_) => Outcome::Refused,
                NotConfirmed::WrongName { .. } | NotConfirmed::NoReason { .. } => {
                    Outcome::NotConfirmed
                }
            };
            vec![Effect::Refused {
                plan: Box::new(plan),
                outcome,
                why: text,
                serving: model.facts.serving,
                at: model.now,
            }]
        }
    }
}

/// The guards of this moment for the plan under review, or why they can't be judged.
pub(super) fn guards_now(model: &Model, confirm: &Confirm) -> Result<Vec<GuardResult>, String> {
    let plan = &confirm.plan;
    match &confirm.resumes {
        Some(resumes) if resumes.choice == Choice::GiveUp => Ok(plan.guards.clone()),
        Some(resumes) => resume::guards(model, &resumes.unfinished),
        None if confirm.cancels || confirm.asked_by.is_some() => Ok(plan.guards.clone()),
        None if plan.kind.moves_traffic() => Ok(guards_of(model, plan)),
        None => {
            let wish = plan.steps.iter().find_map(resume::wish);
            planning::standing::guards_now(&basis(model), plan, wish.as_ref())
                .map_err(|why| why.to_string())
        }
    }
}

fn begin(model: &mut Model, confirmed: Confirmed<Plan>) -> Vec<Effect> {
    let facts = &model.facts;
    let plan = confirmed.plan();
    let left = match plan.kind {
        OperationKind::Failback => Role::Standby,
        OperationKind::Failover
        | OperationKind::Deploy
        | OperationKind::Delete
        | OperationKind::Repair => Role::Primary,
    };
    let first_failed = match left {
        Role::Primary => facts.dark_since,
        Role::Standby => silent_since(&model.seen, left),
    };
    let milestones = Milestones {
        last_alive: first_failed.and_then(|_| last_answer(&model.seen, left)),
        first_failed,
        moved_before: plan
            .destination()
            .is_some_and(|to| facts.serving == Serving::of(to)),
        confirmed: Some(confirmed.at()),
        ..Milestones::default()
    };
    let exposure = if plan.kind == OperationKind::Failover {
        facts.exposure.clone()
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
pub(super) fn run_of<'a>(model: &'a mut Model, operation: &OperationId) -> Option<&'a mut Run> {
    model
        .run
        .as_deref_mut()
        .filter(|run| run.plan().id == *operation)
}

/// The journal is open, or is not: moving traffic goes on without it, loudly; deploy and delete do not. A disk that
/// was waited for in vain may answer after all.
pub(super) fn opened(
    model: &mut Model,
    operation: &OperationId,
    journal: Result<String, String>,
) -> Vec<Effect> {
    let Some(run) = run_of(model, operation) else {
        return Vec::new();
    };
    run.journal.clone_from(&journal);
    if has_begun(run) {
        if let Ok(path) = journal {
            model.note(
                "journal",
                format!("is written after all: {path}"),
                Weight::Good,
            );
        }
        return Vec::new();
    }
    // what was cut off is continued only by whoever holds its journal
    let goes_on = run.plan().kind.moves_traffic() && run.resumed.is_none();
    if let Err(why) = journal {
        model.note("journal", format!("cannot be written: {why}"), Weight::Bad);
        if !goes_on {
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

/// Whether there was a word about the journal before: steps have begun, or nothing will.
fn has_begun(run: &Run) -> bool {
    let is_new = run.resumed.is_none();
    let started = run.steps.iter().any(|s| s.state != StepState::Waiting);
    run.finished.is_some() || (is_new && started)
}

/// Whether a failure is the first, or the cause of a first one that only spoke of a stack below.
fn says_more(event: &StackEvent, known: Option<&LiveEvent>) -> bool {
    known.is_none_or(|known| known.event.is_vague() && !event.is_vague())
}

pub(super) fn progress(model: &mut Model, operation: &OperationId, news: News) -> Vec<Effect> {
    let Some(run) = run_of(model, operation) else {
        return Vec::new();
    };
    match news {
        News::Events(events) => {
            for live in events {
                if live.event.status.is_failed()
                    && !run.cancelled
                    && !live.event.is_of_the_stack()
                    && says_more(&live.event, run.first_failure.as_ref())
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
        News::Requests(index, requests) => {
            let index = Some(index).filter(|index| *index < run.steps.len());
            return vec![Effect::Journal {
                operation: operation.clone(),
                entry: Entry::Requests { index, requests },
                at: model.now,
            }];
        }
        News::Note(text) => model.note("aws", text, Weight::Plain),
        News::Paused { what, why } => return pause::news(model, what, why),
    }
    Vec::new()
}
