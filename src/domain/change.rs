//! What a change set would do to a stack.

use serde::{Deserialize, Serialize};

use crate::domain::stack::{STACK, STACK_SET};

/// A change set that was created and described.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeSet {
    pub arn: String,
    pub name: String,
    pub changes: Vec<Change>,
}

/// What happens to one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub action: ChangeAction,
    pub logical_id: String,
    pub resource_type: String,
    pub replacement: Replacement,
    /// Properties that cause the change, for example `Properties.BillingMode`.
    pub causes: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeAction {
    Add,
    Modify,
    Remove,
    Import,
    /// An action that this version does not know.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replacement {
    No,
    Conditional,
    Yes,
}

/// Resource types that hold data: replacing or removing one loses it. A stack or a set of stacks may hold any of them.
pub const STATEFUL: [&str; 16] = [
    STACK,
    STACK_SET,
    "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table",
    "AWS::S3::Bucket",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::RDS::GlobalCluster",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
    "AWS::KMS::Key",
    "AWS::KMS::ReplicaKey",
    "AWS::Route53::HostedZone",
    "AWS::Logs::LogGroup",
    "AWS::Backup::BackupVault",
    "AWS::EFS::FileSystem",
];

impl Change {
    /// Whether both do the same to the same resource.
    pub fn is_like(&self, other: &Self) -> bool {
        self.action == other.action
            && self.logical_id == other.logical_id
            && self.resource_type == other.resource_type
            && self.replacement == other.replacement
    }

    /// Whether the resource is one of a nested stack.
    pub fn is_nested(&self) -> bool {
        self.logical_id.contains('/')
    }

    /// Whether data could be lost: a stateful resource is removed or (perhaps) replaced.
    pub fn endangers_data(&self) -> bool {
        let lost = self.action == ChangeAction::Remove || self.replacement != Replacement::No;
        lost && STATEFUL.contains(&self.resource_type.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_a_stack_or_a_set_goes_with_it() {
        let change = |action, kind: &str, replacement| Change {
            action,
            logical_id: "Regions".into(),
            resource_type: kind.into(),
            replacement,
            causes: Vec::new(),
        };
        for kind in [STACK, STACK_SET, "AWS::S3::Bucket"] {
            let removed = change(ChangeAction::Remove, kind, Replacement::No);
            assert!(removed.endangers_data(), "{kind}");
            let replaced = change(ChangeAction::Modify, kind, Replacement::Conditional);
            assert!(replaced.endangers_data(), "{kind}");
            let modified = change(ChangeAction::Modify, kind, Replacement::No);
            assert!(!modified.endangers_data(), "{kind}");
        }
    }
}
