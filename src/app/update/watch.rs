//! Watches a running failover: steps that wait, time-outs, the lever's repetition.

use std::time::Duration;

use jiff::Timestamp;

use crate::app::effect::{Effect, Order};
use crate::app::model::{Model, Weight};
use crate::app::run::{Arrival, PulledLever, Run};
use crate::app::update::milestones::{milestone, milestones};
use crate::app::update::{observe::lever_of, orders, promotion, steps};
use crate::domain::lever::{Command, LeverKind, NextLever, NumberedCommand};
use crate::domain::observed::age;
use crate::domain::operation::{OperationKind, Outcome, StepState};
use crate::domain::plan::Action;
use crate::domain::region::Role;
use crate::domain::signal::SignalKind;

/// The command is sent again this often until the keepalive echoes its number.
pub(super) const REPEAT: Duration = Duration::from_mins(1);

/// Follows the readings; called after every change of them and at every tick.
pub(super) fn watch(model: &mut Model) -> Vec<Effect> {
    let mut effects = repeat_command(model);
    effects.extend(promotion::repeat_approval(model));
    effects.extend(drain(model));
    if !model.is_busy() {
        return effects;
    }
    effects.extend(milestones(model));
    effects.extend(promotion::follow(model));
    effects.extend(advance(model));
    effects.extend(time_out(model));
    effects
}

/// Ends waiting steps whose condition holds.
fn advance(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let Some(run) = model.run.as_deref_mut() else {
        return Vec::new();
    };
    let Some((index, action)) = run
        .current()
        .map(|(index, step)| (index, step.action.clone()))
    else {
        return Vec::new();
    };
    let found = &run.milestones;
    let holds = match action {
        // DNS having moved shows that the alarm was heard, whatever could be read of it; unless it had moved before
        Action::AwaitAlarm { .. } => {
            found.alarm.is_some() || (found.dns.is_some() && !found.moved_before)
        }
        Action::AwaitDns { .. } => found.dns.is_some(),
        Action::AwaitHealthy { .. } => found.healthy.is_some(),
        Action::AwaitPromotion { .. } => found.promoted.is_some(),
        Action::DeployStack { .. }
        | Action::DeleteStack { .. }
        | Action::RepairStack { .. }
        | Action::Pull { .. }
        | Action::Approve { .. } => false,
    };
    let running = run
        .steps
        .get(index)
        .is_some_and(|slot| slot.state == StepState::Running);
    if !(holds && running) {
        return Vec::new();
    }
    if let Some(slot) = run.steps.get_mut(index) {
        slot.state = StepState::Done;
        slot.finished = Some(now);
    }
    // traffic has arrived; a promotion may still be at work
    let settles = matches!(action, Action::AwaitHealthy { .. });
    // what had moved before has settled only when the lever holds it
    let arrived = run
        .milestones
        .healthy
        .filter(|_| !run.milestones.moved_before);
    let arrived = arrived.unwrap_or(now);
    if settles {
        run.milestones.settled.get_or_insert(arrived);
    }
    let mut effects = vec![steps::journal_step(run, index, now)];
    if settles {
        effects.extend(milestone(model, "settled", arrived));
    }
    effects.extend(steps::start_next(model));
    effects
}

/// Traffic moves in minutes; a database cluster in two regions takes the better part of an hour to make.
const fn usual_patience(kind: OperationKind) -> Duration {
    if kind.moves_traffic() {
        Duration::from_mins(15)
    } else {
        Duration::from_hours(2)
    }
}

fn time_out(model: &mut Model) -> Vec<Effect> {
    let Some(run) = model.run.as_deref() else {
        return Vec::new();
    };
    let allowed = model
        .patience
        .unwrap_or_else(|| usual_patience(run.plan().kind));
    // what waits for a new login takes no time of its own; the traffic's clock runs on
    let paused = if run.plan().kind.moves_traffic() {
        Duration::ZERO
    } else {
        run.paused_for(model.now)
    };
    if age(run.confirmed.at(), model.now) > allowed.saturating_add(paused) {
        if let Some(advice) = promotion::overdue(model) {
            return promotion::end(model, Outcome::TimedOut, advice);
        }
        return late(model, "it took longer than allowed");
    }
    let lever = lever_of(run.plan());
    let overdue = run
        .milestones
        .pulled
        .is_some_and(|pulled| age(pulled.max(run.confirmed.at()), model.now) > lever.patience());
    if run.plan().kind.moves_traffic() && overdue && run.milestones.dns.is_none() {
        return late(model, "DNS did not follow the lever in its time");
    }
    Vec::new()
}

fn late(model: &mut Model, why: &str) -> Vec<Effect> {
    let kind = model.run.as_ref().map(|run| run.plan().kind);
    let next = lever_after(model);
    let stays = match kind {
        Some(OperationKind::Failover) => "what was pulled stays so (B releases it)",
        Some(OperationKind::Failback) => "what was released stays so (F engages it again)",
        Some(OperationKind::Deploy | OperationKind::Delete | OperationKind::Repair) | None => {
            "AWS goes on by itself: see the Stacks page"
        }
    };
    let advice = match next {
        Some(next) => format!("{why}; {stays}; next lever: {}", next.lever),
        None => format!("{why}; {stays}"),
    };
    if let Some(run) = model.run.as_deref_mut() {
        run.advice = Some(advice.clone());
    }
    model.next_lever = next;
    model.say(advice.clone(), Weight::Bad);
    steps::finish(model, Outcome::TimedOut, Some(advice))
}

