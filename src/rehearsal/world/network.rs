//! What the world answers outside of the AWS APIs: HTTPS to the system's endpoints, and DNS.

use std::time::Duration;

use crate::domain::health::{CheckId, Health};
use crate::domain::region::Role;
use crate::domain::routing::{Policy, RecordSet, absolute, possible_answers};
use crate::rehearsal::faults::Fault;
use crate::rehearsal::world::World;
use crate::rehearsal::world::checks::in_force;
use crate::rehearsal::world::zones::{ZoneRecord, is_in_zone};

/// How long a name server takes to answer.
pub const DNS_LATENCY: Duration = Duration::from_millis(20);

/// TTL of an alias: that of its target (facts/aws.md §1.5).
const ALIAS_TTL: u32 = 60;

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

/// Who looks at an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Viewer {
    Checker,
    Client,
}

/// What an endpoint replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Status(u16),
    Timeout,
    NoSuchHost,
}

impl Reply {
    /// Whether a checker takes it for a success, and its words.
    pub(super) fn words(self, kind: &str) -> (bool, String) {
        match self {
            Self::Status(status) if (200..400).contains(&status) => {
                (true, format!("Success: HTTP Status Code {status}, OK"))
            }
            Self::Status(status) => (
                false,
                format!("Failure: HTTP Status Code {status}. Resolved IP: 203.0.113.10"),
            ),
            Self::Timeout => {
                let what = if kind.starts_with("HTTP") {
                    "the HTTP request"
                } else {
                    "the connection"
                };
                (
                    false,
                    format!("Failure: {what} timed out: the endpoint did not respond in time"),
                )
            }
            Self::NoSuchHost => (
                false,
                "Failure: DNS resolution failed: DNS response does not contain any A records"
                    .to_owned(),
            ),
        }
    }
}

impl World {
    /// An HTTPS GET from the operator's seat.
    pub fn probe(&mut self, url: &str) -> Probe {
        let bare = url.split_once("://").map_or(url, |(_, rest)| rest);
        let (host, path) = bare.split_once('/').unwrap_or((bare, ""));
        let host = host.split(':').next().unwrap_or(host);
        match self.endpoint(host, &format!("/{path}"), Viewer::Client) {
            Reply::Status(status) => {
                let turn = self.turn(url);
                let milliseconds = self.chance.between(url, turn, 35.0, 140.0);
                let latency = Duration::from_secs_f64(milliseconds / 1000.0);
                Probe::Answer { status, latency }
            }
            Reply::Timeout => Probe::Hang,
            Reply::NoSuchHost => Probe::NoSuchHost,
        }
    }

    /// What a host answers to one who looks from outside.
    pub(super) fn endpoint(&self, host: &str, path: &str, viewer: Viewer) -> Reply {
        let Some(region) = self.region_of_host(host) else {
            return Reply::NoSuchHost;
        };
        let Some(role) = self.setup.environment.regions.role_of(&region) else {
            return Reply::Status(200);
        };
        let grey = self.has(|f| matches!(f, Fault::RegionGrey { region } if *region == role));
        if self.is_dark(&region) || (grey && viewer == Viewer::Client) {
            return Reply::Timeout;
        }
        if path.ends_with("/lever") {
            return Reply::Status(if self.endpoint_lever_engaged(role) {
                200
            } else {
                503
            });
        }
        Reply::Status(if self.is_unhealthy(role) { 503 } else { 200 })
    }

    fn is_unhealthy(&self, role: Role) -> bool {
        let now = self.now().as_second();
        self.faults
            .active(self.now())
            .any(|(since, fault)| match fault {
                Fault::EndpointUnhealthy { region } => *region == role,
                Fault::EndpointFlapping { region, seconds } => {
                    let period = i64::try_from(*seconds).unwrap_or(60).max(1);
                    *region == role && ((now - since.as_second()) / period) % 2 == 0
                }
                _ => false,
            })
    }

    /// The region that a host name leads to: directly, or through our own zones.
    fn region_of_host(&self, host: &str) -> Option<String> {
        let name = absolute(host);
        self.hosts.get(&name).cloned().or_else(|| {
            let record = self
                .answers(&name, "CNAME")
                .or_else(|| self.answers(&name, "A"))?;
            self.region_of_record(record.first()?)
        })
    }

    /// The region to which a record sends its clients.
    pub(super) fn region_of_record(&self, record: &RecordSet) -> Option<String> {
        let direct = |name: &str| self.hosts.get(&absolute(name)).cloned();
        let aliased = record.alias.as_ref().and_then(|a| direct(&a.name));
        aliased
            .or_else(|| record.values.iter().find_map(|v| direct(v)))
            .or_else(|| {
                let told = record.values.first()?.trim_matches('"');
                self.setup.environment.regions.role_of(told)?;
                Some(told.to_owned())
            })
    }

