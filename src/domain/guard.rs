//! Guards: rules that answer allow, warn or refuse before traffic is moved (DESIGN §8).

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::alarm::AlarmState;
use crate::domain::assess::{Assessment, assess, healthy_now, limit, predict};
use crate::domain::environment::{Environment, TrafficSpec};
use crate::domain::health::Health;
use crate::domain::lever::{Command, LeverKind};
use crate::domain::observation::{Observation, Serving};
use crate::domain::observed::age;
use crate::domain::operation::OperationKind;
use crate::domain::plan::Situation;
use crate::domain::region::Role;
use crate::domain::stack::Phase;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardId {
    ReadOnly,
    Needed,
    DestinationHealthy,
    Predicted,
    NothingRunning,
    DestinationFit,
    Exposure,
    Lever,
    Credentials,
    Parity,
    Practised,
    /// Delete: traffic must not be answered from what is deleted.
    NotServing,
    Production,
}

impl GuardId {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read_only",
            Self::Needed => "needed",
            Self::DestinationHealthy => "destination_healthy",
            Self::Predicted => "predicted",
            Self::NothingRunning => "nothing_running",
            Self::DestinationFit => "destination_fit",
            Self::Exposure => "exposure",
            Self::Lever => "lever",
            Self::Credentials => "credentials",
            Self::Parity => "parity",
            Self::Practised => "practised",
            Self::NotServing => "not_serving",
            Self::Production => "production",
        }
    }
}

impl fmt::Display for GuardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GuardVerdict {
    Allow,
    Warn,
    Refuse,
}

/// One guard's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardResult {
    pub id: GuardId,
    pub verdict: GuardVerdict,
    /// What was found.
    pub value: String,
    /// What it is held against.
    pub limit: String,
    pub reason: String,
    /// What the operator can do about it; empty where there is nothing to do.
    pub remedy: String,
    /// The reading behind it is missing or too old to tell.
    pub unknown: bool,
    pub can_override: bool,
}

/// What is asked of the guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    pub kind: OperationKind,
    pub lever: LeverKind,
    /// The operation that runs in the environment, in words.
    pub running: Option<&'a str>,
    /// When the last rehearsal or drill of this environment ended.
    pub last_practice: Option<Timestamp>,
}

/// The go/no-go board for moving traffic.
pub fn judge(
    env: &Environment,
    seen: &Observation,
    now: Timestamp,
    question: &Question<'_>,
) -> Vec<GuardResult> {
    let Some(traffic) = &env.traffic else {
        return Vec::new();
    };
    let facts = assess(env, seen, now);
    let asked = Asked {
        env,
        seen,
        now,
        question,
        traffic,
        facts: &facts,
        to: destination(question.kind),
    };
    let always = [
        asked.destination_healthy(),
        asked.predicted(),
        asked.nothing_running(),
        asked.destination_fit(),
        asked.exposure(),
        asked.lever(),
        asked.credentials(),
        asked.parity(),
        asked.practised(),
    ];
    asked
        .read_only()
        .into_iter()
        .chain(asked.needed())
        .chain(always)
        .collect()
}

/// The side to which an operation moves traffic.
const fn destination(kind: OperationKind) -> Role {
    match kind {
        OperationKind::Failback => Role::Primary,
        OperationKind::Failover | OperationKind::Deploy | OperationKind::Delete => Role::Standby,
    }
}

/// The worst verdict of a list.
pub fn overall(guards: &[GuardResult]) -> GuardVerdict {
    guards.iter().map(|g| g.verdict).max().unwrap_or(Allow)
}

/// An answer in the making.
fn answer(
    id: GuardId,
    verdict: GuardVerdict,
    value: impl Into<String>,
    reason: impl Into<String>,
) -> GuardResult {
    GuardResult {
        id,
        verdict,
        value: value.into(),
        limit: String::new(),
        reason: reason.into(),
        remedy: String::new(),
        unknown: false,
        can_override: true,
    }
}

impl GuardResult {
    #[must_use]
    pub fn limit(mut self, limit: impl Into<String>) -> Self {
        self.limit = limit.into();
        self
    }

    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    #[must_use]
    const fn unknown(mut self) -> Self {
        self.unknown = true;
        self
    }

    #[must_use]
    const fn firm(mut self) -> Self {
        self.can_override = false;
        self
    }
}

/// A refusal that no reason overrides.
pub fn firm_refusal(
    id: GuardId,
    value: impl Into<String>,
    reason: impl Into<String>,
) -> GuardResult {
    answer(id, Refuse, value, reason).firm()
}

