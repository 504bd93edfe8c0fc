//! Continues an operation that was cut off, or gives it up: offered, confirmed like any other, never done twice.

use crate::app::dialog::{Confirm, Dialog, Resumes};
use crate::app::effect::{Effect, Order, Pace};
use crate::app::model::{Model, Page, Weight};
use crate::app::msg::StepDone;
use crate::app::run::Run;
use crate::app::unfinished::{self, Next};
use crate::app::update::{operate, orders};
use crate::domain::guard::{
    GuardId, GuardResult, GuardVerdict, drill_window, firm_refusal, situation_of,
};
use crate::domain::health::CheckTarget;
use crate::domain::operation::{OperationId, OperationKind};
use crate::domain::plan::{Action, Confirmed, Plan, Step};
use crate::domain::planning::CannotPlan;
use crate::domain::planning::standing::standing;
use crate::domain::promotion::is_stale;
use crate::domain::repair::Wish;
use crate::domain::stack::StackId;
use crate::domain::unfinished::{Choice, Unfinished};

/// The journal was read: what has no end is offered at once, unless something else is going on.
pub(super) fn found(model: &mut Model, all: Vec<Unfinished>) -> Vec<Effect> {
    let ours = |u: &Unfinished| {
        u.plan.environment == model.env.name
            && model
                .run
                .as_ref()
                .is_none_or(|run| run.plan().id != *u.id() || !run.is_running())
    };
    let all: Vec<Unfinished> = all.into_iter().filter(ours).collect();
    for one in &all {
        let text = format!("{} has no end: continue it or give it up", one.id());
        model.note("journal", text, Weight::Warning);
    }
    model.unfinished = all;
    if !model.unfinished.is_empty() && model.dialog.is_none() && !model.is_busy() {
        model.dialog = Some(Dialog::Unfinished { scroll: 0 });
    }
    Vec::new()
}

/// Opens the choice, if there is one.
pub(super) fn show(model: &mut Model) -> Vec<Effect> {
    if model.unfinished.is_empty() {
        model.say("no operation was cut off", Weight::Plain);
    } else if operate::may_start(model) {
        model.dialog = Some(Dialog::Unfinished { scroll: 0 });
    }
    Vec::new()
}

/// Whether an operation of this kind must wait until another, which was cut off, is decided on; offers that then.
pub(super) fn stands_before(model: &mut Model, kind: OperationKind) -> bool {
    let Some(one) = model.unfinished.iter().find(|u| u.stands_before(kind)) else {
        return false;
    };
    let text = format!(
        "{} was cut off and has no end: continue it or give it up first",
        one.id()
    );
    model.say(text, Weight::Warning);
    model.dialog = Some(Dialog::Unfinished { scroll: 0 });
    true
}

/// Opens the confirmation of the choice.
pub(super) fn choose(model: &mut Model, operation: &OperationId, choice: Choice) -> Vec<Effect> {
    if !operate::may_start(model) {
        return Vec::new();
    }
    let Some(one) = model
        .unfinished
        .iter()
        .find(|u| u.id() == operation)
        .cloned()
    else {
        model.say(
            format!("{operation} has an end, or is not of this world"),
            Weight::Bad,
        );
        return Vec::new();
    };
    give_parameters(model, &one);
    match plan(model, &one, choice) {
        Ok(plan) => {
            let mut confirm = Confirm::new(plan);
            confirm.resumes = Some(Box::new(Resumes {
                unfinished: one,
                choice,
            }));
            model.dialog = Some(Dialog::Confirm(Box::new(confirm)));
            vec![Effect::Refresh]
        }
        Err(why) => {
            model.dialog = None;
            model.say(why, Weight::Bad);
            Vec::new()
        }
    }
}

/// Parameters that were given then and are not given now. Sensitive ones were never written down.
fn give_parameters(model: &mut Model, one: &Unfinished) {
    for (name, value) in one.opening.iter().flat_map(|o| &o.parameters) {
        if model.env.given.get(name).is_none() {
            model.env.given.insert(name, value);
        }
    }
}

