//! The clocks of a failover: RTO with its parts, and exposure.
//!
//! Definitions: DESIGN §8, "Clocks".

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// When each part of moving the traffic was reached (UTC).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestones {
    /// The first failed check before the confirmation, if there was one.
    pub first_failed: Option<Timestamp>,
    /// The automatic lever had already moved the traffic when the operator confirmed.
    pub moved_before: bool,
    pub confirmed: Option<Timestamp>,
    pub pulled: Option<Timestamp>,
    pub alarm: Option<Timestamp>,
    pub dns: Option<Timestamp>,
    pub healthy: Option<Timestamp>,
    pub settled: Option<Timestamp>,
    pub drained: Option<Timestamp>,
}

impl Milestones {
    /// Sets the milestone that the journal calls by this name; others, and those reached before, stay.
    pub fn reach(&mut self, name: &str, at: Timestamp) {
        let slot = match name {
            "alarm" => &mut self.alarm,
            "dns" => &mut self.dns,
            "healthy" => &mut self.healthy,
            "settled" => &mut self.settled,
            "drained" => &mut self.drained,
            _ => return,
        };
        slot.get_or_insert(at);
    }

    /// Where the RTO clock starts.
    pub fn start(&self) -> Option<Timestamp> {
        if self.moved_before {
            self.first_failed.or(self.confirmed)
        } else {
            self.confirmed
        }
    }

    /// Seconds from the start to settled, or to now while it runs.
    pub fn rto_seconds(&self, now: Timestamp) -> Option<f64> {
        let start = self.start()?;
        let end = self.settled.unwrap_or(now);
        Some(seconds(start, end))
    }

    /// The parts: detect, decide, pull, propagate, recover; seconds, where both ends are known.
    pub fn parts(&self) -> Vec<(&'static str, f64)> {
        let ends = [
            ("detect and decide", self.first_failed, self.confirmed),
            ("pull", self.confirmed, self.pulled),
            ("propagate", self.pulled, self.dns),
            ("recover", self.dns, self.settled),
            ("drain", self.settled, self.drained),
        ];
        ends.into_iter()
            .filter_map(|(name, from, to)| Some((name, seconds(from?, to?))))
            .collect()
    }
}

/// Seconds of data that would be lost, and what the figure rests on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exposure {
    pub seconds: f64,
    /// The true value may be smaller.
    pub is_upper_bound: bool,
    /// The newest heartbeat that reached the standby.
    pub heartbeat: Timestamp,
}

/// Last sign of life of the primary − newest heartbeat that reached the standby. Where the primary's last sign of
/// life is not known, staleness (now − newest heartbeat) bounds it from above.
pub fn exposure(
    heartbeat: Timestamp,
    last_sign_of_life: Option<Timestamp>,
    now: Timestamp,
) -> Exposure {
    match last_sign_of_life {
        Some(life) => Exposure {
            seconds: seconds(heartbeat, life),
            is_upper_bound: false,
            heartbeat,
        },
        None => Exposure {
            seconds: seconds(heartbeat, now),
            is_upper_bound: true,
            heartbeat,
        },
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Option<Timestamp> {
        Timestamp::from_second(second).ok()
    }

    #[test]
    fn the_clock_starts_at_the_confirmation_or_at_the_first_failure_if_traffic_moved_by_itself() {
        let mut clock = Milestones {
            first_failed: at(10),
            confirmed: at(100),
            settled: at(220),
            ..Milestones::default()
        };
        assert_eq!(clock.rto_seconds(at(500).unwrap()), Some(120.0));
        clock.moved_before = true;
        assert_eq!(clock.rto_seconds(at(500).unwrap()), Some(210.0));
    }

    #[test]
    fn exposure_does_not_grow_while_people_think() {
        let (beat, life) = (at(100).unwrap(), at(106));
        assert_eq!(exposure(beat, life, at(200).unwrap()).seconds, 6.0);
        assert_eq!(exposure(beat, life, at(9_000).unwrap()).seconds, 6.0);
        let bound = exposure(beat, None, at(200).unwrap());
        assert!(bound.is_upper_bound && bound.seconds == 100.0);
        assert_eq!(exposure(beat, at(90), at(200).unwrap()).seconds, 0.0);
    }
}
