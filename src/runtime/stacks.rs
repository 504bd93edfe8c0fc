//! One stack in the hands of an operation: deleted, one parameter changed, and followed to its end.
//!
//! Every step begins by looking, so that a step that was cut off can be done again without doing anything twice.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::app::effect::StackTarget;
use crate::app::msg::{Msg, News, StepDone};
use crate::app::run::{LiveEvent, StackProgress};
use crate::aws::{ActError, DeleteOptions, RegionClient};
use crate::domain::change::Change;
use crate::domain::failure::first_since;
use crate::domain::observation::{Seen, Sighting};
use crate::domain::observed::{FailureKind, ReadError};
use crate::domain::operation::OperationId;
use crate::domain::stack::{Phase, StackState};
use crate::runtime::merged::Merged;
use crate::runtime::renewal::Renewal;
use crate::runtime::session::Shared;

/// Between two looks at a stack that is in progress.
pub(super) const POLL: Duration = Duration::from_secs(3);
/// Reads in a row that may fail before the step gives up watching: about ten minutes.
const MOST_FAILURES: u32 = 60;

/// How a step ended.
pub(super) enum StepEnd {
    Done(StepDone),
    /// The change set would endanger data in a way that nobody has confirmed; it was not executed.
    Asks(Vec<Change>),
}

/// One stack in the hands of an operation.
pub(super) struct Job {
    pub session: Shared,
    pub out: mpsc::Sender<Msg>,
    pub operation: OperationId,
    pub target: StackTarget,
}

impl Job {
    pub(super) fn client(&self) -> &RegionClient {
        self.session.clients.regions.get(self.target.role)
    }

    /// The name of the change set and the token of every call: the same when the step is done again.
    pub(super) fn token(&self) -> String {
        format!("{}-{}", self.operation, self.target.stack)
    }

    /// Deletes the stack and follows it until it is gone.
    pub(super) async fn delete(self) -> Result<StepDone, String> {
        let since = self.session.clock.now();
        let state = self.look().await?;
        let Some(arn) = state.stack().map(|s| s.arn.clone()) else {
            self.tell_stack(state).await;
            let was_ours = self.target.cut_off.is_some();
            let note = if was_ours { "is gone" } else { "was not there" };
            return Ok(StepDone {
                skipped: !was_ours,
                note: Some(note.to_owned()),
            });
        };
        let renewal = self.renewal();
        let listed = renewal.until_accepted(|| self.client().stack_resources(&arn));
        let total = listed.await.map_or(0, |all| all.len());
        self.tell(News::Stack(
            self.target.stack.clone(),
            StackProgress {
                status: "starting".into(),
                done: 0,
                total,
            },
        ))
        .await;
        let options = DeleteOptions {
            token: self.token(),
            ..DeleteOptions::default()
        };
        let since = match self.executed(&state, &options.token).await? {
            Some(begun) if state.phase() == Phase::InProgress => begun,
            _ => {
                self.insist(|| self.client().delete_stack(&arn, options.clone()))
                    .await?;
                since
            }
        };
        let end = self.follow(&arn, since, total).await?;
        if end.phase() == Phase::Absent {
            self.tell_stack(StackState::Absent).await;
            let left = self.left_behind(&arn).await;
            Ok(StepDone {
                skipped: false,
                note: Some(format!("DELETE_COMPLETE, {left}")),
            })
        } else {
            Err(why(&self.target.name, &end))
        }
    }

    /// What a deleted stack has left in AWS, in words. CloudFormation remembers a deleted stack's resources for 90 days.
    pub(super) async fn left_behind(&self, arn: &str) -> String {
        let renewal = self.renewal();
        let listed = renewal.until_accepted(|| self.client().stack_resources(arn));
        let resources = match listed.await {
            Ok(resources) => resources,
            Err(error) => return format!("what is left could not be listed: {error}"),
        };
        let gone = |status: &str| matches!(status, "DELETE_COMPLETE" | "");
        let left: Vec<String> = resources
            .iter()
            .filter(|r| !gone(&r.status.0))
            .map(|r| {
                let physical = r.physical_id.as_deref().unwrap_or("no physical id");
                format!("{} ({}, {physical})", r.logical_id, r.resource_type)
            })
            .collect();
        if left.is_empty() {
            "nothing is left".to_owned()
        } else {
            format!("{} left in AWS: {}", left.len(), left.join("; "))
        }
    }

    /// Changes one parameter of the stack (the endpoint lever) and follows it.
    pub(super) async fn set_parameter(
        self,
        parameter: &str,
        value: &str,
    ) -> Result<StepDone, String> {
        let since = self.session.clock.now();
        let token = format!("{}-{value}", self.token());
        if self.target.cut_off.is_some() {
            let state = self.look().await?;
            if let Some(begun) = self.executed(&state, &token).await? {
                let end = self.follow(&self.target.name.clone(), begun, 0).await?;
                return self.deployed(&end);
            }
        }
        let told = self
            .renewal()
            .until_accepted(|| {
                self.client()
                    .update_parameter(&self.target.name, parameter, value, &token)
            })
            .await;
        match told {
            Ok(crate::aws::Updated::Unchanged) => {
                return Ok(StepDone {
                    skipped: true,
                    note: Some(format!("{parameter} is {value} already")),
                });
            }
            Ok(crate::aws::Updated::Started) => {}
            Err(error) => return Err(error.to_string()),
        }
        let end = self.follow(&self.target.name.clone(), since, 0).await?;
        if end.phase() == Phase::Settled {
            Ok(StepDone {
                skipped: false,
                note: Some(format!("{parameter} = {value}")),
            })
        } else {
            Err(why(&self.target.name, &end))
        }
    }

