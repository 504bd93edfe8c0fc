//! Rules about the side that traffic would go to: does it answer, is it in order, are its readings fresh?

use crate::domain::alarm::{Alarm, AlarmState};
use crate::domain::assess::{limit, silence};
use crate::domain::guard::GuardVerdict::{Allow, Refuse, Warn};
use crate::domain::guard::rules::Asked;
use crate::domain::guard::{GuardId, GuardResult, answer};
use crate::domain::health::Health;
use crate::domain::prediction::{checkers_of, healthy_now};
use crate::domain::region::Role;
use crate::domain::stack::Phase;

/// What speaks against a side, and what can't be told of it.
#[derive(Default)]
struct Fitness {
    problems: Vec<String>,
    unknown: Vec<String>,
}

impl Asked<'_> {
    pub(super) fn destination_healthy(&self) -> GuardResult {
        let region = self.env.regions.get(self.to);
        let probe = healthy_now(self.seen, self.to, self.now);
        let (verdict, value, reason) = match (probe, self.checkers()) {
            (Health::Healthy, _) => (
                Allow,
                "answers".to_owned(),
                format!("{region} answers its health path"),
            ),
            (Health::Unknown, Health::Healthy) => (
                Allow,
                "check is green".to_owned(),
                format!("Route 53's checkers find {region} healthy"),
            ),
            // whoever is shut in hears nothing from a side that is well
            (Health::Unhealthy, Health::Healthy) if self.only_we_are_deaf() => (
                Warn,
                "check is green".to_owned(),
                format!(
                    "Route 53's checkers find {region} healthy and its APIs answer, but not its health path to us"
                ),
            ),
            (Health::Unhealthy, _) => (
                Refuse,
                self.what_it_answers(),
                format!("{region} does not answer its health path"),
            ),
            (Health::Unknown, Health::Unhealthy) => (
                Refuse,
                "check is red".to_owned(),
                format!("Route 53's checkers find {region} unhealthy"),
            ),
            (Health::Unknown, Health::Unknown) => (
                self.strict(Warn),
                "unknown".to_owned(),
                format!("it can't be told whether {region} answers"),
            ),
        };
        let unknown = value == "unknown";
        let made = answer(GuardId::DestinationHealthy, verdict, value, reason).limit("2xx or 3xx");
        if unknown {
            made.unknown()
        } else if verdict == Refuse {
            made.remedy("repair it first: traffic would move to a side that can't serve")
        } else {
            made
        }
    }

    /// What Route 53's checkers find at the destination.
    fn checkers(&self) -> Health {
        checkers_of(self.env, self.seen, self.now, self.to)
    }

    /// Whether the destination's health path gives us no answer at all, and its AWS APIs do.
    fn only_we_are_deaf(&self) -> bool {
        let region = self.seen.regions.get(self.to);
        silence(&region.endpoint).is_some() && region.is_reachable() == Some(true)
    }

    fn what_it_answers(&self) -> String {
        let endpoint = &self.seen.regions.get(self.to).endpoint;
        let status = || endpoint.last().map(|a| format!("HTTP {}", a.status));
        let failure = endpoint.failure().map(|f| f.message.clone());
        failure.or_else(status).unwrap_or_default()
    }

    /// Stacks settled, no critical alarm, readings fresh.
    pub(super) fn destination_fit(&self) -> GuardResult {
        let Fitness { problems, unknown } = self.fitness();
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
                format!("it can't be told whether {region} is in order"),
            )
            .unknown()
        } else {
            let alarms = if self.judges_alarms() {
                "no critical alarm"
            } else {
                "no alarm there is named critical"
            };
            answer(
                GuardId::DestinationFit,
                Allow,
                "in order",
                format!("stacks of {region} settled, {alarms}"),
            )
        }
    }

    fn fitness(&self) -> Fitness {
        let mut found = Fitness::default();
        for spec in self.env.stacks_of(self.to) {
            match self.lately(spec) {
                Some(state) if matches!(state.phase(), Phase::Settled | Phase::RolledBack) => {}
                Some(state) => found
                    .problems
                    .push(format!("{} {}", spec.name, state.label())),
                None => found.unknown.push(format!("{} not read lately", spec.name)),
            }
        }
        let region = self.seen.regions.get(self.to);
        match region.alarms.fresh(self.now, limit::ALARMS) {
            Some(alarms) => self.critical(alarms, &mut found),
            None => found.unknown.push("alarms not read lately".to_owned()),
        }
        let watches = self.env.signals_of(self.to).next().is_some();
        if watches && region.signals.fresh(self.now, limit::SIGNALS).is_none() {
            found.unknown.push("signals not read lately".to_owned());
        }
        found
    }

    /// Only the standby has critical alarms by name; they say whether it can take over.
    fn judges_alarms(&self) -> bool {
        self.to == Role::Standby && !self.env.critical_alarms.is_empty()
    }

    /// A critical alarm is quiet only if it is there and says so.
    fn critical(&self, alarms: &[Alarm], found: &mut Fitness) {
        if !self.judges_alarms() {
            return;
        }
        for text in &self.env.critical_alarms {
            let Ok(name) = self.env.resolve(self.seen, text) else {
                found.unknown.push(format!("{text} can't be resolved"));
                continue;
            };
            match alarms.iter().find(|a| a.name == name).map(|a| &a.state) {
                Some(AlarmState::Ok) => {}
                Some(AlarmState::Alarm) => found.problems.push(format!("{name} in ALARM")),
                Some(AlarmState::InsufficientData) => {
                    found.unknown.push(format!("{name} has no data"));
                }
                Some(AlarmState::Unknown(state)) => {
                    found.unknown.push(format!("{name} is {state}"));
                }
                None => found
                    .unknown
                    .push(format!("{name} is not among the alarms")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::app::fixtures::{dead, quiet, see, steady, tick};
    use crate::app::model::Model;
    use crate::domain::guard::GuardVerdict;
    use crate::domain::health::{CheckId, CheckerCount};
    use crate::domain::observation::{EndpointAnswer, Seen};
    use crate::domain::observed::{FailureKind, ReadError};

    fn judged(model: &Model, id: GuardId) -> (GuardVerdict, String, bool) {
        let mut guards = model.go.failover.iter();
        let found = guards.find(|g| g.id == id).unwrap();
        (found.verdict, found.value.clone(), found.unknown)
    }

    /// In a planned move, then in an emergency.
    fn both(mut model: Model, id: GuardId) -> [GuardVerdict; 2] {
        let planned = judged(&model, id).0;
        see(&mut model, Seen::Endpoint(Role::Primary, Err(dead())));
        [planned, judged(&model, id).0]
    }

    fn probed(model: &mut Model, role: Role, status: u16) {
        let took = Duration::from_millis(20);
        let answer = EndpointAnswer { status, took };
        see(model, Seen::Endpoint(role, Ok(answer)));
    }

    fn checkers(model: &mut Model, succeeding: u32) {
        let count = CheckerCount {
            succeeding,
            total: 16,
            detail: None,
        };
        see(model, Seen::Checkers(CheckId("s".into()), Ok(count)));
    }

    #[test]
    fn a_critical_alarm_is_quiet_only_if_it_says_so() {
        let states = [
            (AlarmState::Ok, [Allow, Allow], "in order"),
            (
                AlarmState::Alarm,
                [Refuse, Warn],
                "payment-error-rate-demo in ALARM",
            ),
            (
                AlarmState::InsufficientData,
                [Refuse, Warn],
                "payment-error-rate-demo has no data",
            ),
        ];
        for (state, verdicts, value) in states {
            let mut model = steady();
            let mut alarms = quiet(&model);
            alarms[0].state = state;
            see(&mut model, Seen::Alarms(Role::Standby, Ok(alarms)));
            assert_eq!(judged(&model, GuardId::DestinationFit).1, value);
            assert_eq!(both(model, GuardId::DestinationFit), verdicts);
        }
        let mut model = steady();
        see(&mut model, Seen::Alarms(Role::Standby, Ok(Vec::new())));
        let (_, value, unknown) = judged(&model, GuardId::DestinationFit);
        assert_eq!(value, "payment-error-rate-demo is not among the alarms");
        assert!(unknown);
        assert_eq!(both(model, GuardId::DestinationFit), [Refuse, Warn]);
    }

    #[test]
    fn signals_that_are_old_are_no_sign_of_fitness() {
        let mut model = steady();
        let standby = model.seen.regions.standby.signals.clone();
        tick(&mut model, 160);
        crate::app::fixtures::see_all(&mut model);
        model.seen.regions.standby.signals = standby;
        tick(&mut model, 1);
        let (verdict, value, _) = judged(&model, GuardId::DestinationFit);
        assert_eq!(
            (verdict, value.as_str()),
            (Refuse, "signals not read lately")
        );
        assert_eq!(both(model, GuardId::DestinationFit), [Refuse, Warn]);
    }

    #[test]
    fn a_stack_that_is_not_read_may_be_changed_by_somebody() {
        let id = GuardId::NothingRunning;
        let mut model = steady();
        let primary = model.seen.regions.primary.stacks.clone();
        tick(&mut model, 80);
        crate::app::fixtures::see_all(&mut model);
        model.seen.regions.primary.stacks = primary;
        tick(&mut model, 1);
        let (verdict, value, unknown) = judged(&model, id);
        assert_eq!((verdict, value.as_str(), unknown), (Warn, "unknown", true));
        model.seen.regions.primary.stacks.clear();
        tick(&mut model, 1);
        assert_eq!(both(model, id), [Warn, Warn], "its region may be dead");
    }

    #[test]
    fn a_green_check_speaks_for_a_side_that_only_we_can_not_reach() {
        let id = GuardId::DestinationHealthy;
        let mut model = steady();
        see(&mut model, Seen::Endpoint(Role::Standby, Err(dead())));
        assert_eq!(both(model.clone(), id), [Refuse, Refuse]);
        checkers(&mut model, 16);
        assert_eq!(both(model.clone(), id), [Warn, Warn]);
        checkers(&mut model, 1);
        assert_eq!(both(model.clone(), id), [Refuse, Refuse]);
        checkers(&mut model, 16);
        probed(&mut model, Role::Standby, 503);
        assert_eq!(
            both(model, id),
            [Refuse, Refuse],
            "it answers that it is ill"
        );
    }

    #[test]
    fn where_our_probe_tells_nothing_the_check_decides() {
        let id = GuardId::DestinationHealthy;
        let mut model = steady();
        let unsent = ReadError {
            kind: FailureKind::Invalid,
            message: "no address for the name".into(),
        };
        see(&mut model, Seen::Endpoint(Role::Standby, Err(unsent)));
        assert_eq!(both(model.clone(), id), [Refuse, Warn]);
        checkers(&mut model, 16);
        assert_eq!(both(model.clone(), id), [Allow, Allow]);
        checkers(&mut model, 1);
        assert_eq!(both(model, id), [Refuse, Refuse]);
    }
}
