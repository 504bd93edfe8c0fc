//! Rules on what carries data to the standby: global tables and replicated buckets.

use std::collections::BTreeMap;

use serde_json::Value;

use super::context::Resource;
use super::value::{number, text};
use super::{Context, Found, Rule};

const TABLE: &str = "AWS::DynamoDB::GlobalTable";
const BUCKET: &str = "AWS::S3::Bucket";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "SB501",
        title: "replication time control promises 15 minutes",
        source: "the only value that S3 takes; cfn-lint accepts 5 (observed)",
        look: fifteen_minutes,
    },
    Rule {
        id: "SB502",
        title: "every replica of a global table can be restored to a point in time",
        source: "set per replica; cfn-lint does not look (observed)",
        look: restorable,
    },
    Rule {
        id: "SB503",
        title: "every replica of a table with keys of its own has one in its region",
        source: "SSESpecification.KMSMasterKeyId; cfn-lint does not look (observed)",
        look: replica_keys,
    },
    Rule {
        id: "SB504",
        title: "a global table streams",
        source: "required with more than one replica; cfn-lint does not look (observed)",
        look: streams,
    },
    Rule {
        id: "SB505",
        title: "a global table belongs to one stack, in a region that has a replica",
        source: "deploying it in both regions is an unsupported error",
        look: one_owner,
    },
    Rule {
        id: "SB506",
        title: "every bucket keeps versions",
        source: "replication needs them on both sides, and audits do too",
        look: versions,
    },
    Rule {
        id: "SB507",
        title: "the name of an accelerated bucket has no dot",
        source: "Transfer Acceleration: the name becomes a host under a wildcard certificate",
        look: dots,
    },
    Rule {
        id: "SB510",
        title: "a bucket that encrypts with KMS replicates what it encrypts",
        source: "S3 leaves such objects out without a word unless the rule selects them and names the key there",
        look: encrypted_objects,
    },
];

/// Calls `see` with every object below a value, with its path.
fn objects<'v>(value: &'v Value, path: &str, see: &mut impl FnMut(&str, &'v Value)) {
    match value {
        Value::Object(members) => {
            see(path, value);
            for (key, inner) in members {
                objects(inner, &format!("{path}.{key}"), see);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                objects(inner, &format!("{path}[{index}]"), see);
            }
        }
        _ => {}
    }
}

fn fifteen_minutes(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for bucket in context.of_type(BUCKET) {
        let Some(rules) = bucket.property("ReplicationConfiguration") else {
            continue;
        };
        objects(
            rules,
            &bucket.at("ReplicationConfiguration"),
            &mut |path, object| {
                for name in ["Time", "EventThreshold"] {
                    let minutes = object.get(name).and_then(|time| time.get("Minutes"));
                    if minutes.is_some_and(|m| number(m) != Some(15.0)) {
                        found.push((format!("{path}.{name}.Minutes"), "must be 15".to_owned()));
                    }
                }
            },
        );
    }
    found
}

/// The replicas of a table with their paths.
fn replicas<'a>(table: &Resource<'a>) -> Vec<(String, &'a Value)> {
    let list = table.property("Replicas").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .enumerate()
        .map(|(index, replica)| (table.at(&format!("Replicas[{index}]")), replica))
        .collect()
}

fn restorable(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (path, replica) in context.of_type(TABLE).flat_map(|t| replicas(&t)) {
        let on = replica.pointer("/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled");
        if on.and_then(text).as_deref() != Some("true") {
            found.push((
                format!("{path}.PointInTimeRecoverySpecification"),
                "PointInTimeRecoveryEnabled must be true".to_owned(),
            ));
        }
    }
    found
}

fn replica_keys(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for table in context.of_type(TABLE) {
        if !table.may_be("SSESpecification.SSEType", "KMS") {
            continue;
        }
        for (path, replica) in replicas(&table) {
            if replica
                .pointer("/SSESpecification/KMSMasterKeyId")
                .is_none()
            {
                found.push((
                    format!("{path}.SSESpecification.KMSMasterKeyId"),
                    "is missing: the table's keys are its own".to_owned(),
                ));
            }
        }
    }
    found
}

fn streams(context: &Context<'_>) -> Vec<Found> {
    context
        .of_type(TABLE)
        .filter(|table| replicas(table).len() > 1)
        .filter(|table| {
            table
                .property("StreamSpecification.StreamViewType")
                .is_none()
        })
        .map(|table| {
            (
                table.at("StreamSpecification"),
                "is missing: replicas are fed by it".to_owned(),
            )
        })
        .collect()
}

fn one_owner(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut owners: BTreeMap<String, usize> = BTreeMap::new();
    for table in context.of_type(TABLE) {
        *owners.entry(table.path()).or_default() += 1;
        let regions: Vec<String> = replicas(&table)
            .iter()
            .filter_map(|(_, replica)| replica.get("Region"))
            .flat_map(|region| table.unit.possible(region))
            .filter_map(|region| text(&region))
            .collect();
        if !regions.contains(&table.unit.region) {
            found.push((
                table.at("Replicas"),
                format!("none is in {}, the region of the stack", table.unit.region),
            ));
        }
    }
    let shared = owners.into_iter().filter(|(_, stacks)| *stacks > 1);
    found.extend(
        shared.map(|(path, stacks)| (path, format!("is made by {stacks} stacks, one may own it"))),
    );
    found
}

fn versions(context: &Context<'_>) -> Vec<Found> {
    context
        .of_type(BUCKET)
        .filter(|bucket| bucket.texts("VersioningConfiguration.Status") != ["Enabled"])
        .map(|bucket| {
            (
                bucket.at("VersioningConfiguration.Status"),
                "must be Enabled".to_owned(),
            )
        })
        .collect()
}

fn encrypted_objects(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for bucket in context.of_type(BUCKET) {
        let (Some(rules), Some(encryption)) = (
            bucket.property("ReplicationConfiguration"),
            bucket.property("BucketEncryption"),
        ) else {
            continue;
        };
        let mut with_kms = false;
        objects(encryption, "", &mut |_, object| {
            let algorithm = object.get("SSEAlgorithm").and_then(text);
            with_kms |= algorithm.is_some_and(|name| name.starts_with("aws:kms"));
        });
        if !with_kms {
            continue;
        }
        let place = bucket.at("ReplicationConfiguration");
        objects(rules, &place, &mut |path, rule| {
            let selected = "/SourceSelectionCriteria/SseKmsEncryptedObjects/Status";
            let key = "/Destination/EncryptionConfiguration/ReplicaKmsKeyID";
            if rule.get("Destination").is_none() {
                return;
            }
            if rule.pointer(selected).and_then(text).as_deref() != Some("Enabled") {
                found.push((
                    format!("{path}.SourceSelectionCriteria"),
                    "must select SseKmsEncryptedObjects".to_owned(),
                ));
            }
            if rule.pointer(key).is_none() {
                found.push((
                    format!("{path}.Destination.EncryptionConfiguration"),
                    "names no ReplicaKmsKeyID".to_owned(),
                ));
            }
        });
    }
    found
}

fn dots(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for bucket in context.of_type(BUCKET) {
        if bucket.property("AccelerateConfiguration").is_none() {
            continue;
        }
        for name in bucket
            .texts("BucketName")
            .iter()
            .filter(|n| n.contains('.'))
        {
            found.push((bucket.at("BucketName"), format!("`{name}` has a dot")));
        }
    }
    found
}
