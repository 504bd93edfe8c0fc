//! Plans to deploy and to delete.

use std::collections::BTreeSet;

use crate::domain::blocker::{Findings, Inspection};
use crate::domain::environment::{Environment, StackSpec};
use crate::domain::forecast::Forecast;
use crate::domain::guard::{GuardId, GuardResult, GuardVerdict, firm_refusal, result};
use crate::domain::observation::{Observation, Serving};
use crate::domain::operation::{OperationId, OperationKind};
use crate::domain::plan::{Action, Plan, Step};
use crate::domain::planning::standing::Standing;
use crate::domain::planning::{Basis, CannotPlan, blockers, forecast, left, nothing_running, step};
use crate::domain::stack::{Phase, StackId};

/// A plan to create or update every stack, in manifest order.
pub fn deploy(basis: &Basis<'_>, id: OperationId) -> Result<Plan, CannotPlan> {
    let env = basis.env;
    let Standing {
        guards,
        phases,
        arns,
    } = deploy_standing(basis)?;
    let (mut steps, mut notes) = (Vec::new(), Vec::new());
    for spec in in_order(&env.stacks).into_iter().filter(|s| is_ours(s)) {
        let phase = phases.get(&spec.id).copied().unwrap_or(Phase::Unknown);
        if phase == Phase::Dead {
            notes.push(format!(
                "{} in {} failed to create and was rolled back; it is deleted first",
                spec.name,
                basis.region(spec.role)
            ));
            steps.push(Step {
                needs: Some(needs(env, &steps, spec)),
                ..delete_step(spec)
            });
        }
        steps.push(Step {
            needs: Some(needs(env, &steps, spec)),
            forecast: forecast::forecast(basis, spec, phase),
            ..deploy_step(spec, phase)
        });
    }
    let mut plan = basis.plan(OperationKind::Deploy, id, steps);
    plan.guards = guards;
    plan.arns = arns;
    plan.basis = phases;
    plan.notes = notes;
    plan.notes.extend(forecast::apart(basis));
    plan.guards.extend(data_loss(&plan.steps));
    plan.notes.push("each stack goes through a change set; one that would replace or remove a resource with data, and was not seen here, asks again".into());
    Ok(plan)
}

/// How a deploy stands now.
pub(super) fn deploy_standing(basis: &Basis<'_>) -> Result<Standing, CannotPlan> {
    let env = basis.env;
    check_parameters(basis)?;
    let phases = basis.phases()?;
    let failed: Vec<GuardResult> = env
        .stacks
        .iter()
        .filter(|s| phases.get(&s.id) == Some(&Phase::Failed))
        .map(|spec| {
            firm_refusal(
                GuardId::DestinationFit,
                spec.name.clone(),
                "the stack is in a failed state and takes no change set",
            )
            .remedy("repair it first (R on the Stacks page, or `switchback repair`), or delete it")
        })
        .collect();
    let guards = basis.read_only().into_iter();
    Ok(Standing {
        guards: guards
            .chain([nothing_running(basis.seen, &phases)])
            .chain(failed)
            .collect(),
        arns: basis.arns(phases.keys()),
        phases,
    })
}

/// Every parameter that is needed is known, and every value fits.
fn check_parameters(basis: &Basis<'_>) -> Result<(), CannotPlan> {
    let env = basis.env;
    let known = env.bindings(basis.seen);
    for spec in &env.parameters {
        match known.get(&spec.name).filter(|v| !v.is_empty()) {
            None if spec.required && !env.is_kept(basis.seen, &spec.name) => {
                return Err(CannotPlan::MissingParameter(spec.name.clone()));
            }
            None => {}
            Some(value) => spec.check(value).map_err(|why| CannotPlan::BadParameter {
                name: spec.name.clone(),
                why,
            })?,
        }
    }
    Ok(())
}

/// The earlier steps that a stack has to wait for: its own, those of the stacks it comes after or takes outputs of, and
/// of the stack that makes one of these.
fn needs(env: &Environment, before: &[Step], spec: &StackSpec) -> Vec<usize> {
    let inputs = forecast::input_stacks(spec).into_iter().map(StackId);
    let mut wanted: Vec<StackId> = spec.after.iter().cloned().chain(inputs).collect();
    let makers = wanted
        .iter()
        .filter_map(|id| env.stack(id)?.made_by.as_ref());
    let makers: Vec<StackId> = makers.map(|maker| maker.stack.clone()).collect();
    wanted.extend(makers);
    wanted.push(spec.id.clone());
    let steps = before.iter().enumerate();
    steps
        .filter(|(_, step)| step.action.stack().is_some_and(|id| wanted.contains(id)))
        .map(|(index, _)| index)
        .collect()
}

