//! CloudFormation in one region: stacks, events, resources, deletion, one parameter, repairs.

use aws_sdk_cloudformation::types as sdk;
use jiff::Timestamp;

use crate::aws::client::{RegionClient, change};
use crate::aws::convert::cloudformation as convert;
use crate::aws::error::{ActError, Site, says_absent, says_unchanged};
use crate::domain::observed::{FailureKind, ReadError};
use crate::domain::stack::{Phase, StackEvent, StackResource, StackState};

/// No stack has more pages than this; a service that repeats its token must not keep us for ever.
const MOST_PAGES: usize = 200;

/// How to delete a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    pub token: String,
    /// Logical ids to leave behind; accepted only in `DELETE_FAILED`.
    pub retain: Vec<String>,
    /// Delete the stack whatever of its resources can't be deleted.
    pub force: bool,
}

/// What became of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updated {
    Started,
    /// The stack already had this value.
    Unchanged,
}

impl RegionClient {
    pub(super) fn cloudformation_site(&self) -> Site {
        self.site("CloudFormation")
    }

    /// Describes a stack by name or ARN. A deleted one (found by ARN only) is absent.
    pub async fn stack(&self, name: &str) -> Result<StackState, ReadError> {
        let Some(stack) = self.describe(name).await? else {
            return Ok(StackState::Absent);
        };
        let stack = convert::stack(&stack);
        Ok(if stack.status.phase() == Phase::Absent {
            StackState::Absent
        } else {
            StackState::Present(Box::new(stack))
        })
    }

    async fn describe(&self, name: &str) -> Result<Option<sdk::Stack>, ReadError> {
        let site = self.cloudformation_site();
        match self
            .cloudformation
            .describe_stacks()
            .stack_name(name)
            .send()
            .await
        {
            Ok(answer) => answer
                .stacks
                .and_then(|stacks| stacks.into_iter().next())
                .map(Some)
                .ok_or_else(|| site.incomplete("the stack")),
            Err(error) if says_absent(&error) => Ok(None),
            Err(error) => Err(site.read_error("cloudformation:DescribeStacks", &error)),
        }
    }

    /// Events not older than `newer_than`, oldest first, without `known` and what came before it.
    pub async fn stack_events(
        &self,
        name_or_arn: &str,
        newer_than: Timestamp,
        known: Option<&str>,
    ) -> Result<Vec<StackEvent>, ReadError> {
        let mut events = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let answer = self
                .cloudformation
                .describe_stack_events()
                .stack_name(name_or_arn)
                .set_next_token(token)
                .send()
                .await
                .map_err(|e| {
                    self.cloudformation_site()
                        .read_error("cloudformation:DescribeStackEvents", &e)
                })?;
            for event in answer.stack_events().iter().filter_map(convert::event) {
                if event.at < newer_than || known == Some(event.id.as_str()) {
                    events.reverse();
                    return Ok(events);
                }
                events.push(event);
            }
            token = answer.next_token;
            if token.is_none() {
                break;
            }
        }
        events.reverse();
        Ok(events)
    }

    /// Every resource of a stack. Entries without a logical id, which nothing could be done with, are left out.
    pub async fn stack_resources(&self, name: &str) -> Result<Vec<StackResource>, ReadError> {
        let mut resources = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let answer = self
                .cloudformation
                .list_stack_resources()
                .stack_name(name)
                .set_next_token(token)
                .send()
                .await
                .map_err(|e| {
                    self.cloudformation_site()
                        .read_error("cloudformation:ListStackResources", &e)
                })?;
            resources.extend(
                answer
                    .stack_resource_summaries()
                    .iter()
                    .filter_map(convert::resource),
            );
            token = answer.next_token;
            if token.is_none() {
                break;
            }
        }
        Ok(resources)
    }

    pub async fn delete_stack(
        &self,
        name_or_arn: &str,
        options: DeleteOptions,
    ) -> Result<(), ActError> {
        let site = self.cloudformation_site();
        let retain = (!options.retain.is_empty()).then_some(options.retain);
        let mode = options.force.then_some(sdk::DeletionMode::ForceDeleteStack);
        let request = self
            .cloudformation
            .delete_stack()
            .stack_name(name_or_arn)
            .set_retain_resources(retain)
            .set_deletion_mode(mode)
            .client_request_token(options.token);
        change!(
            aws_sdk_cloudformation,
            site,
            "cloudformation:DeleteStack",
            request
        )?;
        Ok(())
    }

    /// Changes one parameter and nothing else: same template, all other parameters and capabilities kept.
    pub async fn update_parameter(
        &self,
        stack: &str,
        parameter: &str,
        value: &str,
        token: &str,
    ) -> Result<Updated, ActError> {
        let site = self.cloudformation_site();
        let known = self.describe(stack).await?.ok_or_else(|| {
            ActError::not_sent(format!("there is no stack {stack} in {}", self.region()))
        })?;
        let keys: Vec<&str> = known
            .parameters()
            .iter()
            .filter_map(sdk::Parameter::parameter_key)
            .collect();
        if !keys.contains(&parameter) {
            return Err(ActError::not_sent(format!(
                "stack {stack} in {} has no parameter {parameter}",
                self.region()
            )));
        }
        let kept = keys.into_iter().map(|key| {
            let new = sdk::Parameter::builder().parameter_key(key);
            if key == parameter {
                new.parameter_value(value).build()
            } else {
                new.use_previous_value(true).build()
            }
        });
        let request = self
            .cloudformation
            .update_stack()
            .stack_name(stack)
            .use_previous_template(true)
            .set_parameters(Some(kept.collect()))
            .set_capabilities(Some(known.capabilities().to_vec()))
            .client_request_token(token);
        let answer = change!(
            aws_sdk_cloudformation,
            site,
            "cloudformation:UpdateStack",
            request
        );
        match answer {
            Ok(_) => Ok(Updated::Started),
            Err(error) if error.kind == FailureKind::Invalid && says_unchanged(&error.message) => {
                Ok(Updated::Unchanged)
            }
            Err(error) => Err(error),
        }
    }

    /// Repairs `UPDATE_ROLLBACK_FAILED`: continues the rollback, leaving the resources in `skip` as they are.
    pub async fn continue_rollback(
        &self,
        stack: &str,
        skip: Vec<String>,
        token: &str,
    ) -> Result<(), ActError> {
        let site = self.cloudformation_site();
        let request = self
            .cloudformation
            .continue_update_rollback()
            .stack_name(stack)
            .set_resources_to_skip((!skip.is_empty()).then_some(skip))
            .client_request_token(token);
        change!(
            aws_sdk_cloudformation,
            site,
            "cloudformation:ContinueUpdateRollback",
            request
        )?;
        Ok(())
    }

    /// Repairs `CREATE_FAILED` and `UPDATE_FAILED`: goes back to the last stable state.
    pub async fn roll_back(&self, stack: &str, token: &str) -> Result<(), ActError> {
        let site = self.cloudformation_site();
        let request = self
            .cloudformation
            .rollback_stack()
            .stack_name(stack)
            .client_request_token(token);
        change!(
            aws_sdk_cloudformation,
            site,
            "cloudformation:RollbackStack",
            request
        )?;
        Ok(())
    }
}
