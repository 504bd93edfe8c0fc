//! Plans to fail over and to fail back.

use jiff::Timestamp;

use crate::domain::assess::Assessment;
use crate::domain::environment::Environment;
use crate::domain::guard::means::{is_deaf, reach, stand_in};
use crate::domain::health::CheckTarget;
use crate::domain::lever::{Command, LeverKind, LeverSpec};
use crate::domain::observation::{Observation, Serving};
use crate::domain::operation::{OperationId, OperationKind};
use crate::domain::plan::{Action, Plan, Situation, Step};
use crate::domain::planning::{Basis, CannotPlan, step};
use crate::domain::prediction::combined_check;
use crate::domain::promotion::PromotionSeen;
use crate::domain::records_lever::{self, RecordsChange};
use crate::domain::region::Role;
use crate::domain::remark::forced_home;

/// A plan to move traffic to the standby, or to hold it there.
pub fn failover(basis: &Basis<'_>, id: OperationId, lever: LeverKind) -> Result<Plan, CannotPlan> {
    let mut steps = vec![pull(basis, lever, Command::Engage)?];
    let (approve, promoted) = promotion(basis, Command::Engage);
    steps.extend(approve);
    steps.extend(awaits(basis, &[lever], Command::Engage));
    steps.extend(promoted);
    let mut plan = basis.plan(OperationKind::Failover, id, steps);
    if let Some(spec) = basis
        .env
        .traffic
        .as_ref()
        .and_then(|t| t.promotion.as_ref())
    {
        plan.notes.push(format!("PROMOTION: {}", spec.loss));
    }
    plan.notes.extend(lost(basis, lever));
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
        let change = records_lever::moved(basis.env, basis.seen, Command::Engage)
            .map_err(CannotPlan::Records)?;
        plan.notes
            .push("the record sets will differ from the stack's template until failback: do not deploy meanwhile".into());
        plan.notes.extend(change.words());
        plan.records = Some(change);
    }
    Ok(plan)
}

/// The lever that a failover pulls: the manifest's first, in an emergency the first that is within reach.
pub fn way_there(
    env: &Environment,
    seen: &Observation,
    facts: &Assessment,
    now: Timestamp,
) -> LeverKind {
    let mut levers = env.traffic.iter().flat_map(|t| &t.levers);
    let first = levers.next().map_or(LeverKind::Metric, LeverSpec::kind);
    let instead = match facts.situation {
        Situation::Planned => None,
        Situation::Emergency => stand_in(env, seen, now, first),
    };
    instead.unwrap_or(first)
}

/// Why the manifest's first lever is not the one that is pulled, where it is out of reach.
fn lost(basis: &Basis<'_>, lever: LeverKind) -> Option<String> {
    let mut levers = basis.env.traffic.iter().flat_map(|t| &t.levers);
    let first = levers.next().map(LeverSpec::kind)?;
    let why = reach(basis.seen, basis.now, first).err()?;
    (first != lever).then(|| format!("pulls the {lever} lever: {first} is out of reach ({why})"))
}

/// The levers that let traffic return: those that are engaged. Where one of them is out of reach (the standby that
/// holds it may be dead), the first other that forces the primary's answer and can be reached. `next` is pulled besides,
/// since what was released before was not followed.
pub fn way_back(
    env: &Environment,
    seen: &Observation,
    facts: &Assessment,
    now: Timestamp,
    next: Option<LeverKind>,
) -> Vec<LeverKind> {
    let reached = |lever: &LeverKind| reach(seen, now, *lever).is_ok();
    if let Some(next) = next {
        let engaged = facts.engaged.iter().copied();
        let others = engaged.filter(|lever| *lever != next && reached(lever));
        return others.chain([next]).collect();
    }
    let known: Vec<LeverKind> = env
        .traffic
        .iter()
        .flat_map(|t| &t.levers)
        .map(LeverSpec::kind)
        .collect();
    let engaged = match facts.engaged.as_slice() {
        [] => known.iter().take(1).copied().collect(),
        engaged => engaged.to_vec(),
    };
    let home = forced_home(env, seen);
    if facts.engaged.is_empty() && home {
        return vec![LeverKind::Force];
    }
    if home || engaged.iter().all(reached) {
        return engaged;
    }
    let mut forcing = known.into_iter().filter(|lever| lever.needs_route53());
    forcing
        .find(|lever| reached(lever) && !engaged.contains(lever))
        .map_or(engaged, |lever| vec![lever])
}

