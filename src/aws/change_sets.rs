//! Change sets: created, described page by page, executed, thrown away.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types as sdk;

use crate::aws::client::{RegionClient, change};
use crate::aws::convert::{cloudformation as convert, some_text, text};
use crate::aws::error::{ActError, says_unchanged};
use crate::domain::change::{Change, ChangeSet};
use crate::domain::observed::ReadError;
use crate::domain::text::clean;

/// No change set has more pages than this; a service that repeats its token must not keep us for ever.
const MOST_PAGES: usize = 200;

/// A template with this in it has nested stacks.
const NESTED: &str = "\"AWS::CloudFormation::Stack\"";
/// Nested change sets that are looked at.
const MOST_NESTED: usize = 50;

/// A change set to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewChangeSet {
    pub stack_name: String,
    pub name: String,
    pub template_body: String,
    pub parameters: BTreeMap<String, String>,
    /// Parameters of an existing stack that keep their values.
    pub keep: Vec<String>,
    pub capabilities: Vec<String>,
    pub tags: BTreeMap<String, String>,
    /// The stack does not exist yet (or only as a husk in review).
    pub create: bool,
    /// Makes repeated calls one call.
    pub token: String,
}

/// The ARN of a change set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSetArn(pub String);

/// How far a change set is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeSetState {
    Pending,
    Ready(ChangeSet),
    /// The stack is already as the template wants it.
    Empty,
    Failed(String),
}

impl RegionClient {
    pub async fn create_change_set(&self, new: NewChangeSet) -> Result<ChangeSetArn, ActError> {
        let site = self.cloudformation_site();
        let kind = if new.create {
            sdk::ChangeSetType::Create
        } else {
            sdk::ChangeSetType::Update
        };
        let nests = new.template_body.contains(NESTED);
        let request = self
            .cloudformation
            .create_change_set()
            .stack_name(new.stack_name)
            .change_set_name(&new.name)
            .change_set_type(kind)
            .template_body(new.template_body)
            .set_parameters(Some(parameters(new.parameters, new.keep)))
            .set_capabilities(Some(capabilities(&new.capabilities)))
            .set_tags(Some(tags(new.tags)))
            .set_include_nested_stacks(nests.then_some(true))
            .client_token(new.token);
        let answer = change!(
            aws_sdk_cloudformation,
            site,
            "cloudformation:CreateChangeSet",
            request
        )?;
        // Every later call also takes the name.
        Ok(ChangeSetArn(answer.id.map_or(new.name, |id| clean(&id))))
    }

    /// Describes a change set by its name or ARN, all pages of it once it is ready, and those of its nested stacks: what
    /// changes there is called `Child/Resource`.
    pub async fn change_set(&self, stack: &str, name: &str) -> Result<ChangeSetState, ReadError> {
        let (state, mut below) = self.one_change_set(stack, name).await?;
        let ChangeSetState::Ready(mut set) = state else {
            return Ok(state);
        };
        for _ in 0..MOST_NESTED {
            let Some(nested) = below.pop() else { break };
            let (state, deeper) = self.one_change_set(&nested.stack, &nested.set).await?;
            let ChangeSetState::Ready(found) = state else {
                continue;
            };
            let place = nested.place;
            set.changes
                .extend(found.changes.into_iter().map(|change| Change {
                    logical_id: format!("{place}/{}", change.logical_id),
                    ..change
                }));
            below.extend(deeper.into_iter().map(|one| Nested {
                place: format!("{place}/{}", one.place),
                ..one
            }));
        }
        Ok(ChangeSetState::Ready(set))
    }

