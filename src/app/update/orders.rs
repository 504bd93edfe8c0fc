//! Turns a step into an order that carries everything the call needs.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::app::effect::{
    Approval, Deployment, Instance, LeverDatum, Order, Reviewed, StackTarget,
};
use crate::app::model::Model;
use crate::app::update::{promotion, resume};
use crate::domain::environment::{StackSpec, TrafficSpec};
use crate::domain::forecast::Basis;
use crate::domain::lever::{Command, LeverKind, LeverSpec, NumberedCommand};
use crate::domain::placeholder::{Bindings, Placeholder};
use crate::domain::plan::{Action, Step};
use crate::domain::planning::traffic::forced_threshold;
use crate::domain::prediction::combined_check;
use crate::domain::promotion::is_stale;
use crate::domain::region::Role;
use crate::domain::stack::StackId;

/// The order for a step that acts.
pub(super) fn order(model: &Model, action: &Action) -> Result<Order, String> {
    match action {
        Action::DeployStack { stack } => deploy(model, stack),
        Action::DeleteStack { stack } => delete(model, stack),
        Action::RepairStack {
            stack,
            repair,
            skip,
        } => Ok(Order::Repair {
            target: again(model, spec(model, stack)?),
            repair: *repair,
            skip: skip.clone(),
        }),
        Action::Pull { lever, command } => pull(model, *lever, *command),
        Action::Approve { command } if promotion::lever_is_opposed(model, *command) => Err(
            "another console has since told the lever the opposite: nothing is approved".to_owned(),
        ),
        Action::Approve { command } => approval(model, *command, None)
            .map(Order::Approve)
            .ok_or_else(|| "the bundle has no promotion whose names are known".to_owned()),
        Action::AwaitAlarm { .. }
        | Action::AwaitDns { .. }
        | Action::AwaitHealthy { .. }
        | Action::AwaitPromotion { .. } => Err("a step that waits has no order".to_owned()),
    }
}

fn spec<'a>(model: &'a Model, stack: &StackId) -> Result<&'a StackSpec, String> {
    model
        .env
        .stack(stack)
        .ok_or_else(|| format!("the bundle has no stack {stack}"))
}

/// A stack that a `StackSet` makes is called by the name that was found: the manifest knows only its beginning.
fn target(model: &Model, spec: &StackSpec) -> StackTarget {
    let made = spec
        .made_by
        .as_ref()
        .and_then(|_| model.seen.stack(&spec.id));
    StackTarget {
        stack: spec.id.clone(),
        role: spec.role,
        name: made.map_or(&spec.name, |stack| &stack.name).clone(),
        arn: None,
        cut_off: None,
        instances: instances(model, spec),
    }
}

/// The stack by its id in the bundle.
pub(super) fn target_of(model: &Model, stack: &StackId) -> Option<StackTarget> {
    Some(target(model, model.env.stack(stack)?))
}

/// The stacks that a stack's sets make.
fn instances(model: &Model, spec: &StackSpec) -> Vec<Instance> {
    let all = model.env.stacks.iter();
    let made = all.filter(|other| other.made_by.as_ref().is_some_and(|by| by.stack == spec.id));
    made.map(|instance| Instance {
        stack: instance.id.clone(),
        role: instance.role,
        prefix: instance.name.clone(),
    })
    .collect()
}

/// The stack, and whether this step is done again after it was cut off.
fn again(model: &Model, spec: &StackSpec) -> StackTarget {
    StackTarget {
        cut_off: resume::cut_off(model, &spec.id),
        ..target(model, spec)
    }
}

fn deploy(model: &Model, stack: &StackId) -> Result<Order, String> {
    let spec = spec(model, stack)?;
    let bindings = model.env.bindings(&model.seen);
    let optional = |text: &Placeholder| {
        text.names().is_ok_and(|names| {
            names.iter().all(|name| {
                bindings.get(name).is_some()
                    || model
                        .env
                        .parameters
                        .iter()
                        .any(|p| p.name == *name && !p.required)
            })
        })
    };
    let mut parameters = BTreeMap::new();
    let all = spec.parameters.iter();
    for (name, text) in all.filter(|(name, _)| !model.env.keeps(&model.seen, spec, name)) {
        match text.resolve(&bindings) {
            Ok(value) => {
                parameters.insert(name.clone(), value);
            }
            // not given: the deployed value stays, or else the template's default applies
            Err(_) if optional(text) || is_deployed(model, spec, name) => {}
            Err(error) => return Err(format!("parameter {name} of {}: {error}", spec.name)),
        }
    }
    let keep = kept(model, spec, &parameters);
    let deployment = Deployment {
        template: spec.template.clone(),
        parameters,
        keep,
        capabilities: spec.capabilities.clone(),
        tags: tags(model, spec.role),
        reviewed: reviewed(model, stack),
    };
    Ok(Order::Deploy(again(model, spec), deployment))
}

