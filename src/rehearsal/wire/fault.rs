//! Error documents, each as its protocol writes it.

use http::HeaderValue;
use winterbaume_cloudwatch::wire::cbor_error_response;
use winterbaume_core::MockResponse;
use winterbaume_core::protocol::xml_escape;

use super::Response;
use super::route::Protocol;
use crate::rehearsal::world::ApiError;

/// Fakes have no request log to look into, so that every error may carry the same id.
const REQUEST_ID: &str = "00000000-0000-4000-8000-000000000000";

/// What could not be understood, and the protocol to say so in.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) protocol: Protocol,
    pub(super) error: ApiError,
}

impl Refusal {
    pub(super) fn new(protocol: Protocol, error: ApiError) -> Self {
        Self { protocol, error }
    }

    pub(super) fn response(&self) -> Response {
        response(self.protocol, &self.error)
    }
}

/// The error as the client's SDK expects it.
pub(super) fn response(protocol: Protocol, error: &ApiError) -> Response {
    let mut response = match protocol {
        Protocol::Query { namespace } => xml(namespace, error),
        Protocol::RestXml => xml(super::route53::NAMESPACE, error),
        Protocol::Cbor => cbor_error_response(error.status, error.code, &error.message),
        Protocol::Json => json(error),
    };
    response
        .headers
        .insert("x-amzn-requestid", HeaderValue::from_static(REQUEST_ID));
    if matches!(protocol, Protocol::Cbor | Protocol::Json)
        && let Ok(code) = HeaderValue::try_from(format!("{};{}", error.code, blame(error)))
    {
        // CloudWatch spoke the query protocol once; clients take the old code from here
        response.headers.insert("x-amzn-query-error", code);
    }
    response.into()
}

fn blame(error: &ApiError) -> &'static str {
    if error.status < 500 {
        "Sender"
    } else {
        "Receiver"
    }
}

fn xml(namespace: &str, error: &ApiError) -> MockResponse {
    let body = format!(
        "<?xml version=\"1.0\"?>\n<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{}</Type><Code>{}</Code>\
         <Message>{}</Message></Error><RequestId>{REQUEST_ID}</RequestId></ErrorResponse>",
        blame(error),
        error.code,
        xml_escape(&error.message),
    );
    MockResponse::xml(error.status, body)
}

fn json(error: &ApiError) -> MockResponse {
    let body = serde_json::json!({ "__type": error.code, "message": error.message });
    MockResponse::json(error.status, body.to_string())
}
