//! A stack on its way: creating, updating, rolling back, deleting, resource by resource.

use std::collections::{BTreeMap, BTreeSet};

use crate::bundle::template::TemplateError;
use crate::domain::change::{ChangeAction, Replacement};
use crate::rehearsal::faults::{Fault, StackAction};
use crate::rehearsal::world::World;
use crate::rehearsal::world::agenda::Event;
use crate::rehearsal::world::checks::later;
use crate::rehearsal::world::cloudformation::attributes::{Place, physical_id};
use crate::rehearsal::world::cloudformation::diff::{Site, needs};
use crate::rehearsal::world::cloudformation::record::{ResourceRecord, StackRecord, Version};
use crate::rehearsal::world::cloudformation::timing::{Doing, seconds};

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
    act: Act,
    waits: BTreeSet<String>,
    state: TaskState,
    /// The resource as it will be.
    made: Option<ResourceRecord>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TaskState {
    Waiting,
    Running,
    Done,
    Failed,
}

#[derive(Clone, Debug)]
pub(in crate::rehearsal::world) struct Run {
    pub(super) serial: u64,
    pub(super) goal: Goal,
    pub(super) token: Option<String>,
    /// Where an update goes, or a create.
    pub(super) target: Option<Version>,
    tasks: BTreeMap<String, Task>,
    failures: Vec<(String, String)>,
    /// What an update has touched: the resource before it, if there was one.
    before: BTreeMap<String, Option<ResourceRecord>>,
    /// Old resources to be deleted when an update is through.
    leftovers: Vec<ResourceRecord>,
    /// Left behind by request.
    pub(super) retain: BTreeSet<String>,
    pub(super) force: bool,
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
        }
    }
}

impl Act {
    const fn doing(&self) -> Doing {
        match self {
            Self::Create | Self::Replace => Doing::Create,
            Self::Update | Self::Restore(_) => Doing::Update,
            Self::Delete => Doing::Delete,
        }
    }

