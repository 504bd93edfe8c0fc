//! Whether a change whose call failed may have been carried out.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use crate::aws::error::find;
use crate::aws::requests;

/// Remembers whether an attempt of a change may have been carried out although its answer was lost.
///
/// Needed because a later attempt may fail harmlessly (a refused connection, "already exists") after an
/// earlier one got through.
#[derive(Clone, Debug, Default)]
pub(super) struct Doubt(Arc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// The call as policies name it.
    call: &'static str,
    attempts: AtomicU32,
    doubtful: AtomicBool,
}

impl Doubt {
    /// For one call, such as `cloudwatch:PutMetricData`.
    pub(super) fn of(call: &'static str) -> Self {
        Self(Arc::new(Seen {
            call,
            ..Seen::default()
        }))
    }

    /// How many attempts have ended.
    pub(super) fn attempts(&self) -> u32 {
        self.0.attempts.load(Ordering::Relaxed)
    }

    pub(super) fn exists(&self) -> bool {
        self.0.doubtful.load(Ordering::Relaxed)
    }
}

impl Intercept for Doubt {
    fn name(&self) -> &'static str {
        "Doubt"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.attempts.fetch_add(1, Ordering::Relaxed);
        if let Some(answer) = context.response() {
            requests::note(self.0.call, answer);
        }
        let Some(Err(error)) = context.output_or_error() else {
            return Ok(());
        };
        let harmless = match context.response() {
            Some(response) => response.status().is_client_error(),
            None if error.is_timeout_error() || error.is_response_error() => false,
            None => error.as_connector_error().is_none_or(never_sent),
        };
        if !harmless {
            self.0.doubtful.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Whether the connection failed before a request could be written to it. The only time-out that a connector
/// has here is the one for connecting.
fn never_sent(error: &ConnectorError) -> bool {
    let unconnected = |kind| {
        matches!(
            kind,
            io::ErrorKind::ConnectionRefused
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::AddrNotAvailable
        )
    };
    error.is_timeout()
        || error.is_user()
        || find::<hyper_util::client::legacy::Error>(error)
            .is_some_and(hyper_util::client::legacy::Error::is_connect)
        || find::<io::Error>(error).is_some_and(|e| unconnected(e.kind()))
}
