//! Deploys and deletes one stack, and follows it to its end.
//!
//! Every step begins by looking, so that a step that was cut off can be done again without doing anything twice.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::app::effect::{Deployment, StackTarget};
use crate::app::msg::{Msg, News, StepDone};
use crate::app::run::StackProgress;
use crate::aws::{ChangeSetState, DeleteOptions, NewChangeSet, RegionClient};
use crate::domain::observation::{Seen, Sighting};
use crate::domain::observed::{FailureKind, ReadError};
use crate::domain::operation::OperationId;
use crate::domain::stack::{Phase, StackEvent, StackState};
use crate::runtime::session::Shared;
use crate::runtime::story::Story;

/// Between two looks at a stack that is in progress.
const POLL: Duration = Duration::from_secs(3);
/// Reads in a row that may fail before the step gives up watching: about ten minutes.
const MOST_FAILURES: u32 = 60;

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

    /// Creates or updates the stack through a change set.
    pub(super) async fn deploy(self, wanted: Deployment) -> Result<StepDone, String> {
        let since = self.session.clock.now();
        let state = self.look().await?;
        if let Some(begun) = self.executed(&state, &self.token()).await? {
            let name = self.target.name.clone();
            return self.deployed(&self.follow(&name, begun, 0).await?);
        }
        let phase = state.phase();
        if phase == Phase::InProgress {
            return Err(format!(
                "{} is {}: somebody else is changing it",
                self.target.name,
                state.label()
            ));
        }
        let create = matches!(phase, Phase::Absent | Phase::Review);
        let total = self.prepare(wanted, create).await?;
        let Some(total) = total else {
            self.tell_stack(state).await;
            return Ok(StepDone {
                skipped: true,
                note: Some("no changes".to_owned()),
            });
        };
        self.tell(News::Stack(
            self.target.stack.clone(),
            StackProgress {
                status: "starting".into(),
                done: 0,
                total,
            },
        ))
        .await;
        let token = self.token();
        self.client()
            .execute_change_set(&self.target.name, &token, &token)
            .await
            .map_err(|e| e.to_string())?;
        let end = self.follow(&self.target.name.clone(), since, total).await?;
        self.deployed(&end)
    }

    fn deployed(&self, end: &StackState) -> Result<StepDone, String> {
        match end.phase() {
            Phase::Settled => Ok(StepDone {
                skipped: false,
                note: Some(end.label().to_owned()),
            }),
            Phase::Absent
            | Phase::RolledBack
            | Phase::Dead
            | Phase::Failed
            | Phase::InProgress
            | Phase::Review
            | Phase::Unknown => Err(why(&self.target.name, end)),
        }
    }

    /// Makes the change set; the number of its changes, or none where nothing would change.
    async fn prepare(&self, wanted: Deployment, create: bool) -> Result<Option<usize>, String> {
        let token = self.token();
        let new = NewChangeSet {
            stack_name: self.target.name.clone(),
            name: token.clone(),
            template_body: wanted.template,
            parameters: wanted.parameters,
            keep: if create { Vec::new() } else { wanted.keep },
            capabilities: wanted.capabilities,
            tags: wanted.tags,
            create,
            token: token.clone(),
        };
        if !self.has_change_set(&token).await? {
            self.client()
                .create_change_set(new)
                .await
                .map_err(|e| e.to_string())?;
        }
        let mut failures = 0;
        loop {
            match self.client().change_set(&self.target.name, &token).await {
                Ok(ChangeSetState::Ready(set)) => {
                    if let Some(change) = set.changes.iter().find(|c| c.endangers_data()) {
                        let what = format!("{} ({})", change.logical_id, change.resource_type);
                        self.discard(&token).await;
                        return Err(format!(
                            "the change set of {} would replace or remove {what}, which holds data; it was not executed. Review it with `aws cloudformation create-change-set` before going on",
                            self.target.name
                        ));
                    }
                    return Ok(Some(set.changes.len()));
                }
                Ok(ChangeSetState::Empty) => {
                    self.discard(&token).await;
                    return Ok(None);
                }
                Ok(ChangeSetState::Failed(reason)) => {
                    self.discard(&token).await;
                    return Err(format!(
                        "the change set of {} failed: {reason}",
                        self.target.name
                    ));
                }
                Ok(ChangeSetState::Pending) => failures = 0,
                Err(error) => failures = self.bear(&error, failures)?,
            }
            self.session.clock.sleep(POLL).await;
        }
    }

    async fn discard(&self, name: &str) {
        if let Err(error) = self
            .client()
            .delete_change_set(&self.target.name, name)
            .await
        {
            self.tell(News::Note(format!("change set {name} stays: {error}")))
                .await;
        }
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
        let total = self
            .client()
            .stack_resources(&arn)
            .await
            .map_or(0, |all| all.len());
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
                self.client()
                    .delete_stack(&arn, options)
                    .await
                    .map_err(|e| e.to_string())?;
                since
            }
        };
        let end = self.follow(&arn, since, total).await?;
        if end.phase() == Phase::Absent {
            self.tell_stack(StackState::Absent).await;
            Ok(StepDone {
                skipped: false,
                note: Some("DELETE_COMPLETE".to_owned()),
            })
        } else {
            Err(why(&self.target.name, &end))
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
        match self
            .client()
            .update_parameter(&self.target.name, parameter, value, &token)
            .await
        {
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

    pub(super) async fn look(&self) -> Result<StackState, String> {
        let mut failures = 0;
        loop {
            match self.client().stack(&self.target.name).await {
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
        let mut story = Story::new(since, total);
        let mut failures = 0;
        loop {
            self.session.clock.sleep(POLL).await;
            let seen = futures_util::future::join(
                self.client().stack(name),
                self.client()
                    .stack_events(name, since, story.known.as_deref()),
            );
            match seen.await {
                (Ok(state), events) => {
                    failures = 0;
                    let fresh = events.unwrap_or_default();
                    self.tell_events(&mut story, fresh, state.label()).await;
                    self.tell_stack(state.clone()).await;
                    if state.phase() != Phase::InProgress && state.phase() != Phase::Review {
                        return Ok(story.explain(state));
                    }
                }
                (Err(error), _) => failures = self.bear(&error, failures)?,
            }
        }
    }

    /// Whether a failed read is borne: a number of failures in a row, else the reason to give up watching.
    fn bear(&self, error: &ReadError, failures: u32) -> Result<u32, String> {
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

    async fn tell_events(&self, story: &mut Story, fresh: Vec<StackEvent>, status: &str) {
        let live = story.take(self.target.role, fresh);
        let progress = StackProgress {
            status: status.to_owned(),
            done: story.done,
            total: story.total,
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

    async fn tell(&self, news: News) {
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
