//! HTTPS GET of both health paths from here: what a client of the system would see.

use std::error::Error;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::Uri;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::clock::Clock;
use crate::domain::observation::EndpointAnswer;
use crate::domain::observed::{FailureKind, ReadError};
use crate::domain::text::clean;

/// How long one probe may take, from name lookup to status line.
const LIMIT: Duration = Duration::from_secs(3);
/// A connection can be used again only after the body was read to its end: this much and this long is tried.
const MOST_BODY: usize = 64 * 1024;
const BODY_LIMIT: Duration = Duration::from_millis(250);
/// Longer than the slowest cadence of probes.
const IDLE: Duration = Duration::from_secs(60);

/// Answers a GET in process: URL → HTTP status.
pub type Fetch = Arc<dyn Fn(String) -> BoxFuture<'static, Result<u16, ReadError>> + Send + Sync>;

type Https = Client<HttpsConnector<HttpConnector>, Empty<bytes::Bytes>>;

/// Probes health paths; connections stay open between probes.
pub struct Probe {
    clock: Clock,
    transport: Transport,
}

enum Transport {
    /// Built by the first probe: reading the root certificates would delay the first frame.
    Network(Box<OnceLock<Result<Https, String>>>),
    InProcess(Fetch),
}

impl Probe {
    /// Probes over the network, trusting the machine's root certificates.
    pub fn network(clock: Clock) -> Self {
        Self {
            clock,
            transport: Transport::Network(Box::default()),
        }
    }

    /// Probes a function: the endpoints of a rehearsal.
    pub const fn in_process(clock: Clock, fetch: Fetch) -> Self {
        Self {
            clock,
            transport: Transport::InProcess(fetch),
        }
    }

    /// Gets the URL within three seconds. Redirects are not followed: Route 53, too, takes them for healthy.
    pub async fn get(&self, url: &str) -> Result<EndpointAnswer, ReadError> {
        let started = self.clock.now();
        let answer = self.clock.timeout(LIMIT, self.fetch(url)).await;
        let took = self.clock.now().duration_since(started);
        let (status, body) =
            answer.map_err(|elapsed| unreachable(format!("{elapsed} from {}", host(url))))??;
        if let Some(body) = body {
            self.drain(body).await;
        }
        Ok(EndpointAnswer {
            status,
            took: Duration::try_from(took).unwrap_or_default(),
        })
    }

    async fn fetch(&self, url: &str) -> Result<(u16, Option<Incoming>), ReadError> {
        let client = match &self.transport {
            Transport::InProcess(fetch) => return Ok((fetch(url.to_owned()).await?, None)),
            Transport::Network(client) => client.get_or_init(client_with_native_roots),
        };
        let client = client.as_ref().map_err(|why| ReadError {
            kind: FailureKind::Invalid,
            message: format!("the root certificates of this machine can't be read: {why}"),
        })?;
        let uri = web_address(url).ok_or_else(|| ReadError {
            kind: FailureKind::Invalid,
            message: format!("`{}` is not a web address", clean(url)),
        })?;
        match client.get(uri).await {
            Ok(response) => Ok((response.status().as_u16(), Some(response.into_body()))),
            Err(error) => Err(ReadError {
                kind: kind(&error),
                message: explain(url, &error),
            }),
        }
    }

    /// Reads the body and forgets it.
    async fn drain(&self, body: Incoming) {
        let reading = Limited::new(body, MOST_BODY).collect();
        if self.clock.timeout(BODY_LIMIT, reading).await.is_err() {
            tracing::debug!("the body of a health path did not end; its connection is closed");
        }
    }
}

fn client_with_native_roots() -> Result<Https, String> {
    let connector = HttpsConnectorBuilder::new()
        .with_native_roots()
        .map_err(|e| clean(&e.to_string()))?
        .https_or_http()
        .enable_http1()
        .build();
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .build(connector))
}

fn web_address(url: &str) -> Option<Uri> {
    let uri: Uri = url.parse().ok()?;
    let good = uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https"));
    good.then_some(uri)
}

