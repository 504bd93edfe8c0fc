//! `CancelUpdateStack` and `RollbackStack`.

use crate::rehearsal::faults::ApiError;
use crate::rehearsal::world::World;
use crate::rehearsal::world::cloudformation::record::StackKey;
use crate::rehearsal::world::cloudformation::run::{Goal, Run, TaskState};

impl World {
    /// Stops an update; what it has done is taken back.
    pub fn cancel_update_stack(
        &mut self,
        region: &str,
        name: &str,
        token: Option<&str>,
    ) -> Result<(), ApiError> {
        let stack = self.found(region, name)?;
        if stack.status != "UPDATE_IN_PROGRESS" {
            let why = format!(
                "CancelUpdateStack cannot be called from current stack status {}",
                stack.status
            );
            return Err(ApiError::validation(why));
        }
        let key = StackKey::new(region, &stack.arn);
        let running: Vec<String> = stack
            .run
            .iter()
            .flat_map(|run| &run.tasks)
            .filter(|(_, task)| task.state == TaskState::Running)
            .map(|(id, _)| id.clone())
            .collect();
        self.cancel_others(&key);
        let run = self.stack_at_mut(&key).and_then(|s| s.run.take());
        if let Some(mut run) = run {
            let cancelled = |id| (id, "Resource update cancelled".to_owned());
            run.failures.extend(running.into_iter().map(cancelled));
            run.token = token.map(str::to_owned).or(run.token);
            self.roll_back(&key, run, "User Initiated");
        }
        Ok(())
    }

    /// Goes back to the last stable state after a failure that was not rolled back.
    pub fn rollback_stack(
        &mut self,
        region: &str,
        name: &str,
        token: Option<&str>,
    ) -> Result<(), ApiError> {
        let stack = self.found(region, name)?;
        let key = StackKey::new(region, &stack.arn);
        let failed = matches!(stack.status.as_str(), "CREATE_FAILED" | "UPDATE_FAILED");
        let stopped = self.stack_at_mut(&key).and_then(|s| s.stopped.take());
        let Some(mut run) = stopped.filter(|_| failed) else {
            let status = self.found(region, name)?.status.clone();
            let why = format!(
                "Stack [{name}] can not be rolled back while in status {status}: only CREATE_FAILED and UPDATE_FAILED can"
            );
            return Err(ApiError::validation(why));
        };
        run.token = token.map(str::to_owned);
        if run.goal == Goal::Create {
            let mut back = Run::new(self.next_serial(), Goal::Rollback, run.token);
            back.target = run.target;
            self.begin_delete(&key, back, "ROLLBACK_IN_PROGRESS", "User Initiated");
        } else {
            self.roll_back(&key, run, "User Initiated");
        }
        Ok(())
    }

    /// A failed run whose caller did not want it rolled back stays as it is.
    pub(super) fn stop(&mut self, key: &StackKey, run: Run, list: &str) {
        let (status, word) = match run.goal {
            Goal::Create => ("CREATE_FAILED", "create"),
            _ => ("UPDATE_FAILED", "update"),
        };
        let reason = format!("The following resource(s) failed to {word}: [{list}]. ");
        let kept = run.clone();
        self.close(key, run, status, Some(&reason));
        if let Some(stack) = self.stack_at_mut(key) {
            stack.stopped = Some(kept);
        }
    }
}
