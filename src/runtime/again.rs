//! A step that is done again after it was cut off: what AWS was told already is looked up, not told again.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::observed::FailureKind;
use crate::domain::stack::{Phase, StackState};
use crate::runtime::stacks::Job;

/// Clocks may differ by this much; tokens do not, so looking further back does no harm.
const CLOCKS_DIFFER: Duration = Duration::from_mins(10);
/// Between two looks for the token of a change that has only just begun.
const PAUSE: Duration = Duration::from_secs(2);
/// How often a stack in progress is asked whose change it is, before it counts as somebody else's.
const LOOKS: usize = 3;

impl Job {
    /// Since when AWS does what an earlier run of this step asked for with `token`; none if it was not asked, or if
    /// there was no earlier run.
    pub(super) async fn executed(
        &self,
        state: &StackState,
        token: &str,
    ) -> Result<Option<Timestamp>, String> {
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
                .renewal()
                .until_accepted(|| self.client().stack_events(&stack.arn, since, None))
                .await
                .map_err(|e| e.to_string())?;
            let ours = events.iter().find(|e| e.token.as_deref() == Some(token));
            if let Some(first) = ours {
                return Ok(Some(first.at));
            }
        }
        Ok(None)
    }

    /// Whether an earlier run of this step made the change set of this name.
    pub(super) async fn has_change_set(&self, name: &str) -> Result<bool, String> {
        if self.target.cut_off.is_none() {
            return Ok(false);
        }
        let renewal = self.renewal();
        let seen = renewal.until_accepted(|| self.client().change_set(&self.target.name, name));
        match seen.await {
            Ok(_) => Ok(true),
            Err(error) if error.kind == FailureKind::NotFound => Ok(false),
            Err(error) => Err(error.to_string()),
        }
    }
}
