//! Rules on what manifest and templates say about each other.

use std::collections::BTreeSet;

use serde_json::Value;

use super::context::Unit;
use super::tables::{Dimensions, dimensions};
use super::value::{referred, text};
use super::{Context, Found, Rule, tables};
use crate::bundle::manifest::Stack;
use crate::domain::placeholder::Placeholder;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "SB201",
        title: "what the manifest passes is a parameter of the template",
        source: "CloudFormation refuses others, at deployment only",
        look: passed_exist,
    },
    Rule {
        id: "SB202",
        title: "a template parameter without default is passed",
        source: "CloudFormation refuses, at deployment only",
        look: needed_are_passed,
    },
    Rule {
        id: "SB203",
        title: "a value that is passed is one that the template allows",
        source: "CloudFormation refuses, at deployment only",
        look: passed_are_allowed,
    },
    Rule {
        id: "SB204",
        title: "an output that is used is there in that stack",
        source: "a conditional output is silently missing",
        look: outputs_exist,
    },
    Rule {
        id: "SB205",
        title: "a signal asks for a metric with dimensions that it has",
        source: "a wrong dimension reads as no data for ever (facts/aws.md §2)",
        look: signal_dimensions,
    },
    Rule {
        id: "SB206",
        title: "an alarm that the manifest names is in a template",
        source: "an alarm that is not there never speaks",
        look: alarms_exist,
    },
    Rule {
        id: "SB207",
        title: "the capabilities that a template needs are declared",
        source: "CloudFormation refuses with InsufficientCapabilities",
        look: capabilities,
    },
    Rule {
        id: "SB208",
        title: "a signal's dimension names a resource of its region",
        source: "a name that nobody has reads as no data for ever",
        look: signal_names,
    },
];

/// Every stack with its template, and what errors call it in the manifest.
fn stacks<'a>(context: &'a Context<'_>) -> impl Iterator<Item = (&'a Unit<'a>, &'a Stack, String)> {
    let index = |id| {
        let mut all = context.bundle.manifest.stacks.iter();
        all.position(|stack| stack.id == id).unwrap_or_default()
    };
    context.units.iter().filter_map(move |unit| {
        let stack = unit.stack?;
        let index = index(stack.id.clone());
        Some((unit, stack, format!("bundle.json: stacks[{index}]")))
    })
}

fn passed_exist(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (unit, stack, path) in stacks(context) {
        let declared = unit.section("Parameters");
        let suffix = &context.bundle.manifest.suffix.parameter;
        for name in stack.parameters.keys().chain([suffix]) {
            if !declared.is_some_and(|all| all.contains_key(name)) {
                found.push((
                    format!("{path}.parameters.{name}"),
                    format!("{} has no such parameter", unit.place),
                ));
            }
        }
    }
    found
}

fn needed_are_passed(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (unit, stack, path) in stacks(context) {
        for (name, spec) in unit.section("Parameters").into_iter().flatten() {
            let passed = stack.parameters.contains_key(name) || unit.passed.contains_key(name);
            if spec.get("Default").is_none() && !passed {
                found.push((
                    format!("{path}.parameters"),
                    format!(
                        "`{name}` of {} has no default and is not passed",
                        unit.place
                    ),
                ));
            }
        }
    }
    found
}

fn passed_are_allowed(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (unit, _, path) in stacks(context) {
        for (name, value) in &unit.fixed {
            let spec = unit.section("Parameters").and_then(|all| all.get(name));
            let Some(allowed) = spec.and_then(|s| s.get("AllowedValues")?.as_array()) else {
                continue;
            };
            if !allowed
                .iter()
                .any(|one| text(one).as_deref() == Some(value))
            {
                found.push((
                    format!("{path}.parameters.{name}"),
                    format!("{} does not allow `{value}`", unit.place),
                ));
            }
        }
    }
    found
}

/// Every text of the manifest that may name outputs, with its path.
fn texts<'a>(context: &'a Context<'_>) -> Vec<(String, &'a Placeholder)> {
    let manifest = &context.bundle.manifest;
    let mut all = Vec::new();
    for (_, stack, path) in stacks(context) {
        let passed = stack.parameters.iter();
        all.extend(passed.map(|(name, text)| (format!("{path}.parameters.{name}"), text)));
    }
    for (index, signal) in manifest.signals.iter().enumerate() {
        let path = format!("bundle.json: signals[{index}].dimensions");
        let of_signal = signal.dimensions.iter();
        all.extend(of_signal.map(|(name, text)| (format!("{path}.{name}"), text)));
    }
    for (index, name) in manifest.alarms.critical.iter().enumerate() {
        all.push((format!("bundle.json: alarms.critical[{index}]"), name));
    }
    let traffic = &manifest.traffic;
    let path = |name: &str| format!("bundle.json: traffic.{name}");
    all.push((path("record"), &traffic.record));
    all.push((path("marker"), &traffic.marker));
    all.extend(traffic.zone.iter().map(|zone| (path("zone"), zone)));
    all.push((path("endpoints.primary"), &traffic.endpoints.primary));
    all.push((path("endpoints.standby"), &traffic.endpoints.standby));
    let checks = traffic.checks.iter();
    all.extend(checks.map(|(name, text)| (path(&format!("checks.{name}")), text)));
    for (index, lever) in traffic.levers.iter().enumerate() {
        let text = match lever {
            crate::bundle::manifest::Lever::Metric { alarm, .. } => Some(alarm),
            crate::bundle::manifest::Lever::Endpoint { url, .. } => url.as_ref(),
            _ => None,
        };
        all.extend(text.map(|text| (path(&format!("levers[{index}]")), text)));
    }
    all
}

