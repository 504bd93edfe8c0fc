//! Calls of an operation that fail for a while: made again as long as that is borne, said meanwhile, then left open.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::app::msg::{News, StepFailed};
use crate::domain::observed::{FailureKind, age};
use crate::domain::stack::StackEvent;
use crate::runtime::renewal::{Failure, Renewal};
use crate::runtime::stacks::{Job, POLL};

/// How long a step goes on without one good answer.
pub(super) const PATIENCE: Duration = Duration::from_mins(10);
/// The same where somebody waits for the answer: a review, a lever.
pub(super) const BRIEF: Duration = Duration::from_mins(1);
/// The same for what is only good to know.
pub(super) const ASIDE: Duration = Duration::from_secs(15);

/// Why a step has not ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stopped {
    pub why: String,
    /// AWS may go on with what it was told, and nobody has seen the end.
    pub open: bool,
    /// A call that was made again may have got through before.
    pub doubt: bool,
}

impl Stopped {
    /// It was not seen to its end.
    pub(super) fn unseen(why: String) -> Self {
        Self {
            open: true,
            ..why.into()
        }
    }
}

impl From<String> for Stopped {
    fn from(why: String) -> Self {
        Self {
            why,
            open: false,
            doubt: false,
        }
    }
}

impl From<Stopped> for StepFailed {
    fn from(stopped: Stopped) -> Self {
        Self {
            why: stopped.why,
            in_doubt: stopped.doubt,
        }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

/// A stretch without a good answer.
#[derive(Debug, Default)]
pub(super) struct Silence {
    since: Option<Timestamp>,
    failures: u32,
    told: bool,
    doubt: bool,
}

impl Silence {
    /// Since when nothing good was heard, in words.
    pub(super) fn words(&self) -> Option<String> {
        let since = self.since?.strftime("%H:%M:%SZ");
        Some(format!("no answer since {since}"))
    }
}

impl Job {
    /// How the calls of this job wait for a new login.
    pub(super) fn renewal(&self) -> Renewal<'_> {
        Renewal {
            session: &self.session,
            out: &self.out,
            operation: &self.operation,
            what: self.place(),
        }
    }

    fn place(&self) -> String {
        format!("{} in {}", self.target.name, self.client().region())
    }

    /// Calls until there is a good answer or a firm no, as long as this job is patient: a read, or a change that does
    /// nothing twice.
    pub(super) async fn insist<T, E, F>(&self, call: impl FnMut() -> F) -> Result<T, Stopped>
    where
        E: Failure,
        F: Future<Output = Result<T, E>>,
    {
        self.insist_within(self.patience, call).await
    }

    pub(super) async fn insist_within<T, E, F>(
        &self,
        limit: Duration,
        mut call: impl FnMut() -> F,
    ) -> Result<T, Stopped>
    where
        E: Failure,
        F: Future<Output = Result<T, E>>,
    {
        let renewal = self.renewal();
        let mut silence = Silence::default();
        loop {
            match renewal.until_accepted(&mut call).await {
                Ok(done) => {
                    self.heard(&mut silence).await;
                    return Ok(done);
                }
                Err(error) => self.bear(&mut silence, limit, &error).await?,
            }
            self.session.clock.sleep(POLL).await;
        }
    }

    /// Makes a change that carries a token. Where it is refused after a call that may have got through, the stack's
    /// events say whether that one has: AWS refuses what it does already.
    pub(super) async fn change<E, F>(
        &self,
        stack: &str,
        token: &str,
        call: impl FnMut() -> F,
    ) -> Result<(), Stopped>
    where
        E: Failure,
        F: Future<Output = Result<(), E>>,
    {
        let stopped = match self.insist(call).await {
            Ok(()) => return Ok(()),
            Err(stopped) if stopped.open || !stopped.doubt => return Err(stopped),
            Err(stopped) => stopped,
        };
        let events = self.insist(|| self.client().newest_events(stack)).await;
        let ours = |e: &StackEvent| e.token.as_deref() == Some(token);
        match events {
            Ok(events) if events.iter().any(ours) => Ok(()),
            Ok(_) => Err(stopped),
            Err(unread) => Err(Stopped::unseen(format!("{stopped}; {unread}"))),
        }
    }

    /// Whether a failed call is borne: it may go well another time, and there was a good answer not too long ago.
    pub(super) async fn bear(
        &self,
        silence: &mut Silence,
        limit: Duration,
        error: &impl Failure,
    ) -> Result<(), Stopped> {
        let now = self.session.clock.now();
        let since = *silence.since.get_or_insert(now);
        silence.failures += 1;
        silence.doubt |= error.may_have_changed();
        if !passes(error.kind()) {
            return Err(Stopped {
                why: error.to_string(),
                open: false,
                doubt: silence.doubt,
            });
        }
        if age(since, now) >= limit {
            return Err(Stopped {
                doubt: silence.doubt,
                ..Stopped::unseen(format!(
                    "{}: nothing good was heard since {}, at last: {error}; AWS goes on with what it was told",
                    self.place(),
                    since.strftime("%H:%M:%SZ")
                ))
            });
        }
        // one failure is a blip, and throttling shows itself in the header
        if !silence.told && silence.failures > 1 && error.kind() != FailureKind::Throttled {
            silence.told = true;
            let text = format!(
                "{}: no answer since {} ({error}); it is asked again",
                self.place(),
                since.strftime("%H:%M:%SZ")
            );
            self.tell(News::Note(text)).await;
        }
        Ok(())
    }

    /// There was a good answer.
    pub(super) async fn heard(&self, silence: &mut Silence) {
        let silence = std::mem::take(silence);
        if let (Some(since), true) = (silence.since, silence.told) {
            let lasted = age(since, self.session.clock.now()).as_secs();
            let text = format!("{}: answers again, after {lasted} s", self.place());
            self.tell(News::Note(text)).await;
        }
    }
}

/// Whether the same call may go well another time.
const fn passes(kind: FailureKind) -> bool {
    match kind {
        FailureKind::Throttled | FailureKind::Unreachable | FailureKind::Service => true,
        // those are waited for by who makes the call
        FailureKind::Credentials
        | FailureKind::Denied
        | FailureKind::Invalid
        | FailureKind::NotFound => false,
    }
}
