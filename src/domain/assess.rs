//! What the readings add up to: who serves, what was commanded, whether it is held, what would happen next.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::alarm::AlarmState;
use crate::domain::environment::{Environment, TrafficSpec};
use crate::domain::exposure::exposure_now;
use crate::domain::health::{CheckTarget, Health};
use crate::domain::lever::{Command, LeverKind, LeverSpec, MetricLever};
use crate::domain::observation::{EndpointAnswer, Observation, Serving};
use crate::domain::observed::{Failure, FailureKind, Observed};
use crate::domain::plan::Situation;
use crate::domain::prediction::{combined_check, marker_answers, predict};
use crate::domain::recovery::Exposure;
use crate::domain::region::Role;
use crate::domain::remark::{Remark, remarks};

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
    /// Read once a minute, and half as often while nobody looks.
    pub const PROMOTION: Duration = Duration::from_secs(150);
    /// A trial write beside the lever stays proof for a while.
    pub const LEVER_PROBE: Duration = Duration::from_mins(15);
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
    /// What is not as it seems, and what can be done about it.
    pub remarks: Vec<Remark>,
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
    let mut facts = Assessment {
        serving,
        commanded,
        held: serving == Serving::Standby && holds(seen, &engaged),
        engaged,
        situation: if dark_since.is_some() {
            Situation::Emergency
        } else {
            Situation::Planned
        },
        dark_since,
        exposure: exposure_now(env, seen, now),
        predicted: predict(env, seen, now, &[], None),
        record: env
            .traffic
            .as_ref()
            .and_then(|t| env.resolve(seen, &t.record).ok()),
        remarks: Vec::new(),
    };
    facts.remarks = remarks(env, seen, &facts, now);
    facts
}

/// Whether an engaged lever has taken hold: the metric lever does once its alarm has followed.
fn holds(seen: &Observation, engaged: &[LeverKind]) -> bool {
    engaged.iter().any(|lever| match lever {
        LeverKind::Metric => {
            let lever = seen.traffic.lever.last();
            lever.is_some_and(|l| l.alarm == Some(AlarmState::Alarm))
        }
        LeverKind::Endpoint | LeverKind::Force | LeverKind::Records => true,
        LeverKind::Automatic => false,
    })
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
pub(crate) fn silence(endpoint: &Observed<EndpointAnswer>) -> Option<&Failure> {
    endpoint
        .failure()
        .filter(|failure| failure.kind == FailureKind::Unreachable)
}

/// Since when the primary has not answered well: our own GET fails, or there is none and its APIs hang.
pub(crate) fn dark_since(seen: &Observation, now: Timestamp) -> Option<Timestamp> {
    let region = &seen.regions.primary;
    if let Some(failure) = silence(&region.endpoint) {
        return region.well.failing.or(Some(failure.since));
    }
    match region.endpoint.fresh(now, limit::ENDPOINT) {
        Some(answer) if answer.is_healthy() => None,
        Some(_) => region.well.failing.or_else(|| region.endpoint.at()),
        None if region.is_reachable() == Some(false) => {
            let failed = |o: Option<&Failure>| o.map(|f| f.since);
            failed(region.alarms.failure())
                .or_else(|| failed(region.signals.failure()))
                .or(Some(now))
        }
        None => None,
    }
}

/// The levers that are engaged, as far as they can be read.
pub fn engaged_levers(env: &Environment, seen: &Observation, now: Timestamp) -> Vec<LeverKind> {
    let levers = env.traffic.iter().flat_map(|traffic| &traffic.levers);
    let engaged = levers.filter(|lever| lever_is_engaged(env, seen, now, lever));
    engaged.map(LeverSpec::kind).collect()
}

/// Whether one lever is engaged, as far as it can be read.
pub fn is_engaged(env: &Environment, seen: &Observation, now: Timestamp, kind: LeverKind) -> bool {
    let mut levers = env.traffic.iter().flat_map(|traffic| &traffic.levers);
    levers.any(|lever| lever.kind() == kind && lever_is_engaged(env, seen, now, lever))
}

fn lever_is_engaged(
    env: &Environment,
    seen: &Observation,
    now: Timestamp,
    lever: &LeverSpec,
) -> bool {
    match lever {
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
        LeverSpec::Records => env
            .traffic
            .as_ref()
            .is_some_and(|traffic| records_moved(env, traffic, seen, now)),
    }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::app::fixtures::{dead, see, steady, tick};
    use crate::app::model::Model;
    use crate::domain::observation::{EndpointAnswer, Seen};
    use crate::domain::region::Role;

    fn look(model: &mut Model, status: u16) {
        tick(model, 15);
        let took = Duration::from_millis(20);
        let answer = EndpointAnswer { status, took };
        see(model, Seen::Endpoint(Role::Primary, Ok(answer)));
    }

    /// The clock of a move that came by itself begins with the first failure, and exposure ends with the last success.
    #[test]
    fn a_primary_that_fails_at_every_look_has_failed_since_the_first() {
        let mut model = steady();
        look(&mut model, 200);
        let well = Some(model.now);
        look(&mut model, 503);
        let first = Some(model.now);
        look(&mut model, 503);
        tick(&mut model, 15);
        see(&mut model, Seen::Endpoint(Role::Primary, Err(dead())));
        assert_eq!(model.facts.dark_since, first);
        assert_eq!(model.seen.regions.primary.well.last, well);
        look(&mut model, 200);
        assert_eq!(model.facts.dark_since, None);
        look(&mut model, 503);
        assert_eq!(model.facts.dark_since, Some(model.now), "another outage");
    }
}
