//! What a failed call means to the operator: its kind, one clear sentence, and whether something may have changed.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{DispatchFailure, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId as _;

use crate::aws::client::limit;
use crate::aws::doubt::Doubt;
use crate::aws::identity::CredentialWatch;
use crate::domain::observed::{FailureKind, ReadError};
use crate::domain::text::clean;

/// A change that was asked for and not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ActError {
    pub kind: FailureKind,
    pub message: String,
    /// AWS's id of the request that was answered last, for a support case.
    pub request_id: Option<String>,
    /// Whether no attempt of the call can have changed anything; `false` means: look before trying again.
    pub nothing_changed: bool,
}

impl ActError {
    /// A change that was never sent, because of what it asks for.
    pub(crate) fn not_sent(message: impl Into<String>) -> Self {
        Self {
            kind: FailureKind::Invalid,
            message: message.into(),
            request_id: None,
            nothing_changed: true,
        }
    }
}

/// A read that a change needs first has failed: nothing was changed.
impl From<ReadError> for ActError {
    fn from(error: ReadError) -> Self {
        Self {
            kind: error.kind,
            message: error.message,
            request_id: None,
            nothing_changed: true,
        }
    }
}

/// Which service of which place is spoken to, with whose credentials: what messages need to name.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub service: &'static str,
    /// The region; none for Route 53.
    pub region: Option<String>,
    pub profile: Option<String>,
    pub credentials: Arc<CredentialWatch>,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.region {
            Some(region) => write!(f, "{} in {region}", self.service),
            None => f.write_str(self.service),
        }
    }
}

/// The result type of the SDK's calls.
pub(super) type CallError<E> = SdkError<E, HttpResponse>;

