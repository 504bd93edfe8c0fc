//! What the world answers outside of the AWS APIs: HTTPS to the system's endpoints, and DNS.

use std::time::Duration;

use crate::rehearsal::world::World;

/// How long a name server takes to answer.
pub const DNS_LATENCY: Duration = Duration::from_millis(20);

/// The end of one HTTPS GET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    Answer {
        status: u16,
        latency: Duration,
    },
    /// No answer, ever.
    Hang,
    NoSuchHost,
}

/// One name server's reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsReply {
    Answer {
        /// In presentation format; TXT values carry their quotation marks, as Route 53 spells them.
        values: Vec<String>,
        ttl: u32,
        authoritative: bool,
        /// The kind that the values have: a CNAME may answer a question for A.
        kind: String,
    },
    /// The name exists, but not with this kind.
    NoData,
    NxDomain,
    Refused,
    Silent,
}

impl World {
    /// An HTTPS GET from the operator's seat.
    pub fn probe(&mut self, _url: &str) -> Probe {
        Probe::NoSuchHost
    }

    /// The zone's own name servers, as `ns-1.example.` names.
    pub fn name_servers(&self) -> Vec<String> {
        Vec::new()
    }

    /// One question to one name server (a name of [`World::name_servers`]; anything else is silent).
    pub fn dns(&mut self, _server: &str, _name: &str, _kind: &str) -> DnsReply {
        DnsReply::Refused
    }
}