/// What would be replaced or removed with its data, as far as the change sets tell.
pub fn data_loss(steps: &[Step]) -> Option<GuardResult> {
    let forecasts = steps.iter().filter_map(|step| step.forecast.as_ref());
    let dangers: Vec<String> = forecasts
        .flat_map(Forecast::dangers)
        .map(|change| format!("{} ({})", change.logical_id, change.resource_type))
        .collect();
    (!dangers.is_empty()).then(|| {
        result(
            GuardId::DataLoss,
            GuardVerdict::Refuse,
            dangers.join(", "),
            "resources that hold data would be replaced or removed",
        )
        .remedy("override with a reason, once the data is safe")
    })
}

/// The stacks of which a stack takes outputs.
pub fn input_stacks(spec: &StackSpec) -> Vec<String> {
    forecast::input_stacks(spec)
}

fn deploy_step(spec: &StackSpec, phase: Phase) -> Step {
    let creates = phase.is_created_anew();
    let verb = if creates { "create" } else { "update" };
    let undo = if creates {
        "delete the stack"
    } else {
        "deploy the previous version"
    };
    step(
        format!("{verb} {}", spec.name),
        Some(spec.role),
        Action::DeployStack {
            stack: spec.id.clone(),
        },
    )
    .undo(undo)
    .expect("a few minutes")
}

fn delete_step(spec: &StackSpec) -> Step {
    step(
        format!("delete {}", spec.name),
        Some(spec.role),
        Action::DeleteStack {
            stack: spec.id.clone(),
        },
    )
    .undo("none: deploy it again")
    .expect("a few minutes")
}

/// Whether the console deploys and deletes the stack, rather than a `StackSet` of another.
const fn is_ours(spec: &StackSpec) -> bool {
    spec.made_by.is_none()
}

/// Stacks so that each comes after those it names in `after`, and after the one that makes it.
fn in_order(stacks: &[StackSpec]) -> Vec<&StackSpec> {
    let mut placed: BTreeSet<&StackId> = BTreeSet::new();
    let mut out: Vec<&StackSpec> = Vec::new();
    while out.len() < stacks.len() {
        let ready: Vec<&StackSpec> = stacks
            .iter()
            .filter(|s| !placed.contains(&s.id))
            .filter(|s| {
                let maker = s.made_by.as_ref().map(|m| &m.stack);
                s.after
                    .iter()
                    .chain(maker)
                    .all(|a| placed.contains(a) || stacks.iter().all(|other| other.id != *a))
            })
            .collect();
        if ready.is_empty() {
            // a circle, which the manifest's check refuses: keep the given order
            out.extend(stacks.iter().filter(|s| !placed.contains(&s.id)));
            break;
        }
        placed.extend(ready.iter().map(|s| &s.id));
        out.extend(ready);
    }
    out
}

/// A plan to delete every stack that exists, in the manifest's delete order.
pub fn delete(basis: &Basis<'_>, id: OperationId) -> Result<Plan, CannotPlan> {
    let env = basis.env;
    let (specs, standing) = delete_standing(basis)?;
    let mut plan = basis.plan(
        OperationKind::Delete,
        id,
        specs.iter().map(|spec| inspected(basis, spec)).collect(),
    );
    plan.guards = standing.guards;
    plan.arns = standing.arns;
    plan.basis = standing.phases;
    inspect(env, &mut plan);
    Ok(plan)
}

/// The stacks that a deletion would delete, in order, and how it stands now.
pub(super) fn delete_standing<'a>(
    basis: &Basis<'a>,
) -> Result<(Vec<&'a StackSpec>, Standing), CannotPlan> {
    let phases = basis.phases()?;
    let env = basis.env;
    let there = |id: &&StackId| phases.get(*id).is_some_and(|phase| *phase != Phase::Absent);
    let specs: Vec<&StackSpec> = env
        .delete_order
        .iter()
        .filter(there)
        .filter_map(|id| env.stack(id))
        .filter(|spec| is_ours(spec))
        .collect();
    if specs.is_empty() {
        return Err(CannotPlan::NothingThere);
    }
    let mut guards: Vec<GuardResult> = basis.read_only().into_iter().collect();
    guards.push(nothing_running(basis.seen, &phases));
    guards.extend(not_serving(basis, &specs));
    guards.extend(blockers::promoted(basis, &specs));
    guards.extend(production(basis));
    guards.extend(specs.iter().filter_map(|spec| protected(basis.seen, spec)));
    let standing = Standing {
        guards,
        arns: basis.arns(phases.keys()),
        phases,
    };
    Ok((specs, standing))
}

