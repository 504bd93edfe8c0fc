//! Levers: the ways to move traffic, and what each was last told.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::alarm::AlarmState;
use crate::domain::operation::OperationKind;
use crate::domain::placeholder::Placeholder;
use crate::domain::region::Role;
use crate::domain::stack::StackId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LeverKind {
    Automatic,
    Metric,
    Endpoint,
    Force,
    Records,
}

impl LeverKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Metric => "metric",
            Self::Endpoint => "endpoint",
            Self::Force => "force",
            Self::Records => "records",
        }
    }

    /// How long DNS may take to follow before the next lever is offered (facts/aws.md §1.2, §1.5).
    pub const fn patience(self) -> Duration {
        match self {
            Self::Metric | Self::Automatic => Duration::from_mins(6),
            Self::Endpoint => Duration::from_mins(8),
            Self::Force | Self::Records => Duration::from_mins(4),
        }
    }

    /// Whether the lever needs the Route 53 control plane (us-east-1).
    pub const fn needs_route53(self) -> bool {
        match self {
            Self::Force | Self::Records => true,
            Self::Automatic | Self::Metric | Self::Endpoint => false,
        }
    }
}

impl fmt::Display for LeverKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A lever that an operation of this kind may try next, since another was not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextLever {
    pub kind: OperationKind,
    pub lever: LeverKind,
}

impl NextLever {
    /// The lever, if it is one for an operation of this kind.
    pub fn of(next: Option<Self>, kind: OperationKind) -> Option<LeverKind> {
        next.filter(|next| next.kind == kind).map(|next| next.lever)
    }
}

/// A lever that an operator can pull, as the manifest describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum LeverSpec {
    Metric {
        #[serde(rename = "region")]
        role: Role,
        namespace: String,
        dimensions: BTreeMap<String, Placeholder>,
        alarm: Placeholder,
    },
    Endpoint {
        #[serde(rename = "region")]
        role: Role,
        stack: StackId,
        parameter: String,
        /// Where the lever answers 200 while it is engaged.
        #[serde(default)]
        url: Option<Placeholder>,
    },
    Force {
        check: String,
    },
    Records,
}

impl LeverSpec {
    pub const fn kind(&self) -> LeverKind {
        match self {
            Self::Metric { .. } => LeverKind::Metric,
            Self::Endpoint { .. } => LeverKind::Endpoint,
            Self::Force { .. } => LeverKind::Force,
            Self::Records => LeverKind::Records,
        }
    }
}

/// Names of the metric lever's metrics (the contract of DESIGN §8).
pub mod metric {
    /// 1 or 0; the alarm watches it.
    pub const ENGAGED: &str = "FailoverEngaged";
    /// The command number; its sign says engage (+) or release (−).
    pub const COMMAND: &str = "FailoverCommand";
    /// The number that the keepalive has taken up.
    pub const ECHO: &str = "FailoverEcho";
    /// Proves the right to write.
    pub const PROBE: &str = "LeverProbe";
}

/// What a lever is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Command {
    /// Move traffic to the standby.
    Engage,
    /// Let traffic go back to the primary.
    Release,
}

impl Command {
    /// The side on which traffic is wanted.
    pub const fn wanted(self) -> Role {
        match self {
            Self::Engage => Role::Standby,
            Self::Release => Role::Primary,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Engage => "engage",
            Self::Release => "release",
        }
    }
}

/// A command of the metric lever with its number: the largest magnitude rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberedCommand {
    pub number: i64,
    pub command: Command,
}

impl NumberedCommand {
    /// The next command: its number is the time in epoch seconds, or one more than the newest seen.
    pub fn next(command: Command, now: Timestamp, newest: Option<Self>) -> Self {
        let after = newest.map_or(0, |n| n.number.saturating_add(1));
        Self {
            number: now.as_second().max(after).max(1),
            command,
        }
    }

    /// The value of the datum.
    #[expect(
        clippy::cast_precision_loss,
        reason = "command numbers are epoch seconds, far below 2^53"
    )]
    pub fn datum(self) -> f64 {
        match self.command {
            Command::Engage => self.number as f64,
            Command::Release => -(self.number as f64),
        }
    }

    /// Reads a datum back; zero and numbers that are none command nothing.
    pub fn from_datum(value: f64) -> Option<Self> {
        if !value.is_finite() || value.abs() < 1.0 || value.abs() > 9e15 {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
        let number = value.abs().round() as i64;
        Some(Self {
            number,
            command: if value > 0.0 {
                Command::Engage
            } else {
                Command::Release
            },
        })
    }

    /// The one that rules of two.
    #[must_use]
    pub const fn newer(self, other: Self) -> Self {
        if other.number > self.number {
            other
        } else {
            self
        }
    }
}

/// What the metric lever shows in its region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricLever {
    /// The newest command of the look-back.
    pub command: Option<NumberedCommand>,
    /// The minute in which CloudWatch first had that command, by its own clock.
    #[serde(default)]
    pub command_since: Option<Timestamp>,
    /// The newest number that the keepalive echoed.
    pub echo: Option<NumberedCommand>,
    /// The newest `FailoverEngaged`.
    pub engaged: Option<bool>,
    pub alarm: Option<AlarmState>,
    /// When the alarm entered its state.
    pub alarm_since: Option<Timestamp>,
}

impl MetricLever {
    /// What the lever was last told, as far as it is known.
    pub fn commanded(&self) -> Option<Command> {
        self.command.map(|c| c.command).or_else(|| {
            self.engaged.map(|engaged| {
                if engaged {
                    Command::Engage
                } else {
                    Command::Release
                }
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_clock_still_speaks_last() {
        let now = Timestamp::from_second(1_000).unwrap();
        let theirs = NumberedCommand {
            number: 5_000,
            command: Command::Engage,
        };
        let mine = NumberedCommand::next(Command::Release, now, Some(theirs));
        assert_eq!(mine.number, 5_001);
        assert_eq!(theirs.newer(mine), mine);
        assert_eq!(NumberedCommand::from_datum(mine.datum()), Some(mine));
    }

    #[test]
    fn nonsense_commands_nothing() {
        for value in [0.0, 0.4, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(NumberedCommand::from_datum(value), None);
        }
    }
}
