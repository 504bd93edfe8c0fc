//! What retained resources mean for the next deployment: adopted again, in the way, or made anew beside an orphan.
//!
//! A change set that imports existing resources finds a resource by its identifier. That works where the
//! template gives the identifier; where AWS makes it up, an equal name is refused or a second one is made.

use serde::Serialize;
use serde_json::Value;

use crate::bundle::Bundle;
use crate::bundle::manifest::{Retain, Stack};

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
    /// A change set that imports existing resources takes it over.
    Adopted,
    /// Its name is taken: the deployment fails until it is removed, or the suffix is another one.
    Clashes,
    /// A new one is made, and this one belongs to nobody.
    Orphaned,
}

impl Fate {
    const ALL: [Self; 3] = [Self::Adopted, Self::Clashes, Self::Orphaned];

    pub const fn words(self) -> &'static str {
        match self {
            Self::Adopted => "adopted again",
            Self::Clashes => "in the way by name",
            Self::Orphaned => "made anew, the old one stays",
        }
    }
}

/// Resources of one stack with the same fate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Left {
    pub stack: String,
    pub fate: Fate,
    /// Logical ids, in the template's order.
    pub resources: Vec<String>,
}

/// What a bundle leaves behind; empty unless it retains everything.
pub fn left(bundle: &Bundle) -> Vec<Left> {
    let manifest = &bundle.manifest;
    if manifest.policy.retain != Retain::Always {
        return Vec::new();
    }
    let stacks = manifest.stacks.iter();
    stacks.flat_map(|stack| left_by(bundle, stack)).collect()
}

fn left_by(bundle: &Bundle, stack: &Stack) -> Vec<Left> {
    let tree: Value = serde_json::from_str(bundle.body(stack)).unwrap_or(Value::Null);
    let resources = tree.get("Resources").and_then(Value::as_object);
    let fated: Vec<(Fate, &String)> = resources
        .into_iter()
        .flatten()
        .filter_map(|(id, resource)| Some((fate(resource, stack.made_by.is_some())?, id)))
        .collect();
    let with = |wanted: Fate| Left {
        stack: stack.id.to_string(),
        fate: wanted,
        resources: fated
            .iter()
            .filter(|(fate, _)| *fate == wanted)
            .map(|(_, id)| (*id).clone())
            .collect(),
    };
    let all = Fate::ALL.into_iter().map(with);
    all.filter(|left| !left.resources.is_empty()).collect()
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
    use crate::bundle::{find, samples};
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

    #[test]
    fn a_bundle_that_deletes_leaves_nothing() {
        assert!(left(&samples::bundle()).is_empty());
    }

    #[test]
    fn what_transaction_dr_leaves_is_told_stack_by_stack() {
        let bundle = find(None, "transaction-dr").unwrap();
        let all = left(&bundle);
        let ids = |stack: &str, fate: Fate| -> Vec<&str> {
            let found = all.iter().filter(|l| l.stack == stack && l.fate == fate);
            found
                .flat_map(|l| &l.resources)
                .map(String::as_str)
                .collect()
        };
        assert!(ids("root", Fate::Adopted).contains(&"Table"));
        assert!(ids("root", Fate::Clashes).contains(&"Regions"));
        assert!(ids("root", Fate::Orphaned).contains(&"PrimaryCheck"));
        assert!(
            ids("standby", Fate::Adopted).is_empty(),
            "no stack set imports"
        );
        assert!(ids("standby", Fate::Clashes).contains(&"Bucket"));
        assert!(ids("standby", Fate::Orphaned).contains(&"Key"));
        let resources = |name: &str| {
            let tree: Value = serde_json::from_str(&bundle.templates[name]).unwrap();
            tree["Resources"].as_object().unwrap().len()
        };
        let told: usize = all.iter().map(|l| l.resources.len()).sum();
        let custom = 3;
        assert_eq!(
            told,
            resources("root.json") - custom + 2 * resources("region.json")
        );
    }
}
