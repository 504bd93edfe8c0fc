//! Why something failed, by `DescribeEvents`. A service without it is asked once only: the stack's events tell as well.

use std::sync::atomic::Ordering;

use aws_sdk_cloudformation::types as sdk;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::aws::client::RegionClient;
use crate::aws::convert::{some_text, text, timestamp};
use crate::aws::error::CallError;
use crate::domain::failure::Failure;
use crate::domain::observed::{FailureKind, ReadError};
use crate::domain::stack::{STACK, STACK_SET};

/// Pages of failures that are read: more than these are consequences.
const MOST_PAGES: usize = 5;

impl RegionClient {
    /// What failed in a stack, or in a change set of it, oldest first; empty where the service can't tell.
    pub async fn failures(
        &self,
        stack: &str,
        change_set: Option<&str>,
    ) -> Result<Vec<Failure>, ReadError> {
        if self.without_events.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        match self.read_failures(stack, change_set).await {
            Ok(found) => Ok(found),
            Err(Unread { error, never: true }) => {
                tracing::info!(%error, "DescribeEvents is not asked again");
                self.without_events.store(true, Ordering::Relaxed);
                Ok(Vec::new())
            }
            Err(Unread { error, .. }) => Err(error),
        }
    }

    async fn read_failures(
        &self,
        stack: &str,
        change_set: Option<&str>,
    ) -> Result<Vec<Failure>, Unread> {
        let mut found = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let failed = sdk::EventFilter::builder().failed_events(true).build();
            let answer = self
                .cloudformation
                .describe_events()
                .stack_name(stack)
                .set_change_set_name(change_set.map(str::to_owned))
                .filters(failed)
                .set_next_token(token)
                .send()
                .await
                .map_err(|e| {
                    let site = self.cloudformation_site();
                    let error = site.read_error("cloudformation:DescribeEvents", &e);
                    let never = error.kind == FailureKind::Denied || says_unknown(&e);
                    Unread { error, never }
                })?;
            found.extend(answer.operation_events().iter().filter_map(failure));
            token = answer.next_token;
            if token.is_none() {
                break;
            }
        }
        found.sort_by_key(|f| f.at);
        Ok(found)
    }
}

/// Why nothing was read, and whether the call itself is not there or not allowed, rather than gone wrong once.
struct Unread {
    error: ReadError,
    never: bool,
}

/// Whether the service says that it has no such call.
fn says_unknown<E: ProvideErrorMetadata>(error: &CallError<E>) -> bool {
    const NOT_IMPLEMENTED: u16 = 501;
    error.as_service_error().is_some_and(|e| {
        matches!(
            e.code(),
            Some(
                "InvalidAction"
                    | "UnknownAction"
                    | "UnknownOperation"
                    | "UnknownOperationException"
                    | "NotImplemented"
            )
        )
    }) || error
        .raw_response()
        .is_some_and(|answer| answer.status().as_u16() == NOT_IMPLEMENTED)
}

/// None for what is about the stack as a whole and gives no reason of its own.
fn failure(event: &sdk::OperationEvent) -> Option<Failure> {
    let reason = [
        event.validation_status_reason(),
        event.hook_status_reason(),
        event.resource_status_reason(),
    ];
    let reason = reason.into_iter().find_map(some_text)?;
    let id = event.logical_resource_id();
    let physical = event.physical_resource_id();
    let resource_type = text(event.resource_type());
    // the stack's own event only names what failed in it
    if resource_type == STACK && physical == event.stack_id() {
        return None;
    }
    Some(Failure {
        at: event.timestamp().and_then(timestamp)?,
        logical_id: text(id),
        vague: matches!(resource_type.as_str(), STACK | STACK_SET),
        resource_type,
        reason,
        path: some_text(event.validation_path()),
    })
}

#[cfg(test)]
mod tests {
    use crate::aws::scripted::{clients, error_xml, script, sent};

    fn events(members: &str) -> (u16, String) {
        let body = format!(
            "<DescribeEventsResponse><DescribeEventsResult><OperationEvents>{members}</OperationEvents>\
             </DescribeEventsResult></DescribeEventsResponse>"
        );
        (200, body)
    }

    #[tokio::test(start_paused = true)]
    async fn failures_come_oldest_first_with_the_reason_that_says_most() {
        let replay = script([events(
            "<member><StackId>arn:s</StackId><PhysicalResourceId>arn:s</PhysicalResourceId>\
             <ResourceType>AWS::CloudFormation::Stack</ResourceType><Timestamp>2026-01-01T00:00:09Z</Timestamp>\
             <ResourceStatusReason>The following resource(s) failed to create: [Queue].</ResourceStatusReason></member>\
             <member><StackId>arn:s</StackId><LogicalResourceId>Queue</LogicalResourceId>\
             <ResourceType>AWS::SQS::Queue</ResourceType><Timestamp>2026-01-01T00:00:08Z</Timestamp>\
             <ResourceStatusReason>no such key</ResourceStatusReason></member>\
             <member><Timestamp>2026-01-01T00:00:01Z</Timestamp><EventType>VALIDATION_ERROR</EventType>\
             <ValidationStatusReason>Unsupported property [Nmae]</ValidationStatusReason>\
             <ValidationPath>/Resources/Queue</ValidationPath></member>",
        )]);
        let aws = clients(replay.clone()).await;
        let found = aws.regions.primary.failures("s", Some("c")).await.unwrap();
        let said: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "Unsupported property [Nmae] at /Resources/Queue",
                "Queue (AWS::SQS::Queue): no such key"
            ]
        );
        assert!(sent(&replay)[0].ends_with(
            "Action=DescribeEvents&Version=2010-05-15&StackName=s&ChangeSetName=c&Filters.FailedEvents=true"
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_does_not_know_the_call_is_asked_once() {
        for code in ["InvalidAction", "AccessDenied", "NotImplemented"] {
            let replay = script([(400, error_xml(code, "no"))]);
            let aws = clients(replay.clone()).await;
            let region = &aws.regions.primary;
            assert!(region.failures("s", None).await.unwrap().is_empty());
            assert!(region.failures("s", None).await.unwrap().is_empty());
            assert_eq!(sent(&replay).len(), 1, "{code}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_went_wrong_is_made_again_another_time() {
        let went_wrong = [
            (500, error_xml("InternalFailure", "no")),
            (503, error_xml("ServiceUnavailable", "no")),
            (
                400,
                error_xml("ValidationError", "Stack [s] does not exist"),
            ),
        ];
        for (status, body) in went_wrong {
            let twice = [(status, body.clone()), (status, body)];
            let why = "<member><LogicalResourceId>Queue</LogicalResourceId>\
                 <Timestamp>2026-01-01T00:00:08Z</Timestamp>\
                 <ResourceStatusReason>no such key</ResourceStatusReason></member>";
            // a refusal is told at once, the others are tried twice by the SDK
            let failed = twice.into_iter().take(if status < 500 { 1 } else { 2 });
            let replay = script(failed.chain([events(why)]));
            let aws = clients(replay).await;
            let region = &aws.regions.primary;
            assert!(region.failures("s", None).await.is_err(), "{status}");
            let found = region.failures("s", None).await.unwrap();
            assert_eq!(found.len(), 1, "{status}");
        }
    }
}
