//! The end of a run: done, cleaned up, rolled back, stuck, deleted.

use std::collections::{BTreeMap, BTreeSet};

use crate::rehearsal::world::World;
use crate::rehearsal::world::cloudformation::diff::Site;
use crate::rehearsal::world::cloudformation::record::{ResourceRecord, StackKey};
use crate::rehearsal::world::cloudformation::run::{Act, Goal, OnFailure, Run, Task};

impl World {
    /// Nothing runs any more: the run has reached its goal, or turns around.
    pub(super) fn conclude(&mut self, key: &StackKey) {
        let Some(run) = self.stack_at_mut(key).and_then(|s| s.run.take()) else {
            return;
        };
        let failed: Vec<&str> = run.failures.iter().map(|(id, _)| id.as_str()).collect();
        let list = failed.join(", ");
        match (run.goal, failed.is_empty()) {
            (Goal::Create, true) => self.settle(key, run, "CREATE_COMPLETE"),
            (Goal::Create | Goal::Update, false) if run.on_failure == OnFailure::Keep => {
                self.stop(key, run, &list);
            }
            (Goal::Create, false) => {
                let reason = format!(
                    "The following resource(s) failed to create: [{list}]. Rollback requested by user."
                );
                let target = run.target.clone();
                let mut back = Run::new(run.serial + 1, Goal::Rollback, run.token);
                back.target = target;
                back.on_failure = run.on_failure;
                self.begin_delete(key, back, "ROLLBACK_IN_PROGRESS", &reason);
            }
            (Goal::Update, false) => {
                let reason = format!("The following resource(s) failed to update: [{list}]. ");
                self.roll_back(key, run, &reason);
            }
            (Goal::Rollback, true) => self.settle(key, run, "ROLLBACK_COMPLETE"),
            (Goal::Update | Goal::UpdateRollback, true) => self.clean_up(key, run),
            (Goal::Delete, true) => self.deleted(key, run),
            (Goal::Delete, false) if run.force => self.deleted(key, run),
            (goal, false) => {
                let (status, word) = match goal {
                    Goal::Delete => ("DELETE_FAILED", "delete"),
                    Goal::Rollback => ("ROLLBACK_FAILED", "delete"),
                    _ => ("UPDATE_ROLLBACK_FAILED", "update"),
                };
                let reason = format!("The following resource(s) failed to {word}: [{list}]. ");
                self.close(key, run, status, Some(&reason));
            }
        }
    }

    /// Turns a failed update around.
    pub(super) fn roll_back(&mut self, key: &StackKey, run: Run, reason: &str) {
        let mut back = Run::new(run.serial + 1, Goal::UpdateRollback, run.token);
        for (id, before) in &run.before {
            match before {
                Some(old) => {
                    let now_there = self.stack_at(key).and_then(|s| s.resources.get(id));
                    back.leftovers.extend(
                        now_there
                            .filter(|r| r.physical_id != old.physical_id)
                            .cloned(),
                    );
                    let act = Act::Restore(Box::new(old.clone()));
                    back.tasks
                        .insert(id.clone(), Task::new(act, BTreeSet::new()));
                }
                None => back.leftovers.extend(
                    self.stack_at(key)
                        .and_then(|s| s.resources.get(id).cloned()),
                ),
            }
        }
        // what failed to update is brought back too
        for (id, _) in &run.failures {
            let known = self
                .stack_at(key)
                .and_then(|s| s.resources.get(id))
                .filter(|r| r.alive)
                .cloned();
            if let Some(known) = known {
                let act = Act::Restore(Box::new(known));
                back.tasks
                    .insert(id.clone(), Task::new(act, BTreeSet::new()));
            }
        }
        self.start(key, back, "UPDATE_ROLLBACK_IN_PROGRESS", Some(reason));
    }

    /// `ContinueUpdateRollback`: tries again what failed, without what is to be skipped.
    pub(super) fn resume_roll_back(
        &mut self,
        key: &StackKey,
        skip: &[String],
        token: Option<String>,
    ) {
        let serial = self.next_serial();
        let mut back = Run::new(serial, Goal::UpdateRollback, token);
        let Some(stack) = self.stack_at(key) else {
            return;
        };
        let failed = stack
            .resources
            .values()
            .filter(|r| r.status.ends_with("_FAILED") && !skip.contains(&r.logical_id));
        for resource in failed {
            let act = Act::Restore(Box::new(resource.clone()));
            back.tasks
                .insert(resource.logical_id.clone(), Task::new(act, BTreeSet::new()));
        }
        self.start(
            key,
            back,
            "UPDATE_ROLLBACK_IN_PROGRESS",
            Some("User Initiated"),
        );
    }

