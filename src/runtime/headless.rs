//! Drives the machine without a terminal: one observation, or one operation to its end.

use std::time::Duration;

use crate::app::dialog::Dialog;
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::msg::{Ask, Msg};
use crate::domain::guard::GuardId;
use crate::domain::observed::age;
use crate::domain::operation::{OperationId, OperationKind, OperationResult, Outcome};
use crate::domain::plan::{Consent, Plan};
use crate::domain::region::Role;
use crate::domain::stack::{Phase, StackId, StackState};
use crate::domain::unfinished::Choice;
use crate::runtime::core::Core;

/// What one observation may take; what is missing by then is unknown (DESIGN §5).
pub const LOOK: Duration = Duration::from_secs(8);
/// What the change sets of a review may take.
const PREVIEW: Duration = Duration::from_mins(3);
/// How long a command waits for a new login where nothing else was said.
const PAUSE: Duration = Duration::from_hours(2);
/// The console's clock moves in steps of this length.
const TICK: Duration = Duration::from_secs(1);

/// How an operation that was asked for went.
#[derive(Clone, Debug, PartialEq)]
pub enum Went {
    /// It ran to an end of some kind.
    Ended(Box<OperationResult>),
    /// No plan could be made.
    NoPlan(String),
    /// The plan was not confirmed: a guard refused, or the name or reason did not fit.
    NotConfirmed { plan: Box<Plan>, why: String },
}

/// Observes until everything was seen once (a reading that failed counts) or the time is over.
pub async fn look(core: &mut Core, limit: Duration) {
    let began = core.clock().now();
    while age(began, core.clock().now()) < limit && !is_complete(&core.model) {
        step(core, &mut |_| {}).await;
    }
    core.tick();
}

/// Whether every source has answered or failed. Sources that can't be asked yet (their names come from a stack
/// that was not read) count as done once the stacks were tried.
fn is_complete(model: &Model) -> bool {
    let seen = &model.seen;
    let regions = Role::BOTH.into_iter().all(|role| {
        let region = seen.regions.get(role);
        let stacks_tried = model
            .env
            .stacks_of(role)
            .all(|s| region.stacks.get(&s.id).is_some_and(|o| !o.is_untried()));
        let there = region.stacks.values().any(|o| {
            o.last()
                .is_some_and(|s| matches!(s, StackState::Present(_)))
        });
        stacks_tried
            && templates_tried(model, role)
            && (!there || !region.alarms.is_untried())
            && (!there || !region.signals.is_untried())
    });
    if !regions || seen.identity.is_untried() {
        return false;
    }
    let Some(traffic) = &model.env.traffic else {
        return true;
    };
    let bindings = model.env.bindings(seen);
    let ready = |text: &crate::domain::placeholder::Placeholder| text.resolve(&bindings).is_ok();
    let endpoints = Role::BOTH.into_iter().all(|role| {
        !ready(traffic.endpoints.get(role)) || !seen.regions.get(role).endpoint.is_untried()
    });
    let dns = !ready(&traffic.marker)
        || (!seen.traffic.marker.is_untried() && !seen.traffic.records.is_untried());
    let checkers = crate::runtime::known::endpoint_checks(model)
        .iter()
        .all(|id| {
            seen.traffic
                .checkers
                .get(id)
                .is_some_and(|c| !c.is_untried())
        });
    let lever = !ready_lever(model, &bindings) || !seen.traffic.lever.is_untried();
    let promotion = !ready_promotion(model, &bindings) || !seen.traffic.promotion.is_untried();
    endpoints && dns && checkers && lever && promotion && !seen.traffic.checks.is_untried()
}

/// Whether the template of every stack that stands was asked for.
fn templates_tried(model: &Model, role: Role) -> bool {
    let region = model.seen.regions.get(role);
    let stands = |state: &StackState| {
        !matches!(
            state.phase(),
            Phase::Absent | Phase::InProgress | Phase::Review
        )
    };
    let mut stacks = region.stacks.iter();
    stacks.all(|(id, seen)| {
        !seen.last().is_some_and(stands)
            || seen.failure().is_some()
            || region.templates.get(id).is_some_and(|t| !t.is_untried())
    })
}

fn ready_lever(model: &Model, bindings: &crate::domain::placeholder::Bindings) -> bool {
    use crate::domain::lever::{LeverKind, LeverSpec};
    let lever = model
        .env
        .traffic
        .as_ref()
        .and_then(|t| t.lever(LeverKind::Metric));
    matches!(lever, Some(LeverSpec::Metric { alarm, .. }) if alarm.resolve(bindings).is_ok())
}

