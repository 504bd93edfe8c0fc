//! Predicts DNS answers from records, health checks and levers; finds the checks behind the records.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::domain::alarm::AlarmState;
use crate::domain::assess::{self, is_engaged, limit, silence};
use crate::domain::environment::{Environment, TrafficSpec};
use crate::domain::health::{CheckId, CheckTarget, Health, HealthCheck, HealthChecks};
use crate::domain::lever::{Command, LeverKind, MetricLever};
use crate::domain::observation::Observation;
use crate::domain::planning::traffic::forced_threshold;
use crate::domain::records_lever::{self, RecordsChange};
use crate::domain::region::Role;
use crate::domain::routing::{RecordSet, absolute, possible_answers};

/// The calculated check on the primary's marker record.
pub fn combined_check<'a>(env: &Environment, seen: &'a Observation) -> Option<&'a HealthCheck> {
    let traffic = env.traffic.as_ref()?;
    let record = marker_record(env, traffic, seen, Role::Primary)?;
    seen.traffic.checks.last()?.get(record.check.as_ref()?)
}

/// The check that the manifest calls `name` (`combined`, `primary`, `standby`, `lever`, `endpoint_lever`).
///
/// The manifest's reference usually names an output of a stack in the primary region; where that can't be read, the
/// check is found from the records: the one on each side's marker, and the children of the primary's. A SECONDARY
/// record has no check: the standby's is then the one that asks the standby's host.
pub fn check_of(env: &Environment, seen: &Observation, name: &str) -> Option<CheckId> {
    let traffic = env.traffic.as_ref()?;
    let named = traffic.checks.get(name).map(|text| env.resolve(seen, text));
    if let Some(Ok(id)) = named {
        return Some(CheckId(id));
    }
    let on = |role| marker_record(env, traffic, seen, role)?.check.clone();
    match name {
        "combined" => on(Role::Primary),
        "standby" => on(Role::Standby).or_else(|| check_of_host(env, seen, Role::Standby)),
        _ => child_of_combined(env, seen, name),
    }
}

/// The check that asks the host of a side's own address.
fn check_of_host(env: &Environment, seen: &Observation, role: Role) -> Option<CheckId> {
    let url = env.traffic.as_ref()?.endpoints.get(role);
    let url = env.resolve(seen, url).ok()?;
    let asks = |check: &HealthCheck| {
        !check.inverted
            && matches!(&check.target, CheckTarget::Endpoint { host, .. } if url.contains(&format!("//{host}/")))
    };
    let checks = seen.traffic.checks.last()?;
    checks.0.values().find(|c| asks(c)).map(|c| c.id.clone())
}

fn child_of_combined(env: &Environment, seen: &Observation, name: &str) -> Option<CheckId> {
    let CheckTarget::Calculated { children, .. } = &combined_check(env, seen)?.target else {
        return None;
    };
    let checks = seen.traffic.checks.last()?;
    let fits = |check: &HealthCheck| match &check.target {
        CheckTarget::Metric { .. } => name == "lever",
        CheckTarget::Endpoint { .. } if check.inverted => name == "endpoint_lever",
        CheckTarget::Endpoint { .. } => name == "primary",
        CheckTarget::Calculated { .. } | CheckTarget::Other(_) => false,
    };
    children
        .iter()
        .find(|id| checks.get(id).is_some_and(fits))
        .cloned()
}

/// The marker record of one side.
pub fn marker_record<'a>(
    env: &Environment,
    traffic: &TrafficSpec,
    seen: &'a Observation,
    role: Role,
) -> Option<&'a RecordSet> {
    let name = absolute(&env.resolve(seen, &traffic.marker).ok()?);
    let records = seen.traffic.records.last()?;
    records
        .iter()
        .find(|r| r.name == name && r.kind == "TXT" && marker_role(env, r) == Some(role))
}

/// The side that a marker record names.
pub fn marker_role(env: &Environment, record: &RecordSet) -> Option<Role> {
    record
        .values
        .first()
        .and_then(|value| env.regions.role_of(value.trim_matches('"')))
}

/// The sides that could answer, now (no `pulls`) or after levers were told something.
///
/// Both sides where the records are not known: then nothing can be excluded. `undo` is what takes the records lever back.
pub fn predict(
    env: &Environment,
    seen: &Observation,
    now: Timestamp,
    pulls: &[(LeverKind, Command)],
    undo: Option<&RecordsChange>,
) -> BTreeSet<Role> {
    let Some(traffic) = &env.traffic else {
        return BTreeSet::new();
    };
    let told = |kind: LeverKind| pulls.iter().find(|(l, _)| *l == kind).map(|(_, c)| *c);
    let checks = seen.traffic.checks.last().map(|checks| {
        told(LeverKind::Force).map_or_else(
            || checks.clone(),
            |command| forced(env, seen, (checks, command), now),
        )
    });
    let health = |id: &CheckId| {
        checks.as_ref().map_or(Health::Unknown, |checks| {
            checks.health(id, &|check| leaf_health(env, seen, now, check, &told))
        })
    };
    let answers = match told(LeverKind::Records) {
        None => marker_answers(env, traffic, seen, now, &health),
        Some(command) => {
            let change = records_lever::planned(env, seen, command, undo).ok();
            change.and_then(|change| {
                let name = env.resolve(seen, &traffic.marker).ok()?;
                sides(env, &change.after, &name, &health)
            })
        }
    };
    answers.unwrap_or_else(|| Role::BOTH.into_iter().collect())
}

