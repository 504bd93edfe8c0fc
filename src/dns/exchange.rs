//! One question to one name server over the network: UDP, once more, and TCP.
//!
//! Every attempt has a port and an id of its own, and only a reply that comes from the asked address, carries
//! the id and repeats the question counts.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr as _;
use std::time::Duration;

use futures_util::future::select_ok;
use hickory_proto::op::{Message, MessageType, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

use crate::clock::Clock;
use crate::dns::reply::{Answer, Code, DnsError, Reply};
use crate::dns::servers::NameServer;
use crate::domain::text::clean;

/// How long an attempt waits, UDP or TCP.
const ATTEMPT: Duration = Duration::from_millis(1500);

/// The servers of the system's resolver.
pub(super) fn system_servers() -> Vec<SocketAddr> {
    let Ok((config, _)) = hickory_resolver::system_conf::read_system_conf() else {
        return Vec::new();
    };
    let mut servers: Vec<SocketAddr> = config
        .name_servers
        .iter()
        .map(|server| {
            let port = server.connections.first().map_or(53, |c| c.port);
            SocketAddr::new(server.ip, port)
        })
        .collect();
    servers.dedup();
    servers
}

/// Asks the server at the first of its addresses that can be reached from here.
pub(super) async fn ask(
    clock: &Clock,
    server: &NameServer,
    name: &str,
    kind: &str,
) -> Result<Reply, DnsError> {
    let query = query(name, kind)?;
    let mut last = DnsError::Unreachable("no address".into());
    for address in &server.addresses {
        let asked = Asked {
            clock,
            address: *address,
            query: &query,
            recursion: !server.authoritative,
        };
        match asked.answer().await {
            Err(DnsError::Unreachable(why)) => last = DnsError::Unreachable(why),
            other => return other,
        }
    }
    Err(last)
}

fn query(name: &str, kind: &str) -> Result<Query, DnsError> {
    let bad = || DnsError::BadName(clean(name));
    let mut absolute = Name::from_ascii(name).map_err(|_malformed| bad())?;
    absolute.set_fqdn(true);
    let kind = RecordType::from_str(kind).map_err(|_unknown| bad())?;
    Ok(Query::query(absolute, kind))
}

/// A question on its way to one address.
struct Asked<'a> {
    clock: &'a Clock,
    address: SocketAddr,
    query: &'a Query,
    recursion: bool,
}

impl Asked<'_> {
    async fn answer(&self) -> Result<Reply, DnsError> {
        let first = match self.limited(self.over_udp()).await {
            Err(_) => {
                let again: [futures_util::future::BoxFuture<'_, _>; 2] = [
                    Box::pin(self.limited(self.over_udp())),
                    Box::pin(self.limited(self.over_tcp())),
                ];
                select_ok(again).await?.0
            }
            Ok(first) => first,
        };
        if first.metadata.truncation {
            return self.limited(self.over_tcp()).await.map(|m| reply(&m));
        }
        Ok(reply(&first))
    }

    async fn limited(
        &self,
        attempt: impl Future<Output = io::Result<Message>>,
    ) -> Result<Message, DnsError> {
        match self.clock.timeout(ATTEMPT, attempt).await {
            Ok(Ok(message)) => Ok(message),
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                Err(DnsError::Malformed)
            }
            Ok(Err(error)) => Err(DnsError::Unreachable(clean(&error.to_string()))),
            Err(_elapsed) => Err(DnsError::Silent),
        }
    }

    fn message(&self) -> Message {
        let mut message = Message::query();
        message.metadata.recursion_desired = self.recursion;
        message.add_query(self.query.clone());
        message
    }

    async fn over_udp(&self) -> io::Result<Message> {
        let any: IpAddr = match self.address {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0)).await?;
        socket.connect(self.address).await?;
        let message = self.message();
        socket.send(&encode(&message)?).await?;
        let mut buffer = vec![0; 4096];
        loop {
            let length = socket.recv(&mut buffer).await?;
            let answer = Message::from_vec(buffer.get(..length).unwrap_or_default());
            // Anything that does not fit may be forged: the true answer may still come.
            if let Ok(answer) = answer
                && self.fits(&message, &answer)
            {
                return Ok(answer);
            }
        }
    }

    async fn over_tcp(&self) -> io::Result<Message> {
        let mut stream = TcpStream::connect(self.address).await?;
        let message = self.message();
        let bytes = encode(&message)?;
        let length = u16::try_from(bytes.len()).map_err(invalid)?;
        stream.write_all(&length.to_be_bytes()).await?;
        stream.write_all(&bytes).await?;
        let length = stream.read_u16().await?;
        let mut buffer = vec![0; usize::from(length)];
        stream.read_exact(&mut buffer).await?;
        let answer = Message::from_vec(&buffer).map_err(invalid)?;
        if self.fits(&message, &answer) {
            Ok(answer)
        } else {
            Err(io::ErrorKind::InvalidData.into())
        }
    }

    fn fits(&self, asked: &Message, answer: &Message) -> bool {
        answer.metadata.id == asked.metadata.id
            && answer.metadata.message_type == MessageType::Response
            && answer.queries.as_slice() == std::slice::from_ref(self.query)
    }
}

