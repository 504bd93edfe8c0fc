//! Asks name servers where the marker and the service record point: the read-back that needs no AWS API.
//!
//! ```text
//! marker, service ──► servers: who serves the zone (found by DNS, remembered, or given)
//!        │
//!        └──► exchange: one question to one server (UDP, again, TCP)  or  a rehearsal's function
//! ```
//!
//! The zone's own servers are asked, because only they know what is true now; a resolver may answer from its
//! cache for a whole TTL, and such an answer says so.

mod exchange;
mod reply;
mod servers;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, join_all, select};

use crate::clock::Clock;
use crate::domain::observation::{MarkerAnswers, ServerAnswer};
use crate::domain::observed::{FailureKind, ReadError};
use crate::domain::region::RegionId;

pub use reply::{Answer, Code, DnsError, Reply};
pub use servers::{NameServer, ZoneServers};

/// How long one server has for one question, all attempts together.
const ASK_LIMIT: Duration = Duration::from_secs(3);
/// When the zone's servers are silent for this long, the system's resolver is asked as well.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Answers one question in process: server, name, kind (`TXT`, `NS`, `A`, `AAAA`).
///
/// The server is a name server's host name as the `NS` answer gives it (without the final dot), or
/// [`SYSTEM`].
pub type Lookup = Arc<
    dyn Fn(String, String, String) -> BoxFuture<'static, Result<Reply, DnsError>> + Send + Sync,
>;

/// The name under which the system's resolver is asked and shown.
pub const SYSTEM: &str = "system resolver";

/// What carries the questions.
#[derive(Clone)]
enum Transport {
    Network,
    InProcess(Lookup),
}

/// Asks name servers.
pub struct Resolver {
    clock: Clock,
    transport: Transport,
    servers: servers::Directory,
}

impl Resolver {
    /// Asks over the network. `name_servers` replace the zone's own servers; `cached` is what an earlier run
    /// knew of zones ([`Resolver::known_servers`]), for when nobody can tell.
    pub fn system(clock: Clock, name_servers: Vec<SocketAddr>, cached: Vec<ZoneServers>) -> Self {
        let system = exchange::system_servers();
        Self {
            clock,
            transport: Transport::Network,
            servers: servers::Directory::new(name_servers, system, cached),
        }
    }

    /// Asks a function: the whole DNS of a rehearsal.
    pub fn in_process(clock: Clock, lookup: Lookup) -> Self {
        Self {
            clock,
            transport: Transport::InProcess(lookup),
            servers: servers::Directory::new(Vec::new(), Vec::new(), Vec::new()),
        }
    }

    const fn is_in_process(&self) -> bool {
        matches!(self.transport, Transport::InProcess(_))
    }

    /// The zones' servers found so far, to be kept for the next start.
    pub fn known_servers(&self) -> Vec<ZoneServers> {
        self.servers.known()
    }

    /// Which region each of the zone's servers names.
    pub async fn marker(&self, marker_name: &str) -> Result<MarkerAnswers, ReadError> {
        let replies = self.ask_zone(marker_name, "TXT").await;
        let answers: Vec<ServerAnswer> = replies.iter().map(marker_answer).collect();
        let servers = without_impostors(answers);
        if servers.iter().any(|s| s.answer.is_ok()) {
            let via_resolver = !servers.iter().any(|s| s.authoritative && s.answer.is_ok());
            return Ok(MarkerAnswers {
                servers,
                via_resolver,
            });
        }
        Err(no_answer(marker_name, &replies, &servers))
    }

    /// What the record answers: addresses, or the name that it is an alias of; sorted.
    pub async fn service(&self, name: &str) -> Result<Vec<String>, ReadError> {
        let replies = self.ask_zone(name, "A").await;
        let mut values: Vec<String> = replies
            .iter()
            .filter_map(|(_, reply)| reply.as_ref().ok())
            .flat_map(first_hop)
            .collect();
        values.sort();
        values.dedup();
        if values.is_empty() {
            let answers: Vec<_> = replies.iter().map(marker_answer).collect();
            return Err(no_answer(name, &replies, &answers));
        }
        Ok(values)
    }

    /// Asks every server of the name's zone; where none of them has an answer, the system's resolver.
    async fn ask_zone(&self, name: &str, kind: &str) -> Vec<Asked> {
        let servers = self.servers_of(name).await;
        let own = Box::pin(self.ask_all(&servers, name, kind));
        let backup = Box::pin(async {
            self.clock.sleep(PATIENCE).await;
            self.ask_system(name, kind).await
        });
        let (own, backup) = match select(own, backup).await {
            Either::Left((own, _)) if is_usable(&own) => (own, None),
            Either::Left((own, _)) => (own, Some(self.ask_system(name, kind).await)),
            Either::Right((backup, own)) => (own.await, Some(backup)),
        };
        if is_usable(&own) {
            return own;
        }
        self.servers.doubt(name);
        let backup = backup.map(|reply| (SYSTEM.to_owned(), reply));
        own.into_iter().chain(backup).collect()
    }

