//! Exposure: the seconds of data that would be lost now, from what was seen.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::assess::{dark_since, limit, silence};
use crate::domain::environment::Environment;
use crate::domain::observation::Observation;
use crate::domain::observed::Observed;
use crate::domain::recovery::{Exposure, Source, exposure};
use crate::domain::region::Role;
use crate::domain::signal::{Direction, Series, SignalId, SignalKind, SignalSpec};

/// Seconds of data that would be lost now.
pub fn exposure_now(env: &Environment, seen: &Observation, now: Timestamp) -> Option<Exposure> {
    let series = |kind, role: Role| {
        let spec = env.signal_of_kind(kind, role)?;
        seen.regions
            .get(role)
            .signals
            .last()?
            .get(&spec.id)?
            .newest()
    };
    let heartbeat = series(SignalKind::Heartbeat, Role::Standby)
        .and_then(|p| epoch(p.value))
        .or_else(|| {
            let staleness = series(SignalKind::Staleness, Role::Standby)?;
            epoch(staleness.at.as_second() as f64 - staleness.value)
        })?;
    Some(match last_sign_of_life(seen, now) {
        SignOfLife::Ended(at) => exposure(heartbeat, Some(at), now),
        SignOfLife::Before(at) => Exposure {
            is_upper_bound: true,
            source: Source::FirstDark { at },
            ..exposure(heartbeat, Some(at), now)
        },
        SignOfLife::Alive => lag_exposure(env, seen, now, heartbeat)
            .unwrap_or_else(|| exposure(heartbeat, None, now)),
        SignOfLife::Unknown => exposure(heartbeat, None, now),
    })
}

/// A replication lag as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Lag {
    pub seconds: f64,
    /// The signal that shows it.
    pub label: String,
    /// The minute that it is of (UTC).
    pub at: Timestamp,
}

/// The replication lags in one direction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lags {
    /// The longest of those that are known.
    pub worst: Option<Lag>,
    /// Signals that their CloudWatch was asked for, and of which it knows no recent datum.
    pub silent: Vec<String>,
    /// Signals whose CloudWatch was not read lately.
    pub unread: Vec<String>,
}

impl Lags {
    /// The longest of all. None while one of them is not known: it could be that one.
    pub fn longest(self) -> Option<Lag> {
        let complete = self.silent.is_empty() && self.unread.is_empty();
        self.worst.filter(|_| complete)
    }
}

/// The replication lags in a direction, of the signals of these sides' CloudWatch.
pub fn lags(
    env: &Environment,
    seen: &Observation,
    now: Timestamp,
    (direction, roles): (Direction, &[Role]),
) -> Lags {
    let mut found = Lags::default();
    let all = roles.iter().flat_map(|role| env.signals_of(*role));
    let wanted = all.filter(|s| s.kind == SignalKind::ReplicationLag && s.direction == direction);
    for spec in wanted {
        let region = &seen.regions.get(spec.role).signals;
        if region.fresh(now, limit::SIGNALS).is_none() {
            found.unread.push(spec.label.clone());
        } else if let Some(lag) = lag(region, spec) {
            let longer = |known: Lag| {
                if lag.seconds > known.seconds {
                    lag.clone()
                } else {
                    known
                }
            };
            found.worst = Some(found.worst.map_or_else(|| lag.clone(), longer));
        } else {
            found.silent.push(spec.label.clone());
        }
    }
    found
}

fn lag(region: &Observed<BTreeMap<SignalId, Series>>, spec: &SignalSpec) -> Option<Lag> {
    let series = region.last()?.get(&spec.id)?;
    Some(Lag {
        seconds: spec.seconds(spec.current(series, region.at()?)?)?,
        label: spec.label.clone(),
        at: series.newest()?.at,
    })
}

/// While the primary lives, what would be lost is what is under way: the longest replication lag. A lag that is missing
/// could be the longest: the table's is silent while nothing of it arrives, and the bucket's goes on all the same.
fn lag_exposure(
    env: &Environment,
    seen: &Observation,
    now: Timestamp,
    heartbeat: Timestamp,
) -> Option<Exposure> {
    let lag = lags(env, seen, now, (Direction::Forward, &Role::BOTH)).longest()?;
    // a heartbeat that has arrived since bounds what a lag of minutes ago tells
    let bound = exposure(heartbeat, None, now);
    if lag.seconds > bound.seconds {
        return Some(bound);
    }
    Some(Exposure {
        seconds: lag.seconds,
        is_upper_bound: false,
        heartbeat,
        source: Source::Lag { label: lag.label },
    })
}

enum SignOfLife {
    Alive,
    /// The last moment at which the primary was seen alive.
    Ended(Timestamp),
    /// It was dark already when it was first looked at: what it wrote, it wrote before.
    Before(Timestamp),
    Unknown,
}