/// The plan as it was, with the guards of now and what is known of each step.
fn plan(model: &Model, one: &Unfinished, choice: Choice) -> Result<Plan, String> {
    let mut plan = one.plan.clone();
    let compared = unfinished::compare(model, one);
    plan.production = model.env.production;
    plan.situation = situation_of(plan.kind, &model.seen, &model.facts, model.now);
    plan.guards = match choice {
        Choice::Continue => guards(model, one)?,
        Choice::GiveUp => Vec::new(),
    };
    let reason = one
        .reason
        .as_deref()
        .map_or_else(String::new, |r| format!(" ({r})"));
    let mut notes = vec![format!(
        "{} was begun at {} by {}{reason}; the journal ends at {}",
        one.id(),
        one.begun.strftime("%Y-%m-%d %H:%M:%SZ"),
        one.who,
        one.last.strftime("%H:%M:%SZ"),
    )];
    notes.extend(compared.iter().enumerate().map(|(i, c)| c.sentence(i + 1)));
    notes.push(match choice {
        Choice::Continue => "steps that are over are not done again; calls carry the operation's own tokens".to_owned(),
        Choice::GiveUp => "nothing is taken back: AWS goes on with what it was told, and the journal closes the operation as left".to_owned(),
    });
    notes.extend(plan.stays_promoted.clone());
    plan.notes = notes;
    Ok(plan)
}

/// What speaks against continuing now.
pub(super) fn guards(model: &Model, one: &Unfinished) -> Result<Vec<GuardResult>, String> {
    let stops = unfinished::compare(model, one).into_iter().filter_map(|c| {
        let Next::Stop(why) = c.next else { return None };
        Some(firm_refusal(
            GuardId::NothingRunning,
            c.now,
            format!("{}: {why}", c.title),
        ))
    });
    let mut all: Vec<GuardResult> = stops.collect();
    all.extend(window(model, one));
    if !writes(model, one) {
        return Ok(all);
    }
    if one.kind().moves_traffic() {
        // traffic may have arrived meanwhile: that is no reason to leave the operation without an end
        let now = model.guards_of(one.kind(), &one.plan.levers(), own_number(one));
        all.extend(now.into_iter().filter(|g| g.id != GuardId::Needed));
        return Ok(all);
    }
    // what was left out then may not be failed any more
    let wish = one.plan.steps.iter().find_map(wish).map(|wish| Wish {
        skip: Vec::new(),
        ..wish
    });
    match standing(&operate::basis(model), &one.plan, wish.as_ref()) {
        // what runs is this operation's own, or was stopped above
        Ok(now) => all.extend(
            now.guards
                .into_iter()
                .filter(|g| g.id != GuardId::NothingRunning),
        ),
        Err(CannotPlan::NothingThere) => {}
        // AWS was told already, as it seems: continuing looks for the operation's token, and tells it nothing new
        Err(CannotPlan::NotOffered { .. } | CannotPlan::Absent(_))
            if one.kind() == OperationKind::Repair && !model.env.read_only => {}
        Err(why) => return Err(format!("{} can't be continued: {why}", one.id())),
    }
    Ok(all)
}

/// A drill on production is begun in its window only. One that has told a lever is better brought to an end: then it is
/// said, and does not stop it.
fn window(model: &Model, one: &Unfinished) -> Option<GuardResult> {
    if !one.plan.drill || !one.kind().moves_traffic() {
        return None;
    }
    let mut found = drill_window(&model.env, one.kind(), model.now);
    if found.verdict == GuardVerdict::Refuse && has_pulled(model, one) {
        found.verdict = GuardVerdict::Warn;
        "the drill has outlasted its window: bring it to an end".clone_into(&mut found.reason);
        found.remedy.clear();
    }
    Some(found)
}

/// Whether a lever was told, or perhaps: a pull is over, or AWS shows it.
fn has_pulled(model: &Model, one: &Unfinished) -> bool {
    one.steps().enumerate().any(|(index, (step, recorded))| {
        let told = unfinished::order(one, index).is_some_and(|order| shows(model, &order));
        matches!(step.action, Action::Pull { .. }) && (recorded.is_over() || told)
    })
}

/// The repair of a step.
pub(super) fn wish(step: &Step) -> Option<Wish> {
    match &step.action {
        Action::RepairStack {
            stack,
            repair,
            skip,
        } => Some(Wish {
            stack: Some(stack.clone()),
            repair: Some(*repair),
            skip: skip.clone(),
        }),
        Action::DeployStack { .. }
        | Action::DeleteStack { .. }
        | Action::Pull { .. }
        | Action::Approve { .. }
        | Action::AwaitAlarm { .. }
        | Action::AwaitDns { .. }
        | Action::AwaitHealthy { .. }
        | Action::AwaitPromotion { .. } => None,
    }
}

/// The number under which the operation has pulled the metric lever, as its journal says.
fn own_number(one: &Unfinished) -> Option<i64> {
    one.orders
        .keys()
        .find_map(|index| match unfinished::order(one, *index) {
            Some(Order::PutCommand(datum)) => Some(datum.number),
            _ => None,
        })
}

