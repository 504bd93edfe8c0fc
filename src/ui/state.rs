//! State as a glyph before it is a colour, and the mark between the two sides of the Board.

use crate::app::model::Weight;
use crate::domain::alarm::AlarmState;
use crate::domain::guard::{GuardResult, GuardVerdict};
use crate::domain::health::Health;
use crate::domain::operation::{Outcome, StepState};
use crate::domain::signal::Verdict;
use crate::domain::stack::{Phase, ResourceStatus};

use super::theme::{Paint, glyph};

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Good,
    Progress,
    Unknown,
    Warn,
    Bad,
}

impl State {
    pub(super) const fn glyph(self) -> &'static str {
        match self {
            Self::Good => glyph::GOOD,
            Self::Progress => glyph::PROGRESS,
            Self::Unknown => glyph::UNKNOWN,
            Self::Warn => glyph::WARN,
            Self::Bad => glyph::BAD,
        }
    }

    pub(super) const fn paint(self) -> Paint {
        match self {
            Self::Good => Paint::Good,
            Self::Progress => Paint::Progress,
            Self::Unknown => Paint::Unknown,
            Self::Warn => Paint::Warn,
            Self::Bad => Paint::Bad,
        }
    }

    /// The paint of the words beside the glyph: what is well stays quiet.
    pub(super) const fn words(self) -> Paint {
        match self {
            Self::Good | Self::Progress => Paint::Text,
            Self::Unknown => Paint::Unknown,
            Self::Warn => Paint::Warn,
            Self::Bad => Paint::Bad,
        }
    }
}

impl From<Phase> for State {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Settled => Self::Good,
            Phase::InProgress => Self::Progress,
            Phase::Unknown => Self::Unknown,
            Phase::Absent | Phase::RolledBack | Phase::Review => Self::Warn,
            Phase::Dead | Phase::Failed => Self::Bad,
        }
    }
}

impl From<Verdict> for State {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Good => Self::Good,
            Verdict::Unknown => Self::Unknown,
            Verdict::Warn => Self::Warn,
            Verdict::Breach => Self::Bad,
        }
    }
}

impl From<Health> for State {
    fn from(health: Health) -> Self {
        match health {
            Health::Healthy => Self::Good,
            Health::Unhealthy => Self::Bad,
            Health::Unknown => Self::Unknown,
        }
    }
}

impl From<&AlarmState> for State {
    fn from(state: &AlarmState) -> Self {
        match state {
            AlarmState::Ok => Self::Good,
            AlarmState::Alarm => Self::Warn,
            AlarmState::InsufficientData | AlarmState::Unknown(_) => Self::Unknown,
        }
    }
}

impl From<&GuardResult> for State {
    fn from(guard: &GuardResult) -> Self {
        match guard.verdict {
            _ if guard.unknown => Self::Unknown,
            GuardVerdict::Allow => Self::Good,
            GuardVerdict::Warn => Self::Warn,
            GuardVerdict::Refuse => Self::Bad,
        }
    }
}

impl From<StepState> for State {
    fn from(step: StepState) -> Self {
        match step {
            StepState::Waiting => Self::Unknown,
            StepState::Running => Self::Progress,
            StepState::Done | StepState::Skipped => Self::Good,
            StepState::Failed => Self::Bad,
        }
    }
}

impl From<Outcome> for State {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Succeeded => Self::Good,
            Outcome::Failed | Outcome::TimedOut => Self::Bad,
            Outcome::Refused | Outcome::NotConfirmed | Outcome::Abandoned | Outcome::Cancelled => {
                Self::Warn
            }
        }
    }
}

impl From<Weight> for State {
    fn from(weight: Weight) -> Self {
        match weight {
            Weight::Plain | Weight::Good => Self::Good,
            Weight::Warning => Self::Warn,
            Weight::Bad => Self::Bad,
        }
    }
}

impl From<&ResourceStatus> for State {
    fn from(status: &ResourceStatus) -> Self {
        if status.is_failed() {
            Self::Bad
        } else if status.is_in_progress() {
            Self::Progress
        } else if status.is_complete() {
            Self::Good
        } else {
            Self::Unknown
        }
    }
}

/// An outcome in words.
pub(super) const fn outcome_words(outcome: Outcome) -> &'static str {
    outcome.words()
}

/// What the middle of a Board row says about its two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Same,
    Differs,
    /// Only one side has it.
    OneSide,
    /// One side can't be told.
    CannotTell,
}

impl Mark {
    pub(super) const fn glyph(self) -> &'static str {
        match self {
            Self::Same => "=",
            Self::Differs => "≠",
            Self::OneSide => "·",
            Self::CannotTell => "?",
        }
    }
}
