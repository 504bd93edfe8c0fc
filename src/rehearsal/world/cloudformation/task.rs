//! One resource of a running stack: begun, finished, left behind, failed.

use crate::bundle::template::TemplateError;
use crate::rehearsal::world::agenda::Event;
use crate::rehearsal::world::checks::later;
use crate::rehearsal::world::cloudformation::attributes::{Place, physical_id};
use crate::rehearsal::world::cloudformation::diff::{Site, needs};
use crate::rehearsal::world::cloudformation::record::{ResourceRecord, StackKey, StackRecord};
use crate::rehearsal::world::cloudformation::run::{Act, Goal, OnFailure, Run, TaskState};
use crate::rehearsal::world::cloudformation::stack_set::Progress;
use crate::rehearsal::world::cloudformation::timing::{Doing, seconds};
use crate::rehearsal::world::{TICK, World};

impl World {
    pub(super) fn begin_task(&mut self, key: &StackKey, id: &str) {
        let now = self.now();
        let prepared = self.prepare(key, id);
        let Some(stack) = self.stack_at_mut(key) else {
            return;
        };
        let Some(task) = stack.run.as_mut().and_then(|r| r.tasks.get_mut(id)) else {
            return;
        };
        let (act, resource) = match prepared {
            Ok(resource) => (task.act.clone(), resource),
            Err(why) => {
                task.state = TaskState::Failed;
                self.fail_task(key, id, &why);
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
        let pace = stack.run.as_ref().and_then(|r| r.pace);
        let wait =
            pace.unwrap_or_else(|| seconds(&resource.kind, act.doing(), &resource.properties));
        let label = format!("{}/{id}/{}/{serial}", key.arn, act.verb());
        let due = if retained {
            now
        } else {
            later(now, self.chance.about(&label, wait))
        };
        self.agenda.push(
            due,
            Event::Resource {
                stack: key.clone(),

                run: serial,
                logical_id: id.to_owned(),
            },
        );
    }

    /// The resource as the task will leave it.
    fn prepare(&self, key: &StackKey, id: &str) -> Result<ResourceRecord, String> {
        let gone = || format!("resource {id} is not there");
        let stack = self.stack_at(key).ok_or_else(gone)?;
        let run = stack.run.as_ref().ok_or_else(gone)?;
        let task = run.tasks.get(id).ok_or_else(gone)?;
        let known = stack.resources.get(id);
        match &task.act {
            Act::Delete => known.cloned().ok_or_else(gone),
            Act::Restore(before) => Ok((**before).clone()),
            Act::Create | Act::Update | Act::Replace => match &task.made {
                Some(made) => Ok(made.clone()),
                None => self
                    .make(&key.region, stack, run, id)
                    .map_err(|e| e.to_string()),
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
        key: &StackKey,
        serial: u64,
        id: &str,
    ) {
        let current = self
            .stack_at(key)
            .and_then(|s| s.run.as_ref())
            .is_some_and(|r| r.serial == serial);
        if !current {
            return;
        }
        let ended = match self.instances(key, id) {
            Progress::Ready => self.finish_task(key, id),
            Progress::Failed(why) => Err(why),
            Progress::Wait => {
                let event = Event::Resource {
                    stack: key.clone(),
                    run: serial,
                    logical_id: id.to_owned(),
                };
                self.agenda.push(later(self.now(), TICK), event);
                return;
            }
        };
        if let Err(why) = ended {
            self.fail_task(key, id, &why);
        }
        self.proceed(key);
    }

    fn finish_task(&mut self, key: &StackKey, id: &str) -> Result<(), String> {
        let now = self.now();
        let Some((act, resource, goal, retained)) = self.running(key, id) else {
            return Ok(());
        };
        if retained {
            self.skip_task(key, &resource);
            return Ok(());
        }
        self.injected_failure(&key.region, &resource.kind, &act, goal)?;
        match act {
            Act::Delete => self.dissolve(&key.region, &resource)?,
            Act::Create | Act::Replace => {
                self.name_is_free(&key.region, &resource)?;
                self.materialise(&key.region, &resource, true)?;
            }
            Act::Update | Act::Restore(_) => self.materialise(&key.region, &resource, false)?,
        }
        let Some(stack) = self.stack_at_mut(key) else {
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
    fn running(&self, key: &StackKey, id: &str) -> Option<(Act, ResourceRecord, Goal, bool)> {
        let stack = self.stack_at(key)?;
        let run = stack.run.as_ref()?;
        let task = run
            .tasks
            .get(id)
            .filter(|t| t.state == TaskState::Running)?;
        let resource = task.made.clone()?;
        let retained = matches!(task.act, Act::Delete) && is_retained(stack, &resource);
        Some((task.act.clone(), resource, run.goal, retained))
    }

    fn skip_task(&mut self, key: &StackKey, resource: &ResourceRecord) {
        let now = self.now();
        self.leave_behind(&key.region, resource);
        let id = resource.logical_id.as_str();
        if let Some(stack) = self.stack_at_mut(key) {
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
    }

    fn fail_task(&mut self, key: &StackKey, id: &str, why: &str) {
        let now = self.now();
        let Some(stack) = self.stack_at_mut(key) else {
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
        self.cancel_others(key);
    }

    /// After a failed create or update the others are stopped.
    pub(super) fn cancel_others(&mut self, key: &StackKey) {
        let now = self.now();
        let Some(stack) = self.stack_at_mut(key) else {
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
}

pub(super) fn is_retained(stack: &StackRecord, resource: &ResourceRecord) -> bool {
    let run = stack.run.as_ref();
    let kept =
        !run.is_some_and(|r| r.on_failure == OnFailure::RemoveNew && r.goal == Goal::Rollback);
    (resource.retained && kept) || run.is_some_and(|r| r.retain.contains(&resource.logical_id))
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
