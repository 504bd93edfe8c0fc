//! A stack on its way: creating, updating, rolling back, deleting, resource by resource.

use std::collections::{BTreeMap, BTreeSet};

use crate::bundle::template::TemplateError;
use crate::domain::change::{ChangeAction, Replacement};
use crate::rehearsal::world::World;
use crate::rehearsal::world::cloudformation::diff::{Site, needs};
use crate::rehearsal::world::cloudformation::record::{ResourceRecord, StackKey, Version};
use crate::rehearsal::world::cloudformation::timing::Doing;

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rehearsal::world) enum Goal {
    Create,
    Update,
    /// After a failed create.
    Rollback,
    /// After a failed update.
    UpdateRollback,
    Delete,
}

/// What is done to one resource.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Create,
    Update,
    /// Created anew; the old one goes in the clean-up.
    Replace,
    Delete,
    /// Back to what it was before a failed update.
    Restore(Box<ResourceRecord>),
}

#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) act: Act,
    waits: BTreeSet<String>,
    pub(super) state: TaskState,
    /// The resource as it will be.
    pub(super) made: Option<ResourceRecord>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TaskState {
    Waiting,
    Running,
    Done,
    Failed,
}

/// What becomes of a run that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnFailure {
    RollBack,
    /// `RetainExceptOnCreate`: a failed create removes what it made, that which is to be retained included.
    RemoveNew,
    /// `DisableRollback`: what was done stays.
    Keep,
}

#[derive(Clone, Debug)]
pub(in crate::rehearsal::world) struct Run {
    pub(super) serial: u64,
    pub(super) goal: Goal,
    pub(super) token: Option<String>,
    /// Where an update goes, or a create.
    pub(super) target: Option<Version>,
    pub(super) tasks: BTreeMap<String, Task>,
    pub(super) failures: Vec<(String, String)>,
    /// What an update has touched: the resource before it, if there was one.
    pub(super) before: BTreeMap<String, Option<ResourceRecord>>,
    /// Old resources to be deleted when an update is through.
    pub(super) leftovers: Vec<ResourceRecord>,
    /// Left behind by request.
    pub(super) retain: BTreeSet<String>,
    pub(super) force: bool,
    pub(super) on_failure: OnFailure,
    /// Seconds that every resource takes, where a fault says so.
    pub(super) pace: Option<u64>,
}

impl Run {
    pub(super) const fn new(serial: u64, goal: Goal, token: Option<String>) -> Self {
        Self {
            serial,
            goal,
            token,
            target: None,
            tasks: BTreeMap::new(),
            failures: Vec::new(),
            before: BTreeMap::new(),
            leftovers: Vec::new(),
            retain: BTreeSet::new(),
            force: false,
            on_failure: OnFailure::RollBack,
            pace: None,
        }
    }
}

impl Task {
    pub(super) const fn new(act: Act, waits: BTreeSet<String>) -> Self {
        Self {
            act,
            waits,
            state: TaskState::Waiting,
            made: None,
        }
    }
}

impl Act {
    pub(super) const fn doing(&self) -> Doing {
        match self {
            Self::Create | Self::Replace => Doing::Create,
            Self::Update | Self::Restore(_) => Doing::Update,
            Self::Delete => Doing::Delete,
        }
    }

    pub(super) const fn verb(&self) -> &'static str {
        match self.doing() {
            Doing::Create => "CREATE",
            Doing::Update => "UPDATE",
            Doing::Delete => "DELETE",
        }
    }
}

