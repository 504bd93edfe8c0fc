//! The world's stacks and change sets as CloudFormation's documents.

use std::collections::BTreeMap;

use winterbaume_cloudformation::wire;

use super::super::page::Page;
use super::super::{Response, iso};
use crate::domain::change::{Change, ChangeAction, Replacement};
use crate::domain::stack::{Stack, StackEvent, StackResource};
use crate::rehearsal::world::cloudformation::{ChangeSetView, ExportView};

pub(super) fn stacks(page: Page<Stack>) -> Response {
    let stacks: Vec<_> = page.items.into_iter().map(stack).collect();
    let output = wire::DescribeStacksOutput {
        next_token: page.next,
        stacks: Some(stacks.into()),
    };
    wire::serialize_describe_stacks_response(&output).into()
}

fn stack(stack: Stack) -> wire::Stack {
    let outputs: Vec<_> = stack
        .outputs
        .into_iter()
        .map(|(key, value)| wire::Output {
            export_name: stack.exports.get(&key).cloned(),
            output_key: Some(key),
            output_value: Some(value),
            ..Default::default()
        })
        .collect();
    wire::Stack {
        stack_id: Some(stack.arn),
        stack_name: Some(stack.name),
        stack_status: Some(stack.status.0),
        stack_status_reason: stack.reason,
        creation_time: stack.created.map(iso),
        last_updated_time: stack.updated.map(iso),
        parameters: Some(parameters(stack.parameters)),
        outputs: Some(outputs.into()),
        tags: Some(tags(stack.tags)),
        enable_termination_protection: Some(stack.termination_protection),
        disable_rollback: Some(false),
        drift_information: Some(wire::StackDriftInformation {
            stack_drift_status: Some(super::drift::stack_word(stack.drift.status).to_owned()),
            last_check_timestamp: stack.drift.at.map(iso),
        }),
        ..Default::default()
    }
}

pub(super) fn summaries(page: Page<Stack>) -> Response {
    let summaries: Vec<_> = page
        .items
        .into_iter()
        .map(|stack| wire::StackSummary {
            stack_id: Some(stack.arn),
            stack_name: Some(stack.name),
            stack_status: Some(stack.status.0),
            stack_status_reason: stack.reason,
            creation_time: stack.created.map(iso),
            last_updated_time: stack.updated.map(iso),
            ..Default::default()
        })
        .collect();
    let output = wire::ListStacksOutput {
        next_token: page.next,
        stack_summaries: Some(summaries.into()),
    };
    wire::serialize_list_stacks_response(&output).into()
}

pub(super) fn events(arn: &str, page: Page<StackEvent>) -> Response {
    let events: Vec<_> = page
        .items
        .into_iter()
        .map(|event| wire::StackEvent {
            event_id: Some(event.id),
            stack_id: Some(arn.to_owned()),
            stack_name: Some(event.stack_name),
            timestamp: Some(iso(event.at)),
            logical_resource_id: Some(event.logical_id),
            physical_resource_id: event.physical_id,
            resource_type: Some(event.resource_type),
            resource_status: Some(event.status.0),
            resource_status_reason: event.reason,
            client_request_token: event.token,
            ..Default::default()
        })
        .collect();
    let output = wire::DescribeStackEventsOutput {
        next_token: page.next,
        stack_events: Some(events.into()),
    };
    wire::serialize_describe_stack_events_response(&output).into()
}

pub(super) fn operation_events(arn: &str, page: Page<StackEvent>) -> Response {
    let events: Vec<_> = page
        .items
        .into_iter()
        .map(|event| wire::OperationEvent {
            event_id: Some(event.id),
            stack_id: Some(arn.to_owned()),
            event_type: Some("STACK_EVENT".to_owned()),
            timestamp: Some(iso(event.at)),
            logical_resource_id: Some(event.logical_id),
            physical_resource_id: event.physical_id,
            resource_type: Some(event.resource_type),
            resource_status: Some(event.status.0),
            resource_status_reason: event.reason,
            client_request_token: event.token,
            ..Default::default()
        })
        .collect();
    let output = wire::DescribeEventsOutput {
        next_token: page.next,
        operation_events: Some(events.into()),
    };
    wire::serialize_describe_events_response(&output).into()
}

pub(super) fn resources(stack: &Stack, resources: Vec<StackResource>) -> Response {
    let resources: Vec<_> = resources
        .into_iter()
        .map(|resource| wire::StackResource {
            stack_id: Some(stack.arn.clone()),
            stack_name: Some(stack.name.clone()),
            logical_resource_id: Some(resource.logical_id),
            physical_resource_id: resource.physical_id,
            resource_type: Some(resource.resource_type),
            resource_status: Some(resource.status.0),
            timestamp: last_change(stack),
            ..Default::default()
        })
        .collect();
    let output = wire::DescribeStackResourcesOutput {
        stack_resources: Some(resources.into()),
    };
    wire::serialize_describe_stack_resources_response(&output).into()
}