fn outputs_exist(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (path, text) in texts(context) {
        for name in text.names().unwrap_or_default() {
            let Some((stack, output)) = name.split_once('.') else {
                continue;
            };
            let Some(unit) = context.unit(stack) else {
                continue;
            };
            let declared = unit.section("Outputs").and_then(|all| all.get(output));
            if !declared.is_some_and(|value| unit.may_exist(value)) {
                found.push((
                    path.clone(),
                    format!("stack `{stack}` never has the output `{output}`"),
                ));
            }
        }
    }
    found
}

fn signal_dimensions(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (index, signal) in context.bundle.manifest.signals.iter().enumerate() {
        let path = format!("bundle.json: signals[{index}]");
        let mut names: Vec<&str> = signal.dimensions.keys().map(String::as_str).collect();
        names.sort_unstable();
        match dimensions(&signal.namespace, &signal.metric) {
            Dimensions::Unknown => {}
            Dimensions::NoSuchMetric => found.push((
                format!("{path}.metric"),
                format!("{} has no metric {}", signal.namespace, signal.metric),
            )),
            Dimensions::OneOf(sets) if sets.contains(&names.as_slice()) => {}
            Dimensions::OneOf(sets) => found.push((
                format!("{path}.dimensions"),
                format!(
                    "{} is published with {}",
                    signal.metric,
                    sets_in_words(sets)
                ),
            )),
        }
    }
    found
}

fn signal_names(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (index, signal) in context.bundle.manifest.signals.iter().enumerate() {
        for (dimension, text) in &signal.dimensions {
            let value = resolved(context, text);
            if !super::names::names_something(context, signal.role, dimension, &value) {
                found.push((
                    format!("bundle.json: signals[{index}].dimensions.{dimension}"),
                    format!("nothing in the {} region is called `{text}`", signal.role),
                ));
            }
        }
    }
    found
}

pub(super) fn sets_in_words(sets: &[&[&str]]) -> String {
    let each: Vec<String> = sets
        .iter()
        .map(|set| {
            if set.is_empty() {
                "no dimensions".to_owned()
            } else {
                set.join(" + ")
            }
        })
        .collect();
    each.join(", or ")
}

fn alarms_exist(context: &Context<'_>) -> Vec<Found> {
    let names: Vec<String> = context
        .resources()
        .filter(|r| r.kind.ends_with("Alarm"))
        .filter(|r| r.unit.role == crate::domain::region::Role::Standby)
        .flat_map(|r| r.texts("AlarmName"))
        .collect();
    let mut found = Vec::new();
    for (index, alarm) in context.bundle.manifest.alarms.critical.iter().enumerate() {
        let name = resolved(context, alarm);
        if !names.contains(&name) {
            found.push((
                format!("bundle.json: alarms.critical[{index}]"),
                format!("no alarm of the standby is called `{alarm}`"),
            ));
        }
    }
    found
}

/// The text of a manifest with outputs replaced by the physical names that they stand for.
pub(super) fn resolved(context: &Context<'_>, placeholder: &Placeholder) -> String {
    let mut bindings = Context::bindings(&context.bundle.manifest);
    for name in placeholder.names().unwrap_or_default() {
        if let Some(value) = output(context, name) {
            bindings.insert(name, value);
        }
    }
    placeholder
        .resolve(&bindings)
        .unwrap_or_else(|_| placeholder.as_str().to_owned())
}

/// The value of `<stack>.<output>`; a `Ref` gives the resource's physical name.
fn output(context: &Context<'_>, name: &str) -> Option<String> {
    let (stack, output) = name.split_once('.')?;
    let unit = context.unit(stack)?;
    let value = unit.section("Outputs")?.get(output)?.get("Value")?;
    if let Some((id, None)) = referred(value)
        && let Some(resource) = unit.resource(id)
    {
        let property = tables::kind(resource.kind)?.physical?;
        return resource.texts(property).into_iter().next();
    }
    unit.possible(value).iter().find_map(text)
}

/// The capabilities that a template needs.
pub(super) fn needed_capabilities(unit: &Unit<'_>) -> BTreeSet<&'static str> {
    let mut needed = BTreeSet::new();
    for resource in unit
        .resources()
        .filter(|r| r.kind.starts_with("AWS::IAM::"))
    {
        let named = tables::kind(resource.kind)
            .and_then(|kind| kind.physical)
            .is_some_and(|name| resource.property(name).is_some())
            && resource.kind != "AWS::IAM::Policy";
        needed.insert(if named {
            "CAPABILITY_NAMED_IAM"
        } else {
            "CAPABILITY_IAM"
        });
    }
    let transform = unit.tree.get("Transform");
    if transform.is_some_and(|t| *t != Value::Null) {
        needed.insert("CAPABILITY_AUTO_EXPAND");
    }
    needed
}

/// Whether what is declared includes what is needed.
pub(super) fn covers(declared: &[&str], needed: &str) -> bool {
    // The one for named resources includes the one for unnamed ones.
    let included = needed == "CAPABILITY_IAM" && declared.contains(&"CAPABILITY_NAMED_IAM");
    declared.contains(&needed) || included
}

fn capabilities(context: &Context<'_>) -> Vec<Found> {
    let ours = stacks(context).filter(|(_, stack, _)| stack.made_by.is_none());
    let mut found = Vec::new();
    for (unit, stack, path) in ours {
        let declared: Vec<&str> = stack.capabilities.iter().map(String::as_str).collect();
        for needed in needed_capabilities(unit) {
            if !covers(&declared, needed) {
                found.push((
                    format!("{path}.capabilities"),
                    format!("{needed} is needed and not declared"),
                ));
            }
        }
    }
    found
}