impl Site {
    /// Explains a failed read; `action` is its IAM name, for example `cloudformation:DescribeStacks`.
    pub(super) fn read_error<E>(&self, action: &str, error: &CallError<E>) -> ReadError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.explain(action, [limit::READ_ATTEMPT, limit::READ], error)
    }

    /// Explains a failed change; `doubt` has watched its attempts.
    pub(super) fn act_error<E>(&self, action: &str, error: &CallError<E>, doubt: &Doubt) -> ActError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let ReadError { kind, mut message } = self.explain(
            action,
            [limit::WRITE_ATTEMPT * doubt.attempts(), limit::WRITE],
            error,
        );
        let cut_off = matches!(error, SdkError::TimeoutError(_)) && !self.credentials.is_waiting();
        let nothing_changed = !cut_off && !doubt.exists();
        if !nothing_changed {
            message.push_str("; it may have been carried out all the same");
        }
        ActError {
            kind,
            message,
            request_id: error.request_id().map(clean),
            nothing_changed,
        }
    }

    /// An answer that lacks what it must contain.
    pub(super) fn incomplete(&self, what: &str) -> ReadError {
        ReadError {
            kind: FailureKind::Service,
            message: format!("{self} answered without {what}"),
        }
    }

    fn explain<E>(&self, action: &str, limits: [Duration; 2], error: &CallError<E>) -> ReadError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        if let Some(error) = find::<CredentialsError>(error) {
            return self.no_credentials(error);
        }
        let (kind, message) = match error {
            SdkError::TimeoutError(_) if self.credentials.is_waiting() => (
                FailureKind::Credentials,
                format!(
                    "no credentials within {} s{}",
                    waited(limits, error),
                    self.login()
                ),
            ),
            SdkError::TimeoutError(_) => (
                FailureKind::Unreachable,
                format!("no answer in {} s from {self}", waited(limits, error)),
            ),
            SdkError::DispatchFailure(failure) => {
                (FailureKind::Unreachable, self.unreachable(failure))
            }
            SdkError::ServiceError(service) => {
                let status = service.raw().status().as_u16();
                return self.refused(action, service.err(), status);
            }
            SdkError::ResponseError(response) => (
                FailureKind::Service,
                format!(
                    "the answer of {self} to {action} can't be read (HTTP status {})",
                    response.raw().status().as_u16()
                ),
            ),
            other => (
                FailureKind::Invalid,
                format!("{action} was not sent: {}", clean(&root(other).to_string())),
            ),
        };
        ReadError { kind, message }
    }

    fn unreachable(&self, failure: &DispatchFailure) -> String {
        let Some(connector) = failure.as_connector_error() else {
            return format!("no connection to {self}");
        };
        if connector.is_timeout() {
            return format!(
                "no connection to {self} within {} s",
                limit::CONNECT.as_secs()
            );
        }
        match find::<io::Error>(connector).map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => format!("{self} refused the connection"),
            Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => {
                format!("the connection to {self} broke")
            }
            _ => format!(
                "no connection to {self}: {}",
                clean(&root(connector).to_string())
            ),
        }
    }

    /// The service has answered with an error.
    fn refused(&self, action: &str, error: &dyn ProvideErrorMetadata, status: u16) -> ReadError {
        let code = clean(error.code().unwrap_or_default());
        let said = clean(error.message().unwrap_or_default());
        let kind = classify(&code, &said, status);
        let number = format!("HTTP status {status}");
        let code = if code.is_empty() { number } else { code };
        let what = if said.is_empty() { &code } else { &said };
        let message = match kind {
            FailureKind::Throttled => format!("{self} is throttling: {what}"),
            FailureKind::Credentials => self.rejected(&code, what),
            FailureKind::Denied => format!(
                "not allowed to call {action} of {self}: add it to the policy (`switchback iam` prints one)"
            ),
            FailureKind::NotFound => format!("not found by {self}: {what}"),
            FailureKind::Invalid => format!("{self} rejected {action}: {what}"),
            FailureKind::Service | FailureKind::Unreachable => {
                format!("{self} failed with {code}: {said}")
                    .trim_end_matches([':', ' '])
                    .to_owned()
            }
        };
        ReadError { kind, message }
    }

    fn rejected(&self, code: &str, what: &str) -> String {
        if is_clock(code, what) {
            return format!("{self} rejects this machine's clock: set it ({what})");
        }
        // the next call fetches others
        self.credentials.refuse();
        let state = if code.contains("Expired") {
            "have expired"
        } else {
            "are not accepted"
        };
        format!("the credentials {state} ({code}){}", self.login())
    }

    /// The SDK found no credentials to sign with.
    fn no_credentials(&self, error: &CredentialsError) -> ReadError {
        let message = match error {
            CredentialsError::CredentialsNotLoaded(_) if self.profile.is_none() => {
                format!("no credentials{}", self.login())
            }
            CredentialsError::ProviderTimedOut(_) => {
                format!("the source of credentials does not answer{}", self.login())
            }
            other => {
                let why = clean(&root(other).to_string());
                format!(
                    "no credentials ({}){}",
                    why.trim_end_matches('.'),
                    self.login()
                )
            }
        };
        ReadError {
            kind: FailureKind::Credentials,
            message,
        }
    }

    fn login(&self) -> String {
        match &self.profile {
            Some(profile) => format!(": log in again with profile `{profile}`"),
            None => ": log in again, or choose a profile with --profile".to_owned(),
        }
    }
}

/// How many seconds were waited: for the attempts that were made (the SDK stops repeating calls to a place
/// that never answers), or until the limit of the whole call.
fn waited([attempts, call]: [Duration; 2], error: &(dyn Error + 'static)) -> u64 {
    let one = causes(error).any(|e| e.to_string().starts_with("operation attempt timeout"));
    if one { attempts } else { call }.as_secs()
}

/// What an error code means (facts/aws.md §3.1 and the services' "Common Errors" pages).
fn classify(code: &str, message: &str, status: u16) -> FailureKind {
    match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "LimitExceededException"
        | "PriorRequestNotComplete" => FailureKind::Throttled,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "UnrecognizedClient"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidSignature"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "RequestTimeTooSkewed"
        | "AuthFailure"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "NotSignedUp"
        | "OptInRequired" => FailureKind::Credentials,
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "AuthorizationError"
        | "NotAuthorized" => FailureKind::Denied,
        "ResourceNotFound" | "ResourceNotFoundException" | "ChangeSetNotFound" => {
            FailureKind::NotFound
        }
        _ if code.starts_with("NoSuch") || message.contains("does not exist") => {
            FailureKind::NotFound
        }
        _ if status == 429 => FailureKind::Throttled,
        _ if (400..500).contains(&status) => FailureKind::Invalid,
        _ => FailureKind::Service,
    }
}

