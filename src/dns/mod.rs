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

    /// Asks every server of the name's zone; where none of them has an answer, the system's resolver. Servers
    /// that were given are asked alone: elsewhere the name may mean another world's.
    async fn ask_zone(&self, name: &str, kind: &str) -> Vec<Asked> {
        let servers = self.servers_of(name).await;
        if self.servers.are_given() {
            return self.ask_all(&servers, name, kind).await;
        }
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
            .is_ok_and(|r| matches!(r.code, Code::NoError | Code::NxDomain))
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

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use std::sync::Mutex;

    /// What a server says: nothing at all, a text with or without authority, or a code with authority.
    #[derive(Clone, Copy)]
    enum Says {
        Nothing,
        Text(&'static str, bool),
        Code(Code),
    }

    fn record(name: &str, kind: &str, value: &str) -> Answer {
        Answer {
            name: name.into(),
            kind: kind.into(),
            value: value.into(),
        }
    }

    fn reply(authoritative: bool, answers: Vec<Answer>) -> Reply {
        Reply {
            authoritative,
            code: Code::NoError,
            answers,
        }
    }

    type Log = Arc<Mutex<Vec<String>>>;

    /// A world with the zone `pay.test` on servers `ns1` and `ns2`.
    fn world(ns1: Says, ns2: Says, system: Says) -> (Resolver, Clock, Log) {
        let log = Log::default();
        let asked = Arc::clone(&log);
        let lookup: Lookup = Arc::new(move |server, name, kind| {
            asked
                .lock()
                .unwrap()
                .push(format!("{server} {name} {kind}"));
            let says = match (server.as_str(), kind.as_str()) {
                (SYSTEM, "NS") => {
                    let answers = match (name.as_str(), system) {
                        (_, Says::Nothing) => return Box::pin(std::future::pending()),
                        ("pay.test", _) => ["ns1", "ns2"].map(|s| record(&name, "NS", s)).into(),
                        _ => Vec::new(),
                    };
                    return Box::pin(async { Ok(reply(false, answers)) });
                }
                ("ns1", _) => ns1,
                ("ns2", _) => ns2,
                _ => system,
            };
            Box::pin(async move {
                match says {
                    Says::Nothing => std::future::pending().await,
                    Says::Text(text, authority) => {
                        Ok(reply(authority, vec![record(&name, &kind, text)]))
                    }
                    Says::Code(code) => Ok(Reply {
                        authoritative: true,
                        code,
                        answers: Vec::new(),
                    }),
                }
            })
        });
        let clock = Clock::world(Timestamp::UNIX_EPOCH, 1.0);
        (Resolver::in_process(clock.clone(), lookup), clock, log)
    }

    fn elapsed(clock: &Clock) -> i128 {
        clock
            .now()
            .duration_since(Timestamp::UNIX_EPOCH)
            .as_millis()
    }

    const EAST: Says = Says::Text("us-east-1", true);
    const WEST: Says = Says::Text("us-west-2", true);

    fn summary(answers: &MarkerAnswers) -> Vec<(&str, Result<&str, &str>)> {
        answers
            .servers
            .iter()
            .map(|s| {
                let answer = s.answer.as_deref().map_err(String::as_str);
                (s.server.as_str(), answer)
            })
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn disagreement_is_shown_and_the_servers_are_looked_up_once() {
        let (dns, _, log) = world(EAST, WEST, EAST);
        let seen = dns.marker("Active.api.PAY.test.").await.unwrap();
        assert_eq!(
            summary(&seen),
            [("ns1", Ok("us-east-1")), ("ns2", Ok("us-west-2"))]
        );
        assert!(!seen.via_resolver);
        assert_eq!(dns.known_servers()[0].zone, "pay.test");
        let lookups = |log: &Log| {
            let log = log.lock().unwrap();
            log.iter().filter(|q| q.ends_with(" NS")).count()
        };
        assert_eq!(lookups(&log), 3);
        dns.marker("active.api.pay.test").await.unwrap();
        assert_eq!(lookups(&log), 3);
        assert!(
            !log.lock()
                .unwrap()
                .iter()
                .any(|q| q.starts_with(SYSTEM) && q.ends_with("TXT"))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_server_costs_its_limit_and_no_more() {
        let (dns, clock, _) = world(EAST, Says::Nothing, WEST);
        let seen = dns.marker("active.pay.test").await.unwrap();
        assert_eq!(
            summary(&seen),
            [("ns1", Ok("us-east-1")), ("ns2", Err("no answer"))]
        );
        assert!(elapsed(&clock) < 3_100);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_of_the_zone_falls_back_to_the_resolver_and_says_so() {
        let (dns, clock, _) = world(Says::Nothing, Says::Nothing, WEST);
        let seen = dns.marker("active.pay.test").await.unwrap();
        assert!(seen.via_resolver);
        assert_eq!(seen.servers[2].server, SYSTEM);
        assert_eq!(seen.servers[2].answer.as_deref(), Ok("us-west-2"));
        assert!(!seen.servers[2].authoritative);
        assert!(elapsed(&clock) < 4_600);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_without_authority_counts_only_where_there_is_no_better() {
        let cached = Says::Text("us-west-2", false);
        let (dns, ..) = world(EAST, cached, EAST);
        let seen = dns.marker("active.pay.test").await.unwrap();
        assert_eq!(
            summary(&seen)[1],
            ("ns2", Err("answered without authority"))
        );
        let (dns, ..) = world(cached, cached, EAST);
        let seen = dns.marker("active.pay.test").await.unwrap();
        assert!(seen.via_resolver);
        assert_eq!(seen.agreement("us-west-2"), (2, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_text_that_names_no_region_is_an_error_of_its_server() {
        let (dns, ..) = world(EAST, Says::Text("maintenance", true), EAST);
        let seen = dns.marker("active.pay.test").await.unwrap();
        let wrong = summary(&seen)[1].1.unwrap_err();
        assert!(
            wrong.contains("`maintenance` is not a region name"),
            "{wrong}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn no_answer_at_all_is_a_failed_read() {
        let refused = Says::Code(Code::NxDomain);
        let (dns, ..) = world(refused, refused, EAST);
        let error = dns.marker("active.pay.test").await.unwrap_err();
        assert_eq!(error.kind, FailureKind::NotFound);
        assert_eq!(error.message, "active.pay.test: no such name (ns1)");
        let (dns, clock, _) = world(EAST, EAST, Says::Nothing);
        let error = dns.marker("active.pay.test").await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Unreachable);
        assert!(elapsed(&clock) < 8_000);
    }

    #[tokio::test(start_paused = true)]
    async fn remembered_servers_are_asked_when_nobody_can_tell() {
        let (mut dns, clock, log) = world(EAST, EAST, Says::Nothing);
        let set = ZoneServers {
            zone: "pay.test".into(),
            servers: vec![NameServer::named("ns2")],
        };
        dns.servers = servers::Directory::new(Vec::new(), Vec::new(), vec![set]);
        let seen = dns.marker("active.pay.test").await.unwrap();
        assert_eq!(summary(&seen), [("ns2", Ok("us-east-1"))]);
        assert!(elapsed(&clock) < 2_600);
        log.lock().unwrap().clear();
        dns.marker("active.pay.test").await.unwrap();
        assert_eq!(*log.lock().unwrap(), ["ns2 active.pay.test TXT"]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_service_answers_its_addresses() {
        let (dns, ..) = world(
            Says::Text("192.0.2.7", true),
            Says::Text("192.0.2.1", true),
            EAST,
        );
        let found = dns.service("api.pay.test").await;
        assert_eq!(found.unwrap(), ["192.0.2.1", "192.0.2.7"]);
    }
}