fn encode(message: &Message) -> io::Result<Vec<u8>> {
    message.to_vec().map_err(invalid)
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

fn reply(message: &Message) -> Reply {
    Reply {
        authoritative: message.metadata.authoritative,
        code: match message.metadata.response_code {
            ResponseCode::NoError => Code::NoError,
            ResponseCode::NXDomain => Code::NxDomain,
            ResponseCode::ServFail => Code::ServFail,
            ResponseCode::Refused => Code::Refused,
            other => Code::Other(other.into()),
        },
        answers: message.answers.iter().filter_map(answer).collect(),
    }
}

fn answer(record: &Record) -> Option<Answer> {
    let value = match &record.data {
        RData::TXT(txt) => {
            let bytes: Vec<u8> = txt
                .txt_data
                .iter()
                .flat_map(|part| part.iter().copied())
                .collect();
            clean(&String::from_utf8_lossy(&bytes))
        }
        RData::NS(name) => host(&name.0),
        RData::CNAME(name) => host(&name.0),
        RData::A(address) => address.0.to_string(),
        RData::AAAA(address) => address.0.to_string(),
        _ => return None,
    };
    Some(Answer {
        name: host(&record.name),
        kind: record.record_type().to_string(),
        value,
    })
}

/// A name in lower case without its final dot.
fn host(name: &Name) -> String {
    let text = clean(&name.to_ascii().to_ascii_lowercase());
    text.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_proto::rr::rdata::TXT;
    use tokio::net::TcpListener;

    const NAME: &str = "active.pay.test";

    fn answer_to(question: &[u8], says: &str) -> Message {
        let asked = Message::from_vec(question).unwrap();
        let mut answer = Message::response(asked.metadata.id, asked.metadata.op_code);
        answer.metadata.authoritative = !asked.metadata.recursion_desired;
        let query = asked.queries[0].clone();
        let data = RData::TXT(TXT::new(vec![says.into()]));
        answer.add_answer(Record::from_rdata(query.name.clone(), 10, data));
        answer.add_query(query);
        answer
    }

    /// Answers one UDP question with these messages, then (if asked) one over TCP.
    async fn serve(
        udp: UdpSocket,
        answers: impl Fn(&[u8]) -> Vec<Message>,
        tcp: Option<TcpListener>,
    ) {
        let mut buffer = [0; 512];
        let (length, from) = udp.recv_from(&mut buffer).await.unwrap();
        for answer in answers(&buffer[..length]) {
            udp.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
        }
        if let Some(tcp) = tcp {
            let (mut stream, _) = tcp.accept().await.unwrap();
            let length = stream.read_u16().await.unwrap();
            let mut question = vec![0; usize::from(length)];
            stream.read_exact(&mut question).await.unwrap();
            let bytes = answer_to(&question, "us-west-2").to_vec().unwrap();
            stream
                .write_u16(u16::try_from(bytes.len()).unwrap())
                .await
                .unwrap();
            stream.write_all(&bytes).await.unwrap();
        }
    }

    async fn socket() -> (UdpSocket, NameServer) {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mut server = NameServer::at(udp.local_addr().unwrap());
        server.authoritative = true;
        (udp, server)
    }

    #[tokio::test]
    async fn only_a_reply_that_fits_the_question_counts() {
        let (udp, server) = socket().await;
        let answers = |question: &[u8]| {
            let true_one = answer_to(question, "us-east-1");
            let mut wrong_id = answer_to(question, "forged-id-1");
            wrong_id.metadata.id = wrong_id.metadata.id.wrapping_add(1);
            let mut wrong_name = answer_to(question, "forged-name-1");
            wrong_name.queries[0].name = Name::from_ascii("other.test.").unwrap();
            let mut no_response = answer_to(question, "forged-kind-1");
            no_response.metadata.message_type = MessageType::Query;
            vec![wrong_id, wrong_name, no_response, true_one]
        };
        let clock = Clock::wall();
        let (reply, ()) =
            tokio::join!(ask(&clock, &server, NAME, "TXT"), serve(udp, answers, None));
        let reply = reply.unwrap();
        assert!(reply.authoritative);
        assert_eq!(reply.values("TXT").collect::<Vec<_>>(), ["us-east-1"]);
        assert_eq!(reply.answers[0].name, NAME);
    }

    #[tokio::test]
    async fn a_truncated_answer_is_asked_for_over_tcp() {
        let (udp, server) = socket().await;
        let tcp = TcpListener::bind(server.addresses[0]).await.unwrap();
        let answers = |question: &[u8]| {
            let mut cut = answer_to(question, "us-ea");
            cut.metadata.truncation = true;
            vec![cut]
        };
        let clock = Clock::wall();
        let (reply, ()) = tokio::join!(
            ask(&clock, &server, NAME, "TXT"),
            serve(udp, answers, Some(tcp))
        );
        let reply = reply.unwrap();
        assert_eq!(reply.values("TXT").collect::<Vec<_>>(), ["us-west-2"]);
    }

    #[tokio::test]
    async fn a_closed_port_and_a_bad_name_are_errors() {
        let (udp, server) = socket().await;
        drop(udp);
        let clock = Clock::wall();
        let closed = ask(&clock, &server, NAME, "TXT").await;
        assert!(
            matches!(closed, Err(DnsError::Unreachable(_))),
            "{closed:?}"
        );
        let long = "a".repeat(70);
        let bad = ask(&clock, &server, &long, "TXT").await;
        assert_eq!(bad, Err(DnsError::BadName(long)));
    }
}