/// A guard's answer for operations that judge by themselves (deploy, delete).
pub fn result(
    id: GuardId,
    verdict: GuardVerdict,
    value: impl Into<String>,
    reason: impl Into<String>,
) -> GuardResult {
    answer(id, verdict, value, reason)
}

struct Asked<'a> {
    env: &'a Environment,
    seen: &'a Observation,
    now: Timestamp,
    question: &'a Question<'a>,
    traffic: &'a TrafficSpec,
    facts: &'a Assessment,
    to: Role,
}

use GuardVerdict::{Allow, Refuse, Warn};

impl Asked<'_> {
    /// Refuse in a planned move, the milder verdict in an emergency.
    fn strict(&self, emergency: GuardVerdict) -> GuardVerdict {
        match self.facts.situation {
            Situation::Planned => Refuse,
            Situation::Emergency => emergency,
        }
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

    /// Moving traffic to where it is held already is a mistake worth naming.
    fn needed(&self) -> Option<GuardResult> {
        let facts = self.facts;
        let there = facts.serving == Serving::of(self.to);
        let settled = match self.question.kind {
            OperationKind::Failover => there && facts.held,
            OperationKind::Failback => there && facts.commanded == Some(Role::Primary),
            OperationKind::Deploy | OperationKind::Delete => false,
        };
        settled.then(|| {
            answer(
                GuardId::Needed,
                Refuse,
                format!("serving {}", facts.serving.as_str()),
                "traffic is already there",
            )
        })
    }

    fn destination_healthy(&self) -> GuardResult {
        let region = self.env.regions.get(self.to);
        let endpoint = &self.seen.regions.get(self.to).endpoint;
        let answer = match healthy_now(self.seen, self.to, self.now) {
            Health::Healthy => answer(
                GuardId::DestinationHealthy,
                Allow,
                "answers",
                format!("{region} answers its health path"),
            ),
            Health::Unhealthy => {
                let why = endpoint.failure().map_or_else(
                    || {
                        endpoint
                            .last()
                            .map_or_else(String::new, |a| format!("HTTP {}", a.status))
                    },
                    |f| f.message.clone(),
                );
                answer(
                    GuardId::DestinationHealthy,
                    Refuse,
                    why,
                    format!("{region} does not answer its health path"),
                )
                .remedy("repair it first: traffic would move to a side that can't serve")
            }
            Health::Unknown => answer(
                GuardId::DestinationHealthy,
                self.strict(Warn),
                "unknown",
                format!("it can't be told whether {region} answers"),
            )
            .unknown(),
        };
        answer.limit("2xx or 3xx")
    }

    fn predicted(&self) -> GuardResult {
        let command = if self.to == Role::Standby {
            Command::Engage
        } else {
            Command::Release
        };
        let possible = predict(
            self.env,
            self.seen,
            self.now,
            Some((self.question.lever, command)),
        );
        let region = self.env.regions.get(self.to);
        let names = possible
            .iter()
            .map(|r| self.env.regions.get(*r).as_str())
            .collect::<Vec<_>>()
            .join(" or ");
        let only = possible.len() == 1;
        if possible.contains(&self.to) {
            let verdict = if only { Allow } else { Warn };
            let reason = if only {
                format!("DNS would answer {region}")
            } else {
                "not every check is known, so both answers are possible".to_owned()
            };
            let made = answer(GuardId::Predicted, verdict, names, reason).limit(region.as_str());
            if only { made } else { made.unknown() }
        } else {
            answer(
                GuardId::Predicted,
                Refuse,
                names,
                format!("DNS would not answer {region} after this lever"),
            )
            .limit(region.as_str())
            .remedy("see the health checks on the Traffic page")
        }
    }

    fn nothing_running(&self) -> GuardResult {
        let busy = self.env.stacks.iter().find_map(|spec| {
            let state = self
                .seen
                .regions
                .get(spec.role)
                .stacks
                .get(&spec.id)?
                .fresh(self.now, limit::STACKS)?;
            (state.phase() == Phase::InProgress)
                .then(|| format!("{} is {}", spec.name, state.label()))
        });
        let own = self.question.running.map(str::to_owned);
        own.or(busy).map_or_else(
            || {
                answer(
                    GuardId::NothingRunning,
                    Allow,
                    "none",
                    "no other operation is running",
                )
            },
            |what| {
                answer(
                    GuardId::NothingRunning,
                    Refuse,
                    what,
                    "another operation is running in the environment",
                )
                .remedy("wait for it or stop it")
            },
        )
    }

    /// Stacks settled, no critical alarm, readings fresh.
    fn destination_fit(&self) -> GuardResult {
        let (problems, unknown) = self.fitness();
        let region = self.env.regions.get(self.to);
        if let Some(first) = problems.first() {
            let more = if problems.len() > 1 {
                format!(" and {} more", problems.len() - 1)
            } else {
                String::new()
            };
            answer(
                GuardId::DestinationFit,
                self.strict(Warn),
                format!("{first}{more}"),
                format!("{region} is not in order"),
            )
        } else if let Some(first) = unknown.first() {
            answer(
                GuardId::DestinationFit,
                self.strict(Warn),
                first.clone(),
                format!("readings of {region} are missing or old"),
            )
            .unknown()
        } else {
            answer(
                GuardId::DestinationFit,
                Allow,
                "in order",
                format!("stacks of {region} settled, no critical alarm"),
            )
        }
    }

    fn fitness(&self) -> (Vec<String>, Vec<String>) {
        let (mut problems, mut unknown) = (Vec::new(), Vec::new());
        let region = self.seen.regions.get(self.to);
        for spec in self.env.stacks_of(self.to) {
            match region
                .stacks
                .get(&spec.id)
                .and_then(|s| s.fresh(self.now, limit::STACKS))
            {
                Some(state) if matches!(state.phase(), Phase::Settled | Phase::RolledBack) => {}
                Some(state) => problems.push(format!("{} {}", spec.name, state.label())),
                None => unknown.push(format!("{} not read lately", spec.name)),
            }
        }
        match region.alarms.fresh(self.now, limit::ALARMS) {
            Some(alarms) => {
                let critical = self.critical_names();
                let firing = alarms
                    .iter()
                    .filter(|a| a.state == AlarmState::Alarm && critical.contains(&a.name));
                problems.extend(firing.map(|a| format!("{} in ALARM", a.name)));
            }
            None => unknown.push("alarms not read lately".to_owned()),
        }
        (problems, unknown)
    }

    /// Only the standby has critical alarms by name; they say whether it can take over.
    fn critical_names(&self) -> Vec<String> {
        if self.to == Role::Primary {
            return Vec::new();
        }
        let bindings = self.env.bindings(self.seen);
        self.env
            .critical_alarms
            .iter()
            .filter_map(|name| name.resolve(&bindings).ok())
            .collect()
    }

    fn exposure(&self) -> GuardResult {
        let rpo = self.env.objectives.rpo;
        if self.to == Role::Primary {
            return answer(
                GuardId::Exposure,
                Warn,
                "not measured",
                "what was written on the standby must have reached the primary",
            )
            .limit(format!("{rpo} s"))
            .remedy("compare the replication lag on the Signals page");
        }
        let Some(found) = self.facts.exposure else {
            return answer(
                GuardId::Exposure,
                self.strict(Warn),
                "unknown",
                "no heartbeat of the primary was seen in the standby",
            )
            .limit(format!("{rpo} s"))
            .unknown();
        };
        let bound = if found.is_upper_bound { "at most " } else { "" };
        let value = format!("{bound}{:.0} s", found.seconds);
        if found.seconds <= rpo as f64 {
            answer(GuardId::Exposure, Allow, value, "within the objective")
                .limit(format!("{rpo} s"))
        } else {
            answer(
                GuardId::Exposure,
                self.strict(Warn),
                value,
                "more data would be lost than the objective allows",
            )
            .limit(format!("{rpo} s"))
            .remedy(if self.facts.situation == Situation::Planned {
                "wait until replication has caught up"
            } else {
                ""
            })
        }
    }

    fn lever(&self) -> GuardResult {
        let lever = self.question.lever;
        if self.traffic.lever(lever).is_none() {
            return firm_refusal(
                GuardId::Lever,
                lever.as_str(),
                "the bundle has no such lever",
            );
        }
        match reach(self.seen, self.now, lever) {
            Ok(()) => answer(GuardId::Lever, Allow, lever.as_str(), "reachable"),
            Err(why) => {
                let made = answer(GuardId::Lever, Refuse, lever.as_str(), why)
                    .remedy("choose another lever");
                if self.plane_untried(lever) {
                    made.unknown()
                } else {
                    made
                }
            }
        }
    }

    /// Whether nothing was heard yet of what the lever needs, good or bad.
    fn plane_untried(&self, lever: LeverKind) -> bool {
        match lever {
            LeverKind::Automatic => false,
            LeverKind::Metric => self.seen.traffic.lever.is_untried(),
            LeverKind::Endpoint => {
                let mut stacks = self.seen.regions.standby.stacks.values();
                stacks.all(crate::domain::observed::Observed::is_untried)
            }
            LeverKind::Force | LeverKind::Records => self.seen.traffic.checks.is_untried(),
        }
    }

    fn credentials(&self) -> GuardResult {
        let identity = self.seen.identity.last();
        let Some(expires) = identity.and_then(|i| i.expires) else {
            return match identity {
                Some(_) => answer(
                    GuardId::Credentials,
                    Allow,
                    "do not expire",
                    "credentials outlive the operation",
                ),
                None => answer(
                    GuardId::Credentials,
                    Warn,
                    "unknown",
                    "the identity could not be read",
                )
                .unknown(),
            };
        };
        let left = age(self.now, expires).as_secs();
        let verdict = if left >= self.env.objectives.rto {
            Allow
        } else {
            Warn
        };
        let reason = if verdict == Allow {
            "credentials outlive the operation"
        } else {
            "credentials expire during the operation"
        };

        answer(
            GuardId::Credentials,
            verdict,
            format!("{} min left", left / 60),
            reason,
        )
        .limit(format!("{} min", self.env.objectives.rto / 60))
    }

    /// The same templates and parameters on both sides, as far as the stacks show it.
    fn parity(&self) -> GuardResult {
        let count = |role: Role| {
            let region = self.seen.regions.get(role);
            self.env
                .stacks_of(role)
                .filter(|s| {
                    region
                        .stacks
                        .get(&s.id)
                        .and_then(|o| o.last())
                        .is_some_and(|s| s.phase() == Phase::Settled)
                })
                .count()
        };
        let (primary, standby) = (count(Role::Primary), count(Role::Standby));
        let milder = if self.facts.situation == Situation::Planned {
            Warn
        } else {
            Allow
        };
        if primary > 0 && standby > 0 {
            answer(
                GuardId::Parity,
                Allow,
                "same",
                "stacks of both regions are settled",
            )
        } else {
            answer(
                GuardId::Parity,
                milder,
                "not compared",
                "the stacks of both regions could not be compared",
            )
            .unknown()
        }
    }

    fn practised(&self) -> GuardResult {
        const TOO_LONG_DAYS: u64 = 90;
        let milder = if self.facts.situation == Situation::Planned {
            Warn
        } else {
            Allow
        };
        let limit = format!("{TOO_LONG_DAYS} days");
        match self.question.last_practice {
            Some(last) => {
                let days = age(last, self.now).as_secs() / 86_400;
                let verdict = if days <= TOO_LONG_DAYS { Allow } else { milder };
                answer(
                    GuardId::Practised,
                    verdict,
                    format!("{days} days ago"),
                    "last rehearsal or drill",
                )
                .limit(limit)
            }
            None => answer(
                GuardId::Practised,
                milder,
                "never",
                "no rehearsal or drill is in the journal",
            )
            .limit(limit),
        }
    }
}

