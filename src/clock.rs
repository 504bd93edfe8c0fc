//! The one place that reads a clock: wall time, or the world time of a rehearsal.
//!
//! Every timer of the program (polls, SDK time-outs and back-off, DNS, probes) runs on a [`Clock`], so that a
//! rehearsal can be paced, and stepped without waiting on a paused tokio runtime.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the module that the others must use"
)]

use std::time::{Duration, SystemTime};

use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, Sleep};
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// A source of time; cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Wall,
    World {
        epoch: Timestamp,
        started: Instant,
        speed: f64,
    },
}

/// The time allowed had passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no answer in {} s", .0.as_secs_f64())]
pub struct Elapsed(pub Duration);

impl Clock {
    pub const fn wall() -> Self {
        Self(Kind::Wall)
    }

    /// World time that begins now at `epoch` and runs `speed` times as fast as tokio's clock (which a headless
    /// rehearsal pauses). Speeds that are not positive count as 1.
    pub fn world(epoch: Timestamp, speed: f64) -> Self {
        let speed = if speed.is_finite() && speed > 0.0 {
            speed
        } else {
            1.0
        };
        Self(Kind::World {
            epoch,
            started: Instant::now(),
            speed,
        })
    }

    /// World time as a machine has it whose clock is so far ahead (negative: behind). Wall time is what it is.
    #[must_use]
    pub fn ahead(&self, by: SignedDuration) -> Self {
        let mut other = self.clone();
        if let Kind::World { epoch, .. } = &mut other.0 {
            *epoch = epoch.checked_add(by).unwrap_or(*epoch);
        }
        other
    }

    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::Wall => Timestamp::now(),
            Kind::World {
                epoch,
                started,
                speed,
            } => {
                let passed = started.elapsed().mul_f64(*speed);
                epoch.checked_add(passed).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// Waits for `duration` of this clock's time.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(self.real(duration)).await;
    }

    /// Gives the future at most `limit` of this clock's time.
    pub async fn timeout<F: Future>(
        &self,
        limit: Duration,
        future: F,
    ) -> Result<F::Output, Elapsed> {
        tokio::time::timeout(self.real(limit), future)
            .await
            .map_err(|_late| Elapsed(limit))
    }

    /// How long `duration` of this clock's time takes on tokio's clock.
    pub fn real(&self, duration: Duration) -> Duration {
        match self.0 {
            Kind::Wall => duration,
            Kind::World { speed, .. } => duration.div_f64(speed),
        }
    }

    pub fn sdk_sleep(&self) -> SharedAsyncSleep {
        SharedAsyncSleep::new(self.clone())
    }

    pub fn sdk_time(&self) -> SharedTimeSource {
        SharedTimeSource::new(self.clone())
    }
}

impl AsyncSleep for Clock {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(tokio::time::sleep(self.real(duration)))
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        SystemTime::from(Self::now(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn world_time_runs_at_its_speed() {
        let epoch = Timestamp::from_second(1_000_000).unwrap();
        let clock = Clock::world(epoch, 60.0);
        Clock::sleep(&clock, Duration::from_secs(3600)).await;
        let passed = clock.now().duration_since(epoch).as_secs_f64();
        assert!((3600.0..3601.0).contains(&passed), "{passed}");
        let late = clock
            .timeout(Duration::from_secs(3), std::future::pending::<()>())
            .await;
        assert_eq!(late.unwrap_err().to_string(), "no answer in 3 s");
    }
}
