//! What can be wrong with a bundle, said with the file, the place in it and the reason.

use std::fmt;

use crate::domain::text::clean;

/// Why a bundle, or an environment made from it, cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    #[error("{path} cannot be read: {reason}")]
    Unreadable { path: String, reason: String },
    #[error("{path} holds no bundle: no bundle.json there, nor in a folder below it")]
    NoBundle { path: String },
    #[error("unknown bundle `{name}`; there are: {known}")]
    Unknown { name: String, known: String },
    #[error("which bundle? Give --bundle NAME; there are: {known}")]
    Which { known: String },
    /// Everything that was found wrong, one line each.
    #[error("{}", lines(.0))]
    Invalid(Vec<Problem>),
    #[error("suffix `{suffix}` does not match {pattern}")]
    Suffix { suffix: String, pattern: String },
    #[error(transparent)]
    Regions(#[from] crate::domain::region::RegionError),
    #[error("parameter {name}: {reason}")]
    Parameter { name: String, reason: String },
    #[error("unknown parameter `{name}`; there are: {known}")]
    UnknownParameter { name: String, known: String },
    #[error(transparent)]
    Placeholder(#[from] crate::domain::placeholder::PlaceholderError),
}

/// One thing that is wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub file: String,
    /// JSON path, such as `signals[3].kind`; empty for the whole file.
    pub path: String,
    pub reason: String,
}

impl Problem {
    /// Makes a problem whose texts are safe to show.
    pub fn new(file: &str, path: &str, reason: &str) -> Self {
        Self {
            file: clean(file),
            path: clean(path),
            reason: clean(reason),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        if !self.path.is_empty() && self.path != "." {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.reason)
    }
}

impl BundleError {
    pub(crate) fn one(file: &str, path: &str, reason: &str) -> Self {
        Self::Invalid(vec![Problem::new(file, path, reason)])
    }

    pub(crate) fn unless_empty(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Self::Invalid(problems))
        }
    }

    pub(crate) fn unreadable(path: &str, reason: &dyn fmt::Display) -> Self {
        Self::Unreadable {
            path: clean(path),
            reason: clean(&reason.to_string()),
        }
    }
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
