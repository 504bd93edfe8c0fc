//! Polls: one task for each source, so that a source that hangs costs the others nothing.
//!
//! Cadences: DESIGN §5. A source that is throttled waits twice as long each time, up to eight times.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::app::effect::Pace;
use crate::app::msg::Msg;
use crate::domain::environment::Environment;
use crate::domain::observation::{Seen, Sighting};
use crate::domain::observed::FailureKind;
use crate::domain::region::Role;
use crate::runtime::known::Known;
use crate::runtime::session::Shared;

mod alarms;
mod sources;
mod templates;

/// What every poller has.
#[derive(Clone)]
pub(super) struct Poller {
    pub env: std::sync::Arc<Environment>,
    pub session: Shared,
    pub known: watch::Receiver<Known>,
    pub out: mpsc::Sender<Msg>,
}

/// Seconds between two reads: idle, and while an operation runs.
#[derive(Clone, Copy)]
struct Cadence(u64, u64);

impl Cadence {
    fn at(self, pace: Pace) -> Duration {
        Duration::from_secs(match pace {
            Pace::Idle => self.0,
            Pace::Slow => self.0.saturating_mul(2),
            Pace::Operation => self.1,
        })
    }
}

/// The pause after a read.
struct Rest {
    cadence: Cadence,
    wakes: Wakes,
    backoff: u32,
    /// When the read began.
    began: Timestamp,
    /// What was known then.
    known: Known,
}

/// What a source depends on besides time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wakes {
    /// Nothing: its names are given.
    Never,
    /// Names that come from the stacks or from Route 53: it is read again as soon as they change.
    OnNames,
}

/// Names arrive in bursts (one stack after the other); this long is waited for the rest of a burst.
const BURST: Duration = Duration::from_millis(100);

/// Starts every poller.
pub(super) fn start(poller: &Poller, tasks: &mut JoinSet<()>) {
    for role in Role::BOTH {
        for spec in poller.env.stacks_of(role) {
            let (poller, id, name) = (poller.clone(), spec.id.clone(), spec.name.clone());
            if let Some(maker) = spec.made_by.as_ref().map(|made| made.stack.clone()) {
                tasks.spawn(poller.made_stack(role, id, name, maker));
            } else {
                tasks.spawn(poller.stack(role, id, name));
            }
        }
        tasks.spawn(poller.clone().templates(role));
        tasks.spawn(poller.clone().alarms(role));
        tasks.spawn(poller.clone().signals(role));
        tasks.spawn(poller.clone().endpoint(role));
    }
    tasks.spawn(poller.clone().identity());
    if poller.env.traffic.is_some() {
        tasks.spawn(poller.clone().checks());
        tasks.spawn(poller.clone().checkers());
        tasks.spawn(poller.clone().records());
        tasks.spawn(poller.clone().marker());
        tasks.spawn(poller.clone().lever());
        if poller
            .env
            .traffic
            .as_ref()
            .is_some_and(|t| t.promotion.is_some())
        {
            tasks.spawn(poller.clone().promotion());
        }
    }
}

impl Poller {
    /// Reads again and again: at the cadence, and at once when a refresh is asked for, the pace changes, or the
    /// names it depends on do.
    async fn every<F, Fut>(mut self, cadence: Cadence, wakes: Wakes, mut read: F)
    where
        F: FnMut(Self, Known) -> Fut,
        Fut: Future<Output = Vec<Seen>>,
    {
        let mut backoff: u32 = 0;
        loop {
            let known = self.known.borrow_and_update().clone();
            let began = self.session.clock.now();
            let seen = read(self.clone(), known.clone()).await;
            backoff = if seen.iter().any(is_throttled) {
                (backoff + 1).min(3)
            } else {
                0
            };
            let at = self.session.clock.now();
            let clock = self.session.clients.clock_news().map(Seen::Clock);
            for seen in seen.into_iter().chain(clock) {
                if self
                    .out
                    .send(Msg::Sighted(Box::new(Sighting { at, seen })))
                    .await
                    .is_err()
                {
                    return;
                }
            }
            let rest = Rest {
                cadence,
                wakes,
                backoff,
                began,
                known,
            };
            if self.rest(&rest).await.is_err() {
                return;
            }
        }
    }

    /// Waits for the next read. An error means that the console is gone.
    async fn rest(&mut self, rest: &Rest) -> Result<(), watch::error::RecvError> {
        let clock = self.session.clock.clone();
        loop {
            let known = self.known.borrow_and_update().clone();
            if rest.wakes == Wakes::OnNames && rest.backoff == 0 && known.names != rest.known.names
            {
                clock.sleep(BURST).await;
                return Ok(());
            }
            let whole = rest
                .cadence
                .at(known.pace)
                .saturating_mul(1 << rest.backoff);
            let left = whole.saturating_sub(crate::domain::observed::age(rest.began, clock.now()));
            if left.is_zero() || (known.refreshes != rest.known.refreshes && rest.backoff == 0) {
                return Ok(());
            }
            tokio::select! {
                () = clock.sleep(left) => return Ok(()),
                changed = self.known.changed() => changed?,
            }
        }
    }
}

fn is_throttled(seen: &Seen) -> bool {
    let error = match seen {
        Seen::Identity(r) => r.as_ref().err(),
        Seen::Stack(_, _, r) => r.as_ref().err(),
        Seen::Resources(_, _, r) => r.as_ref().err(),
        Seen::Template(_, _, r) => r.as_ref().err(),
        Seen::Drift(_, _, r) => r.as_ref().err(),
        Seen::Activity(_, _, r) => r.as_ref().err(),
        Seen::Alarms(_, r) => r.as_ref().err(),
        Seen::Signals(_, r) => r.as_ref().err(),
        Seen::Endpoint(_, r) => r.as_ref().err(),
        Seen::Checks(r) => r.as_ref().err(),
        Seen::Checkers(_, r) => r.as_ref().err(),
        Seen::Records(r) => r.as_ref().err(),
        Seen::Marker(r) => r.as_ref().err(),
        Seen::Lever(r) => r.as_ref().err(),
        Seen::Promotion(r) => r.as_ref().err(),
        Seen::Clock(_) => None,
    };
    error.is_some_and(|e| e.kind == FailureKind::Throttled)
}
