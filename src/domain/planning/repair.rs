//! Plans to get a stack out of a status in which it is stuck.

use std::collections::BTreeMap;

use crate::domain::assess::limit;
use crate::domain::environment::StackSpec;
use crate::domain::guard::GuardResult;
use crate::domain::operation::{OperationId, OperationKind};
use crate::domain::plan::{Action, Plan};
use crate::domain::planning::stacks::{not_serving, production, protected};
use crate::domain::planning::{Basis, CannotPlan, step};
use crate::domain::repair::{Repair, WayOut, Wish, failed, takes_resources, way_out};
use crate::domain::stack::{Stack, StackResource};

/// A plan for the wanted repair of one stack.
pub fn repair(basis: &Basis<'_>, id: OperationId, wish: &Wish) -> Result<Plan, CannotPlan> {
    let (spec, stack) = chosen(basis, wish)?;
    let way = way_out(&stack.status);
    let repair = offered(spec, stack, way, wish)?;
    let resources = basis.resources(spec);
    let skip = left_out(spec, stack, (repair, resources), wish)?;
    let title = match skip.len() {
        0 => format!("{} {}", repair.title(), spec.name),
        _ => format!(
            "{} {} without {}",
            repair.title(),
            spec.name,
            skip.join(", ")
        ),
    };
    let undo = match repair {
        Repair::Delete | Repair::ForceDelete => "none: deploy it again",
        Repair::CancelUpdate => "none: deploy it again, the update begins anew",
        Repair::ContinueRollback | Repair::RollBack => "none: deploy what is wanted",
    };
    let action = Action::RepairStack {
        stack: spec.id.clone(),
        repair,
        skip: skip.clone(),
    };
    let steps = vec![
        step(title, Some(spec.role), action)
            .undo(undo)
            .expect("a few minutes"),
    ];
    let mut plan = basis.plan(OperationKind::Repair, id, steps);
    plan.guards = guards(basis, (spec, stack), repair);
    plan.notes = notes(stack, way, (repair, resources), &skip);
    plan.arns = basis.arns([&spec.id]);
    plan.basis = BTreeMap::from([(spec.id.clone(), stack.status.phase())]);
    Ok(plan)
}

/// The stack that is wished for, or the only one that is stuck.
fn chosen<'a>(basis: &Basis<'a>, wish: &Wish) -> Result<(&'a StackSpec, &'a Stack), CannotPlan> {
    if let Some(id) = &wish.stack {
        let spec = basis
            .env
            .stack(id)
            .ok_or_else(|| CannotPlan::NoStack(id.clone(), known(basis)))?;
        basis.phase(spec)?;
        let stack = present(basis, spec);
        return stack
            .map(|stack| (spec, stack))
            .ok_or_else(|| CannotPlan::Absent(spec.name.clone()));
    }
    let stuck: Vec<_> = basis
        .env
        .stacks
        .iter()
        .filter_map(|spec| Some((spec, present(basis, spec)?)))
        .filter(|(_, stack)| way_out(&stack.status).stuck)
        .collect();
    match stuck.as_slice() {
        [] => Err(CannotPlan::NothingStuck),
        [one] => Ok(*one),
        [..] => {
            let ids = stuck.iter().map(|(spec, _)| spec.id.0.as_str());
            Err(CannotPlan::SeveralStuck(ids.collect::<Vec<_>>().join(", ")))
        }
    }
}

fn known(basis: &Basis<'_>) -> String {
    let ids = basis.env.stacks.iter().map(|spec| spec.id.0.as_str());
    ids.collect::<Vec<_>>().join(", ")
}

fn present<'a>(basis: &Basis<'a>, spec: &StackSpec) -> Option<&'a Stack> {
    let seen = basis.seen.regions.get(spec.role).stacks.get(&spec.id)?;
    seen.fresh(basis.now, limit::STACKS)?.stack()
}

fn offered(
    spec: &StackSpec,
    stack: &Stack,
    way: WayOut,
    wish: &Wish,
) -> Result<Repair, CannotPlan> {
    let words = way.repairs.iter().map(|r| r.as_str());
    let refused = || CannotPlan::NotOffered {
        stack: spec.name.clone(),
        status: stack.status.to_string(),
        means: way.means,
        offered: if way.repairs.is_empty() {
            "nothing".to_owned()
        } else {
            words.collect::<Vec<_>>().join(", ")
        },
    };
    match wish.repair {
        Some(wanted) if way.repairs.contains(&wanted) => Ok(wanted),
        Some(_) => Err(refused()),
        None => way.repairs.first().copied().ok_or_else(refused),
    }
}

