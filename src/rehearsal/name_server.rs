//! The world's name servers on one loopback address (UDP and TCP), for `dig` and for other consoles.
//!
//! It speaks for every zone of the world with authority, refuses what it does not own, and keeps silent where
//! the scenario silences all of a zone's name servers.

use std::net::SocketAddr;
use std::pin::Pin;
use std::str::FromStr as _;
use std::time::Duration;

use hickory_proto::op::{Header, HeaderCounts, Metadata, ResponseCode};
use hickory_proto::rr::rdata::{CNAME, NS, SOA, TXT};
use hickory_proto::rr::{Name, RData, Record};
use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use tokio::net::{TcpListener, UdpSocket};

use crate::rehearsal::SharedWorld;
use crate::rehearsal::world::network::DnsReply;

/// How long a TCP connection may stay idle.
const IDLE: Duration = Duration::from_secs(10);

/// Responses that wait on one TCP connection.
const BACKLOG: usize = 32;

/// Why the name server does not serve.
#[derive(Debug, thiserror::Error)]
pub enum NameServerError {
    #[error("the name server can't listen on {listen}: {source}; choose another port")]
    Listen {
        listen: SocketAddr,
        source: std::io::Error,
    },
    #[error("the name server stopped: {0}")]
    Stopped(String),
}

/// Listens on UDP and TCP; returns the address (the port may have been 0), and the future that serves.
pub async fn serve(
    world: SharedWorld,
    listen: SocketAddr,
) -> Result<
    (
        SocketAddr,
        impl Future<Output = Result<(), NameServerError>>,
    ),
    NameServerError,
> {
    let failed = |source| NameServerError::Listen { listen, source };
    let tcp = TcpListener::bind(listen).await.map_err(failed)?;
    let address = tcp.local_addr().map_err(failed)?;
    let udp = UdpSocket::bind(address).await.map_err(failed)?;
    let mut server = Server::new(Voice { world });
    server.register_socket(udp);
    server.register_listener(tcp, IDLE, BACKLOG);
    let serving = async move {
        let ended = server.block_until_done().await;
        ended.map_err(|e| NameServerError::Stopped(e.to_string()))
    };
    Ok((address, serving))
}

/// Answers from the world.
struct Voice {
    world: SharedWorld,
}

/// What is sent back.
struct Said {
    code: ResponseCode,
    authoritative: bool,
    answers: Vec<Record>,
    /// The zone's SOA where there is no answer, so that resolvers may remember that.
    soa: Vec<Record>,
}

impl Voice {
    /// The reply to a request; `None` keeps silent.
    fn reply(&self, request: &Request) -> Option<Said> {
        let Ok(info) = request.request_info() else {
            return Some(Said::bare(ResponseCode::FormErr));
        };
        let name = info.query.name().to_string();
        let kind = info.query.query_type().to_string();
        let owner = Name::from(info.query.name());
        let (reply, soa) = self.world.with(|world| {
            let reply = world.dns_anywhere(&name, &kind);
            let negative = matches!(reply, DnsReply::NoData | DnsReply::NxDomain);
            let soa = negative.then(|| soa_above(&name, |zone| world.dns_anywhere(zone, "SOA")));
            (reply, soa.flatten())
        });
        match reply {
            DnsReply::Silent => None,
            DnsReply::Refused => Some(Said::bare(ResponseCode::Refused)),
            DnsReply::NoData => Some(Said::nothing(ResponseCode::NoError, soa)),
            DnsReply::NxDomain => Some(Said::nothing(ResponseCode::NXDomain, soa)),
            DnsReply::Answer {
                values, ttl, kind, ..
            } => {
                let data = values.iter().filter_map(|v| data(&kind, v));
                let answers = data
                    .map(|d| Record::from_rdata(owner.clone(), ttl, d))
                    .collect();
                Some(Said {
                    answers,
                    ..Said::nothing(ResponseCode::NoError, None)
                })
            }
        }
    }
}

impl Said {
    const fn bare(code: ResponseCode) -> Self {
        Self {
            code,
            authoritative: false,
            answers: Vec::new(),
            soa: Vec::new(),
        }
    }