/// The checks as the force lever would leave them.
fn forced(
    env: &Environment,
    seen: &Observation,
    (checks, command): (&HealthChecks, Command),
    now: Timestamp,
) -> HealthChecks {
    let mut checks = checks.clone();
    let engaged = is_engaged(env, seen, now, LeverKind::Force);
    if let Some(wanted) = forced_threshold(env, seen, engaged, command)
        && let Some(id) = combined_check(env, seen).map(|check| check.id.clone())
        && let Some(HealthCheck {
            target: CheckTarget::Calculated { threshold, .. },
            ..
        }) = checks.0.get_mut(&id)
    {
        *threshold = wanted;
    }
    checks
}

/// What a check says now, as far as the readings tell.
pub fn check_health(env: &Environment, seen: &Observation, now: Timestamp, id: &CheckId) -> Health {
    let Some(checks) = seen.traffic.checks.last() else {
        return Health::Unknown;
    };
    checks.health(id, &|check| leaf_health(env, seen, now, check, &|_| None))
}

pub(crate) fn marker_answers(
    env: &Environment,
    traffic: &TrafficSpec,
    seen: &Observation,
    now: Timestamp,
    health: &dyn Fn(&CheckId) -> Health,
) -> Option<BTreeSet<Role>> {
    let name = env.resolve(seen, &traffic.marker).ok()?;
    let records = seen.traffic.records.fresh(now, limit::RECORDS)?;
    sides(env, records, &name, health)
}

/// The sides that the marker's records could name.
fn sides(
    env: &Environment,
    records: &[RecordSet],
    marker: &str,
    health: &dyn Fn(&CheckId) -> Health,
) -> Option<BTreeSet<Role>> {
    let roles: BTreeSet<Role> = possible_answers(records, marker, "TXT", health)
        .into_iter()
        .filter_map(|r| marker_role(env, r))
        .collect();
    (!roles.is_empty()).then_some(roles)
}

/// The raw health of an endpoint or metric check, with what a pull would do to it.
fn leaf_health(
    env: &Environment,
    seen: &Observation,
    now: Timestamp,
    check: &HealthCheck,
    told: &dyn Fn(LeverKind) -> Option<Command>,
) -> Health {
    match &check.target {
        CheckTarget::Metric {
            insufficient_data, ..
        } => match told(LeverKind::Metric) {
            Some(command) => Health::from_bool(command == Command::Release),
            None => seen
                .traffic
                .lever
                .fresh(now, limit::LEVER)
                .map_or(Health::Unknown, |lever| {
                    insufficient_data.health(lever.engaged, latched(lever))
                }),
        },
        // the endpoint lever: an inverted check on a path that answers 200 only while the lever is engaged
        CheckTarget::Endpoint { .. } if check.inverted => match told(LeverKind::Endpoint) {
            Some(command) => Health::from_bool(command == Command::Engage),
            None => checked(seen, now, &check.id).unwrap_or_else(|| {
                let told = assess::told(env, seen, now, LeverKind::Endpoint);
                told.map_or(Health::Unknown, |c| Health::from_bool(c == Command::Engage))
            }),
        },
        CheckTarget::Endpoint { host, .. } => {
            checked(seen, now, &check.id).unwrap_or_else(|| probed(env, seen, now, host))
        }
        CheckTarget::Calculated { .. } | CheckTarget::Other(_) => Health::Unknown,
    }
}

/// What Route 53's checkers find, while that is known.
fn checked(seen: &Observation, now: Timestamp, id: &CheckId) -> Option<Health> {
    let checkers = seen.traffic.checkers.get(id)?;
    Some(checkers.fresh(now, limit::CHECKS)?.health())
}

/// What Route 53's checkers find at a side's own address. A disabled check has stopped looking.
pub fn checkers_of(env: &Environment, seen: &Observation, now: Timestamp, role: Role) -> Health {
    let id = check_of(env, seen, role.as_str());
    let looks = |id: &CheckId| {
        let check = seen.traffic.checks.last().and_then(|all| all.get(id));
        check.is_none_or(|check| !check.disabled && !check.inverted)
    };
    id.filter(looks)
        .and_then(|id| checked(seen, now, &id))
        .unwrap_or(Health::Unknown)
}

/// The last state of a lever whose data has ended, as its alarm keeps it (it ignores missing data).
fn latched(lever: &MetricLever) -> Option<Health> {
    match lever.alarm {
        Some(AlarmState::Alarm) => Some(Health::Unhealthy),
        Some(AlarmState::Ok) => Some(Health::Healthy),
        Some(AlarmState::InsufficientData | AlarmState::Unknown(_)) | None => None,
    }
}

/// Our own probe of the same host, where Route 53's checkers can't be read.
fn probed(env: &Environment, seen: &Observation, now: Timestamp, host: &str) -> Health {
    let Some(traffic) = &env.traffic else {
        return Health::Unknown;
    };
    let role = Role::BOTH.into_iter().find(|role| {
        env.resolve(seen, traffic.endpoints.get(*role))
            .is_ok_and(|url| url.contains(&format!("//{host}/")))
    });
    // a primary that we can't reach may still be green to the checkers: only good news counts
    let answer = role.and_then(|role| seen.regions.get(role).endpoint.fresh(now, limit::ENDPOINT));
    match answer {
        Some(answer) if answer.is_healthy() => Health::Healthy,
        Some(_) => Health::Unhealthy,
        None => Health::Unknown,
    }
}

/// The time a side's endpoint has been answering well without interruption, as far as it was watched.
pub fn healthy_now(seen: &Observation, role: Role, now: Timestamp) -> Health {
    let endpoint = &seen.regions.get(role).endpoint;
    if endpoint.failure().is_some() {
        return silence(endpoint).map_or(Health::Unknown, |_| Health::Unhealthy);
    }
    endpoint
        .fresh(now, limit::ENDPOINT)
        .map_or(Health::Unknown, |answer| {
            Health::from_bool(answer.is_healthy())
        })
}
