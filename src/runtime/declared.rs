//! Whether a rehearsal has come to the end that its scenario declares.

use crate::app::model::Model;
use crate::domain::region::Role;
use crate::domain::stack::{Phase, StackState};
use crate::rehearsal::scenario::Expectation;

/// What of the declared end does not hold yet, as a person reads it; nothing once it is reached.
pub fn missing(expect: &Expectation, model: &Model) -> Vec<String> {
    let mut missing = Vec::new();
    if let Some(serving) = expect.serving.filter(|s| *s != model.facts.serving) {
        missing.push(format!(
            "serving {}, not {}",
            model.facts.serving.as_str(),
            serving.as_str()
        ));
    }
    if let Some(held) = expect.held.filter(|h| *h != model.facts.held) {
        missing.push(format!("held is {}, not {held}", model.facts.held));
    }
    for (role, phase) in &expect.stacks {
        missing.extend(stacks_not(model, *role, *phase));
    }
    missing
}

fn stacks_not(model: &Model, role: Role, wanted: Phase) -> Vec<String> {
    let region = model.seen.regions.get(role);
    let phase = |id| {
        let seen = region.stacks.get(id).and_then(|s| s.last());
        seen.map_or(Phase::Unknown, StackState::phase)
    };
    let specs = model.env.stacks_of(role);
    specs
        .filter(|spec| phase(&spec.id) != wanted)
        .map(|spec| {
            format!(
                "stack {} in {role} is {}, not {}",
                spec.id,
                phase(&spec.id).as_str(),
                wanted.as_str()
            )
        })
        .collect()
}
