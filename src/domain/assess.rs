//! What the readings add up to: who serves, what was commanded, whether it is held, what would happen next.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::alarm::AlarmState;
use crate::domain::environment::{Environment, TrafficSpec};
use crate::domain::health::{CheckTarget, Health, HealthCheck};
use crate::domain::lever::{Command, LeverKind, LeverSpec, MetricLever};
use crate::domain::observation::{EndpointAnswer, Observation, Serving};
use crate::domain::observed::{Failure, FailureKind, Observed};
use crate::domain::plan::Situation;
use crate::domain::recovery::{Exposure, exposure};
use crate::domain::region::Role;
use crate::domain::routing::{Policy, RecordSet, absolute, possible_answers};
use crate::domain::signal::SignalKind;

/// How old a reading may be before it no longer counts as fresh: a little over two polls (DESIGN §5).
pub mod limit {
    use std::time::Duration;

    pub const STACKS: Duration = Duration::from_secs(75);
    pub const ALARMS: Duration = Duration::from_secs(40);
    pub const SIGNALS: Duration = Duration::from_secs(150);
    pub const CHECKS: Duration = Duration::from_secs(90);
    pub const ENDPOINT: Duration = Duration::from_secs(40);
    pub const MARKER: Duration = Duration::from_secs(20);
    pub const LEVER: Duration = Duration::from_secs(40);
    /// Record sets are read on start and around a change; they change rarely.
    pub const RECORDS: Duration = Duration::from_hours(24);
}

/// The conclusions that every screen, guard and report shares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    pub serving: Serving,
    /// Where the levers want the traffic; `None` while no lever could be read.
    pub commanded: Option<Role>,
    /// Levers that are engaged.
    pub engaged: Vec<LeverKind>,
    /// Traffic is on the standby because a lever says so.
    pub held: bool,
    pub situation: Situation,
    /// Since when the primary does not answer, as far as it was seen.
    pub dark_since: Option<Timestamp>,
    pub exposure: Option<Exposure>,
    /// The sides that could answer now.
    pub predicted: BTreeSet<Role>,
    /// The service's name.
    pub record: Option<String>,
}

/// Draws the conclusions.
pub fn assess(env: &Environment, seen: &Observation, now: Timestamp) -> Assessment {
    let serving = serving(env, seen, now);
    let engaged = engaged_levers(env, seen, now);
    let known = seen.traffic.lever.fresh(now, limit::LEVER).is_some() || !engaged.is_empty();
    let commanded = known.then_some({
        if engaged.is_empty() {
            Role::Primary
        } else {
            Role::Standby
        }
    });
    let dark_since = dark_since(seen, now);
    Assessment {
        serving,
        commanded,
        held: serving == Serving::Standby && !engaged.is_empty(),
        engaged,
        situation: if dark_since.is_some() {
            Situation::Emergency
        } else {
            Situation::Planned
        },
        dark_since,
        exposure: exposure_now(env, seen, now),
        predicted: predict(env, seen, now, None),
        record: env
            .traffic
            .as_ref()
            .and_then(|t| t.record.resolve(&env.bindings(seen)).ok()),
    }
}

/// Where the marker's answers point, while they are fresh.
pub fn serving(env: &Environment, seen: &Observation, now: Timestamp) -> Serving {
    seen.traffic
        .marker
        .fresh(now, limit::MARKER)
        .map_or(Serving::Unknown, |answers| {
            answers.serving(|region| env.regions.role_of(region))
        })
}

/// The failure of a probe that got no answer. One that could not even be sent (no address for the name, no root
/// certificates here) says nothing about the region.
fn silence(endpoint: &Observed<EndpointAnswer>) -> Option<&Failure> {
    endpoint
        .failure()
        .filter(|failure| failure.kind == FailureKind::Unreachable)
}

/// Since when the primary has not answered: our own GET fails, or there is none and its APIs hang.
fn dark_since(seen: &Observation, now: Timestamp) -> Option<Timestamp> {
    let region = &seen.regions.primary;
    if let Some(failure) = silence(&region.endpoint) {
        return Some(failure.since);
    }
    match region.endpoint.fresh(now, limit::ENDPOINT) {
        Some(answer) if answer.is_healthy() => None,
        Some(_) => region.endpoint.at(),
        None if region.is_reachable() == Some(false) => {
            let failed = |o: Option<&Failure>| o.map(|f| f.since);
            failed(region.alarms.failure())
                .or_else(|| failed(region.signals.failure()))
                .or(Some(now))
        }
        None => None,
    }
}

