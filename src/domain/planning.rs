//! Makes plans: an operation and the observed world in, ordered steps out.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::domain::assess::{Assessment, combined_check, limit};
use crate::domain::environment::{Environment, StackSpec};
use crate::domain::guard::{GuardId, GuardResult, GuardVerdict, firm_refusal, result};
use crate::domain::health::CheckTarget;
use crate::domain::lever::{Command, LeverKind};
use crate::domain::observation::{Observation, Serving};
use crate::domain::operation::{OperationId, OperationKind};
use crate::domain::plan::{Action, Plan, Situation, Step};
use crate::domain::region::Role;
use crate::domain::stack::{Phase, StackId};

/// Why no plan can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotPlan {
    #[error("the bundle {0} steers no traffic, so there is nothing to fail over")]
    NoTraffic(String),
    #[error("the bundle has no {0} lever; it has: {1}")]
    NoLever(LeverKind, String),
    #[error(
        "{stack} in {region} could not be read lately ({why}), so nothing can be planned for it: check the region and your credentials, then try again"
    )]
    NotRead {
        stack: String,
        region: String,
        why: String,
    },
    #[error("{0} is needed to deploy: give it with --parameter {0}=… or in the form")]
    MissingParameter(String),
    #[error("{name}: {why}")]
    BadParameter { name: String, why: String },
    #[error("there is nothing to delete: no stack of the environment exists")]
    NothingThere,
}

/// What every plan starts from.
#[derive(Clone, Copy, Debug)]
pub struct Basis<'a> {
    pub env: &'a Environment,
    pub seen: &'a Observation,
    pub facts: &'a Assessment,
    pub now: Timestamp,
}

impl Basis<'_> {
    fn plan(&self, kind: OperationKind, id: OperationId, steps: Vec<Step>) -> Plan {
        Plan {
            id,
            kind,
            environment: self.env.name.clone(),
            production: self.env.production,
            made_at: self.now,
            situation: self.facts.situation,
            steps,
            guards: Vec::new(),
            notes: Vec::new(),
            basis: BTreeMap::new(),
        }
    }

    /// The phase of every stack, each of them read lately.
    fn phases(&self) -> Result<BTreeMap<StackId, Phase>, CannotPlan> {
        self.env
            .stacks
            .iter()
            .map(|spec| Ok((spec.id.clone(), self.phase(spec)?)))
            .collect()
    }

    fn phase(&self, spec: &StackSpec) -> Result<Phase, CannotPlan> {
        let seen = self.seen.regions.get(spec.role).stacks.get(&spec.id);
        seen.and_then(|s| s.fresh(self.now, limit::STACKS))
            .map(super::stack::StackState::phase)
            .ok_or_else(|| {
                let why = seen
                    .and_then(|s| s.failure())
                    .map_or("no answer yet", |f| f.message.as_str());
                CannotPlan::NotRead {
                    stack: spec.name.clone(),
                    region: self.env.regions.get(spec.role).to_string(),
                    why: why.to_owned(),
                }
            })
    }

    fn read_only(&self) -> Option<GuardResult> {
        self.env.read_only.then(|| {
            firm_refusal(
                GuardId::ReadOnly,
                "read-only",
                "the console was started read-only",
            )
            .remedy("start it without --read-only")
        })
    }

    /// The region's name and what goes there, for people.
    fn region(&self, role: Role) -> &str {
        self.env.regions.get(role).as_str()
    }
}

fn nothing_running(phases: &BTreeMap<StackId, Phase>) -> GuardResult {
    let busy = phases
        .iter()
        .find(|(_, phase)| **phase == Phase::InProgress);
    match busy {
        Some((id, _)) => firm_refusal(
            GuardId::NothingRunning,
            format!("stack {id} is in progress"),
            "another operation is running in the environment",
        )
        .remedy("wait for it or stop it"),
        None => result(
            GuardId::NothingRunning,
            GuardVerdict::Allow,
            "none",
            "no other operation is running",
        ),
    }
}

fn step(title: impl Into<String>, role: Option<Role>, action: Action) -> Step {
    Step {
        title: title.into(),
        role,
        action,
        undo: None,
        expect: None,
        changes: None,
    }
}

impl Step {
    fn undo(mut self, undo: impl Into<String>) -> Self {
        self.undo = Some(undo.into());
        self
    }

    fn expect(mut self, expect: impl Into<String>) -> Self {
        self.expect = Some(expect.into());
        self
    }
}

/// A plan to create or update every stack, in manifest order.
pub fn deploy(basis: &Basis<'_>, id: OperationId) -> Result<Plan, CannotPlan> {
    let env = basis.env;
    // an update need not be told again what the deployed stacks know
    let known = env.bindings(basis.seen);
    for spec in &env.parameters {
        match env.given.get(&spec.name).filter(|v| !v.is_empty()) {
            None if spec.required && known.get(&spec.name).is_none() => {
                return Err(CannotPlan::MissingParameter(spec.name.clone()));
            }
            None => {}
            Some(value) => spec.check(value).map_err(|why| CannotPlan::BadParameter {
                name: spec.name.clone(),
                why,
            })?,
        }
    }
    let phases = basis.phases()?;
    let (mut steps, mut notes) = (Vec::new(), Vec::new());
    for spec in in_order(&env.stacks) {
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
    let failed: Vec<GuardResult> = env.stacks.iter().filter(|s| phases.get(&s.id) == Some(&Phase::Failed)).map(|spec| {
        firm_refusal(GuardId::DestinationFit, spec.name.clone(), "the stack is in a failed state and takes no change set")
            .remedy("delete it, or repair it with the AWS CLI (continue-update-rollback, rollback-stack)")
    }).collect();
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

/// Stacks so that each comes after those it names in `after`.
fn in_order(stacks: &[StackSpec]) -> Vec<&StackSpec> {
    let mut placed: BTreeSet<&StackId> = BTreeSet::new();
    let mut out: Vec<&StackSpec> = Vec::new();
    while out.len() < stacks.len() {
        let ready: Vec<&StackSpec> = stacks
            .iter()
            .filter(|s| !placed.contains(&s.id))
            .filter(|s| {
                s.after
                    .iter()
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
    if env.production {
        guards.push(
            result(
                GuardId::Production,
                GuardVerdict::Refuse,
                "production",
                "the environment is marked production",
            )
            .remedy("override with a reason, if this is really meant"),
        );
    }
    guards.extend(specs.iter().filter_map(|spec| protected(basis.seen, spec)));
    plan.guards = guards;
    plan.basis = phases;
    plan.notes.push(
        "data in the stacks is lost: tables, buckets, backups and secrets are deleted with them"
            .into(),
    );
    Ok(plan)
}

fn not_serving(basis: &Basis<'_>, specs: &[&StackSpec]) -> Option<GuardResult> {
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

fn protected(seen: &Observation, spec: &StackSpec) -> Option<GuardResult> {
    let stack = seen.stack(&spec.id)?;
    stack.termination_protection.then(|| {
        firm_refusal(GuardId::Production, format!("{} is protected", spec.name), "termination protection is on")
            .remedy(format!("aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name {}", spec.name))
    })
}

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
