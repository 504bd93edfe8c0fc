//! Clients: one per region, constructed for it and unable to change it, and one for Route 53.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use jiff::Timestamp;

use crate::aws::configuration::{Loaded, load, route53_region};
use crate::aws::error::Site;
use crate::aws::identity::CredentialWatch;
use crate::aws::meter::Meter;
use crate::aws::pace::Pace;
use crate::clock::Clock;
use crate::domain::region::{PerRole, RegionId, RegionPair, Role};

/// How long calls may take, in the clock's time.
pub(super) mod limit {
    use std::time::Duration;

    pub(in crate::aws) const CONNECT: Duration = Duration::from_secs(2);
    pub(in crate::aws) const READ_ATTEMPT: Duration = Duration::from_secs(3);
    pub(in crate::aws) const READ: Duration = Duration::from_secs(5);
    pub(in crate::aws) const READ_ATTEMPTS: u32 = 2;
    pub(in crate::aws) const WRITE_ATTEMPT: Duration = Duration::from_secs(5);
    pub(in crate::aws) const WRITE: Duration = Duration::from_secs(20);
    pub(in crate::aws) const WRITE_ATTEMPTS: u32 = 3;
}

/// What the clients are built from.
#[derive(Clone, Debug)]
pub struct Settings {
    pub regions: RegionPair,
    pub profile: Option<String>,
    /// Replaces every service's address, for emulators.
    pub endpoint_url: Option<String>,
    pub clock: Clock,
    pub backend: Backend,
}

/// What answers the SDK's requests.
#[derive(Clone, Debug)]
pub enum Backend {
    /// AWS, or whatever listens at the endpoint URL; credentials from the usual chain.
    Network,
    /// A world in this process: fixed credentials, no profile files, no network.
    InProcess(SharedHttpClient),
    /// The same, with credentials that may expire.
    InProcessUntil(SharedHttpClient, Issuer),
}

/// Says when the credentials end that a login of this moment gives (UTC).
#[derive(Clone)]
pub struct Issuer(Arc<dyn Fn() -> Option<Timestamp> + Send + Sync>);

impl Issuer {
    pub fn of(ends: impl Fn() -> Option<Timestamp> + Send + Sync + 'static) -> Self {
        Self(Arc::new(ends))
    }

    pub(super) fn ends(&self) -> Option<Timestamp> {
        (self.0)()
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Issuer").finish_non_exhaustive()
    }
}

/// Why no clients could be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    #[error("`{0}` is not an endpoint URL (expected something like http://127.0.0.1:4566)")]
    Endpoint(String),
}

/// All clients of one environment.
#[derive(Debug)]
pub struct Clients {
    pub regions: PerRole<RegionClient>,
    pub global: GlobalClient,
    meter: Meter,
}

impl Clients {
    /// Builds the clients without calling anybody: credentials are loaded by the first call that needs them.
    pub async fn connect(settings: &Settings) -> Result<Self, ConnectError> {
        check_endpoint(settings.endpoint_url.as_deref())?;
        let meter = Meter::new(settings.clock.clone());
        let primary = settings.regions.get(Role::Primary);
        let standby = settings.regions.get(Role::Standby);
        // Boxed: the SDK's loaders are tens of kilobytes large.
        let (for_primary, for_standby, for_route53) = futures_util::join!(
            Box::pin(load(settings, primary.as_str())),
            Box::pin(load(settings, standby.as_str())),
            Box::pin(load(settings, route53_region(primary))),
        );
        Ok(Self {
            regions: PerRole {
                primary: RegionClient::new(primary, &for_primary, settings, &meter),
                standby: RegionClient::new(standby, &for_standby, settings, &meter),
            },
            global: GlobalClient::new(&for_route53, settings, &meter),
            meter,
        })
    }

    /// Requests sent so far, retries and further pages included.
    pub fn calls(&self) -> u64 {
        self.meter.calls()
    }

    /// By how many seconds this machine's clock is ahead of AWS's (negative: behind), whenever that has changed.
    pub fn clock_news(&self) -> Option<i64> {
        self.meter.clock_news()
    }
}

/// Speaks to one region.
#[derive(Debug)]
pub struct RegionClient {
    region: RegionId,
    pub(super) profile: Option<String>,
    pub(super) credentials: Arc<CredentialWatch>,
    pub(super) clock: Clock,
    pub(super) cloudformation: aws_sdk_cloudformation::Client,
    pub(super) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(super) sts: aws_sdk_sts::Client,
    /// `DescribeEvents` was refused once: it is not there, or not allowed.
    pub(super) without_events: AtomicBool,
}

