//! Deploys one stack through a change set, and looks at what one would do.

use crate::app::effect::{Deployment, Reviewed};
use crate::app::msg::{News, StepDone};
use crate::app::run::StackProgress;
use crate::aws::{ActError, ChangeSetState, NewChangeSet};
use crate::domain::change::{Change, ChangeSet};
use crate::domain::inner;
use crate::domain::stack::{Phase, StackState};
use crate::runtime::patience::{ASIDE, Stopped};
use crate::runtime::stacks::{Job, POLL, StepEnd, why};

/// What is to be done with a change set that is ready.
enum Judged {
    Execute,
    Asks(Vec<Change>),
    Differs(String),
}

impl Job {
    /// Creates or updates the stack through a change set.
    pub(super) async fn deploy(self, wanted: Deployment) -> Result<StepEnd, Stopped> {
        let state = self.look().await?;
        if let Some(begun) = self.executed(&state, &self.token()).await? {
            let name = self.target.name.clone();
            let end = self.follow(&name, begun, 0).await?;
            return self.deployed(&end).map(StepEnd::Done);
        }
        let phase = state.phase();
        if phase == Phase::InProgress {
            return Err(self.foreign(&state).into());
        }
        let anchor = self.anchor(&state).await?;
        let create = matches!(phase, Phase::Absent | Phase::Review);
        let (token, reviewed) = (self.token(), wanted.reviewed.clone());
        let template = wanted.template.clone();
        let Some(mut set) = self.change_set(&token, wanted, create).await? else {
            self.tell_stack(state).await;
            return Ok(StepEnd::Done(StepDone {
                skipped: true,
                note: Some("no changes".to_owned()),
            }));
        };
        let total = set.changes.len();
        let nests = set.changes.iter().any(Change::is_nested);
        self.look_inside(&mut set, &template).await;
        match judge(&set, reviewed.as_ref()) {
            Judged::Execute => {}
            Judged::Asks(changes) => {
                self.discard(&token).await;
                return Ok(StepEnd::Asks(changes));
            }
            Judged::Differs(how) => {
                self.discard(&token).await;
                return Err(format!(
                    "the change set of {} is not the one that was reviewed ({how}); it was not executed: plan again",
                    self.target.name
                )
                .into());
            }
        }
        self.tell_start(total).await;
        let executed = self.change(&self.target.name, &token, || self.execute(&token));
        if let Err(stopped) = executed.await {
            if self.session.cancelled.has(&self.operation) {
                self.discard(&token).await;
            }
            return Err(stopped);
        }
        let end = self
            .follow_counting(&self.target.name, anchor, (total, nests))
            .await?;
        self.deployed(&end).map(StepEnd::Done)
    }

    /// Executes the change set, unless the operation was cancelled while this waited.
    async fn execute(&self, token: &str) -> Result<(), ActError> {
        if self.session.cancelled.has(&self.operation) {
            let why = "cancelled: its change set was not executed";
            return Err(ActError::not_sent(why));
        }
        let client = self.client();
        client
            .execute_change_set(&self.target.name, token, token)
            .await
    }

    /// How the stack's change ended.
    pub(super) fn deployed(&self, end: &StackState) -> Result<StepDone, Stopped> {
        if end.phase() != Phase::Settled {
            return Err(why(&self.target.name, end).into());
        }
        let note = Some(end.label().to_owned());
        Ok(StepDone {
            skipped: false,
            note,
        })
    }

    /// What a deployment would change in a stack that exists; the change set is thrown away again.
    /// None: nothing.
    pub(super) async fn preview(self, wanted: Deployment) -> Result<Option<Vec<Change>>, Stopped> {
        let name = format!("{}-review", self.token());
        let template = wanted.template.clone();
        let Some(mut set) = self.change_set(&name, wanted, false).await? else {
            return Ok(None);
        };
        self.discard(&name).await;
        self.look_inside(&mut set, &template).await;
        Ok(Some(set.changes))
    }

    /// Adds what changes in the stacks of a modified `StackSet`, of which its change set says nothing.
    async fn look_inside(&self, set: &mut ChangeSet, template: &str) {
        if !set.changes.iter().any(inner::is_modified_set) {
            return;
        }
        let deployed = self.insist(|| self.client().template(&self.target.name));
        let deployed = deployed.await.map_err(|unread| unread.why);
        let old = deployed.as_deref().map_err(String::as_str);
        let inside = inner::inside(&set.changes, old, template);
        set.changes.extend(inside);
    }

