//! Who we are to AWS, and when the credentials in use end.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use aws_credential_types::Credentials;
use jiff::Timestamp;

use crate::aws::client::RegionClient;
use crate::domain::observation::Identity;
use crate::domain::observed::ReadError;
use crate::domain::text::clean;

impl RegionClient {
    /// Asks the region's own STS who we are, and adds when the credentials expire.
    pub async fn identity(&self) -> Result<Identity, ReadError> {
        let answer = self
            .sts
            .get_caller_identity()
            .send()
            .await
            .map_err(|e| self.site("STS").read_error("sts:GetCallerIdentity", &e))?;
        let account = answer
            .account()
            .ok_or_else(|| self.site("STS").incomplete("an account"))?;
        Ok(Identity {
            account: clean(account),
            arn: clean(answer.arn().unwrap_or_default()),
            expires: self.credentials.expires(),
        })
    }
}

/// What is known of the credentials that the SDK signs with.
#[derive(Debug)]
pub(super) struct CredentialWatch {
    /// Epoch seconds; [`NEVER`] if they do not expire or were not loaded yet.
    expires: AtomicI64,
    /// A load began and has not ended: whoever timed out meanwhile waited for credentials, not for AWS.
    waiting: AtomicBool,
    /// AWS did not accept them.
    refused: AtomicBool,
}

const NEVER: i64 = i64::MAX;

impl Default for CredentialWatch {
    fn default() -> Self {
        Self {
            expires: AtomicI64::new(NEVER),
            waiting: AtomicBool::new(false),
            refused: AtomicBool::new(false),
        }
    }
}

impl CredentialWatch {
    pub(super) fn expires(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.expires.load(Ordering::Relaxed)).ok()
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(super) fn waits(&self, waiting: bool) {
        self.waiting.store(waiting, Ordering::Relaxed);
    }

    /// AWS has said that it does not accept them.
    pub(super) fn refuse(&self) {
        self.refused.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// Others are being fetched.
    pub(super) fn forgive(&self) {
        self.refused.store(false, Ordering::Relaxed);
    }

    pub(super) fn loaded(&self, credentials: &Credentials) {
        let expires = credentials
            .expiry()
            .and_then(|at| Timestamp::try_from(at).ok())
            .map_or(NEVER, Timestamp::as_second);
        self.expires.store(expires, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Backend;
    use crate::aws::scripted::{EPOCH, error_xml, script, sent, settings};
    use crate::aws::{Clients, Issuer};
    use aws_smithy_runtime_api::client::http::SharedHttpClient;

    #[tokio::test(start_paused = true)]
    async fn the_region_s_own_sts_says_who_and_the_credentials_until_when() {
        let replay = script([(
            200,
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account>\
             <Arn>arn:aws:sts::123456789012:assumed-role/ops/me</Arn></GetCallerIdentityResult>\
             </GetCallerIdentityResponse>"
                .into(),
        )]);
        let until = Timestamp::from_second(EPOCH + 3_600).unwrap();
        let mut set = settings(replay.clone());
        set.backend = Backend::InProcessUntil(
            SharedHttpClient::new(replay.clone()),
            Issuer::of(move || Some(until)),
        );
        let aws = Clients::connect(&set).await.unwrap();
        let who = aws.regions.standby.identity().await.unwrap();
        assert_eq!(who.account, "123456789012");
        assert_eq!(who.expires, Some(until));
        assert!(sent(&replay)[0].starts_with("POST https://sts.us-west-2.amazonaws.com/ "));
    }

    #[tokio::test(start_paused = true)]
    async fn lasting_credentials_do_not_expire() {
        let answer =
            "<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>";
        let set = settings(script([(200, answer.into())]));
        let aws = Clients::connect(&set).await.unwrap();
        let error = aws.regions.primary.identity().await.unwrap_err();
        assert_eq!(
            error.message,
            "STS in us-east-1 answered without an account"
        );
        assert_eq!(aws.regions.primary.credentials.expires(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn credentials_that_have_expired_are_still_tried_and_refused_by_aws() {
        let refusal = error_xml("ExpiredToken", "The security token has expired");
        let replay = script([(403, refusal)]);
        let past = Timestamp::from_second(EPOCH - 60).unwrap();
        let mut set = settings(replay.clone());
        set.backend = Backend::InProcessUntil(
            SharedHttpClient::new(replay),
            Issuer::of(move || Some(past)),
        );
        let aws = Clients::connect(&set).await.unwrap();
        let error = aws.regions.primary.identity().await.unwrap_err();
        assert_eq!(
            error.message,
            "the credentials have expired (ExpiredToken): log in again with profile `ops`"
        );
        assert_eq!(aws.regions.primary.credentials.expires(), Some(past));
    }
}
