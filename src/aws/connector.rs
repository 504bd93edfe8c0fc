//! The SDK's HTTP client of a rehearsal: it hands requests to the world's wire in process.
//!
//! Everything above it is the real client: serialisation, signing, retries, time-outs.

use std::time::Duration;

use aws_smithy_async::future::timeout::Timeout;
use aws_smithy_async::rt::sleep::{AsyncSleep as _, SharedAsyncSleep};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::shared::IntoShared as _;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt as _;

use crate::rehearsal::SharedWorld;
use crate::rehearsal::wire;

/// A client for `aws_config`'s or a service config's `http_client`. Its connect and read time-outs run on the sleep
/// that the config is given, which must be the world's (`Clock::sdk_sleep`).
pub fn in_process(world: SharedWorld) -> SharedHttpClient {
    SharedHttpClient::new(InProcess { world })
}

#[derive(Debug)]
struct InProcess {
    world: SharedWorld,
}

impl HttpClient for InProcess {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        Connector {
            world: self.world.clone(),
            limits: Limits {
                connect: settings.connect_timeout(),
                read: settings.read_timeout(),
                sleep: components.sleep_impl(),
            },
        }
        .into_shared()
    }
}

#[derive(Clone, Debug)]
struct Connector {
    world: SharedWorld,
    limits: Limits,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { world, limits } = self.clone();
        HttpConnectorFuture::new(async move { exchange(&world, &limits, request).await })
    }
}

async fn exchange(
    world: &SharedWorld,
    limits: &Limits,
    request: HttpRequest,
) -> Result<HttpResponse, ConnectorError> {
    let request = outgoing(request).await?;
    // a black hole takes no connection; what answers slowly has taken one
    let Some(exchange) = wire::open(world, request) else {
        let limit = limits.connect.or(limits.read);
        return limits.within(limit, std::future::pending()).await;
    };
    let response = limits.within(limits.read, exchange.answer()).await?;
    incoming(response)
}

pub(super) async fn outgoing(request: HttpRequest) -> Result<wire::Request, ConnectorError> {
    let request = request
        .try_into_http1x()
        .map_err(|cause| ConnectorError::user(cause.into()))?;
    let (parts, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map_err(ConnectorError::user)?
        .to_bytes();
    Ok(wire::Request {
        method: parts.method,
        uri: parts.uri,
        headers: parts.headers,
        body,
    })
}

pub(super) fn incoming(response: wire::Response) -> Result<HttpResponse, ConnectorError> {
    let mut built = http::Response::new(SdkBody::from(response.body));
    *built.status_mut() = http::StatusCode::from_u16(response.status)
        .map_err(|cause| ConnectorError::other(cause.into(), None))?;
    *built.headers_mut() = response.headers;
    HttpResponse::try_from(built).map_err(|cause| ConnectorError::other(cause.into(), None))
}

/// The time-outs of one client.
#[derive(Clone, Debug)]
struct Limits {
    connect: Option<Duration>,
    read: Option<Duration>,
    sleep: Option<SharedAsyncSleep>,
}

#[derive(Debug, thiserror::Error)]
#[error("no answer from the rehearsal within {} s", .0.as_secs_f64())]
struct Late(Duration);

impl Limits {
    async fn within<T>(
        &self,
        limit: Option<Duration>,
        work: impl Future<Output = T>,
    ) -> Result<T, ConnectorError> {
        let (Some(limit), Some(sleep)) = (limit, &self.sleep) else {
            return Ok(work.await);
        };
        Timeout::new(std::pin::pin!(work), sleep.sleep(limit))
            .await
            .map_err(|_late| ConnectorError::timeout(Late(limit).into()))
    }
}
