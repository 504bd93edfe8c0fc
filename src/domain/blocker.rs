//! What stands in the way of deleting a stack: what is asked of AWS when the review opens, and what it said.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What has to be asked about one stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inquiry {
    /// Names of the values that it exports.
    pub exports: Vec<String>,
    /// Logical ids of the buckets that go with it.
    pub buckets: Vec<String>,
    /// Logical ids of the hosted zones that go with it.
    pub zones: Vec<String>,
    /// Its own records: the types that each may have, by logical id. None: any.
    pub records: BTreeMap<String, Vec<String>>,
}

/// The state of the questions about a stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inspection {
    Pending(Inquiry),
    Done(Findings),
}

/// What AWS said; an error says why a part is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// When it was asked (UTC).
    pub at: Timestamp,
    pub imports: Vec<Import>,
    pub buckets: Vec<Bucket>,
    pub zones: Vec<Zone>,
}

/// An export and the stacks that import it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    pub export: String,
    pub by: Result<Vec<String>, String>,
}

/// A bucket and what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    pub resource: String,
    /// The newest daily count; none where S3 has not counted lately.
    pub objects: Result<Option<Count>, String>,
}

/// How many objects there were at a moment (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub objects: u64,
    pub at: Timestamp,
}

/// A hosted zone and the records in it that its stack did not make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    pub resource: String,
    pub foreign: Result<Vec<ForeignRecord>, String>,
    /// There are more records than were looked at.
    pub more: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ForeignRecord {
    pub name: String,
    pub kind: String,
}

impl Inquiry {
    /// Whether there is nothing to ask.
    pub fn is_empty(&self) -> bool {
        self.exports.is_empty() && self.buckets.is_empty() && self.zones.is_empty()
    }
}

impl Inspection {
    pub const fn is_pending(&self) -> bool {
        matches!(self, Self::Pending(_))
    }

    pub const fn findings(&self) -> Option<&Findings> {
        match self {
            Self::Pending(_) => None,
            Self::Done(findings) => Some(findings),
        }
    }
}

impl Findings {
    pub fn bucket(&self, resource: &str) -> Option<&Bucket> {
        self.buckets.iter().find(|b| b.resource == resource)
    }

    pub fn zone(&self, resource: &str) -> Option<&Zone> {
        self.zones.iter().find(|z| z.resource == resource)
    }
}
