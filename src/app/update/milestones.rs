//! Notes the moments of a move: the alarm followed, DNS moved, the destination answered.

use jiff::Timestamp;

use crate::app::effect::{Effect, Entry};
use crate::app::model::Model;
use crate::app::run::{Early, Run};
use crate::domain::alarm::AlarmState;
use crate::domain::health::Health;
use crate::domain::observation::Serving;
use crate::domain::operation::StepState;
use crate::domain::plan::Action;
use crate::domain::prediction::healthy_now;
use crate::domain::region::Role;

/// Notes the moments at which the alarm followed, DNS moved, and the destination answered.
pub(super) fn milestones(model: &mut Model) -> Vec<Effect> {
    let Some(run) = model.run.as_deref() else {
        return Vec::new();
    };
    let Some(to) = run.plan().destination() else {
        return Vec::new();
    };
    let Some(pulled) = run.milestones.pulled else {
        look_ahead(model, to);
        return Vec::new();
    };
    let (moments, early) = (run.milestones.clone(), run.early.clone());
    let now = model.now;
    let alarm = alarm_follows(model, to);
    let dns = model.facts.serving == Serving::of(to);
    let healthy = dns && (early.healthy.is_some() || healthy_since(model, to, pulled));
    let mut reached = Vec::new();
    if let Some(run) = model.run.as_deref_mut() {
        let found = &mut run.milestones;
        for (name, slot, (known, seen), holds) in [
            ("alarm", &mut found.alarm, (moments.alarm, None), alarm),
            ("dns", &mut found.dns, (moments.dns, early.dns), dns),
            (
                "healthy",
                &mut found.healthy,
                (moments.healthy, early.healthy),
                healthy,
            ),
        ] {
            if holds && known.is_none() {
                let at = seen.unwrap_or(now);
                *slot = Some(at);
                reached.push((name, at));
            }
        }
    }
    reached
        .into_iter()
        .filter_map(|(name, at)| milestone(model, name, at))
        .collect()
}

/// Some levers are acknowledged late: the stack is updated, every name server has the change. What is seen meanwhile is
/// kept with its moment, as long as it stays so.
fn look_ahead(model: &mut Model, to: Role) {
    let now = model.now;
    let Some(run) = model.run.as_deref() else {
        return;
    };
    // a moment in which nothing is known takes nothing back
    if model.facts.serving == Serving::Unknown {
        return;
    }
    let arrives = is_pulling(run) && model.facts.serving == Serving::of(to);
    let mut early = Early::default();
    if arrives {
        let dns = run.early.dns.unwrap_or(now);
        let healthy = healthy_since(model, to, dns);
        early = Early {
            dns: Some(dns),
            healthy: run.early.healthy.or_else(|| healthy.then_some(now)),
        };
    }
    if let Some(run) = model.run.as_deref_mut() {
        run.early = early;
    }
}

/// Whether a lever is being pulled. Where traffic had moved before, nothing that is seen comes of it.
fn is_pulling(run: &Run) -> bool {
    let mut steps = run.plan().steps.iter().zip(&run.steps);
    !run.milestones.moved_before
        && steps.any(|(step, slot)| {
            matches!(step.action, Action::Pull { .. }) && slot.state == StepState::Running
        })
}

pub(super) fn milestone(model: &Model, name: &str, at: Timestamp) -> Option<Effect> {
    let operation = model.run.as_ref()?.plan().id.clone();
    Some(Effect::Journal {
        operation,
        entry: Entry::Milestone {
            name: name.to_owned(),
            at,
        },
        at,
    })
}

/// Whether the lever's alarm shows what was commanded.
fn alarm_follows(model: &Model, to: Role) -> bool {
    let wanted = match to {
        Role::Standby => AlarmState::Alarm,
        Role::Primary => AlarmState::Ok,
    };
    model
        .seen
        .traffic
        .lever
        .last()
        .is_some_and(|lever| lever.alarm.as_ref() == Some(&wanted))
}

/// Whether the side answers, by a reading no older than this moment.
fn healthy_since(model: &Model, to: Role, since: Timestamp) -> bool {
    let read = model.seen.regions.get(to).endpoint.at();
    healthy_now(&model.seen, to, model.now) == Health::Healthy && read >= Some(since)
}
