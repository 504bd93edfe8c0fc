//! Gets one stack out of a status in which it is stuck.

use crate::app::msg::StepDone;
use crate::aws::{ActError, DeleteOptions};
use crate::domain::repair::{Repair, way_out};
use crate::domain::stack::{Phase, StackState};
use crate::runtime::patience::Stopped;
use crate::runtime::stacks::{Job, why};
use crate::runtime::story::Anchor;

impl Job {
    /// Repairs the stack and follows it to its end. `skip` names what is left as it is, or left behind.
    pub(super) async fn repair(
        self,
        repair: Repair,
        skip: Vec<String>,
    ) -> Result<StepDone, Stopped> {
        let before = self.look().await?;
        if let Some(begun) = self.executed(&before, &self.token()).await? {
            return self.watch(&before, (repair, begun)).await;
        }
        if repair.is_reached(before.phase()) {
            // deleted by an earlier run of this step, or so before there was one
            let note = Some(format!("was {} already", before.label()));
            self.tell_stack(before).await;
            return Ok(StepDone {
                skipped: self.target.cut_off.is_none(),
                note,
            });
        }
        let StackState::Present(stack) = &before else {
            return Err(format!("{} is not there any more", self.target.name).into());
        };
        if !way_out(&stack.status).repairs.contains(&repair) {
            return Err(format!(
                "{} is {} now, which {repair} does not help: look again",
                self.target.name, stack.status
            )
            .into());
        }
        let anchor = self.anchor(&before).await?;
        let call = || self.call(&stack.arn, repair, skip.clone());
        self.change(&stack.arn, &self.token(), call).await?;
        self.watch(&before, (repair, anchor)).await
    }

    /// Follows a repair that AWS has been told of to its end.
    async fn watch(
        &self,
        before: &StackState,
        (repair, from): (Repair, Anchor),
    ) -> Result<StepDone, Stopped> {
        let Some(arn) = before.stack().map(|stack| stack.arn.clone()) else {
            return Err(format!("{} is not there any more", self.target.name).into());
        };
        let end = self.follow(&arn, from, 0).await?;
        self.tell_stack(end.clone()).await;
        let left = if end.phase() == Phase::Absent {
            self.left_behind(&arn).await
        } else {
            String::new()
        };
        self.judge(repair, &end, &left)
    }

    async fn call(&self, arn: &str, repair: Repair, skip: Vec<String>) -> Result<(), ActError> {
        let (client, token) = (self.client(), self.token());
        match repair {
            Repair::CancelUpdate => client.cancel_update(arn, &token).await,
            Repair::ContinueRollback => client.continue_rollback(arn, skip, &token).await,
            Repair::RollBack => client.roll_back(arn, &token).await,
            Repair::Delete | Repair::ForceDelete => {
                let options = DeleteOptions {
                    token,
                    retain: skip,
                    force: repair == Repair::ForceDelete,
                };
                client.delete_stack(arn, options).await
            }
        }
    }

    fn judge(&self, repair: Repair, end: &StackState, left: &str) -> Result<StepDone, Stopped> {
        let phase = end.phase();
        let note = match (repair, phase) {
            (Repair::CancelUpdate, Phase::Settled) => {
                "the update was through before it could be cancelled".to_owned()
            }
            (_, Phase::Absent) => format!("DELETE_COMPLETE, {left}"),
            _ if repair.is_reached(phase) => end.label().to_owned(),
            _ => return Err(why(&self.target.name, end).into()),
        };
        Ok(StepDone {
            skipped: false,
            note: Some(note),
        })
    }
}