/// Seconds of data that would be lost now.
pub fn exposure_now(env: &Environment, seen: &Observation, now: Timestamp) -> Option<Exposure> {
    let series = |kind, role: Role| {
        let spec = env.signal_of_kind(kind, role)?;
        seen.regions
            .get(role)
            .signals
            .last()?
            .get(&spec.id)?
            .newest()
    };
    let heartbeat = series(SignalKind::Heartbeat, Role::Standby)
        .and_then(|p| epoch(p.value))
        .or_else(|| {
            let staleness = series(SignalKind::Staleness, Role::Standby)?;
            epoch(staleness.at.as_second() as f64 - staleness.value)
        })?;
    let life = last_sign_of_life(seen, now)?;
    Some(match life {
        SignOfLife::Ended(at) => exposure(heartbeat, Some(at), now),
        SignOfLife::Alive | SignOfLife::Unknown => lag_exposure(env, seen, now, heartbeat)
            .unwrap_or_else(|| exposure(heartbeat, None, now)),
    })
}

/// While the primary lives, what would be lost is what is under way: the replication lag.
fn lag_exposure(
    env: &Environment,
    seen: &Observation,
    now: Timestamp,
    heartbeat: Timestamp,
) -> Option<Exposure> {
    let lags = Role::BOTH.into_iter().flat_map(|role| {
        let readings = seen.regions.get(role).signals.fresh(now, limit::SIGNALS);
        env.signals_of(role)
            .filter(|s| s.kind == SignalKind::ReplicationLag)
            .filter_map(move |spec| spec.seconds(spec.current(readings?.get(&spec.id)?, now)?))
    });
    let seconds = lags.fold(None, |worst: Option<f64>, lag| {
        Some(worst.map_or(lag, |w| w.max(lag)))
    })?;
    let bound = exposure(heartbeat, None, now).seconds;
    Some(Exposure {
        seconds: seconds.min(bound),
        is_upper_bound: false,
        heartbeat,
    })
}

enum SignOfLife {
    Alive,
    /// The last moment at which the primary was seen alive.
    Ended(Timestamp),
    Unknown,
}

fn last_sign_of_life(seen: &Observation, now: Timestamp) -> Option<SignOfLife> {
    let endpoint = &seen.regions.primary.endpoint;
    let alive =
        |o: &Observed<EndpointAnswer>| o.stamped().filter(|s| s.value.is_healthy()).map(|s| s.at);
    if dark_since(seen, now).is_none() {
        return endpoint
            .last()
            .map(|_| SignOfLife::Alive)
            .or(Some(SignOfLife::Unknown));
    }
    Some(alive(endpoint).map_or(SignOfLife::Unknown, SignOfLife::Ended))
}

fn epoch(seconds: f64) -> Option<Timestamp> {
    if !seconds.is_finite() || seconds.abs() > 1e11 {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "bounded above; milliseconds are precise enough"
    )]
    Timestamp::from_millisecond((seconds * 1000.0) as i64).ok()
}

/// The levers that are engaged, as far as they can be read.
pub fn engaged_levers(env: &Environment, seen: &Observation, now: Timestamp) -> Vec<LeverKind> {
    let Some(traffic) = &env.traffic else {
        return Vec::new();
    };
    let is_engaged = |lever: &LeverSpec| match lever {
        LeverSpec::Metric { .. } => {
            let lever = seen.traffic.lever.last();
            lever.and_then(MetricLever::commanded) == Some(Command::Engage)
                || lever.is_some_and(|l| l.command.is_none() && l.alarm == Some(AlarmState::Alarm))
        }
        LeverSpec::Endpoint {
            stack, parameter, ..
        } => seen
            .stack(stack)
            .and_then(|s| s.parameters.get(parameter))
            .is_some_and(|value| value == "true"),
        LeverSpec::Force { .. } => {
            combined_check(env, seen).is_some_and(|check| match &check.target {
                CheckTarget::Calculated {
                    children,
                    threshold,
                } => usize::try_from(*threshold).is_ok_and(|t| t > children.len()),
                CheckTarget::Endpoint { .. }
                | CheckTarget::Metric { .. }
                | CheckTarget::Other(_) => false,
            })
        }
        LeverSpec::Records => records_moved(env, traffic, seen, now),
    };
    traffic
        .levers
        .iter()
        .filter(|lever| is_engaged(lever))
        .map(LeverSpec::kind)
        .collect()
}

/// Whether the record sets themselves prefer the standby.
fn records_moved(
    env: &Environment,
    traffic: &TrafficSpec,
    seen: &Observation,
    now: Timestamp,
) -> bool {
    let all_healthy = |_: &crate::domain::health::CheckId| Health::Healthy;
    let answers = marker_answers(env, traffic, seen, now, &all_healthy);
    answers.is_some_and(|roles| roles == BTreeSet::from([Role::Standby]))
}

