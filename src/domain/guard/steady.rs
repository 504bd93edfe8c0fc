//! The guard of a failback: has the primary been well for a while?

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::assess::limit;
use crate::domain::guard::GuardVerdict::{Allow, Warn};
use crate::domain::guard::rules::Asked;
use crate::domain::guard::{GuardId, GuardResult, answer};
use crate::domain::observed::age;
use crate::domain::region::Role;
use crate::domain::signal::{Datapoint, SignalKind};

/// Minutes for which a primary that has failed must have answered well before traffic returns.
const STEADY_MINUTES: u64 = 5;

/// One comes each minute: an older one than this has missed two.
const MISSED_SECONDS: f64 = 180.0;

impl Asked<'_> {
    /// A region that comes back often goes again: traffic that follows it at once is moved twice. A console that has just
    /// started has watched too little to say so: it asks the heartbeats of the last minutes, and else only warns.
    pub(super) fn steady(&self) -> Option<GuardResult> {
        if self.to == Role::Standby {
            return None;
        }
        let well = &self.seen.regions.primary.well;
        // whether it answers at all is another guard's question
        let minutes = age(well.since?, self.now).as_secs() / 60;
        let long = match minutes {
            0 => "under 1 min".to_owned(),
            1..STEADY_MINUTES => format!("{minutes} min"),
            _ => format!("over {STEADY_MINUTES} min"),
        };
        let region = self.env.regions.get(Role::Primary);
        let made = if minutes >= STEADY_MINUTES {
            answer(
                GuardId::Steady,
                Allow,
                long,
                format!("{region} has answered well at every look"),
            )
        } else if well.recovered {
            answer(
                GuardId::Steady,
                self.strict(Warn),
                long,
                format!("{region} was failing until then"),
            )
            .remedy("wait: a region that comes back may go again")
        } else if let Some(until) = self.silent_until() {
            answer(
                GuardId::Steady,
                self.strict(Warn),
                long,
                format!(
                    "no heartbeat of {region} came until {}",
                    until.strftime("%H:%MZ")
                ),
            )
            .remedy("wait: a region that comes back may go again")
        } else {
            answer(
                GuardId::Steady,
                Warn,
                long,
                format!("this console has not watched {region} for longer"),
            )
            .unknown()
        };
        Some(made.limit(format!("{STEADY_MINUTES} min")))
    }

    /// Until when heartbeats of the primary were missing, if that was in the last minutes: the standby tells how old the
    /// newest one was, for the hour before.
    fn silent_until(&self) -> Option<Timestamp> {
        let spec = self
            .env
            .signal_of_kind(SignalKind::Staleness, Role::Standby)?;
        let signals = &self.seen.regions.standby.signals;
        let series = signals.fresh(self.now, limit::SIGNALS)?.get(&spec.id)?;
        let is_late = |p: &&Datapoint| spec.seconds(p.value).is_some_and(|s| s > MISSED_SECONDS);
        let last = series.0.iter().rev().find(is_late)?;
        let period = Duration::from_secs(u64::from(spec.period_seconds));
        let until = last.at.checked_add(period).ok()?;
        (age(until, self.now) < Duration::from_mins(STEADY_MINUTES)).then_some(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fixtures::{dead, marker, see, see_all, steady, tick};
    use crate::app::model::Model;
    use crate::domain::guard::GuardVerdict::{self, Refuse};
    use crate::domain::observation::{EndpointAnswer, Seen};
    use crate::domain::signal::{Series, SignalId};

    fn verdict(model: &Model) -> (GuardVerdict, String) {
        let guards = model.go.failback.iter();
        let found = guards.clone().find(|g| g.id == GuardId::Steady);
        let found = found.expect("it is asked on the way back");
        (found.verdict, found.value.clone())
    }

    fn look(model: &mut Model, status: u16) {
        let took = Duration::from_millis(20);
        let answer = EndpointAnswer { status, took };
        see(model, Seen::Endpoint(Role::Primary, Ok(answer)));
    }

    #[test]
    fn a_primary_that_has_just_recovered_is_not_trusted_with_traffic() {
        let mut model = steady();
        assert_eq!(
            verdict(&model),
            (Warn, "under 1 min".into()),
            "just started"
        );
        see(&mut model, Seen::Endpoint(Role::Primary, Err(dead())));
        marker(&mut model, Role::Standby);
        tick(&mut model, 600);
        see_all(&mut model);
        marker(&mut model, Role::Standby);
        assert_eq!(verdict(&model), (Refuse, "under 1 min".into()));
        tick(&mut model, 200);
        look(&mut model, 503);
        tick(&mut model, 10);
        look(&mut model, 200);
        tick(&mut model, 299);
        look(&mut model, 200);
        assert_eq!(verdict(&model), (Refuse, "4 min".into()), "it began again");
        tick(&mut model, 1);
        assert_eq!(verdict(&model), (Allow, "over 5 min".into()));
    }

    /// Ages of the newest heartbeat, minute by minute up to now.
    fn beats(model: &mut Model, ages: &[f64]) {
        let minutes = (0..).zip(ages.iter().rev());
        let mut points: Vec<_> = minutes
            .map(|(back, value)| Datapoint {
                at: model.now - jiff::SignedDuration::from_mins(back + 1),
                value: *value,
            })
            .collect();
        points.reverse();
        let all = [(SignalId("staleness".into()), Series(points))];
        see(model, Seen::Signals(Role::Standby, Ok(all.into())));
    }

    /// A command that is given at once has watched nothing, and the standby has.
    #[test]
    fn a_console_that_has_just_started_asks_the_heartbeats() {
        let mut model = steady();
        marker(&mut model, Role::Standby);
        beats(&mut model, &[900.0, 960.0, 40.0, 41.0]);
        assert_eq!(verdict(&model), (Refuse, "under 1 min".into()));
        let mut quiet = vec![900.0, 960.0];
        quiet.extend([40.0; 6]);
        beats(&mut model, &quiet);
        assert_eq!(verdict(&model), (Warn, "under 1 min".into()));
    }

    #[test]
    fn the_way_there_is_not_asked() {
        let model = steady();
        assert!(model.go.failover.iter().all(|g| g.id != GuardId::Steady));
    }
}
