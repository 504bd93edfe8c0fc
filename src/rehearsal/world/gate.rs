//! What is wrong now, and what that does to an API request.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::region::Role;
use crate::rehearsal::faults::{ApiError, Fault, Gate, Service, TimedFault};
use crate::rehearsal::world::agenda::Event;
use crate::rehearsal::world::checks::later;
use crate::rehearsal::world::{RequestRecord, World};

/// Route 53 allows five requests a second per account (facts/aws.md §3.1).
const ROUTE53_PER_SECOND: usize = 5;

/// Faults with their absolute times; an index stays valid.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Timed>);

#[derive(Debug)]
struct Timed {
    from: Timestamp,
    until: Option<Timestamp>,
    fault: Fault,
}

impl Faults {
    /// What is wrong at a moment, with the time since when.
    pub(super) fn active(&self, now: Timestamp) -> impl Iterator<Item = (Timestamp, &Fault)> {
        self.0
            .iter()
            .filter(move |t| t.from <= now && t.until.is_none_or(|end| now < end))
            .map(|t| (t.from, &t.fault))
    }
}

impl World {
    /// Plans a fault of the scenario.
    pub(super) fn plan_fault(&mut self, timed: &TimedFault) {
        let at = |offset: i64| {
            let second = self.setup.epoch.as_second().saturating_add(offset);
            Timestamp::from_second(second).unwrap_or(self.setup.epoch)
        };
        let (from, until) = (at(timed.at), timed.until.map(at));
        self.add_fault(from, until, timed.fault.clone());
    }

    fn add_fault(&mut self, from: Timestamp, until: Option<Timestamp>, fault: Fault) -> usize {
        let index = self.faults.0.len();
        self.faults.0.push(Timed { from, until, fault });
        self.agenda.push(from, Event::FaultEdge(index));
        if let Some(end) = until {
            self.agenda.push(end, Event::FaultEdge(index));
        }
        index
    }

    /// Lets something go wrong now (the facilitator's menu); the number ends it again.
    pub fn inject(&mut self, fault: Fault) -> usize {
        let now = self.now();
        let index = self.add_fault(now, None, fault);
        self.advance(now);
        index
    }

    /// Ends a fault.
    pub fn heal(&mut self, index: usize) {
        let now = self.now();
        if let Some(timed) = self.faults.0.get_mut(index) {
            timed.until = Some(now);
            let fault = timed.fault.clone();
            self.note(format!("fault over: {}", fault.describe()));
            self.others_edge(&fault, false);
        }
    }

    /// What is wrong now, with its number.
    pub fn faults(&self) -> Vec<(usize, Fault)> {
        let now = self.now();
        let active = |t: &Timed| t.from <= now && t.until.is_none_or(|end| now < end);
        let all = self.faults.0.iter().enumerate();
        all.filter(|(_, t)| active(t))
            .map(|(i, t)| (i, t.fault.clone()))
            .collect()
    }

    /// A fault begins or ends.
    pub(super) fn fault_edge(&mut self, index: usize) {
        let now = self.now();
        let Some(timed) = self.faults.0.get(index) else {
            return;
        };
        let begins = timed.from == now && timed.until != Some(now);
        let fault = timed.fault.clone();
        let word = if begins { "fault" } else { "fault over" };
        self.note(format!("{word}: {}", fault.describe()));
        if let (true, Fault::ForeignOperation { region, seconds }) = (begins, &fault) {
            self.foreign_operation(*region, *seconds);
        }
        self.others_edge(&fault, begins);
    }

    pub(super) fn has(&self, wanted: impl Fn(&Fault) -> bool) -> bool {
        self.faults.active(self.now()).any(|(_, f)| wanted(f))
    }

    /// Whether nothing at all runs in the region.
    pub(super) fn is_dark(&self, region: &str) -> bool {
        let role = self.setup.environment.regions.role_of(region);
        role.is_some_and(|role| {
            self.has(|f| matches!(f, Fault::RegionDark { region } if *region == role))
        })
    }

    /// Whether the system's own functions run in the region.
    pub(super) fn runs(&self, role: Role) -> bool {
        !self.has(|f| matches!(f, Fault::RegionDark { region } | Fault::RegionGrey { region } if *region == role))
    }

    /// How far our own clock is ahead of the world's (negative: behind).
    pub fn skew(&self) -> i64 {
        let ahead = self.faults.active(self.now()).find_map(|(_, f)| match f {
            Fault::ClockSkew { seconds } => Some(*seconds),
            _ => None,
        });
        ahead.unwrap_or(0)
    }