impl World {
    /// Lets a stack go towards a version: its tasks come from the changes that the version makes.
    pub(super) fn begin_change(
        &mut self,
        key: &StackKey,
        mut run: Run,
        target: Version,
    ) -> Result<(), TemplateError> {
        let Some(stack) = self.stack_at(key) else {
            return Ok(());
        };
        let changes = self.changes(&key.region, stack, &target)?;
        let touched: BTreeSet<String> = changes.iter().map(|c| c.logical_id.clone()).collect();
        let site = Site {
            region: &key.region,
            stack: &stack.name,
            arn: &key.arn,
            version: &target,
            resources: &stack.resources,
        };
        for change in changes {
            if change.action == ChangeAction::Remove {
                run.leftovers
                    .extend(stack.resources.get(&change.logical_id).cloned());
                continue;
            }
            let act = match (change.action, change.replacement) {
                (ChangeAction::Add, _) => Act::Create,
                (_, Replacement::Yes) => Act::Replace,
                _ => Act::Update,
            };
            let needed = target.template.resources.get(&change.logical_id);
            let mut waits = needed.map_or_else(
                || Ok(BTreeSet::new()),
                |r| self.with_scope(&site, |s| needs(s, r)),
            )?;
            waits.retain(|w| touched.contains(w));
            run.tasks.insert(change.logical_id, Task::new(act, waits));
        }
        run.target = Some(target);
        let status = if run.goal == Goal::Create {
            "CREATE_IN_PROGRESS"
        } else {
            "UPDATE_IN_PROGRESS"
        };
        self.start(key, run, status, Some("User Initiated"));
        Ok(())
    }

    /// Lets a stack delete what it has, dependents first.
    pub(super) fn begin_delete(
        &mut self,
        key: &StackKey,
        mut run: Run,
        status: &str,
        reason: &str,
    ) {
        let Some(stack) = self.stack_at(key) else {
            return;
        };
        let alive: Vec<&ResourceRecord> = stack.resources.values().filter(|r| r.alive).collect();
        for resource in &alive {
            let waits = alive
                .iter()
                .filter(|r| r.depends.contains(&resource.logical_id))
                .map(|r| r.logical_id.clone())
                .collect();
            run.tasks
                .insert(resource.logical_id.clone(), Task::new(Act::Delete, waits));
        }
        self.start(key, run, status, Some(reason));
    }

    /// A change by somebody else: the functions of a stack are updated.
    pub(super) fn begin_touch(&mut self, key: &StackKey, mut run: Run, kind: &str) {
        let Some(stack) = self.stack_at(key) else {
            return;
        };
        for resource in stack
            .resources
            .values()
            .filter(|r| r.alive && r.kind == kind)
        {
            let made = Some(resource.clone());
            run.tasks.insert(
                resource.logical_id.clone(),
                Task {
                    made,
                    ..Task::new(Act::Update, BTreeSet::new())
                },
            );
        }
        run.target.clone_from(&stack.current);
        self.start(key, run, "UPDATE_IN_PROGRESS", Some("User Initiated"));
    }

    pub(super) fn start(&mut self, key: &StackKey, run: Run, status: &str, reason: Option<&str>) {
        let now = self.now();
        if let Some(stack) = self.stack_at_mut(key) {
            stack.run = Some(run);
            stack.enter(now, status, reason);
        }
        self.note_stack(key);
        self.proceed(key);
    }

    /// Starts what can be started; ends the run when nothing is left.
    pub(super) fn proceed(&mut self, key: &StackKey) {
        loop {
            let ready = self.ready(key);
            if ready.is_empty() {
                break;
            }
            for id in ready {
                self.begin_task(key, &id);
            }
        }
        let idle = self
            .stack_at(key)
            .and_then(|s| s.run.as_ref())
            .is_some_and(|r| !r.tasks.values().any(|t| t.state == TaskState::Running));
        if idle {
            self.conclude(key);
        }
    }

    fn ready(&self, key: &StackKey) -> Vec<String> {
        let Some(run) = self.stack_at(key).and_then(|s| s.run.as_ref()) else {
            return Vec::new();
        };
        if !run.failures.is_empty() && matches!(run.goal, Goal::Create | Goal::Update) {
            return Vec::new();
        }
        let done = |id: &String| run.tasks.get(id).is_none_or(|t| t.state == TaskState::Done);
        let ready = |t: &Task| t.state == TaskState::Waiting && t.waits.iter().all(done);
        run.tasks
            .iter()
            .filter(|(_, t)| ready(t))
            .map(|(id, _)| id.clone())
            .collect()
    }
}
