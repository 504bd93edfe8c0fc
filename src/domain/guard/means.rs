//! Rules about the means: the lever's reach, credentials, parity, practice.

use jiff::Timestamp;

use crate::domain::assess::limit;
use crate::domain::drill::{Label, Practice};
use crate::domain::environment::Environment;
use crate::domain::guard::GuardVerdict::{Allow, Refuse, Warn};
use crate::domain::guard::rules::Asked;
use crate::domain::guard::{GuardId, GuardResult, answer, firm_refusal};
use crate::domain::lever::{LeverKind, LeverSpec};
use crate::domain::observation::Observation;
use crate::domain::observed::{FailureKind, Observed, age};
use crate::domain::operation::Outcome;
use crate::domain::plan::Situation;

impl Asked<'_> {
    /// Every lever that would be pulled must be there and within reach; the first that is not speaks for all.
    pub(super) fn lever(&self) -> GuardResult {
        let each = self.question.levers.iter().map(|l| self.one_lever(*l));
        let worst = each.reduce(|worst, next| {
            if next.verdict > worst.verdict {
                next
            } else {
                worst
            }
        });
        worst.unwrap_or_else(|| firm_refusal(GuardId::Lever, "none", "no lever is chosen"))
    }

    fn one_lever(&self, lever: LeverKind) -> GuardResult {
        if self.traffic.lever(lever).is_none() {
            return firm_refusal(
                GuardId::Lever,
                lever.as_str(),
                "the bundle has no such lever",
            );
        }
        match reach(self.seen, self.now, lever) {
            Ok(()) => self.writing(lever),
            Err(why) => {
                let instead = another(self.env, self.seen, self.now, lever);
                let remedy = instead.map_or_else(
                    || "no other lever is within reach".to_owned(),
                    |other| format!("choose the {other} lever: it is within reach"),
                );
                let made = answer(GuardId::Lever, Refuse, lever.as_str(), why).remedy(remedy);
                if is_untried(self.seen, lever) {
                    made.unknown()
                } else {
                    made
                }
            }
        }
    }

    /// The right to write, as far as it was proven by [`crate::domain::lever::metric::PROBE`].
    fn writing(&self, lever: LeverKind) -> GuardResult {
        let probe = self.question.may_write;
        let proven = probe.fresh(self.now, limit::LEVER_PROBE).is_some();
        let (verdict, reason) = match (lever, probe.failure()) {
            (LeverKind::Metric, Some(failure)) => match failure.kind {
                FailureKind::Denied | FailureKind::Credentials => (
                    Refuse,
                    format!("it can be read but not written: {}", failure.message),
                ),
                FailureKind::Unreachable
                | FailureKind::Throttled
                | FailureKind::NotFound
                | FailureKind::Service
                | FailureKind::Invalid => {
                    (Warn, format!("a trial write failed: {}", failure.message))
                }
            },
            (LeverKind::Metric, None) if proven => (Allow, "reachable, writing proven".to_owned()),
            _ => (Allow, "reachable".to_owned()),
        };
        let made = answer(GuardId::Lever, verdict, lever.as_str(), reason);
        if verdict == Refuse {
            made.remedy("choose another lever, or credentials that may write")
        } else {
            made
        }
    }

    pub(super) fn credentials(&self) -> GuardResult {
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

    pub(super) fn practised(&self) -> GuardResult {
        const TOO_LONG_DAYS: u64 = 90;
        let milder = if self.situation == Situation::Planned {
            Warn
        } else {
            Allow
        };
        let limit = format!("{TOO_LONG_DAYS} days");
        let days = |one: Practice| age(one.at, self.now).as_secs() / 86_400;
        let practised = self.question.practised;
        if let Some(drill) = practised.failed_drill() {
            let value = format!("failed {} days ago", days(drill));
            return answer(GuardId::Practised, milder, value, self.practice(drill)).limit(limit);
        }
        match practised.last {
            Some(last) => {
                let verdict = if days(last) <= TOO_LONG_DAYS {
                    Allow
                } else {
                    milder
                };
                let kind = match last.label {
                    Label::Drill | Label::Change => "",
                    Label::Rehearsal => "rehearsed ",
                    Label::Incident => "incident ",
                };
                let value = format!("{kind}{} days ago", days(last));
                answer(GuardId::Practised, verdict, value, self.practice(last)).limit(limit)
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

    /// For example `the drill of 2026-11-14 took 168 s of 900 s`.
    fn practice(&self, one: Practice) -> String {
        let what = one.label.as_str();
        let day = one.at.strftime("%Y-%m-%d");
        let objective = self.env.objectives.rto;
        match (one.outcome, one.rto_seconds) {
            (Outcome::Succeeded, Some(took)) => {
                format!("the {what} of {day} took {took:.0} s of {objective} s")
            }
            (Outcome::Succeeded, None) => format!("the {what} of {day} succeeded"),
            (
                Outcome::Failed
                | Outcome::Refused
                | Outcome::NotConfirmed
                | Outcome::TimedOut
                | Outcome::Abandoned
                | Outcome::Cancelled,
                _,
            ) => format!("the {what} of {day} did not succeed"),
        }
    }
}

/// Whether nothing was heard yet of what the lever needs, good or bad.
fn is_untried(seen: &Observation, lever: LeverKind) -> bool {
    match lever {
        LeverKind::Automatic => false,
        LeverKind::Metric => seen.traffic.lever.is_untried(),
        LeverKind::Endpoint => {
            let mut stacks = seen.regions.standby.stacks.values();
            stacks.all(Observed::is_untried)
        }
        LeverKind::Force | LeverKind::Records => seen.traffic.checks.is_untried(),
    }
}

/// The first lever of the manifest that is within reach, apart from this one.
fn another(
    env: &Environment,
    seen: &Observation,
    now: Timestamp,
    not: LeverKind,
) -> Option<LeverKind> {
    let levers = env.traffic.iter().flat_map(|traffic| &traffic.levers);
    let mut others = levers.map(LeverSpec::kind).filter(|lever| *lever != not);
    others.find(|lever| reach(seen, now, *lever).is_ok())
}

/// What is pulled in an emergency instead of a lever that is out of reach. One of which nothing was heard is waited for,
/// unless the standby does not tell its name.
pub fn stand_in(
    env: &Environment,
    seen: &Observation,
    now: Timestamp,
    lever: LeverKind,
) -> Option<LeverKind> {
    let mut stacks = seen.regions.standby.stacks.values();
    let nameless = stacks.any(|stack| stack.failure().is_some());
    let awaited = is_untried(seen, lever) && !nameless;
    let lost = reach(seen, now, lever).is_err() && !awaited;
    another(env, seen, now, lever).filter(|_| lost)
}

/// Whether nothing that is told to the standby arrives there: none of its APIs answers, or its CloudWatch gives no answer
/// to either reading that is made of it for traffic.
pub fn is_deaf(seen: &Observation) -> bool {
    let unreachable = |kind: Option<FailureKind>| kind == Some(FailureKind::Unreachable);
    let lever = seen.traffic.lever.failure().map(|f| f.kind);
    let promotion = seen.traffic.promotion.failure().map(|f| f.kind);
    seen.regions.standby.is_reachable() == Some(false)
        || (unreachable(lever) && unreachable(promotion))
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
            // to be told to come back later takes a service that answers; the SDK tries a write again
            (_, Some(failure)) if failure.kind == FailureKind::Throttled => Ok(()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fixtures::{dead, see, steady};
    use crate::domain::observation::Seen;
    use crate::domain::operation::OperationKind;
    use crate::domain::region::Role;

    #[test]
    fn in_an_emergency_the_next_lever_stands_in_for_one_that_is_out_of_reach() {
        let mut model = steady();
        see(&mut model, Seen::Lever(Err(dead())));
        assert_eq!(model.default_lever(), LeverKind::Metric, "planned");
        let lever = |model: &crate::app::model::Model| {
            let mut guards = model.go.failover.iter();
            guards.find(|g| g.id == GuardId::Lever).unwrap().clone()
        };
        let found = lever(&model);
        assert_eq!(found.verdict, Refuse);
        assert_eq!(
            found.remedy,
            "choose the endpoint lever: it is within reach"
        );
        see(&mut model, Seen::Endpoint(Role::Primary, Err(dead())));
        assert_eq!(model.default_lever(), LeverKind::Endpoint);
        assert_eq!(
            (lever(&model).verdict, lever(&model).value.as_str()),
            (Allow, "endpoint")
        );
        let named = model.guards(OperationKind::Failover, &[LeverKind::Metric]);
        let found = named.iter().find(|g| g.id == GuardId::Lever).unwrap();
        assert_eq!(
            found.verdict, Refuse,
            "whoever names a lever gets that one or none"
        );
        for spec in model.env.stacks.clone() {
            see(&mut model, Seen::Stack(spec.role, spec.id, Err(dead())));
        }
        see(&mut model, Seen::Checks(Err(dead())));
        assert_eq!(
            model.default_lever(),
            LeverKind::Metric,
            "no other is better"
        );
        assert_eq!(lever(&model).remedy, "no other lever is within reach");
    }
}
