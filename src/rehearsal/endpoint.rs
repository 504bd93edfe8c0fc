//! The world's AWS on a loopback port, for the AWS CLI, boto3 or a second console.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::rehearsal::SharedWorld;
use crate::rehearsal::wire;

/// The largest request body: twice what the AWS APIs of the rehearsal take.
const BODY_LIMIT: usize = 2 * 1024 * 1024;
/// More than a console and a few tools ever open; further ones wait in the listener's queue.
const CONNECTION_LIMIT: usize = 128;
/// How long a client may take to send its request's head (wall time: it guards a real socket).
const HEAD_LIMIT: Duration = Duration::from_secs(30);

/// A port that is open; nothing is answered before [`Listening::run`].
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    address: SocketAddr,
    world: SharedWorld,
}

/// Opens the port. Port 0 lets the system choose one, see [`Listening::address`].
///
/// Addresses that other machines could reach are refused: the world checks no signatures.
pub async fn serve(world: SharedWorld, listen: SocketAddr) -> io::Result<Listening> {
    if !listen.ip().is_loopback() {
        let message = format!(
            "{listen} can be reached from other machines: the rehearsal listens on loopback addresses only, for example 127.0.0.1:{}",
            listen.port()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    Ok(Listening {
        listener,
        address,
        world,
    })
}

impl Listening {
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until it is dropped, and its connections with it.
    pub async fn run(self) -> Infallible {
        let mut connections = JoinSet::new();
        loop {
            while connections.len() >= CONNECTION_LIMIT {
                connections.join_next().await;
            }
            tokio::select! {
                // collects the finished ones, so that the set does not grow; a panic ends its connection only
                Some(_ended) = connections.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _peer)) => {
                        connections.spawn(connection(stream, self.world.clone()));
                    }
                    Err(cause) => {
                        tracing::warn!(%cause, "the rehearsal's endpoint could not take a connection");
                        // out of file handles, most likely: do not spin
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                },
            }
        }
    }
}

async fn connection(stream: TcpStream, world: SharedWorld) {
    let service = service_fn(|request| {
        let world = world.clone();
        async move { Ok::<_, Infallible>(answer(&world, request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(cause) = served {
        tracing::debug!(%cause, "a connection to the rehearsal's endpoint broke");
    }
}

async fn answer(
    world: &SharedWorld,
    request: http::Request<Incoming>,
) -> http::Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(cause) => return refused(&cause.to_string()),
    };
    let request = wire::Request {
        method: parts.method,
        uri: parts.uri,
        headers: parts.headers,
        body,
    };
    let response = wire::serve(world, request).await;
    built(response.status, response.headers, response.body)
}

/// A body that is too long or broke off; no protocol is known yet.
fn refused(cause: &str) -> http::Response<Full<Bytes>> {
    let text = format!("the request body can't be taken (at most {BODY_LIMIT} bytes): {cause}\n");
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    built(StatusCode::PAYLOAD_TOO_LARGE.as_u16(), headers, text.into())
}

fn built(status: u16, headers: HeaderMap, body: Bytes) -> http::Response<Full<Bytes>> {
    let mut response = http::Response::new(Full::new(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::aws::testing::{STANDBY, cloudwatch, over_socket, sts, world};

    async fn open() -> Listening {
        serve(world(""), SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .unwrap()
    }

    /// Does something against a running endpoint.
    async fn against<T>(work: impl AsyncFnOnce(SocketAddr) -> T) -> T {
        let listening = open().await;
        let address = listening.address();
        tokio::select! {
            never = listening.run() => match never {},
            done = work(address) => done,
        }
    }

    /// The whole answer to these bytes.
    async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test]
    async fn the_sdk_works_over_the_socket() {
        against(async |address| {
            let config = over_socket(address, STANDBY);
            let caller = sts::Client::new(&config).get_caller_identity().send().await;
            assert_eq!(caller.unwrap().account().unwrap().len(), 12);
            let alarms = cloudwatch::Client::new(&config)
                .describe_alarms()
                .send()
                .await;
            assert!(alarms.unwrap().metric_alarms().is_empty());
        })
        .await;
    }

    #[tokio::test]
    async fn garbage_ends_its_own_connection_only() {
        against(async |address| {
            let garbage: [&[u8]; 4] = [
                b"\x16\x03\x01\x02\x00\x01\x00",
                b"GET\r\n\r\n",
                b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc",
                b"",
            ];
            for bytes in garbage {
                let answer = raw(address, bytes).await;
                assert!(
                    answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
                    "{answer}"
                );
            }
            let answer = raw(address, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
            assert!(answer.contains("MissingAuthenticationToken"), "{answer}");
        })
        .await;
    }

    #[tokio::test]
    async fn a_body_too_long_is_refused() {
        against(async |address| {
            let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n";
            let mut bytes = head.as_bytes().to_vec();
            bytes.resize(head.len() + BODY_LIMIT + 1024, b'a');
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(&bytes).await.unwrap();
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"HTTP/1.1 413");
        })
        .await;
    }

    #[tokio::test]
    async fn only_loopback_is_served() {
        let open = serve(world(""), SocketAddr::from(([0, 0, 0, 0], 0))).await;
        let refused = open.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
        assert!(refused.to_string().contains("loopback"), "{refused}");
        let taken = self::open().await;
        let again = serve(world(""), taken.address()).await;
        assert_eq!(again.unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }

    #[tokio::test]
    #[ignore = "serves until it is stopped: for trying AWS CLI and boto3 by hand"]
    async fn tools_can_be_tried() {
        let address = SocketAddr::from(([127, 0, 0, 1], 4650));
        match serve(world(""), address).await.unwrap().run().await {}
    }
}
