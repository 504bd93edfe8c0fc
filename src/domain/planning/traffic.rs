//! Plans to fail over and to fail back.

use crate::domain::environment::Environment;
use crate::domain::health::CheckTarget;
use crate::domain::lever::{Command, LeverKind};
use crate::domain::observation::{Observation, Serving};
use crate::domain::operation::{OperationId, OperationKind};
use crate::domain::plan::{Action, Plan, Situation, Step};
use crate::domain::planning::{Basis, CannotPlan, step};
use crate::domain::prediction::combined_check;
use crate::domain::region::Role;

/// A plan to move traffic to the standby, or to hold it there.
pub fn failover(basis: &Basis<'_>, id: OperationId, lever: LeverKind) -> Result<Plan, CannotPlan> {
    let mut steps = vec![pull(basis, lever, Command::Engage)?];
    steps.extend(awaits(basis, &[lever], Command::Engage));
    let mut plan = basis.plan(OperationKind::Failover, id, steps);
    if basis.facts.serving == Serving::Standby {
        plan.notes
            .push("traffic is on the standby already: this holds it there".into());
    }
    if lever.needs_route53() {
        plan.notes
            .push("needs the Route 53 API (control plane in us-east-1)".into());
    } else {
        let primary = basis.region(Role::Primary);
        plan.notes.push(format!(
            "needs nothing from {primary} and nothing from the Route 53 API"
        ));
    }
    if lever == LeverKind::Records {
        plan.notes
            .push("the record sets will differ from the stack's template until failback".into());
    }
    Ok(plan)
}

/// A plan to let traffic return: every engaged lever is released, or the chosen one is used.
pub fn failback(
    basis: &Basis<'_>,
    id: OperationId,
    lever: Option<LeverKind>,
) -> Result<Plan, CannotPlan> {
    let levers = match lever {
        Some(lever) => vec![lever],
        None if basis.facts.engaged.is_empty() => vec![LeverKind::Metric],
        None => basis.facts.engaged.clone(),
    };
    let mut steps = levers
        .iter()
        .map(|l| pull(basis, *l, Command::Release))
        .collect::<Result<Vec<_>, _>>()?;
    steps.extend(awaits(basis, &levers, Command::Release));
    let mut plan = basis.plan(OperationKind::Failback, id, steps);
    if basis.facts.situation == Situation::Emergency {
        plan.notes
            .push("the primary does not answer: traffic may stay where it is".into());
    }
    Ok(plan)
}

fn pull(basis: &Basis<'_>, lever: LeverKind, command: Command) -> Result<Step, CannotPlan> {
    let traffic = basis
        .env
        .traffic
        .as_ref()
        .ok_or_else(|| CannotPlan::NoTraffic(basis.env.bundle.clone()))?;
    if traffic.lever(lever).is_none() {
        let known = traffic
            .levers
            .iter()
            .map(|l| l.kind().as_str())
            .collect::<Vec<_>>()
            .join(", ");
        return Err(CannotPlan::NoLever(lever, known));
    }
    let (verb, undo) = match command {
        Command::Engage => ("engage", "release (fail back)"),
        Command::Release => ("release", "engage (fail over)"),
    };
    let role = if lever.needs_route53() {
        None
    } else {
        Some(Role::Standby)
    };
    let wait = match lever {
        LeverKind::Metric | LeverKind::Automatic => "a second",
        LeverKind::Endpoint => "1-2 min",
        LeverKind::Force => "seconds",
        LeverKind::Records => "about 1 min",
    };
    Ok(step(
        format!("{verb} {lever} lever"),
        role,
        Action::Pull { lever, command },
    )
    .undo(undo)
    .expect(wait))
}

fn awaits(basis: &Basis<'_>, levers: &[LeverKind], command: Command) -> Vec<Step> {
    let to = command.wanted();
    let mut steps = Vec::new();
    if levers.contains(&LeverKind::Metric) {
        steps.push(
            step(
                "wait for its alarm",
                Some(Role::Standby),
                Action::AwaitAlarm { command },
            )
            .expect("about 1 min"),
        );
    }
    let servers = basis
        .seen
        .traffic
        .marker
        .last()
        .map_or(0, |m| m.servers.len());
    let whom = if servers > 1 {
        format!("wait for DNS at {servers} name servers")
    } else {
        "wait for DNS".to_owned()
    };
    steps.push(step(whom, None, Action::AwaitDns { to }).expect("1-3 min (TTL 60 s)"));
    steps.push(
        step(
            format!("wait for healthy {to}"),
            Some(to),
            Action::AwaitHealthy { to },
        )
        .expect("seconds"),
    );
    steps
}

/// The health threshold that a command of the force lever sets on the combined check.
pub fn forced_threshold(
    env: &Environment,
    seen: &Observation,
    engaged: bool,
    command: Command,
) -> Option<i32> {
    let check = combined_check(env, seen)?;
    let CheckTarget::Calculated { children, .. } = &check.target else {
        return None;
    };
    let all = i32::try_from(children.len()).ok()?;
    Some(match command {
        Command::Engage => all + 1,
        // what was forced unhealthy goes back to needing every child; otherwise the check is forced healthy
        Command::Release if engaged => all,
        Command::Release => 0,
    })
}
