//! The rules of the go/no-go board, one function each.

use jiff::Timestamp;

use crate::domain::assess::{Assessment, limit};
use crate::domain::environment::{Environment, StackSpec, TrafficSpec};
use crate::domain::guard::GuardVerdict::{self, Allow, Refuse, Warn};
use crate::domain::guard::{GuardId, GuardResult, Question, answer, firm_refusal};
use crate::domain::lever::{Command, LeverKind};
use crate::domain::observation::{Observation, Serving};
use crate::domain::operation::OperationKind;
use crate::domain::plan::Situation;
use crate::domain::prediction::predict;
use crate::domain::region::Role;
use crate::domain::remark::forced_home;
use crate::domain::stack::{Phase, StackState};

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

    /// A stack that can't be read only warns: those of the destination are asked for by [`Self::destination_fit`] too, and
    /// the other region may be dead.
    pub(super) fn nothing_running(&self) -> GuardResult {
        let own = self.question.running.map(str::to_owned);
        let busy = || self.env.stacks.iter().find_map(|spec| self.busy(spec));
        if let Some(what) = own.or_else(busy).or_else(|| self.under_way()) {
            return answer(
                GuardId::NothingRunning,
                Refuse,
                what,
                "another operation is running in the environment",
            )
            .remedy("wait for it, or look who does it");
        }
        let unread = |spec: &&StackSpec| self.lately(spec).is_none();
        let mut unread = self.env.stacks.iter().filter(unread);
        match (unread.next(), unread.count()) {
            (None, _) => answer(
                GuardId::NothingRunning,
                Allow,
                "none",
                "no other operation is running",
            ),
            (Some(first), more) => {
                let others = if more > 0 {
                    format!(" and {more} more")
                } else {
                    String::new()
                };
                answer(
                    GuardId::NothingRunning,
                    Warn,
                    "unknown",
                    format!("{}{others} not read lately", first.name),
                )
                .unknown()
            }
        }
    }

    /// A stack's state, while it is known.
    pub(super) fn lately(&self, spec: &StackSpec) -> Option<&StackState> {
        let region = self.seen.regions.get(spec.role);
        region.stacks.get(&spec.id)?.fresh(self.now, limit::STACKS)
    }

    /// What goes on in a stack.
    fn busy(&self, spec: &StackSpec) -> Option<String> {
        let state = self.lately(spec)?;
        (state.phase() == Phase::InProgress).then(|| match self.seen.activity(&spec.id) {
            Some(activity) => format!("{} is {activity}", spec.name),
            None => format!("{} is {}", spec.name, state.label()),
        })
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

    /// What the move would lose: on the way there what has not reached the standby, on the way back the primary.
    pub(super) fn data_at_risk(&self) -> GuardResult {
        match self.to {
            Role::Standby => self.exposure(),
            Role::Primary => self.reverse(),
        }
    }

    fn exposure(&self) -> GuardResult {
        let rpo = self.env.objectives.rpo;
        let Some(found) = &self.facts.exposure else {
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
            answer(
                GuardId::Exposure,
                Allow,
                value,
                if found.is_worth_explaining() {
                    format!("within the objective, by {}", found.source.words())
                } else {
                    "within the objective".to_owned()
                },
            )
            .limit(format!("{rpo} s"))
        } else {
            answer(
                GuardId::Exposure,
                self.strict(Warn),
                value,
                format!(
                    "more data would be lost than the objective allows, by {}",
                    found.source.words()
                ),
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
