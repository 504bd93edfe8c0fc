//! Rules on what outlives a stack, and on the tags that say whose a resource is.

use serde_json::Value;

use super::context::Resource;
use super::tables::{self, Tags};
use super::value::{referred, text};
use super::{Context, Found, Rule};
use crate::bundle::manifest::Retain;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "SB701",
        title: "resources are kept or deleted as the bundle's policy says",
        source: "policy.retain of the manifest; stateful types keep a snapshot or data by default",
        look: policies,
    },
    Rule {
        id: "SB702",
        title: "nothing that is to be deleted protects itself",
        source: "deletion protection fails the deletion of the stack",
        look: protection,
    },
    Rule {
        id: "SB703",
        title: "what must be empty to be deleted is emptied by a custom resource",
        source: "buckets with versions and vaults with recovery points fail the deletion",
        look: emptied,
    },
    Rule {
        id: "SB704",
        title: "everything that can carry tags carries those of the policy",
        source: "policy.tags of the manifest",
        look: tags,
    },
];

const POLICIES: [&str; 2] = ["DeletionPolicy", "UpdateReplacePolicy"];

fn policies(context: &Context<'_>) -> Vec<Found> {
    let retain = context.bundle.manifest.policy.retain;
    let mut found = Vec::new();
    for resource in context.resources() {
        let stateful = tables::kind(resource.kind).is_some_and(|kind| kind.stateful);
        for name in POLICIES {
            let policy = resource.value.get(name).and_then(Value::as_str);
            let wanted = match (retain, policy) {
                (Retain::Always, Some("Retain")) | (Retain::Never, Some("Delete")) => continue,
                (Retain::Never, None) if !stateful => continue,
                (Retain::Always, _) => "Retain",
                (Retain::Never, _) => "Delete",
            };
            found.push((
                format!("{}.{name}", resource.path()),
                format!("must be {wanted}, and said"),
            ));
        }
    }
    found
}

fn protection(context: &Context<'_>) -> Vec<Found> {
    if context.bundle.manifest.policy.retain == Retain::Always {
        return Vec::new();
    }
    let mut found = Vec::new();
    for resource in context.resources() {
        let own = resource.value.get("Properties").into_iter();
        let replicas = resource.property("Replicas").and_then(Value::as_array);
        for object in own.chain(replicas.into_iter().flatten()) {
            for name in ["DeletionProtection", "DeletionProtectionEnabled"] {
                let values = object.get(name).map(|value| resource.unit.possible(value));
                let on = values
                    .iter()
                    .flatten()
                    .filter_map(text)
                    .any(|t| t == "true");
                if on {
                    found.push((resource.at(name), "must be false".to_owned()));
                }
            }
        }
    }
    found
}

fn emptied(context: &Context<'_>) -> Vec<Found> {
    if context.bundle.manifest.policy.retain == Retain::Always {
        return Vec::new();
    }
    let mut found = Vec::new();
    for resource in context.resources() {
        let fills = matches!(
            resource.kind,
            "AWS::S3::Bucket" | "AWS::Backup::BackupVault"
        );
        let custom = |other: &Resource<'_>| {
            other.kind == "AWS::CloudFormation::CustomResource"
                || other.kind.starts_with("Custom::")
        };
        let mut emptiers = resource.unit.resources().filter(custom);
        if fills && !emptiers.any(|other| mentions(other.value, resource.id)) {
            found.push((
                resource.path(),
                "no custom resource refers to it: nobody empties it".to_owned(),
            ));
        }
    }
    found
}

/// Whether a value refers to a logical id anywhere below.
fn mentions(value: &Value, id: &str) -> bool {
    referred(value).is_some_and(|(other, _)| other == id)
        || match value {
            Value::Array(items) => items.iter().any(|item| mentions(item, id)),
            Value::Object(members) => members.values().any(|inner| mentions(inner, id)),
            _ => false,
        }
}

fn tags(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for resource in context.resources() {
        let Some(kind) = tables::kind(resource.kind) else {
            continue;
        };
        let mut need = |path: String, tags: Option<&Value>| {
            for name in &context.bundle.manifest.policy.tags {
                if !has_tag(tags, name) {
                    found.push((path.clone(), format!("has no tag {name}")));
                }
            }
        };
        match kind.tags {
            Tags::No => {}
            Tags::List(property) | Tags::Map(property) => {
                need(resource.at(property), resource.property(property));
            }
            Tags::Replicas => {
                let replicas = resource.property("Replicas").and_then(Value::as_array);
                for (index, replica) in replicas.into_iter().flatten().enumerate() {
                    let path = resource.at(&format!("Replicas[{index}].Tags"));
                    need(path, replica.get("Tags"));
                }
            }
        }
    }
    found
}

fn has_tag(tags: Option<&Value>, name: &str) -> bool {
    match tags {
        Some(Value::Array(list)) => list
            .iter()
            .any(|tag| tag.get("Key").and_then(Value::as_str) == Some(name)),
        Some(Value::Object(map)) => map.contains_key(name),
        _ => false,
    }
}