impl RegionClient {
    fn new(region: &RegionId, loaded: &Loaded, settings: &Settings, meter: &Meter) -> Self {
        let (sdk, retries) = (&loaded.sdk, &loaded.retries);
        let meter = || meter.clone();
        Self {
            region: region.clone(),
            profile: settings.profile.clone(),
            credentials: Arc::clone(&loaded.watch),
            clock: settings.clock.clone(),
            cloudformation: aws_sdk_cloudformation::Client::from_conf(
                aws_sdk_cloudformation::config::Builder::from(sdk)
                    .retry_partition(retries.clone())
                    .interceptor(meter())
                    .build(),
            ),
            cloudwatch: aws_sdk_cloudwatch::Client::from_conf(
                aws_sdk_cloudwatch::config::Builder::from(sdk)
                    .retry_partition(retries.clone())
                    .interceptor(meter())
                    .build(),
            ),
            sts: aws_sdk_sts::Client::from_conf(
                aws_sdk_sts::config::Builder::from(sdk)
                    .retry_partition(retries.clone())
                    .interceptor(meter())
                    .build(),
            ),
            without_events: AtomicBool::new(false),
        }
    }

    pub const fn region(&self) -> &RegionId {
        &self.region
    }

    /// Names the service for messages.
    pub(super) fn site(&self, service: &'static str) -> Site {
        Site {
            service,
            region: Some(self.region.to_string()),
            profile: self.profile.clone(),
            credentials: Arc::clone(&self.credentials),
        }
    }
}

/// Speaks to Route 53, whose API lives in one region for everybody.
#[derive(Debug)]
pub struct GlobalClient {
    pub(super) site: Site,
    pub(super) pace: Pace,
    pub(super) route53: aws_sdk_route53::Client,
}

impl GlobalClient {
    fn new(loaded: &Loaded, settings: &Settings, meter: &Meter) -> Self {
        Self {
            site: Site {
                service: "Route 53",
                region: None,
                profile: settings.profile.clone(),
                credentials: Arc::clone(&loaded.watch),
            },
            pace: Pace::new(settings.clock.clone()),
            route53: aws_sdk_route53::Client::from_conf(
                aws_sdk_route53::config::Builder::from(&loaded.sdk)
                    .retry_partition(loaded.retries.clone())
                    .interceptor(meter.clone())
                    .build(),
            ),
        }
    }
}

fn check_endpoint(url: Option<&str>) -> Result<(), ConnectError> {
    let Some(url) = url else { return Ok(()) };
    let good = url
        .parse::<http::Uri>()
        .is_ok_and(|u| u.host().is_some() && matches!(u.scheme_str(), Some("http" | "https")));
    if good {
        Ok(())
    } else {
        Err(ConnectError::Endpoint(url.to_owned()))
    }
}

/// The same time to connect as for reads, so that changes travel over the connections that reads keep open.
pub(super) fn write_timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(limit::CONNECT)
        .operation_attempt_timeout(limit::WRITE_ATTEMPT)
        .operation_timeout(limit::WRITE)
        .build()
}

pub(super) fn write_retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(limit::WRITE_ATTEMPTS)
}

/// Sends a change with the limits for changes; evaluates to its result, explained.
macro_rules! change {
    ($sdk:ident, $site:expr, $action:literal, $request:expr) => {{
        let doubt = $crate::aws::doubt::Doubt::of($action);
        let limits = $sdk::config::Builder::new()
            .timeout_config($crate::aws::client::write_timeouts())
            .retry_config($crate::aws::client::write_retries());
        $request
            .customize()
            .config_override(limits)
            .interceptor(doubt.clone())
            .send()
            .await
            .map_err(|error| $site.act_error($action, &error, &doubt))
    }};
}
pub(super) use change;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::scripted::{script, settings};

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_must_be_a_url() {
        let mut set = settings(script([]));
        for bad in ["localhost:4566", "", "ftp://x", "http://"] {
            set.endpoint_url = Some(bad.into());
            let error = Clients::connect(&set).await.unwrap_err();
            assert_eq!(error, ConnectError::Endpoint(bad.into()));
        }
        set.endpoint_url = Some("http://127.0.0.1:4566".into());
        assert!(Clients::connect(&set).await.is_ok());
    }
}