    const fn verb(&self) -> &'static str {
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
        region: &str,
        arn: &str,
        mut run: Run,
        target: Version,
    ) -> Result<(), TemplateError> {
        let Some(stack) = self.stack(region, arn) else {
            return Ok(());
        };
        let changes = self.changes(region, stack, &target)?;
        let touched: BTreeSet<String> = changes.iter().map(|c| c.logical_id.clone()).collect();
        let site = Site {
            region,
            stack: &stack.name,
            arn,
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
            run.tasks.insert(
                change.logical_id,
                Task {
                    act,
                    waits,
                    state: TaskState::Waiting,
                    made: None,
                },
            );
        }
        run.target = Some(target);
        let status = if run.goal == Goal::Create {
            "CREATE_IN_PROGRESS"
        } else {
            "UPDATE_IN_PROGRESS"
        };
        self.start(region, arn, run, status, Some("User Initiated"));
        Ok(())
    }

    /// Lets a stack delete what it has, dependents first.
    pub(super) fn begin_delete(
        &mut self,
        region: &str,
        arn: &str,
        mut run: Run,
        status: &str,
        reason: &str,
    ) {
        let Some(stack) = self.stack(region, arn) else {
            return;
        };
        let alive: Vec<&ResourceRecord> = stack.resources.values().filter(|r| r.alive).collect();
        for resource in &alive {
            let waits = alive
                .iter()
                .filter(|r| r.depends.contains(&resource.logical_id))
                .map(|r| r.logical_id.clone())
                .collect();
            run.tasks.insert(
                resource.logical_id.clone(),
                Task {
                    act: Act::Delete,
                    waits,
                    state: TaskState::Waiting,
                    made: None,
                },
            );
        }
        self.start(region, arn, run, status, Some(reason));
    }

    /// A change by somebody else: the functions of a stack are updated.
    pub(super) fn begin_touch(&mut self, region: &str, arn: &str, mut run: Run, kind: &str) {
        let Some(stack) = self.stack(region, arn) else {
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
                    act: Act::Update,
                    waits: BTreeSet::new(),
                    state: TaskState::Waiting,
                    made,
                },
            );
        }
        run.target.clone_from(&stack.current);
        self.start(
            region,
            arn,
            run,
            "UPDATE_IN_PROGRESS",
            Some("User Initiated"),
        );
    }

    fn start(&mut self, region: &str, arn: &str, run: Run, status: &str, reason: Option<&str>) {
        let now = self.now();
        if let Some(stack) = self.stack_mut(region, arn) {
            stack.run = Some(run);
            stack.enter(now, status, reason);
        }
        self.note_stack(region, arn);
        self.proceed(region, arn);
    }

    /// Starts what can be started; ends the run when nothing is left.
    fn proceed(&mut self, region: &str, arn: &str) {
        loop {
            let ready = self.ready(region, arn);
            if ready.is_empty() {
                break;
            }
            for id in ready {
                self.begin_task(region, arn, &id);
            }
        }
        let idle = self
            .stack(region, arn)
            .and_then(|s| s.run.as_ref())
            .is_some_and(|r| !r.tasks.values().any(|t| t.state == TaskState::Running));
        if idle {
            self.conclude(region, arn);
        }
    }

    fn ready(&self, region: &str, arn: &str) -> Vec<String> {
        let Some(run) = self.stack(region, arn).and_then(|s| s.run.as_ref()) else {
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

    fn begin_task(&mut self, region: &str, arn: &str, id: &str) {
        let now = self.now();
        let prepared = self.prepare(region, arn, id);
        let Some(stack) = self.stack_mut(region, arn) else {
            return;
        };
        let Some(task) = stack.run.as_mut().and_then(|r| r.tasks.get_mut(id)) else {
            return;
        };
        let (act, resource) = match prepared {
            Ok(resource) => (task.act.clone(), resource),
            Err(why) => {
                task.state = TaskState::Failed;
                self.fail_task(region, arn, id, &why);
                return;
            }
        };
        task.state = TaskState::Running;
        task.made = Some(resource.clone());
        let retained = matches!(act, Act::Delete) && is_retained(stack, &resource);
        let serial = stack.run.as_ref().map_or(0, |r| r.serial);
        if !retained {
            announce(stack, &act, &resource, now);
        }
        let wait = if retained {
            0
        } else {
            seconds(&resource.kind, act.doing())
        };
        let label = format!("{arn}/{id}/{}/{serial}", act.verb());
        let due = if retained {
            now
        } else {
            later(now, self.chance.about(&label, wait))
        };
        self.agenda.push(
            due,
            Event::Resource {
                region: region.to_owned(),
                stack: arn.to_owned(),
                run: serial,
                logical_id: id.to_owned(),
            },
        );
    }

    /// The resource as the task will leave it.
    fn prepare(&self, region: &str, arn: &str, id: &str) -> Result<ResourceRecord, String> {
        let gone = || format!("resource {id} is not there");
        let stack = self.stack(region, arn).ok_or_else(gone)?;
        let run = stack.run.as_ref().ok_or_else(gone)?;
        let task = run.tasks.get(id).ok_or_else(gone)?;
        let known = stack.resources.get(id);
        match &task.act {
            Act::Delete => known.cloned().ok_or_else(gone),
            Act::Restore(before) => Ok((**before).clone()),
            Act::Create | Act::Update | Act::Replace => match &task.made {
                Some(made) => Ok(made.clone()),
                None => self.make(region, stack, run, id).map_err(|e| e.to_string()),
            },
        }
    }

    fn make(
        &self,
        region: &str,
        stack: &StackRecord,
        run: &Run,
        id: &str,
    ) -> Result<ResourceRecord, TemplateError> {
        let gone = || TemplateError::Parameter(format!("resource {id} is not in the template"));
        let target = run.target.as_ref().ok_or_else(gone)?;
        let resource = target.template.resources.get(id).ok_or_else(gone)?;
        let site = Site {
            region,
            stack: &stack.name,
            arn: &stack.arn,
            version: target,
            resources: &stack.resources,
        };
        let (properties, depends) = self.with_scope(&site, |s| {
            Ok((
                s.value(&resource.properties)?.unwrap_or_default(),
                needs(s, resource)?,
            ))
        })?;
        let kept = stack.resources.get(id).filter(|r| {
            r.alive && !matches!(run.tasks.get(id).map(|t| &t.act), Some(Act::Replace))
        });
        let place = Place {
            chance: self.chance,
            region,
            stack: &stack.name,
        };
        let physical = kept.map_or_else(
            || physical_id(place, id, &resource.kind, &properties, run.serial),
            |known| known.physical_id.clone(),
        );
        Ok(ResourceRecord {
            logical_id: id.to_owned(),
            kind: resource.kind.clone(),
            physical_id: physical,
            properties,
            status: String::new(),
            alive: true,
            retained: resource
                .deletion_policy
                .as_deref()
                .is_some_and(|p| p.starts_with("Retain")),
            depends,
        })
    }

    /// A resource's time is up: it is there, gone, or has failed.
    pub(in crate::rehearsal::world) fn resource_due(
        &mut self,
        region: &str,
        arn: &str,
        serial: u64,
        id: &str,
    ) {
        let current = self
            .stack(region, arn)
            .and_then(|s| s.run.as_ref())
            .is_some_and(|r| r.serial == serial);
        if !current {
            return;
        }
        match self.finish_task(region, arn, id) {
            Ok(()) => {}
            Err(why) => self.fail_task(region, arn, id, &why),
        }
        self.proceed(region, arn);
    }

    fn finish_task(&mut self, region: &str, arn: &str, id: &str) -> Result<(), String> {
        let now = self.now();
        let Some((act, resource, goal, retained)) = self.running(region, arn, id) else {
            return Ok(());
        };
        if retained {
            return self.skip_task(region, arn, &resource);
        }
        self.injected_failure(region, &resource.kind, &act, goal)?;
        match act {
            Act::Delete => self.dissolve(region, &resource)?,
            Act::Create | Act::Replace => self.materialise(region, &resource, true)?,
            Act::Update | Act::Restore(_) => self.materialise(region, &resource, false)?,
        }
        let Some(stack) = self.stack_mut(region, arn) else {
            return Ok(());
        };
        let status = format!("{}_COMPLETE", act.verb());
        stack.event(
            now,
            Some((id, &resource.kind, &resource.physical_id)),
            &status,
            None,
        );
        let done = ResourceRecord {
            status,
            alive: !matches!(act, Act::Delete),
            ..resource
        };
        let old = stack.resources.insert(id.to_owned(), done);
        if let Some(run) = &mut stack.run {
            if let Some(task) = run.tasks.get_mut(id) {
                task.state = TaskState::Done;
            }
            let old = old.filter(|r| r.alive);
            if matches!(act, Act::Replace) {
                run.leftovers.extend(old.clone());
            }
            if run.goal == Goal::Update {
                run.before.insert(id.to_owned(), old);
            }
        }
        Ok(())
    }

    /// The act, the resource as it will be, the run's goal, and whether the resource is to be left behind.
    fn running(
        &self,
        region: &str,
        arn: &str,
        id: &str,
    ) -> Option<(Act, ResourceRecord, Goal, bool)> {
        let stack = self.stack(region, arn)?;
        let run = stack.run.as_ref()?;
        let task = run
            .tasks
            .get(id)
            .filter(|t| t.state == TaskState::Running)?;
        let resource = task.made.clone()?;
        let retained = matches!(task.act, Act::Delete) && is_retained(stack, &resource);
        Some((task.act.clone(), resource, run.goal, retained))
    }

    fn skip_task(
        &mut self,
        region: &str,
        arn: &str,
        resource: &ResourceRecord,
    ) -> Result<(), String> {
        let now = self.now();
        let id = resource.logical_id.as_str();
        if let Some(stack) = self.stack_mut(region, arn) {
            stack.event(
                now,
                Some((id, &resource.kind, &resource.physical_id)),
                "DELETE_SKIPPED",
                None,
            );
            if let Some(known) = stack.resources.get_mut(id) {
                known.alive = false;
                "DELETE_SKIPPED".clone_into(&mut known.status);
            }
            if let Some(task) = stack.run.as_mut().and_then(|r| r.tasks.get_mut(id)) {
                task.state = TaskState::Done;
            }
        }
        Ok(())
    }

    /// What a fault of the scenario makes of it.
    fn injected_failure(
        &self,
        region: &str,
        kind: &str,
        act: &Act,
        goal: Goal,
    ) -> Result<(), String> {
        let role = self.setup.environment.regions.role_of(region);
        let action = match (goal, act.doing()) {
            (Goal::Rollback | Goal::UpdateRollback, _) => StackAction::Rollback,
            (_, Doing::Create) => StackAction::Create,
            (_, Doing::Update) => StackAction::Update,
            (_, Doing::Delete) => StackAction::Delete,
        };
        let hit = self.has(|f| match f {
            Fault::StackFailure {
                region,
                action: failing,
                resource_type,
            } => {
                *failing == action && resource_type == kind && (region.is_none() || *region == role)
            }
            _ => false,
        });
        if hit {
            Err(failure_words(kind, action))
        } else {
            Ok(())
        }
    }

    fn fail_task(&mut self, region: &str, arn: &str, id: &str, why: &str) {
        let now = self.now();
        let Some(stack) = self.stack_mut(region, arn) else {
            return;
        };
        let Some(run) = &mut stack.run else {
            return;
        };
        run.failures.push((id.to_owned(), why.to_owned()));
        let Some(task) = run.tasks.get_mut(id) else {
            return;
        };
        task.state = TaskState::Failed;
        let status = format!("{}_FAILED", task.act.verb());
        let made = task.made.clone();
        let creating = task.act.doing() == Doing::Create;
        let kind = made.as_ref().map(|m| m.kind.clone()).unwrap_or_default();
        let physical = made
            .as_ref()
            .map(|m| m.physical_id.clone())
            .unwrap_or_default();
        stack.event(now, Some((id, &kind, &physical)), &status, Some(why));
        if let Some(known) = stack.resources.get_mut(id) {
            known.status = status;
        } else if let Some(made) = made.filter(|_| creating) {
            stack.resources.insert(
                id.to_owned(),
                ResourceRecord {
                    status,
                    alive: false,
                    ..made
                },
            );
        }
        self.cancel_others(region, arn);
    }

    /// After a failed create or update the others are stopped.
    fn cancel_others(&mut self, region: &str, arn: &str) {
        let now = self.now();
        let Some(stack) = self.stack_mut(region, arn) else {
            return;
        };
        let Some(run) = stack
            .run
            .as_mut()
            .filter(|r| matches!(r.goal, Goal::Create | Goal::Update))
        else {
            return;
        };
        let mut cancelled = Vec::new();
        for (id, task) in run
            .tasks
            .iter_mut()
            .filter(|(_, t)| t.state == TaskState::Running)
        {
            task.state = TaskState::Failed;
            cancelled.extend(
                task.made
                    .clone()
                    .map(|made| (id.clone(), task.act.clone(), made)),
            );
        }
        for (id, act, made) in cancelled {
            let status = format!("{}_FAILED", act.verb());
            let word = if act.doing() == Doing::Create {
                "Resource creation cancelled"
            } else {
                "Resource update cancelled"
            };
            stack.event(
                now,
                Some((&id, &made.kind, &made.physical_id)),
                &status,
                Some(word),
            );
            if act.doing() == Doing::Create && !stack.resources.contains_key(&id) {
                stack.resources.insert(
                    id,
                    ResourceRecord {
                        status,
                        alive: false,
                        ..made
                    },
                );
            }
        }
    }

    /// Nothing runs any more: the run has reached its goal, or turns around.
    fn conclude(&mut self, region: &str, arn: &str) {
        let Some(run) = self.stack_mut(region, arn).and_then(|s| s.run.take()) else {
            return;
        };
        let failed: Vec<&str> = run.failures.iter().map(|(id, _)| id.as_str()).collect();
        let list = failed.join(", ");
        match (run.goal, failed.is_empty()) {
            (Goal::Create, true) => self.settle(region, arn, run, "CREATE_COMPLETE"),
            (Goal::Update, true) => self.clean_up(region, arn, run),
            (Goal::Create, false) => {
                let reason = format!(
                    "The following resource(s) failed to create: [{list}]. Rollback requested by user."
                );
                let target = run.target.clone();
                let mut back = Run::new(run.serial + 1, Goal::Rollback, run.token);
                back.target = target;
                self.begin_delete(region, arn, back, "ROLLBACK_IN_PROGRESS", &reason);
            }
            (Goal::Update, false) => {
                let reason = format!("The following resource(s) failed to update: [{list}]. ");
                self.roll_back(region, arn, run, &reason);
            }
            (Goal::Rollback, true) => self.settle(region, arn, run, "ROLLBACK_COMPLETE"),
            (Goal::UpdateRollback, true) => self.clean_up(region, arn, run),
            (Goal::Delete, true) => self.deleted(region, arn, run),
            (Goal::Delete, false) if run.force => self.deleted(region, arn, run),
            (goal, false) => {
                let (status, word) = match goal {
                    Goal::Delete => ("DELETE_FAILED", "delete"),
                    Goal::Rollback => ("ROLLBACK_FAILED", "delete"),
                    _ => ("UPDATE_ROLLBACK_FAILED", "update"),
                };
                let reason = format!("The following resource(s) failed to {word}: [{list}]. ");
                self.stop(region, arn, run, status, &reason);
            }
        }
    }

    /// Turns a failed update around.
    fn roll_back(&mut self, region: &str, arn: &str, run: Run, reason: &str) {
        let mut back = Run::new(run.serial + 1, Goal::UpdateRollback, run.token);
        for (id, before) in &run.before {
            match before {
                Some(old) => {
                    let now_there = self.stack(region, arn).and_then(|s| s.resources.get(id));
                    back.leftovers.extend(
                        now_there
                            .filter(|r| r.physical_id != old.physical_id)
                            .cloned(),
                    );
                    let act = Act::Restore(Box::new(old.clone()));
                    back.tasks.insert(
                        id.clone(),
                        Task {
                            act,
                            waits: BTreeSet::new(),
                            state: TaskState::Waiting,
                            made: None,
                        },
                    );
                }
                None => back.leftovers.extend(
                    self.stack(region, arn)
                        .and_then(|s| s.resources.get(id).cloned()),
                ),
            }
        }
        // what failed to update is brought back too
        for (id, _) in &run.failures {
            let known = self
                .stack(region, arn)
                .and_then(|s| s.resources.get(id))
                .filter(|r| r.alive)
                .cloned();
            if let Some(known) = known {
                let act = Act::Restore(Box::new(known));
                back.tasks.insert(
                    id.clone(),
                    Task {
                        act,
                        waits: BTreeSet::new(),
                        state: TaskState::Waiting,
                        made: None,
                    },
                );
            }
        }
        self.start(
            region,
            arn,
            back,
            "UPDATE_ROLLBACK_IN_PROGRESS",
            Some(reason),
        );
    }

    /// `ContinueUpdateRollback`: tries again what failed, without what is to be skipped.
    pub(super) fn resume_roll_back(
        &mut self,
        region: &str,
        arn: &str,
        skip: &[String],
        token: Option<String>,
    ) {
        let serial = self.next_serial();
        let mut back = Run::new(serial, Goal::UpdateRollback, token);
        let Some(stack) = self.stack(region, arn) else {
            return;
        };
        let failed = stack
            .resources
            .values()
            .filter(|r| r.status.ends_with("_FAILED") && !skip.contains(&r.logical_id));
        for resource in failed {
            let act = Act::Restore(Box::new(resource.clone()));
            back.tasks.insert(
                resource.logical_id.clone(),
                Task {
                    act,
                    waits: BTreeSet::new(),
                    state: TaskState::Waiting,
                    made: None,
                },
            );
        }
        self.start(
            region,
            arn,
            back,
            "UPDATE_ROLLBACK_IN_PROGRESS",
            Some("User Initiated"),
        );
    }

    /// An update is through: old resources go.
    fn clean_up(&mut self, region: &str, arn: &str, run: Run) {
        let now = self.now();
        let back = run.goal == Goal::UpdateRollback;
        let status = if back {
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
        } else {
            "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
        };
        let token = run.token.clone();
        if let Some(stack) = self.stack_mut(region, arn) {
            stack.run = Some(Run::new(run.serial, run.goal, token));
            stack.enter(now, status, None);
        }
        for old in &run.leftovers {
            self.drop_leftover(region, arn, old);
        }
        self.settle(
            region,
            arn,
            run,
            if back {
                "UPDATE_ROLLBACK_COMPLETE"
            } else {
                "UPDATE_COMPLETE"
            },
        );
    }

    fn drop_leftover(&mut self, region: &str, arn: &str, old: &ResourceRecord) {
        let now = self.now();
        let outcome = if old.retained {
            Ok(())
        } else {
            self.dissolve(region, old)
        };
        let status = match (&outcome, old.retained) {
            (_, true) => "DELETE_SKIPPED",
            (Ok(()), false) => "DELETE_COMPLETE",
            (Err(_), false) => "DELETE_FAILED",
        };
        if let Some(stack) = self.stack_mut(region, arn) {
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

    fn settle(&mut self, region: &str, arn: &str, run: Run, status: &str) {
        let now = self.now();
        if let Some(stack) = self.stack_mut(region, arn) {
            let token = run.token.clone();
            if run.goal != Goal::Rollback && run.target.is_some() {
                stack.current = run.target;
            }
            if run.goal != Goal::Create {
                stack.updated = Some(now);
            }
            stack.run = Some(Run::new(run.serial, run.goal, token));
            stack.enter(now, status, None);
            stack.run = None;
        }
        if run.goal != Goal::Rollback {
            self.tell_outputs(region, arn);
        }
        self.note_stack(region, arn);
    }

    fn stop(&mut self, region: &str, arn: &str, run: Run, status: &str, reason: &str) {
        let now = self.now();
        if let Some(stack) = self.stack_mut(region, arn) {
            stack.run = Some(run);
            stack.enter(now, status, Some(reason));
            stack.run = None;
        }
        self.note_stack(region, arn);
    }

    fn deleted(&mut self, region: &str, arn: &str, run: Run) {
        if let Some(stack) = self.stack_mut(region, arn) {
            stack.outputs.clear();
            stack.exports.clear();
            stack.change_sets.clear();
        }
        let now = self.now();
        if let Some(stack) = self.stack_mut(region, arn) {
            stack.run = Some(run);
            stack.enter(now, "DELETE_COMPLETE", None);
            stack.run = None;
        }
        self.note_stack(region, arn);
    }

    /// Evaluates the outputs and exports of a stack that has settled.
    fn tell_outputs(&mut self, region: &str, arn: &str) {
        let Some(stack) = self.stack(region, arn) else {
            return;
        };
        let Some(version) = &stack.current else {
            return;
        };
        let site = Site {
            region,
            stack: &stack.name,
            arn,
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
                    exports.insert(export, value.clone());
                }
                outputs.insert(name.clone(), value);
            }
            (outputs, exports)
        });
        if let Some(stack) = self.stack_mut(region, arn) {
            stack.outputs = outputs;
            stack.exports = exports;
        }
    }

    fn note_stack(&mut self, region: &str, arn: &str) {
        let Some(line) = self
            .stack(region, arn)
            .map(|s| format!("stack {} in {region}: {}", s.name, s.status))
        else {
            return;
        };
        self.note(line);
        self.sources_stale();
    }
}