    async fn ask_all(&self, servers: &[NameServer], name: &str, kind: &str) -> Vec<Asked> {
        join_all(servers.iter().map(|server| async {
            let reply = self.ask(server, name, kind).await;
            (server.name.clone(), reply)
        }))
        .await
    }

    /// Asks one server, within [`ASK_LIMIT`].
    async fn ask(&self, server: &NameServer, name: &str, kind: &str) -> Result<Reply, DnsError> {
        let asking: BoxFuture<'_, _> = match &self.transport {
            Transport::Network => Box::pin(exchange::ask(&self.clock, server, name, kind)),
            Transport::InProcess(lookup) => {
                lookup(server.name.clone(), name.to_owned(), kind.to_owned())
            }
        };
        self.clock
            .timeout(ASK_LIMIT, asking)
            .await
            .map_err(|_elapsed| DnsError::Silent)?
    }

    /// Asks the system's resolver, by whichever of its servers answers first.
    async fn ask_system(&self, name: &str, kind: &str) -> Result<Reply, DnsError> {
        let servers = match &self.transport {
            Transport::Network => self.servers.system(),
            Transport::InProcess(_) => vec![NameServer::named(SYSTEM)],
        };
        if servers.is_empty() {
            return Err(DnsError::NoResolver);
        }
        let asks = servers
            .iter()
            .map(|server| Box::pin(self.ask(server, name, kind)));
        let (mut reply, _) = futures_util::future::select_ok(asks).await?;
        // Whatever its flags say, nobody can tell how old it is.
        reply.authoritative = false;
        Ok(reply)
    }
}

/// A server and what came of asking it.
type Asked = (String, Result<Reply, DnsError>);

/// Whether any server has spoken for the zone, or at least answered.
fn is_usable(asked: &[Asked]) -> bool {
    asked.iter().any(|(_, reply)| match reply {
        Ok(reply) => reply.authoritative || !reply.answers.is_empty(),
        Err(_) => false,
    })
}

/// Where answers with authority exist, one without is somebody else's.
fn without_impostors(mut answers: Vec<ServerAnswer>) -> Vec<ServerAnswer> {
    if answers.iter().any(|a| a.authoritative && a.answer.is_ok()) {
        for answer in answers.iter_mut().filter(|a| !a.authoritative) {
            if answer.answer.is_ok() {
                answer.answer = Err("answered without authority".into());
            }
        }
    }
    answers
}

fn marker_answer((server, reply): &Asked) -> ServerAnswer {
    let answer = match reply {
        Ok(reply) => region_in(reply),
        Err(error) => Err(error.to_string()),
    };
    ServerAnswer {
        server: server.clone(),
        answer,
        authoritative: reply.as_ref().is_ok_and(|r| r.authoritative),
    }
}

/// The region that a TXT answer names: one text, and a plausible name.
fn region_in(reply: &Reply) -> Result<String, String> {
    let mut texts: Vec<&str> = reply.values("TXT").collect();
    texts.sort_unstable();
    texts.dedup();
    match (reply.code, texts.as_slice()) {
        (Code::NoError, [text]) => match RegionId::parse(text) {
            Ok(region) => Ok(region.to_string()),
            Err(error) => Err(error.to_string()),
        },
        (Code::NoError, []) => Err("no TXT record of this name".into()),
        (Code::NoError, several) => Err(format!("{} different texts", several.len())),
        (code, _) => Err(code.to_string()),
    }
}

/// The alias target if the answer begins with an alias, else the addresses.
fn first_hop(reply: &Reply) -> Vec<String> {
    let alias = reply.values("CNAME").next().map(str::to_owned);
    match alias {
        Some(alias) => vec![alias],
        None => reply.values("A").map(str::to_owned).collect(),
    }
}

/// Why there is no answer: a clear "no" from a server with authority, or silence.
fn no_answer(name: &str, replies: &[Asked], answers: &[ServerAnswer]) -> ReadError {
    let denied = replies.iter().any(|(_, reply)| {
        reply
            .as_ref()
            .is_ok_and(|r| r.authoritative && matches!(r.code, Code::NoError | Code::NxDomain))
    });
    let spoken = |kind, message| ReadError { kind, message };
    let first = answers
        .iter()
        .find(|a| a.authoritative)
        .or_else(|| answers.last())
        .and_then(|a| Some((a.server.as_str(), a.answer.as_ref().err()?)));
    match first {
        Some((server, why)) if denied => {
            spoken(FailureKind::NotFound, format!("{name}: {why} ({server})"))
        }
        Some((server, why)) => spoken(
            FailureKind::Unreachable,
            format!("no name server answers for {name}: {why} ({server})"),
        ),
        None => spoken(
            FailureKind::Unreachable,
            format!("no name server to ask for {name}"),
        ),
    }
}
