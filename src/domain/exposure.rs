//! Exposure: the seconds of data that would be lost now, from what was seen.

use jiff::Timestamp;

use crate::domain::assess::{dark_since, limit, silence};
use crate::domain::environment::Environment;
use crate::domain::observation::Observation;
use crate::domain::recovery::{Exposure, exposure};
use crate::domain::region::Role;
use crate::domain::signal::{Direction, SignalKind, SignalSpec};

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

/// The longest replication lag in a direction, of the signals of a side's CloudWatch; none if none can be told.
pub fn worst_lag(
    env: &Environment,
    seen: &Observation,
    now: Timestamp,
    (direction, role): (Direction, Role),
) -> Option<Lag> {
    let region = &seen.regions.get(role).signals;
    let (readings, read) = (region.fresh(now, limit::SIGNALS)?, region.at()?);
    let lag = |spec: &SignalSpec| {
        let series = readings.get(&spec.id)?;
        Some(Lag {
            seconds: spec.seconds(spec.current(series, read)?)?,
            label: spec.label.clone(),
            at: series.newest()?.at,
        })
    };
    let lags = env
        .signals_of(role)
        .filter(|s| s.kind == SignalKind::ReplicationLag && s.direction == direction)
        .filter_map(lag);
    lags.reduce(worse)
}

/// The longer one of two.
pub fn worse(a: Lag, b: Lag) -> Lag {
    if b.seconds > a.seconds { b } else { a }
}

/// While the primary lives, what would be lost is what is under way: the replication lag.
fn lag_exposure(
    env: &Environment,
    seen: &Observation,
    now: Timestamp,
    heartbeat: Timestamp,
) -> Option<Exposure> {
    let lags = Role::BOTH.map(|role| worst_lag(env, seen, now, (Direction::Forward, role)));
    let lag = lags.into_iter().flatten().reduce(worse)?;
    let bound = exposure(heartbeat, None, now).seconds;
    Some(Exposure {
        seconds: lag.seconds.min(bound),
        is_upper_bound: false,
        heartbeat,
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