/// When a side last answered its health path well.
pub fn last_answer(seen: &Observation, role: Role) -> Option<Timestamp> {
    seen.regions.get(role).well.last
}

/// Since when a side that gives no answer at all has not answered well.
pub fn silent_since(seen: &Observation, role: Role) -> Option<Timestamp> {
    let region = seen.regions.get(role);
    silence(&region.endpoint).map(|failure| region.well.failing.unwrap_or(failure.since))
}

fn last_sign_of_life(seen: &Observation, now: Timestamp) -> SignOfLife {
    match (dark_since(seen, now), last_answer(seen, Role::Primary)) {
        (None, Some(_)) => SignOfLife::Alive,
        (Some(_), Some(answer)) => SignOfLife::Ended(answer),
        (Some(dark), None) => SignOfLife::Before(dark),
        (None, None) => SignOfLife::Unknown,
    }
}

fn epoch(seconds: f64) -> Option<Timestamp> {
    if !seconds.is_finite() || seconds.abs() > 1e11 {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "bounded above; milliseconds are precise enough"
    )]
    Timestamp::from_millisecond((seconds * 1000.0) as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fixtures::{dead, see, steady, tick};
    use crate::app::model::Model;
    use crate::domain::guard::{GuardId, GuardVerdict};
    use crate::domain::observation::{EndpointAnswer, Seen};
    use crate::domain::signal::Datapoint;

    /// A series of one datum, of the minute before.
    fn one(model: &Model, id: &str, value: f64) -> (SignalId, Series) {
        let at = model.now - jiff::SignedDuration::from_mins(1);
        (SignalId(id.into()), Series(vec![Datapoint { at, value }]))
    }

    /// What both regions' CloudWatch show: the table's lag in seconds, if it is told, a bucket's lag of two seconds, and
    /// a heartbeat of that age.
    fn measure(model: &mut Model, table: Option<f64>, beat: i64) {
        let table = table.map(|lag| one(model, "table-lag", lag * 1000.0));
        let sent = (model.now.as_second() - beat) as f64;
        let standby = [one(model, "bucket-lag", 2.0), one(model, "heartbeat", sent)];
        see(
            model,
            Seen::Signals(Role::Primary, Ok(table.into_iter().collect())),
        );
        see(model, Seen::Signals(Role::Standby, Ok(standby.into())));
    }

    fn shown(model: &Model) -> (f64, bool, GuardVerdict) {
        let found = model.facts.exposure.as_ref().expect("there is a heartbeat");
        let mut guards = model.go.failover.iter();
        let guard = guards.find(|g| g.id == GuardId::Exposure).unwrap();
        (found.seconds, found.is_upper_bound, guard.verdict)
    }

    #[test]
    fn while_every_lag_is_known_the_longest_is_the_exposure() {
        let mut model = steady();
        measure(&mut model, Some(1.0), 50);
        assert_eq!(shown(&model), (2.0, false, GuardVerdict::Allow));
        measure(&mut model, Some(9.0), 50);
        assert_eq!(shown(&model), (9.0, false, GuardVerdict::Allow));
        assert_eq!(model.facts.exposure.unwrap().origin(), "table lag");
    }

    #[test]
    fn a_heartbeat_that_is_younger_than_the_lag_bounds_it() {
        let mut model = steady();
        measure(&mut model, Some(400.0), 50);
        assert_eq!(shown(&model), (50.0, true, GuardVerdict::Allow));
        let found = model.facts.exposure.unwrap();
        assert_eq!(found.source, Source::Heartbeat);
    }

    /// A table that has stalled tells no lag, and the bucket's looks as ever.
    #[test]
    fn a_lag_that_is_silent_is_not_taken_for_a_short_one() {
        let mut model = steady();
        measure(&mut model, None, 50);
        assert_eq!(shown(&model), (50.0, true, GuardVerdict::Allow));
        measure(&mut model, None, 900);
        assert_eq!(shown(&model), (900.0, true, GuardVerdict::Refuse));
        let origin = model.facts.exposure.unwrap().origin();
        assert_eq!(origin, "age of the newest heartbeat (11:45:00Z)");
    }

    #[test]
    fn a_cloudwatch_that_can_not_be_read_bounds_nothing() {
        let mut model = steady();
        measure(&mut model, Some(1.0), 50);
        tick(&mut model, 151);
        let answer = EndpointAnswer {
            status: 200,
            took: std::time::Duration::from_millis(41),
        };
        see(&mut model, Seen::Endpoint(Role::Primary, Ok(answer)));
        see(&mut model, Seen::Signals(Role::Primary, Err(dead())));
        let sent = (model.now.as_second() - 400) as f64;
        let standby = [
            one(&model, "bucket-lag", 2.0),
            one(&model, "heartbeat", sent),
        ];
        see(&mut model, Seen::Signals(Role::Standby, Ok(standby.into())));
        assert_eq!(shown(&model), (400.0, true, GuardVerdict::Refuse));
    }
}
