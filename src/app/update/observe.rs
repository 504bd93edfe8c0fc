//! Time and readings: the model follows them, and says what changed.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::app::dialog::Dialog;
use crate::app::effect::{Effect, Pace};
use crate::app::model::{Model, PastOperation, Weight};
use crate::app::update::{drift, facilitate, operate, second, watch};
use crate::domain::alarm::AlarmState;
use crate::domain::assess::Assessment;
use crate::domain::guard::situation_of;
use crate::domain::lever::LeverKind;
use crate::domain::observation::{Seen, Serving, Sighting};
use crate::domain::observed::{Observed, ReadError, age};
use crate::domain::plan::Plan;
use crate::domain::records_lever::RecordsChange;
use crate::domain::region::Role;
use crate::domain::stack::StackState;

/// Without a key for this long the console reads less often.
const IDLE: Duration = Duration::from_mins(10);

pub(super) fn tick(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    model.now = now;
    let before = model.facts.clone();
    model.conclude();
    tell_changes(model, &before);
    let mut effects = pace(model);
    effects.extend(watch::watch(model));
    second::show(model);
    effects.extend(facilitate::follow(model));
    effects
}

/// The pace that fits, and the effect if it changed.
fn pace(model: &mut Model) -> Vec<Effect> {
    let fits = if model.is_busy() {
        Pace::Operation
    } else if age(model.last_key, model.now) > IDLE {
        Pace::Slow
    } else if matches!(model.dialog, Some(Dialog::Confirm(_))) {
        // whoever decides, decides by readings that are seconds old
        Pace::Operation
    } else {
        Pace::Idle
    };
    if fits == model.pace {
        return Vec::new();
    }
    model.pace = fits;
    vec![Effect::Pace(fits)]
}

pub(super) fn sighted(model: &mut Model, sighting: Sighting) -> Vec<Effect> {
    model.now = model.now.max(sighting.at);
    let before = model.facts.clone();
    let reached = reach(model);
    let alarms = firing(model, &sighting);
    drift::ended(model, &sighting);
    let compares = is_news(model, &sighting.seen);
    model.seen.take(sighting);
    if compares {
        model.compare();
    }
    model.conclude();
    tell_changes(model, &before);
    tell_reach(model, reached);
    tell_alarms(model, &alarms);
    refresh_confirmation(model);
    watch::watch(model)
}

/// Whether the parity of both regions rests on it: a stack that is as it was changes nothing.
fn is_news(model: &Model, seen: &Seen) -> bool {
    match seen {
        Seen::Resources(..) | Seen::Template(..) => true,
        Seen::Stack(role, id, result) => {
            let known = model.seen.regions.get(*role).stacks.get(id);
            let is_known = |o: &Observed<StackState>| {
                o.failure().is_none() && result.as_ref().ok() == o.last()
            };
            !known.is_some_and(is_known)
        }
        Seen::Identity(_)
        | Seen::Activity(..)
        | Seen::Drift(..)
        | Seen::Alarms(..)
        | Seen::Signals(..)
        | Seen::Endpoint(..)
        | Seen::Checks(_)
        | Seen::Checkers(..)
        | Seen::Records(_)
        | Seen::Marker(_)
        | Seen::Lever(_)
        | Seen::Promotion(_)
        | Seen::Clock(_) => false,
    }
}

/// The right to write is proven, or is not: the guards of an open confirmation say so.
pub(super) fn probed(model: &mut Model, result: Result<(), ReadError>) -> Vec<Effect> {
    let at = model.now;
    model.may_write.take(result, at);
    model.conclude();
    refresh_confirmation(model);
    Vec::new()
}

/// The journal has said what takes the records lever back.
pub(super) fn undo(model: &mut Model, undo: Option<RecordsChange>) -> Vec<Effect> {
    model.undo = undo;
    model.conclude();
    Vec::new()
}

/// What the journal of this world has.
pub(super) fn past(model: &mut Model, mut past: Vec<PastOperation>) -> Vec<Effect> {
    // another rehearsal of the same world may have lived through later times
    past.retain(|operation| operation.started <= model.now);
    model.past = past;
    model.conclude();
    Vec::new()
}