    /// How the calls of this job wait for a new login.
    pub(super) fn renewal(&self) -> Renewal<'_> {
        Renewal {
            session: &self.session,
            out: &self.out,
            operation: &self.operation,
            what: format!("{} in {}", self.target.name, self.client().region()),
        }
    }

    /// Calls again while CloudFormation throttles: a call that was throttled has done nothing, and each carries a token.
    pub(super) async fn insist<T, F>(&self, mut call: impl FnMut() -> F) -> Result<T, String>
    where
        F: Future<Output = Result<T, ActError>>,
    {
        let renewal = self.renewal();
        let mut failures = 0;
        loop {
            match renewal.until_accepted(&mut call).await {
                Ok(done) => return Ok(done),
                Err(error) if error.kind == FailureKind::Throttled && failures < MOST_FAILURES => {
                    failures += 1;
                }
                Err(error) => return Err(error.to_string()),
            }
            self.session.clock.sleep(POLL).await;
        }
    }

    pub(super) async fn look(&self) -> Result<StackState, String> {
        let renewal = self.renewal();
        let mut failures = 0;
        loop {
            let seen = renewal.until_accepted(|| self.client().stack(&self.target.name));
            match seen.await {
                Ok(state) => return Ok(state),
                Err(error) => failures = self.bear(&error, failures.max(MOST_FAILURES - 3))?,
            }
            self.session.clock.sleep(POLL).await;
        }
    }

    /// Follows the stack's events until it is no longer in progress.
    pub(super) async fn follow(
        &self,
        name: &str,
        since: Timestamp,
        total: usize,
    ) -> Result<StackState, String> {
        self.follow_counting(name, since, (total, false)).await
    }

    /// The same; `counted` is how many resources are expected, and whether those of nested stacks are among them.
    pub(super) async fn follow_counting(
        &self,
        name: &str,
        since: Timestamp,
        counted: (usize, bool),
    ) -> Result<StackState, String> {
        let mut merged = Merged::new(&self.target, name, since, counted);
        let renewal = self.renewal();
        let mut failures = 0;
        loop {
            self.session.clock.sleep(POLL).await;
            let seen = futures_util::future::join(
                renewal.until_accepted(|| self.client().stack(name)),
                merged.look(&self.session.clients),
            );
            match seen.await {
                (Ok(state), live) => {
                    failures = 0;
                    self.tell_events(&merged, live, state.label()).await;
                    self.tell_stack(state.clone()).await;
                    if state.phase() != Phase::InProgress && state.phase() != Phase::Review {
                        let told = self.told_failure(name, &state, since).await;
                        return Ok(merged.explain(state, told.as_deref()));
                    }
                }
                (Err(error), live) => {
                    if !live.is_empty() {
                        self.tell(News::Events(live)).await;
                    }
                    failures = self.bear(&error, failures)?;
                }
            }
        }
    }

    /// Why the stack's change failed, as the service itself says where it can.
    async fn told_failure(&self, name: &str, end: &StackState, since: Timestamp) -> Option<String> {
        let went_wrong = matches!(end.phase(), Phase::Failed | Phase::Dead | Phase::RolledBack);
        if !went_wrong {
            return None;
        }
        match self.client().failures(name, None).await {
            Ok(all) => first_since(&all, since).map(ToString::to_string),
            Err(error) => {
                tracing::debug!(%error, "what failed is told by the stack's events only");
                None
            }
        }
    }

    /// Whether a failed read is borne: a number of failures in a row, else the reason to give up watching.
    pub(super) fn bear(&self, error: &ReadError, failures: u32) -> Result<u32, String> {
        let hopeless = matches!(
            error.kind,
            FailureKind::Denied | FailureKind::Invalid | FailureKind::NotFound
        );
        if hopeless || failures >= MOST_FAILURES {
            return Err(format!(
                "{} in {}: {error}; AWS goes on with what it was told",
                self.target.name,
                self.client().region()
            ));
        }
        Ok(failures + 1)
    }

    async fn tell_events(&self, merged: &Merged, live: Vec<LiveEvent>, status: &str) {
        let (done, total) = merged.progress();
        let progress = StackProgress {
            status: status.to_owned(),
            done,
            total,
        };
        if !live.is_empty() {
            self.tell(News::Events(live)).await;
        }
        self.tell(News::Stack(self.target.stack.clone(), progress))
            .await;
    }

    pub(super) async fn tell_stack(&self, state: StackState) {
        let at = self.session.clock.now();
        let seen = Seen::Stack(self.target.role, self.target.stack.clone(), Ok(state));
        self.send(Msg::Sighted(Box::new(Sighting { at, seen })))
            .await;
    }

    pub(super) async fn tell(&self, news: News) {
        self.send(Msg::Progress {
            operation: self.operation.clone(),
            news,
        })
        .await;
    }

    async fn send(&self, msg: Msg) {
        if self.out.send(msg).await.is_err() {
            tracing::debug!("the console is gone; {} goes on in AWS", self.target.name);
        }
    }
}

pub(super) fn why(name: &str, end: &StackState) -> String {
    let reason = end
        .stack()
        .and_then(|s| s.reason.clone())
        .unwrap_or_else(|| "no reason was given".to_owned());
    format!("{name} ended in {}: {reason}", end.label())
}