/// A plan to let traffic return by these levers. `undo` is how the record sets were before the records lever moved
/// them, from the journal.
pub fn failback(
    basis: &Basis<'_>,
    id: OperationId,
    levers: &[LeverKind],
    undo: Option<&RecordsChange>,
) -> Result<Plan, CannotPlan> {
    let mut steps = levers
        .iter()
        .map(|l| pull(basis, *l, Command::Release))
        .collect::<Result<Vec<_>, _>>()?;
    let stays = stays_promoted(basis);
    let (approve, returned) = match stays {
        Some(_) => (None, None),
        None => promotion(basis, Command::Release),
    };
    steps.extend(approve);
    steps.extend(awaits(basis, levers, Command::Release));
    steps.extend(returned);
    let mut plan = basis.plan(OperationKind::Failback, id, steps);
    plan.notes.extend(stays.clone());
    plan.stays_promoted = stays;
    if levers.contains(&LeverKind::Records) {
        let (change, origin) =
            records_lever::restored(basis.env, basis.seen, undo).map_err(CannotPlan::Records)?;
        plan.notes
            .push(format!("record sets are {}", origin.words()));
        plan.notes.extend(change.words());
        plan.records = Some(change);
    }
    let left: Vec<&str> = basis
        .facts
        .engaged
        .iter()
        .filter(|lever| !levers.contains(lever))
        .map(|lever| lever.as_str())
        .collect();
    if !left.is_empty() {
        plan.notes.push(format!(
            "still engaged afterwards: {}; fail back again to release it once it can be reached",
            left.join(", ")
        ));
    }
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

/// What it means that the return of a promotion can't be asked for, because what would do it is out of reach.
fn stays_promoted(basis: &Basis<'_>) -> Option<String> {
    let spec = basis.env.traffic.as_ref()?.promotion.as_ref()?;
    let written = may_be_writer(basis.seen)?;
    if !is_deaf(basis.seen) {
        return None;
    }
    let (stays, has) = if written {
        ("stays promoted", "has")
    } else {
        ("may be promoted still", "may have")
    };
    let (from, to) = (basis.region(spec.role), basis.region(Role::Primary));
    Some(format!(
        "DATABASE: it {stays} in {from}, which is out of reach, so its return can't be asked for. Traffic goes to {to}, \
         which then {has} no writer. Make {to} the writer by hand (what had not arrived is lost), or fail back again when \
         {from} is back"
    ))
}

/// Whether the standby is the writer, `false` where it only may be; `None` if it was never made that.
fn may_be_writer(seen: &Observation) -> Option<bool> {
    let told = seen.traffic.promotion.last();
    match told.and_then(PromotionSeen::is_promoted) {
        Some(true) => Some(true),
        Some(false) => None,
        None => Some(false),
    }
}

/// The approval, which goes out right behind the pull (an approval without a pull would leave two writers), and the wait
/// for the state machine. A way back from a standby that was never promoted has neither.
fn promotion(basis: &Basis<'_>, command: Command) -> (Option<Step>, Option<Step>) {
    let Some(spec) = basis
        .env
        .traffic
        .as_ref()
        .and_then(|t| t.promotion.as_ref())
    else {
        return (None, None);
    };
    if command == Command::Release && may_be_writer(basis.seen).is_none() {
        return (None, None);
    }
    let (title, wait, undo) = match command {
        Command::Engage => (
            "approve the promotion",
            "wait for the promotion",
            "a planned switchover when traffic fails back",
        ),
        Command::Release => (
            "approve the planned switchover back to the primary",
            "wait for the switchover",
            "fail over again",
        ),
    };
    let approve = step(title, Some(spec.role), Action::Approve { command })
        .undo(undo)
        .expect("a second");
    let steps = spec.titles(command).len();
    let wait = step(
        format!("{wait} ({steps} steps)"),
        Some(spec.role),
        Action::AwaitPromotion { command },
    );
    (Some(approve), Some(wait.expect("2-5 min")))
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
    let CheckTarget::Calculated {
        children,
        threshold,
    } = &check.target
    else {
        return None;
    };
    let all = i32::try_from(children.len()).ok()?;
    Some(match command {
        Command::Engage => all + 1,
        // what was forced, either way, goes back to needing every child; otherwise the check is forced healthy
        Command::Release if engaged || *threshold == 0 => all,
        Command::Release => 0,
    })
}