fn ready_promotion(model: &Model, bindings: &crate::domain::placeholder::Bindings) -> bool {
    let traffic = model.env.traffic.as_ref();
    let spec = traffic.and_then(|t| t.promotion.as_ref());
    spec.is_some_and(|spec| {
        spec.dimensions
            .values()
            .all(|d| d.resolve(bindings).is_ok())
    })
}

/// One message, or one tick if none comes.
pub(super) async fn step(core: &mut Core, watch: &mut dyn FnMut(&Model)) {
    let clock = core.clock().clone();
    let msg = tokio::select! {
        biased;
        msg = core.next() => msg,
        () = clock.sleep(TICK) => Msg::Tick(clock.now()),
    };
    leave_no_effect(core.take(msg));
    watch(&core.model);
}

fn leave_no_effect(effects: Vec<Effect>) {
    for effect in effects {
        tracing::debug!(?effect, "not for a headless run");
    }
}

/// Has CloudFormation look at stacks, and follows it until all are told or the time is over.
pub async fn detect_drift(core: &mut Core, stacks: &[StackId], limit: Duration) {
    for id in stacks {
        leave_no_effect(core.take(Msg::DetectDrift(id.clone())));
    }
    let began = core.clock().now();
    while !core.model.detecting.is_empty() && age(began, core.clock().now()) < limit {
        step(core, &mut |_| {}).await;
    }
}

/// Makes the plan of an operation, without starting it.
pub async fn plan(core: &mut Core, ask: Ask) -> Result<Plan, String> {
    leave_no_effect(core.take(Msg::Ask(ask)));
    let began = core.clock().now();
    while is_pending(&core.model) && age(began, core.clock().now()) < PREVIEW {
        step(core, &mut |_| {}).await;
    }
    reviewed(core)
}

/// Labels the move under review: a drill, or an incident. Its plan then.
pub fn label(core: &mut Core, drill: bool) -> Result<Plan, String> {
    leave_no_effect(core.take(Msg::Drill(drill)));
    reviewed(core)
}

/// The plan whose confirmation is open, or why there is none.
fn reviewed(core: &Core) -> Result<Plan, String> {
    match &core.model.dialog {
        Some(Dialog::Confirm(confirm)) => Ok(confirm.plan.clone()),
        _ => Err(core
            .model
            .notice
            .as_ref()
            .map_or_else(|| "no plan was made".to_owned(), |n| n.text.clone())),
    }
}

/// Waits until the journal has said which operations were cut off, and until what was told it is on the disk.
pub async fn consult_journal(core: &mut Core) -> Result<(), String> {
    let written = core.journal_written().await;
    while let Some(msg) = core.ready() {
        leave_no_effect(core.take(msg));
    }
    written
}

/// The plan of an operation that was cut off, to continue it or to give it up.
pub fn plan_again(
    core: &mut Core,
    operation: &OperationId,
    choice: Choice,
) -> Result<Plan, String> {
    let operation = operation.clone();
    leave_no_effect(core.take(Msg::Resume { operation, choice }));
    reviewed(core)
}

/// Continues an operation that was cut off to its end.
pub async fn resume(
    core: &mut Core,
    operation: &OperationId,
    consent: Consent,
    watch: &mut dyn FnMut(&Model),
) -> Went {
    match plan_again(core, operation, Choice::Continue) {
        Ok(plan) => confirm(core, plan, consent, watch).await,
        Err(why) => Went::NoPlan(why),
    }
}

/// Closes an operation that was cut off; AWS goes on with what it was told.
pub async fn give_up(
    core: &mut Core,
    operation: &OperationId,
    consent: Consent,
) -> Result<(), String> {
    plan_again(core, operation, Choice::GiveUp)?;
    leave_no_effect(core.take(Msg::Consent(consent)));
    if let Some(Dialog::Confirm(confirm)) = &core.model.dialog {
        let why = confirm.error.clone();
        return Err(why.unwrap_or_else(|| "not confirmed".to_owned()));
    }
    consult_journal(core).await
}

