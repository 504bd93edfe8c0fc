//! A value that was read from outside: when, and what the latest attempt said.
//!
//! A failed read never erases the last good value (promise 2 of the design).

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What repeated reads of one thing have shown so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed<T> {
    good: Option<Stamped<T>>,
    failure: Option<Failure>,
}

/// A value with the moment (UTC) at which it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamped<T> {
    pub value: T,
    pub at: Timestamp,
}

/// Why the latest attempts to read failed; cleared by the next success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: FailureKind,
    pub message: String,
    /// The first failure since the last success.
    pub since: Timestamp,
    /// The latest failure.
    pub last: Timestamp,
}

/// What a failure means to the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// No answer within its time, or no connection.
    Unreachable,
    Throttled,
    /// Credentials are missing, expired or not accepted.
    Credentials,
    /// The identity may not do this.
    Denied,
    /// The thing that was asked for does not exist.
    NotFound,
    /// The service answered with an error of its own.
    Service,
    /// The request was wrong.
    Invalid,
}

impl FailureKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "not answering",
            Self::Throttled => "throttled",
            Self::Credentials => "credentials not accepted",
            Self::Denied => "access denied",
            Self::NotFound => "not found",
            Self::Service => "service error",
            Self::Invalid => "request rejected",
        }
    }
}

/// One attempt to read that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ReadError {
    pub kind: FailureKind,
    pub message: String,
}

/// How far a value may be trusted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Never read.
    Unknown,
    Fresh,
    Stale {
        age: Duration,
    },
}

impl<T> Default for Observed<T> {
    fn default() -> Self {
        Self {
            good: None,
            failure: None,
        }
    }
}

impl<T> Observed<T> {
    /// A value read at `at`.
    pub const fn new(value: T, at: Timestamp) -> Self {
        Self {
            good: Some(Stamped { value, at }),
            failure: None,
        }
    }

    /// Takes in the result of one attempt. Older results than the known one change nothing.
    pub fn take(&mut self, result: Result<T, ReadError>, at: Timestamp) {
        match result {
            Ok(value) => self.succeed(value, at),
            Err(error) => self.fail(error, at),
        }
    }

    fn succeed(&mut self, value: T, at: Timestamp) {
        if self.good.as_ref().is_none_or(|known| known.at <= at) {
            self.good = Some(Stamped { value, at });
            if self.failure.as_ref().is_some_and(|f| f.last <= at) {
                self.failure = None;
            }
        }
    }

    fn fail(&mut self, error: ReadError, at: Timestamp) {
        if self.good.as_ref().is_some_and(|known| known.at > at) {
            return;
        }
        let since = self.failure.as_ref().map_or(at, |f| f.since.min(at));
        self.failure = Some(Failure {
            kind: error.kind,
            message: error.message,
            since,
            last: at,
        });
    }

    /// The last good value, however old.
    pub const fn last(&self) -> Option<&T> {
        match &self.good {
            Some(stamped) => Some(&stamped.value),
            None => None,
        }
    }

    pub const fn stamped(&self) -> Option<&Stamped<T>> {
        self.good.as_ref()
    }

    /// When the last good value was read.
    pub fn at(&self) -> Option<Timestamp> {
        self.good.as_ref().map(|s| s.at)
    }

    /// The failure since the last success, if the latest attempt failed.
    pub const fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Whether anything was ever heard, good or bad.
    pub const fn is_untried(&self) -> bool {
        self.good.is_none() && self.failure.is_none()
    }

    /// How far the last good value may be trusted: older than `limit` is stale.
    pub fn freshness(&self, now: Timestamp, limit: Duration) -> Freshness {
        match self.at() {
            None => Freshness::Unknown,
            Some(at) => {
                let age = age(at, now);
                if age <= limit {
                    Freshness::Fresh
                } else {
                    Freshness::Stale { age }
                }
            }
        }
    }

    /// The value, only while it is fresh.
    pub fn fresh(&self, now: Timestamp, limit: Duration) -> Option<&T> {
        match self.freshness(now, limit) {
            Freshness::Fresh => self.last(),
            Freshness::Unknown | Freshness::Stale { .. } => None,
        }
    }
}

/// The time from `then` to `now`, zero if `then` lies ahead.
pub fn age(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn dead() -> ReadError {
        ReadError {
            kind: FailureKind::Unreachable,
            message: "no answer in 3 s".into(),
        }
    }

    #[test]
    fn a_failed_read_keeps_the_last_good_value() {
        let mut seen = Observed::new(7, at(100));
        seen.take(Err(dead()), at(110));
        seen.take(Err(dead()), at(120));
        assert_eq!(seen.last(), Some(&7));
        let failure = seen.failure().unwrap();
        assert_eq!((failure.since, failure.last), (at(110), at(120)));
        assert_eq!(
            seen.freshness(at(130), Duration::from_secs(15)),
            Freshness::Stale {
                age: Duration::from_secs(30)
            }
        );
    }

    #[test]
    fn a_success_clears_the_failure() {
        let mut seen: Observed<u8> = Observed::default();
        assert!(seen.is_untried());
        seen.take(Err(dead()), at(1));
        assert_eq!(
            seen.freshness(at(1), Duration::from_secs(15)),
            Freshness::Unknown
        );
        seen.take(Ok(1), at(2));
        assert_eq!(seen.failure(), None);
        assert_eq!(seen.fresh(at(2), Duration::from_secs(15)), Some(&1));
    }

    #[test]
    fn an_answer_that_arrives_late_does_not_overwrite_a_newer_one() {
        let mut seen = Observed::new("new", at(50));
        seen.take(Ok("old"), at(40));
        seen.take(Err(dead()), at(45));
        assert_eq!(seen, Observed::new("new", at(50)));
    }
}
