//! Real SDK clients for tests: over a world, or over one answer that is given.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::shared::IntoShared as _;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use jiff::Timestamp;

use super::connector;
use crate::clock::Clock;
use crate::rehearsal::SharedWorld;
use crate::rehearsal::scenario::Scenario;
use crate::rehearsal::wire;
use crate::rehearsal::world::{Setup, World};

pub(crate) use aws_sdk_cloudformation as cloudformation;
pub(crate) use aws_sdk_cloudwatch as cloudwatch;
pub(crate) use aws_sdk_route53 as route53;
pub(crate) use aws_sdk_sts as sts;
pub(crate) use aws_smithy_types::DateTime;
pub(crate) use aws_smithy_types::error::metadata::ProvideErrorMetadata;

pub(crate) const PRIMARY: &str = "us-east-1";
pub(crate) const STANDBY: &str = "us-west-2";
/// 2026-11-20 09:00 UTC.
pub(crate) const EPOCH: i64 = 1_795_165_200;

/// A client configuration with fixed credentials, one attempt, and time-outs of 2 s (connect), 5 s (read).
pub(crate) fn config(http: SharedHttpClient, clock: &Clock, region: &'static str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(Region::from_static(region))
        .http_client(http)
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "AKIDREHEARSAL",
            "secret",
            None,
            None,
            "test",
        )))
        .sleep_impl(clock.sdk_sleep())
        .time_source(clock.sdk_time())
        .retry_config(RetryConfig::disabled())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(2))
                .read_timeout(Duration::from_secs(5))
                .build(),
        )
        .build()
}

/// A client configuration over the world.
pub(crate) fn over(world: &SharedWorld, region: &'static str) -> SdkConfig {
    config(connector::in_process(world.clone()), world.clock(), region)
}

/// A client configuration over the world that retries until a throttled second is over, whatever the jitter.
pub(crate) fn patient(world: &SharedWorld, region: &'static str) -> SdkConfig {
    over(world, region)
        .into_builder()
        .retry_config(RetryConfig::standard().with_max_attempts(10))
        .build()
}

/// A client configuration over a real socket.
pub(crate) fn over_socket(address: std::net::SocketAddr, region: &'static str) -> SdkConfig {
    let builder = aws_smithy_http_client::Builder::new();
    let clock = Clock::wall();
    config(builder.build_http(), &clock, region)
        .into_builder()
        .endpoint_url(format!("http://{address}"))
        .build()
}

/// A world without stacks, and with these faults (lines of a scenario file).
pub(crate) fn world(faults: &str) -> SharedWorld {
    let environment = serde_json::json!({
        "name": "test", "bundle": "test", "title": "Test", "suffix": "t",
        "regions": { "primary": PRIMARY, "standby": STANDBY },
        "mode": { "mode": "rehearsal", "scenario": "test", "seed": 1 },
        "production": false, "read_only": false,
        "objectives": { "rto_seconds": 900, "rpo_seconds": 300 },
        "stacks": [], "delete_order": [], "signals": [], "critical_alarms": [],
        "traffic": null, "parameters": [], "given": {},
    });
    let scenario = format!(
        "title = 'Test'\nstory = 'A test.'\ndeployed = false\n{faults}\n[expect]\nwithin = 60\n"
    );
    let mut scenario: Scenario = toml::from_str(&scenario).unwrap();
    "test".clone_into(&mut scenario.name);
    let epoch = Timestamp::from_second(EPOCH).unwrap();
    let world = World::new(Setup {
        environment: serde_json::from_value(environment).unwrap(),
        scenario,
        seed: 1,
        epoch,
    });
    SharedWorld::new(world.unwrap(), Clock::world(epoch, 1.0))
}

/// A client that gets this answer whatever it asks, and what it asked.
#[derive(Clone, Debug)]
pub(crate) struct Canned {
    answer: wire::Response,
    asked: Arc<Mutex<Option<wire::Request>>>,
}

impl Canned {
    pub(crate) fn new(answer: wire::Response) -> Self {
        Self {
            answer,
            asked: Arc::default(),
        }
    }

    /// An answer for tests that look at the request only.
    pub(crate) fn deaf() -> Self {
        Self::new(wire::Response {
            status: 400,
            headers: http::HeaderMap::new(),
            body: bytes::Bytes::new(),
        })
    }

    pub(crate) fn config(&self) -> SdkConfig {
        let connector = self.clone();
        let http = http_client_fn(move |_, _| connector.clone().into_shared());
        let epoch = Timestamp::from_second(EPOCH).unwrap();
        config(http, &Clock::world(epoch, 1.0), STANDBY)
    }

    /// The last request.
    pub(crate) fn asked(&self) -> wire::Request {
        self.asked.lock().unwrap().clone().unwrap()
    }
}

impl HttpConnector for Canned {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            let request = connector::outgoing(request).await?;
            this.asked
                .lock()
                .map_err(|_poisoned| ConnectorError::other("poisoned".into(), None))?
                .replace(request);
            connector::incoming(this.answer)
        })
    }
}
