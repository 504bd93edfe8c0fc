//! Which readings a guard rests on, and when the oldest of them was taken.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::assess::limit;
use crate::domain::guard::rules::Asked;
use crate::domain::guard::{GuardId, GuardResult};
use crate::domain::lever::LeverKind;
use crate::domain::observed::{Observed, age};
use crate::domain::region::Role;

/// The oldest of several readings.
struct Rests {
    now: Timestamp,
    at: Option<Timestamp>,
    /// One of them is older than it should be.
    stale: bool,
}

impl Rests {
    fn on<T>(mut self, reading: &Observed<T>, limit: Duration) -> Self {
        if let Some(at) = reading.at() {
            self.at = Some(self.at.map_or(at, |known| known.min(at)));
            self.stale |= age(at, self.now) > limit;
        }
        self
    }
}

impl Asked<'_> {
    /// A guard with the time of what it rests on.
    pub(super) fn dated(&self, guard: GuardResult) -> GuardResult {
        let rests = self.rests(guard.id);
        GuardResult {
            as_of: rests.at,
            stale_of: rests.at.filter(|_| rests.stale),
            ..guard
        }
    }

    fn rests(&self, id: GuardId) -> Rests {
        let none = Rests {
            now: self.now,
            at: None,
            stale: false,
        };
        let traffic = &self.seen.traffic;
        let there = self.seen.regions.get(self.to);
        match id {
            GuardId::Needed => none.on(&traffic.marker, limit::MARKER),
            GuardId::DestinationHealthy | GuardId::Steady => {
                none.on(&there.endpoint, limit::ENDPOINT)
            }
            GuardId::Predicted => none
                .on(&traffic.records, limit::RECORDS_LEVER)
                .on(&traffic.checks, limit::CHECK_LIST),
            GuardId::NothingRunning => self.stacks(&Role::BOTH, none),
            GuardId::DestinationFit => self
                .stacks(&[self.to], none)
                .on(&there.alarms, limit::ALARMS)
                .on(&there.signals, limit::SIGNALS),
            GuardId::Exposure => none.on(&self.seen.regions.standby.signals, limit::SIGNALS),
            GuardId::Reverse => Role::BOTH.into_iter().fold(none, |rests, role| {
                rests.on(&self.seen.regions.get(role).signals, limit::SIGNALS)
            }),
            GuardId::Lever => self
                .question
                .levers
                .iter()
                .fold(none, |rests, lever| match lever {
                    LeverKind::Automatic => rests,
                    LeverKind::Metric => rests.on(&traffic.lever, limit::LEVER),
                    LeverKind::Endpoint => self.stacks(&[Role::Standby], rests),
                    LeverKind::Force | LeverKind::Records => {
                        rests.on(&traffic.checks, limit::CHECK_LIST)
                    }
                }),
            GuardId::Promotion => none.on(&traffic.promotion, limit::PROMOTION),
            GuardId::Records => none.on(&traffic.records, limit::RECORDS_LEVER),
            GuardId::Credentials => none.on(&self.seen.identity, limit::IDENTITY),
            // these rest on no reading, or on one that does not age
            GuardId::ReadOnly
            | GuardId::Parity
            | GuardId::Practised
            | GuardId::DrillWindow
            | GuardId::NotServing
            | GuardId::Production
            | GuardId::DataLoss
            | GuardId::Blockers
            | GuardId::AsReviewed => none,
        }
    }

    fn stacks(&self, roles: &[Role], rests: Rests) -> Rests {
        let regions = roles.iter().map(|role| self.seen.regions.get(*role));
        let stacks = regions.flat_map(|region| region.stacks.values());
        stacks.fold(rests, |rests, stack| rests.on(stack, limit::STACKS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fixtures::{dead, marker, see, steady, tick};
    use crate::app::model::Model;
    use crate::domain::observation::Seen;

    fn found(model: &Model, id: GuardId) -> (Option<Timestamp>, bool) {
        let mut guards = model.go.failover.iter();
        let guard = guards.find(|g| g.id == id).unwrap();
        (guard.as_of, guard.stale_of.is_some())
    }

    #[test]
    fn a_guard_tells_when_what_it_rests_on_was_read_and_whether_that_is_old() {
        let mut model = steady();
        let noon = model.now;
        assert_eq!(found(&model, GuardId::Lever), (Some(noon), false));
        tick(&mut model, 60);
        see(&mut model, Seen::Lever(Err(dead())));
        marker(&mut model, Role::Primary);
        assert_eq!(found(&model, GuardId::Lever), (Some(noon), true));
        assert_eq!(found(&model, GuardId::Exposure), (Some(noon), false));
        assert_eq!(found(&model, GuardId::Practised), (None, false));
    }
}
