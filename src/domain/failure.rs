//! Why an operation of a stack failed, as `DescribeEvents` tells it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// UTC.
    pub at: Timestamp,
    /// Empty where it is about the whole stack.
    pub logical_id: String,
    pub resource_type: String,
    pub reason: String,
    /// Where in the template, if a validation has found it.
    pub path: Option<String>,
    /// It only tells that a stack below has failed.
    pub vague: bool,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.logical_id.as_str(), self.resource_type.as_str()) {
            ("", _) => {}
            (id, "") => write!(f, "{id}: ")?,
            (id, kind) => write!(f, "{id} ({kind}): ")?,
        }
        f.write_str(&self.reason)?;
        match &self.path {
            Some(path) => write!(f, " at {path}"),
            None => Ok(()),
        }
    }
}

/// The first failure (of a list, oldest first) since a moment of the service's own time that says why, not only that a stack below failed or that
/// something was cancelled because of another failure.
pub fn first_since(all: &[Failure], since: Timestamp) -> Option<&Failure> {
    let mut telling = all
        .iter()
        .filter(|f| f.at >= since && !f.vague && !f.reason.ends_with("cancelled"));
    telling.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(second: i64, id: &str, reason: &str) -> Failure {
        Failure {
            at: Timestamp::from_second(second).unwrap(),
            logical_id: id.into(),
            resource_type: "AWS::SQS::Queue".into(),
            reason: reason.into(),
            path: None,
            vague: id == "Child",
        }
    }

    #[test]
    fn the_first_that_says_why_since_the_operation_began_is_the_cause() {
        let all = [
            failure(10, "Old", "of another day"),
            failure(101, "Child", "Embedded stack was not created"),
            failure(102, "Other", "Resource creation cancelled"),
            failure(103, "Queue", "no such key"),
            failure(104, "Late", "too"),
        ];
        let since = Timestamp::from_second(100).unwrap();
        let first = first_since(&all, since).unwrap();
        assert_eq!(first.to_string(), "Queue (AWS::SQS::Queue): no such key");
        assert_eq!(first_since(&[], since), None);
    }

    #[test]
    fn a_validation_says_where() {
        let mut found = failure(1, "", "Unsupported property [Nmae]");
        found.path = Some("/Resources/Queue/Properties/Nmae".into());
        assert_eq!(
            found.to_string(),
            "Unsupported property [Nmae] at /Resources/Queue/Properties/Nmae"
        );
    }
}
