//! The AWS protocols over the world: one function from an HTTP request to an HTTP response.
//!
//! `aws::connector` calls [`open`] in process, `rehearsal::endpoint` serves [`serve`] on a loopback port. Service and
//! region come from the signature's credential scope (else from the host name), the operation from where its
//! protocol puts it. Signatures themselves are not checked: there is nothing to protect.

mod cloudformation;
mod cloudwatch;
mod fault;
mod form;
mod page;
mod route;
mod route53;
mod sts;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
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
        gate: Gate,
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
    if matches!(gate, Gate::Hang) {
        return None;
    }
    Some(Exchange(State::Admitted {
        world: world.clone(),
        call: Box::new(call),
        gate,
    }))
}

impl Exchange {
    /// Waits the time that the call takes in the world, then does what it asks.
    pub async fn answer(self) -> Response {
        let (world, call, gate) = match self.0 {
            State::Refused(response) => return response,
            State::Admitted { world, call, gate } => (world, call, gate),
        };
        match gate {
            Gate::Hang => std::future::pending().await,
            Gate::Fail(error) => fault::response(call.protocol, &error),
            Gate::Pass { latency } => {
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
    world
        .with(|w| match call.service {
            Service::CloudFormation => cloudformation::answer(w, call),
            Service::CloudWatch => cloudwatch::answer(w, call),
            Service::Route53 => route53::answer(w, call),
            Service::Sts => sts::answer(w, call),
        })
        .unwrap_or_else(|error| fault::response(call.protocol, &error))
}

/// An operation that this fake does not have.
fn not_implemented(call: &Call) -> ApiError {
    ApiError::new(
        501,
        "NotImplemented",
        format!("the rehearsal does not know {}", call.operation),
    )
}