/// The logical ids of what is to be left out, each of which must have failed.
fn left_out(
    spec: &StackSpec,
    stack: &Stack,
    (repair, resources): (Repair, Option<&[StackResource]>),
    wish: &Wish,
) -> Result<Vec<String>, CannotPlan> {
    if wish.skip.is_empty() {
        return Ok(Vec::new());
    }
    if !takes_resources(repair, &stack.status) {
        return Err(CannotPlan::TakesNoResources {
            repair,
            status: stack.status.to_string(),
        });
    }
    let resources = resources.ok_or_else(|| CannotPlan::ResourcesUnknown(spec.name.clone()))?;
    let mut out = Vec::new();
    for wanted in &wish.skip {
        let meant: Vec<String> = failed(resources)
            .filter(|r| r.logical_id == *wanted || r.resource_type == *wanted)
            .map(|r| r.logical_id.clone())
            .collect();
        if meant.is_empty() {
            let ids: Vec<&str> = failed(resources).map(|r| r.logical_id.as_str()).collect();
            return Err(CannotPlan::NotFailed {
                resource: wanted.clone(),
                failed: ids.join(", "),
            });
        }
        out.extend(meant);
    }
    out.sort();
    out.dedup();
    Ok(out)
}

fn guards(
    basis: &Basis<'_>,
    (spec, stack): (&StackSpec, &Stack),
    repair: Repair,
) -> Vec<GuardResult> {
    let mut guards: Vec<GuardResult> = basis.read_only().into_iter().collect();
    // an update that runs can be stopped whatever runs beside it
    if repair != Repair::CancelUpdate {
        guards.push(basis.nothing_running_but(&spec.id));
    }
    if repair.deletes() {
        let data = stack.status.as_str() != "REVIEW_IN_PROGRESS";
        guards.extend(data.then(|| not_serving(basis, &[spec])).flatten());
        guards.extend(production(basis));
        guards.extend(protected(basis.seen, spec));
    }
    guards
}

/// What the status means, what failed, and what stays behind.
fn notes(
    stack: &Stack,
    way: WayOut,
    (repair, resources): (Repair, Option<&[StackResource]>),
    skip: &[String],
) -> Vec<String> {
    let mut notes = vec![format!("{}: {}", stack.status, way.means)];
    notes.extend(stack.reason.clone());
    let Some(resources) = resources else {
        notes.push("its resources could not be listed".to_owned());
        return notes;
    };
    let describe = |r: &StackResource| {
        let physical = r.physical_id.as_deref().unwrap_or("no physical id");
        format!("{} ({}, {physical})", r.logical_id, r.resource_type)
    };
    let failed: Vec<String> = failed(resources)
        .filter(|r| !skip.contains(&r.logical_id))
        .map(describe)
        .collect();
    let orphans: Vec<String> = resources
        .iter()
        .filter(|r| skip.contains(&r.logical_id))
        .map(describe)
        .collect();
    match repair {
        Repair::ForceDelete if !failed.is_empty() => notes.push(format!(
            "these may stay in AWS without a stack, to be removed by hand: {}",
            failed.join("; ")
        )),
        Repair::Delete if !failed.is_empty() => {
            notes.push(format!("is tried again: {}", failed.join("; ")));
        }
        Repair::ContinueRollback if !failed.is_empty() => {
            notes.push(format!("is brought back: {}", failed.join("; ")));
        }
        Repair::CancelUpdate
        | Repair::ContinueRollback
        | Repair::RollBack
        | Repair::Delete
        | Repair::ForceDelete => {}
    }
    if !orphans.is_empty() && repair.deletes() {
        notes.push(format!(
            "stays in AWS without a stack, to be removed by hand: {}",
            orphans.join("; ")
        ));
        notes.push("a later deploy makes these anew; one with a fixed name clashes until the old one is removed or imported".to_owned());
    } else if !orphans.is_empty() {
        notes.push(format!(
            "is left as it is, and may differ from the template: {}",
            orphans.join("; ")
        ));
    }
    notes
}