    /// When the credentials in use end.
    pub(super) fn credentials_end(&self) -> Option<Timestamp> {
        self.faults
            .active(self.now())
            .find_map(|(since, f)| match f {
                Fault::CredentialsExpiring { seconds } => {
                    Some(later(since, Duration::from_secs(*seconds)))
                }
                _ => None,
            })
    }

    /// Asked before every API request, which is recorded.
    pub fn gate(&mut self, service: Service, region: &str, operation: &str) -> Gate {
        let gate = self.judge(service, region, operation);
        let outcome = match &gate {
            Gate::Pass { .. } => "ok",
            Gate::Hang => "hang",
            Gate::Fail(error) => error.code,
        };
        let record = RequestRecord {
            at: self.now(),
            service,
            region: region.to_owned(),
            operation: operation.to_owned(),
            outcome,
        };
        self.record_request(record);
        gate
    }

    fn judge(&mut self, service: Service, region: &str, operation: &str) -> Gate {
        let question = format!("{service:?} {operation} in {region}");
        let draw = Draw {
            turn: self.turn(&question),
            question,
        };
        if self.hangs(service, region) {
            return Gate::Hang;
        }
        if self.credentials_end().is_some_and(|end| end <= self.now()) {
            let (status, code) = if service == Service::CloudWatch {
                (403, "ExpiredTokenException")
            } else {
                (403, "ExpiredToken")
            };
            let why = "The security token included in the request is expired";
            return Gate::Fail(ApiError::new(status, code, why));
        }
        if self.is_throttled(service, region, &draw) {
            return Gate::Fail(ApiError::new(400, "Throttling", "Rate exceeded"));
        }
        let role = self.setup.environment.regions.role_of(region);
        let broken =
            self.has(|f| matches!(f, Fault::ControlPlanes { region } if Some(*region) == role));
        if broken && is_control_plane(service, operation) {
            return Gate::Fail(ApiError::new(
                500,
                "InternalFailure",
                "The request processing has failed because of an unknown error",
            ));
        }
        Gate::Pass {
            latency: self.latency(service, role, &draw),
        }
    }

    fn hangs(&self, service: Service, region: &str) -> bool {
        if service == Service::Route53 {
            return self.has(|f| matches!(f, Fault::Route53Api));
        }
        let role = self.setup.environment.regions.role_of(region);
        role.is_some_and(|role| !self.runs(role))
    }

    fn is_throttled(&self, service: Service, region: &str, draw: &Draw) -> bool {
        let role = self.setup.environment.regions.role_of(region);
        let by_fault = self.faults.active(self.now()).any(|(_, f)| match f {
            Fault::Throttling { region, one_in } => {
                applies(*region, role)
                    && self
                        .chance
                        .bits(&draw.question, draw.turn)
                        .is_multiple_of(u64::from((*one_in).max(1)))
            }
            _ => false,
        });
        let now = self.now();
        let recent = |r: &&RequestRecord| now.duration_since(r.at).as_secs() < 1;
        let mut latest = self.requests.iter().rev().take_while(recent);
        let busy = service == Service::Route53
            && latest
                .by_ref()
                .filter(|r| r.service == Service::Route53)
                .count()
                >= ROUTE53_PER_SECOND;
        by_fault || busy
    }

    fn latency(&self, service: Service, role: Option<Role>, draw: &Draw) -> Duration {
        let slow = self.faults.active(self.now()).find_map(|(_, f)| match f {
            Fault::SlowApi {
                region,
                milliseconds,
            } if applies(*region, role) => Some(*milliseconds),
            _ => None,
        });
        let base = if service == Service::CloudFormation {
            90.0
        } else {
            45.0
        };
        let usual = base * self.chance.between(&draw.question, draw.turn, 0.7, 1.8);
        slow.map_or_else(
            || Duration::from_secs_f64(usual / 1000.0),
            Duration::from_millis,
        )
    }
}

/// What chance is asked for one request.
struct Draw {
    question: String,
    turn: u64,
}

/// Whether a fault of one region, or of both, applies to a role.
fn applies(fault: Option<Role>, role: Option<Role>) -> bool {
    fault.is_none() || fault == role
}

/// Data planes go on when a control plane fails: metrics can be read and written, identities told.
fn is_control_plane(service: Service, operation: &str) -> bool {
    match service {
        Service::CloudFormation => true,
        Service::CloudWatch => !operation.ends_with("Data") && !operation.starts_with("Describe"),
        Service::Route53 | Service::Sts => false,
    }
}
