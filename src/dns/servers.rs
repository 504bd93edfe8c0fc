//! Which name servers speak for a zone: found by DNS, remembered, kept between runs, or given.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::dns::Resolver;
use crate::domain::observed::age;

/// How long a found set is used before it is asked for again.
const FRESH: Duration = Duration::from_mins(10);
/// How long finding the set may take before the remembered one is used.
const FIND_LIMIT: Duration = Duration::from_millis(2500);
/// Zones have two to six servers; more than this is nonsense from outside.
const MOST_SERVERS: usize = 8;

/// One name server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameServer {
    pub name: String,
    /// Tried in this order.
    pub addresses: Vec<SocketAddr>,
    /// Whether it answers from its own knowledge and needs no recursion.
    pub authoritative: bool,
}

/// The servers of one zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneServers {
    /// Lower case, without the final dot.
    pub zone: String,
    pub servers: Vec<NameServer>,
}

impl NameServer {
    /// A server that is known by its name only (in process).
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            addresses: Vec::new(),
            authoritative: false,
        }
    }

    /// A server given by its address.
    pub fn at(address: SocketAddr) -> Self {
        Self {
            name: address.to_string(),
            addresses: vec![address],
            authoritative: false,
        }
    }
}

/// Everything known about who can be asked.
pub(super) struct Directory {
    /// Asked instead of the zones' own servers.
    given: Vec<NameServer>,
    system: Vec<NameServer>,
    zones: Mutex<Vec<Entry>>,
}

struct Entry {
    set: ZoneServers,
    /// When the set was found, or last taken for want of a better one.
    at: Timestamp,
}

impl Directory {
    pub(super) fn new(
        given: Vec<SocketAddr>,
        system: Vec<SocketAddr>,
        cached: Vec<ZoneServers>,
    ) -> Self {
        let old = |set| Entry {
            set,
            at: Timestamp::UNIX_EPOCH,
        };
        Self {
            given: given.into_iter().map(NameServer::at).collect(),
            system: system.into_iter().map(NameServer::at).collect(),
            zones: Mutex::new(cached.into_iter().map(old).collect()),
        }
    }

    pub(super) const fn are_given(&self) -> bool {
        !self.given.is_empty()
    }

    pub(super) fn system(&self) -> Vec<NameServer> {
        self.system.clone()
    }

    pub(super) fn known(&self) -> Vec<ZoneServers> {
        self.with_zones(|zones| zones.iter().map(|e| e.set.clone()).collect())
    }

    /// The set of the name's zone did not answer: look for it again next time.
    pub(super) fn doubt(&self, name: &str) {
        self.with_zones(|zones| {
            if let Some(entry) = entry_for(zones, name) {
                entry.at = Timestamp::UNIX_EPOCH;
            }
        });
    }

    fn fresh(&self, name: &str, now: Timestamp) -> Option<Vec<NameServer>> {
        self.with_zones(|zones| {
            let entry = entry_for(zones, name)?;
            (age(entry.at, now) <= FRESH).then(|| entry.set.servers.clone())
        })
    }

    /// The remembered set, however old; used from now on until somebody doubts it.
    fn remembered(&self, name: &str, now: Timestamp) -> Vec<NameServer> {
        self.with_zones(|zones| {
            entry_for(zones, name).map_or_else(Vec::new, |entry| {
                entry.at = now;
                entry.set.servers.clone()
            })
        })
    }

    fn remember(&self, set: ZoneServers, now: Timestamp) {
        self.with_zones(|zones| {
            zones.retain(|e| e.set.zone != set.zone);
            zones.push(Entry { set, at: now });
        });
    }

    fn with_zones<T>(&self, f: impl FnOnce(&mut Vec<Entry>) -> T) -> T {
        f(&mut self.zones.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The entry of the smallest known zone that holds the name.
fn entry_for<'a>(zones: &'a mut [Entry], name: &str) -> Option<&'a mut Entry> {
    let parents = ancestors(name);
    zones
        .iter_mut()
        .filter(|e| parents.contains(&e.set.zone))
        .max_by_key(|e| e.set.zone.len())
}

/// The name and what it lies in, longest first, as far as two labels.
fn ancestors(name: &str) -> Vec<String> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let labels: Vec<&str> = name.split('.').collect();
    (0..labels.len().saturating_sub(1))
        .filter_map(|from| labels.get(from..).map(|l| l.join(".")))
        .collect()
}

