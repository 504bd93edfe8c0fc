//! Plans to deploy and to delete.

use std::collections::BTreeSet;

use crate::domain::environment::StackSpec;
use crate::domain::guard::{GuardId, GuardResult, GuardVerdict, firm_refusal, result};
use crate::domain::observation::{Observation, Serving};
use crate::domain::operation::{OperationId, OperationKind};
use crate::domain::plan::{Action, Plan, Step};
use crate::domain::planning::{Basis, CannotPlan, nothing_running, step};
use crate::domain::stack::{Phase, StackId};

/// A plan to create or update every stack, in manifest order.
pub fn deploy(basis: &Basis<'_>, id: OperationId) -> Result<Plan, CannotPlan> {
    let env = basis.env;
    let known = env.bindings(basis.seen);
    for spec in &env.parameters {
        match known.get(&spec.name).filter(|v| !v.is_empty()) {
            None if spec.required => return Err(CannotPlan::MissingParameter(spec.name.clone())),
            None => {}
            Some(value) => spec.check(value).map_err(|why| CannotPlan::BadParameter {
                name: spec.name.clone(),
                why,
            })?,
        }
    }
    let phases = basis.phases()?;
    let (mut steps, mut notes) = (Vec::new(), Vec::new());
    for spec in in_order(&env.stacks).into_iter().filter(|s| is_ours(s)) {
        let phase = phases.get(&spec.id).copied().unwrap_or(Phase::Unknown);
        if phase == Phase::Dead {
            notes.push(format!(
                "{} in {} failed to create and was rolled back; it is deleted first",
                spec.name,
                basis.region(spec.role)
            ));
            steps.push(delete_step(spec));
        }
        steps.push(deploy_step(spec, phase));
    }
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
    let mut plan = basis.plan(OperationKind::Deploy, id, steps);
    plan.guards = basis
        .read_only()
        .into_iter()
        .chain([nothing_running(&phases)])
        .chain(failed)
        .collect();
    plan.basis = phases;
    plan.notes = notes;
    plan.notes.push("each stack goes through a change set; one that would remove or replace stateful resources is not executed".into());
    Ok(plan)
}

fn deploy_step(spec: &StackSpec, phase: Phase) -> Step {
    let creates = matches!(phase, Phase::Absent | Phase::Review | Phase::Dead);
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

/// What becomes of the data in stacks that are deleted, in a sentence.
fn loss(all: &[StackSpec], deleted: &[&StackSpec]) -> String {
    if !deleted.iter().all(|spec| retains_everything(spec)) {
        return "data in the stacks is lost: tables, buckets, backups and secrets are deleted with them".into();
    }
    let made_by_deleted = |spec: &&StackSpec| {
        let maker = spec.made_by.as_ref().map(|made| &made.stack);
        maker.is_some_and(|maker| deleted.iter().any(|spec| spec.id == *maker))
    };
    let staying = all.iter().filter(made_by_deleted);
    let staying: Vec<String> = staying
        .map(|spec| format!("{}… ({})", spec.name, spec.role))
        .collect();
    let too = if staying.is_empty() {
        String::new()
    } else {
        format!(
            ", the stacks that a StackSet made too: {}",
            staying.join(", ")
        )
    };
    format!(
        "only the stacks go: all they made stays, works and costs{too}; the bundle's README says how to remove it"
    )
}

/// Whether every resource of the stack outlives it.
fn retains_everything(spec: &StackSpec) -> bool {
    let tree: serde_json::Value = serde_json::from_str(&spec.template).unwrap_or_default();
    let resources = tree.get("Resources").and_then(|r| r.as_object());
    resources.is_some_and(|resources| {
        let mut policies = resources.values().map(|r| r.get("DeletionPolicy"));
        !resources.is_empty() && policies.all(|p| p.is_some_and(|p| p == "Retain"))
    })
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
    let mut plan = basis.plan(
        OperationKind::Delete,
        id,
        specs.iter().map(|spec| delete_step(spec)).collect(),
    );
    let mut guards: Vec<GuardResult> = basis.read_only().into_iter().collect();
    guards.push(nothing_running(&phases));
    guards.extend(not_serving(basis, &specs));
    guards.extend(production(basis));
    guards.extend(specs.iter().filter_map(|spec| protected(basis.seen, spec)));
    plan.guards = guards;
    plan.basis = phases;
    plan.notes.push(
        // what is retained outlives its stack, and so do the stacks of a retained StackSet
        loss(&env.stacks, &specs),
    );
    Ok(plan)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::MadeBy;
    use crate::domain::region::Role;

    fn spec(id: &str, role: Role, policy: &str) -> StackSpec {
        StackSpec {
            id: StackId(id.into()),
            role,
            name: format!("{id}-demo"),
            template: format!(
                r#"{{"Resources": {{"A": {{"DeletionPolicy": "Retain"}}, "B": {{"DeletionPolicy": "{policy}"}}}}}}"#
            ),
            capabilities: Vec::new(),
            parameters: std::collections::BTreeMap::new(),
            after: Vec::new(),
            made_by: None,
        }
    }

    #[test]
    fn a_deletion_says_whether_data_is_lost_or_everything_stays() {
        let kept = spec("root", Role::Primary, "Retain");
        let gone = spec("other", Role::Primary, "Delete");
        let mut instance = spec("standby", Role::Standby, "Retain");
        instance.made_by = Some(MadeBy {
            stack: kept.id.clone(),
            resource: "Regions".into(),
        });
        let all = [kept.clone(), gone.clone(), instance];
        assert!(loss(&all, &[&gone]).contains("is lost"));
        assert!(loss(&all, &[&kept, &gone]).contains("is lost"));
        let said = loss(&all, &[&kept]);
        assert!(said.contains("stays") && !said.contains("lost"), "{said}");
        assert!(said.contains("standby-demo… (standby)"), "{said}");
        let alone = loss(std::slice::from_ref(&kept), &[&kept]);
        assert!(alone.contains("stays") && !alone.contains("StackSet"));
        let unreadable = StackSpec {
            template: "none".into(),
            ..kept
        };
        assert!(loss(&[], &[&unreadable]).contains("is lost"));
    }
}
