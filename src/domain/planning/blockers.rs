//! What a deletion will meet: what blocks it, what stays behind, and what is done about each.

use serde_json::{Map, Value};

use crate::domain::blocker::{Bucket, Count, Findings, Inquiry, Zone};
use crate::domain::environment::StackSpec;
use crate::domain::guard::{GuardId, GuardResult, GuardVerdict, result};
use crate::domain::observed::age;
use crate::domain::planning::Basis;
use crate::domain::promotion::PromotionSeen;
use crate::domain::region::Role;
use crate::domain::stack::Stack;

/// Custom resources: one whose properties name a store is the one that empties it.
const CUSTOM: [&str; 2] = ["AWS::CloudFormation::CustomResource", "Custom::"];

const BUCKET: &str = "AWS::S3::Bucket";
const ZONE: &str = "AWS::Route53::HostedZone";

/// What a store holds that CloudFormation does not remove with it, by type (facts/aws.md §4.2).
const STORES: [(&str, &str); 4] = [
    (BUCKET, "objects and their versions"),
    ("AWS::Backup::BackupVault", "recovery points"),
    (ZONE, "records that the stack did not make"),
    ("AWS::ECR::Repository", "images"),
];

/// Types of records, as Route 53 knows them.
const RECORD_TYPES: [&str; 8] = ["A", "AAAA", "CNAME", "TXT", "MX", "SRV", "CAA", "NS"];

/// How many records of others are named.
const MOST_NAMED: usize = 8;

type Resources = Map<String, Value>;

/// What has to be asked of AWS before a stack is deleted.
pub(super) fn inquiry(spec: &StackSpec, stack: Option<&Stack>) -> Inquiry {
    let template: Value = serde_json::from_str(&spec.template).unwrap_or_default();
    let Some(resources) = resources(&template) else {
        return Inquiry::default();
    };
    let going = |wanted: &str| -> Vec<String> {
        let of_kind = resources
            .iter()
            .filter(|(_, r)| kind(r) == wanted && !is_retained(r));
        of_kind.map(|(id, _)| id.clone()).collect()
    };
    let records = resources
        .iter()
        .filter(|(_, r)| kind(r) == "AWS::Route53::RecordSet")
        .map(|(id, r)| (id.clone(), record_types(r)));
    let exports = stack.map(|s| s.exports.values().cloned().collect());
    Inquiry {
        exports: exports.unwrap_or_default(),
        buckets: going(BUCKET),
        zones: going(ZONE),
        records: records.collect(),
    }
}

/// A standby that was promoted can't leave: its database is the writer, and the primary's is a copy of it.
pub(super) fn promoted(basis: &Basis<'_>, deleted: &[&StackSpec]) -> Option<GuardResult> {
    basis.env.traffic.as_ref()?.promotion.as_ref()?;
    if !deleted.iter().any(|spec| spec.role == Role::Standby) {
        return None;
    }
    let seen = basis.seen.traffic.promotion.last();
    let said = |verdict, value, reason| result(GuardId::Promotion, verdict, value, reason);
    Some(match seen.and_then(PromotionSeen::is_promoted) {
        Some(true) => said(
            GuardVerdict::Refuse,
            "promoted",
            "the standby's database is the writer and can't leave before the primary's",
        )
        .remedy("fail back first, which returns the writer; override with a reason if nobody needs the data"),
        Some(false) => said(
            GuardVerdict::Allow,
            "not promoted",
            "the primary is the writer, so the standby can leave first",
        ),
        None => GuardResult {
            unknown: true,
            ..said(
                GuardVerdict::Warn,
                "unknown",
                "it can't be told whether the standby was promoted; a database that is the writer can't leave first",
            )
        },
    })
}

/// The types that a record may have, whatever decides between them.
fn record_types(resource: &Value) -> Vec<String> {
    let given = resource.get("Properties").and_then(|p| p.get("Type"));
    let said = given.map(Value::to_string).unwrap_or_default();
    let named = |wanted: &&&str| said.contains(&format!("\"{wanted}\""));
    let types = RECORD_TYPES.iter().filter(named);
    types.map(|&found| found.to_owned()).collect()
}