/// The calculated check on the primary's marker record.
pub fn combined_check<'a>(env: &Environment, seen: &'a Observation) -> Option<&'a HealthCheck> {
    let traffic = env.traffic.as_ref()?;
    let record = marker_record(env, traffic, seen, Role::Primary)?;
    seen.traffic.checks.last()?.get(record.check.as_ref()?)
}

/// The marker record of one side.
pub fn marker_record<'a>(
    env: &Environment,
    traffic: &TrafficSpec,
    seen: &'a Observation,
    role: Role,
) -> Option<&'a RecordSet> {
    let name = absolute(&traffic.marker.resolve(&env.bindings(seen)).ok()?);
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

/// The sides that could answer, now (`pull` is none) or after a lever was told something.
///
/// Both sides where the records are not known: then nothing can be excluded.
pub fn predict(
    env: &Environment,
    seen: &Observation,
    now: Timestamp,
    pull: Option<(LeverKind, Command)>,
) -> BTreeSet<Role> {
    let Some(traffic) = &env.traffic else {
        return BTreeSet::new();
    };
    if let Some((LeverKind::Records, command)) = pull {
        return BTreeSet::from([command.wanted()]);
    }
    let health = |id: &crate::domain::health::CheckId| {
        let Some(checks) = seen.traffic.checks.last() else {
            return Health::Unknown;
        };
        if let Some((LeverKind::Force, command)) = pull
            && combined_check(env, seen).is_some_and(|combined| combined.id == *id)
        {
            return Health::from_bool(command == Command::Release);
        }
        checks.health(id, &|check| leaf_health(env, seen, now, check, pull))
    };
    marker_answers(env, traffic, seen, now, &health)
        .unwrap_or_else(|| Role::BOTH.into_iter().collect())
}

/// What a check says now, as far as the readings tell.
pub fn check_health(
    env: &Environment,
    seen: &Observation,
    now: Timestamp,
    id: &crate::domain::health::CheckId,
) -> Health {
    let Some(checks) = seen.traffic.checks.last() else {
        return Health::Unknown;
    };
    checks.health(id, &|check| leaf_health(env, seen, now, check, None))
}

fn marker_answers(
    env: &Environment,
    traffic: &TrafficSpec,
    seen: &Observation,
    now: Timestamp,
    health: &dyn Fn(&crate::domain::health::CheckId) -> Health,
) -> Option<BTreeSet<Role>> {
    let name = traffic.marker.resolve(&env.bindings(seen)).ok()?;
    let records = seen.traffic.records.fresh(now, limit::RECORDS)?;
    let answers = possible_answers(records, &name, "TXT", health);
    let roles: BTreeSet<Role> = answers
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
    pull: Option<(LeverKind, Command)>,
) -> Health {
    match &check.target {
        CheckTarget::Metric { .. } => {
            let engaged = match pull {
                Some((LeverKind::Metric, command)) => Some(command == Command::Engage),
                _ => seen
                    .traffic
                    .lever
                    .fresh(now, limit::LEVER)
                    .and_then(|lever| lever.engaged),
            };
            engaged.map_or(Health::Unknown, |engaged| Health::from_bool(!engaged))
        }
        // the endpoint lever: an inverted check on a path that answers 200 only while the lever is engaged
        CheckTarget::Endpoint { .. } if check.inverted => {
            let engaged = match pull {
                Some((LeverKind::Endpoint, command)) => Some(command == Command::Engage),
                _ => Some(engaged_levers(env, seen, now).contains(&LeverKind::Endpoint)),
            };
            engaged.map_or(Health::Unknown, Health::from_bool)
        }
        CheckTarget::Endpoint { host, .. } => {
            let checkers = seen
                .traffic
                .checkers
                .get(&check.id)
                .and_then(|c| c.fresh(now, limit::CHECKS));
            checkers.map_or_else(
                || probed(env, seen, now, host),
                super::health::CheckerCount::health,
            )
        }
        CheckTarget::Calculated { .. } | CheckTarget::Other(_) => Health::Unknown,
    }
}

/// Our own probe of the same host, where Route 53's checkers can't be read.
fn probed(env: &Environment, seen: &Observation, now: Timestamp, host: &str) -> Health {
    let Some(traffic) = &env.traffic else {
        return Health::Unknown;
    };
    let bindings = env.bindings(seen);
    let role = Role::BOTH.into_iter().find(|role| {
        traffic
            .endpoints
            .get(*role)
            .resolve(&bindings)
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

/// Whether records can be changed by the records lever: every set of both names is weighted or failover.
pub fn records_changeable(records: &[RecordSet]) -> bool {
    !records.is_empty()
        && records
            .iter()
            .all(|r| matches!(r.policy, Policy::Weighted(_) | Policy::Failover(_)))
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
