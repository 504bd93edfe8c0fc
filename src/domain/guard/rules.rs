//! The rules of the go/no-go board, one function each.

use jiff::Timestamp;

use crate::domain::alarm::AlarmState;
use crate::domain::assess::{Assessment, limit};
use crate::domain::environment::{Environment, TrafficSpec};
use crate::domain::guard::GuardVerdict::{self, Allow, Refuse, Warn};
use crate::domain::guard::{GuardId, GuardResult, Question, answer, firm_refusal};
use crate::domain::health::Health;
use crate::domain::lever::{Command, LeverKind};
use crate::domain::observation::{Observation, Serving};
use crate::domain::operation::OperationKind;
use crate::domain::plan::Situation;
use crate::domain::prediction::{healthy_now, predict};
use crate::domain::region::Role;
use crate::domain::remark::forced_home;
use crate::domain::stack::Phase;

/// A question with everything that answers it.
pub(super) struct Asked<'a> {
    pub(super) env: &'a Environment,
    pub(super) seen: &'a Observation,
    pub(super) now: Timestamp,
    pub(super) question: &'a Question<'a>,
    pub(super) traffic: &'a TrafficSpec,
    pub(super) facts: &'a Assessment,
    pub(super) to: Role,
    /// An emergency is one of the side that traffic would leave.
    pub(super) situation: Situation,
}

impl Asked<'_> {
    /// Refuse in a planned move, the milder verdict in an emergency.
    pub(super) fn strict(&self, emergency: GuardVerdict) -> GuardVerdict {
        match self.situation {
            Situation::Planned => Refuse,
            Situation::Emergency => emergency,
        }
    }

    pub(super) fn read_only(&self) -> Option<GuardResult> {
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
    pub(super) fn needed(&self) -> Option<GuardResult> {
        let facts = self.facts;
        let there = facts.serving == Serving::of(self.to);
        let settled = match self.question.kind {
            OperationKind::Failover => there && facts.held && !self.promotion_open(),
            // a check that is forced healthy is to be given back to its children
            OperationKind::Failback => {
                there
                    && facts.commanded == Some(Role::Primary)
                    && !forced_home(self.env, self.seen)
                    && !self.promotion_open()
            }
            OperationKind::Deploy | OperationKind::Delete | OperationKind::Repair => false,
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

    pub(super) fn destination_healthy(&self) -> GuardResult {
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

    pub(super) fn predicted(&self) -> GuardResult {
        let command = if self.to == Role::Standby {
            Command::Engage
        } else {
            Command::Release
        };
        let pulls: Vec<_> = self.question.levers.iter().map(|l| (*l, command)).collect();
        let undo = self.question.undo;
        let possible = predict(self.env, self.seen, self.now, &pulls, undo);
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

    pub(super) fn nothing_running(&self) -> GuardResult {
        let busy = self.env.stacks.iter().find_map(|spec| {
            let state = self
                .seen
                .regions
                .get(spec.role)
                .stacks
                .get(&spec.id)?
                .fresh(self.now, limit::STACKS)?;
            (state.phase() == Phase::InProgress).then(|| match self.seen.activity(&spec.id) {
                Some(activity) => format!("{} is {activity}", spec.name),
                None => format!("{} is {}", spec.name, state.label()),
            })
        });
        let own = self.question.running.map(str::to_owned);
        own.or(busy).or_else(|| self.under_way()).map_or_else(
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
                .remedy("wait for it, or look who does it")
            },
        )
    }

    /// The same command of the metric lever, given a moment ago by another operation, that DNS has not followed yet: a
    /// second one would only restart the wait. The number is a clock of somebody's, perhaps wrong: CloudWatch's own counts
    /// where it is known, and what comes from the future was given a moment ago.
    fn under_way(&self) -> Option<String> {
        if self.question.levers != [LeverKind::Metric] || self.facts.serving == Serving::of(self.to)
        {
            return None;
        }
        let lever = self.seen.traffic.lever.fresh(self.now, limit::LEVER)?;
        let foreign = lever
            .command
            .filter(|c| Some(c.number) != self.question.own);
        let given = foreign.filter(|c| c.command.wanted() == self.to)?;
        let at = lever
            .command_since
            .map_or(given.number, Timestamp::as_second);
        let seconds = self.now.as_second().saturating_sub(at).max(0);
        let is_recent = seconds < LeverKind::Metric.patience().as_secs().cast_signed();
        is_recent.then(|| format!("command {} was given {seconds} s ago", given.number))
    }

    /// Stacks settled, no critical alarm, readings fresh.
    pub(super) fn destination_fit(&self) -> GuardResult {
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
        self.env
            .critical_alarms
            .iter()
            .filter_map(|name| self.env.resolve(self.seen, name).ok())
            .collect()
    }

    /// What the move would lose: on the way there what has not reached the standby, on the way back the primary.
    pub(super) fn data_at_risk(&self) -> GuardResult {
        match self.to {
            Role::Standby => self.exposure(),
            Role::Primary => self.reverse(),
        }
    }

    fn exposure(&self) -> GuardResult {
        let rpo = self.env.objectives.rpo;
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
            .remedy(if self.situation == Situation::Planned {
                "wait until replication has caught up"
            } else {
                ""
            })
        }
    }
}
