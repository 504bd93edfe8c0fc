//! A step that is done again after it was cut off: what AWS was told already is looked up, not told again.

use std::time::Duration;

use crate::domain::observed::FailureKind;
use crate::domain::stack::{Phase, StackState};
use crate::runtime::patience::Stopped;
use crate::runtime::stacks::Job;
use crate::runtime::story::Anchor;

/// Clocks may differ by this much; tokens do not, so looking further back does no harm.
const CLOCKS_DIFFER: Duration = Duration::from_mins(10);
/// Between two looks for the token of a change that has only just begun.
const PAUSE: Duration = Duration::from_secs(2);
/// How often a stack in progress is asked whose change it is, before it counts as somebody else's.
const LOOKS: usize = 3;

impl Job {
    /// From where on AWS does what an earlier run of this step asked for with `token`; none if it was not asked, or if
    /// there was no earlier run.
    pub(super) async fn executed(
        &self,
        state: &StackState,
        token: &str,
    ) -> Result<Option<Anchor>, Stopped> {
        let (Some(begun), Some(stack)) = (self.target.cut_off, state.stack()) else {
            return Ok(None);
        };
        let since = begun.checked_sub(CLOCKS_DIFFER).unwrap_or(begun);
        let looks = if state.phase() == Phase::InProgress {
            LOOKS
        } else {
            1
        };
        for look in 0..looks {
            if look > 0 {
                self.session.clock.sleep(PAUSE).await;
            }
            let events = self
                .insist(|| self.client().stack_events(&stack.arn, since, None))
                .await?;
            let ours = events.iter().find(|e| e.token.as_deref() == Some(token));
            if let Some(first) = ours {
                return Ok(Some(Anchor::at(first.at)));
            }
        }
        Ok(None)
    }

    /// Where a stack's events end now, in the service's own time: what comes after that is what this step asks for.
    pub(super) async fn anchor(&self, state: &StackState) -> Result<Anchor, Stopped> {
        let Some(stack) = state.stack() else {
            return Ok(Anchor::default());
        };
        let events = self
            .insist(|| self.client().newest_events(&stack.arn))
            .await?;
        Ok(events.last().map_or_else(Anchor::default, Anchor::after))
    }

    /// Whether an earlier run of this step made the change set of this name.
    pub(super) async fn has_change_set(&self, name: &str) -> Result<bool, Stopped> {
        if self.target.cut_off.is_none() {
            return Ok(false);
        }
        self.finds_change_set(name).await
    }

    /// Whether there is a change set of this name.
    pub(super) async fn finds_change_set(&self, name: &str) -> Result<bool, Stopped> {
        self.insist(
            async || match self.client().change_set(&self.target.name, name).await {
                Ok(_) => Ok(true),
                Err(error) if error.kind == FailureKind::NotFound => Ok(false),
                Err(error) => Err(error),
            },
        )
        .await
    }
}