/// Whether a signature was rejected because of the time in it.
fn is_clock(code: &str, message: &str) -> bool {
    code == "RequestTimeTooSkewed"
        || (code.contains("Signature")
            && (message.contains("Signature expired")
                || message.contains("Signature not yet current")))
}

/// Whether CloudFormation says that the stack is not there.
pub(super) fn says_absent<E: ProvideErrorMetadata>(error: &CallError<E>) -> bool {
    error.as_service_error().is_some_and(|e| {
        e.code() == Some("ValidationError")
            && e.message().is_some_and(|m| m.contains("does not exist"))
    })
}

/// Whether CloudFormation says that nobody imports an export, which it calls an error.
pub(super) fn says_unimported<E: ProvideErrorMetadata>(error: &CallError<E>) -> bool {
    error.as_service_error().is_some_and(|e| {
        e.code() == Some("ValidationError")
            && e.message()
                .is_some_and(|m| m.contains("is not imported by any stack"))
    })
}

/// Whether CloudFormation says that there is nothing to change, in any of its wordings.
pub(super) fn says_unchanged(message: &str) -> bool {
    ["didn't contain changes", "No updates are to be performed"]
        .iter()
        .any(|text| message.contains(text))
}

/// The first error of type `T` among the causes.
pub(super) fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

fn root<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    causes(error).last().unwrap_or(error)
}