impl Resolver {
    /// Who is to be asked about the name; empty if nobody is known.
    pub(super) async fn servers_of(&self, name: &str) -> Vec<NameServer> {
        if self.servers.are_given() {
            return self.servers.given.clone();
        }
        if let Some(servers) = self.servers.fresh(name, self.clock.now()) {
            return servers;
        }
        let found = self
            .clock
            .timeout(FIND_LIMIT, self.find_servers(name))
            .await;
        let now = self.clock.now();
        match found {
            Ok(Some(set)) => {
                self.servers.remember(set.clone(), now);
                set.servers
            }
            Ok(None) | Err(_) => self.servers.remembered(name, now),
        }
    }

    /// Asks for the `NS` records of the name and of everything that it lies in; the longest name that has
    /// some is the zone.
    async fn find_servers(&self, name: &str) -> Option<ZoneServers> {
        let asks = ancestors(name).into_iter().map(|zone| async move {
            let reply = self.ask_system(&zone, "NS").await.ok()?;
            let mut hosts: Vec<String> = reply
                .answers
                .into_iter()
                .filter(|a| a.kind == "NS" && a.name == zone)
                .map(|a| a.value)
                .collect();
            hosts.sort();
            hosts.dedup();
            hosts.truncate(MOST_SERVERS);
            (!hosts.is_empty()).then_some((zone, hosts))
        });
        let (zone, hosts) = join_all(asks).await.into_iter().flatten().next()?;
        let servers = join_all(hosts.into_iter().map(|host| self.locate(host))).await;
        let servers: Vec<NameServer> = servers.into_iter().flatten().collect();
        (!servers.is_empty()).then_some(ZoneServers { zone, servers })
    }

    /// A name server with its addresses, IPv4 before IPv6. In process, names are enough.
    async fn locate(&self, host: String) -> Option<NameServer> {
        let mut addresses = Vec::new();
        if !self.is_in_process() {
            let asks = ["A", "AAAA"].map(|kind| self.addresses(&host, kind));
            addresses = join_all(asks).await.concat();
            if addresses.is_empty() {
                return None;
            }
        }
        Some(NameServer {
            name: host,
            addresses,
            authoritative: true,
        })
    }

    async fn addresses(&self, host: &str, kind: &str) -> Vec<SocketAddr> {
        let Ok(reply) = self.ask_system(host, kind).await else {
            return Vec::new();
        };
        reply
            .values(kind)
            .filter_map(|text| text.parse::<IpAddr>().ok())
            .map(|ip| SocketAddr::new(ip, 53))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_lies_in_its_parents() {
        let parents = ancestors("Active.API.pay.test.");
        assert_eq!(parents, ["active.api.pay.test", "api.pay.test", "pay.test"]);
        assert_eq!(ancestors("localhost"), [""; 0]);
    }

    #[test]
    fn the_smallest_known_zone_is_taken_until_it_is_doubted() {
        let set = |zone: &str| ZoneServers {
            zone: zone.into(),
            servers: vec![NameServer::named(zone)],
        };
        let now = Timestamp::from_second(1_000_000).unwrap();
        let cached = vec![set("test.org"), set("pay.test.org")];
        let all = Directory::new(Vec::new(), Vec::new(), cached);
        let name = "m.pay.test.org";
        assert_eq!(all.fresh(name, now), None);
        assert_eq!(all.remembered(name, now)[0].name, "pay.test.org");
        assert!(all.fresh(name, now).is_some());
        all.doubt(name);
        assert_eq!(all.fresh(name, now), None);
        all.remember(set("pay.test.org"), now);
        assert_eq!(all.known().len(), 2);
        assert!(all.remembered("elsewhere.net", now).is_empty());
    }
}
