//! Exposure: the seconds of data that would be lost now, from what was seen.

use jiff::Timestamp;

use crate::domain::assess::{dark_since, limit, silence};
use crate::domain::environment::Environment;
use crate::domain::observation::Observation;
use crate::domain::recovery::{Exposure, exposure};
use crate::domain::region::Role;
use crate::domain::signal::SignalKind;

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

/// While the primary lives, what would be lost is what is under way: the replication lag.
fn lag_exposure(
    env: &Environment,
    seen: &Observation,
    now: Timestamp,
    heartbeat: Timestamp,
) -> Option<Exposure> {
    let lags = Role::BOTH.into_iter().flat_map(|role| {
        let readings = seen.regions.get(role).signals.fresh(now, limit::SIGNALS);
        env.signals_of(role)
            .filter(|s| s.kind == SignalKind::ReplicationLag)
            .filter_map(move |spec| spec.seconds(spec.current(readings?.get(&spec.id)?, now)?))
    });
    let seconds = lags.fold(None, |worst: Option<f64>, lag| {
        Some(worst.map_or(lag, |w| w.max(lag)))
    })?;
    let bound = exposure(heartbeat, None, now).seconds;
    Some(Exposure {
        seconds: seconds.min(bound),
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
