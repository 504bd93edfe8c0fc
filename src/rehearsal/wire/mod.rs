//! The AWS protocols over the world: one function from an HTTP request to an HTTP response.
//!
//! `aws::connector` calls [`open`] in process, `rehearsal::endpoint` serves [`serve`] on a loopback port. Service and
//! region come from the signature's credential scope (else from the host name), the operation from where its
//! protocol puts it. Signatures themselves are not checked: there is nothing to protect.

#[cfg(test)]
mod blocked;
mod cloudformation;
mod cloudwatch;
mod fault;
mod form;
mod page;
mod route;
mod route53;
#[cfg(test)]
mod story;
mod sts;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use winterbaume_core::MockResponse;

use crate::rehearsal::SharedWorld;
use crate::rehearsal::world::{ApiError, Gate, Service};
use route::Call;

/// An HTTP request as a client sent it, its body complete.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What goes back to the client.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl From<MockResponse> for Response {
    fn from(response: MockResponse) -> Self {
        Self {
            status: response.status,
            headers: response.headers,
            body: response.body,
        }
    }
}

/// A request that somebody listens to, with its answer to be awaited.
#[derive(Debug)]
pub struct Exchange(State);

#[derive(Debug)]
enum State {
    Refused(Response),
    Admitted {
        world: SharedWorld,
        call: Box<Call>,
        latency: Duration,
    },
}

/// Reads the request and asks the world whether anybody listens: `None` is a black hole, where a client gets no
/// connection and no answer.
pub fn open(world: &SharedWorld, request: Request) -> Option<Exchange> {
    let call = match route::read(request) {
        Ok(call) => call,
        Err(refusal) => return Some(Exchange(State::Refused(refusal.response()))),
    };
    let gate = world.with(|w| w.gate(call.service, &call.region, &call.operation));
    admit(world, call, gate)
}

fn admit(world: &SharedWorld, call: Call, gate: Gate) -> Option<Exchange> {
    Some(Exchange(match gate {
        Gate::Hang => return None,
        Gate::Fail(error) => State::Refused(fault::response(call.protocol, &error)),
        Gate::Pass { latency } => State::Admitted {
            world: world.clone(),
            call: Box::new(call),
            latency,
        },
    }))
}

impl Exchange {
    /// Waits the time that the call takes in the world, then does what it asks.
    pub async fn answer(self) -> Response {
        match self.0 {
            State::Refused(response) => response,
            State::Admitted {
                world,
                call,
                latency,
            } => {
                if !latency.is_zero() {
                    world.clock().sleep(latency).await;
                }
                dispatch(&world, &call)
            }
        }
    }
}

/// One HTTP request in, one response out; never resolves where the world is a black hole.
pub async fn serve(world: &SharedWorld, request: Request) -> Response {
    match open(world, request) {
        Some(exchange) => exchange.answer().await,
        None => std::future::pending().await,
    }
}

fn dispatch(world: &SharedWorld, call: &Call) -> Response {
    let (answer, id, now) = world.with(|w| {
        let answer = match call.service {
            Service::CloudFormation => cloudformation::answer(w, call),
            Service::CloudWatch => cloudwatch::answer(w, call),
            Service::Route53 => route53::answer(w, call),
            Service::Sts => sts::answer(w, call),
        };
        (answer, w.request_id(), w.now())
    });
    let mut answer = answer.unwrap_or_else(|error| fault::response(call.protocol, &error));
    if let Ok(id) = HeaderValue::try_from(id) {
        answer.headers.insert("x-amzn-requestid", id);
    }
    // a server that answers on a port would state its own time, which is not the world's
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&now);
    if let Some(date) = date.ok().and_then(|d| HeaderValue::try_from(d).ok()) {
        answer.headers.insert(http::header::DATE, date);
    }
    answer
}