    /// Makes a change set and waits for it; none where nothing would change.
    async fn change_set(
        &self,
        name: &str,
        wanted: Deployment,
        create: bool,
    ) -> Result<Option<ChangeSet>, Stopped> {
        let new = NewChangeSet {
            stack_name: self.target.name.clone(),
            name: name.to_owned(),
            template_body: wanted.template,
            parameters: wanted.parameters,
            keep: if create { Vec::new() } else { wanted.keep },
            capabilities: wanted.capabilities,
            tags: wanted.tags,
            create,
            token: name.to_owned(),
        };
        if !self.has_change_set(name).await? {
            let made = self.insist(|| self.client().create_change_set(new.clone()));
            if let Err(stopped) = made.await {
                // it is refused because a call before got through
                let is_there = stopped.doubt && !stopped.open;
                if !is_there || !self.finds_change_set(name).await? {
                    return Err(stopped);
                }
            }
        }
        loop {
            let seen = self.insist(|| self.client().change_set(&self.target.name, name));
            match seen.await? {
                ChangeSetState::Ready(set) => return Ok(Some(set)),
                ChangeSetState::Empty => {
                    self.discard(name).await;
                    return Ok(None);
                }
                ChangeSetState::Failed(reason) => {
                    let reason = self.told_of_set(name).await.unwrap_or(reason);
                    self.discard(name).await;
                    return Err(
                        format!("the change set of {} failed: {reason}", self.target.name).into(),
                    );
                }
                ChangeSetState::Pending => {}
            }
            self.session.clock.sleep(POLL).await;
        }
    }

    /// Why a change set failed, as the service itself says where it can: the change set's own reason may only say that
    /// a validation failed.
    async fn told_of_set(&self, name: &str) -> Option<String> {
        let ask = || self.client().failures(&self.target.name, Some(name));
        let all = self.insist_within(ASIDE, ask).await.ok()?;
        all.first().map(ToString::to_string)
    }

    async fn discard(&self, name: &str) {
        let call = || self.client().delete_change_set(&self.target.name, name);
        if let Err(error) = self.insist_within(ASIDE, call).await {
            self.tell(News::Note(format!("change set {name} stays: {error}")))
                .await;
        }
    }

    pub(super) async fn tell_start(&self, total: usize) {
        let progress = StackProgress {
            status: "starting".into(),
            done: 0,
            total,
        };
        self.tell(News::Stack(self.target.stack.clone(), progress))
            .await;
    }
}

/// Holds a change set against what was reviewed.
fn judge(set: &ChangeSet, reviewed: Option<&Reviewed>) -> Judged {
    let seen = |change: &Change| {
        reviewed.is_some_and(|r| r.changes.iter().any(|known| known.is_like(change)))
    };
    if let Some(reviewed) = reviewed.filter(|r| r.exact) {
        let gone = reviewed
            .changes
            .iter()
            .filter(|known| !set.changes.iter().any(|c| c.is_like(known)));
        let new = set.changes.iter().filter(|c| !seen(c));
        if let Some(first) = new.chain(gone).next() {
            return Judged::Differs(format!("{} differs", first.logical_id));
        }
    }
    let unseen: Vec<Change> = set
        .changes
        .iter()
        .filter(|c| c.endangers_data() && !seen(c))
        .cloned()
        .collect();
    if unseen.is_empty() {
        Judged::Execute
    } else {
        Judged::Asks(unseen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::change::{ChangeAction, Replacement};

    fn table(replacement: Replacement) -> Change {
        Change {
            action: ChangeAction::Modify,
            logical_id: "Table".into(),
            resource_type: "AWS::DynamoDB::Table".into(),
            replacement,
            causes: Vec::new(),
        }
    }

    fn set(changes: Vec<Change>) -> ChangeSet {
        ChangeSet {
            arn: "arn".into(),
            name: "set".into(),
            changes,
        }
    }

    #[test]
    fn a_replacement_that_nobody_saw_asks_and_one_that_was_seen_does_not() {
        let replaced = set(vec![table(Replacement::Yes)]);
        assert!(matches!(judge(&replaced, None), Judged::Asks(c) if c.len() == 1));
        let seen = Reviewed {
            changes: replaced.changes.clone(),
            exact: false,
        };
        assert!(matches!(judge(&replaced, Some(&seen)), Judged::Execute));
        let harmless = set(vec![table(Replacement::No)]);
        assert!(matches!(judge(&harmless, Some(&seen)), Judged::Execute));
    }

    #[test]
    fn an_exact_review_holds_for_its_own_change_set_only() {
        let exact = Reviewed {
            changes: vec![table(Replacement::No)],
            exact: true,
        };
        let same = set(vec![table(Replacement::No)]);
        assert!(matches!(judge(&same, Some(&exact)), Judged::Execute));
        for other in [
            set(vec![table(Replacement::Yes)]),
            set(Vec::new()),
            set(vec![table(Replacement::No), {
                let mut more = table(Replacement::No);
                more.logical_id = "Other".into();
                more
            }]),
        ] {
            assert!(matches!(judge(&other, Some(&exact)), Judged::Differs(_)));
        }
    }
}
