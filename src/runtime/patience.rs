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
/// So many calls in a row have failed at least when a step gives up.
const LEAST: u32 = 3;

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
        // time may have passed in a pause for a new login, or while this machine slept
        if age(since, now) >= limit && silence.failures >= LEAST {
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
pub(super) const fn passes(kind: FailureKind) -> bool {
    match kind {
        FailureKind::Throttled | FailureKind::Unreachable | FailureKind::Service => true,
        // those are waited for by who makes the call
        FailureKind::Credentials
        | FailureKind::Denied
        | FailureKind::Invalid
        | FailureKind::NotFound => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt as _;
    use tokio::sync::mpsc;

    use super::*;
    use crate::app::effect::StackTarget;
    use crate::app::msg::Msg;
    use crate::aws::scripted::{EPOCH, clients, error_xml, script, sent};
    use crate::clock::Clock;
    use crate::dns::{DnsError, Resolver};
    use crate::domain::observed::ReadError;
    use crate::domain::operation::OperationId;
    use crate::domain::region::Role;
    use crate::domain::stack::StackId;
    use crate::probe::Probe;
    use crate::runtime::session::{Operations, Session};

    type Answers = Vec<(u16, String)>;

    /// A job whose calls are answered like this, and what was sent.
    async fn job(
        answers: Answers,
    ) -> (
        Job,
        aws_smithy_http_client::test_util::StaticReplayClient,
        mpsc::Receiver<Msg>,
    ) {
        let replay = script(answers);
        let clock = Clock::world(Timestamp::from_second(EPOCH).unwrap(), 1.0);
        let nobody = Arc::new(|_, _, _| {
            std::future::ready(Err(DnsError::Unreachable("nobody".to_owned()))).boxed()
        });
        let nothing = Arc::new(|_| {
            std::future::ready(Err(ReadError {
                kind: FailureKind::NotFound,
                message: "nothing".to_owned(),
            }))
            .boxed()
        });
        let session = Session {
            clients: clients(replay.clone()).await,
            resolver: Resolver::in_process(clock.clone(), nobody),
            probe: Probe::in_process(clock.clone(), nothing),
            clock,
            state: std::path::PathBuf::new(),
            user: "ops".to_owned(),
            world: None,
            cancelled: Operations::default(),
            hurried: Operations::default(),
        };
        let (out, news) = mpsc::channel(64);
        let job = Job {
            session: Arc::new(session),
            out,
            operation: OperationId("deploy-1".into()),
            target: StackTarget {
                stack: StackId("pay".into()),
                role: Role::Primary,
                name: "pay".into(),
                arn: None,
                cut_off: None,
                instances: Vec::new(),
            },
            patience: PATIENCE,
        };
        (job, replay, news)
    }

    fn failing(times: usize) -> Answers {
        vec![(500, error_xml("InternalFailure", "no")); times]
    }

    fn done() -> (u16, String) {
        let body = "<ExecuteChangeSetResponse><ExecuteChangeSetResult/></ExecuteChangeSetResponse>";
        (200, body.to_owned())
    }

    fn refused() -> (u16, String) {
        let why =
            "ChangeSet cannot be executed in its current execution status of EXECUTE_IN_PROGRESS";
        (400, error_xml("InvalidChangeSetStatus", why))
    }

    fn events(token: &str) -> (u16, String) {
        let body = format!(
            "<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents><member><EventId>e</EventId>\
             <StackName>pay</StackName><LogicalResourceId>pay</LogicalResourceId>\
             <ResourceType>AWS::CloudFormation::Stack</ResourceType><Timestamp>2026-01-01T00:00:01Z</Timestamp>\
             <ResourceStatus>UPDATE_IN_PROGRESS</ResourceStatus><ClientRequestToken>{token}</ClientRequestToken>\
             </member></StackEvents></DescribeStackEventsResult></DescribeStackEventsResponse>"
        );
        (200, body)
    }

    async fn execute(answers: Answers) -> (Result<(), Stopped>, usize) {
        let (job, replay, _news) = job(answers).await;
        let call = || {
            job.client()
                .execute_change_set("pay", "set", "deploy-1-pay")
        };
        let executed = job.change("pay", "deploy-1-pay", call).await;
        (executed, sent(&replay).len())
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_goes_on_after_errors_that_pass() {
        // each call is tried three times
        let answers = failing(7).into_iter().chain([done()]).collect();
        assert_eq!(execute(answers).await, (Ok(()), 8));
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_that_is_refused_since_an_earlier_call_got_through_is_recognised() {
        let after = |token| [refused(), events(token)];
        let ours = failing(3).into_iter().chain(after("deploy-1-pay"));
        assert_eq!(execute(ours.collect()).await, (Ok(()), 5));
        let theirs = failing(3).into_iter().chain(after("somebody-else"));
        let (executed, _) = execute(theirs.collect()).await;
        let stopped = executed.unwrap_err();
        assert!(
            !stopped.open && stopped.why.contains("EXECUTE_IN_PROGRESS"),
            "{stopped}"
        );
        // without an earlier call there is nothing to look for
        let (executed, calls) = execute(vec![refused()]).await;
        assert!(!executed.unwrap_err().open);
        assert_eq!(calls, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn ten_minutes_without_a_good_answer_leave_it_open_and_the_silence_is_said() {
        let (job, _replay, mut news) = job(failing(1_000)).await;
        let began = job.session.clock.now();
        let stopped = job.look().await.unwrap_err();
        assert!(stopped.open, "{stopped}");
        let lasted = age(began, job.session.clock.now());
        assert!(lasted >= PATIENCE && lasted < PATIENCE * 2, "{lasted:?}");
        let Some(Msg::Progress {
            news: News::Note(said),
            ..
        }) = news.recv().await
        else {
            panic!("nothing was said")
        };
        assert!(said.contains("no answer since 00:00:0"), "{said}");
    }
}