/// The error and its causes, outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |e| (*e).source())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::scripted::{Broken, clients, error_xml, script, settings};
    use crate::aws::{Clients, DeleteOptions};
    use aws_smithy_http_client::test_util::NeverClient;

    async fn read(aws: &Clients) -> ReadError {
        aws.regions.primary.stack("pay").await.unwrap_err()
    }

    async fn delete(aws: &Clients) -> ActError {
        let options = DeleteOptions::default();
        let call = aws.regions.primary.delete_stack("pay", options);
        call.await.unwrap_err()
    }

    fn told(kind: FailureKind, message: &str) -> ReadError {
        ReadError {
            kind,
            message: message.into(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_black_hole_is_given_up_in_time_and_leaves_doubt() {
        let set = settings(NeverClient::new());
        let aws = Clients::connect(&set).await.unwrap();
        let started = set.clock.now();
        assert_eq!(
            read(&aws).await,
            told(
                FailureKind::Unreachable,
                "no answer in 5 s from CloudFormation in us-east-1"
            )
        );
        let passed = set.clock.now().duration_since(started);
        assert!(passed.as_millis() < 5_100, "{passed:?}");
        let error = delete(&aws).await;
        assert!(!error.nothing_changed);
        assert_eq!(
            error.message,
            "no answer in 15 s from CloudFormation in us-east-1; it may have been carried out all the same"
        );
        let passed = set.clock.now().duration_since(started);
        assert!(passed.as_secs() <= 25, "{passed:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_never_answers_is_tried_only_once_in_the_end() {
        let set = settings(NeverClient::new());
        let aws = Clients::connect(&set).await.unwrap();
        for _ in 0..100 {
            read(&aws).await;
        }
        let started = set.clock.now();
        assert_eq!(
            read(&aws).await.message,
            "no answer in 3 s from CloudFormation in us-east-1"
        );
        let passed = set.clock.now().duration_since(started);
        assert!(passed.as_millis() < 3_100, "{passed:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_connection_is_a_short_sentence_and_changes_nothing() {
        let aws = clients(Broken(io::ErrorKind::ConnectionRefused)).await;
        assert_eq!(
            read(&aws).await,
            told(
                FailureKind::Unreachable,
                "CloudFormation in us-east-1 refused the connection"
            )
        );
        assert!(delete(&aws).await.nothing_changed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_breaks_leaves_doubt() {
        let aws = clients(Broken(io::ErrorKind::ConnectionReset)).await;
        let error = delete(&aws).await;
        assert_eq!(error.kind, FailureKind::Unreachable);
        assert!(!error.nothing_changed);
    }

    #[tokio::test(start_paused = true)]
    async fn doubt_outlives_a_harmless_last_attempt() {
        let internal = (500, error_xml("InternalFailure", "oops"));
        let denied = (403, error_xml("AccessDenied", "no"));
        let aws = clients(script([internal, denied.clone()])).await;
        let error = delete(&aws).await;
        assert_eq!(error.kind, FailureKind::Denied);
        assert!(!error.nothing_changed);
        let aws = clients(script([denied])).await;
        let error = delete(&aws).await;
        assert!(error.nothing_changed);
        assert_eq!(error.request_id.as_deref(), Some("req-1"));
    }

    #[tokio::test(start_paused = true)]
    async fn every_refusal_has_its_kind_and_its_words() {
        let cases = [
            (
                (400, "Throttling", "Rate exceeded"),
                FailureKind::Throttled,
                "CloudFormation in us-east-1 is throttling: Rate exceeded",
            ),
            (
                (403, "ExpiredToken", "The security token is expired"),
                FailureKind::Credentials,
                "the credentials have expired (ExpiredToken): log in again with profile `ops`",
            ),
            (
                (403, "InvalidClientTokenId", "The security token is invalid"),
                FailureKind::Credentials,
                "the credentials are not accepted (InvalidClientTokenId): log in again with profile `ops`",
            ),
            (
                (
                    403,
                    "SignatureDoesNotMatch",
                    "Signature expired: 2020 is now earlier",
                ),
                FailureKind::Credentials,
                "CloudFormation in us-east-1 rejects this machine's clock: set it (Signature expired: 2020 is now earlier)",
            ),
            (
                (403, "AccessDenied", "User x is not authorized"),
                FailureKind::Denied,
                "not allowed to call cloudformation:DescribeStacks of CloudFormation in us-east-1: \
                 add it to the policy (`switchback iam` prints one)",
            ),
            (
                (400, "ValidationError", "1 validation error"),
                FailureKind::Invalid,
                "CloudFormation in us-east-1 rejected cloudformation:DescribeStacks: 1 validation error",
            ),
            (
                (500, "InternalFailure", ""),
                FailureKind::Service,
                "CloudFormation in us-east-1 failed with InternalFailure",
            ),
        ];
        for ((status, code, message), kind, words) in cases {
            let answer = (status, error_xml(code, message));
            let aws = clients(script([answer.clone(), answer])).await;
            assert_eq!(read(&aws).await, told(kind, words));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nonsense_is_an_error_and_not_a_panic() {
        for body in [
            "",
            "<html>bad gateway</html>",
            "<DescribeStacksResponse><Desc",
            "\u{0}\u{1}",
        ] {
            for status in [200, 404, 502] {
                let answer = (status, body.to_owned());
                let aws = clients(script([answer.clone(), answer])).await;
                let error = read(&aws).await;
                assert!(
                    error.message.contains("CloudFormation in us-east-1"),
                    "{error}"
                );
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_read_is_tried_twice() {
        let throttled = (400, error_xml("Throttling", "Rate exceeded"));
        let absent = (400, error_xml("ValidationError", "pay does not exist"));
        let aws = clients(script([throttled, absent])).await;
        assert!(aws.regions.primary.stack("pay").await.is_ok());
        assert_eq!(aws.calls(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_credentials_is_not_blamed_on_aws() {
        use crate::aws::renewal::Keeper;
        use aws_credential_types::provider::SharedCredentialsProvider;
        use futures_util::FutureExt as _;
        #[derive(Debug)]
        struct Silent;
        impl aws_credential_types::provider::ProvideCredentials for Silent {
            fn provide_credentials<'a>(
                &'a self,
            ) -> aws_credential_types::provider::future::ProvideCredentials<'a>
            where
                Self: 'a,
            {
                aws_credential_types::provider::future::ProvideCredentials::new(
                    std::future::pending(),
                )
            }
        }
        let credentials = Arc::<CredentialWatch>::default();
        let build = || async { SharedCredentialsProvider::new(Silent) }.boxed();
        let clock = crate::clock::Clock::wall();
        let watched = Keeper::new(Box::new(build), Arc::clone(&credentials), clock);
        let asking =
            aws_credential_types::provider::ProvideCredentials::provide_credentials(&watched);
        tokio::time::timeout(Duration::from_secs(1), asking)
            .await
            .unwrap_err();
        let site = Site {
            service: "STS",
            region: None,
            profile: None,
            credentials,
        };
        let cut_off: CallError<aws_sdk_sts::Error> = SdkError::timeout_error("late");
        let error = site.read_error("sts:GetCallerIdentity", &cut_off);
        assert_eq!(
            error.message,
            "no credentials within 5 s: log in again, or choose a profile with --profile"
        );
    }
}