fn is_retained(stack: &StackRecord, resource: &ResourceRecord) -> bool {
    resource.retained
        || stack
            .run
            .as_ref()
            .is_some_and(|r| r.retain.contains(&resource.logical_id))
}

/// The event that a resource has begun.
fn announce(stack: &mut StackRecord, act: &Act, resource: &ResourceRecord, now: jiff::Timestamp) {
    let status = format!("{}_IN_PROGRESS", act.verb());
    let id = resource.logical_id.as_str();
    let begun = matches!(act, Act::Create | Act::Replace);
    if begun {
        stack.event(now, Some((id, &resource.kind, "")), &status, None);
        stack.event(
            now,
            Some((id, &resource.kind, &resource.physical_id)),
            &status,
            Some("Resource creation Initiated"),
        );
    } else {
        stack.event(
            now,
            Some((id, &resource.kind, &resource.physical_id)),
            &status,
            None,
        );
    }
    if let Some(known) = stack.resources.get_mut(id) {
        known.status = status;
    } else if begun {
        stack.resources.insert(
            id.to_owned(),
            ResourceRecord {
                status,
                alive: false,
                ..resource.clone()
            },
        );
    }
}

/// What CloudFormation would say of a failure.
fn failure_words(kind: &str, action: StackAction) -> String {
    match (kind, action) {
        ("AWS::S3::Bucket", StackAction::Delete) => {
            "Resource handler returned message: \"The bucket you tried to delete is not empty. You must delete all versions in the bucket.\" (HandlerErrorCode: GeneralServiceException)".to_owned()
        }
        ("AWS::Lambda::Function", _) => {
            "Resource handler returned message: \"Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].\" (HandlerErrorCode: InvalidRequest)".to_owned()
        }
        _ => {
            let service = kind.split("::").nth(1).unwrap_or("AWS");
            format!("Resource handler returned message: \"Service returned error code InternalError (Service: {service}, Status Code: 500)\" (HandlerErrorCode: ServiceInternalError)")
        }
    }
}
