//! Cancels the deployment that runs: none of its change sets is executed any more, and its updates are taken back.

use crate::app::msg::News;
use crate::domain::stack::StackStatus;
use crate::runtime::patience::Stopped;
use crate::runtime::stacks::{Job, POLL};

/// How often a stack is looked at for a change that has only just begun.
const LOOKS: usize = 5;

impl Job {
    /// Cancels the operation's own update of the stack, if there is one; the step that watches it sees what comes of it.
    pub(super) async fn cancel(self) {
        let said = match self.try_to_cancel().await {
            Ok(said) => said,
            Err(why) => format!("{} could not be cancelled: {why}", self.target.name),
        };
        self.tell(News::Note(said)).await;
    }

    async fn try_to_cancel(&self) -> Result<String, Stopped> {
        let name = &self.target.name;
        for _ in 0..LOOKS {
            let state = self.look().await?;
            let arn = state.stack().map(|s| s.arn.clone()).unwrap_or_default();
            match state.stack().map(|s| &s.status).map(StackStatus::as_str) {
                Some("CREATE_IN_PROGRESS") => {
                    return Ok(format!("{name} is being created, which can't be cancelled"));
                }
                Some("UPDATE_IN_PROGRESS")
                    if self.executed(&state, &self.token()).await?.is_some() =>
                {
                    let token = format!("{}-cancel", self.token());
                    let call = || self.client().cancel_update(&arn, &token);
                    self.change(&arn, &token, call).await?;
                    return Ok(format!("the update of {name} is cancelled and taken back"));
                }
                _ => self.session.clock.sleep(POLL).await,
            }
        }
        Ok(format!("{name}: nothing ran that could be cancelled"))
    }
}