/// Whether a lever can be reached, judged by reading its plane.
pub fn reach(seen: &Observation, now: Timestamp, lever: LeverKind) -> Result<(), String> {
    let standby = &seen.regions.standby;
    match lever {
        LeverKind::Automatic => Ok(()),
        LeverKind::Metric => match (
            seen.traffic.lever.fresh(now, limit::LEVER),
            seen.traffic.lever.failure(),
        ) {
            (_, Some(failure)) => Err(format!("CloudWatch of the standby: {}", failure.message)),
            (Some(_), None) => Ok(()),
            (None, None) => Err("CloudWatch of the standby was not read lately".to_owned()),
        },
        LeverKind::Endpoint => {
            let fresh = standby
                .stacks
                .values()
                .any(|s| s.fresh(now, limit::STACKS).is_some() && s.failure().is_none());
            if fresh {
                Ok(())
            } else {
                Err("CloudFormation of the standby is not answering".to_owned())
            }
        }
        LeverKind::Force | LeverKind::Records => {
            let checks = &seen.traffic.checks;
            match (checks.failure(), checks.last()) {
                (None, Some(_)) => Ok(()),
                (Some(failure), _) => Err(format!("Route 53: {}", failure.message)),
                (None, None) => Err("Route 53 was not read yet".to_owned()),
            }
        }
    }
}