/// Whether anything is still to be told to AWS; else continuing only watches.
fn writes(model: &Model, one: &Unfinished) -> bool {
    one.steps().enumerate().any(|(index, (step, recorded))| {
        let acts = match step.action {
            Action::DeployStack { .. }
            | Action::DeleteStack { .. }
            | Action::RepairStack { .. }
            | Action::Pull { .. }
            | Action::Approve { .. } => true,
            Action::AwaitAlarm { .. }
            | Action::AwaitDns { .. }
            | Action::AwaitHealthy { .. }
            | Action::AwaitPromotion { .. } => false,
        };
        let told = unfinished::order(one, index).is_some_and(|order| shows(model, &order));
        acts && !recorded.is_over() && !told
    })
}

/// The choice was confirmed.
pub(super) fn begin(
    model: &mut Model,
    confirmed: Confirmed<Plan>,
    resumes: Resumes,
) -> Vec<Effect> {
    let Resumes { unfinished, choice } = resumes;
    let (id, kind) = (unfinished.id().clone(), unfinished.kind());
    model.unfinished.retain(|u| *u.id() != id);
    model.dialog = None;
    if choice == Choice::GiveUp {
        model.note("you", format!("{id} given up"), Weight::Warning);
        return vec![Effect::GiveUp(Box::new(confirmed))];
    }
    model.page = if kind.moves_traffic() {
        Page::Board
    } else {
        Page::Stacks
    };
    model.run = Some(Box::new(Run::continued(confirmed.clone(), unfinished)));
    model.next_lever = None;
    model.pace = Pace::Operation;
    model.note("you", format!("{id} continued"), Weight::Plain);
    vec![
        Effect::Reopen(Box::new(confirmed)),
        Effect::Pace(Pace::Operation),
    ]
}

/// Since when a step about this stack may have told AWS something: it was cut off before.
pub(super) fn cut_off(model: &Model, stack: &StackId) -> Option<jiff::Timestamp> {
    let one = model.run.as_deref()?.resumed.as_deref()?;
    one.steps()
        .any(|(step, recorded)| {
            let same = match &step.action {
                Action::DeployStack { stack: s }
                | Action::DeleteStack { stack: s }
                | Action::RepairStack { stack: s, .. } => s == stack,
                Action::Pull { .. } => true,
                Action::Approve { .. }
                | Action::AwaitPromotion { .. }
                | Action::AwaitAlarm { .. }
                | Action::AwaitDns { .. }
                | Action::AwaitHealthy { .. } => false,
            };
            same && recorded.was_cut_off()
        })
        .then_some(one.begun)
}

/// What a cut-off pull is done with: the same order again, or nothing because the lever shows it already.
pub(super) enum Again {
    Order(Box<Order>),
    Over(StepDone),
    Not(String),
}

/// The order that was recorded for a step of the operation that is continued.
pub(super) fn recorded(model: &Model, index: usize) -> Option<Again> {
    let one = model.run.as_deref()?.resumed.as_deref()?;
    let mut order = unfinished::order(one, index)?;
    if matches!(&order, Order::Approve(approval) if is_stale(approval.number, orders::latest(model)))
    {
        // nobody would take it any more: it is given anew
        return None;
    }
    if let Some(why) = unfinished::superseded(model, Some(&order)) {
        return Some(Again::Not(why));
    }
    if shows(model, &order) {
        return Some(Again::Over(StepDone {
            skipped: false,
            note: Some("was done before it was cut off".to_owned()),
        }));
    }
    if let Order::SetParameter { target, .. } = &mut order {
        target.cut_off = Some(one.begun);
    }
    Some(Again::Order(Box::new(order)))
}

/// Whether AWS shows that the order was carried out.
fn shows(model: &Model, order: &Order) -> bool {
    match order {
        Order::PutCommand(datum) => model
            .seen
            .traffic
            .lever
            .last()
            .and_then(|lever| lever.command)
            .is_some_and(|newest| newest.number >= datum.number),
        Order::SetThreshold {
            check,
            version,
            threshold,
        } => model
            .seen
            .traffic
            .checks
            .last()
            .and_then(|all| all.0.get(check))
            .is_some_and(|seen| {
                let is = matches!(seen.target, CheckTarget::Calculated { threshold: t, .. } if i64::from(t) == i64::from(*threshold));
                is && seen.version > *version
            }),
        Order::ChangeRecords { change, .. } => model
            .seen
            .traffic
            .records
            .last()
            .is_some_and(|live| change.after.iter().all(|record| live.contains(record))),
        Order::Deploy(..)
        | Order::Delete(_)
        | Order::Repair { .. }
        | Order::Approve(_)
        | Order::SetParameter { .. } => false,
    }
}