/// The time as the XML protocols write it, in milliseconds.
fn iso(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// An operation that this fake does not have.
fn not_implemented(call: &Call) -> ApiError {
    ApiError::new(
        501,
        "NotImplemented",
        format!("the rehearsal does not know {}", call.operation),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{
        Canned, ProvideErrorMetadata, STANDBY, cloudformation, cloudwatch, over, route53, sts,
        world,
    };

    /// The error that a client sees when the world's gate fails its request with these words.
    async fn seen<E: ProvideErrorMetadata>(
        error: ApiError,
        send: impl AsyncFn(Canned) -> E,
    ) -> (Option<String>, Option<String>) {
        let deaf = Canned::deaf();
        send(deaf.clone()).await;
        let call = route::read(deaf.asked()).unwrap();
        let refused = admit(&world(""), call, Gate::Fail(error)).unwrap();
        let failed = send(Canned::new(refused.answer().await)).await;
        let words = |text: Option<&str>| text.map(ToOwned::to_owned);
        (words(failed.code()), words(failed.message()))
    }

    #[tokio::test(start_paused = true)]
    async fn every_protocol_carries_codes_and_words() {
        let cases = [
            (400, "Throttling", "Rate exceeded"),
            (400, "PriorRequestNotComplete", "a <b> & \"c\""),
            (503, "ServiceUnavailable", "é"),
        ];
        for (status, code, words) in cases {
            let error = || ApiError::new(status, code, words);
            let expected = (Some(code.to_owned()), Some(words.to_owned()));
            let query = seen(error(), async |canned: Canned| {
                let client = cloudformation::Client::new(&canned.config());
                client.describe_stacks().send().await.unwrap_err()
            });
            assert_eq!(query.await, expected);
            let cbor = seen(error(), async |canned: Canned| {
                let client = cloudwatch::Client::new(&canned.config());
                client.list_metrics().send().await.unwrap_err()
            });
            assert_eq!(cbor.await, expected);
            let rest = seen(error(), async |canned: Canned| {
                let client = route53::Client::new(&canned.config());
                client.list_health_checks().send().await.unwrap_err()
            });
            assert_eq!(rest.await, expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn errors_of_the_model_arrive_as_themselves() {
        let version = ApiError::new(409, "HealthCheckVersionMismatch", "stale");
        let typed = seen(version, async |canned: Canned| {
            let client = route53::Client::new(&canned.config());
            let sent = client
                .update_health_check()
                .health_check_id("x")
                .send()
                .await;
            let failed = sent.unwrap_err().into_service_error();
            assert!(failed.code().is_none() || failed.is_health_check_version_mismatch());
            failed
        });
        assert_eq!(typed.await.1.as_deref(), Some("stale"));
        let batch = ApiError::new(
            400,
            "InvalidChangeBatch",
            "[Tried to delete what is not there]",
        );
        let typed = seen(batch, async |canned: Canned| {
            let client = route53::Client::new(&canned.config());
            let sent = client
                .change_resource_record_sets()
                .hosted_zone_id("Z1")
                .send()
                .await;
            let failed = sent.unwrap_err().into_service_error();
            assert!(failed.code().is_none() || failed.is_invalid_change_batch());
            failed
        });
        assert!(typed.await.1.unwrap().contains("not there"));
        let gone = ApiError::new(404, "ChangeSetNotFound", "gone");
        let typed = seen(gone, async |canned: Canned| {
            let client = cloudformation::Client::new(&canned.config());
            let sent = client
                .describe_change_set()
                .change_set_name("s")
                .send()
                .await;
            let failed = sent.unwrap_err().into_service_error();
            assert!(failed.code().is_none() || failed.is_change_set_not_found_exception());
            failed
        });
        assert_eq!(typed.await.1.as_deref(), Some("gone"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_black_hole_takes_nothing_and_a_slow_call_takes_its_time() {
        let deaf = Canned::deaf();
        let client = sts::Client::new(&deaf.config());
        assert!(client.get_caller_identity().send().await.is_err());
        let world = world("");
        let call = || route::read(deaf.asked()).unwrap();
        assert!(admit(&world, call(), Gate::Hang).is_none());
        let latency = Duration::from_secs(4);
        let slow = admit(&world, call(), Gate::Pass { latency }).unwrap();
        let before = world.clock().now();
        assert_eq!(slow.answer().await.status, 200);
        assert_eq!(world.clock().now().duration_since(before).as_secs(), 4);
        let client = sts::Client::new(&over(&world, STANDBY));
        client.get_caller_identity().send().await.unwrap();
    }

    /// Signing name, path, target and a sound body.
    const SOUND: [(&str, &str, &str, &str); 7] = [
        (
            "cloudformation",
            "/",
            "",
            "Action=CreateChangeSet&StackName=a&ChangeSetName=b&TemplateBody=%7B%7D&Parameters.member.1.ParameterKey=k",
        ),
        (
            "cloudformation",
            "/",
            "",
            "Action=DescribeStackEvents&StackName=a&NextToken=100",
        ),
        (
            "monitoring",
            "/",
            "",
            "Action=GetMetricData&StartTime=2026-11-20T08:00:00Z&EndTime=1e9&MetricDataQueries.member.1.Id=q",
        ),
        (
            "monitoring",
            "/",
            "G.PutMetricData",
            r#"{"Namespace":"n","MetricData":[{"MetricName":"m","Values":[1],"Counts":[2],"Timestamp":1}]}"#,
        ),
        (
            "monitoring",
            "/service/G/operation/GetMetricData",
            "",
            "\u{1}iStartTime\u{19}\u{3}gEndTime\u{18}kNextTokena0",
        ),
        (
            "route53",
            "/2013-04-01/hostedzone/Z1/rrset",
            "",
            "<ChangeResourceRecordSetsRequest><ChangeBatch><Changes><Change><Action>UPSERT</Action><ResourceRecordSet><Name>a</Name><Type>A</Type><TTL>1</TTL></ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>",
        ),
        (
            "route53",
            "/2013-04-01/healthcheck/h1",
            "",
            "<UpdateHealthCheckRequest><HealthThreshold>2</HealthThreshold><ChildHealthChecks><ChildHealthCheck>a</ChildHealthCheck></ChildHealthChecks></UpdateHealthCheckRequest>",
        ),
    ];

    fn damaged(which: usize, hits: &[(usize, u8)], keep: usize) -> Request {
        let (service, path, target, body) = SOUND[which];
        let mut body = body.as_bytes().to_vec();
        for (at, byte) in hits {
            let at = at % body.len();
            body[at] = *byte;
        }
        body.truncate(keep);
        let mut headers = HeaderMap::new();
        let scope = format!("Credential=K/20261120/us-west-2/{service}/aws4_request, x");
        headers.insert("authorization", scope.parse().unwrap());
        if !target.is_empty() {
            headers.insert("x-amz-target", target.parse().unwrap());
        }
        Request {
            method: Method::POST,
            uri: path.parse().unwrap(),
            headers,
            body: body.into(),
        }
    }

    proptest::proptest! {
        #[test]
        fn damaged_requests_get_an_answer(
            which in 0..SOUND.len(),
            hits in proptest::collection::vec((0..400_usize, proptest::num::u8::ANY), 0..6),
            keep in 0..400_usize,
        ) {
            let world = world("");
            let status = match route::read(damaged(which, &hits, keep)) {
                Ok(call) => dispatch(&world, &call).status,
                Err(refusal) => refusal.response().status,
            };
            proptest::prop_assert!((200..=501).contains(&status), "{}", status);
        }
    }
}