/// What the running operation's operator has seen of the stack's changes.
fn reviewed(model: &Model, stack: &StackId) -> Option<Reviewed> {
    let run = model.run.as_deref().filter(|run| run.is_running())?;
    if let Some(changes) = run.accepted.get(stack) {
        return Some(Reviewed {
            changes: changes.clone(),
            exact: false,
        });
    }
    let mine =
        |step: &&Step| matches!(&step.action, Action::DeployStack { stack: s } if s == stack);
    let forecast = run.plan().steps.iter().find(mine)?.forecast.as_ref()?;
    let exact = match &forecast.basis {
        Basis::ChangeSet { inputs } => inputs.is_empty(),
        Basis::Unchanged => true,
        Basis::Pending | Basis::Template | Basis::Later { .. } | Basis::Failed(_) => false,
    };
    Some(Reviewed {
        changes: forecast.changes.clone(),
        exact,
    })
}

fn is_deployed(model: &Model, spec: &StackSpec, parameter: &str) -> bool {
    let stack = model.seen.stack(&spec.id);
    stack.is_some_and(|stack| stack.parameters.contains_key(parameter))
}

/// Parameters of the template that the deployed stack has and that are not given anew.
fn kept(model: &Model, spec: &StackSpec, given: &BTreeMap<String, String>) -> Vec<String> {
    let template: serde_json::Value = serde_json::from_str(&spec.template).unwrap_or_default();
    let declared = template
        .get("Parameters")
        .and_then(serde_json::Value::as_object);
    let deployed = model.seen.stack(&spec.id).map(|stack| &stack.parameters);
    let (Some(declared), Some(deployed)) = (declared, deployed) else {
        return Vec::new();
    };
    declared
        .keys()
        .filter(|name| deployed.contains_key(*name) && !given.contains_key(*name))
        .cloned()
        .collect()
}