/// While a confirmation is open its guards follow the readings, so that the decision rests on fresh ones.
fn refresh_confirmation(model: &mut Model) {
    let Some(Dialog::Confirm(confirm)) = &model.dialog else {
        return;
    };
    let guards = operate::guards_now(model, confirm);
    let kind = confirm.plan.kind;
    let situation = situation_of(kind, &model.seen, &model.facts, model.now);
    if let Some(Dialog::Confirm(confirm)) = &mut model.dialog {
        if let Ok(guards) = guards {
            confirm.plan.guards = guards;
        }
        confirm.plan.situation = situation;
    }
}

/// The lever that a plan pulls first.
pub(super) fn lever_of(plan: &Plan) -> LeverKind {
    let pulled = plan.levers().into_iter().next();
    pulled.unwrap_or(LeverKind::Metric)
}

fn tell_changes(model: &mut Model, before: &Assessment) {
    let now = model.facts.serving;
    if now != before.serving && now != Serving::Unknown {
        let (text, weight) = match now {
            Serving::Primary | Serving::Standby => {
                let region = now
                    .role()
                    .map_or("", |role| model.env.regions.get(role).as_str());
                (
                    format!("DNS answers {region} ({})", now.as_str()),
                    Weight::Plain,
                )
            }
            Serving::Split | Serving::Unknown => {
                ("name servers disagree".to_owned(), Weight::Warning)
            }
        };
        model.note("dns", text, weight);
    }
    if model.facts.commanded != before.commanded
        && let (Some(new), Some(_)) = (model.facts.commanded, before.commanded)
    {
        model.note("lever", format!("commanded {new}"), Weight::Plain);
    }
    if before.dark_since.is_none() && model.facts.dark_since.is_some() {
        let region = model.env.regions.get(Role::Primary).to_string();
        model.note(region, "stopped answering", Weight::Bad);
    } else if before.dark_since.is_some() && model.facts.dark_since.is_none() {
        let region = model.env.regions.get(Role::Primary).to_string();
        model.note(region, "answers again", Weight::Good);
    }
}

fn reach(model: &Model) -> [Option<bool>; 2] {
    Role::BOTH.map(|role| model.seen.regions.get(role).is_reachable())
}

fn tell_reach(model: &mut Model, before: [Option<bool>; 2]) {
    for ((role, was), is) in Role::BOTH.into_iter().zip(before).zip(reach(model)) {
        let region = model.env.regions.get(role).to_string();
        match (was, is) {
            (Some(true), Some(false)) => {
                model.note(region, "AWS APIs stopped answering", Weight::Bad);
            }
            (Some(false), Some(true)) => model.note(region, "AWS APIs answer again", Weight::Good),
            _ => {}
        }
    }
}

/// Alarms that this sighting newly shows as firing or as recovered.
fn firing(model: &Model, sighting: &Sighting) -> Vec<(Role, String, AlarmState)> {
    let Seen::Alarms(role, Ok(alarms)) = &sighting.seen else {
        return Vec::new();
    };
    let Some(known) = model.seen.regions.get(*role).alarms.last() else {
        return Vec::new();
    };
    let known: BTreeMap<&str, &AlarmState> =
        known.iter().map(|a| (a.name.as_str(), &a.state)).collect();
    let changed = alarms.iter().filter(|a| {
        let was = known.get(a.name.as_str());
        was.is_some_and(|was| {
            **was != a.state && (**was == AlarmState::Alarm || a.state == AlarmState::Alarm)
        })
    });
    changed
        .map(|a| (*role, a.name.clone(), a.state.clone()))
        .collect()
}

fn tell_alarms(model: &mut Model, changed: &[(Role, String, AlarmState)]) {
    for (role, name, state) in changed {
        let region = model.env.regions.get(*role).to_string();
        let weight = if *state == AlarmState::Alarm {
            Weight::Bad
        } else {
            Weight::Good
        };
        model.note(region, format!("{name} → {}", state.as_str()), weight);
    }
}