/// The step of a deletion, with what AWS has to be asked about it.
fn inspected(basis: &Basis<'_>, spec: &StackSpec) -> Step {
    let inquiry = blockers::inquiry(spec, basis.seen.stack(&spec.id));
    Step {
        inspection: (!inquiry.is_empty()).then_some(Inspection::Pending(inquiry)),
        ..delete_step(spec)
    }
}

/// Says in a deletion's plan what is known of what stands in its way.
pub fn inspect(env: &Environment, plan: &mut Plan) {
    let stack_of = |step: &Step| env.stack(step.action.stack()?);
    let specs: Vec<&StackSpec> = plan.steps.iter().filter_map(stack_of).collect();
    let notes = plan
        .steps
        .iter()
        .filter_map(|step| Some(blockers::notes(stack_of(step)?, findings(step))));
    plan.notes = notes.flatten().collect();
    // what is retained outlives its stack, and so do the stacks of a retained StackSet
    plan.notes.push(left::loss(&env.stacks, &specs));
    plan.notes.extend(left::deployed_again(env, &specs));
    plan.guards.retain(|guard| guard.id != GuardId::Blockers);
    let guard = imported(env, &plan.steps);
    plan.guards.extend(guard);
}

fn findings(step: &Step) -> Option<&Findings> {
    step.inspection.as_ref().and_then(Inspection::findings)
}

/// A stack stays while another imports what it exports; our own that go before it are no hindrance.
fn imported(env: &Environment, steps: &[Step]) -> Option<GuardResult> {
    let (mut used, mut unknown, mut asked) = (Vec::new(), Vec::new(), false);
    let mut gone: Vec<(&str, &str)> = Vec::new();
    for step in steps {
        let Some(spec) = step.action.stack().and_then(|id| env.stack(id)) else {
            continue;
        };
        let region = env.regions.get(spec.role).as_str();
        for import in findings(step).iter().flat_map(|found| &found.imports) {
            asked = true;
            match &import.by {
                Ok(by) => used.extend(
                    by.iter()
                        .filter(|name| !gone.contains(&(region, name)))
                        .map(|name| format!("{name} imports {} in {region}", import.export)),
                ),
                Err(why) => unknown.push(format!("{} in {region} unknown: {why}", spec.name)),
            }
        }
        gone.push((region, &spec.name));
    }
    unknown.dedup();
    let refusal = |value: String, reason| {
        let refused = result(GuardId::Blockers, GuardVerdict::Refuse, value, reason);
        Some(refused.remedy(
            "delete the importing stacks first; override with a reason if they go meanwhile",
        ))
    };
    if !used.is_empty() {
        used.extend(unknown);
        return refusal(
            used.join("; "),
            "CloudFormation keeps a stack while another imports what it exports",
        );
    }
    if !unknown.is_empty() {
        let refused = refusal(
            unknown.join("; "),
            "it can't be told whether other stacks import what is exported",
        );
        return refused.map(|guard| GuardResult {
            unknown: true,
            ..guard
        });
    }
    asked.then(|| {
        result(
            GuardId::Blockers,
            GuardVerdict::Allow,
            "none",
            "no other stack imports what is exported",
        )
    })
}

pub(super) fn production(basis: &Basis<'_>) -> Option<GuardResult> {
    basis.env.production.then(|| {
        result(
            GuardId::Production,
            GuardVerdict::Refuse,
            "production",
            "the environment is marked production",
        )
        .remedy("override with a reason, if this is really meant")
    })
}

pub(super) fn not_serving(basis: &Basis<'_>, specs: &[&StackSpec]) -> Option<GuardResult> {
    let serving = basis.facts.serving;
    let record = basis
        .facts
        .record
        .clone()
        .unwrap_or_else(|| "the service".to_owned());
    match serving {
        Serving::Primary | Serving::Standby | Serving::Split => {
            let hit = specs
                .iter()
                .any(|s| serving.role().is_none_or(|role| role == s.role));
            hit.then(|| {
                result(
                    GuardId::NotServing,
                    GuardVerdict::Refuse,
                    format!("{record} answers {}", serving.as_str()),
                    "the service's record still answers from what would be deleted",
                )
                .remedy("override with a reason if nobody uses it any more")
            })
        }
        Serving::Unknown => Some(result(
            GuardId::NotServing,
            GuardVerdict::Warn,
            "unknown",
            "it can't be told whether the service's record still answers from here",
        )),
    }
}

pub(super) fn protected(seen: &Observation, spec: &StackSpec) -> Option<GuardResult> {
    let stack = seen.stack(&spec.id)?;
    stack.termination_protection.then(|| {
        firm_refusal(GuardId::Production, format!("{} is protected", spec.name), "termination protection is on")
            .remedy(format!("aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name {}", spec.name))
    })
}
