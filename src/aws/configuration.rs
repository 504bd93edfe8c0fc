//! One SDK configuration per region: from the machine's files and variables, or for a world in this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::identity::IdentityCache;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_cloudformation::config::retry::RetryPartition;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use futures_util::FutureExt as _;
use jiff::Timestamp;

use crate::aws::client::{Backend, Settings, limit};
use crate::aws::identity::CredentialWatch;
use crate::aws::renewal::{Build, Keeper};
use crate::domain::region::RegionId;

/// One region's configuration. Each has its own, so that each renews credentials through its own region.
pub(super) struct Loaded {
    pub sdk: SdkConfig,
    /// The SDK allows so many retries per partition and process: a region that is dark must not use up
    /// another's, nor one rehearsal those of the next.
    pub retries: RetryPartition,
    pub watch: Arc<CredentialWatch>,
}

/// Numbers configurations, to tell their retries apart.
static CONFIGURED: AtomicU64 = AtomicU64::new(0);

pub(super) async fn load(settings: &Settings, region: &str) -> Loaded {
    let sdk = match &settings.backend {
        Backend::Network => load_network(settings, region).await,
        Backend::InProcess(http) | Backend::InProcessUntil(http, _) => {
            in_process(settings, region, http)
        }
    };
    let watch = Arc::<CredentialWatch>::default();
    let keeper = Keeper::new(
        source(settings, region),
        Arc::clone(&watch),
        settings.clock.clone(),
    );
    let mut builder = sdk.to_builder();
    builder.set_credentials_provider(Some(SharedCredentialsProvider::new(keeper)));
    // the keeper is the cache
    builder.set_identity_cache(Some(IdentityCache::no_cache()));
    // Only --endpoint-url may lead away from AWS: what an environment variable or a profile says about
    // endpoints is left out, or LIVE would be a lie.
    builder.set_endpoint_url(settings.endpoint_url.clone());
    builder.set_service_config(Some(NoServiceConfig));
    Loaded {
        sdk: builder.build(),
        retries: RetryPartition::new(format!(
            "{region} {}",
            CONFIGURED.fetch_add(1, Ordering::Relaxed)
        )),
        watch,
    }
}

/// No settings per service: see [`load`].
#[derive(Debug)]
struct NoServiceConfig;

impl LoadServiceConfig for NoServiceConfig {
    fn load_config(&self, _key: ServiceConfigKey<'_>) -> Option<String> {
        None
    }
}

async fn load_network(settings: &Settings, region: &str) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .no_credentials()
        .sleep_impl(settings.clock.sdk_sleep())
        .time_source(settings.clock.sdk_time())
        .timeout_config(read_timeouts())
        .retry_config(read_retries());
    if let Some(profile) = &settings.profile {
        loader = loader.profile_name(profile);
    }
    loader.load().await
}

/// Where credentials come from. A profile that was asked for by name is the only source: the SDK's own chain would prefer
/// environment variables, and act on another account than the one that the operator named.
fn source(settings: &Settings, region: &str) -> Build {
    let (settings, region) = (settings.clone(), region.to_owned());
    Box::new(move || {
        let (settings, region) = (settings.clone(), region.clone());
        async move {
            match &settings.backend {
                Backend::InProcess(_) => SharedCredentialsProvider::new(fixed(None)),
                Backend::InProcessUntil(_, issuer) => {
                    SharedCredentialsProvider::new(fixed(issuer.ends()))
                }
                Backend::Network => from_this_machine(&settings, &region).await,
            }
        }
        .boxed()
    })
}

/// The usual chain, or the profile that was asked for. Profile files are read anew by each source.
async fn from_this_machine(settings: &Settings, region: &str) -> SharedCredentialsProvider {
    let region = Region::new(region.to_owned());
    let config = ProviderConfig::without_region()
        .with_region(Some(region.clone()))
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_sleep_impl(settings.clock.sdk_sleep())
        .with_time_source(settings.clock.sdk_time())
        .with_timeout_config(read_timeouts())
        .with_retry_config(read_retries());
    if let Some(profile) = &settings.profile {
        let provider = ProfileFileCredentialsProvider::builder()
            .configure(&config)
            .profile_name(profile)
            .build();
        return SharedCredentialsProvider::new(provider);
    }
    let chain = DefaultCredentialsChain::builder()
        .configure(config)
        .region(region);
    SharedCredentialsProvider::new(Box::pin(chain.build()).await)
}

/// What signs the requests to a world in this process.
fn fixed(ends: Option<Timestamp>) -> Credentials {
    let ends = ends.map(SystemTime::from);
    Credentials::new("REHEARSAL", "rehearsal", None, ends, "rehearsal")
}

fn in_process(settings: &Settings, region: &str, http: &SharedHttpClient) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .http_client(http.clone())
        .sleep_impl(settings.clock.sdk_sleep())
        .time_source(settings.clock.sdk_time())
        .timeout_config(read_timeouts())
        .retry_config(read_retries())
        .build()
}

/// The region that Route 53 is signed for and its credentials are renewed in: the home of its control plane.
pub(super) fn route53_region(primary: &RegionId) -> &'static str {
    match primary.as_str().split('-').take(2).collect::<Vec<_>>()[..] {
        ["us", "gov"] => "us-gov-west-1",
        ["cn", _] => "cn-northwest-1",
        _ => "us-east-1",
    }
}

fn read_timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(limit::CONNECT)
        .operation_attempt_timeout(limit::READ_ATTEMPT)
        .operation_timeout(limit::READ)
        .build()
}

fn read_retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(limit::READ_ATTEMPTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn route_53_is_signed_for_the_partition_s_own_region() {
        let region = |name| RegionId::parse(name).unwrap();
        assert_eq!(route53_region(&region("ap-southeast-1")), "us-east-1");
        assert_eq!(route53_region(&region("us-gov-east-1")), "us-gov-west-1");
        assert_eq!(route53_region(&region("cn-north-1")), "cn-northwest-1");
    }
}
