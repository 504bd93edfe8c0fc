//! CloudFormation's shapes as domain values.

use aws_sdk_cloudformation::types as sdk;

use crate::aws::convert::{some_text, text, timestamp};
use crate::domain::change::{Change, ChangeAction, Replacement};
use crate::domain::drift::{
    DriftStatus, LastCheck, PropertyDifference, ResourceDrift, ResourceDriftStatus,
};
use crate::domain::stack::{ResourceStatus, Stack, StackEvent, StackResource, StackStatus};
use crate::domain::text::clean;

pub(in crate::aws) fn stack(stack: &sdk::Stack) -> Stack {
    let pair = |key: Option<&str>, value: Option<&str>| Some((clean(key?), text(value)));
    Stack {
        arn: text(stack.stack_id()),
        name: text(stack.stack_name()),
        status: StackStatus::new(text(stack.stack_status().map(sdk::StackStatus::as_str))),
        reason: some_text(stack.stack_status_reason()),
        created: stack.creation_time().and_then(timestamp),
        updated: stack.last_updated_time().and_then(timestamp),
        parameters: stack
            .parameters()
            .iter()
            .filter_map(|p| pair(p.parameter_key(), p.parameter_value()))
            .collect(),
        outputs: stack
            .outputs()
            .iter()
            .filter_map(|o| pair(o.output_key(), o.output_value()))
            .collect(),
        exports: stack
            .outputs()
            .iter()
            .filter(|o| o.export_name().is_some())
            .filter_map(|o| pair(o.output_key(), o.export_name()))
            .collect(),
        tags: stack
            .tags()
            .iter()
            .filter_map(|t| pair(t.key(), t.value()))
            .collect(),
        termination_protection: stack.enable_termination_protection().unwrap_or(false),
        drift: stack
            .drift_information()
            .map(last_check)
            .unwrap_or_default(),
    }
}

fn last_check(drift: &sdk::StackDriftInformation) -> LastCheck {
    LastCheck {
        status: drift_status(drift.stack_drift_status()),
        at: drift.last_check_timestamp().and_then(timestamp),
    }
}

pub(in crate::aws) fn drift_status(status: Option<&sdk::StackDriftStatus>) -> DriftStatus {
    DriftStatus::parse(status.map_or("", sdk::StackDriftStatus::as_str))
}

/// What was found of a resource; one without a logical id is left out.
pub(in crate::aws) fn resource_drift(drift: &sdk::StackResourceDrift) -> Option<ResourceDrift> {
    let status = drift.stack_resource_drift_status();
    let differences = drift.property_differences().iter();
    Some(ResourceDrift {
        logical_id: some_text(drift.logical_resource_id())?,
        physical_id: some_text(drift.physical_resource_id()),
        resource_type: text(drift.resource_type()),
        status: ResourceDriftStatus::parse(
            status.map_or("", sdk::StackResourceDriftStatus::as_str),
        ),
        differences: differences
            .map(|d| PropertyDifference {
                path: text(d.property_path()),
                expected: text(d.expected_value()),
                actual: text(d.actual_value()),
            })
            .collect(),
    })
}

/// An event without a time or an id can't be put in order and is left out.
pub(in crate::aws) fn event(event: &sdk::StackEvent) -> Option<StackEvent> {
    Some(StackEvent {
        id: some_text(event.event_id())?,
        at: event.timestamp().and_then(timestamp)?,
        stack_name: text(event.stack_name()),
        logical_id: text(event.logical_resource_id()),
        physical_id: some_text(event.physical_resource_id()),
        resource_type: text(event.resource_type()),
        status: resource_status(event.resource_status()),
        reason: some_text(event.resource_status_reason()),
        token: some_text(event.client_request_token()),
    })
}

pub(in crate::aws) fn resource(resource: &sdk::StackResourceSummary) -> Option<StackResource> {
    Some(StackResource {
        logical_id: some_text(resource.logical_resource_id())?,
        physical_id: some_text(resource.physical_resource_id()),
        resource_type: text(resource.resource_type()),
        status: resource_status(resource.resource_status()),
    })
}

fn resource_status(status: Option<&sdk::ResourceStatus>) -> ResourceStatus {
    ResourceStatus(text(status.map(sdk::ResourceStatus::as_str)))
}

pub(in crate::aws) fn change(change: &sdk::ResourceChange) -> Change {
    let mut causes: Vec<String> = Vec::new();
    for target in change.details().iter().filter_map(|d| d.target()) {
        let attribute = text(target.attribute().map(sdk::ResourceAttribute::as_str));
        let cause = match some_text(target.name()) {
            Some(name) => format!("{attribute}.{name}"),
            None => attribute,
        };
        if !cause.is_empty() && !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    Change {
        action: match change.action().map_or("", sdk::ChangeAction::as_str) {
            "Add" => ChangeAction::Add,
            "Modify" => ChangeAction::Modify,
            "Remove" => ChangeAction::Remove,
            "Import" => ChangeAction::Import,
            _ => ChangeAction::Other,
        },
        logical_id: text(change.logical_resource_id()),
        resource_type: text(change.resource_type()),
        replacement: match change.replacement().map(sdk::Replacement::as_str) {
            None | Some("False") => Replacement::No,
            Some("True") => Replacement::Yes,
            // "Conditional", and the cautious reading of any word that is new.
            Some(_) => Replacement::Conditional,
        },
        causes,
    }
}
