//! The guard of a failback: has what was written on the standby reached the primary?

use crate::domain::exposure::{Lag, lags};
use crate::domain::guard::GuardVerdict::{Allow, Warn};
use crate::domain::guard::rules::Asked;
use crate::domain::guard::{GuardId, GuardResult, answer};
use crate::domain::plan::Situation;
use crate::domain::region::Role;
use crate::domain::signal::Direction;

impl Asked<'_> {
    /// A lag above the objective stops a planned way back, since waiting helps; so does one whose CloudWatch can't be read.
    /// One that is silent only warns: these metrics exist while something is written on the standby, and not where
    /// nothing is.
    pub(super) fn reverse(&self) -> GuardResult {
        let rpo = self.env.objectives.rpo;
        let back = (Direction::Reverse, Role::BOTH.as_slice());
        let found = lags(self.env, self.seen, self.now, back);
        let told = |lag: &Lag, verdict, reason: &str| {
            let at = lag.at.strftime("%H:%MZ");
            let value = format!("lag {:.1} s", lag.seconds);
            answer(
                GuardId::Reverse,
                verdict,
                value,
                format!("{} at {at}: {reason}", lag.label),
            )
        };
        let made = match (&found.worst, found.unread.first(), found.silent.first()) {
            (Some(lag), _, _) if lag.seconds > rpo as f64 => told(
                lag,
                self.strict(Warn),
                "what was written on the standby has not reached the primary",
            )
            .remedy(if self.situation == Situation::Planned {
                "wait until replication has caught up"
            } else {
                ""
            }),
            (_, Some(label), _) => answer(
                GuardId::Reverse,
                self.strict(Warn),
                "unknown",
                format!("{label} was not read lately: CloudWatch does not answer"),
            )
            .remedy("see the errors (!); compare the newest writes on both sides")
            .unknown(),
            (_, None, Some(label)) => answer(
                GuardId::Reverse,
                Warn,
                "unknown",
                format!("{label} is silent: nothing was written there lately, or nobody says so"),
            )
            .remedy("compare the newest writes on both sides")
            .unknown(),
            (Some(lag), None, None) => told(
                lag,
                Allow,
                "what was written on the standby reaches the primary",
            ),
            (None, None, None) => answer(
                GuardId::Reverse,
                Warn,
                "not measured",
                "the bundle names no replication from the standby to the primary",
            )
            .remedy("compare the newest writes on both sides"),
        };
        made.limit(format!("{rpo} s"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::app::fixtures::{dead, marker, see, see_all, steady, tick};
    use crate::app::model::Model;
    use crate::domain::guard::GuardVerdict::{self, Refuse};
    use crate::domain::observation::{EndpointAnswer, Seen};
    use crate::domain::signal::{Datapoint, Series, SignalId};

    const ID: &str = "table-lag-back";

    /// A console whose standby serves.
    fn serving_there() -> Model {
        let mut model = steady();
        marker(&mut model, Role::Standby);
        model
    }

    /// A lag of the minute before, if there is one.
    fn lag(model: &mut Model, seconds: Option<f64>) {
        let all = model.seen.regions.standby.signals.last();
        let mut all = all.expect("signals were read").clone();
        let at = model.now - jiff::SignedDuration::from_mins(1);
        let points = seconds.map(|lag| Datapoint {
            at,
            value: lag * 1000.0,
        });
        all.insert(SignalId(ID.into()), Series(points.into_iter().collect()));
        see(model, Seen::Signals(Role::Standby, Ok(all)));
    }

    fn judged(model: &Model) -> (GuardVerdict, String, bool) {
        let guards = model.go.failback.iter();
        let found = guards.clone().find(|g| g.id == GuardId::Reverse);
        let found = found.expect("it is asked on the way back");
        assert_eq!(found.limit, "300 s");
        (found.verdict, found.value.clone(), found.unknown)
    }

    #[test]
    fn what_has_not_come_back_stops_a_planned_failback_and_warns_in_an_emergency() {
        let cases = [
            (Some(0.8), Allow, Allow, "lag 0.8 s", false),
            (Some(300.0), Allow, Allow, "lag 300.0 s", false),
            (Some(301.0), Refuse, Warn, "lag 301.0 s", false),
            (None, Warn, Warn, "unknown", true),
        ];
        for (seconds, planned, emergency, value, unknown) in cases {
            let mut model = serving_there();
            lag(&mut model, seconds);
            assert_eq!(judged(&model), (planned, value.to_owned(), unknown));
            see(&mut model, Seen::Endpoint(Role::Standby, Err(dead())));
            assert_eq!(judged(&model), (emergency, value.to_owned(), unknown));
        }
    }

    /// A failed read is not silence: what CloudWatch would say may be anything.
    #[test]
    fn a_cloudwatch_that_does_not_answer_stops_a_planned_failback() {
        let mut model = serving_there();
        tick(&mut model, 151);
        let took = Duration::from_millis(20);
        let answer = EndpointAnswer { status: 200, took };
        see(&mut model, Seen::Endpoint(Role::Standby, Ok(answer)));
        see(&mut model, Seen::Signals(Role::Standby, Err(dead())));
        assert_eq!(judged(&model), (Refuse, "unknown".to_owned(), true));
        see(&mut model, Seen::Endpoint(Role::Standby, Err(dead())));
        assert_eq!(judged(&model), (Warn, "unknown".to_owned(), true));
    }

    #[test]
    fn a_lag_is_told_with_its_minute_and_its_signal() {
        let mut model = serving_there();
        lag(&mut model, Some(301.0));
        let mut guards = model.go.failback.iter();
        let found = guards.find(|g| g.id == GuardId::Reverse);
        let found = found.expect("it is asked on the way back");
        assert!(
            found.reason.starts_with("table lag back at 11:59Z"),
            "{}",
            found.reason
        );
        assert!(found.remedy.starts_with("wait"), "{}", found.remedy);
    }

    #[test]
    fn a_bundle_that_measures_no_way_back_says_so_and_the_way_there_is_not_asked() {
        let mut model = steady();
        model
            .env
            .signals
            .retain(|s| s.direction == Direction::Forward);
        see_all(&mut model);
        assert_eq!(judged(&model), (Warn, "not measured".into(), false));
        assert!(model.go.failover.iter().all(|g| g.id != GuardId::Reverse));
    }

    #[test]
    fn the_way_there_is_not_held_up_by_the_lag_of_the_way_back() {
        let mut model = serving_there();
        lag(&mut model, Some(9_000.0));
        let exposure = model.facts.exposure.as_ref().expect("there is a heartbeat");
        assert!(exposure.seconds < 300.0, "{exposure:?}");
    }
}
