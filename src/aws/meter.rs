//! What every exchange with AWS tells besides its answer: that there was one, and what time it is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use crate::clock::Clock;

/// No answer has stated its time yet.
const UNTOLD: i64 = i64::MIN;
/// A `Date` counts whole seconds and answers are some under way: smaller changes are noise.
const NOISE_SECONDS: u64 = 5;

/// Counts the requests of every client, retries and further pages included, and compares the clocks.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    clock: Clock,
    calls: Arc<AtomicU64>,
    ahead: Arc<AtomicI64>,
    told: Arc<AtomicI64>,
}

impl Meter {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            calls: Arc::default(),
            ahead: Arc::new(AtomicI64::new(UNTOLD)),
            told: Arc::new(AtomicI64::new(UNTOLD)),
        }
    }

    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// By how many seconds this machine's clock is ahead of AWS's (negative: behind), whenever that has changed.
    pub(super) fn clock_news(&self) -> Option<i64> {
        let (ahead, told) = (
            self.ahead.load(Ordering::Relaxed),
            self.told.load(Ordering::Relaxed),
        );
        let is_news = ahead != UNTOLD && (told == UNTOLD || ahead.abs_diff(told) >= NOISE_SECONDS);
        is_news.then(|| {
            self.told.store(ahead, Ordering::Relaxed);
            ahead
        })
    }

    fn compare(&self, date: &str) {
        match DateTimeParser::new().parse_timestamp(date) {
            Ok(theirs) => self
                .ahead
                .store(seconds_between(theirs, self.clock.now()), Ordering::Relaxed),
            Err(error) => tracing::debug!(%error, date, "an answer's date can't be read"),
        }
    }
}

fn seconds_between(theirs: Timestamp, ours: Timestamp) -> i64 {
    ours.duration_since(theirs).as_secs()
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(date) = context.response().headers().get("date") {
            self.compare(date);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_clock_is_told_once_and_again_when_it_was_set() {
        let meter = Meter::new(Clock::world("2026-03-02T12:00:00Z".parse().unwrap(), 1.0));
        assert_eq!(meter.clock_news(), None);
        meter.compare("Mon, 02 Mar 2026 11:50:00 GMT");
        assert_eq!(meter.clock_news(), Some(600));
        meter.compare("Mon, 02 Mar 2026 11:49:58 GMT");
        assert_eq!(meter.clock_news(), None, "two seconds are no news");
        meter.compare("yesterday");
        assert_eq!(meter.clock_news(), None);
        meter.compare("Mon, 02 Mar 2026 12:00:01 GMT");
        assert_eq!(meter.clock_news(), Some(-1));
    }
}
