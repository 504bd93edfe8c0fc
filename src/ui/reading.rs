//! How far a reading may be trusted, in words: fresh values carry no age, others do.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::observed::{FailureKind, Freshness, Observed};

use super::format;
use super::line::Line;
use super::state::State;
use super::theme::Paint;

/// A value as one side of the Board shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) state: State,
    pub(super) text: String,
    /// How old the value is, where it is not fresh.
    pub(super) age: Option<String>,
}

impl Cell {
    pub(super) fn new(state: State, text: impl Into<String>) -> Self {
        Self {
            state,
            text: text.into(),
            age: None,
        }
    }

    pub(super) fn unknown(text: impl Into<String>) -> Self {
        Self::new(State::Unknown, text)
    }

    /// The words, with the age if there is one.
    pub(super) fn line(&self) -> Line<'static> {
        let words = Line::of(self.text.clone(), self.state.words());
        match &self.age {
            Some(age) => words.add(format!(", {age} ago"), Paint::Unknown),
            None => words,
        }
    }

    /// Whether the value can be held against the other side's.
    pub(super) const fn is_current(&self) -> bool {
        self.age.is_none() && !matches!(self.state, State::Unknown)
    }
}

/// Whether a reading still tells what is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    Untried,
    /// Never read: why.
    Never(FailureKind),
    Fresh,
    /// The last good value is this old.
    Old(String),
}

/// A reading whose latest attempt failed is old at once: it must not look healthy. Throttling is no sign of
/// trouble over there, so a throttled reading keeps its time.
pub(super) fn trust<T>(seen: &Observed<T>, now: Timestamp, limit: Duration) -> Trust {
    let Some(at) = seen.at() else {
        return seen
            .failure()
            .map_or(Trust::Untried, |f| Trust::Never(f.kind));
    };
    let failing = seen
        .failure()
        .is_some_and(|f| f.kind != FailureKind::Throttled);
    match seen.freshness(now, limit) {
        Freshness::Fresh if !failing => Trust::Fresh,
        Freshness::Fresh | Freshness::Stale { .. } | Freshness::Unknown => {
            Trust::Old(format::ago(at, now))
        }
    }
}

/// The cell of a reading: its value, or why there is none.
pub(super) fn cell<T>(
    seen: &Observed<T>,
    now: Timestamp,
    limit: Duration,
    show: impl FnOnce(&T) -> Cell,
) -> Cell {
    match (trust(seen, now, limit), seen.last()) {
        (Trust::Fresh, Some(value)) => show(value),
        (Trust::Old(age), Some(value)) => Cell {
            state: State::Unknown,
            age: Some(age),
            ..show(value)
        },
        (Trust::Never(kind), _) => Cell::unknown(kind.as_str()),
        _ => Cell::unknown("not read yet"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::observed::ReadError;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn shown(seen: &Observed<u8>, now: i64) -> Cell {
        cell(seen, at(now), Duration::from_secs(40), |v| {
            Cell::new(State::Good, v.to_string())
        })
    }

    fn failed(kind: FailureKind) -> Result<u8, ReadError> {
        Err(ReadError {
            kind,
            message: "x".into(),
        })
    }

    #[test]
    fn a_failed_read_never_looks_healthy_and_keeps_the_last_value() {
        let mut seen = Observed::new(7, at(1_000));
        assert_eq!(shown(&seen, 1_020), Cell::new(State::Good, "7"));
        seen.take(failed(FailureKind::Unreachable), at(1_020));
        let cell = shown(&seen, 1_020);
        assert_eq!(cell.state, State::Unknown);
        assert_eq!(
            (cell.text.as_str(), cell.age.as_deref()),
            ("7", Some("15s"))
        );
    }

    #[test]
    fn throttling_ages_a_value_but_does_not_doubt_it() {
        let mut seen = Observed::new(7, at(1_000));
        seen.take(failed(FailureKind::Throttled), at(1_010));
        assert_eq!(shown(&seen, 1_030).state, State::Good);
        assert_eq!(shown(&seen, 1_050).state, State::Unknown);
    }

    #[test]
    fn what_was_never_read_says_why() {
        let mut seen = Observed::default();
        assert_eq!(shown(&seen, 5).text, "not read yet");
        seen.take(failed(FailureKind::Denied), at(5));
        assert_eq!(shown(&seen, 5).text, "access denied");
    }
}
