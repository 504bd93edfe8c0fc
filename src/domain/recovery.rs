//! The clocks of a failover: RTO with its parts, and exposure.
//!
//! Definitions: DESIGN §8, "Clocks".

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// When each part of moving the traffic was reached (UTC).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestones {
    /// The last good answer of the side that traffic leaves, before it failed.
    #[serde(default)]
    pub last_alive: Option<Timestamp>,
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
    /// The state machine of a promotion was through.
    #[serde(default)]
    pub promoted: Option<Timestamp>,
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
            "promoted" => &mut self.promoted,
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

    /// What the time went into, where both ends of a part are known: see [`Parts`].
    pub fn parts(&self) -> Parts {
        let between = |from: Option<Timestamp>, to: Option<Timestamp>| Some(seconds(from?, to?));
        // traffic that had moved before has arrived when the lever holds it
        let arrived = if self.moved_before {
            self.alarm.or(self.dns)
        } else {
            self.dns
        };
        // DNS may have followed before AWS acknowledged the lever
        let pulled = self.pulled.map(|p| arrived.map_or(p, |a| p.min(a)));
        Parts {
            detect: between(self.last_alive, self.first_failed),
            decide: between(self.first_failed, self.confirmed),
            pull: between(self.confirmed, pulled),
            propagate: between(pulled, arrived),
            recover: between(arrived, self.settled),
            drain: between(self.settled, self.drained),
        }
    }
}

/// Seconds. `pull`, `propagate` and `recover` add up to the RTO of a commanded move; where the automatic lever had moved
/// first, `decide` belongs to it too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Parts {
    /// From the last good answer of the side that is left to the first that failed: nobody could know in between.
    pub detect: Option<f64>,
    /// From the first failed answer to the confirmation.
    pub decide: Option<f64>,
    /// From the confirmation until AWS had acknowledged the lever, or DNS had followed it if that was first.
    pub pull: Option<f64>,
    /// Until every name server that answers names the new side (or, for a hold, until the lever's alarm followed).
    pub propagate: Option<f64>,
    /// Until the new side was seen healthy.
    pub recover: Option<f64>,
    /// From settled until the old side received no more requests.
    pub drain: Option<f64>,
}

impl Parts {
    /// The parts that are known, with their names.
    pub fn known(&self) -> Vec<(&'static str, f64)> {
        let all = [
            ("detect", self.detect),
            ("decide", self.decide),
            ("pull", self.pull),
            ("propagate", self.propagate),
            ("recover", self.recover),
            ("drain", self.drain),
        ];
        all.into_iter()
            .filter_map(|(name, seconds)| Some((name, seconds?)))
            .collect()
    }
}

/// Seconds of data that would be lost, and what the figure rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exposure {
    pub seconds: f64,
    /// The true value may be smaller.
    pub is_upper_bound: bool,
    /// The newest heartbeat that reached the standby.
    pub heartbeat: Timestamp,
    /// Where the figure comes from.
    #[serde(default)]
    pub source: Source,
}

/// Where an exposure comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Source {
    /// The longest replication lag, while the primary lives: the signal's label.
    Lag { label: String },
    /// The age of the newest heartbeat.
    #[default]
    Heartbeat,
    /// From the newest heartbeat to the primary's last good answer.
    LastAnswer { at: Timestamp },
    /// From the newest heartbeat to the first look at a primary that was dark already.
    FirstDark { at: Timestamp },
}

impl Source {
    /// In a few words.
    pub fn words(&self) -> &str {
        match self {
            Self::Lag { label } => label,
            Self::Heartbeat => "age of the newest heartbeat",
            Self::LastAnswer { .. } => "last answer − heartbeat",
            Self::FirstDark { .. } => "first dark look − heartbeat",
        }
    }
}

impl Exposure {
    /// Where the figure comes from, with the moments (UTC) that it was drawn from.
    pub fn origin(&self) -> String {
        let words = self.source.words();
        let clock = |at: &Timestamp| at.strftime("%H:%M:%SZ").to_string();
        let beat = clock(&self.heartbeat);
        match &self.source {
            Source::Lag { .. } => words.to_owned(),
            Source::Heartbeat => format!("{words} ({beat})"),
            Source::LastAnswer { at } | Source::FirstDark { at } => {
                format!("{words} ({} − {beat})", clock(at))
            }
        }
    }
}

impl Exposure {
    /// Seconds in which the figure is shown while it follows the clock.
    pub const STEP: u64 = 15;

    /// Whether its source is worth a word: within one step every source says the same, and which one says less changes
    /// from second to second.
    pub fn is_worth_explaining(&self) -> bool {
        self.seconds > Self::STEP as f64
    }
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
            source: Source::LastAnswer { at: life },
        },
        None => Exposure {
            seconds: seconds(heartbeat, now),
            is_upper_bound: true,
            heartbeat,
            source: Source::Heartbeat,
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
    fn the_parts_add_up_to_the_recovery_time() {
        let mut clock = Milestones {
            last_alive: at(0),
            first_failed: at(10),
            confirmed: at(100),
            pulled: at(101),
            alarm: at(150),
            dns: at(200),
            healthy: at(203),
            settled: at(203),
            drained: at(400),
            ..Milestones::default()
        };
        let sum = |clock: &Milestones, wanted: &[&str]| -> f64 {
            let parts = clock.parts().known();
            let wanted = parts.iter().filter(|(name, _)| wanted.contains(name));
            wanted.map(|(_, seconds)| seconds).sum()
        };
        let rto = clock.rto_seconds(at(500).unwrap());
        assert_eq!(Some(sum(&clock, &["pull", "propagate", "recover"])), rto);
        assert_eq!(clock.parts().known()[0], ("detect", 10.0));
        assert_eq!(clock.parts().drain, Some(197.0));
        let acknowledged_late = Milestones {
            pulled: at(230),
            ..clock
        };
        let rto = acknowledged_late.rto_seconds(at(500).unwrap());
        let moved = ["pull", "propagate", "recover"];
        assert_eq!(Some(sum(&acknowledged_late, &moved)), rto);
        clock.moved_before = true;
        clock.dns = at(101);
        let rto = clock.rto_seconds(at(500).unwrap());
        let held = ["decide", "pull", "propagate", "recover"];
        assert_eq!(Some(sum(&clock, &held)), rto);
        let started_in_the_dark = Milestones {
            confirmed: at(1),
            ..Milestones::default()
        };
        assert_eq!(started_in_the_dark.parts().known(), []);
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
