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
    awaited(limits, wire::open(world, request)).await
}

/// A black hole takes no connection; what answers slowly has taken one.
async fn awaited(
    limits: &Limits,
    exchange: Option<wire::Exchange>,
) -> Result<HttpResponse, ConnectorError> {
    let Some(exchange) = exchange else {
        let limit = limits.connect.or(limits.read);
        return limits.within(limit, std::future::pending()).await;
    };
    incoming(limits.within(limits.read, exchange.answer()).await?)
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

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::client::result::SdkError;

    use crate::aws::testing::{
        self, PRIMARY, ProvideErrorMetadata, STANDBY, cloudformation, cloudwatch, route53,
    };

    #[tokio::test(start_paused = true)]
    async fn an_answer_takes_its_time_in_the_world() {
        let world = testing::world("");
        let before = world.clock().now();
        let client = cloudwatch::Client::new(&testing::over(&world, STANDBY));
        client.describe_alarms().send().await.unwrap();
        let passed = world.clock().now().duration_since(before);
        assert!(passed.is_positive() && passed.as_secs() < 2, "{passed:?}");
        let seen = world.with(|w| w.requests().last().cloned()).unwrap();
        assert_eq!(
            (seen.operation.as_str(), seen.region.as_str()),
            ("DescribeAlarms", STANDBY)
        );
    }

    fn code<T: std::fmt::Debug>(sent: Result<T, impl ProvideErrorMetadata>) -> String {
        let failed = sent.expect_err("an error");
        failed.code().unwrap_or_default().to_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn a_dark_region_costs_the_connect_time_out_and_the_other_nothing() {
        let world = testing::world("[[faults]]\nkind = 'region-dark'\nregion = 'primary'");
        let dark = cloudformation::Client::new(&testing::over(&world, PRIMARY));
        let before = world.clock().now();
        let failed = dark.describe_stacks().send().await.unwrap_err();
        let SdkError::DispatchFailure(failed) = failed else {
            panic!("{failed:?}")
        };
        assert!(failed.is_timeout(), "{failed:?}");
        assert_eq!(world.clock().now().duration_since(before).as_secs(), 2);
        let lit = cloudformation::Client::new(&testing::over(&world, STANDBY));
        lit.describe_stacks().send().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_and_failing_planes_arrive_as_what_they_are() {
        let world = testing::world("[[faults]]\nkind = 'throttling'\none_in = 1");
        let clients = (
            cloudformation::Client::new(&testing::over(&world, STANDBY)),
            cloudwatch::Client::new(&testing::over(&world, STANDBY)),
            route53::Client::new(&testing::over(&world, PRIMARY)),
        );
        let codes = [
            code(clients.0.describe_stacks().send().await),
            code(clients.1.describe_alarms().send().await),
            code(clients.2.list_health_checks().send().await),
        ];
        for code in codes {
            // codes that the SDK's retry classifier knows
            assert!(
                ["Throttling", "ThrottlingException"].contains(&code.as_str()),
                "{code}"
            );
        }
        let world = testing::world("[[faults]]\nkind = 'control-planes'\nregion = 'standby'");
        let client = cloudformation::Client::new(&testing::over(&world, STANDBY));
        let SdkError::ServiceError(failed) = client.list_stacks().send().await.unwrap_err() else {
            panic!("an answer, and a bad one")
        };
        assert!(failed.raw().status().as_u16() >= 500);
    }

    #[tokio::test(start_paused = true)]
    async fn time_outs_run_on_the_sleep_that_is_given() {
        let world = testing::world("");
        let limits = |connect, sleep| Limits {
            connect,
            read: Some(Duration::from_secs(5)),
            sleep,
        };
        let sleep = Some(world.clock().sdk_sleep());
        for (connect, seconds) in [(Some(Duration::from_secs(2)), 2), (None, 5)] {
            let before = world.clock().now();
            let late = awaited(&limits(connect, sleep.clone()), None)
                .await
                .unwrap_err();
            assert!(late.is_timeout(), "{late}");
            assert_eq!(
                world.clock().now().duration_since(before).as_secs(),
                seconds
            );
        }
        let without = limits(None, None);
        assert_eq!(without.within(without.read, async { 1 }).await.unwrap(), 1);
    }
}
