//! Values of the manifest that are known from the stacks, looked up one by one.
//!
//! [`Environment::bindings`](crate::domain::environment::Environment::bindings) collects every parameter and output
//! of every stack; a frame needs three or four of them.

use crate::app::model::Model;
use crate::domain::health::CheckId;
use crate::domain::lever::LeverSpec;
use crate::domain::placeholder::{Bindings, Placeholder};
use crate::domain::region::Role;
use crate::domain::stack::StackId;

/// The text of a placeholder, if everything it names is known.
pub(super) fn resolve(model: &Model, text: &Placeholder) -> Option<String> {
    let mut known = Bindings::default();
    for name in text.names().ok()? {
        known.insert(name, value(model, name)?);
    }
    text.resolve(&known).ok()
}

fn value<'a>(model: &'a Model, name: &str) -> Option<&'a str> {
    if let Some(given) = model.env.given.get(name) {
        return Some(given);
    }
    if let Some((stack, output)) = name.split_once('.') {
        let stack = model.seen.stack(&StackId(stack.to_owned()))?;
        return stack.outputs.get(output).map(String::as_str);
    }
    [Role::Standby, Role::Primary].into_iter().find_map(|role| {
        let mut stacks = model.env.stacks_of(role);
        stacks.find_map(|spec| {
            let stack = model.seen.stack(&spec.id)?;
            stack.parameters.get(name).map(String::as_str)
        })
    })
}

/// A region's name, padded so that both regions' columns line up.
pub(super) fn region_column(model: &Model, role: Role) -> String {
    let longest = Role::BOTH.map(|role| model.env.regions.get(role).as_str().len());
    let width = longest.into_iter().max().unwrap_or(0);
    format!("{:<width$} ", model.env.regions.get(role).as_str())
}

/// The id of a health check that the manifest names.
pub(super) fn check(model: &Model, key: &str) -> Option<CheckId> {
    let traffic = model.env.traffic.as_ref()?;
    resolve(model, traffic.checks.get(key)?).map(CheckId)
}

/// The alarm of the metric lever.
pub(super) fn lever_alarm(model: &Model) -> Option<String> {
    let traffic = model.env.traffic.as_ref()?;
    traffic.levers.iter().find_map(|lever| match lever {
        LeverSpec::Metric { alarm, .. } => resolve(model, alarm),
        LeverSpec::Endpoint { .. } | LeverSpec::Force { .. } | LeverSpec::Records => None,
    })
}
