//! What a deletion will meet: what blocks it, what stays behind, and what is done about each.

use serde_json::{Map, Value};

use crate::domain::environment::StackSpec;

/// Types of custom resources' functions can't be told apart; any of them in the stack may be the one that empties.
const CUSTOM: [&str; 2] = ["AWS::CloudFormation::CustomResource", "Custom::"];

/// What a store holds that CloudFormation does not remove with it, by type (facts/aws.md §4.2).
const STORES: [(&str, &str); 4] = [
    ("AWS::S3::Bucket", "objects and their versions"),
    ("AWS::Backup::BackupVault", "recovery points"),
    (
        "AWS::Route53::HostedZone",
        "records that the stack did not make",
    ),
    ("AWS::ECR::Repository", "images"),
];

/// Sentences about one stack's template, for the review.
pub(super) fn notes(spec: &StackSpec) -> Vec<String> {
    let template: Value = serde_json::from_str(&spec.template).unwrap_or_default();
    let Some(resources) = template.get("Resources").and_then(Value::as_object) else {
        return Vec::new();
    };
    let mut notes = retained(spec, resources);
    notes.extend(stores(spec, resources));
    notes.extend(replicas(spec, resources));
    notes.extend(exports(spec, &template));
    notes
}

fn kind(resource: &Value) -> &str {
    let kind = resource.get("Type").and_then(Value::as_str);
    kind.unwrap_or_default()
}

fn is_retained(resource: &Value) -> bool {
    let policy = resource.get("DeletionPolicy").and_then(Value::as_str);
    policy.is_some_and(|policy| policy.starts_with("Retain"))
}

/// Resources that stay by their own policy.
fn retained(spec: &StackSpec, resources: &Map<String, Value>) -> Vec<String> {
    let names: Vec<&str> = resources
        .iter()
        .filter(|(_, resource)| is_retained(resource))
        .map(|(id, _)| id.as_str())
        .collect();
    if names.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "{}: {} of {} resources stay in AWS by their DeletionPolicy (listed when it is done): {}. A later deploy clashes with those that have fixed names",
        spec.name,
        names.len(),
        resources.len(),
        names.join(", ")
    )]
}

/// Buckets, vaults and zones, which must be empty.
fn stores(spec: &StackSpec, resources: &Map<String, Value>) -> Vec<String> {
    let empties = resources.values().any(|resource| {
        CUSTOM
            .iter()
            .any(|custom| kind(resource).starts_with(custom))
    });
    let found = resources
        .iter()
        .filter(|(_, resource)| !is_retained(resource))
        .filter_map(|(id, resource)| {
            let (_, holds) = STORES.iter().find(|(store, _)| *store == kind(resource))?;
            Some((id, *holds))
        });
    found
        .map(|(id, holds)| {
            if empties {
                format!(
                    "{}: {id} must be empty; the stack's own emptier removes {holds} first",
                    spec.name
                )
            } else {
                format!(
                    "{}: {id} blocks the deletion while it has {holds}: empty it, or leave it behind with a repair (R)",
                    spec.name
                )
            }
        })
        .collect()
}

/// What has copies in other regions goes with them.
fn replicas(spec: &StackSpec, resources: &Map<String, Value>) -> Vec<String> {
    let property = |resource: &Value, name: &str| {
        let value = resource.get("Properties").and_then(|p| p.get(name));
        value.is_some_and(|value| !value.as_array().is_some_and(Vec::is_empty))
    };
    let found = resources
        .iter()
        .filter(|(_, resource)| !is_retained(resource))
        .filter_map(|(id, resource)| match kind(resource) {
            "AWS::DynamoDB::GlobalTable" => {
                Some(format!("{id}: every replica of the table is deleted with it, in both regions"))
            }
            "AWS::SecretsManager::Secret" if property(resource, "ReplicaRegions") => Some(format!(
                "{id}: a secret with replicas can't be deleted before they are; CloudFormation removes them first"
            )),
            "AWS::KMS::Key" if property(resource, "MultiRegion") => Some(format!(
                "{id}: the key waits in PendingReplicaDeletion until its replicas are gone"
            )),
            _ => None,
        });
    found.map(|note| format!("{}: {note}", spec.name)).collect()
}

fn exports(spec: &StackSpec, template: &Value) -> Vec<String> {
    let outputs = template.get("Outputs").and_then(Value::as_object);
    let names: Vec<&str> = outputs
        .into_iter()
        .flatten()
        .filter(|(_, output)| output.get("Export").is_some())
        .map(|(name, _)| name.as_str())
        .collect();
    if names.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "{}: exports {}; the deletion is blocked while another stack imports one: delete that stack first",
        spec.name,
        names.join(", ")
    )]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::region::Role;
    use crate::domain::stack::StackId;

    fn spec(template: &str) -> StackSpec {
        StackSpec {
            id: StackId("a".into()),
            role: Role::Primary,
            name: "pay".into(),
            template: template.into(),
            capabilities: Vec::new(),
            parameters: BTreeMap::new(),
            after: Vec::new(),
            made_by: None,
        }
    }

    #[test]
    fn each_blocker_is_named_with_what_is_done_about_it() {
        let notes = notes(&spec(
            r#"{"Resources": {
                "Audit": {"Type": "AWS::S3::Bucket"},
                "Kept": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"},
                "Table": {"Type": "AWS::DynamoDB::GlobalTable"},
                "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"ReplicaRegions": [{"Region": "x"}]}},
                "Plain": {"Type": "AWS::SecretsManager::Secret"},
                "Zone": {"Type": "AWS::Route53::HostedZone"}
            }, "Outputs": {"Vpc": {"Value": "x", "Export": {"Name": "vpc"}}, "Url": {"Value": "y"}}}"#,
        ));
        let all = notes.join("\n");
        assert_eq!(notes.len(), 6, "{all}");
        assert!(notes[0].contains("1 of 6 resources stay") && notes[0].contains("Kept"));
        assert!(all.contains("Audit blocks the deletion while it has objects"));
        assert!(all.contains("Zone blocks") && all.contains("records that the stack did not make"));
        assert!(all.contains("Table: every replica") && all.contains("Secret: a secret with"));
        assert!(all.contains("exports Vpc;"));
    }

    #[test]
    fn a_stack_with_an_emptier_says_so_and_one_without_stores_says_nothing() {
        let notes_of = |text: &str| notes(&spec(text));
        let emptied = notes_of(
            r#"{"Resources": {"B": {"Type": "AWS::S3::Bucket"}, "E": {"Type": "Custom::Emptier"}}}"#,
        );
        assert_eq!(emptied.len(), 1);
        assert!(emptied[0].contains("own emptier removes objects"));
        assert!(notes_of(r#"{"Resources": {"F": {"Type": "AWS::Lambda::Function"}}}"#).is_empty());
        assert!(notes_of("not json").is_empty());
    }
}
