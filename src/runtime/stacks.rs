//! One stack in the hands of an operation: deleted, one parameter changed, and followed to its end.
//!
//! Every step begins by looking, so that a step that was cut off can be done again without doing anything twice.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::app::effect::StackTarget;
use crate::app::msg::{Msg, News, StepDone};
use crate::app::run::{LiveEvent, StackProgress};
use crate::aws::{DeleteOptions, RegionClient};
use crate::domain::change::Change;
use crate::domain::failure::first_since;
use crate::domain::observation::{Seen, Sighting};
use crate::domain::operation::OperationId;
use crate::domain::region::Role;
use crate::domain::stack::{Phase, StackId, StackState};
use crate::runtime::merged::Merged;
use crate::runtime::patience::{ASIDE, PATIENCE, Silence, Stopped};
use crate::runtime::session::Shared;
use crate::runtime::story::Anchor;

/// Between two looks at a stack that is in progress.
pub(super) const POLL: Duration = Duration::from_secs(3);
/// How often the last events of a stack that has ended are asked for, if they can't be read.
const LAST_LOOKS: usize = 10;
/// A lever does not wait for the service's own time: what it has begun is looked for this far back in ours.
const CLOCKS_DIFFER: Duration = Duration::from_mins(5);

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
    /// How long its calls go on without one good answer.
    pub patience: Duration,
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
    pub(super) async fn delete(self) -> Result<StepDone, Stopped> {
        let reviewed = self.target.arn.as_ref().unwrap_or(&self.target.name);
        let state = self.look_at(reviewed).await?;
        let Some(arn) = state.stack().map(|s| s.arn.clone()) else {
            return self.gone().await;
        };
        let listed = self.insist(|| self.client().stack_resources(&arn));
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
        let from = match self.executed(&state, &options.token).await? {
            Some(begun) if state.phase() == Phase::InProgress => begun,
            _ if state.phase() == Phase::InProgress => return Err(self.foreign(&state).into()),
            _ => {
                let anchor = self.anchor(&state).await?;
                let call = || self.client().delete_stack(&arn, options.clone());
                self.change(&arn, &options.token, call).await?;
                anchor
            }
        };
        let end = self.follow(&arn, from, total).await?;
        if end.phase() == Phase::Absent {
            self.tell_stack(StackState::Absent).await;
            let left = self.left_behind(&arn).await;
            Ok(StepDone {
                skipped: false,
                note: Some(format!("DELETE_COMPLETE, {left}")),
            })
        } else {
            Err(why(&self.target.name, &end).into())
        }
    }

    /// The stack that was to be deleted is not there. Another one that has its name by now stays: nobody has reviewed it.
    async fn gone(&self) -> Result<StepDone, Stopped> {
        let was_ours = self.target.cut_off.is_some();
        let note = match &self.target.arn {
            None if was_ours => "is gone".to_owned(),
            None => "was not there".to_owned(),
            Some(arn) => {
                let named = self.look().await?;
                if let StackState::Present(other) = named {
                    let why = format!(
                        "{} was deleted, and another stack has its name ({}): it was not reviewed and stays, make a new plan",
                        self.target.name, other.arn
                    );
                    self.tell_stack(StackState::Present(other)).await;
                    return Err(why.into());
                }
                format!("is gone, {}", self.left_behind(arn).await)
            }
        };
        self.tell_stack(StackState::Absent).await;
        Ok(StepDone {
            skipped: !was_ours,
            note: Some(note),
        })
    }

    /// Why nothing is begun with a stack that is in progress.
    pub(super) fn foreign(&self, state: &StackState) -> String {
        format!(
            "{} is {}: somebody else is changing it",
            self.target.name,
            state.label()
        )
    }

    /// What a deleted stack has left in AWS, in words. CloudFormation remembers a deleted stack's resources for 90 days.
    pub(super) async fn left_behind(&self, arn: &str) -> String {
        let listed = self.insist(|| self.client().stack_resources(arn));
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

    /// Changes one parameter of the stack (the endpoint lever) and follows it. Before AWS is told nothing waits for long:
    /// there are other levers.
    pub(super) async fn set_parameter(
        mut self,
        parameter: &str,
        value: &str,
    ) -> Result<StepDone, Stopped> {
        let token = format!("{}-{value}", self.token());
        if self.target.cut_off.is_some() {
            let state = self.look().await?;
            if let Some(begun) = self.executed(&state, &token).await? {
                self.patience = PATIENCE;
                let end = self.follow(&self.target.name, begun, 0).await?;
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
            Err(error) => return Err(error.to_string().into()),
        }
        let from = self.begun(&token).await;
        self.patience = PATIENCE;
        let end = self.follow(&self.target.name, from, 0).await?;
        if end.phase() == Phase::Settled {
            Ok(StepDone {
                skipped: false,
                note: Some(format!("{parameter} = {value}")),
            })
        } else {
            Err(why(&self.target.name, &end).into())
        }
    }

    /// From where on the stack's events are those of the call that has just been made.
    async fn begun(&self, token: &str) -> Anchor {
        let now = self.session.clock.now();
        let newest = self.client().newest_events(&self.target.name).await;
        let ours = newest.ok().and_then(|events| {
            let mut ours = events.into_iter();
            ours.find(|e| e.token.as_deref() == Some(token))
        });
        Anchor::at(ours.map_or_else(
            || now.checked_sub(CLOCKS_DIFFER).unwrap_or(now),
            |first| first.at,
        ))
    }

    pub(super) async fn look(&self) -> Result<StackState, Stopped> {
        self.look_at(&self.target.name).await
    }

    /// The stack of a name, or of an ARN.
    async fn look_at(&self, name: &str) -> Result<StackState, Stopped> {
        self.insist(|| self.client().stack(name)).await
    }

    /// Follows the stack's events until it is no longer in progress.
    pub(super) async fn follow(
        &self,
        name: &str,
        from: Anchor,
        total: usize,
    ) -> Result<StackState, Stopped> {
        self.follow_counting(name, from, (total, false)).await
    }

    /// The same; `counted` is how many resources are expected, and whether those of nested stacks are among them.
    pub(super) async fn follow_counting(
        &self,
        name: &str,
        from: Anchor,
        counted: (usize, bool),
    ) -> Result<StackState, Stopped> {
        let mut merged = Merged::new(&self.target, name, from, counted);
        let renewal = self.renewal();
        let mut silence = Silence::default();
        loop {
            self.session.clock.sleep(POLL).await;
            let seen = futures_util::future::join(
                renewal.until_accepted(|| self.client().stack(name)),
                merged.look(&self.session.clients),
            );
            let (seen, live) = seen.await;
            self.tell_found(&mut merged).await;
            let state = match seen {
                Ok(state) => state,
                Err(error) => {
                    let borne = self.bear(&mut silence, self.patience, &error).await;
                    // AWS was told: whatever ends the watching, nobody has seen the end
                    borne.map_err(|stopped| Stopped::unseen(stopped.why))?;
                    let status = silence.words().unwrap_or_default();
                    self.tell_events(&merged, live, &status).await;
                    continue;
                }
            };
            self.heard(&mut silence).await;
            self.tell_events(&merged, live, state.label()).await;
            self.tell_stack(state.clone()).await;
            if state.phase() != Phase::InProgress && state.phase() != Phase::Review {
                self.last_events(&mut merged, state.label()).await;
                let told = self.told_failure(name, &state, &merged).await;
                return Ok(merged.explain(state, told.as_deref()));
            }
        }
    }

    /// What a stack that has ended has said last, if that could not be read at once.
    async fn last_events(&self, merged: &mut Merged, status: &str) {
        for _ in 0..LAST_LOOKS {
            if !merged.has_unread() {
                return;
            }
            self.session.clock.sleep(POLL).await;
            let live = merged.look(&self.session.clients).await;
            self.tell_events(merged, live, status).await;
        }
    }

    /// Why the stack's change failed, as the service itself says where it can.
    async fn told_failure(&self, name: &str, end: &StackState, merged: &Merged) -> Option<String> {
        let went_wrong = matches!(end.phase(), Phase::Failed | Phase::Dead | Phase::RolledBack);
        if !went_wrong {
            return None;
        }
        let told = self.insist_within(ASIDE, || self.client().failures(name, None));
        match told.await {
            Ok(all) => first_since(&all, merged.since()).map(ToString::to_string),
            Err(error) => {
                tracing::debug!(%error, "what failed is told by the stack's events only");
                None
            }
        }
    }

    /// Stacks that a set has made are known as soon as they are found: nobody else has to look for them.
    async fn tell_found(&self, merged: &mut Merged) {
        for (role, id, stack) in merged.take_found() {
            self.tell_seen(role, id, StackState::Present(stack)).await;
        }
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
        self.tell_seen(self.target.role, self.target.stack.clone(), state)
            .await;
    }

    async fn tell_seen(&self, role: Role, id: StackId, state: StackState) {
        let at = self.session.clock.now();
        let seen = Seen::Stack(role, id, Ok(state));
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