    fn nothing(code: ResponseCode, soa: Option<Record>) -> Self {
        Self {
            authoritative: true,
            soa: soa.into_iter().collect(),
            ..Self::bare(code)
        }
    }
}

/// The SOA record of the zone that a name lies in.
fn soa_above(name: &str, mut ask: impl FnMut(&str) -> DnsReply) -> Option<Record> {
    let mut zone = name;
    loop {
        if let DnsReply::Answer {
            values, ttl, kind, ..
        } = ask(zone)
            && kind == "SOA"
        {
            let owner = Name::from_str(zone).ok()?;
            return Some(Record::from_rdata(
                owner,
                ttl,
                data(&kind, values.first()?)?,
            ));
        }
        zone = zone
            .split_once('.')
            .map(|(_, rest)| rest)
            .filter(|rest| !rest.is_empty())?;
    }
}

/// A value in the form in which it is sent; kinds that no bundle uses are not.
fn data(kind: &str, value: &str) -> Option<RData> {
    match kind {
        "A" => value.parse().ok().map(RData::A),
        "AAAA" => value.parse().ok().map(RData::AAAA),
        "CNAME" => Name::from_str(value).ok().map(|n| RData::CNAME(CNAME(n))),
        "NS" => Name::from_str(value).ok().map(|n| RData::NS(NS(n))),
        "TXT" => Some(RData::TXT(TXT::new(strings(value)))),
        "SOA" => soa(value).map(RData::SOA),
        _ => None,
    }
}

/// The character strings of a TXT value: `"a" "b"`, or bare text.
fn strings(value: &str) -> Vec<String> {
    if !value.contains('"') {
        return vec![value.to_owned()];
    }
    let (mut out, mut inside, mut escaped) = (Vec::new(), None::<String>, false);
    for c in value.chars() {
        match (&mut inside, c) {
            (Some(text), c) if escaped => {
                text.push(c);
                escaped = false;
            }
            (Some(_), '\\') => escaped = true,
            (Some(_), '"') => out.extend(inside.take()),
            (Some(text), c) => text.push(c),
            (None, '"') => inside = Some(String::new()),
            (None, _) => {}
        }
    }
    out
}

fn soa(value: &str) -> Option<SOA> {
    let mut fields = value.split_whitespace();
    let mut name = || Name::from_str(fields.next()?).ok();
    let (master, mail) = (name()?, name()?);
    let serial = fields.next()?.parse().ok()?;
    let mut number = || fields.next()?.parse::<i32>().ok();
    let (refresh, retry, expire) = (number()?, number()?, number()?);
    Some(SOA::new(
        master,
        mail,
        serial,
        refresh,
        retry,
        expire,
        fields.next()?.parse().ok()?,
    ))
}

