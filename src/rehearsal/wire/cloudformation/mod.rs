//! CloudFormation: query protocol in, XML out.

mod read;
mod show;

use winterbaume_cloudformation::wire;

use super::form::Params;
use super::page::page;
use super::route::Call;
use super::{Response, not_implemented};
use crate::rehearsal::world::cloudformation::DeleteOptions;
use crate::rehearsal::world::{ApiError, World};

pub(super) const NAMESPACE: &str = "http://cloudformation.amazonaws.com/doc/2010-05-15/";

/// Items of one page; CloudFormation lets nobody choose it.
const PAGE: usize = 100;

pub(super) fn answer(world: &mut World, call: &Call) -> Result<Response, ApiError> {
    match call.operation.as_str() {
        "DescribeStacks" => describe_stacks(world, call),
        "ListStacks" => list_stacks(world, call),
        "DescribeStackEvents" => describe_stack_events(world, call),
        "DescribeStackResources" => describe_stack_resources(world, call),
        "ListStackResources" => list_stack_resources(world, call),
        "GetTemplate" => get_template(world, call),
        _ => change(world, call),
    }
}

/// The operations that write, and the change sets that lead there.
fn change(world: &mut World, call: &Call) -> Result<Response, ApiError> {
    match call.operation.as_str() {
        "CreateChangeSet" => {
            let new = read::new_change_set(&call.params)?;
            let made = world.create_change_set(&call.region, &new)?;
            Ok(show::created(made))
        }
        "DescribeChangeSet" => {
            let (stack, name) = (stack_name(call), required(&call.params, "ChangeSetName")?);
            let view = world.describe_change_set(&call.region, stack, name)?;
            Ok(show::change_set(view))
        }
        "ExecuteChangeSet" => {
            let (stack, name) = (stack_name(call), required(&call.params, "ChangeSetName")?);
            let token = optional(&call.params, "ClientRequestToken");
            world.execute_change_set(&call.region, stack, name, token)?;
            let done = wire::ExecuteChangeSetOutput::default();
            Ok(wire::serialize_execute_change_set_response(&done).into())
        }
        "DeleteChangeSet" => {
            let (stack, name) = (stack_name(call), required(&call.params, "ChangeSetName")?);
            world.delete_change_set(&call.region, stack, name)?;
            let done = wire::DeleteChangeSetOutput::default();
            Ok(wire::serialize_delete_change_set_response(&done).into())
        }
        "UpdateStack" => {
            let new = read::update(&call.params)?;
            let stack_id = Some(world.update_stack(&call.region, &new)?);
            let done = wire::UpdateStackOutput {
                stack_id,
                ..Default::default()
            };
            Ok(wire::serialize_update_stack_response(&done).into())
        }
        _ => repair(world, call),
    }
}

fn repair(world: &mut World, call: &Call) -> Result<Response, ApiError> {
    match call.operation.as_str() {
        "DeleteStack" => {
            let options = DeleteOptions {
                token: optional(&call.params, "ClientRequestToken").map(ToOwned::to_owned),
                retain: read::list(&call.params, "RetainResources"),
                force: optional(&call.params, "DeletionMode") == Some("FORCE_DELETE_STACK"),
            };
            world.delete_stack(&call.region, required(&call.params, "StackName")?, &options)?;
            Ok(wire::serialize_delete_stack_response().into())
        }
        "ContinueUpdateRollback" => {
            let name = required(&call.params, "StackName")?;
            let skip = read::list(&call.params, "ResourcesToSkip");
            let token = optional(&call.params, "ClientRequestToken");
            world.continue_update_rollback(&call.region, name, &skip, token)?;
            let done = wire::ContinueUpdateRollbackOutput::default();
            Ok(wire::serialize_continue_update_rollback_response(&done).into())
        }
        "UpdateTerminationProtection" => {
            let name = required(&call.params, "StackName")?;
            let enabled = required(&call.params, "EnableTerminationProtection")? == "true";
            let stack_id = Some(world.set_termination_protection(&call.region, name, enabled)?);
            let done = wire::UpdateTerminationProtectionOutput { stack_id };
            Ok(wire::serialize_update_termination_protection_response(&done).into())
        }
        _ => Err(not_implemented(call)),
    }
}

fn describe_stacks(world: &World, call: &Call) -> Result<Response, ApiError> {
    let stacks = world.describe_stacks(&call.region, optional(&call.params, "StackName"))?;
    let page = page(stacks, optional(&call.params, "NextToken"), PAGE)?;
    Ok(show::stacks(page))
}

fn list_stacks(world: &World, call: &Call) -> Result<Response, ApiError> {
    let wanted = read::list(&call.params, "StackStatusFilter");
    let mut stacks = world.list_stacks(&call.region);
    stacks.retain(|stack| wanted.is_empty() || wanted.contains(&stack.status.0));
    let page = page(stacks, optional(&call.params, "NextToken"), PAGE)?;
    Ok(show::summaries(page))
}

fn describe_stack_events(world: &World, call: &Call) -> Result<Response, ApiError> {
    let name = required(&call.params, "StackName")?;
    let events = world.stack_events(&call.region, name)?;
    let arn = stack_of(world, call, name)?.arn;
    let page = page(events, optional(&call.params, "NextToken"), PAGE)?;
    Ok(show::events(&arn, page))
}

fn describe_stack_resources(world: &World, call: &Call) -> Result<Response, ApiError> {
    let name = required(&call.params, "StackName")?;
    let wanted = optional(&call.params, "LogicalResourceId");
    let mut resources = world.stack_resources(&call.region, name)?;
    resources.retain(|resource| wanted.is_none_or(|id| id == resource.logical_id));
    resources.truncate(PAGE);
    let stack = stack_of(world, call, name)?;
    Ok(show::resources(&stack, resources))
}

fn list_stack_resources(world: &World, call: &Call) -> Result<Response, ApiError> {
    let name = required(&call.params, "StackName")?;
    let resources = world.stack_resources(&call.region, name)?;
    let stack = stack_of(world, call, name)?;
    let page = page(resources, optional(&call.params, "NextToken"), PAGE)?;
    Ok(show::resource_summaries(&stack, page))
}

fn get_template(world: &World, call: &Call) -> Result<Response, ApiError> {
    let body = world.get_template(&call.region, required(&call.params, "StackName")?)?;
    Ok(show::template(body))
}

/// The stack itself, for what its parts do not know.
fn stack_of(
    world: &World,
    call: &Call,
    name: &str,
) -> Result<crate::domain::stack::Stack, ApiError> {
    world
        .describe_stacks(&call.region, Some(name))?
        .pop()
        .ok_or_else(|| ApiError::validation(format!("Stack with id {name} does not exist")))
}

/// The stack's name, which may be absent where a change set is named by its ARN.
fn stack_name(call: &Call) -> &str {
    optional(&call.params, "StackName").unwrap_or_default()
}

fn optional<'a>(params: &'a Params, name: &str) -> Option<&'a str> {
    params
        .get(name)
        .map(String::as_str)
        .filter(|value| !value.is_empty())
}

fn required<'a>(params: &'a Params, name: &str) -> Result<&'a str, ApiError> {
    optional(params, name).ok_or_else(|| {
        ApiError::validation(format!(
            "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
        ))
    })
}
