//! Keeps the console below Route 53's limit of requests.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;

/// Spreads requests: two at once, then two a second, in the clock's time.
#[derive(Debug)]
pub(super) struct Pace {
    clock: Clock,
    /// When the next request may leave.
    next: Mutex<Timestamp>,
}

impl Pace {
    const APART: SignedDuration = SignedDuration::from_millis(500);
    /// A longer queue than this is not ours: the clock was set back.
    const LONGEST: SignedDuration = SignedDuration::from_secs(60);

    pub(super) const fn new(clock: Clock) -> Self {
        Self {
            clock,
            next: Mutex::new(Timestamp::UNIX_EPOCH),
        }
    }

    /// Waits for this request's turn.
    pub(super) async fn turn(&self) {
        let wait = self.reserve();
        if !wait.is_zero() {
            self.clock.sleep(wait).await;
        }
    }

    /// Takes the next turn at once: a lever does not queue behind polls, which wait for longer instead.
    pub(super) fn jump(&self) {
        self.reserve();
    }

    fn reserve(&self) -> Duration {
        let now = self.clock.now();
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let mut slot = (*next).max(now.saturating_sub(Self::APART).unwrap_or(now));
        if slot.duration_since(now) > Self::LONGEST {
            slot = now;
        }
        *next = slot.saturating_add(Self::APART).unwrap_or(slot);
        Duration::try_from(slot.duration_since(now)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_lever_jumps_the_queue_and_polls_wait_for_it() {
        let clock = Clock::world(Timestamp::UNIX_EPOCH, 1.0);
        let pace = Pace::new(clock.clone());
        for _ in 0..4 {
            pace.jump();
        }
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
        pace.turn().await;
        let waited = clock.now().duration_since(Timestamp::UNIX_EPOCH);
        assert!((1_400..=2_100).contains(&waited.as_millis()), "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_set_back_does_not_stop_everything() {
        let clock = Clock::world(Timestamp::UNIX_EPOCH, 1.0);
        let pace = Pace::new(clock.clone());
        *pace.next.lock().unwrap() = Timestamp::from_second(3_600).unwrap();
        pace.turn().await;
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
    }
}
