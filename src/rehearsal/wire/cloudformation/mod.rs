//! CloudFormation: query protocol in, XML out.

mod drift;
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
        "DescribeEvents" => describe_events(world, call),
        "DescribeStackResources" => describe_stack_resources(world, call),
        "ListStackResources" => list_stack_resources(world, call),
        "GetTemplate" => get_template(world, call),
        "DetectStackDrift" => drift::detect(world, call),
        "DescribeStackDriftDetectionStatus" => drift::status(world, call),
        "DescribeStackResourceDrifts" => drift::resources(world, call),
        "ListExports" => list_exports(world, call),
        "ListImports" => list_imports(world, call),
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
            let keep = optional(&call.params, "DisableRollback") == Some("true");
            world.execute(&call.region, stack, name, (token, keep))?;
            if optional(&call.params, "RetainExceptOnCreate") == Some("true") {
                world.retain_except_on_create(&call.region, stack);
            }
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
        "CancelUpdateStack" => {
            let name = required(&call.params, "StackName")?;
            let token = optional(&call.params, "ClientRequestToken");
            world.cancel_update_stack(&call.region, name, token)?;
            Ok(wire::serialize_cancel_update_stack_response().into())
        }
        "RollbackStack" => {
            let name = required(&call.params, "StackName")?;
            let token = optional(&call.params, "ClientRequestToken");
            world.rollback_stack(&call.region, name, token)?;
            let done = wire::RollbackStackOutput::default();
            Ok(wire::serialize_rollback_stack_response(&done).into())
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

/// The events of a stack, those of all its operations; a change set's have none of their own here.
fn describe_events(world: &World, call: &Call) -> Result<Response, ApiError> {
    if let Some(set) = optional(&call.params, "ChangeSetName") {
        world.describe_change_set(&call.region, stack_name(call), set)?;
        let none = page(Vec::new(), None, PAGE)?;
        return Ok(show::operation_events("", none));
    }
    let name = required(&call.params, "StackName")?;
    let mut events = world.stack_events(&call.region, name)?;
    if optional(&call.params, "Filters.FailedEvents") == Some("true") {
        events.retain(|event| event.status.is_failed());
    }
    let arn = stack_of(world, call, name)?.arn;
    let page = page(events, optional(&call.params, "NextToken"), PAGE)?;
    Ok(show::operation_events(&arn, page))
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

fn list_exports(world: &World, call: &Call) -> Result<Response, ApiError> {
    let all = world.exports(&call.region);
    let page = page(all, optional(&call.params, "NextToken"), PAGE)?;
    Ok(show::exports(page))
}

fn list_imports(world: &World, call: &Call) -> Result<Response, ApiError> {
    let names = world.imports(&call.region, required(&call.params, "ExportName")?)?;
    let page = page(names, optional(&call.params, "NextToken"), PAGE)?;
    Ok(show::imports(page))
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::route;
    use super::*;
    use crate::aws::testing::cloudformation::types::{
        Capability, ChangeSetType, Parameter, StackStatus, Tag,
    };
    use crate::aws::testing::{
        Canned, ProvideErrorMetadata as _, STANDBY, cloudformation, over, world,
    };
    use crate::domain::change::{Change, ChangeAction, ChangeSet, Replacement};
    use crate::domain::stack::{ResourceStatus, Stack, StackEvent, StackResource};
    use crate::rehearsal::world::cloudformation::{ChangeSetView, NewChangeSet, ParameterValue};

    const HOSTILE: &str = "<b> & \"c\" 'd' é€ ]]> \\u{1b}";

    fn stack() -> Stack {
        let one = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        Stack {
            arn: "arn:aws:cloudformation:us-west-2:123456789012:stack/pay/1".into(),
            name: "pay".into(),
            status: crate::domain::stack::StackStatus::new("HIBERNATING"),
            reason: Some(HOSTILE.into()),
            created: "2026-11-20T09:00:00.5Z".parse().ok(),
            updated: None,
            parameters: one("environmentSuffix", "a&b"),
            outputs: one("ApiDomain", HOSTILE),
            tags: one("team", "<x>"),
            exports: BTreeMap::new(),
            termination_protection: true,
            drift: crate::domain::drift::LastCheck::default(),
        }
    }

    fn client(response: Response) -> cloudformation::Client {
        cloudformation::Client::new(&Canned::new(response).config())
    }

    #[tokio::test]
    async fn stacks_arrive_with_statuses_and_specials_as_they_are() {
        let page = |next: Option<&str>| super::super::page::Page {
            items: vec![stack()],
            next: next.map(ToOwned::to_owned),
        };
        let seen = client(show::stacks(page(Some("100"))));
        let seen = seen.describe_stacks().send().await.unwrap();
        assert_eq!(seen.next_token(), Some("100"));
        let seen = &seen.stacks()[0];
        assert_eq!(seen.stack_status().unwrap().as_str(), "HIBERNATING");
        assert_eq!(seen.stack_status_reason(), Some(HOSTILE));
        assert_eq!(seen.outputs()[0].output_value(), Some(HOSTILE));
        assert_eq!(seen.parameters()[0].parameter_value(), Some("a&b"));
        assert_eq!(seen.tags()[0].value(), Some("<x>"));
        assert_eq!(seen.enable_termination_protection(), Some(true));
        assert_eq!(seen.creation_time().unwrap().subsec_nanos(), 500_000_000);
        let listed = client(show::summaries(page(None)));
        let listed = listed.list_stacks().send().await.unwrap();
        let listed = &listed.stack_summaries()[0];
        assert_eq!(listed.stack_name(), Some("pay"));
        assert_eq!(listed.stack_status_reason(), Some(HOSTILE));
    }

    #[tokio::test]
    async fn events_resources_and_templates_arrive() {
        let event = StackEvent {
            id: "e1".into(),
            at: "2026-11-20T09:00:01Z".parse().unwrap(),
            stack_name: "pay".into(),
            logical_id: "Table".into(),
            physical_id: None,
            resource_type: "AWS::DynamoDB::GlobalTable".into(),
            status: ResourceStatus("CREATE_FAILED".into()),
            reason: Some(HOSTILE.into()),
            token: Some("op-1".into()),
        };
        let page = super::super::page::Page {
            items: vec![event],
            next: None,
        };
        let events = client(show::events("arn", page));
        let events = events.describe_stack_events().send().await.unwrap();
        let event = &events.stack_events()[0];
        assert_eq!(event.resource_status_reason(), Some(HOSTILE));
        assert_eq!(event.client_request_token(), Some("op-1"));
        assert_eq!(event.physical_resource_id(), None);

        let resource = StackResource {
            logical_id: "Table".into(),
            physical_id: Some("table-t".into()),
            resource_type: "AWS::DynamoDB::GlobalTable".into(),
            status: ResourceStatus("CREATE_COMPLETE".into()),
        };
        let seen = client(show::resources(&stack(), vec![resource.clone()]));
        let seen = seen.describe_stack_resources().send().await.unwrap();
        assert_eq!(
            seen.stack_resources()[0].physical_resource_id(),
            Some("table-t")
        );
        let page = super::super::page::Page {
            items: vec![resource],
            next: Some("100".into()),
        };
        let seen = client(show::resource_summaries(&stack(), page));
        let seen = seen.list_stack_resources().send().await.unwrap();
        assert_eq!(seen.next_token(), Some("100"));
        assert_eq!(
            seen.stack_resource_summaries()[0].logical_resource_id(),
            Some("Table")
        );

        let text = "{\n  \"a\": \"<&>\"\n}\n";
        let seen = client(show::template(text.into()))
            .get_template()
            .send()
            .await;
        assert_eq!(seen.unwrap().template_body(), Some(text));
    }

    #[tokio::test]
    async fn change_sets_arrive_with_their_replacements() {
        let change = |action, replacement, causes: &[&str]| Change {
            action,
            logical_id: "Table".into(),
            resource_type: "AWS::DynamoDB::GlobalTable".into(),
            replacement,
            causes: causes.iter().map(|&cause| cause.to_owned()).collect(),
        };
        let view = ChangeSetView {
            set: ChangeSet {
                arn: "arn:set".into(),
                name: "s1".into(),
                changes: vec![
                    change(
                        ChangeAction::Modify,
                        Replacement::Yes,
                        &["Properties.KeySchema"],
                    ),
                    change(ChangeAction::Add, Replacement::No, &[]),
                ],
            },
            stack_arn: "arn:stack".into(),
            stack_name: "pay".into(),
            status: "CREATE_COMPLETE".into(),
            reason: None,
            execution_status: "AVAILABLE".into(),
            created: jiff::Timestamp::UNIX_EPOCH,
            parameters: BTreeMap::new(),
            capabilities: vec!["CAPABILITY_NAMED_IAM".into()],
            tags: BTreeMap::new(),
        };
        let made = client(show::created(view.clone()));
        let made = made.create_change_set().send().await.unwrap();
        assert_eq!(
            (made.id(), made.stack_id()),
            (Some("arn:set"), Some("arn:stack"))
        );
        let seen = client(show::change_set(view));
        let seen = seen.describe_change_set().send().await.unwrap();
        assert_eq!(seen.execution_status().unwrap().as_str(), "AVAILABLE");
        assert_eq!(seen.capabilities(), [Capability::CapabilityNamedIam]);
        let [first, second] = seen.changes() else {
            panic!("two changes")
        };
        let first = first.resource_change().unwrap();
        assert_eq!(first.replacement().unwrap().as_str(), "True");
        let target = first.details()[0].target().unwrap();
        assert_eq!(target.name(), Some("KeySchema"));
        assert_eq!(target.attribute().unwrap().as_str(), "Properties");
        let second = second.resource_change().unwrap();
        assert_eq!(second.action().unwrap().as_str(), "Add");
        assert_eq!(second.replacement(), None);
    }

    #[tokio::test]
    async fn what_is_asked_for_is_understood() {
        let canned = Canned::deaf();
        let client = cloudformation::Client::new(&canned.config());
        let previous = Parameter::builder()
            .parameter_key("p")
            .use_previous_value(true);
        let given = Parameter::builder()
            .parameter_key("q")
            .parameter_value(HOSTILE);
        let asked = client
            .create_change_set()
            .stack_name("pay")
            .change_set_name("s1")
            .change_set_type(ChangeSetType::Create)
            .template_body("{\"a\": \"é + %41 & b\"}")
            .parameters(previous.build())
            .parameters(given.build())
            .capabilities(Capability::CapabilityNamedIam)
            .tags(Tag::builder().key("k").value("v").build())
            .client_token("op-1")
            .send()
            .await;
        assert!(asked.is_err(), "the client is deaf");
        let call = route::read(canned.asked()).unwrap();
        assert_eq!(
            (call.operation.as_str(), call.region.as_str()),
            ("CreateChangeSet", STANDBY)
        );
        let expected = NewChangeSet {
            stack_name: "pay".into(),
            name: "s1".into(),
            body: Some("{\"a\": \"é + %41 & b\"}".into()),
            use_previous_template: false,
            parameters: [
                ("p".to_owned(), ParameterValue::UsePrevious),
                ("q".to_owned(), ParameterValue::Value(HOSTILE.into())),
            ]
            .into(),
            capabilities: vec!["CAPABILITY_NAMED_IAM".into()],
            tags: [("k".to_owned(), "v".to_owned())].into(),
            create: true,
            token: Some("op-1".into()),
        };
        assert_eq!(read::new_change_set(&call.params).unwrap(), expected);

        let asked = client
            .update_stack()
            .stack_name("pay")
            .use_previous_template(true)
            .client_request_token("op-2")
            .send()
            .await;
        assert!(asked.is_err(), "the client is deaf");
        let call = route::read(canned.asked()).unwrap();
        let update = read::update(&call.params).unwrap();
        assert!(update.use_previous_template && update.body.is_none());
        assert_eq!(update.token.as_deref(), Some("op-2"));
    }

    #[tokio::test(start_paused = true)]
    async fn errors_carry_their_codes() {
        let client = cloudformation::Client::new(&over(&world(""), STANDBY));
        let gone = client.describe_stacks().stack_name("gone").send().await;
        let gone = gone.unwrap_err().into_service_error();
        assert_eq!(gone.code(), Some("ValidationError"));
        assert_eq!(gone.message(), Some("Stack with id gone does not exist"));
        let nameless = client.describe_stack_events().send().await.unwrap_err();
        assert_eq!(nameless.code(), Some("ValidationError"));
        let unknown = client.list_types().send().await.unwrap_err();
        assert_eq!(unknown.code(), Some("NotImplemented"));
        assert!(unknown.message().unwrap().contains("ListTypes"));
        let url = client
            .create_change_set()
            .stack_name("pay")
            .change_set_name("s1")
            .template_url("https://bucket.example/t.json")
            .send()
            .await;
        assert!(url.unwrap_err().message().unwrap().contains("no S3"));
        client
            .delete_stack()
            .stack_name("gone")
            .send()
            .await
            .unwrap();
        let all = client
            .list_stacks()
            .stack_status_filter(StackStatus::CreateComplete);
        assert!(all.send().await.unwrap().stack_summaries().is_empty());
    }
}
