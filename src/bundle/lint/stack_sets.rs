//! Rules on stack sets: what they pass, and where and in which order they make their stacks.

use serde_json::Value;

use super::context::{Resource, Unit};
use super::value::text;
use super::{Context, Found, Rule, agreement};
use crate::bundle::inline::STACK_SET;
use crate::domain::region::Role;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "SB901",
        title: "what a stack set passes is a parameter of its template",
        source: "CreateStackSet refuses others, at deployment only; cfn-lint does not look inside",
        look: passed_exist,
    },
    Rule {
        id: "SB902",
        title: "a stack set makes the standby first, and the primary after it",
        source: "the primary replicates to a bucket of the standby, which must be there before",
        look: order,
    },
    Rule {
        id: "SB903",
        title: "a stack set makes the stacks that the manifest says it makes",
        source: "StackInstancesGroup; an instance that nobody makes is absent for ever",
        look: places,
    },
    Rule {
        id: "SB904",
        title: "a stack set acknowledges what its template needs",
        source: "Capabilities; without it every instance fails",
        look: capabilities,
    },
];

/// The templates inside stack sets.
fn instances<'a>(context: &'a Context<'_>) -> impl Iterator<Item = &'a Unit<'a>> {
    let inside = |unit: &&Unit<'_>| unit.place.ends_with(".TemplateBody");
    context.units.iter().filter(inside)
}

fn passed_exist(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for unit in instances(context) {
        let declared = unit.section("Parameters");
        for name in unit.passed.keys() {
            if !declared.is_some_and(|all| all.contains_key(name)) {
                found.push((
                    unit.place.clone(),
                    format!("has no parameter `{name}`, which the stack set passes"),
                ));
            }
        }
    }
    found
}

/// The roles of the stacks that the manifest says a stack set makes.
fn roles(context: &Context<'_>, set: &Resource<'_>) -> Vec<Role> {
    let place = format!("{}.Properties.TemplateBody", set.path());
    instances(context)
        .filter(|unit| unit.stack.is_some() && unit.place == place)
        .map(|unit| unit.role)
        .collect()
}

/// The regions in a list of a stack set.
fn regions(set: &Resource<'_>, list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items
        .flat_map(|item| set.unit.possible(item))
        .filter_map(|item| text(&item))
        .collect()
}

fn order(context: &Context<'_>) -> Vec<Found> {
    let manifest = &context.bundle.manifest;
    let both = [&manifest.regions.standby, &manifest.regions.primary];
    let wanted = both.map(ToString::to_string);
    let mut found = Vec::new();
    for set in context.of_type(STACK_SET) {
        if roles(context, &set).len() < 2 {
            continue;
        }
        let path = "OperationPreferences.RegionOrder";
        if regions(&set, set.property(path)) != wanted {
            found.push((set.at(path), format!("must be {}", wanted.join(", "))));
        }
        let path = "OperationPreferences.RegionConcurrencyType";
        if set.texts(path) != ["SEQUENTIAL"] {
            found.push((set.at(path), "must be SEQUENTIAL".to_owned()));
        }
    }
    found
}

fn places(context: &Context<'_>) -> Vec<Found> {
    let pair = context.bundle.manifest.regions.per_role();
    let mut found = Vec::new();
    for set in context.of_type(STACK_SET) {
        let groups = set
            .property("StackInstancesGroup")
            .and_then(Value::as_array);
        let made: Vec<String> = groups
            .into_iter()
            .flatten()
            .flat_map(|group| regions(&set, group.get("Regions")))
            .collect();
        for role in roles(context, &set) {
            let region = pair.get(role).to_string();
            if !made.contains(&region) {
                found.push((
                    set.at("StackInstancesGroup"),
                    format!("makes nothing in {region}, where the manifest has a stack of it"),
                ));
            }
        }
    }
    found
}

fn capabilities(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for set in context.of_type(STACK_SET) {
        let place = format!("{}.Properties.TemplateBody", set.path());
        let declared = set.property("Capabilities").and_then(Value::as_array);
        let declared: Vec<&str> = declared
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let inside = instances(context).find(|unit| unit.place == place);
        for needed in inside.into_iter().flat_map(agreement::needed_capabilities) {
            if !agreement::covers(&declared, needed) {
                found.push((
                    set.at("Capabilities"),
                    format!("{needed} is needed and not declared"),
                ));
            }
        }
    }
    found
}