/// Sentences about one stack, for the review: from its template, and from what AWS said of it.
pub(super) fn notes(spec: &StackSpec, found: Option<&Findings>) -> Vec<String> {
    let template: Value = serde_json::from_str(&spec.template).unwrap_or_default();
    let Some(resources) = resources(&template) else {
        return Vec::new();
    };
    let mut notes: Vec<String> = retained(resources).into_iter().collect();
    notes.extend(stores(resources, found));
    notes.extend(replicas(resources));
    notes.extend(exports(&template, found));
    notes
        .into_iter()
        .map(|note| format!("{} ({}): {note}", spec.name, spec.role))
        .collect()
}

fn resources(template: &Value) -> Option<&Resources> {
    template.get("Resources").and_then(Value::as_object)
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
fn retained(resources: &Resources) -> Option<String> {
    let names: Vec<&str> = resources
        .iter()
        .filter(|(_, resource)| is_retained(resource))
        .map(|(id, _)| id.as_str())
        .collect();
    (!names.is_empty()).then(|| format!(
        "{} of {} resources stay in AWS by their DeletionPolicy (listed when it is done): {}. A later deploy clashes with those that have fixed names",
        names.len(),
        resources.len(),
        names.join(", ")
    ))
}

/// Buckets, vaults and zones, which must be empty.
fn stores(resources: &Resources, found: Option<&Findings>) -> Vec<String> {
    let going = resources.iter().filter(|(_, r)| !is_retained(r));
    going
        .filter_map(|(id, resource)| {
            let (_, holds) = STORES.iter().find(|(store, _)| *store == kind(resource))?;
            let emptier = emptier(resources, id);
            match (kind(resource), found) {
                (BUCKET, Some(found)) => bucket(found, found.bucket(id)?, emptier),
                (ZONE, Some(found)) => zone(found.zone(id)?, emptier),
                _ => Some(unasked(id, holds, emptier)),
            }
        })
        .collect()
}

/// The custom resource that empties a store: its function is told of it.
fn emptier<'a>(resources: &'a Resources, id: &str) -> Option<&'a str> {
    let custom = |r: &Value| CUSTOM.iter().any(|custom| kind(r).starts_with(custom));
    let told = |r: &Value| {
        let given = r.get("Properties").and_then(Value::as_object);
        let mut given = given.into_iter().flatten();
        given.any(|(key, value)| key != "ServiceToken" && mentions(value, id))
    };
    let found = resources.iter().find(|(_, r)| custom(r) && told(r));
    found.map(|(emptier, _)| emptier.as_str())
}

