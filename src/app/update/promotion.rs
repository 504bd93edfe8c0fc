//! Follows the promotion of a failover: its approval repeated, its steps, its end.

use jiff::Timestamp;

use crate::app::effect::{Approval, Effect, Entry, Order};
use crate::app::model::{Model, Weight};
use crate::app::run::Run;
use crate::app::update::milestones::milestone;
use crate::app::update::watch::REPEAT;
use crate::app::update::{orders, steps};
use crate::domain::lever::{Command, NumberedCommand};
use crate::domain::observed::age;
use crate::domain::operation::{OperationId, Outcome};
use crate::domain::plan::Action;
use crate::domain::promotion::Stage;

/// The direction in which the operation promotes, if it does.
pub(crate) fn direction(run: &Run) -> Option<Command> {
    run.plan().steps.iter().find_map(|step| match step.action {
        Action::Approve { command } => Some(command),
        Action::DeployStack { .. }
        | Action::DeleteStack { .. }
        | Action::RepairStack { .. }
        | Action::Pull { .. }
        | Action::AwaitPromotion { .. }
        | Action::AwaitAlarm { .. }
        | Action::AwaitDns { .. }
        | Action::AwaitHealthy { .. } => None,
    })
}

/// How far the promotion of the operation has come since its pull.
pub(crate) fn stage(model: &Model, run: &Run) -> Option<(Command, Stage)> {
    let command = direction(run)?;
    let spec = model.env.traffic.as_ref()?.promotion.as_ref()?;
    let Some(pulled) = run.milestones.pulled else {
        return Some((command, Stage::Silent));
    };
    let seen = model.seen.traffic.promotion.last();
    let stage = seen.map_or(Stage::Silent, |seen| seen.stage(spec, command, pulled));
    Some((command, stage))
}

/// Sends the approval again each minute until the state machine has begun, or another console has spoken. After the
/// operation's end it is given under no new number: that would be a new command, which nobody has confirmed.
pub(super) fn repeat_approval(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    overrule(model);
    let Some(run) = model.run.as_deref() else {
        return Vec::new();
    };
    let (Some(given), Some((command, stage))) = (
        run.approval
            .clone()
            .filter(|given| !given.echoed && run.insists_on(given)),
        stage(model, run),
    ) else {
        return Vec::new();
    };
    let begun = !matches!(stage, Stage::Silent | Stage::Waiting);
    let due = !begun && age(given.last_sent, now) >= REPEAT;
    let order = due
        .then(|| orders::approval(model, command, Some(given.number)))
        .flatten()
        .filter(|order| run.is_running() || order.number == given.number);
    let operation = run.plan().id.clone();
    let fresh = approving(run).filter(|_| order.as_ref().is_some_and(|o| o.number != given.number));
    if let Some(given) = model.run.as_deref_mut().and_then(|r| r.approval.as_mut()) {
        given.echoed = begun;
        if due {
            given.last_sent = now;
        }
        if let Some(order) = &order {
            given.number = order.number;
        }
    }
    order.map_or_else(Vec::new, |order| send_again(&operation, fresh, order, now))
}

/// Another console has since commanded the opposite: our approval is not repeated any more.
fn overrule(model: &mut Model) {
    let Some(run) = model.run.as_deref() else {
        return;
    };
    let (Some(command), Some(given)) = (direction(run), &run.approval) else {
        return;
    };
    if given.overruled {
        return;
    }
    let approved = model.seen.traffic.promotion.last().and_then(|p| p.approval);
    let opposite = opposes(approved, given.number, command);
    if opposite.is_none() && !lever_is_opposed(model, command) {
        return;
    }
    if let Some(given) = model.run.as_deref_mut().and_then(|r| r.approval.as_mut()) {
        given.overruled = true;
    }
    if let Some(newer) = opposite {
        let text = format!(
            "another console has spoken: {} (approval {})",
            newer.command.as_str(),
            newer.number
        );
        model.note("promotion", text, Weight::Warning);
    }
}

/// Whether another console has told the lever the opposite since the operation has pulled it.
pub(super) fn lever_is_opposed(model: &Model, command: Command) -> bool {
    let ours = model.run.as_deref().and_then(|run| run.lever.as_ref());
    let newest = model.seen.traffic.lever.last().and_then(|l| l.command);
    ours.is_some_and(|ours| opposes(newest, ours.number, command).is_some())
}

/// The newest command, if it is newer than ours and another one.
fn opposes(
    newest: Option<NumberedCommand>,
    ours: i64,
    command: Command,
) -> Option<NumberedCommand> {
    newest.filter(|newest| newest.number > ours && newest.command != command)
}

/// The step of the plan that approves.
fn approving(run: &Run) -> Option<usize> {
    let mut steps = run.plan().steps.iter();
    steps.position(|step| matches!(step.action, Action::Approve { .. }))
}

/// An approval once more; where it has a new number, that is written down first for its step, like the first one.
fn send_again(
    operation: &OperationId,
    fresh: Option<usize>,
    order: Approval,
    at: Timestamp,
) -> Vec<Effect> {
    let order = Box::new(Order::Approve(order));
    let told = fresh.map(|index| Effect::Journal {
        operation: operation.clone(),
        entry: Entry::Order {
            index,
            order: order.clone(),
        },
        at,
    });
    let again = Effect::Do {
        operation: operation.clone(),
        index: usize::MAX,
        order,
    };
    told.into_iter().chain([again]).collect()
}

/// Notes that the promotion is done; ends the operation where it has failed, once traffic has settled.
pub(super) fn follow(model: &mut Model) -> Vec<Effect> {
    let Some((command, stage)) = model.run.as_deref().and_then(|run| stage(model, run)) else {
        return Vec::new();
    };
    let now = model.now;
    let Some(run) = model.run.as_deref_mut().filter(|run| run.is_running()) else {
        return Vec::new();
    };
    match stage {
        Stage::Done if run.milestones.promoted.is_none() => {
            run.milestones.promoted = Some(now);
            milestone(model, "promoted", now).into_iter().collect()
        }
        Stage::Failed(_) if run.milestones.settled.is_some() => {
            let why = advice(model, command, stage);
            end(model, Outcome::Failed, why)
        }
        Stage::Silent | Stage::Waiting | Stage::Step(_) | Stage::Done | Stage::Failed(_) => {
            Vec::new()
        }
    }
}

/// Why the operation has waited too long, if traffic has settled and the promotion is what is missing.
pub(super) fn overdue(model: &Model) -> Option<String> {
    let run = model.run.as_deref()?;
    run.milestones.settled?;
    let (command, stage) = stage(model, run)?;
    (stage != Stage::Done).then(|| advice(model, command, stage))
}

/// Traffic has settled, and its database has not followed: the operation ends without success.
pub(super) fn end(model: &mut Model, outcome: Outcome, why: String) -> Vec<Effect> {
    if let Some(run) = model.run.as_deref_mut() {
        run.advice = Some(why.clone());
    }
    model.say(why.clone(), Weight::Bad);
    steps::finish(model, outcome, Some(why))
}

fn advice(model: &Model, command: Command, stage: Stage) -> String {
    let words = model
        .env
        .traffic
        .as_ref()
        .and_then(|t| t.promotion.as_ref())
        .map_or_else(String::new, |spec| spec.words(command, stage));
    let (what, next) = match command {
        Command::Engage => (
            "the promotion",
            "F again approves anew, or B goes back if the primary is well",
        ),
        Command::Release => (
            "the return",
            "the standby may still be the writer: B again approves anew",
        ),
    };
    format!(
        "traffic has settled, but {what} has not: {words}. Look at the state machine in the standby; {next}"
    )
}
