//! Practice: what an operation is labelled, the windows agreed for drills on production, and what the last drill showed.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::environment::Mode;
use crate::domain::operation::{OperationKind, Outcome};
use crate::domain::text::clean;

/// The longest window: a drill is agreed for a day, not for a season.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// What an operation was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// Traffic was moved because it had to be.
    Incident,
    /// Traffic was moved for practice.
    Drill,
    /// Nothing was moved: the AWS was an embedded one.
    Rehearsal,
    /// Stacks were changed.
    Change,
}

impl Label {
    /// The label of an operation; a rehearsal is one whatever it was asked to be.
    pub const fn of(kind: OperationKind, mode: &Mode, drill: bool) -> Self {
        match (mode, kind.moves_traffic(), drill) {
            (Mode::Rehearsal { .. }, _, _) => Self::Rehearsal,
            (Mode::Live | Mode::Endpoint { .. }, false, _) => Self::Change,
            (Mode::Live | Mode::Endpoint { .. }, true, true) => Self::Drill,
            (Mode::Live | Mode::Endpoint { .. }, true, false) => Self::Incident,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Drill => "drill",
            Self::Rehearsal => "rehearsal",
            Self::Change => "change",
        }
    }
}

/// A time (UTC) that was agreed for a drill on a production environment; `until` is no longer within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DrillWindow {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl DrillWindow {
    pub fn contains(&self, now: Timestamp) -> bool {
        (self.from..self.until).contains(&now)
    }
}

impl FromStr for DrillWindow {
    type Err = String;

    /// `FROM/UNTIL`, both as in RFC 3339 with their offset from UTC.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("`{}` is not a window for drills: {why}", clean(text));
        let (from, until) = text.split_once('/').ok_or_else(|| {
            wrong("expected FROM/UNTIL, such as 2026-11-21T09:00Z/2026-11-21T11:00Z")
        })?;
        let moment = |text: &str| {
            text.trim().parse::<Timestamp>().map_err(|_not_a_time| {
                wrong(&format!(
                    "`{}` is not a time with an offset, such as 2026-11-21T09:00Z",
                    clean(text.trim())
                ))
            })
        };
        let window = Self {
            from: moment(from)?,
            until: moment(until)?,
        };
        let length = window.until.duration_since(window.from);
        if length <= SignedDuration::ZERO {
            return Err(wrong("it ends before it begins"));
        }
        if length > LONGEST {
            return Err(wrong(
                "it is longer than 24 hours: agree on each drill by itself",
            ));
        }
        Ok(window)
    }
}

impl TryFrom<String> for DrillWindow {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<DrillWindow> for String {
    fn from(window: DrillWindow) -> Self {
        window.to_string()
    }
}

impl fmt::Display for DrillWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, until) = (self.from, self.until);
        write!(
            f,
            "{}/{}",
            from.strftime("%Y-%m-%dT%H:%MZ"),
            until.strftime("%Y-%m-%dT%H:%MZ")
        )
    }
}

/// A failover that was carried out, as practice counts it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Practice {
    /// When it ended, UTC; of a rehearsal, when it was played.
    pub at: Timestamp,
    pub label: Label,
    pub outcome: Outcome,
    pub rto_seconds: Option<f64>,
}

impl Practice {
    /// Whether it came to its end and within the objective.
    pub fn met(&self, objective: u64) -> bool {
        let late = self.rto_seconds.is_some_and(|s| s > objective as f64);
        self.outcome == Outcome::Succeeded && !late
    }
}

/// What is known of practice in an environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Practised {
    /// The newest failover that succeeded, whatever it was for.
    pub last: Option<Practice>,
    /// The newest drill, however it ended.
    pub drill: Option<Practice>,
}

impl Practised {
    /// Takes in a failover. One that was refused or not confirmed moved nothing and is no practice.
    pub fn take(&mut self, one: Practice) {
        let newer = |known: Option<Practice>| known.is_none_or(|known| one.at >= known.at);
        if one.outcome == Outcome::Succeeded && newer(self.last) {
            self.last = Some(one);
        }
        let moved = !matches!(one.outcome, Outcome::Refused | Outcome::NotConfirmed);
        if moved && one.label == Label::Drill && newer(self.drill) {
            self.drill = Some(one);
        }
    }