    /// One change set, and the change sets of the stacks nested in it.
    async fn one_change_set(
        &self,
        stack: &str,
        name: &str,
    ) -> Result<(ChangeSetState, Vec<Nested>), ReadError> {
        let mut below = Vec::new();
        let mut set = ChangeSet {
            arn: name.to_owned(),
            name: name.to_owned(),
            changes: Vec::new(),
        };
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let answer = self
                .cloudformation
                .describe_change_set()
                .set_stack_name((!stack.is_empty()).then(|| stack.to_owned()))
                .change_set_name(name)
                .set_next_token(token)
                .send()
                .await
                .map_err(|e| {
                    self.cloudformation_site()
                        .read_error("cloudformation:DescribeChangeSet", &e)
                })?;
            if let Some(unready) = unready(
                answer.status().map_or("", sdk::ChangeSetStatus::as_str),
                answer.execution_status().map(sdk::ExecutionStatus::as_str),
                &text(answer.status_reason()),
            ) {
                return Ok((unready, Vec::new()));
            }
            set.arn = some_text(answer.change_set_id()).unwrap_or(set.arn);
            set.name = some_text(answer.change_set_name()).unwrap_or(set.name);
            let changes = answer.changes().iter().filter_map(|c| c.resource_change());
            below.extend(changes.clone().filter_map(nested));
            set.changes.extend(changes.map(convert::change));
            token = answer.next_token;
            if token.is_none() {
                break;
            }
        }
        Ok((ChangeSetState::Ready(set), below))
    }

    /// Executes a change set. What a failed first deployment created is removed again even where the template
    /// retains it: nobody can have put data there yet.
    pub async fn execute_change_set(
        &self,
        stack: &str,
        name: &str,
        token: &str,
    ) -> Result<(), ActError> {
        let site = self.cloudformation_site();
        let request = self
            .cloudformation
            .execute_change_set()
            .stack_name(stack)
            .change_set_name(name)
            .retain_except_on_create(true)
            .client_request_token(token);
        change!(
            aws_sdk_cloudformation,
            site,
            "cloudformation:ExecuteChangeSet",
            request
        )?;
        Ok(())
    }

    pub async fn delete_change_set(&self, stack: &str, name: &str) -> Result<(), ActError> {
        let site = self.cloudformation_site();
        let request = self
            .cloudformation
            .delete_change_set()
            .stack_name(stack)
            .change_set_name(name);
        change!(
            aws_sdk_cloudformation,
            site,
            "cloudformation:DeleteChangeSet",
            request
        )?;
        Ok(())
    }
}

/// The change set of a nested stack.
struct Nested {
    /// Logical ids that lead to it.
    place: String,
    /// The nested stack's ARN; empty where it is made.
    stack: String,
    set: String,
}

fn nested(change: &sdk::ResourceChange) -> Option<Nested> {
    Some(Nested {
        place: some_text(change.logical_resource_id())?,
        stack: text(change.physical_resource_id()),
        set: some_text(change.change_set_id())?,
    })
}

/// What a change set's statuses say, unless it is ready.
fn unready(status: &str, execution: Option<&str>, reason: &str) -> Option<ChangeSetState> {
    match (status, execution) {
        ("CREATE_PENDING" | "CREATE_IN_PROGRESS", _) | ("CREATE_COMPLETE", Some("UNAVAILABLE")) => {
            Some(ChangeSetState::Pending)
        }
        ("CREATE_COMPLETE", Some("OBSOLETE")) => Some(ChangeSetState::Failed(
            "the stack has changed since: make a new plan".into(),
        )),
        ("CREATE_COMPLETE", _) => None,
        ("FAILED", _) if says_unchanged(reason) => Some(ChangeSetState::Empty),
        ("FAILED", _) if !reason.is_empty() => Some(ChangeSetState::Failed(reason.to_owned())),
        (other, _) => Some(ChangeSetState::Failed(format!(
            "the change set is {}",
            clean(other)
        ))),
    }
}

fn parameters(values: BTreeMap<String, String>, keep: Vec<String>) -> Vec<sdk::Parameter> {
    let new = |key| sdk::Parameter::builder().parameter_key(key);
    let given = values
        .into_iter()
        .map(|(key, value)| new(key).parameter_value(value).build());
    let kept = keep
        .into_iter()
        .map(|key| new(key).use_previous_value(true).build());
    given.chain(kept).collect()
}