/// Whether a value refers to a resource.
fn mentions(value: &Value, id: &str) -> bool {
    match value {
        Value::Object(map) => {
            map.get("Ref").and_then(Value::as_str) == Some(id)
                || map.values().any(|inner| mentions(inner, id))
        }
        Value::Array(list) => list.iter().any(|inner| mentions(inner, id)),
        Value::String(text) => text.contains(&format!("${{{id}}}")),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn unasked(id: &str, holds: &str, emptier: Option<&str>) -> String {
    match emptier {
        Some(emptier) => {
            format!("{id} must be empty; the stack's own {emptier} removes {holds} first")
        }
        None => format!(
            "{id} blocks the deletion while it has {holds}: empty it, or leave it behind with a repair (R)"
        ),
    }
}

fn bucket(found: &Findings, bucket: &Bucket, emptier: Option<&str>) -> Option<String> {
    let id = &bucket.resource;
    let held = match &bucket.objects {
        Ok(Some(count)) => counted(found, *count),
        Ok(None) => "S3's daily count has nothing of the last days".to_owned(),
        Err(why) => format!("how many objects it holds is unknown ({why})"),
    };
    let empty = matches!(&bucket.objects, Ok(Some(count)) if count.objects == 0);
    match emptier {
        Some(_) if empty => None,
        Some(emptier) => Some(format!(
            "{id}: {held}; the stack's own {emptier} removes objects and their versions first"
        )),
        None if empty => Some(format!(
            "{id}: {held}; what was put there since then would block the deletion"
        )),
        None if matches!(bucket.objects, Ok(Some(_))) => Some(format!(
            "{id}: {held} and nothing empties it: DELETE_FAILED is to be expected, then leave it behind with a repair (R), or empty it first"
        )),
        None => Some(format!(
            "{id}: {held}; objects block the deletion: empty it, or leave it behind with a repair (R)"
        )),
    }
}

fn counted(found: &Findings, count: Count) -> String {
    let hours = age(count.at, found.at).as_secs() / 3600;
    format!("{} objects as counted {hours} h ago", count.objects)
}

fn zone(zone: &Zone, emptier: Option<&str>) -> Option<String> {
    let id = &zone.resource;
    let more = if zone.more {
        ", and perhaps more that were not looked at"
    } else {
        ""
    };
    let held = match &zone.foreign {
        Ok(records) if records.is_empty() && !zone.more => return None,
        Ok(records) => {
            let named = records.iter().take(MOST_NAMED);
            let named: Vec<String> = named.map(|r| format!("{} {}", r.name, r.kind)).collect();
            let rest = records.len().saturating_sub(MOST_NAMED);
            let rest = if rest > 0 {
                format!(" and {rest} more")
            } else {
                String::new()
            };
            format!(
                "{} records that the stack did not make ({}{rest}){more}",
                records.len(),
                named.join(", ")
            )
        }
        Err(why) => {
            format!("whether it has records that the stack did not make is unknown ({why})")
        }
    };
    Some(match emptier {
        Some(emptier) => {
            format!("{id}: {held}; the stack's own {emptier} deletes such records first")
        }
        None => format!(
            "{id}: {held}: they block the deletion of the zone: delete them first, or leave the zone behind with a repair (R)"
        ),
    })
}

/// What has copies in other regions goes with them.
fn replicas(resources: &Resources) -> Vec<String> {
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
    found.collect()
}

fn exports(template: &Value, found: Option<&Findings>) -> Option<String> {
    let outputs = template.get("Outputs").and_then(Value::as_object);
    let names: Vec<&str> = outputs
        .into_iter()
        .flatten()
        .filter(|(_, output)| output.get("Export").is_some())
        .map(|(name, _)| name.as_str())
        .collect();
    if let Some(found) = found.filter(|found| !found.imports.is_empty()) {
        let free = |by: &Result<Vec<String>, String>| by.as_ref().is_ok_and(Vec::is_empty);
        let all_free = found.imports.iter().all(|i| free(&i.by));
        // what is imported is a guard's to say
        return all_free.then(|| {
            let count = found.imports.len();
            format!("exports {count} values; no other stack imports one")
        });
    }
    (!names.is_empty()).then(|| {
        format!(
            "exports {}; the deletion is blocked while another stack imports one: delete that stack first",
            names.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::*;
    use crate::domain::blocker::{ForeignRecord, Import};
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

    const ALL: &str = r#"{"Resources": {
        "Audit": {"Type": "AWS::S3::Bucket"},
        "Kept": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"},
        "Table": {"Type": "AWS::DynamoDB::GlobalTable"},
        "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"ReplicaRegions": [{"Region": "x"}]}},
        "Plain": {"Type": "AWS::SecretsManager::Secret"},
        "Zone": {"Type": "AWS::Route53::HostedZone"},
        "Record": {"Type": "AWS::Route53::RecordSet", "Properties": {"Type": {"Fn::If": ["C", "A", "CNAME"]}}}
    }, "Outputs": {"Vpc": {"Value": "x", "Export": {"Name": "vpc"}}, "Url": {"Value": "y"}}}"#;

    const EMPTIED: &str = r#"{"Resources": {
        "Audit": {"Type": "AWS::S3::Bucket"},
        "Zone": {"Type": "AWS::Route53::HostedZone"},
        "Empty": {"Type": "Custom::Emptier", "Properties": {"ServiceToken": {"Ref": "F"},
          "Bucket": {"Ref": "Audit"}, "Zone": {"Fn::If": ["MakesZone", {"Ref": "Zone"}, {"Ref": "AWS::NoValue"}]}}}}}"#;

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3600).unwrap()
    }

    fn found(objects: Result<Option<Count>, String>, foreign: &[&str]) -> Findings {
        let record = |name: &&str| ForeignRecord {
            name: (*name).to_owned(),
            kind: "MX".into(),
        };
        Findings {
            at: hour(30),
            imports: vec![Import {
                export: "vpc".into(),
                by: Ok(Vec::new()),
            }],
            buckets: vec![Bucket {
                resource: "Audit".into(),
                objects,
            }],
            zones: vec![Zone {
                resource: "Zone".into(),
                foreign: Ok(foreign.iter().map(record).collect()),
                more: false,
            }],
        }
    }

    fn count(objects: u64) -> Count {
        let at = hour(24);
        Count { objects, at }
    }

    fn said(template: &str, found: &Findings) -> String {
        notes(&spec(template), Some(found)).join("\n")
    }

    #[test]
    fn each_blocker_is_named_with_what_is_done_about_it() {
        let notes = notes(&spec(ALL), None);
        let all = notes.join("\n");
        assert_eq!(notes.len(), 6, "{all}");
        assert!(notes[0].contains("1 of 7 resources stay") && notes[0].contains("Kept"));
        assert!(all.contains("Audit blocks the deletion while it has objects"));
        assert!(all.contains("Zone blocks") && all.contains("records that the stack did not make"));
        assert!(all.contains("Table: every replica") && all.contains("Secret: a secret with"));
        assert!(all.contains("exports Vpc;"));
    }

    #[test]
    fn a_stack_with_an_emptier_says_so_and_one_without_stores_says_nothing() {
        let notes_of = |text: &str| notes(&spec(text), None);
        let emptied = notes_of(EMPTIED);
        assert_eq!(emptied.len(), 2, "{emptied:?}");
        assert!(emptied[0].contains("own Empty removes objects"));
        let other = EMPTIED.replace(r#"{"Ref": "Audit"}"#, "\"else\"");
        assert!(notes_of(&other)[0].contains("Audit blocks"), "not its own");
        assert!(notes_of(r#"{"Resources": {"F": {"Type": "AWS::Lambda::Function"}}}"#).is_empty());
        assert!(notes_of("not json").is_empty());
    }

    #[test]
    fn what_is_asked_is_what_goes_with_the_stack() {
        let asked = inquiry(&spec(ALL), None);
        assert_eq!(asked.buckets, ["Audit"]);
        assert_eq!(asked.zones, ["Zone"]);
        assert_eq!(asked.records["Record"], ["A", "CNAME"]);
        assert!(inquiry(&spec("none"), None).is_empty());
    }

    #[test]
    fn a_bucket_says_what_it_held_when_and_what_becomes_of_it() {
        let plain = |objects| said(ALL, &found(objects, &[]));
        let full = plain(Ok(Some(count(12))));
        assert!(
            full.contains(
                "Audit: 12 objects as counted 6 h ago and nothing empties it: DELETE_FAILED"
            ),
            "{full}"
        );
        assert!(plain(Ok(Some(count(0)))).contains("since then would block"));
        assert!(plain(Ok(None)).contains("nothing of the last days; objects block"));
        let dark = plain(Err("no answer in 3 s".into()));
        assert!(dark.contains("is unknown (no answer in 3 s)"), "{dark}");
        let emptied = |objects| said(EMPTIED, &found(objects, &[]));
        assert!(
            emptied(Ok(Some(count(12)))).contains("counted 6 h ago; the stack's own Empty removes")
        );
        assert_eq!(
            emptied(Ok(Some(count(0)))),
            "pay (primary): exports 1 values; no other stack imports one"
        );
    }

    #[test]
    fn records_of_others_are_named_and_said_what_becomes_of_them() {
        let names = [
            "a.x.", "b.x.", "c.x.", "d.x.", "e.x.", "f.x.", "g.x.", "h.x.", "i.x.",
        ];
        let blocked = said(ALL, &found(Ok(Some(count(0))), &names));
        assert!(
            blocked.contains("Zone: 9 records that the stack did not make (a.x. MX, b.x. MX"),
            "{blocked}"
        );
        assert!(blocked.contains("and 1 more): they block"), "{blocked}");
        let emptied = said(EMPTIED, &found(Ok(Some(count(0))), &["a.x."]));
        assert!(
            emptied.contains("own Empty deletes such records"),
            "{emptied}"
        );
        let mut unknown = found(Ok(Some(count(0))), &[]);
        unknown.zones[0].foreign = Err("denied".into());
        assert!(said(ALL, &unknown).contains("is unknown (denied)"));
        assert!(!said(ALL, &found(Ok(Some(count(0))), &[])).contains("Zone"));
    }
}
