//! The exit codes that scripts rely on (DESIGN §11).

use crate::domain::operation::Outcome;

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ExitCode {
    /// Done, healthy, go.
    Done = 0,
    Failure = 1,
    /// The command line is wrong, or the operation can't be confirmed from here.
    Usage = 2,
    Degraded = 10,
    OnStandby = 11,
    /// It can't be told, or the environment is not deployed.
    CannotTell = 12,
    /// A guard or read-only mode said no.
    Refused = 20,
    NotConfirmed = 21,
    OperationFailed = 22,
    TimedOut = 23,
}

impl ExitCode {
    /// The number that the shell sees.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The code of an operation that ended this way.
    pub const fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Succeeded => Self::Done,
            Outcome::Failed | Outcome::Abandoned | Outcome::Cancelled => Self::OperationFailed,
            Outcome::Refused => Self::Refused,
            Outcome::NotConfirmed => Self::NotConfirmed,
            Outcome::TimedOut => Self::TimedOut,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_have_the_documented_numbers() {
        let numbers = [
            (Outcome::Succeeded, 0),
            (Outcome::Refused, 20),
            (Outcome::NotConfirmed, 21),
            (Outcome::Failed, 22),
            (Outcome::Abandoned, 22),
            (Outcome::Cancelled, 22),
            (Outcome::TimedOut, 23),
        ];
        for (outcome, number) in numbers {
            assert_eq!(ExitCode::of(outcome).number(), number, "{outcome:?}");
        }
    }
}
