//! What a deploy's review can say before any change set: parameters with their sources, and what a new stack adds.

use serde_json::Value;

use crate::domain::change::{Change, ChangeAction, Replacement};
use crate::domain::environment::StackSpec;
use crate::domain::forecast::{Basis as Known, Forecast, ParameterChange};
use crate::domain::planning::Basis;
use crate::domain::stack::Phase;

/// What is known of a stack's deployment from its template and from what was seen.
pub(super) fn forecast(basis: &Basis<'_>, spec: &StackSpec, phase: Phase) -> Option<Forecast> {
    let template: Value = serde_json::from_str(&spec.template).unwrap_or_default();
    let parameters: Vec<ParameterChange> = spec
        .parameters
        .keys()
        .map(|name| parameter(basis, spec, &template, name))
        .collect();
    let missing = missing_inputs(basis, spec);
    let (known, changes) = match phase {
        Phase::Absent | Phase::Review | Phase::Dead => (Known::Template, added(&template)),
        Phase::Settled | Phase::RolledBack if missing.is_empty() => (Known::Pending, Vec::new()),
        Phase::Settled | Phase::RolledBack => (Known::Later { inputs: missing }, Vec::new()),
        Phase::Failed | Phase::InProgress | Phase::Unknown => return None,
    };
    Some(Forecast {
        basis: known,
        changes,
        parameters,
    })
}

/// Every resource of the template; one with a condition says so.
fn added(template: &Value) -> Vec<Change> {
    let resources = template.get("Resources").and_then(Value::as_object);
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let all = resources
        .into_iter()
        .flatten()
        .map(|(id, resource)| Change {
            action: ChangeAction::Add,
            logical_id: id.clone(),
            resource_type: text(resource, "Type").unwrap_or_default(),
            replacement: Replacement::No,
            causes: text(resource, "Condition")
                .map(|name| format!("if {name}"))
                .into_iter()
                .collect(),
        });
    all.collect()
}

fn parameter(basis: &Basis<'_>, spec: &StackSpec, template: &Value, name: &str) -> ParameterChange {
    let hidden = is_hidden(basis, spec, template, name);
    let text = spec.parameters.get(name);
    let deployed = basis
        .seen
        .stack(&spec.id)
        .and_then(|s| s.parameters.get(name));
    let new = text
        .and_then(|text| basis.env.resolve(basis.seen, text).ok())
        .or_else(|| deployed.cloned())
        .or_else(|| default_of(template, name));
    ParameterChange {
        name: name.to_owned(),
        source: source(basis, spec, name),
        old: deployed.filter(|_| !hidden).cloned(),
        new: new.filter(|_| !hidden),
        hidden,
    }
}

fn default_of(template: &Value, name: &str) -> Option<String> {
    let default = template.get("Parameters")?.get(name)?.get("Default")?;
    Some(
        default
            .as_str()
            .map_or_else(|| default.to_string(), str::to_owned),
    )
}

/// `NoEcho` in the template, or a sensitive parameter of the manifest in the text.
fn is_hidden(basis: &Basis<'_>, spec: &StackSpec, template: &Value, name: &str) -> bool {
    let declared = template.get("Parameters").and_then(|all| all.get(name));
    let no_echo = declared
        .and_then(|p| p.get("NoEcho"))
        .is_some_and(|flag| flag.as_bool().unwrap_or(false) || flag.as_str() == Some("true"));
    let sensitive = |wanted: &&str| -> bool {
        basis
            .env
            .parameters
            .iter()
            .any(|p| p.sensitive && p.name == **wanted)
    };
    let names = spec.parameters.get(name).and_then(|text| text.names().ok());
    no_echo || names.is_some_and(|names| names.iter().any(sensitive))
}

/// Secrets that only a part of the stacks keeps, because the others are new and nothing is given for them.
pub(super) fn apart(basis: &Basis<'_>) -> Vec<String> {
    let env = basis.env;
    let secrets = env.parameters.iter().filter(|p| p.sensitive);
    let parted = secrets.filter_map(|secret| {
        let takers = env.takers(basis.seen, &secret.name);
        let (keeping, new): (Vec<_>, Vec<_>) = takers.partition(|(_, keeps)| *keeps);
        let ids = |all: &[(&StackSpec, bool)]| {
            let ids = all.iter().map(|(spec, _)| spec.id.0.as_str());
            ids.collect::<Vec<_>>().join(", ")
        };
        let name = &secret.name;
        (!keeping.is_empty() && !new.is_empty()).then(|| {
            format!(
                "{name} is not given: {} keeps what it has, which nobody can read, and {} gets the default; give it with --parameter {name}=… where both must have the same",
                ids(&keeping),
                ids(&new)
            )
        })
    });
    parted.collect()
}

/// Where a parameter's value comes from.
fn source(basis: &Basis<'_>, spec: &StackSpec, name: &str) -> String {
    if basis.env.keeps(basis.seen, spec, name) {
        return "kept".to_owned();
    }
    let names = spec
        .parameters
        .get(name)
        .and_then(|text| text.names().ok())
        .unwrap_or_default();
    let outputs: Vec<&str> = names
        .iter()
        .filter(|name| !name.starts_with("region."))
        .filter_map(|name| name.split_once('.').map(|(stack, _)| stack))
        .collect();
    if !outputs.is_empty() {
        return format!("output of {}", outputs.join(", "));
    }
    match names.as_slice() {
        [] => "the manifest".to_owned(),
        [only] if basis.env.is_given(only) => match *only {
            "suffix" | "region.primary" | "region.standby" => "the environment".to_owned(),
            _ if basis.env.gives_anew(basis.seen, spec, name) => "given anew".to_owned(),
            _ => "given".to_owned(),
        },
        [_] if basis.env.resolve(basis.seen, &text(spec, name)).is_err() => {
            "the template's default".to_owned()
        }
        [only] if basis.env.defaults.get(only) == basis.env.value(basis.seen, only) => {
            "default".to_owned()
        }
        [_] => "as deployed".to_owned(),
        [..] => "the environment".to_owned(),
    }
}

fn text(spec: &StackSpec, name: &str) -> crate::domain::placeholder::Placeholder {
    spec.parameters.get(name).cloned().unwrap_or_default()
}

/// Stacks whose outputs this one needs and that have not put them out yet.
fn missing_inputs(basis: &Basis<'_>, spec: &StackSpec) -> Vec<String> {
    let mut missing: Vec<String> = inputs(spec)
        .into_iter()
        .filter(|name| basis.env.value(basis.seen, name).is_none())
        .filter_map(|name| name.split_once('.').map(|(stack, _)| stack.to_owned()))
        .collect();
    missing.sort();
    missing.dedup();
    missing
}

/// The `stack.Output` names of a stack's parameters.
fn inputs(spec: &StackSpec) -> Vec<String> {
    let names = spec
        .parameters
        .values()
        .filter_map(|text| text.names().ok());
    names
        .flatten()
        .filter(|name| name.contains('.') && !name.starts_with("region."))
        .map(str::to_owned)
        .collect()
}

/// The stacks of which this one takes outputs.
pub(super) fn input_stacks(spec: &StackSpec) -> Vec<String> {
    let names = inputs(spec);
    let stacks = names.iter().filter_map(|name| name.split_once('.'));
    let mut stacks: Vec<String> = stacks.map(|(stack, _)| stack.to_owned()).collect();
    stacks.sort();
    stacks.dedup();
    stacks
}
