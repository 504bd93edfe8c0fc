//! What two stacks from one template have in common: template, parameters, resources, reserved concurrency.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::environment::Environment;
use crate::domain::lever::LeverSpec;
use crate::domain::parity::{Agreement, Aspect, Compared, Side};
use crate::domain::placeholder::Placeholder;
use crate::domain::region::{PerRole, Role};

/// Digits of a digest that are shown.
const DIGITS: usize = 12;
/// What AWS shows instead of a hidden value.
const STARS: &str = "****";

/// Everything of both sides, aspect by aspect.
pub(super) fn all(env: &Environment, sides: &PerRole<Side<'_>>) -> Vec<Compared> {
    let mut all = vec![template(sides)];
    all.extend(parameters(env, sides));
    all.extend(resources(sides));
    all.extend(concurrency(sides));
    all
}

fn template(sides: &PerRole<Side<'_>>) -> Compared {
    let same = sides.primary.template.digest == sides.standby.template.digest;
    let short = |role| {
        let digits = sides.get(role).template.digest.chars();
        digits.take(DIGITS).collect()
    };
    Compared {
        aspect: Aspect::Template,
        name: String::new(),
        sides: PerRole::from_fn(short),
        agreement: if same {
            Agreement::Same
        } else {
            Agreement::Differs
        },
    }
}

/// Parameters that the manifest gives both sides in the same words, or neither, ought to be equal.
fn parameters(env: &Environment, sides: &PerRole<Side<'_>>) -> Vec<Compared> {
    let names = |role: Role| sides.get(role).stack.parameters.keys();
    let names: BTreeSet<&String> = names(Role::Primary).chain(names(Role::Standby)).collect();
    let one = |name: &String| {
        let value = |role: Role| sides.get(role).stack.parameters.get(name);
        let text = |role: Role| sides.get(role).spec.parameters.get(name);
        let [primary, standby] = Role::BOTH.map(value);
        let hidden = Role::BOTH.into_iter().any(|role| {
            sides.get(role).contents.hidden.contains(name)
                || value(role).is_some_and(|v| v == STARS)
        });
        let by_design = text(Role::Primary) != text(Role::Standby) || is_lever(env, name);
        let agreement = match (hidden, primary == standby) {
            (true, _) => Agreement::Hidden,
            (false, true) => Agreement::Same,
            (false, false) if by_design => Agreement::ByDesign,
            (false, false) => Agreement::Differs,
        };
        let secret = hidden
            || Role::BOTH
                .into_iter()
                .any(|role| is_secret(env, text(role)));
        let shown = |role| match value(role) {
            None => "(none)".to_owned(),
            Some(_) if secret => "(hidden)".to_owned(),
            Some(value) => value.clone(),
        };
        Compared {
            aspect: Aspect::Parameter,
            name: name.clone(),
            sides: PerRole::from_fn(shown),
            agreement,
        }
    };
    names.into_iter().map(one).collect()
}

/// The endpoint lever is a parameter of one side's stack.
fn is_lever(env: &Environment, name: &str) -> bool {
    let mut levers = env.traffic.iter().flat_map(|t| &t.levers);
    levers.any(|lever| matches!(lever, LeverSpec::Endpoint { parameter, .. } if parameter == name))
}

fn is_secret(env: &Environment, text: Option<&Placeholder>) -> bool {
    let names = text.and_then(|t| t.names().ok()).unwrap_or_default();
    let mut specs = env.parameters.iter();
    specs.any(|spec| spec.sensitive && names.contains(&spec.name.as_str()))
}

/// Counts by type. They may differ as far as the template's conditions make them differ.
fn resources(sides: &PerRole<Side<'_>>) -> Vec<Compared> {
    let counts = PerRole::from_fn(|role| count(sides.get(role)));
    let wanted = PerRole::from_fn(|role| &sides.get(role).contents.types);
    let kinds = |role: Role| {
        let there = counts.get(role).keys().copied();
        there.chain(wanted.get(role).keys().map(String::as_str))
    };
    let kinds: BTreeSet<&str> = kinds(Role::Primary).chain(kinds(Role::Standby)).collect();
    let one = |kind: &str| {
        let is = |role: Role| counts.get(role).get(kind).copied().unwrap_or(0);
        let ought = |role: Role| wanted.get(role).get(kind).copied().unwrap_or(0);
        let as_made = Role::BOTH.into_iter().all(|role| is(role) == ought(role));
        let agreement = match (as_made, is(Role::Primary) == is(Role::Standby)) {
            (false, _) => Agreement::Differs,
            (true, true) => Agreement::Same,
            (true, false) => Agreement::ByDesign,
        };
        let shown = |role| match (is(role), ought(role)) {
            (is, ought) if is == ought => is.to_string(),
            (is, ought) => format!("{is} of {ought}"),
        };
        Compared {
            aspect: Aspect::Resources,
            name: kind.to_owned(),
            sides: PerRole::from_fn(shown),
            agreement,
        }
    };
    kinds.into_iter().map(one).collect()
}

fn count<'a>(side: &Side<'a>) -> BTreeMap<&'a str, usize> {
    let gone = ["DELETE_COMPLETE", "DELETE_SKIPPED"];
    let there = side.resources.iter();
    let there = there.filter(|r| !gone.contains(&r.status.0.as_str()));
    there.fold(BTreeMap::new(), |mut counts, resource| {
        *counts.entry(resource.resource_type.as_str()).or_default() += 1;
        counts
    })
}

/// By template: the functions themselves are not asked. Those that only one side has are in the counts.
fn concurrency(sides: &PerRole<Side<'_>>) -> Vec<Compared> {
    let theirs = &sides.standby.contents.concurrency;
    let ours = sides.primary.contents.concurrency.iter();
    let both = ours.filter_map(|(id, primary)| Some((id, primary, theirs.get(id)?)));
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    both.map(|(id, primary, standby)| Compared {
        aspect: Aspect::ReservedConcurrency,
        name: id.clone(),
        sides: PerRole {
            primary: shown(primary),
            standby: shown(standby),
        },
        agreement: if primary == standby {
            Agreement::Same
        } else {
            Agreement::Differs
        },
    })
    .collect()
}