fn tags(model: &Model, role: Role) -> BTreeMap<String, String> {
    let pairs = [
        ("Environment", model.env.suffix.clone()),
        ("Region", model.env.regions.get(role).to_string()),
        ("switchback:environment", model.env.name.to_string()),
        ("switchback:bundle", model.env.bundle.clone()),
    ];
    pairs
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

fn delete(model: &Model, stack: &StackId) -> Result<Order, String> {
    let run = model.run.as_deref().filter(|run| run.is_running());
    let reviewed = run.and_then(|run| run.plan().arns.get(stack));
    Ok(Order::Delete(StackTarget {
        arn: reviewed.cloned(),
        ..again(model, spec(model, stack)?)
    }))
}

fn pull(model: &Model, lever: LeverKind, command: Command) -> Result<Order, String> {
    match lever {
        LeverKind::Metric => metric(model, command, None)
            .map(Order::PutCommand)
            .ok_or_else(|| "the bundle has no metric lever".to_owned()),
        LeverKind::Endpoint => endpoint(model, command),
        LeverKind::Force => force(model, command),
        LeverKind::Records => records(model),
        LeverKind::Automatic => Err("the automatic lever can't be pulled".to_owned()),
    }
}

/// The metric lever's order; `number` repeats a command already given.
pub(super) fn metric(model: &Model, command: Command, number: Option<i64>) -> Option<LeverDatum> {
    let LeverSpec::Metric {
        role,
        namespace,
        dimensions,
        ..
    } = model.env.traffic.as_ref()?.lever(LeverKind::Metric)?
    else {
        return None;
    };
    let newest = model
        .seen
        .traffic
        .lever
        .last()
        .and_then(|lever| lever.command);
    let numbered = match number {
        Some(number) => NumberedCommand { number, command },
        None => NumberedCommand::next(command, latest(model), newest),
    };
    let bindings = model.env.bindings(&model.seen);
    let dimensions = resolve_all(dimensions, &bindings)?;
    Some(LeverDatum {
        role: *role,
        namespace: namespace.clone(),
        dimensions,
        number: numbered.number,
        value: numbered.datum(),
        engaged: command == Command::Engage,
        repeat: number.is_some(),
    })
}

/// The latest moment that is known: ours, or the one at which AWS saw the lever's alarm change, where that is later because
/// our clock is behind.
pub(super) fn latest(model: &Model) -> Timestamp {
    let lever = model.seen.traffic.lever.last();
    model.now.max(
        lever
            .and_then(|lever| lever.alarm_since)
            .unwrap_or(model.now),
    )
}

/// The approval's order, under the number of the lever's command; `number` repeats one already given. Where that has
/// become too old for the state machine, the approval gets a number of its own.
pub(super) fn approval(model: &Model, command: Command, number: Option<i64>) -> Option<Approval> {
    let spec = model.env.traffic.as_ref()?.promotion.as_ref()?;
    let pulled = model.run.as_deref().and_then(|run| run.lever.as_ref());
    let seen = &model.seen.traffic;
    let known = number
        .or_else(|| pulled.map(|lever| lever.number))
        .filter(|number| !is_stale(*number, latest(model)));
    let numbered = known.map_or_else(
        || {
            let told = seen.lever.last().and_then(|lever| lever.command);
            let newest = seen.promotion.last().and_then(|p| p.approval);
            let newest = told
                .into_iter()
                .chain(newest)
                .reduce(NumberedCommand::newer);
            NumberedCommand::next(command, latest(model), newest)
        },
        |number| NumberedCommand { number, command },
    );
    let bindings = model.env.bindings(&model.seen);
    Some(Approval {
        role: spec.role,
        namespace: spec.namespace.clone(),
        dimensions: resolve_all(&spec.dimensions, &bindings)?,
        metric: spec.approval.clone(),
        number: numbered.number,
        value: numbered.datum(),
        repeat: number.is_some(),
    })
}

fn resolve_all(
    texts: &BTreeMap<String, Placeholder>,
    bindings: &Bindings,
) -> Option<Vec<(String, String)>> {
    texts
        .iter()
        .map(|(name, text)| Some((name.clone(), text.resolve(bindings).ok()?)))
        .collect()
}

fn endpoint(model: &Model, command: Command) -> Result<Order, String> {
    let lever = traffic(model)?.lever(LeverKind::Endpoint);
    let Some(LeverSpec::Endpoint {
        role,
        stack,
        parameter,
        url: _,
    }) = lever
    else {
        return Err("the bundle has no endpoint lever".to_owned());
    };
    let value = if command == Command::Engage {
        "true"
    } else {
        "false"
    };
    Ok(Order::SetParameter {
        target: StackTarget {
            role: *role,
            ..target(model, spec(model, stack)?)
        },
        parameter: parameter.clone(),
        value: value.to_owned(),
    })
}

fn traffic(model: &Model) -> Result<&TrafficSpec, String> {
    model
        .env
        .traffic
        .as_ref()
        .ok_or_else(|| "the bundle steers no traffic".to_owned())
}

fn force(model: &Model, command: Command) -> Result<Order, String> {
    let check = combined_check(&model.env, &model.seen).ok_or_else(|| {
        "the calculated check of the primary's record is not known: Route 53 was not read"
            .to_owned()
    })?;
    let engaged = model.facts.engaged.contains(&LeverKind::Force);
    let threshold = forced_threshold(&model.env, &model.seen, engaged, command)
        .ok_or_else(|| format!("health check {} is not a calculated one", check.id))?;
    Ok(Order::SetThreshold {
        check: check.id.clone(),
        version: check.version,
        threshold,
    })
}

/// The change of record sets that was reviewed with the plan.
fn records(model: &Model) -> Result<Order, String> {
    let plan = model.run.as_ref().map(|run| run.plan());
    let change = plan
        .and_then(|plan| plan.records.clone())
        .ok_or_else(|| "the plan says nothing about record sets".to_owned())?;
    let id = plan.map(|plan| plan.id.to_string()).unwrap_or_default();
    Ok(Order::ChangeRecords {
        change,
        comment: format!("switchback {id}"),
    })
}
