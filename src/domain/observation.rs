//! Everything that was seen of an environment, each part with its own age.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::alarm::Alarm;
use crate::domain::drift::Detection;
use crate::domain::health::{CheckId, CheckerCount, HealthChecks};
use crate::domain::lever::MetricLever;
use crate::domain::observed::{FailureKind, Observed, ReadError};
use crate::domain::parity::TemplateSeen;
use crate::domain::promotion::PromotionSeen;
use crate::domain::region::{PerRole, Role};
use crate::domain::routing::RecordSet;
use crate::domain::signal::{Series, SignalId};
use crate::domain::stack::{Activity, Stack, StackId, StackResource, StackState};

/// What was seen so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    pub identity: Observed<Identity>,
    /// By how many seconds this machine's clock is ahead of AWS's (negative: behind), by the date of its answers.
    #[serde(default)]
    pub clock_ahead: Option<i64>,
    pub regions: PerRole<RegionSeen>,
    pub traffic: TrafficSeen,
}

/// What was seen of one region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RegionSeen {
    pub stacks: BTreeMap<StackId, Observed<StackState>>,
    /// Who changes a stack that is in progress, unless we do.
    #[serde(default)]
    pub activity: BTreeMap<StackId, Observed<Activity>>,
    /// Listed once for each version of a stack.
    #[serde(default)]
    pub resources: BTreeMap<StackId, Observed<Vec<StackResource>>>,
    /// Stacks that have changed since their resources were listed.
    #[serde(default)]
    pub relist: BTreeSet<StackId>,
    /// Read once for each version of a stack.
    #[serde(default)]
    pub templates: BTreeMap<StackId, Observed<TemplateSeen>>,
    /// Drift detections that we have asked for.
    #[serde(default)]
    pub drift: BTreeMap<StackId, Observed<Detection>>,
    pub alarms: Observed<Vec<Alarm>>,
    pub signals: Observed<BTreeMap<SignalId, Series>>,
    /// Our own HTTPS GET of the region's health path.
    pub endpoint: Observed<EndpointAnswer>,
    #[serde(default)]
    pub well: Well,
}

/// Since when a health path has answered well at every look, or at none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Well {
    /// None while it does not.
    pub since: Option<Timestamp>,
    /// Whether it was seen failing before; else this is when it was first looked at.
    pub recovered: bool,
    /// When it last answered well.
    #[serde(default)]
    pub last: Option<Timestamp>,
    /// Since when it answers badly or not at all; none while it is well.
    #[serde(default)]
    pub failing: Option<Timestamp>,
}

impl Well {
    /// Takes one look in. One that could not even be sent says nothing.
    fn take(&mut self, result: &Result<EndpointAnswer, ReadError>, at: Timestamp) {
        match result {
            Ok(answer) if answer.is_healthy() => {
                self.since.get_or_insert(at);
                self.last = Some(at);
                self.failing = None;
            }
            Err(error) if error.kind != FailureKind::Unreachable => {}
            Ok(_) | Err(_) => {
                self.since = None;
                self.recovered = true;
                self.failing.get_or_insert(at);
            }
        }
    }
}

/// What was seen of the traffic's steering.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrafficSeen {
    pub checks: Observed<HealthChecks>,
    pub checkers: BTreeMap<CheckId, Observed<CheckerCount>>,
    pub records: Observed<Vec<RecordSet>>,
    pub marker: Observed<MarkerAnswers>,
    pub lever: Observed<MetricLever>,
    #[serde(default)]
    pub promotion: Observed<PromotionSeen>,
}

/// Who we are to AWS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub account: String,
    pub arn: String,
    /// When the credentials in use expire (UTC), if they do.
    pub expires: Option<Timestamp>,
}

/// The answer of a health path to our own GET.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointAnswer {
    pub status: u16,
    pub took: Duration,
}

impl EndpointAnswer {
    /// Route 53 accepts 2xx and 3xx.
    pub const fn is_healthy(&self) -> bool {
        matches!(self.status, 200..=399)
    }
}

/// What the name servers said when asked for the marker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkerAnswers {
    pub servers: Vec<ServerAnswer>,
    /// Asked of a resolver that may answer from its cache, not of the zone's own servers.
    pub via_resolver: bool,
}

/// One name server's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerAnswer {
    pub server: String,
    /// The region named by the marker, or why there is no answer.
    pub answer: Result<String, String>,
    pub authoritative: bool,
}

/// Where traffic goes now, as far as it can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Serving {
    Primary,
    Standby,
    Split,
    Unknown,
}

impl Serving {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Standby => "standby",
            Self::Split => "split",
            Self::Unknown => "unknown",
        }
    }

    pub const fn of(role: Role) -> Self {
        match role {
            Role::Primary => Self::Primary,
            Role::Standby => Self::Standby,
        }
    }

    pub const fn role(self) -> Option<Role> {
        match self {
            Self::Primary => Some(Role::Primary),
            Self::Standby => Some(Role::Standby),
            Self::Split | Self::Unknown => None,
        }
    }
}

/// One finished attempt to read something; the only way in which an [`Observation`] changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// When the answer (or its absence) was there, UTC.
    pub at: Timestamp,
    pub seen: Seen,
}

