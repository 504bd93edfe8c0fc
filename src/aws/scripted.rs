//! Test support: clients over scripted answers, and what they sent.

use aws_smithy_http_client::test_util::{ReplayEvent, StaticReplayClient};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use jiff::Timestamp;

use crate::aws::client::{Backend, Clients, Settings};
use crate::clock::Clock;
use crate::domain::region::{RegionId, RegionPair};

/// The world's time at the start of a test: 2026-01-01T00:00:00Z.
pub(crate) const EPOCH: i64 = 1_767_225_600;

pub(crate) fn settings(http: impl HttpClient + 'static) -> Settings {
    let region = |name| RegionId::parse(name).unwrap();
    Settings {
        regions: RegionPair::new(region("us-east-1"), region("us-west-2")).unwrap(),
        profile: Some("ops".into()),
        endpoint_url: None,
        clock: Clock::world(Timestamp::from_second(EPOCH).unwrap(), 1.0),
        backend: Backend::InProcess(SharedHttpClient::new(http)),
    }
}

pub(crate) async fn clients(http: impl HttpClient + 'static) -> Clients {
    Clients::connect(&settings(http)).await.unwrap()
}

/// Answers in this order, whatever is asked.
pub(crate) fn script(answers: impl IntoIterator<Item = (u16, String)>) -> StaticReplayClient {
    let events = answers.into_iter().map(|(status, body)| {
        let request = http::Request::builder().body(SdkBody::empty()).unwrap();
        let response = http::Response::builder()
            .status(status)
            .header("x-amzn-requestid", "req-1")
            .body(SdkBody::from(body))
            .unwrap();
        ReplayEvent::new(request, response)
    });
    StaticReplayClient::new(events.collect())
}

/// Answers of CloudWatch, which speaks CBOR.
pub(super) fn cbor(
    answers: impl IntoIterator<Item = winterbaume_core::MockResponse>,
) -> StaticReplayClient {
    let events = answers.into_iter().map(|answer| {
        let request = http::Request::builder().body(SdkBody::empty()).unwrap();
        let response = http::Response::builder()
            .status(answer.status)
            .header("smithy-protocol", "rpc-v2-cbor")
            .header("content-type", "application/cbor")
            .header("x-amzn-requestid", "req-1")
            .body(SdkBody::from(answer.body))
            .unwrap();
        ReplayEvent::new(request, response)
    });
    StaticReplayClient::new(events.collect())
}

/// `METHOD uri body` of every request, form bodies decoded.
pub(crate) fn sent(replay: &StaticReplayClient) -> Vec<String> {
    replay
        .actual_requests()
        .map(|request| {
            let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default());
            format!("{} {} {body}", request.method(), request.uri())
        })
        .collect()
}

/// A query-protocol error.
pub(crate) fn error_xml(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
         <RequestId>req-1</RequestId></ErrorResponse>"
    )
}

/// Every connection fails with this kind of error.
#[derive(Clone, Debug)]
pub(super) struct Broken(pub std::io::ErrorKind);

impl HttpConnector for Broken {
    fn call(&self, _request: HttpRequest) -> HttpConnectorFuture {
        let error = std::io::Error::from(self.0);
        HttpConnectorFuture::ready(Err(ConnectorError::io(error.into())))
    }
}

impl HttpClient for Broken {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