/// Asks for an operation, confirms it and follows it to its end. `watch` sees the model after every message.
pub async fn operate(
    core: &mut Core,
    ask: Ask,
    consent: Consent,
    watch: &mut dyn FnMut(&Model),
) -> Went {
    let plan = match plan(core, ask).await {
        Ok(plan) => plan,
        Err(why) => return Went::NoPlan(why),
    };
    confirm(core, plan, consent, watch).await
}

/// Confirms the plan under review and follows the operation to its end.
pub async fn confirm(
    core: &mut Core,
    plan: Plan,
    consent: Consent,
    watch: &mut dyn FnMut(&Model),
) -> Went {
    let kind = plan.kind;
    leave_no_effect(core.take(Msg::Consent(consent.clone())));
    if let Some(Dialog::Confirm(confirm)) = &core.model.dialog {
        let why = confirm
            .error
            .clone()
            .unwrap_or_else(|| "not confirmed".to_owned());
        return Went::NotConfirmed {
            plan: Box::new(confirm.plan.clone()),
            why,
        };
    }
    loop {
        if let Some(result) = finished(core, kind) {
            return Went::Ended(Box::new(result));
        }
        if let Some(result) = paused_too_long(core) {
            return Went::Ended(Box::new(result));
        }
        if core.model.run.is_none() {
            return Went::NotConfirmed {
                plan: Box::new(plan),
                why: "the operation did not start".to_owned(),
            };
        }
        if core
            .model
            .run
            .as_ref()
            .is_some_and(|run| !run.asking.is_empty())
        {
            answer(core, &consent);
        }
        step(core, watch).await;
    }
}

/// Nobody logged in again in time: the command ends, and the operation stays open in the journal, to be continued. What
/// moves traffic has its own patience.
fn paused_too_long(core: &Core) -> Option<OperationResult> {
    let run = core.model.run.as_deref()?;
    let pause = run.pause.as_ref()?;
    let limit = core.model.patience.unwrap_or(PAUSE);
    if run.plan().kind.moves_traffic() || age(pause.since, core.model.now) < limit {
        return None;
    }
    let mut result = run.result(&core.model.env, core.model.facts.serving, core.model.now);
    result.outcome = Outcome::TimedOut;
    result.reason = Some(format!(
        "{}; nobody logged in again within {} s: go on with --resume",
        pause.why,
        limit.as_secs()
    ));
    Some(result)
}

/// A second confirmation: whoever overrode the loss of data with a reason has given it, nobody else.
fn answer(core: &mut Core, consent: &Consent) {
    let allowed = consent
        .overridden
        .iter()
        .any(|id| id == GuardId::DataLoss.as_str());
    let msg = if allowed {
        Msg::Consent(consent.clone())
    } else {
        Msg::Decline
    };
    leave_no_effect(core.take(msg));
}

/// Whether the plan under review waits for change sets.
fn is_pending(model: &Model) -> bool {
    matches!(&model.dialog, Some(Dialog::Confirm(confirm)) if confirm.plan.is_pending())
}

fn finished(core: &Core, kind: OperationKind) -> Option<OperationResult> {
    let run = core
        .model
        .run
        .as_deref()
        .filter(|run| !run.is_running() && run.plan().kind == kind)?;
    Some(run.result(&core.model.env, core.model.facts.serving, core.model.now))
}

/// After a move that settled: goes on until the side that traffic left has no more requests, for `limit` at most. Returns
/// the result with that moment in it. A side whose requests can't be read is not waited for.
pub async fn drain(
    core: &mut Core,
    result: OperationResult,
    limit: Duration,
    watch: &mut dyn FnMut(&Model),
) -> OperationResult {
    let Some(from) = core
        .model
        .run
        .as_deref()
        .filter(|run| run.milestones.settled.is_some())
        .and_then(|run| run.plan().destination())
        .map(Role::other)
    else {
        return result;
    };
    let began = core.clock().now();
    loop {
        let over = age(began, core.clock().now()) >= limit;
        let drained = core.model.run.as_deref().and_then(|r| r.milestones.drained);
        let blind = core
            .model
            .seen
            .regions
            .get(from)
            .signals
            .failure()
            .is_some();
        if drained.is_some() || blind || over {
            return finished(core, result.kind).unwrap_or(result);
        }
        step(core, watch).await;
    }
}

/// Goes on observing for some time (a scenario between two operations).
pub async fn wait(core: &mut Core, duration: Duration, watch: &mut dyn FnMut(&Model)) {
    let began = core.clock().now();
    while age(began, core.clock().now()) < duration {
        step(core, watch).await;
    }
}