fn capabilities(names: &[String]) -> Vec<sdk::Capability> {
    names
        .iter()
        .map(|name| sdk::Capability::from(name.as_str()))
        .collect()
}

fn tags(values: BTreeMap<String, String>) -> Vec<sdk::Tag> {
    values
        .into_iter()
        .map(|(key, value)| sdk::Tag::builder().key(key).value(value).build())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::scripted::{clients, script, sent};
    use crate::domain::change::{ChangeAction, Replacement};

    fn described(fields: &str) -> (u16, String) {
        let body = format!(
            "<DescribeChangeSetResponse><DescribeChangeSetResult>{fields}</DescribeChangeSetResult>\
             </DescribeChangeSetResponse>"
        );
        (200, body)
    }

    fn failed(reason: &str) -> (u16, String) {
        described(&format!(
            "<Status>FAILED</Status><StatusReason>{reason}</StatusReason>"
        ))
    }

    async fn state_of(answer: (u16, String)) -> ChangeSetState {
        let aws = clients(script([answer])).await;
        aws.regions.primary.change_set("s", "c").await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn every_wording_of_no_change_is_empty() {
        for reason in [
            "The submitted information didn't contain changes. Submit different information to create a change set.",
            "No updates are to be performed.",
        ] {
            assert_eq!(state_of(failed(reason)).await, ChangeSetState::Empty);
        }
        assert_eq!(
            state_of(failed("Template error: no such &lt;thing&gt;")).await,
            ChangeSetState::Failed("Template error: no such <thing>".into())
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_set_that_can_not_be_executed_is_not_ready() {
        let pending = described("<Status>CREATE_IN_PROGRESS</Status>");
        assert_eq!(state_of(pending).await, ChangeSetState::Pending);
        let obsolete = described(
            "<Status>CREATE_COMPLETE</Status><ExecutionStatus>OBSOLETE</ExecutionStatus>",
        );
        assert!(matches!(
            state_of(obsolete).await,
            ChangeSetState::Failed(_)
        ));
        let unheard = described("<Status>ON_HOLIDAY</Status>");
        assert_eq!(
            state_of(unheard).await,
            ChangeSetState::Failed("the change set is ON_HOLIDAY".into())
        );
    }

    #[tokio::test(start_paused = true)]
    async fn changes_come_from_all_pages() {
        let page = |next: &str, change: &str| {
            described(&format!(
                "<Status>CREATE_COMPLETE</Status><ExecutionStatus>AVAILABLE</ExecutionStatus>\
                 <ChangeSetId>arn:c</ChangeSetId><ChangeSetName>c</ChangeSetName>\
                 <Changes><member><Type>Resource</Type><ResourceChange>{change}</ResourceChange></member>\
                 </Changes>{next}"
            ))
        };
        let detail = "<member><Target><Attribute>Properties</Attribute><Name>BillingMode</Name></Target></member>";
        let replay = script([
            page(
                "<NextToken>more</NextToken>",
                &format!(
                    "<Action>Modify</Action><LogicalResourceId>Table</LogicalResourceId>\
                     <ResourceType>AWS::DynamoDB::Table</ResourceType><Replacement>Conditional</Replacement>\
                     <Details>{detail}{detail}</Details>"
                ),
            ),
            page("", "<Action>Dynamic</Action>"),
        ]);
        let aws = clients(replay.clone()).await;
        let state = aws.regions.primary.change_set("s", "c").await.unwrap();
        let ChangeSetState::Ready(set) = state else {
            panic!("{state:?}");
        };
        assert_eq!(set.arn, "arn:c");
        assert_eq!(set.changes.len(), 2);
        assert_eq!(set.changes[0].causes, ["Properties.BillingMode"]);
        assert_eq!(set.changes[0].replacement, Replacement::Conditional);
        assert_eq!(set.changes[1].action, ChangeAction::Other);
        assert!(sent(&replay)[1].ends_with("&StackName=s&NextToken=more"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_changes_in_nested_stacks_is_called_by_its_place() {
        let set = |changes: &str| {
            described(&format!(
                "<Status>CREATE_COMPLETE</Status><ExecutionStatus>AVAILABLE</ExecutionStatus><Changes>{changes}</Changes>"
            ))
        };
        let change = |id: &str, more: &str| {
            format!(
                "<member><ResourceChange><Action>Modify</Action><LogicalResourceId>{id}</LogicalResourceId>{more}\
                 </ResourceChange></member>"
            )
        };
        let nested =
            "<ChangeSetId>arn:n</ChangeSetId><PhysicalResourceId>arn:child</PhysicalResourceId>";
        let deeper = "<ChangeSetId>arn:d</ChangeSetId>";
        let replay = script([
            set(&change("Net", nested)),
            set(&[change("Queue", ""), change("Sub", deeper)].concat()),
            described(
                "<Status>FAILED</Status><StatusReason>No updates are to be performed.</StatusReason>",
            ),
        ]);
        let aws = clients(replay.clone()).await;
        let state = aws.regions.primary.change_set("s", "c").await.unwrap();
        let ChangeSetState::Ready(set) = state else {
            panic!("{state:?}");
        };
        let ids: Vec<&str> = set.changes.iter().map(|c| c.logical_id.as_str()).collect();
        assert_eq!(ids, ["Net", "Net/Queue", "Net/Sub"]);
        assert_eq!(set.changes.iter().filter(|c| c.is_nested()).count(), 2);
        let asked = sent(&replay);
        assert!(
            asked[1].contains("&ChangeSetName=arn%3An&StackName=arn%3Achild"),
            "{}",
            asked[1]
        );
        assert!(asked[2].ends_with("&ChangeSetName=arn%3Ad"), "{}", asked[2]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_creation_carries_everything() {
        let created = "<CreateChangeSetResponse><CreateChangeSetResult><Id>arn:c</Id></CreateChangeSetResult>\
             </CreateChangeSetResponse>";
        let replay = script([(200, created.into()), (200, created.into())]);
        let aws = clients(replay.clone()).await;
        let new = NewChangeSet {
            stack_name: "s".into(),
            name: "c".into(),
            template_body: "{}".into(),
            parameters: [("a".into(), "1".into())].into(),
            keep: vec!["b".into()],
            capabilities: vec!["CAPABILITY_IAM".into()],
            tags: [("Team".into(), "pay".into())].into(),
            create: true,
            token: "op-1".into(),
        };
        let nests = NewChangeSet {
            template_body: r#"{"Resources": {"N": {"Type": "AWS::CloudFormation::Stack"}}}"#.into(),
            ..new.clone()
        };
        let region = &aws.regions.primary;
        let arn = region.create_change_set(new).await.unwrap();
        assert_eq!(arn, ChangeSetArn("arn:c".into()));
        region.create_change_set(nests).await.unwrap();
        assert!(sent(&replay)[1].ends_with("&IncludeNestedStacks=true"));
        assert_eq!(
            sent(&replay)[0],
            "POST https://cloudformation.us-east-1.amazonaws.com/ Action=CreateChangeSet&Version=2010-05-15\
             &StackName=s&TemplateBody=%7B%7D&Parameters.member.1.ParameterKey=a\
             &Parameters.member.1.ParameterValue=1\
             &Parameters.member.2.ParameterKey=b&Parameters.member.2.UsePreviousValue=true&Capabilities.member.1=CAPABILITY_IAM\
             &Tags.member.1.Key=Team&Tags.member.1.Value=pay&ChangeSetName=c&ClientToken=op-1\
             &ChangeSetType=CREATE"
        );
    }
}