/// What an attempt was about, and its result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Seen {
    Identity(Result<Identity, ReadError>),
    Stack(Role, StackId, Result<StackState, ReadError>),
    Activity(Role, StackId, Result<Activity, ReadError>),
    Resources(Role, StackId, Result<Vec<StackResource>, ReadError>),
    Template(Role, StackId, Result<Box<TemplateSeen>, ReadError>),
    Drift(Role, StackId, Result<Detection, ReadError>),
    Alarms(Role, Result<Vec<Alarm>, ReadError>),
    Signals(Role, Result<BTreeMap<SignalId, Series>, ReadError>),
    Endpoint(Role, Result<EndpointAnswer, ReadError>),
    Checks(Result<HealthChecks, ReadError>),
    Checkers(CheckId, Result<CheckerCount, ReadError>),
    Records(Result<Vec<RecordSet>, ReadError>),
    Marker(Result<MarkerAnswers, ReadError>),
    Lever(Result<MetricLever, ReadError>),
    Promotion(Result<PromotionSeen, ReadError>),
    /// By how many seconds this machine's clock is ahead of AWS's (negative: behind).
    Clock(i64),
}

impl Observation {
    pub fn take(&mut self, sighting: Sighting) {
        let at = sighting.at;
        match sighting.seen {
            Seen::Identity(result) => self.identity.take(result, at),
            Seen::Stack(role, id, result) => self.regions.get_mut(role).stack(id, result, at),
            Seen::Activity(role, id, result) => self
                .regions
                .get_mut(role)
                .activity
                .entry(id)
                .or_default()
                .take(result, at),
            Seen::Resources(role, id, result) => {
                let region = self.regions.get_mut(role);
                if result.is_ok() {
                    region.relist.remove(&id);
                }
                region.resources.entry(id).or_default().take(result, at);
            }
            Seen::Template(role, id, result) => self
                .regions
                .get_mut(role)
                .templates
                .entry(id)
                .or_default()
                .take(result.map(|read| *read), at),
            Seen::Drift(role, id, result) => self
                .regions
                .get_mut(role)
                .drift
                .entry(id)
                .or_default()
                .take(result, at),
            Seen::Alarms(role, result) => self.regions.get_mut(role).alarms.take(result, at),
            Seen::Signals(role, result) => self.regions.get_mut(role).signals.take(result, at),
            Seen::Endpoint(role, result) => {
                let region = self.regions.get_mut(role);
                region.well.take(&result, at);
                region.endpoint.take(result, at);
            }
            Seen::Checks(result) => self.traffic.checks.take(result, at),
            Seen::Checkers(id, result) => self
                .traffic
                .checkers
                .entry(id)
                .or_default()
                .take(result, at),
            Seen::Records(result) => self.traffic.records.take(result, at),
            Seen::Marker(result) => self.traffic.marker.take(result, at),
            Seen::Lever(result) => self.traffic.lever.take(result, at),
            Seen::Promotion(result) => self.traffic.promotion.take(result, at),
            Seen::Clock(ahead) => self.clock_ahead = Some(ahead),
        }
    }

    /// What goes on in a stack that is in progress, if it was seen.
    pub fn activity(&self, id: &StackId) -> Option<&Activity> {
        let status = &self.stack(id)?.status;
        let mut found = self.regions.iter();
        let activity = found.find_map(|(_, region)| region.activity.get(id)?.last());
        activity.filter(|activity| activity.status == *status)
    }

    /// The last seen state of a stack, wherever it lives.
    pub fn stack(&self, id: &StackId) -> Option<&Stack> {
        self.regions
            .iter()
            .find_map(|(_, region)| region.stacks.get(id)?.last()?.stack())
    }
}

impl RegionSeen {
    /// Takes a look at a stack in. Another version of it may have other resources.
    fn stack(&mut self, id: StackId, result: Result<StackState, ReadError>, at: Timestamp) {
        let known = self.stacks.entry(id.clone()).or_default();
        let version = |seen: &Observed<StackState>| {
            let stack = seen.last()?.stack()?;
            Some((stack.arn.clone(), stack.status.clone(), stack.updated))
        };
        let before = version(known);
        known.take(result, at);
        if version(known) != before {
            self.relist.insert(id);
        }
    }

    /// When anything of the region's AWS APIs was last read successfully.
    pub fn as_of(&self) -> Option<Timestamp> {
        let stacks = self.stacks.values().filter_map(Observed::at);
        stacks
            .chain(self.alarms.at())
            .chain(self.signals.at())
            .max()
    }

    /// Whether the region's AWS APIs answer: `None` before the first attempt.
    pub fn is_reachable(&self) -> Option<bool> {
        let tried = |untried: bool, failing: bool| (!untried).then_some(!failing);
        let parts = self
            .stacks
            .values()
            .map(|s| tried(s.is_untried(), is_down(s)))
            .chain([tried(self.alarms.is_untried(), is_down(&self.alarms))])
            .chain([tried(self.signals.is_untried(), is_down(&self.signals))]);
        parts.flatten().reduce(|a, b| a || b)
    }
}

/// Whether the latest attempt got no answer at all.
fn is_down<T>(seen: &Observed<T>) -> bool {
    seen.failure()
        .is_some_and(|f| f.kind == FailureKind::Unreachable)
}

impl MarkerAnswers {
    /// Where the answers point, given which region has which role.
    pub fn serving(&self, role_of: impl Fn(&str) -> Option<Role>) -> Serving {
        let mut found: Option<Serving> = None;
        for answer in self.servers.iter().filter_map(|s| s.answer.as_ref().ok()) {
            let Some(role) = role_of(answer) else {
                return Serving::Unknown;
            };
            let here = Serving::of(role);
            match found {
                Some(known) if known != here => return Serving::Split,
                _ => found = Some(here),
            }
        }
        found.unwrap_or(Serving::Unknown)
    }

    /// How many servers name the region, of how many that were asked.
    pub fn agreement(&self, region: &str) -> (usize, usize) {
        let naming = self
            .servers
            .iter()
            .filter(|s| s.answer.as_deref() == Ok(region))
            .count();
        (naming, self.servers.len())
    }
}
