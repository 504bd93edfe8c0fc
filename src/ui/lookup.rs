//! Values of the manifest that are known from the stacks.

use crate::app::model::Model;
use crate::domain::environment::StackSpec;
use crate::domain::health::CheckId;
use crate::domain::lever::LeverSpec;
use crate::domain::observed::Observed;
use crate::domain::placeholder::Placeholder;
use crate::domain::prediction::check_of;
use crate::domain::region::Role;
use crate::domain::stack::{Phase, StackState};

/// The text of a placeholder, if everything it names is known.
pub(super) fn resolve(model: &Model, text: &Placeholder) -> Option<String> {
    model.env.resolve(&model.seen, text).ok()
}

/// A region's name, padded so that both regions' columns line up.
pub(super) fn region_column(model: &Model, role: Role) -> String {
    let longest = Role::BOTH.map(|role| model.env.regions.get(role).as_str().len());
    let width = longest.into_iter().max().unwrap_or(0);
    format!("{:<width$} ", model.env.regions.get(role).as_str())
}

/// The id of a health check that the manifest names, found from the records where its stack can't be read.
pub(super) fn check(model: &Model, key: &str) -> Option<CheckId> {
    let traffic = model.env.traffic.as_ref()?;
    resolve(model, traffic.checks.get(key)?)
        .map(CheckId)
        .or_else(|| check_of(&model.env, &model.seen, key))
}

/// Whether nothing of the bundle exists on a side, as far as it was read.
pub(super) fn is_undeployed(model: &Model, role: Role) -> bool {
    let seen = &model.seen.regions.get(role).stacks;
    let is_absent = |spec: &StackSpec| {
        let last = seen.get(&spec.id).and_then(Observed::last);
        last.is_some_and(|state| state.phase() == Phase::Absent)
    };
    model.env.stacks_of(role).next().is_some() && model.env.stacks_of(role).all(is_absent)
}

/// Whether a stack of a side was asked for and never read.
pub(super) fn is_unreadable(model: &Model, role: Role) -> bool {
    let seen = &model.seen.regions.get(role).stacks;
    let unread = |o: &Observed<StackState>| o.last().is_none() && o.failure().is_some();
    let mut stacks = model.env.stacks_of(role);
    stacks.any(|spec| seen.get(&spec.id).is_some_and(unread))
}

/// Why what a stack names (alarms, dimensions of metrics) was not asked for, where the stack can't be read.
pub(super) fn no_names(model: &Model, role: Role) -> Option<&'static str> {
    let dark = model.seen.regions.get(role).is_reachable() == Some(false);
    let words = if dark {
        "not answering"
    } else {
        "names unknown"
    };
    is_unreadable(model, role).then_some(words)
}

/// The alarm of the metric lever.
pub(super) fn lever_alarm(model: &Model) -> Option<String> {
    let traffic = model.env.traffic.as_ref()?;
    traffic.levers.iter().find_map(|lever| match lever {
        LeverSpec::Metric { alarm, .. } => resolve(model, alarm),
        LeverSpec::Endpoint { .. } | LeverSpec::Force { .. } | LeverSpec::Records => None,
    })
}