    /// The zone's own name servers, without the final dot.
    pub fn name_servers(&self) -> Vec<String> {
        self.route53
            .zones
            .values()
            .flat_map(|z| z.zone.name_servers.iter().cloned())
            .collect()
    }

    /// One question to one name server (one of [`World::name_servers`]; anything else is silent).
    pub fn dns(&mut self, server: &str, name: &str, kind: &str) -> DnsReply {
        let server = server.trim_end_matches('.').to_ascii_lowercase();
        let place = self.route53.zones.values().find_map(|z| {
            let index = z.zone.name_servers.iter().position(|s| *s == server)?;
            Some((z.zone.id.clone(), index))
        });
        let Some((zone, index)) = place else {
            return DnsReply::Silent;
        };
        if index < self.silent_name_servers() {
            return DnsReply::Silent;
        }
        let name = absolute(name);
        let turn = self.turn(&format!("{kind} {name} at {server}"));
        match self.route53.zones.get(&zone) {
            Some(zone) if is_in_zone(&name, &zone.zone.name) => {
                self.zone_reply(zone, &name, kind, turn)
            }
            _ => DnsReply::Refused,
        }
    }

    /// A question to whichever server owns the name, as the rehearsal's own name server asks it.
    pub fn dns_anywhere(&mut self, name: &str, kind: &str) -> DnsReply {
        let name = absolute(name);
        let owners = self
            .route53
            .zones
            .values()
            .filter(|z| is_in_zone(&name, &z.zone.name));
        let server = owners.max_by_key(|z| z.zone.name.len()).and_then(|z| {
            z.zone
                .name_servers
                .get(self.silent_name_servers())
                .cloned()
                .map(Some)
                .or(Some(None))
        });
        match server {
            Some(Some(server)) => self.dns(&server, &name, kind),
            Some(None) => DnsReply::Silent,
            None => DnsReply::Refused,
        }
    }

    fn silent_name_servers(&self) -> usize {
        let count = |f: &Fault| match f {
            Fault::NameServersSilent { servers } => *servers,
            _ => 0,
        };
        self.faults
            .active(self.now())
            .map(|(_, f)| count(f))
            .max()
            .unwrap_or(0)
    }

    fn zone_reply(&self, zone: &ZoneRecord, name: &str, kind: &str, turn: u64) -> DnsReply {
        if !zone.served.iter().any(|r| r.name == name) {
            return DnsReply::NxDomain;
        }
        let Some(candidates) = self
            .answers(name, kind)
            .or_else(|| self.answers(name, "CNAME"))
        else {
            return DnsReply::NoData;
        };
        let draw = self.chance.unit("answer", turn);
        let Some(record) = draw_weighted(&candidates, draw) else {
            return DnsReply::NoData;
        };
        let values = match &record.alias {
            Some(alias) => vec![self.address_of(&alias.name)],
            None => record.values.clone(),
        };
        DnsReply::Answer {
            values,
            ttl: record
                .ttl
                .and_then(|t| u32::try_from(t).ok())
                .unwrap_or(ALIAS_TTL),
            authoritative: true,
            kind: record.kind.clone(),
        }
    }

    /// A documentation address for a host name.
    fn address_of(&self, host: &str) -> String {
        format!("203.0.113.{}", self.chance.bits(host, 0) % 254 + 1)
    }

    /// The records that may answer now; `None` if there is no such name and kind.
    pub(super) fn answers(&self, name: &str, kind: &str) -> Option<Vec<RecordSet>> {
        let checks = in_force(&self.route53.checks);
        let health = |id: &CheckId| match self.health_in(&checks, id) {
            // a check that was deleted counts as healthy
            Health::Unknown => Health::Healthy,
            known => known,
        };
        let served = self
            .route53
            .zones
            .values()
            .find(|z| is_in_zone(name, &z.zone.name))
            .map_or(&[][..], |z| z.served.as_slice());
        let found = possible_answers(served, name, kind, &health);
        (!found.is_empty()).then(|| found.into_iter().cloned().collect())
    }
}

/// One of several answers, by weight. `draw` lies between 0 and 1.
fn draw_weighted(records: &[RecordSet], draw: f64) -> Option<&RecordSet> {
    let weight = |r: &RecordSet| match r.policy {
        Policy::Weighted(w) if w > 0 => w as f64,
        _ => 1.0,
    };
    let mut left = draw * records.iter().map(weight).sum::<f64>();
    records
        .iter()
        .find(|r| {
            left -= weight(r);
            left < 0.0
        })
        .or_else(|| records.last())
}
