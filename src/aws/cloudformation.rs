//! CloudFormation in one region: stacks, events, resources, deletion, one parameter, repairs.

use aws_sdk_cloudformation::types as sdk;
use jiff::Timestamp;

use crate::aws::client::{RegionClient, change};
use crate::aws::convert::{cloudformation as convert, timestamp};
use crate::aws::error::{ActError, Site, says_absent, says_unchanged};
use crate::domain::observed::{FailureKind, ReadError};
use crate::domain::stack::{Phase, StackEvent, StackResource, StackState};

/// No stack has more pages than this; a service that repeats its token must not keep us for ever.
pub(super) const MOST_PAGES: usize = 200;

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

    /// The newest stack of this region that a `StackSet` made under the prefix, described; a deleted one does not count.
    ///
    /// What follows the prefix must be a UUID: `StackSet-dr-eu-…` does not belong to the set `dr`.
    pub async fn stack_with_prefix(&self, prefix: &str) -> Result<StackState, ReadError> {
        let mut newest: Option<(Option<Timestamp>, String)> = None;
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let answer = self
                .cloudformation
                .list_stacks()
                .set_stack_status_filter(Some(not_deleted()))
                .set_next_token(token)
                .send()
                .await
                .map_err(|e| {
                    self.cloudformation_site()
                        .read_error("cloudformation:ListStacks", &e)
                })?;
            let ours = answer.stack_summaries().iter().filter_map(|summary| {
                let named = is_instance(summary.stack_name()?, prefix);
                let created = summary.creation_time().and_then(timestamp);
                named.then(|| Some((created, summary.stack_id()?.to_owned())))?
            });
            newest = newest.into_iter().chain(ours).max_by_key(|(at, _)| *at);
            token = answer.next_token;
            if token.is_none() {
                break;
            }
        }
        match newest {
            Some((_, arn)) => self.stack(&arn).await,
            None => Ok(StackState::Absent),
        }
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

    /// The newest page of a stack's events, oldest first.
    pub async fn newest_events(&self, name_or_arn: &str) -> Result<Vec<StackEvent>, ReadError> {
        let answer = self
            .cloudformation
            .describe_stack_events()
            .stack_name(name_or_arn)
            .send()
            .await
            .map_err(|e| {
                self.cloudformation_site()
                    .read_error("cloudformation:DescribeStackEvents", &e)
            })?;
        let events = answer.stack_events().iter().filter_map(convert::event);
        let mut events: Vec<StackEvent> = events.collect();
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

    /// Stops an update that is in progress; the stack goes back to what it was.
    pub async fn cancel_update(&self, stack: &str, token: &str) -> Result<(), ActError> {
        let site = self.cloudformation_site();
        let request = self
            .cloudformation
            .cancel_update_stack()
            .stack_name(stack)
            .client_request_token(token);
        change!(
            aws_sdk_cloudformation,
            site,
            "cloudformation:CancelUpdateStack",
            request
        )?;
        Ok(())
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

/// Every status that this version of the SDK knows, but for that of a deleted stack.
fn not_deleted() -> Vec<sdk::StackStatus> {
    sdk::StackStatus::values()
        .iter()
        .filter(|status| **status != "DELETE_COMPLETE")
        .map(|status| sdk::StackStatus::from(*status))
        .collect()
}

/// Whether a `StackSet` gives an instance this name: the prefix, and a UUID.
fn is_instance(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| {
        let groups = rest.split('-').map(str::len);
        groups.eq([8, 4, 4, 4, 12]) && rest.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::scripted::{clients, error_xml, script, sent};
    use crate::domain::stack::StackStatus;

    fn described(stack: &str) -> String {
        format!(
            "<DescribeStacksResponse><DescribeStacksResult><Stacks><member>{stack}</member></Stacks>\
             </DescribeStacksResult></DescribeStacksResponse>"
        )
    }

    fn events(next: &str, events: &[(&str, &str)]) -> String {
        let member = |(id, at): &(&str, &str)| {
            format!(
                "<member><EventId>{id}</EventId><StackName>s</StackName>\
                 <Timestamp>{at}</Timestamp></member>"
            )
        };
        let members = events.iter().map(member).collect::<Vec<_>>().concat();
        format!(
            "<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents>{members}\
             </StackEvents>{next}</DescribeStackEventsResult></DescribeStackEventsResponse>"
        )
    }

    #[tokio::test(start_paused = true)]
    async fn a_stack_keeps_unknown_statuses_and_loses_control_characters() {
        let replay = script([(
            200,
            described(
                "<StackName>pay</StackName><StackStatus>HIBERNATING</StackStatus>\
                 <StackStatusReason>a &lt;b&gt; &amp; &#x202e;c</StackStatusReason>\
                 <CreationTime>2026-01-01T00:00:00.250Z</CreationTime>\
                 <Outputs><member><OutputKey>Url</OutputKey><OutputValue>https://x/?a=1&amp;b=2</OutputValue></member>\
                 <member><OutputValue>no key</OutputValue></member></Outputs>",
            ),
        )]);
        let aws = clients(replay.clone()).await;
        let state = aws.regions.primary.stack("pay").await.unwrap();
        let stack = state.stack().unwrap();
        assert_eq!(stack.status, StackStatus::new("HIBERNATING"));
        assert_eq!(stack.reason.as_deref(), Some("a <b> & c"));
        assert_eq!(stack.outputs["Url"], "https://x/?a=1&b=2");
        assert_eq!(stack.outputs.len(), 1);
        assert_eq!(
            stack.created.unwrap().to_string(),
            "2026-01-01T00:00:00.25Z"
        );
        assert!(!stack.termination_protection);
        assert_eq!(aws.calls(), 1);
        assert_eq!(
            sent(&replay),
            ["POST https://cloudformation.us-east-1.amazonaws.com/ \
              Action=DescribeStacks&Version=2010-05-15&StackName=pay"]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn no_stack_and_a_deleted_stack_are_absent() {
        let aws = clients(script([
            (
                400,
                error_xml("ValidationError", "Stack with id pay does not exist"),
            ),
            (200, described("<StackStatus>DELETE_COMPLETE</StackStatus>")),
            (
                200,
                "<DescribeStacksResponse><DescribeStacksResult/></DescribeStacksResponse>".into(),
            ),
        ]))
        .await;
        let region = &aws.regions.standby;
        assert_eq!(region.stack("pay").await, Ok(StackState::Absent));
        assert_eq!(region.stack("arn:pay").await, Ok(StackState::Absent));
        let error = region.stack("pay").await.unwrap_err();
        assert_eq!(
            error.message,
            "CloudFormation in us-west-2 answered without the stack"
        );
    }

    const FIRST: &str = "StackSet-dr-demo-11111111-2222-4333-9444-555555555555";
    const SECOND: &str = "StackSet-dr-demo-22222222-2222-4333-9444-555555555555";

    #[test]
    fn another_sets_instance_is_not_this_ones() {
        assert!(is_instance(FIRST, "StackSet-dr-demo-"));
        assert!(!is_instance(FIRST, "StackSet-dr-"));
        assert!(!is_instance("StackSet-dr-demo-mine", "StackSet-dr-demo-"));
    }

    #[tokio::test(start_paused = true)]
    async fn the_newest_stack_with_a_prefix_is_described_by_its_arn() {
        let listed = |next: &str, stacks: &[(&str, &str, &str)]| {
            let member = |(name, arn, at): &(&str, &str, &str)| {
                format!(
                    "<member><StackName>{name}</StackName><StackId>{arn}</StackId>\
                     <CreationTime>{at}</CreationTime></member>"
                )
            };
            let members = stacks.iter().map(member).collect::<Vec<_>>().concat();
            format!(
                "<ListStacksResponse><ListStacksResult><StackSummaries>{members}</StackSummaries>{next}\
                 </ListStacksResult></ListStacksResponse>"
            )
        };
        let replay = script([
            (
                200,
                listed(
                    "<NextToken>more</NextToken>",
                    &[
                        (FIRST, "arn:aws:1", "2026-01-01T00:00:00Z"),
                        ("other", "arn:aws:0", "2026-03-01T00:00:00Z"),
                    ],
                ),
            ),
            (
                200,
                listed("", &[(SECOND, "arn:aws:2", "2026-02-01T00:00:00Z")]),
            ),
            (
                200,
                described(&format!(
                    "<StackName>{SECOND}</StackName><StackStatus>CREATE_COMPLETE</StackStatus>"
                )),
            ),
            (200, listed("", &[])),
        ]);
        let aws = clients(replay.clone()).await;
        let region = &aws.regions.standby;
        let found = region.stack_with_prefix("StackSet-dr-demo-").await.unwrap();
        assert_eq!(found.stack().unwrap().name, SECOND);
        let none = region.stack_with_prefix("StackSet-dr-demo-").await;
        assert_eq!(none, Ok(StackState::Absent));
        let requests = sent(&replay);
        assert!(requests[0].starts_with("POST https://cloudformation.us-west-2."));
        assert!(requests[0].contains("StackStatusFilter.member.1="));
        assert!(!requests[0].contains("=DELETE_COMPLETE"));
        assert!(requests[1].contains("NextToken=more"), "{}", requests[1]);
        assert!(requests[2].ends_with("&StackName=arn%3Aaws%3A2"));
    }

    #[tokio::test(start_paused = true)]
    async fn events_are_paged_back_to_the_known_one_and_turned_round() {
        let replay = script([
            (
                200,
                events(
                    "<NextToken>more</NextToken>",
                    &[
                        ("e4", "2026-01-01T00:04:00Z"),
                        ("e3", "2026-01-01T00:03:00Z"),
                    ],
                ),
            ),
            (
                200,
                events(
                    "<NextToken>never asked for</NextToken>",
                    &[
                        ("e2", "2026-01-01T00:02:00Z"),
                        ("e1", "2026-01-01T00:01:00Z"),
                    ],
                ),
            ),
        ]);
        let aws = clients(replay.clone()).await;
        let long_ago = Timestamp::UNIX_EPOCH;
        let found = aws
            .regions
            .primary
            .stack_events("s", long_ago, Some("e1"))
            .await
            .unwrap();
        let ids: Vec<_> = found.iter().map(|e| e.id.as_str()).collect();
        assert_eq!(ids, ["e2", "e3", "e4"]);
        let requests = sent(&replay);
        assert_eq!(requests.len(), 2);
        assert!(requests[1].ends_with("&StackName=s&NextToken=more"));
    }

    #[tokio::test(start_paused = true)]
    async fn events_older_than_the_operation_are_left_out() {
        let aws = clients(script([(
            200,
            events(
                "<NextToken>never asked for</NextToken>",
                &[
                    ("e2", "2026-01-01T00:02:00Z"),
                    ("e1", "2026-01-01T00:01:00Z"),
                ],
            ),
        )]))
        .await;
        let since = "2026-01-01T00:01:30Z".parse().unwrap();
        let found = aws
            .regions
            .primary
            .stack_events("s", since, None)
            .await
            .unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].resource_type, "");
    }

    const LEVER_STACK: &str = "<StackName>s</StackName><StackStatus>CREATE_COMPLETE</StackStatus>\
        <Capabilities><member>CAPABILITY_NAMED_IAM</member></Capabilities><Parameters>\
        <member><ParameterKey>secret</ParameterKey><ParameterValue>****</ParameterValue></member>\
        <member><ParameterKey>leverEngaged</ParameterKey><ParameterValue>no</ParameterValue></member>\
        </Parameters>";

    #[tokio::test(start_paused = true)]
    async fn one_parameter_changes_and_the_rest_is_kept() {
        let replay = script([
            (200, described(LEVER_STACK)),
            (
                200,
                "<UpdateStackResponse><UpdateStackResult/></UpdateStackResponse>".into(),
            ),
            (200, described(LEVER_STACK)),
            (
                400,
                error_xml("ValidationError", "No updates are to be performed."),
            ),
        ]);
        let aws = clients(replay.clone()).await;
        let region = &aws.regions.standby;
        let update = || region.update_parameter("s", "leverEngaged", "yes", "op-1");
        assert_eq!(update().await, Ok(Updated::Started));
        assert_eq!(update().await, Ok(Updated::Unchanged));
        assert_eq!(
            sent(&replay)[1],
            "POST https://cloudformation.us-west-2.amazonaws.com/ Action=UpdateStack&Version=2010-05-15\
             &StackName=s&UsePreviousTemplate=true\
             &Parameters.member.1.ParameterKey=secret&Parameters.member.1.UsePreviousValue=true\
             &Parameters.member.2.ParameterKey=leverEngaged&Parameters.member.2.ParameterValue=yes\
             &Capabilities.member.1=CAPABILITY_NAMED_IAM&ClientRequestToken=op-1"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_parameter_that_the_stack_lacks_is_not_sent() {
        let replay = script([(200, described(LEVER_STACK))]);
        let aws = clients(replay.clone()).await;
        let update = aws
            .regions
            .standby
            .update_parameter("s", "lever", "yes", "op-1");
        let error = update.await.unwrap_err();
        assert_eq!(error.message, "stack s in us-west-2 has no parameter lever");
        assert!(error.nothing_changed);
        assert_eq!(sent(&replay).len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_deletion_says_what_to_keep_and_how_hard_to_try() {
        let replay = script([
            (200, "<DeleteStackResponse/>".into()),
            (200, "<DeleteStackResponse/>".into()),
        ]);
        let aws = clients(replay.clone()).await;
        let options = DeleteOptions {
            token: "op-1".into(),
            retain: vec!["Bucket".into()],
            force: true,
        };
        let plain = DeleteOptions {
            token: "op-1".into(),
            ..DeleteOptions::default()
        };
        aws.regions
            .primary
            .delete_stack("s", options)
            .await
            .unwrap();
        aws.regions.primary.delete_stack("s", plain).await.unwrap();
        let requests = sent(&replay);
        assert!(requests[0].ends_with(
            "&StackName=s&RetainResources.member.1=Bucket&ClientRequestToken=op-1&DeletionMode=FORCE_DELETE_STACK"
        ), "{}", requests[0]);
        assert!(requests[1].ends_with("&StackName=s&ClientRequestToken=op-1"));
    }

    #[tokio::test(start_paused = true)]
    async fn resources_without_a_logical_id_are_left_out() {
        let aws = clients(script([(
            200,
            "<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries>\
             <member><ResourceType>AWS::X::Y</ResourceType></member>\
             <member><LogicalResourceId>Alarm</LogicalResourceId><ResourceStatus>NEW_WORD</ResourceStatus></member>\
             </StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>"
                .into(),
        )]))
        .await;
        let found = aws.regions.primary.stack_resources("s").await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].status.0, "NEW_WORD");
    }
}
