//! One region of the status: what was seen, with old good news shown as unknown and old bad news kept.

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::output::clock;
use crate::cli::output::compare::DriftSaid;
use crate::domain::alarm::{Alarm, AlarmState};
use crate::domain::assess::limit;
use crate::domain::environment::{Environment, StackSpec, TrafficSpec};
use crate::domain::health::{CheckTarget, CheckerCount, Health, HealthCheck};
use crate::domain::lever::{LeverKind, LeverSpec};
use crate::domain::observation::Observation;
use crate::domain::observed::{Failure, Observed};
use crate::domain::prediction::{check_of, healthy_now};
use crate::domain::region::Role;
use crate::domain::signal::{Direction, SignalId, SignalKind, SignalSpec, Verdict};
use crate::domain::stack::{Phase, StackState};
use crate::domain::text::clean;

/// How a state is written that can't be told.
const UNKNOWN: &str = "unknown";

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RegionStatus {
    pub region: String,
    pub role: Role,
    /// Whether the region's AWS APIs answer; null before the first attempt.
    pub reachable: Option<bool>,
    /// When anything of it was last read.
    pub as_of: Option<Timestamp>,
    pub stacks: Vec<StackStatus>,
    pub health_checks: Vec<HealthCheckStatus>,
    /// Null where they were never read, which is not the same as none.
    pub alarms: Option<Vec<AlarmStatus>>,
    pub signals: Vec<SignalStatus>,
    /// Readings that are missing or too old, in words.
    #[serde(skip)]
    pub(super) missing: Vec<String>,
    /// Whether anything at all was read lately.
    #[serde(skip)]
    pub(super) is_readable: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StackStatus {
    pub name: String,
    /// As last read; `absent` where there is none, null where it was never read.
    pub status: Option<String>,
    pub phase: Phase,
    /// What the last drift detection said, whoever asked for it.
    pub drift: DriftSaid,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HealthCheckStatus {
    /// The Route 53 id; null for our own probe, and where the id is not known yet.
    pub id: Option<String>,
    pub name: String,
    pub source: CheckSource,
    pub health: Health,
    pub detail: Option<String>,
    pub as_of: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckSource {
    /// Our own HTTPS GET, from here.
    Probe,
    Route53,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlarmStatus {
    pub name: String,
    /// As CloudWatch spells it, or `unknown` where a good state is too old to be believed.
    pub state: String,
    pub reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SignalStatus {
    pub id: SignalId,
    pub kind: SignalKind,
    pub value: Option<f64>,
    pub unit: String,
    /// When the value was measured.
    pub as_of: Option<Timestamp>,
    pub verdict: Verdict,
}

/// What the status is drawn from.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) env: &'a Environment,
    pub(super) seen: &'a Observation,
    pub(super) now: Timestamp,
}

impl Look<'_> {
    pub(super) fn region(self, role: Role) -> RegionStatus {
        let seen = self.seen.regions.get(role);
        let signals: Vec<SignalStatus> = self
            .env
            .signals_of(role)
            .map(|spec| self.signal(spec))
            .collect();
        RegionStatus {
            region: self.env.regions.get(role).to_string(),
            role,
            reachable: seen.is_reachable(),
            as_of: seen.as_of(),
            stacks: self
                .env
                .stacks_of(role)
                .map(|spec| self.stack(spec))
                .collect(),
            health_checks: self.checks(role),
            alarms: self.alarms(role),
            missing: self.missing(role, &signals),
            is_readable: self.is_readable(role),
            signals,
        }
    }

    fn observed_stack(&self, spec: &StackSpec) -> Option<&Observed<StackState>> {
        self.seen.regions.get(spec.role).stacks.get(&spec.id)
    }

    fn stack(self, spec: &StackSpec) -> StackStatus {
        let last = self.observed_stack(spec).and_then(Observed::last);
        let is_fresh = self
            .observed_stack(spec)
            .is_some_and(|o| o.fresh(self.now, limit::STACKS).is_some());
        let phase = match last.map(StackState::phase) {
            Some(phase) if is_fresh => phase,
            Some(bad @ (Phase::Failed | Phase::Dead)) => bad,
            _ => Phase::Unknown,
        };
        StackStatus {
            name: clean(&spec.name),
            status: last.map(|s| clean(s.label())),
            phase,
            drift: DriftSaid::of(self.seen, spec, last.and_then(StackState::stack)),
        }
    }

    fn alarms(self, role: Role) -> Option<Vec<AlarmStatus>> {
        let observed = &self.seen.regions.get(role).alarms;
        let stamped = observed.stamped()?;
        let is_fresh = observed.fresh(self.now, limit::ALARMS).is_some();
        let shown = stamped.value.iter().map(|alarm| {
            if is_fresh {
                fresh_alarm(alarm)
            } else {
                stale_alarm(alarm, stamped.at)
            }
        });
        Some(shown.collect())
    }

    fn signal(self, spec: &SignalSpec) -> SignalStatus {
        let observed = &self.seen.regions.get(spec.role).signals;
        let series = observed.last().and_then(|all| all.get(&spec.id));
        let newest = series.and_then(crate::domain::signal::Series::newest);
        let read = observed.at().unwrap_or(self.now);
        let recent = newest.filter(|point| spec.is_recent(*point, read));
        let current = series.and_then(|s| spec.current(s, read));
        let is_current = observed.fresh(self.now, limit::SIGNALS).is_some();
        let verdict = match spec.judge(current) {
            Verdict::Good if !is_current => Verdict::Unknown,
            told => told,
        };
        // a lag or an age that stopped is shown with its time; a count that stopped is zero since the reading
        let (value, at) = match (current, newest) {
            (Some(value), _) => (Some(value), recent.map(|p| p.at).or_else(|| observed.at())),
            (None, Some(last)) => (Some(last.value), Some(last.at)),
            (None, None) => (None, None),
        };
        SignalStatus {
            id: spec.id.clone(),
            kind: spec.kind,
            value: value.filter(|v| v.is_finite()),
            unit: clean(&spec.unit),
            as_of: at,
            verdict,
        }
    }

    fn is_readable(self, role: Role) -> bool {
        let seen = self.seen.regions.get(role);
        seen.alarms.fresh(self.now, limit::ALARMS).is_some()
            || seen.signals.fresh(self.now, limit::SIGNALS).is_some()
            || seen
                .stacks
                .values()
                .any(|s| s.fresh(self.now, limit::STACKS).is_some())
    }

    /// Nothing is carried back while nothing is written on the standby.
    fn is_way_back(self, id: &SignalId) -> bool {
        let mut signals = self.env.signals.iter();
        signals.any(|spec| spec.id == *id && spec.direction == Direction::Reverse)
    }

    fn missing(self, role: Role, signals: &[SignalStatus]) -> Vec<String> {
        let seen = self.seen.regions.get(role);
        let region = self.env.regions.get(role);
        let mut missing = Vec::new();
        let mut say = |what: &str, failure: Option<&Failure>| {
            let why = failure.map_or_else(String::new, |f| format!(": {}", clean(&f.message)));
            missing.push(format!("{region}: {what} not read lately{why}"));
        };
        let is_old = |spec: &&StackSpec| {
            self.observed_stack(spec)
                .is_none_or(|o| o.fresh(self.now, limit::STACKS).is_none())
        };
        if let Some(old) = self.env.stacks_of(role).find(is_old) {
            say(
                "stacks",
                self.observed_stack(old).and_then(Observed::failure),
            );
        }
        if seen.alarms.fresh(self.now, limit::ALARMS).is_none() {
            say("alarms", seen.alarms.failure());
        }
        let has_signals = !signals.is_empty();
        let no_signals = seen.signals.fresh(self.now, limit::SIGNALS).is_none();
        if has_signals && no_signals {
            say("signals", seen.signals.failure());
        }
        if !no_signals {
            let silent = signals
                .iter()
                .filter(|s| is_missed(s) && !self.is_way_back(&s.id));
            missing.extend(silent.map(|s| format!("{region}: {} is unknown", s.id)));
        }
        missing
    }

    fn checks(self, role: Role) -> Vec<HealthCheckStatus> {
        let Some(traffic) = &self.env.traffic else {
            return Vec::new();
        };
        let of_role = traffic
            .checks
            .keys()
            .filter(|name| role_of_check(name) == role);
        let route53 = of_role.map(|name| self.route53(traffic, name));
        std::iter::once(self.probe(role)).chain(route53).collect()
    }

    fn probe(self, role: Role) -> HealthCheckStatus {
        let endpoint = &self.seen.regions.get(role).endpoint;
        let answered = endpoint
            .last()
            .map(|a| format!("{} in {} ms", a.status, a.took.as_millis()));
        HealthCheckStatus {
            id: None,
            name: "endpoint".to_owned(),
            source: CheckSource::Probe,
            health: healthy_now(self.seen, role, self.now),
            detail: endpoint.failure().map(|f| clean(&f.message)).or(answered),
            as_of: endpoint.at(),
        }
    }

    fn route53(self, traffic: &TrafficSpec, name: &str) -> HealthCheckStatus {
        let id = check_of(self.env, self.seen, name);
        let known = self.seen.traffic.checks.last();
        let health = match (&id, known) {
            (Some(id), Some(all)) => all.health(id, &|check| self.leaf(traffic, check)),
            _ => Health::Unknown,
        };
        let checkers = id
            .as_ref()
            .and_then(|id| self.seen.traffic.checkers.get(id));
        let count = checkers.and_then(Observed::last);
        let check = id.as_ref().and_then(|id| known?.get(id));
        let is_inverted = check.is_some_and(|check| check.inverted);
        let failure = checkers
            .and_then(Observed::failure)
            .or_else(|| self.seen.traffic.checks.failure());
        HealthCheckStatus {
            name: clean(name),
            source: CheckSource::Route53,
            health,
            detail: failure
                .map(|f| clean(&f.message))
                .or_else(|| count.map(|c| checkers_text(c, is_inverted))),
            as_of: checkers
                .and_then(Observed::at)
                .or_else(|| self.seen.traffic.checks.at()),
            id: id.map(|id| clean(&id.0)),
        }
    }

    /// What Route 53 itself says of a check; our own probe does not stand in for it here.
    fn leaf(self, traffic: &TrafficSpec, check: &HealthCheck) -> Health {
        match &check.target {
            CheckTarget::Endpoint { .. } => self
                .seen
                .traffic
                .checkers
                .get(&check.id)
                .and_then(|c| c.fresh(self.now, limit::CHECKS))
                .map_or(Health::Unknown, CheckerCount::health),
            CheckTarget::Metric { alarm, region, .. } => self.metric(traffic, alarm, region),
            CheckTarget::Calculated { .. } | CheckTarget::Other(_) => Health::Unknown,
        }
    }

    fn metric(self, traffic: &TrafficSpec, alarm: &str, region: &str) -> Health {
        let is_lever = matches!(
            traffic.lever(LeverKind::Metric),
            Some(LeverSpec::Metric { alarm: name, .. }) if self.env.resolve(self.seen, name).as_deref() == Ok(alarm)
        );
        if is_lever {
            let lever = self.seen.traffic.lever.fresh(self.now, limit::LEVER);
            return lever
                .and_then(|l| l.engaged)
                .map_or(Health::Unknown, |engaged| Health::from_bool(!engaged));
        }
        let alarms = self.env.regions.role_of(region).and_then(|role| {
            self.seen
                .regions
                .get(role)
                .alarms
                .fresh(self.now, limit::ALARMS)
        });
        let found = alarms.and_then(|all| all.iter().find(|a| a.name == alarm));
        match found.map(|a| &a.state) {
            Some(AlarmState::Ok) => Health::Healthy,
            Some(AlarmState::Alarm) => Health::Unhealthy,
            Some(AlarmState::InsufficientData | AlarmState::Unknown(_)) | None => Health::Unknown,
        }
    }
}

/// The side that a check of the manifest is about. The lever's check stands in the standby, where the lever is.
fn role_of_check(name: &str) -> Role {
    if name.contains("standby") || name.contains("lever") {
        Role::Standby
    } else {
        Role::Primary
    }
}

/// Whether silence of a signal is a gap. Latency and queue ages have nothing to say while nothing happens.
fn is_missed(signal: &SignalStatus) -> bool {
    signal.verdict == Verdict::Unknown
        && !matches!(signal.kind, SignalKind::Latency | SignalKind::QueueAge)
}

fn fresh_alarm(alarm: &Alarm) -> AlarmStatus {
    AlarmStatus {
        name: clean(&alarm.name),
        state: clean(alarm.state.as_str()),
        reason: alarm.reason.as_deref().map(clean),
    }
}

fn stale_alarm(alarm: &Alarm, at: Timestamp) -> AlarmStatus {
    let state = match &alarm.state {
        AlarmState::Alarm => AlarmState::Alarm.as_str(),
        AlarmState::Ok | AlarmState::InsufficientData | AlarmState::Unknown(_) => UNKNOWN,
    };
    AlarmStatus {
        name: clean(&alarm.name),
        state: state.to_owned(),
        reason: Some(format!(
            "was {} at {}, not read since",
            clean(alarm.state.as_str()),
            clock(at)
        )),
    }
}
/// An inverted check is healthy while its checkers fail.
fn checkers_text(count: &CheckerCount, is_inverted: bool) -> String {
    let text = format!("{} of {} checkers", count.succeeding, count.total);
    if is_inverted {
        format!("inverted, {text}")
    } else {
        text
    }
}
