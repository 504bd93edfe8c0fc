//! What a name server says, and why it may have said nothing.

use std::fmt;

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The AA bit: the server speaks for the zone and not from a cache.
    pub authoritative: bool,
    pub code: Code,
    pub answers: Vec<Answer>,
}

/// One record of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Lower case, without the final dot.
    pub name: String,
    /// `TXT`, `NS`, `CNAME`, `A`, `AAAA`.
    pub kind: String,
    /// A text without its quotation marks, an address, or a name without its final dot.
    pub value: String,
}

/// The response code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    NoError,
    NxDomain,
    ServFail,
    Refused,
    Other(u16),
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    #[error("no answer")]
    Silent,
    #[error("not reachable: {0}")]
    Unreachable(String),
    #[error("an answer that can't be read")]
    Malformed,
    #[error("`{0}` is not a domain name")]
    BadName(String),
    #[error("this machine has no resolver")]
    NoResolver,
}

impl Reply {
    /// The values of one kind of record.
    pub fn values<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a str> {
        self.answers
            .iter()
            .filter(move |a| a.kind == kind)
            .map(|a| a.value.as_str())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoError => f.write_str("answered"),
            Self::NxDomain => f.write_str("no such name"),
            Self::ServFail => f.write_str("the server failed"),
            Self::Refused => f.write_str("the server refused"),
            Self::Other(code) => write!(f, "error {code} of the server"),
        }
    }
}