fn unreachable(message: String) -> ReadError {
    ReadError {
        kind: FailureKind::Unreachable,
        message,
    }
}

/// A name without an address tells about name servers, not about the region behind the name.
fn kind(error: &(dyn Error + 'static)) -> FailureKind {
    let mut causes = std::iter::successors(Some(error), |e| (*e).source());
    // the connector's error has no public type; its own words are all there is to tell by
    if causes.any(|e| e.to_string() == "dns error") {
        FailureKind::NotFound
    } else {
        FailureKind::Unreachable
    }
}

/// One sentence about a GET that got no status.
fn explain(url: &str, error: &(dyn Error + 'static)) -> String {
    let host = host(url);
    let causes = || std::iter::successors(Some(error), |e| (*e).source());
    let kind = causes().find_map(|e| e.downcast_ref::<io::Error>().map(io::Error::kind));
    match kind {
        Some(io::ErrorKind::ConnectionRefused) => format!("{host} refused the connection"),
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof) => {
            format!("{host} closed the connection")
        }
        _ => {
            let root = causes().last().map(ToString::to_string).unwrap_or_default();
            format!("no answer from {host}: {}", clean(&root))
        }
    }
}

/// The host of the URL, for messages.
fn host(url: &str) -> String {
    let uri = url.parse::<Uri>().ok();
    uri.as_ref()
        .and_then(Uri::host)
        .map_or_else(|| clean(url), clean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    fn in_process(answer: Option<u16>) -> (Probe, Clock) {
        let clock = Clock::world(Timestamp::UNIX_EPOCH, 1.0);
        let fetch: Fetch = Arc::new(move |_url| {
            Box::pin(async move {
                match answer {
                    Some(status) => Ok(status),
                    None => std::future::pending().await,
                }
            })
        });
        (Probe::in_process(clock.clone(), fetch), clock)
    }

    #[tokio::test(start_paused = true)]
    async fn a_black_hole_is_given_up_after_three_seconds() {
        let (probe, clock) = in_process(None);
        let error = probe.get("https://api.pay.test/health").await.unwrap_err();
        assert_eq!(error.message, "no answer in 3 s from api.pay.test");
        assert_eq!(error.kind, FailureKind::Unreachable);
        let passed = clock.now().duration_since(Timestamp::UNIX_EPOCH);
        assert!(passed.as_millis() < 3_050);
        let (probe, _) = in_process(Some(503));
        assert_eq!(probe.get("https://x/").await.unwrap().status, 503);
    }

    #[tokio::test]
    async fn one_connection_serves_many_probes_and_redirects_are_not_followed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/health", listener.local_addr().unwrap());
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 1024];
            for _ in 0..2 {
                let length = stream.read(&mut buffer).await.unwrap();
                assert!(buffer[..length].starts_with(b"GET /health HTTP/1.1\r\n"));
                let answer =
                    b"HTTP/1.1 302 Found\r\nlocation: /other\r\ncontent-length: 2\r\n\r\nok";
                stream.write_all(answer).await.unwrap();
            }
        };
        let probe = Probe::network(Clock::wall());
        let client = async { [probe.get(&url).await, probe.get(&url).await] };
        let (answers, ()) = tokio::join!(client, server);
        for answer in answers {
            assert_eq!(answer.unwrap().status, 302);
        }
    }

    #[tokio::test]
    async fn failures_are_short_sentences() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/health", listener.local_addr().unwrap());
        drop(listener);
        let probe = Probe::network(Clock::wall());
        let error = probe.get(&url).await.unwrap_err();
        assert_eq!(error.message, "127.0.0.1 refused the connection");
        assert_eq!(error.kind, FailureKind::Unreachable);
        // a label of more than 63 letters: refused by every resolver without asking anybody
        let nowhere = format!("http://{}.test/", "x".repeat(64));
        let error = probe.get(&nowhere).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::NotFound, "{error}");
        for bad in ["", "not a url", "ftp://x/", "https://"] {
            let error = probe.get(bad).await.unwrap_err();
            assert_eq!(error.kind, FailureKind::Invalid, "{bad}");
        }
    }
}