/// The lever after the one that was pulled, in the manifest's order, of those within reach. On the way back only one that
/// is engaged or that can force the primary's answer does anything.
pub(super) fn lever_after(model: &Model) -> Option<NextLever> {
    let run = model.run.as_deref()?;
    let kind = run.plan().kind;
    if !kind.moves_traffic() {
        return None;
    }
    let helps = |lever: &LeverKind| {
        kind == OperationKind::Failover
            || lever.needs_route53()
            || model.facts.engaged.contains(lever)
    };
    let used = lever_of(run.plan());
    let levers = model
        .env
        .traffic
        .as_ref()?
        .levers
        .iter()
        .map(crate::domain::lever::LeverSpec::kind);
    levers
        .skip_while(|lever| *lever != used)
        .skip(1)
        .filter(helps)
        .find(|lever| crate::domain::guard::means::reach(&model.seen, model.now, *lever).is_ok())
        .map(|lever| NextLever { kind, lever })
}

/// Sends the metric lever's command again each minute until its number is echoed, or a newer one rules. A newer one is
/// told whenever it comes.
fn repeat_command(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let Some(run) = model.run.as_deref() else {
        return Vec::new();
    };
    let Some(pulled) = run.lever.clone().filter(|lever| !lever.overruled) else {
        return Vec::new();
    };
    let seen = model.seen.traffic.lever.last();
    let newest = seen.and_then(|lever| lever.command);
    if let Some(newer) = newest.filter(|newest| newest.number > pulled.number) {
        return overruled(model, &pulled, newer);
    }
    let echo = seen.and_then(|lever| lever.echo).map_or(0, |c| c.number);
    if pulled.echoed || echo >= pulled.number {
        set_lever(model, |lever| lever.echoed = true);
        return Vec::new();
    }
    if age(pulled.last_sent, now) < REPEAT || !run.insists_on(&pulled) {
        return Vec::new();
    }
    let again = resend(model, run, pulled.number);
    set_lever(model, |lever| lever.last_sent = now);
    again
}

/// Another console has spoken since: ours is not repeated any more, nor given if it still waits for a login.
fn overruled(model: &mut Model, ours: &PulledLever, newer: NumberedCommand) -> Vec<Effect> {
    let text = format!(
        "another console has spoken: {} (command {})",
        newer.command.as_str(),
        newer.number
    );
    if model.is_busy()
        && let Some(run) = model.run.as_deref_mut()
    {
        run.advice = Some(text.clone());
    }
    model.note("lever", text, Weight::Warning);
    set_lever(model, |lever| {
        lever.overruled = true;
        lever.echoed = true;
    });
    let operation = model.run.as_deref().map(|run| run.plan().id.clone());
    let waits = operation.filter(|_| ours.arrival == Arrival::Unheard);
    waits.map(Effect::StopWaiting).into_iter().collect()
}

fn resend(model: &Model, run: &Run, number: i64) -> Vec<Effect> {
    let command = run
        .plan()
        .destination()
        .map_or(Command::Engage, |to| match to {
            Role::Standby => Command::Engage,
            Role::Primary => Command::Release,
        });
    let operation = run.plan().id.clone();
    orders::metric(model, command, Some(number))
        .map(|datum| Effect::Do {
            operation,
            index: usize::MAX,
            order: Box::new(Order::PutCommand(datum)),
        })
        .into_iter()
        .collect()
}

fn set_lever(model: &mut Model, change: impl FnOnce(&mut PulledLever)) {
    if let Some(lever) = model.run.as_deref_mut().and_then(|run| run.lever.as_mut()) {
        change(lever);
    }
}

/// After settled: the side that traffic left has drained when two whole periods show no request. The moment is the end of
/// the last period that had one.
fn drain(model: &mut Model) -> Vec<Effect> {
    let Some((from, at)) = drained(model) else {
        return Vec::new();
    };
    if let Some(run) = model.run.as_deref_mut() {
        run.milestones.drained = Some(at);
    }
    let region = model.env.regions.get(from).to_string();
    model.note(region, "drained: no more requests", Weight::Good);
    milestone(model, "drained", at).into_iter().collect()
}

/// The side that was left and has no more requests, and since when.
fn drained(model: &Model) -> Option<(Role, Timestamp)> {
    let run = model.run.as_deref()?;
    let (Some(settled), None) = (run.milestones.settled, run.milestones.drained) else {
        return None;
    };
    let from = run.plan().destination()?.other();
    let spec = model.env.signal_of_kind(SignalKind::Requests, from)?;
    let region = model.seen.regions.get(from);
    let period = Duration::from_secs(u64::from(spec.period_seconds));
    // a series without points is silence; one that is not there could not be read
    let points = &region.signals.last()?.get(&spec.id)?.0;
    let busy = points.iter().filter(|p| p.value >= 1.0).map(|p| p.at).max();
    let quiet = busy
        .and_then(|at| at.checked_add(period).ok())
        .max(Some(settled))?;
    // a datum may come a period late: two without any are needed
    let read = region.signals.at()?;
    (read > quiet && age(quiet, read) >= period * 2).then_some((from, quiet))
}