    /// What the Board shows: the last drill; where there is none, the last practice of another kind.
    pub fn shown(&self) -> Option<Practice> {
        self.drill.or(self.last)
    }

    /// The last drill, if it did not succeed and nothing has shown since that it works.
    pub fn failed_drill(&self) -> Option<Practice> {
        let drill = self.drill?;
        let made_good = self.last.is_some_and(|last| last.at > drill.at);
        (drill.outcome != Outcome::Succeeded && !made_good).then_some(drill)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn practice(at: &str, label: Label, outcome: Outcome) -> Practice {
        Practice {
            at: time(at),
            label,
            outcome,
            rto_seconds: Some(168.0),
        }
    }

    #[test]
    fn a_window_is_half_open_and_reads_back() {
        let text = "2026-11-21T09:00Z/2026-11-21T11:00Z";
        let window: DrillWindow = text.parse().unwrap();
        assert_eq!(window.to_string(), text);
        assert!(window.contains(time("2026-11-21T09:00:00Z")));
        assert!(window.contains(time("2026-11-21T10:59:59Z")));
        assert!(!window.contains(time("2026-11-21T11:00:00Z")));
        assert!(!window.contains(time("2026-11-21T08:59:59Z")));
        let berlin: DrillWindow = "2026-11-21T10:00+01:00 / 2026-11-21T12:00+01:00"
            .parse()
            .unwrap();
        assert_eq!(berlin, window);
    }

    #[test]
    fn what_is_no_window_is_told_why() {
        let why = |text: &str| text.parse::<DrillWindow>().unwrap_err();
        assert!(why("saturday").contains("expected FROM/UNTIL"));
        assert!(why("2026-11-21T09:00/2026-11-21T11:00Z").contains("not a time with an offset"));
        assert!(why("2026-11-21T11:00Z/2026-11-21T09:00Z").contains("ends before it begins"));
        assert!(why("2026-11-21T11:00Z/2026-12-21T09:00Z").contains("longer than 24 hours"));
        assert!(!why("\u{1b}[2J").contains('\u{1b}'));
    }

    #[test]
    fn a_rehearsal_is_one_whatever_it_was_asked_to_be() {
        let rehearsal = Mode::Rehearsal {
            scenario: "steady".into(),
            seed: 1,
        };
        let failover = OperationKind::Failover;
        assert_eq!(Label::of(failover, &rehearsal, true), Label::Rehearsal);
        assert_eq!(Label::of(failover, &Mode::Live, true), Label::Drill);
        assert_eq!(Label::of(failover, &Mode::Live, false), Label::Incident);
        let deploy = OperationKind::Deploy;
        assert_eq!(Label::of(deploy, &Mode::Live, true), Label::Change);
    }

    #[test]
    fn the_last_drill_stands_whatever_was_rehearsed_since() {
        let mut known = Practised::default();
        known.take(practice(
            "2026-11-01T09:00:00Z",
            Label::Drill,
            Outcome::Succeeded,
        ));
        known.take(practice(
            "2026-11-02T09:00:00Z",
            Label::Rehearsal,
            Outcome::Succeeded,
        ));
        known.take(practice(
            "2026-11-03T09:00:00Z",
            Label::Drill,
            Outcome::Refused,
        ));
        assert_eq!(known.shown().unwrap().at, time("2026-11-01T09:00:00Z"));
        assert_eq!(known.last.unwrap().label, Label::Rehearsal);
        assert_eq!(known.failed_drill(), None);
        known.take(practice(
            "2026-11-04T09:00:00Z",
            Label::Drill,
            Outcome::TimedOut,
        ));
        assert_eq!(known.shown().unwrap().outcome, Outcome::TimedOut);
        assert!(known.failed_drill().is_some());
        known.take(practice(
            "2026-11-05T09:00:00Z",
            Label::Rehearsal,
            Outcome::Succeeded,
        ));
        assert_eq!(known.failed_drill(), None);
    }

    #[test]
    fn a_drill_that_took_too_long_has_not_met_the_objective() {
        let drill = practice("2026-11-01T09:00:00Z", Label::Drill, Outcome::Succeeded);
        assert!(drill.met(168) && !drill.met(167));
        let failed = Practice {
            outcome: Outcome::Failed,
            ..drill
        };
        assert!(!failed.met(900));
    }
}
