//! Stacks as the world keeps them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::bundle::template::Template;
use crate::domain::stack::{ResourceStatus, Stack, StackEvent, StackResource, StackStatus};
use crate::rehearsal::world::cloudformation::ChangeSetView;
use crate::rehearsal::world::cloudformation::drift::DriftRecord;
use crate::rehearsal::world::cloudformation::run::Run;

/// Where a stack is found: its region and its ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rehearsal::world) struct StackKey {
    pub(in crate::rehearsal::world) region: String,
    pub(in crate::rehearsal::world) arn: String,
}

impl StackKey {
    pub(in crate::rehearsal::world) fn new(region: &str, arn: &str) -> Self {
        Self {
            region: region.to_owned(),
            arn: arn.to_owned(),
        }
    }
}

/// A template with what it is bound to.
#[derive(Clone, Debug)]
pub(in crate::rehearsal::world) struct Version {
    pub(in crate::rehearsal::world) template: Arc<Template>,
    pub(in crate::rehearsal::world) body: Arc<str>,
    pub(in crate::rehearsal::world) parameters: BTreeMap<String, String>,
    pub(in crate::rehearsal::world) tags: BTreeMap<String, String>,
}

/// A resource of a stack, its properties evaluated.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::rehearsal::world) struct ResourceRecord {
    pub(in crate::rehearsal::world) logical_id: String,
    pub(in crate::rehearsal::world) kind: String,
    pub(in crate::rehearsal::world) physical_id: String,
    pub(in crate::rehearsal::world) properties: Value,
    pub(in crate::rehearsal::world) status: String,
    /// Whether the resource is there, whatever its status says.
    pub(in crate::rehearsal::world) alive: bool,
    pub(in crate::rehearsal::world) retained: bool,
    pub(in crate::rehearsal::world) depends: BTreeSet<String>,
}

#[derive(Clone, Debug)]
pub(in crate::rehearsal::world) struct ChangeSetRecord {
    pub(in crate::rehearsal::world) view: ChangeSetView,
    pub(in crate::rehearsal::world) target: Version,
}

#[derive(Clone, Debug)]
pub(in crate::rehearsal::world) struct StackRecord {
    pub(in crate::rehearsal::world) arn: String,
    pub(in crate::rehearsal::world) name: String,
    pub(in crate::rehearsal::world) status: String,
    pub(in crate::rehearsal::world) reason: Option<String>,
    pub(in crate::rehearsal::world) created: Timestamp,
    pub(in crate::rehearsal::world) updated: Option<Timestamp>,
    /// What the stack was last brought to; none while only a change set exists.
    pub(in crate::rehearsal::world) current: Option<Version>,
    pub(in crate::rehearsal::world) resources: BTreeMap<String, ResourceRecord>,
    pub(in crate::rehearsal::world) outputs: BTreeMap<String, String>,
    /// The names under which outputs are exported, by the outputs' own.
    pub(in crate::rehearsal::world) exports: BTreeMap<String, String>,
    /// Oldest first.
    pub(in crate::rehearsal::world) events: Vec<StackEvent>,
    pub(in crate::rehearsal::world) change_sets: Vec<ChangeSetRecord>,
    pub(in crate::rehearsal::world) termination_protection: bool,
    pub(in crate::rehearsal::world) drift: DriftRecord,
    pub(in crate::rehearsal::world) run: Option<Run>,
    /// A failed change that was not rolled back.
    pub(in crate::rehearsal::world) stopped: Option<Run>,
}

impl StackRecord {
    /// One that only a change set knows of.
    pub(in crate::rehearsal::world) fn new(arn: String, name: &str, created: Timestamp) -> Self {
        Self {
            arn,
            name: name.to_owned(),
            status: String::new(),
            reason: None,
            created,
            updated: None,
            current: None,
            resources: BTreeMap::new(),
            outputs: BTreeMap::new(),
            exports: BTreeMap::new(),
            events: Vec::new(),
            change_sets: Vec::new(),
            termination_protection: false,
            drift: DriftRecord::default(),
            run: None,
            stopped: None,
        }
    }

    pub(in crate::rehearsal::world) fn view(&self) -> Stack {
        let version = self.current.as_ref();
        Stack {
            arn: self.arn.clone(),
            name: self.name.clone(),
            status: StackStatus::new(self.status.clone()),
            reason: self.reason.clone(),
            created: Some(self.created),
            updated: self.updated,
            parameters: version.map(shown_parameters).unwrap_or_default(),
            outputs: self.outputs.clone(),
            exports: self.exports.clone(),
            tags: version.map(|v| v.tags.clone()).unwrap_or_default(),
            termination_protection: self.termination_protection,
            drift: self.drift.last_check(),
        }
    }

    pub(in crate::rehearsal::world) fn is_deleted(&self) -> bool {
        self.status == "DELETE_COMPLETE"
    }

    pub(in crate::rehearsal::world) fn is_busy(&self) -> bool {
        self.run.is_some()
    }

    pub(in crate::rehearsal::world) fn resource_views(&self) -> Vec<StackResource> {
        let all = self.resources.values();
        all.map(|r| StackResource {
            logical_id: r.logical_id.clone(),
            physical_id: Some(r.physical_id.clone()),
            resource_type: r.kind.clone(),
            status: ResourceStatus(r.status.clone()),
        })
        .collect()
    }

    /// Appends an event about a resource, or about the stack itself where the resource is `None`.
    pub(in crate::rehearsal::world) fn event(
        &mut self,
        at: Timestamp,
        resource: Option<(&str, &str, &str)>,
        status: &str,
        reason: Option<&str>,
    ) {
        let (logical_id, kind, physical) =
            resource.unwrap_or((&self.name, "AWS::CloudFormation::Stack", &self.arn));
        let serial = self.events.len();
        let unique = self.arn.rsplit('/').next().unwrap_or_default();
        self.events.push(StackEvent {
            id: format!("{logical_id}-{status}-{unique}-{serial}"),
            at,
            stack_name: self.name.clone(),
            logical_id: logical_id.to_owned(),
            physical_id: (!physical.is_empty()).then(|| physical.to_owned()),
            resource_type: kind.to_owned(),
            status: ResourceStatus(status.to_owned()),
            reason: reason.map(str::to_owned),
            token: self.run.as_ref().and_then(|r| r.token.clone()),
        });
    }

    /// Changes the stack's own status, with its event.
    pub(in crate::rehearsal::world) fn enter(
        &mut self,
        at: Timestamp,
        status: &str,
        reason: Option<&str>,
    ) {
        status.clone_into(&mut self.status);
        self.reason = reason.map(str::to_owned);
        self.event(at, None, status, reason);
    }
}

/// The parameters as `DescribeStacks` shows them: those with `NoEcho` as asterisks.
fn shown_parameters(version: &Version) -> BTreeMap<String, String> {
    let hidden = |name: &str| {
        version
            .template
            .parameters
            .get(name)
            .is_some_and(|p| p.no_echo)
    };
    let show = |(name, value): (&String, &String)| {
        let value = if hidden(name) {
            "****".to_owned()
        } else {
            value.clone()
        };
        (name.clone(), value)
    };
    version.parameters.iter().map(show).collect()
}
