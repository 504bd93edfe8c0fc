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
