//! `iam`: a least-privilege policy with the environment's own names in it; what is not known stays a placeholder.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cli::args::Whose;
use crate::cli::context::{Context, Ended, Failed, Streams};
use crate::cli::iam::Policy;
use crate::domain::environment::{Environment, StackSpec};
use crate::domain::lever::{LeverKind, LeverSpec};
use crate::domain::observation::Observation;
use crate::domain::prediction::combined_check;
use crate::domain::region::Role;
use crate::error::ExitCode;
use crate::runtime::headless;

/// The stacks of both regions, which the policy's template names as one.
const STACKS: &str = "stacks";

pub fn run(context: &Context, streams: &mut Streams<'_>, whose: Whose) -> Ended {
    let env = context.environment()?;
    let names = context.headless(&env, async |core| {
        headless::look(core, context.look()).await;
        Ok(names(&core.model.env, &core.model.seen))
    })?;
    let policy = match whose {
        Whose::ReadOnly => Policy::ReadOnly,
        Whose::Operator => Policy::Operator,
    };
    let text = policy.fill(&names).map_err(Failed::usage)?;
    let mut policy: Value = serde_json::from_str(&text)?;
    name_stacks(
        &mut policy,
        &env,
        names.get("account").map_or("", String::as_str),
    );
    write!(streams.out, "{}", crate::cli::output::json(&policy)?)?;
    let missing: Vec<&str> = names
        .iter()
        .filter(|(name, value)| **name != STACKS && **value == placeholder(name))
        .map(|(name, _)| *name)
        .collect();
    if !missing.is_empty() {
        let list = missing.join(", ");
        writeln!(
            streams.err,
            "switchback: not known, put them in by hand: {list}"
        )?;
    }
    Ok(ExitCode::Done)
}

/// What stands where nothing is known: no ARN matches it.
fn placeholder(name: &str) -> String {
    format!("<{name}>")
}

fn names(env: &Environment, seen: &Observation) -> BTreeMap<&'static str, String> {
    let bindings = env.bindings(seen);
    let account = seen.identity.last().map(|i| i.account.clone());
    let zone = env
        .traffic
        .as_ref()
        .and_then(|traffic| traffic.zone.as_ref()?.resolve(&bindings).ok());
    let namespace =
        env.traffic
            .as_ref()
            .and_then(|traffic| match traffic.lever(LeverKind::Metric)? {
                LeverSpec::Metric { namespace, .. } => Some(namespace.clone()),
                LeverSpec::Endpoint { .. } | LeverSpec::Force { .. } | LeverSpec::Records => None,
            });
    let check = combined_check(env, seen).map(|check| check.id.to_string());
    let region = |role| Some(env.regions.get(role).to_string());
    [
        ("account", account),
        ("primary", region(Role::Primary)),
        ("standby", region(Role::Standby)),
        (STACKS, None),
        ("zone", zone),
        ("namespace", namespace),
        ("check", check),
    ]
    .into_iter()
    .map(|(name, value)| (name, value.unwrap_or_else(|| placeholder(name))))
    .collect()
}

/// Puts the ARNs of the environment's own stacks where the template has a pattern for all of them.
fn name_stacks(policy: &mut Value, env: &Environment, account: &str) {
    let statements = policy.get_mut("Statement").and_then(Value::as_array_mut);
    for statement in statements.into_iter().flatten() {
        let Some(Value::Array(resources)) = statement.get_mut("Resource") else {
            continue;
        };
        if resources.iter().any(is_pattern) {
            resources.retain(|resource| !is_pattern(resource));
            resources.extend(arns(env, account).into_iter().map(Value::String));
        }
    }
}

fn is_pattern(resource: &Value) -> bool {
    let text = resource.as_str().unwrap_or_default();
    text.contains(&format!(":stack/{}/", placeholder(STACKS)))
}

/// What another stack's `StackSet` makes is known by the beginning of its name.
fn arns(env: &Environment, account: &str) -> Vec<String> {
    let arn = |spec: &StackSpec| {
        let region = env.regions.get(spec.role);
        let rest = if spec.name.ends_with('-') { "*" } else { "" };
        format!(
            "arn:aws:cloudformation:{region}:{account}:stack/{}{rest}/*",
            spec.name
        )
    };
    let mut all: Vec<String> = env.stacks.iter().map(arn).collect();
    all.sort();
    all.dedup();
    all
}