pub(super) fn resource_summaries(stack: &Stack, page: Page<StackResource>) -> Response {
    let summaries: Vec<_> = page
        .items
        .into_iter()
        .map(|resource| wire::StackResourceSummary {
            logical_resource_id: Some(resource.logical_id),
            physical_resource_id: resource.physical_id,
            resource_type: Some(resource.resource_type),
            resource_status: Some(resource.status.0),
            last_updated_timestamp: last_change(stack),
            ..Default::default()
        })
        .collect();
    let output = wire::ListStackResourcesOutput {
        next_token: page.next,
        stack_resource_summaries: Some(summaries.into()),
    };
    wire::serialize_list_stack_resources_response(&output).into()
}

/// The world does not keep a time for each resource; its stack's is the nearest.
fn last_change(stack: &Stack) -> Option<String> {
    stack.updated.or(stack.created).map(iso)
}

pub(super) fn exports(page: Page<ExportView>) -> Response {
    let exports: Vec<_> = page
        .items
        .into_iter()
        .map(|export| wire::Export {
            exporting_stack_id: Some(export.stack),
            name: Some(export.name),
            value: Some(export.value),
        })
        .collect();
    let output = wire::ListExportsOutput {
        exports: Some(exports.into()),
        next_token: page.next,
    };
    wire::serialize_list_exports_response(&output).into()
}

pub(super) fn imports(page: Page<String>) -> Response {
    let output = wire::ListImportsOutput {
        imports: Some(page.items.into()),
        next_token: page.next,
    };
    wire::serialize_list_imports_response(&output).into()
}

pub(super) fn template(body: String) -> Response {
    let stages = vec!["Original".to_owned(), "Processed".to_owned()];
    let output = wire::GetTemplateOutput {
        stages_available: Some(stages.into()),
        template_body: Some(body),
    };
    wire::serialize_get_template_response(&output).into()
}

pub(super) fn created(view: ChangeSetView) -> Response {
    let output = wire::CreateChangeSetOutput {
        id: Some(view.set.arn),
        stack_id: Some(view.stack_arn),
    };
    wire::serialize_create_change_set_response(&output).into()
}

pub(super) fn change_set(view: ChangeSetView) -> Response {
    let changes: Vec<_> = view.set.changes.into_iter().map(change).collect();
    let output = wire::DescribeChangeSetOutput {
        change_set_id: Some(view.set.arn),
        change_set_name: Some(view.set.name),
        stack_id: Some(view.stack_arn),
        stack_name: Some(view.stack_name),
        status: Some(view.status),
        status_reason: view.reason,
        execution_status: Some(view.execution_status),
        creation_time: Some(iso(view.created)),
        changes: Some(changes.into()),
        parameters: Some(parameters(view.parameters)),
        capabilities: Some(view.capabilities.into()),
        tags: Some(tags(view.tags)),
        include_nested_stacks: Some(false),
        ..Default::default()
    };
    wire::serialize_describe_change_set_response(&output).into()
}

fn change(change: Change) -> wire::Change {
    let action = match change.action {
        ChangeAction::Add => "Add",
        ChangeAction::Modify => "Modify",
        ChangeAction::Remove => "Remove",
        ChangeAction::Import => "Import",
        ChangeAction::Other => "Dynamic",
    };
    let replacement = match change.replacement {
        Replacement::No => "False",
        Replacement::Conditional => "Conditional",
        Replacement::Yes => "True",
    };
    let modified = change.action == ChangeAction::Modify;
    let details: Vec<_> = change
        .causes
        .iter()
        .map(|cause| detail(cause, change.replacement))
        .collect();
    wire::Change {
        r#type: Some("Resource".to_owned()),
        resource_change: Some(wire::ResourceChange {
            action: Some(action.to_owned()),
            logical_resource_id: Some(change.logical_id),
            resource_type: Some(change.resource_type),
            replacement: modified.then(|| replacement.to_owned()),
            scope: modified.then(|| vec!["Properties".to_owned()].into()),
            details: modified.then(|| details.into()),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// `Properties.BillingMode` is the attribute `Properties` and the property's name.
fn detail(cause: &str, replacement: Replacement) -> wire::ResourceChangeDetail {
    let (attribute, name) = cause.split_once('.').unwrap_or((cause, ""));
    let recreation = match replacement {
        Replacement::No => "Never",
        Replacement::Conditional => "Conditionally",
        Replacement::Yes => "Always",
    };
    wire::ResourceChangeDetail {
        target: Some(wire::ResourceTargetDefinition {
            attribute: Some(attribute.to_owned()),
            name: (!name.is_empty()).then(|| name.to_owned()),
            requires_recreation: Some(recreation.to_owned()),
            ..Default::default()
        }),
        evaluation: Some("Static".to_owned()),
        change_source: Some("DirectModification".to_owned()),
        ..Default::default()
    }
}

fn parameters(given: BTreeMap<String, String>) -> wire::Parameters {
    let list: Vec<_> = given
        .into_iter()
        .map(|(key, value)| wire::Parameter {
            parameter_key: Some(key),
            parameter_value: Some(value),
            ..Default::default()
        })
        .collect();
    list.into()
}

fn tags(given: BTreeMap<String, String>) -> wire::Tags {
    let list: Vec<_> = given
        .into_iter()
        .map(|(key, value)| wire::Tag { key, value })
        .collect();
    list.into()
}
