//! `StackSet`s of a template: each makes a stack in every region that it names, one region after the other, and is
//! complete when all of them are.
//!
//! An instance is a stack like any other, called `StackSet-<name>-<uuid>` (facts/aws.md §4.4).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::rehearsal::world::World;
use crate::rehearsal::world::cloudformation::record::{ResourceRecord, StackKey, StackRecord};
use crate::rehearsal::world::cloudformation::run::Act;
use crate::rehearsal::world::cloudformation::task::is_retained;
use crate::rehearsal::world::cloudformation::{DeleteOptions, NewChangeSet, ParameterValue};
use crate::rehearsal::world::props;

const KIND: &str = "AWS::CloudFormation::StackSet";

/// How far the instances of a set are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Ready,
    Wait,
    Failed(String),
}

impl World {
    /// Lets the instances of a set that a run is at go on; what is no set is ready.
    pub(super) fn instances(&mut self, key: &StackKey, id: &str) -> Progress {
        let Some((act, set, serial)) = self.set_at_work(key, id) else {
            return Progress::Ready;
        };
        let token = format!("stack-set-{serial}");
        for region in regions(&set.properties) {
            let step = match act {
                Act::Delete => self.remove_instance(&region, &set, &token),
                Act::Create | Act::Replace | Act::Update | Act::Restore(_) => {
                    self.bring_instance(&region, &set, &token)
                }
            };
            if step != Progress::Ready {
                return step;
            }
        }
        Progress::Ready
    }

    fn set_at_work(&self, key: &StackKey, id: &str) -> Option<(Act, ResourceRecord, u64)> {
        let stack = self.stack_at(key)?;
        let run = stack.run.as_ref()?;
        let task = run.tasks.get(id)?;
        let set = task.made.clone().filter(|r| r.kind == KIND)?;
        let stays = matches!(task.act, Act::Delete) && is_retained(stack, &set);
        (!stays).then(|| (task.act.clone(), set, run.serial))
    }

    /// The newest stack of the region that stands and whose name begins so.
    pub(in crate::rehearsal::world) fn newest_with_prefix(
        &self,
        region: &str,
        prefix: &str,
    ) -> Option<&StackRecord> {
        let stacks = self.region(region)?.stacks.iter();
        let ours = stacks.filter(|s| !s.is_deleted() && s.name.starts_with(prefix));
        ours.max_by_key(|s| s.created)
    }

    /// Creates an instance, or updates one that is not as it should be.
    fn bring_instance(&mut self, region: &str, set: &ResourceRecord, token: &str) -> Progress {
        let prefix = prefix(set);
        let new = NewChangeSet {
            parameters: parameters(&set.properties, region),
            body: props::text(&set.properties, "TemplateBody"),
            capabilities: props::texts(&set.properties, "Capabilities"),
            token: Some(token.to_owned()),
            ..NewChangeSet::default()
        };
        let begun = match self.newest_with_prefix(region, &prefix) {
            Some(stack) if stack.is_busy() => return Progress::Wait,
            Some(stack) if was_touched(stack, token) => return ended(stack),
            // what failed to be created can only be deleted
            Some(stack) if stack.status == "ROLLBACK_COMPLETE" => {
                let arn = stack.arn.clone();
                self.delete_stack(region, &arn, &DeleteOptions::default())
            }
            Some(stack) => {
                let stack_name = stack.name.clone();
                match self.update_stack(region, &NewChangeSet { stack_name, ..new }) {
                    Err(error) if error.message.contains("No updates") => return Progress::Ready,
                    other => other.map(drop),
                }
            }
            None => {
                let unique = self.chance.uuid(&format!("{prefix}{region}{token}"));
                let stack_name = format!("{prefix}{unique}");
                self.create_stack(region, &NewChangeSet { stack_name, ..new })
            }
        };
        begun.map_or_else(
            |error| Progress::Failed(instance_failed(region, &error.message)),
            |()| Progress::Wait,
        )
    }

    fn remove_instance(&mut self, region: &str, set: &ResourceRecord, token: &str) -> Progress {
        let Some(stack) = self.newest_with_prefix(region, &prefix(set)) else {
            return Progress::Ready;
        };
        if stack.is_busy() {
            return Progress::Wait;
        }
        if was_touched(stack, token) {
            return ended(stack);
        }
        let arn = stack.arn.clone();
        let options = DeleteOptions {
            token: Some(token.to_owned()),
            ..DeleteOptions::default()
        };
        match self.delete_stack(region, &arn, &options) {
            Ok(()) => Progress::Wait,
            Err(error) => Progress::Failed(instance_failed(region, &error.message)),
        }
    }
}

/// Whether the stack's last word is one of this run of the set.
fn was_touched(stack: &StackRecord, token: &str) -> bool {
    let last = stack.events.last().and_then(|e| e.token.as_deref());
    last == Some(token)
}

/// What the end of an instance's run means for the set.
fn ended(stack: &StackRecord) -> Progress {
    let done = matches!(stack.status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE");
    if done {
        return Progress::Ready;
    }
    let region = stack.arn.split(':').nth(3).unwrap_or_default();
    let failed = stack.events.iter().find(|e| e.status.is_failed());
    let why = failed.and_then(|e| Some(format!("{}: {}", e.logical_id, e.reason.as_ref()?)));
    Progress::Failed(instance_failed(
        region,
        &why.unwrap_or_else(|| stack.status.clone()),
    ))
}

fn instance_failed(region: &str, why: &str) -> String {
    format!(
        "Resource handler returned message: \"Stack set operation failed: the stack instance in {region} is OUTDATED: {why}\" (HandlerErrorCode: GeneralServiceException)"
    )
}

/// What the names of a set's stacks begin with.
fn prefix(set: &ResourceRecord) -> String {
    let name = props::text(&set.properties, "StackSetName");
    format!(
        "StackSet-{}-",
        name.unwrap_or_else(|| set.physical_id.clone())
    )
}

/// The regions of the instances, in the order of the operation preferences.
fn regions(properties: &Value) -> Vec<String> {
    let groups = props::list(properties, "StackInstancesGroup").iter();
    let mut all: Vec<String> = groups.flat_map(|g| props::texts(g, "Regions")).collect();
    let preferences = properties.get("OperationPreferences");
    let order = preferences.map(|p| props::texts(p, "RegionOrder"));
    let order = order.unwrap_or_default();
    all.sort_by_key(|region| {
        let place = order.iter().position(|r| r == region);
        place.unwrap_or(order.len())
    });
    all.dedup();
    all
}

/// What the instance of a region is given: the set's parameters, and its group's overrides.
fn parameters(properties: &Value, region: &str) -> BTreeMap<String, ParameterValue> {
    let groups = props::list(properties, "StackInstancesGroup").iter();
    let of_region = groups.filter(|g| props::texts(g, "Regions").iter().any(|r| r == region));
    let overrides = of_region.flat_map(|g| props::list(g, "ParameterOverrides"));
    props::list(properties, "Parameters")
        .iter()
        .chain(overrides)
        .filter_map(|entry| {
            let value = props::text(entry, "ParameterValue")?;
            Some((
                props::text(entry, "ParameterKey")?,
                ParameterValue::Value(value),
            ))
        })
        .collect()
}