impl RequestHandler for Voice {
    fn handle_request<'life0, 'life1, 'async_trait, R, T>(
        &'life0 self,
        request: &'life1 Request,
        mut response_handle: R,
    ) -> Pin<Box<dyn Future<Output = ResponseInfo> + Send + 'async_trait>>
    where
        R: ResponseHandler + 'async_trait,
        T: Time + 'async_trait,
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let mut metadata = Metadata::response_from_request(&request.metadata);
            if let Some(said) = self.reply(request) {
                metadata.response_code = said.code;
                metadata.authoritative = said.authoritative;
                let builder = MessageResponseBuilder::from_message_request(request);
                let response = builder.build(metadata, &said.answers, [], &said.soa, []);
                if let Ok(info) = response_handle.send_response(response).await {
                    return info;
                }
            }
            ResponseInfo::from(Header {
                metadata,
                counts: HeaderCounts::default(),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::rehearsal::faults::{Fault, TimedFault};
    use crate::rehearsal::scenario::Scenario;
    use crate::rehearsal::world::{Setup, World};
    use hickory_proto::op::{Message, MessageType, OpCode, Query};
    use hickory_proto::rr::RecordType;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    fn world(faults: Vec<TimedFault>) -> SharedWorld {
        let mut choices = crate::bundle::Choices::of_suffix("demo");
        choices
            .parameters
            .insert("domainName".into(), "pay.rehearsal.test".into());
        let bundle = crate::bundle::find(None, "payment-standby").unwrap();
        let epoch = "2026-11-20T09:00:00Z".parse().unwrap();
        let setup = Setup {
            environment: bundle.environment(choices).unwrap(),
            scenario: Scenario {
                faults,
                ..Scenario::shipped("steady").unwrap()
            },
            seed: 1,
            epoch,
        };
        SharedWorld::new(World::new(setup).unwrap(), Clock::world(epoch, 1.0))
    }

    fn question(name: &str, kind: RecordType) -> Vec<u8> {
        let mut message = Message::new(7, MessageType::Query, OpCode::Query);
        message.add_query(Query::query(Name::from_str(name).unwrap(), kind));
        message.to_vec().unwrap()
    }

    async fn ask(address: SocketAddr, name: &str, kind: RecordType) -> Option<Message> {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket
            .send_to(&question(name, kind), address)
            .await
            .unwrap();
        let mut buffer = [0; 2048];
        let heard = tokio::time::timeout(Duration::from_millis(300), socket.recv(&mut buffer));
        let length = heard.await.ok()?.unwrap();
        Some(Message::from_vec(&buffer[..length]).unwrap())
    }

    fn codes(message: &Message) -> (ResponseCode, bool, usize) {
        let metadata = &message.metadata;
        (
            metadata.response_code,
            metadata.authoritative,
            message.answers.len(),
        )
    }

    #[tokio::test]
    async fn it_answers_with_authority_and_refuses_the_rest() {
        let (address, serving) = serve(world(Vec::new()), "127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let asking = async {
            let marker = ask(
                address,
                "Active-Region.pay.rehearsal.test.",
                RecordType::TXT,
            )
            .await
            .unwrap();
            assert_eq!(codes(&marker), (ResponseCode::NoError, true, 1));
            assert!(
                marker.answers[0].to_string().contains("us-east-1"),
                "{}",
                marker.answers[0]
            );
            let service = ask(address, "api.pay.rehearsal.test.", RecordType::A)
                .await
                .unwrap();
            assert_eq!(service.answers[0].record_type(), RecordType::CNAME);
            for (kind, count) in [(RecordType::NS, 4), (RecordType::SOA, 1)] {
                let apex = ask(address, "pay.rehearsal.test.", kind).await.unwrap();
                assert_eq!(codes(&apex), (ResponseCode::NoError, true, count));
            }
            let nobody = ask(address, "nobody.pay.rehearsal.test.", RecordType::A)
                .await
                .unwrap();
            assert_eq!(codes(&nobody), (ResponseCode::NXDomain, true, 0));
            assert_eq!(nobody.authorities.len(), 1);
            let foreign = ask(address, "example.org.", RecordType::A).await.unwrap();
            assert_eq!(codes(&foreign), (ResponseCode::Refused, false, 0));
            let mut tcp = tokio::net::TcpStream::connect(address).await.unwrap();
            let body = question("active-region.pay.rehearsal.test.", RecordType::TXT);
            tcp.write_u16(u16::try_from(body.len()).unwrap())
                .await
                .unwrap();
            tcp.write_all(&body).await.unwrap();
            let mut reply = vec![0; usize::from(tcp.read_u16().await.unwrap())];
            tcp.read_exact(&mut reply).await.unwrap();
            assert_eq!(Message::from_vec(&reply).unwrap().answers.len(), 1);
        };
        tokio::select! {
            () = asking => {}
            ended = serving => panic!("stopped: {ended:?}"),
        }
    }

    #[tokio::test]
    async fn silenced_it_keeps_silent() {
        let silence = TimedFault {
            at: 0,
            until: None,
            fault: Fault::NameServersSilent { servers: 4 },
        };
        let (address, serving) = serve(world(vec![silence]), "127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        tokio::select! {
            heard = ask(address, "active-region.pay.rehearsal.test.", RecordType::TXT) => assert!(heard.is_none()),
            ended = serving => panic!("stopped: {ended:?}"),
        }
    }

    #[test]
    fn txt_values_are_taken_apart() {
        assert_eq!(strings("\"a b\" \"c\\\"d\""), ["a b", "c\"d"]);
        assert_eq!(strings("bare"), ["bare"]);
    }
}
