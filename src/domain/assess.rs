//! What the readings add up to: who serves, what was commanded, whether it is held, what would happen next.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::alarm::AlarmState;
use crate::domain::environment::Environment;
use crate::domain::exposure::exposure_now;
use crate::domain::health::{CheckTarget, Health};
use crate::domain::lever::{Command, LeverKind, LeverSpec, MetricLever};
use crate::domain::observation::{EndpointAnswer, Observation, Serving};
use crate::domain::observed::{Failure, FailureKind, Observed};
use crate::domain::plan::Situation;
use crate::domain::prediction::{combined_check, marker_answers, marker_record, predict};
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
    /// What the checks are, not what they say: listed every two minutes, and half as often while nobody looks.
    pub const CHECK_LIST: Duration = Duration::from_mins(5);
    pub const ENDPOINT: Duration = Duration::from_secs(40);
    pub const MARKER: Duration = Duration::from_secs(20);
    pub const LEVER: Duration = Duration::from_secs(40);
    /// Read once a minute, and half as often while nobody looks.
    pub const PROMOTION: Duration = Duration::from_secs(150);
    /// Asked every five minutes, or ten.
    pub const IDENTITY: Duration = Duration::from_mins(11);
    /// A trial write beside the lever stays proof for a while.
    pub const LEVER_PROBE: Duration = Duration::from_mins(15);
    /// Record sets are read on start and around a change; they change rarely.
    pub const RECORDS: Duration = Duration::from_hours(24);
    /// Whether the records lever is engaged is asked of younger ones: read every ten minutes, or twenty.
    pub const RECORDS_LEVER: Duration = Duration::from_mins(25);
}

