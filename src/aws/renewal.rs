//! Keeps the credentials in use at hand, and fetches others when they end or when AWS does not accept them any more.
//!
//! The SDK's own cache keeps credentials until the end that they name, and its providers read the profile files once. A
//! new login in another shell changes those files, and often credentials that name no end: so what AWS refuses is
//! fetched again here, from sources that are built anew.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::aws::identity::CredentialWatch;
use crate::clock::Clock;
use crate::domain::observed::age;

/// Credentials are renewed so long before they end.
const BEFORE_END: Duration = Duration::from_secs(10);
/// Credentials that name no end are fetched again after this long.
const WITHOUT_END: Duration = Duration::from_mins(15);
/// What is refused, or has ended, is fetched again no more often than this.
const AGAIN: Duration = Duration::from_secs(5);

/// Builds a source of credentials that remembers nothing.
pub(super) type Build =
    Box<dyn Fn() -> BoxFuture<'static, SharedCredentialsProvider> + Send + Sync>;

/// Hands out credentials to the SDK, which must not cache them itself.
pub(super) struct Keeper {
    build: Build,
    watch: Arc<CredentialWatch>,
    clock: Clock,
    /// Whoever needs credentials while they are fetched waits for the same fetch.
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    source: Option<SharedCredentialsProvider>,
    credentials: Option<(Credentials, Timestamp)>,
    /// When they were last fetched, or that was tried.
    tried: Option<Timestamp>,
}

impl Keeper {
    pub(super) fn new(build: Build, watch: Arc<CredentialWatch>, clock: Clock) -> Self {
        Self {
            build,
            watch,
            clock,
            kept: Mutex::default(),
        }
    }

    async fn current(&self) -> Result<Credentials, CredentialsError> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        let refused = self.watch.is_refused();
        if let Some((credentials, since)) = &kept.credentials {
            let due = refused || is_due(credentials, *since, now);
            let lately = kept.tried.is_some_and(|then| age(then, now) < AGAIN);
            if !due || lately {
                return Ok(credentials.clone());
            }
        }
        kept.tried = Some(now);
        if refused {
            kept.source = None;
            self.watch.forgive();
        }
        match self.fetch(&mut kept).await {
            Ok(credentials) => {
                self.watch.loaded(&credentials);
                kept.credentials = Some((credentials.clone(), now));
                Ok(credentials)
            }
            // better those that may still be good than none
            Err(error) => match &kept.credentials {
                Some((old, _)) if !refused && !has_ended(old, now) => Ok(old.clone()),
                Some(_) | None => Err(error),
            },
        }
    }

    /// From the source at hand; from a new one, if that has only what is over or nothing at all.
    async fn fetch(&self, kept: &mut Kept) -> Result<Credentials, CredentialsError> {
        if let Some(source) = &kept.source
            && let Ok(credentials) = source.provide_credentials().await
            && !has_ended(&credentials, self.clock.now())
        {
            return Ok(credentials);
        }
        let source = (self.build)().await;
        let found = source.provide_credentials().await;
        kept.source = Some(source);
        found
    }
}

fn ends(credentials: &Credentials) -> Option<Timestamp> {
    Timestamp::try_from(credentials.expiry()?).ok()
}

fn has_ended(credentials: &Credentials, now: Timestamp) -> bool {
    ends(credentials).is_some_and(|end| end <= now)
}

fn is_due(credentials: &Credentials, since: Timestamp, now: Timestamp) -> bool {
    match ends(credentials) {
        Some(end) => end <= now || age(now, end) <= BEFORE_END,
        None => age(since, now) >= WITHOUT_END,
    }
}

impl ProvideCredentials for Keeper {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            self.watch.waits(true);
            let result = self.current().await;
            self.watch.waits(false);
            result
        })
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_config::profile::ProfileFileCredentialsProvider;
    use futures_util::FutureExt as _;

    use super::*;

    const START: &str = "2026-03-02T12:00:00Z";

    fn clock() -> Clock {
        Clock::world(START.parse().unwrap(), 1.0)
    }

    /// As a profile is read from a file.
    #[expect(
        deprecated,
        reason = "their other home is in a crate that nothing else here needs"
    )]
    fn of_file(path: PathBuf) -> Build {
        use aws_config::profile::profile_file::{ProfileFileKind, ProfileFiles};
        Box::new(move || {
            let files = ProfileFiles::builder()
                .with_file(ProfileFileKind::Credentials, &path)
                .build();
            let provider = ProfileFileCredentialsProvider::builder()
                .profile_files(files)
                .profile_name("ops")
                .build();
            async { SharedCredentialsProvider::new(provider) }.boxed()
        })
    }

    fn log_in(path: &PathBuf, key: &str) {
        let text = format!(
            "[ops]\naws_access_key_id = {key}\naws_secret_access_key = s\naws_session_token = t\n"
        );
        std::fs::write(path, text).unwrap();
    }

    async fn key(keeper: &Keeper) -> String {
        let credentials = keeper.provide_credentials().await.unwrap();
        credentials.access_key_id().to_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_login_in_a_file_is_found_once_aws_has_refused_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        let (watch, clock) = (Arc::<CredentialWatch>::default(), clock());
        let keeper = Keeper::new(of_file(path.clone()), Arc::clone(&watch), clock.clone());
        assert!(keeper.provide_credentials().await.is_err());
        log_in(&path, "FIRST");
        assert_eq!(key(&keeper).await, "FIRST");
        log_in(&path, "SECOND");
        clock.sleep(AGAIN).await;
        assert_eq!(key(&keeper).await, "FIRST", "nobody has refused them");
        watch.refuse();
        assert_eq!(key(&keeper).await, "SECOND");
        // refused at once again: it is not asked more often than every few seconds
        log_in(&path, "THIRD");
        watch.refuse();
        assert_eq!(key(&keeper).await, "SECOND");
        clock.sleep(AGAIN).await;
        assert_eq!(key(&keeper).await, "THIRD");
    }

    /// Credentials that end after a minute, the first time from a source that then has nothing new.
    fn ending(count: Arc<AtomicUsize>, clock: Clock) -> Build {
        Box::new(move || {
            let number = count.fetch_add(1, Ordering::Relaxed);
            let end = clock.now().checked_add(Duration::from_mins(1)).unwrap();
            let credentials =
                Credentials::new(format!("KEY{number}"), "s", None, Some(end.into()), "test");
            async { SharedCredentialsProvider::new(credentials) }.boxed()
        })
    }

    #[tokio::test(start_paused = true)]
    async fn what_ends_is_fetched_again_and_what_does_not_is_at_hand() {
        let (count, clock) = (Arc::<AtomicUsize>::default(), clock());
        let watch = Arc::<CredentialWatch>::default();
        let keeper = Keeper::new(
            ending(Arc::clone(&count), clock.clone()),
            Arc::clone(&watch),
            clock.clone(),
        );
        for _ in 0..5 {
            assert_eq!(key(&keeper).await, "KEY0");
            clock.sleep(AGAIN).await;
        }
        assert_eq!(count.load(Ordering::Relaxed), 1);
        assert!(watch.expires().is_some());
        clock.sleep(Duration::from_secs(40)).await;
        assert_eq!(key(&keeper).await, "KEY1", "the old source has nothing new");
    }
}
