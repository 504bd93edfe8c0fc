//! What a retained resource means for the next deployment: adopted again, in the way, or made anew beside an orphan.
//!
//! A change set that imports existing resources finds a resource by its identifier. That works where the
//! template gives the identifier; where AWS makes it up, an equal name is refused or a second one is made.

use serde::Serialize;
use serde_json::Value;

/// Types with a name of their own: the type, the property, and whether that is the identifier too
/// (`primaryIdentifier` and `readOnlyProperties` of the CloudFormation schemas).
const NAMED: [(&str, &str, bool); 20] = [
    ("AWS::ApiGateway::DomainName", "DomainName", true),
    ("AWS::Backup::BackupVault", "BackupVaultName", true),
    ("AWS::CloudFormation::StackSet", "StackSetName", false),
    ("AWS::CloudWatch::Alarm", "AlarmName", true),
    ("AWS::CloudWatch::Dashboard", "DashboardName", true),
    ("AWS::DynamoDB::GlobalTable", "TableName", true),
    ("AWS::DynamoDB::Table", "TableName", true),
    ("AWS::Events::Rule", "Name", false),
    ("AWS::IAM::Role", "RoleName", true),
    ("AWS::KMS::Alias", "AliasName", true),
    (
        "AWS::KinesisFirehose::DeliveryStream",
        "DeliveryStreamName",
        true,
    ),
    ("AWS::Lambda::Function", "FunctionName", true),
    ("AWS::Logs::LogGroup", "LogGroupName", true),
    // its zone may be another one by then
    ("AWS::Route53::RecordSet", "Name", false),
    ("AWS::S3::Bucket", "BucketName", true),
    ("AWS::SNS::Topic", "TopicName", false),
    ("AWS::SQS::Queue", "QueueName", false),
    ("AWS::SSM::Parameter", "Name", true),
    ("AWS::SecretsManager::Secret", "Name", false),
    (
        "AWS::StepFunctions::StateMachine",
        "StateMachineName",
        false,
    ),
];

/// What happens to a retained resource when its stack is deployed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// A change set that imports existing resources takes it over. The console's own do not: there its name is taken.
    Adopted,
    /// Its name is taken: the deployment fails until it is removed, or the suffix is another one.
    Clashes,
    /// A new one is made, and this one belongs to nobody.
    Orphaned,
}

impl Fate {
    pub const ALL: [Self; 3] = [Self::Adopted, Self::Clashes, Self::Orphaned];

    pub const fn words(self) -> &'static str {
        match self {
            Self::Adopted => {
                "adopted by a change set with --import-existing-resources, else in the way by name"
            }
            Self::Clashes => "in the way by name",
            Self::Orphaned => "made anew, the old one stays",
        }
    }
}

/// What becomes of each resource of a template, by its logical id, in the template's order.
pub fn fates(template: &str, of_stack_set: bool) -> Vec<(Fate, String)> {
    let tree: Value = serde_json::from_str(template).unwrap_or(Value::Null);
    let resources = tree.get("Resources").and_then(Value::as_object);
    let all = resources.into_iter().flatten();
    all.filter_map(|(id, resource)| Some((fate(resource, of_stack_set)?, id.clone())))
        .collect()
}

/// None for what leaves nothing behind. A stack set cannot import: there every name is in the way.
fn fate(resource: &Value, of_stack_set: bool) -> Option<Fate> {
    let kind = resource.get("Type")?.as_str()?;
    if kind.starts_with("Custom::") || kind == "AWS::CloudFormation::CustomResource" {
        return None;
    }
    let named = NAMED.iter().find(|(known, property, _)| {
        let given = resource.get("Properties").and_then(|p| p.get(property));
        *known == kind && given.is_some()
    });
    Some(match named {
        Some((_, _, true)) if !of_stack_set => Fate::Adopted,
        Some(_) => Fate::Clashes,
        None => Fate::Orphaned,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_name_that_is_the_identifier_is_adopted_and_others_are_not() {
        let of = |kind: &str, properties: Value| {
            fate(&json!({"Type": kind, "Properties": properties}), false)
        };
        let table = json!({"TableName": "t"});
        assert_eq!(of("AWS::DynamoDB::GlobalTable", table), Some(Fate::Adopted));
        assert_eq!(
            of("AWS::DynamoDB::GlobalTable", json!({})),
            Some(Fate::Orphaned),
            "a name that AWS makes up is another one next time"
        );
        assert_eq!(
            of("AWS::SNS::Topic", json!({"TopicName": "t"})),
            Some(Fate::Clashes)
        );
        assert_eq!(of("AWS::EC2::VPC", json!({})), Some(Fate::Orphaned));
        assert_eq!(of("Custom::Stack", json!({})), None);
        assert_eq!(fate(&json!({}), false), None);
    }
}