/// The conclusions that every screen, guard and report shares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    pub serving: Serving,
    /// Where the levers want the traffic; `None` while one that could not be read might say otherwise.
    pub commanded: Option<Role>,
    /// Levers that were engaged when they were last read: what a way back must release.
    pub engaged: Vec<LeverKind>,
    /// Levers that could not be read lately: what each is told is not known now.
    #[serde(default)]
    pub unread: Vec<LeverKind>,
    /// Traffic is on the standby because a lever says so that was read lately.
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
    let unread = unread_levers(env, seen, now);
    let dark_since = dark_since(seen, now);
    let mut facts = Assessment {
        serving,
        commanded: commanded(serving, &engaged, &unread),
        held: serving == Serving::Standby && holds(seen, &engaged, &unread),
        engaged,
        unread,
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

/// Where the levers want the traffic. An engaged one that was read lately says so. That none is engaged is known once
/// every lever was read that could explain what DNS answers: each one, unless it answers the primary, to where no
/// engaged lever sends it; what was last asked for is then the metric lever's to tell.
fn commanded(serving: Serving, engaged: &[LeverKind], unread: &[LeverKind]) -> Option<Role> {
    if engaged.iter().any(|lever| !unread.contains(lever)) {
        return Some(Role::Standby);
    }
    let explains = |lever: &LeverKind| {
        serving != Serving::Primary || *lever == LeverKind::Metric || engaged.contains(lever)
    };
    (!unread.iter().any(explains)).then_some(Role::Primary)
}

/// Whether an engaged lever has taken hold: the metric lever does once its alarm has followed.
fn holds(seen: &Observation, engaged: &[LeverKind], unread: &[LeverKind]) -> bool {
    let read = engaged.iter().filter(|lever| !unread.contains(lever));
    read.into_iter().any(|lever| match lever {
        LeverKind::Metric => {
            let lever = seen.traffic.lever.last();
            lever.is_some_and(|l| l.alarm == Some(AlarmState::Alarm))
        }
        LeverKind::Endpoint | LeverKind::Force | LeverKind::Records => true,
        LeverKind::Automatic => false,
    })
}

impl Assessment {
    /// Levers that are engaged by a reading of lately.
    pub fn engaged_now(&self) -> impl Iterator<Item = LeverKind> {
        let engaged = self.engaged.iter().copied();
        engaged.filter(|lever| !self.unread.contains(lever))
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

/// The levers that were engaged when they were last read.
pub fn engaged_levers(env: &Environment, seen: &Observation, now: Timestamp) -> Vec<LeverKind> {
    let levers = env.traffic.iter().flat_map(|traffic| &traffic.levers);
    let engaged = levers.filter(|lever| lever_is_engaged(env, seen, now, lever));
    engaged.map(LeverSpec::kind).collect()
}

/// The levers of the manifest whose state was not read lately.
fn unread_levers(env: &Environment, seen: &Observation, now: Timestamp) -> Vec<LeverKind> {
    let levers = env.traffic.iter().flat_map(|traffic| &traffic.levers);
    let unread = levers.filter(|lever| !was_read(env, seen, now, lever));
    unread.map(LeverSpec::kind).collect()
}

/// Whether what a lever is told was read lately.
fn was_read(env: &Environment, seen: &Observation, now: Timestamp, lever: &LeverSpec) -> bool {
    match lever {
        LeverSpec::Metric { .. } => seen.traffic.lever.fresh(now, limit::LEVER).is_some(),
        LeverSpec::Endpoint { stack, .. } => {
            let mut looks = seen.regions.iter().filter_map(|(_, r)| r.stacks.get(stack));
            looks.any(|look| look.fresh(now, limit::STACKS).is_some())
        }
        LeverSpec::Force { .. } => {
            let traffic = env.traffic.as_ref();
            let record = traffic.and_then(|t| marker_record(env, t, seen, Role::Primary));
            // a record without a check answers whatever is forced
            let nothing_to_force = record.is_some_and(|record| record.check.is_none());
            let fresh = seen.traffic.checks.fresh(now, limit::CHECK_LIST).is_some();
            nothing_to_force || (fresh && combined_check(env, seen).is_some())
        }
        LeverSpec::Records => {
            let records = &seen.traffic.records;
            let lately = records.fresh(now, limit::RECORDS_LEVER).is_some();
            lately && moved_sides(env, seen, now).is_some()
        }
    }
}

/// What one lever is told, if it was read lately.
pub fn told(
    env: &Environment,
    seen: &Observation,
    now: Timestamp,
    kind: LeverKind,
) -> Option<Command> {
    let lever = env.traffic.as_ref()?.lever(kind)?;
    was_read(env, seen, now, lever).then(|| {
        if lever_is_engaged(env, seen, now, lever) {
            Command::Engage
        } else {
            Command::Release
        }
    })
}

/// Whether one lever was engaged when it was last read.
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
        LeverSpec::Records => moved_sides(env, seen, now)
            .is_some_and(|roles| roles == BTreeSet::from([Role::Standby])),
    }
}

/// The sides that the record sets by themselves send traffic to.
fn moved_sides(env: &Environment, seen: &Observation, now: Timestamp) -> Option<BTreeSet<Role>> {
    let all_healthy = |_: &crate::domain::health::CheckId| Health::Healthy;
    marker_answers(env, env.traffic.as_ref()?, seen, now, &all_healthy)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::app::fixtures::{dead, lever, marker, see, steady, tick, unseen};
    use crate::app::model::Model;
    use crate::domain::alarm::AlarmState;
    use crate::domain::lever::{Command, LeverKind};
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

    /// Everything but Route 53 was read, by a console that has just started.
    fn without_route53() -> Model {
        let mut model = steady();
        model.seen.traffic.checks = unseen().seen.traffic.checks;
        model.seen.traffic.records = unseen().seen.traffic.records;
        see(&mut model, Seen::Checks(Err(dead())));
        see(&mut model, Seen::Records(Err(dead())));
        model
    }

    #[test]
    fn levers_that_were_not_read_may_hold_what_is_seen() {
        let mut model = without_route53();
        assert_eq!(model.facts.unread, [LeverKind::Force, LeverKind::Records]);
        let home = Some(Role::Primary);
        assert_eq!(model.facts.commanded, home, "no lever sends it there");
        marker(&mut model, Role::Standby);
        assert_eq!(model.facts.commanded, None, "force or records may");
        assert!(!model.facts.held);
        lever(&mut model, Command::Engage, 2, AlarmState::Alarm);
        assert_eq!(model.facts.commanded, Some(Role::Standby));
        assert!(model.facts.held, "one that is read is enough");
    }

    #[test]
    fn what_a_lever_was_told_long_ago_is_not_what_it_is_told() {
        let mut model = steady();
        lever(&mut model, Command::Engage, 2, AlarmState::Alarm);
        marker(&mut model, Role::Standby);
        assert!(model.facts.held);
        tick(&mut model, 60);
        see(&mut model, Seen::Lever(Err(dead())));
        marker(&mut model, Role::Standby);
        assert_eq!((model.facts.commanded, model.facts.held), (None, false));
        let last = [LeverKind::Metric];
        assert_eq!(model.facts.engaged, last, "a way back releases it");
        assert_eq!(model.facts.engaged_now().next(), None);
    }
}