    /// An update is through: old resources go.
    fn clean_up(&mut self, key: &StackKey, run: Run) {
        let now = self.now();
        let back = run.goal == Goal::UpdateRollback;
        let status = if back {
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
        } else {
            "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
        };
        let token = run.token.clone();
        if let Some(stack) = self.stack_at_mut(key) {
            stack.run = Some(Run::new(run.serial, run.goal, token));
            stack.enter(now, status, None);
        }
        for old in &run.leftovers {
            self.drop_leftover(key, old);
        }
        self.settle(
            key,
            run,
            if back {
                "UPDATE_ROLLBACK_COMPLETE"
            } else {
                "UPDATE_COMPLETE"
            },
        );
    }

    fn drop_leftover(&mut self, key: &StackKey, old: &ResourceRecord) {
        let now = self.now();
        let outcome = if old.retained {
            Ok(())
        } else {
            self.dissolve(&key.region, old)
        };
        let status = match (&outcome, old.retained) {
            (_, true) => "DELETE_SKIPPED",
            (Ok(()), false) => "DELETE_COMPLETE",
            (Err(_), false) => "DELETE_FAILED",
        };
        if let Some(stack) = self.stack_at_mut(key) {
            let about = Some((
                old.logical_id.as_str(),
                old.kind.as_str(),
                old.physical_id.as_str(),
            ));
            stack.event(now, about, "DELETE_IN_PROGRESS", None);
            stack.event(now, about, status, outcome.err().as_deref());
            if let Some(known) = stack
                .resources
                .get_mut(&old.logical_id)
                .filter(|r| r.physical_id == old.physical_id)
            {
                known.alive = false;
                status.clone_into(&mut known.status);
            }
            stack
                .resources
                .retain(|_, r| r.alive || r.status.ends_with("_FAILED"));
        }
    }

    /// A change has been made, or taken back.
    fn settle(&mut self, key: &StackKey, mut run: Run, status: &str) {
        let now = self.now();
        let goal = run.goal;
        let target = run.target.take();
        if let Some(stack) = self.stack_at_mut(key) {
            if goal == Goal::Update && target.is_some() {
                stack.current = target;
            }
            if goal != Goal::Create {
                stack.updated = Some(now);
            }
        }
        if goal != Goal::Rollback {
            self.tell_outputs(key);
        }
        self.close(key, run, status, None);
    }

    fn deleted(&mut self, key: &StackKey, run: Run) {
        if let Some(stack) = self.stack_at_mut(key) {
            stack.outputs.clear();
            stack.exports.clear();
            stack.change_sets.clear();
        }
        self.close(key, run, "DELETE_COMPLETE", None);
    }

    /// The last event of a run still carries its token.
    pub(super) fn close(&mut self, key: &StackKey, run: Run, status: &str, reason: Option<&str>) {
        let now = self.now();
        if let Some(stack) = self.stack_at_mut(key) {
            stack.run = Some(run);
            stack.enter(now, status, reason);
            stack.run = None;
        }
        self.note_stack(key);
    }

    /// Evaluates the outputs and exports of a stack that has settled.
    fn tell_outputs(&mut self, key: &StackKey) {
        let Some(stack) = self.stack_at(key) else {
            return;
        };
        let Some(version) = &stack.current else {
            return;
        };
        let site = Site {
            region: &key.region,
            stack: &stack.name,
            arn: &key.arn,
            version,
            resources: &stack.resources,
        };
        let (outputs, exports) = self.with_scope(&site, |scope| {
            let (mut outputs, mut exports) = (BTreeMap::new(), BTreeMap::new());
            for (name, output) in &version.template.outputs {
                if !scope.holds(output.condition.as_deref()).unwrap_or(false) {
                    continue;
                }
                let Ok(value) = scope.text(&output.value) else {
                    continue;
                };
                if let Some(export) = output.export.as_ref().and_then(|e| scope.text(e).ok()) {
                    exports.insert(name.clone(), export);
                }
                outputs.insert(name.clone(), value);
            }
            (outputs, exports)
        });
        if let Some(stack) = self.stack_at_mut(key) {
            stack.outputs = outputs;
            stack.exports = exports;
        }
    }

    pub(super) fn note_stack(&mut self, key: &StackKey) {
        let Some(line) = self
            .stack_at(key)
            .map(|s| format!("stack {} in {}: {}", s.name, key.region, s.status))
        else {
            return;
        };
        self.note(line);
        self.sources_stale();
    }
}
