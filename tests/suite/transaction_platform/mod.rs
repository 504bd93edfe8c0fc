//! Holds the templates of transaction-platform to the document that asks for them: one test for each demand.

mod network;
mod operations;

use std::collections::BTreeSet;

use serde_json::Value;
use switchback::bundle::{self, Bundle};
use switchback::domain::region::Role;

const NAME: &str = "transaction-platform";

/// The bundle as it is built in, and its templates as values.
struct System {
    bundle: Bundle,
    templates: Vec<(String, Value)>,
}

impl System {
    fn new() -> Self {
        let all = bundle::catalogue(None).unwrap();
        let bundle = all.into_iter().find(|b| b.manifest.name == NAME).unwrap();
        let parsed =
            |(name, body): (&String, &String)| (name.clone(), serde_json::from_str(body).unwrap());
        let templates = bundle.templates.iter().map(parsed).collect();
        Self { bundle, templates }
    }

    fn template(&self, name: &str) -> &Value {
        let found = self.templates.iter().find(|(known, _)| known == name);
        &found.unwrap_or_else(|| panic!("no template {name}")).1
    }

    /// Every resource: its template, its logical id, itself.
    fn resources(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        self.templates.iter().flat_map(|(name, tree)| {
            let resources = tree["Resources"].as_object().unwrap();
            resources
                .iter()
                .map(move |(id, value)| (name.as_str(), id.as_str(), value))
        })
    }

    fn of_type(&self, kind: &str) -> Vec<(&str, &str, &Value)> {
        let kind = format!("AWS::{kind}");
        self.resources()
            .filter(|(_, _, r)| r["Type"] == kind.as_str())
            .collect()
    }

    fn properties(&self, template: &str, id: &str) -> &Value {
        let found = &self.template(template)["Resources"][id]["Properties"];
        assert!(!found.is_null(), "{template} has no {id}");
        found
    }
}

/// Every value below, itself included.
fn below(value: &Value) -> Vec<&Value> {
    let mut all = vec![value];
    match value {
        Value::Array(items) => all.extend(items.iter().flat_map(below)),
        Value::Object(members) => all.extend(members.values().flat_map(below)),
        _ => {}
    }
    all
}

fn reference(name: &str) -> Value {
    serde_json::json!({ "Ref": name })
}

fn attribute(id: &str, name: &str) -> Value {
    serde_json::json!({ "Fn::GetAtt": [id, name] })
}

fn list(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().flat_map(list).collect(),
        other => vec![other.to_string()],
    }
}

/// The templates that each role's stacks use, with the role's conditions left in.
fn files(system: &System, role: Role) -> BTreeSet<&str> {
    let stacks = system.bundle.manifest.stacks.iter();
    stacks
        .filter(|s| s.role == role && s.id.0 != "global")
        .map(|s| s.template.as_str())
        .collect()
}

#[test]
fn the_regions_are_those_of_the_document_and_must_differ() {
    let system = System::new();
    let regions = &system.bundle.manifest.regions;
    assert_eq!(regions.primary.as_str(), "us-east-1");
    assert_eq!(regions.standby.as_str(), "us-west-2");
    let rule = &system.template("region.json")["Rules"]["RegionsDiffer"];
    assert!(rule.to_string().contains("Fn::Not"), "{rule}");
}

#[test]
fn both_regions_have_the_same_infrastructure() {
    let system = System::new();
    assert_eq!(files(&system, Role::Primary), files(&system, Role::Standby));
    let only = |condition: &str| -> BTreeSet<&str> {
        let found = system.resources();
        found
            .filter(|(file, _, r)| *file != "global.json" && r["Condition"] == condition)
            .map(|(_, id, _)| id)
            .collect()
    };
    assert_eq!(only("IsPrimary"), BTreeSet::from(["ReplicationRole"]));
    for id in only("IsStandby") {
        assert!(id.ends_with("Alarm") || id == "HoldRule", "{id}");
    }
}

#[test]
fn the_database_is_replicated_between_the_regions() {
    let system = System::new();
    let table = system.properties("global.json", "Table");
    let replicas = table["Replicas"].as_array().unwrap();
    let regions: Vec<&Value> = replicas.iter().map(|r| &r["Region"]).collect();
    assert_eq!(
        regions,
        [&reference("PrimaryRegion"), &reference("StandbyRegion")]
    );
    for replica in replicas {
        assert_eq!(
            replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"],
            true
        );
        assert_eq!(replica["DeletionProtectionEnabled"], false);
    }
}

#[test]
fn transaction_data_and_logs_in_s3_are_replicated() {
    let system = System::new();
    let bucket = system.properties("foundation.json", "Bucket");
    let replication = &bucket["ReplicationConfiguration"]["Fn::If"];
    assert_eq!(replication[0], "IsPrimary");
    let rule = &replication[1]["Rules"][0];
    assert_eq!(
        (&rule["Status"], &rule["Filter"]["Prefix"]),
        (&"Enabled".into(), &"".into())
    );
    let target = &rule["Destination"];
    assert_eq!(target["Bucket"], reference("StandbyBucketArn"));
    assert_eq!(target["ReplicationTime"]["Time"]["Minutes"], 15);
    let worker = system.bundle.sources.get("lambda/worker.py").unwrap();
    for folder in ["\"audit\"", "\"logs\""] {
        assert!(worker.contains(&format!("write({folder}")), "{folder}");
    }
}

#[test]
fn each_region_backs_up_and_can_restore_by_itself() {
    let system = System::new();
    for kind in ["BackupVault", "BackupPlan", "BackupSelection"] {
        let found = system.of_type(&format!("Backup::{kind}"));
        let [(file, _, resource)] = found.as_slice() else {
            panic!("{kind}")
        };
        assert_eq!(
            (*file, &resource["Condition"]),
            ("foundation.json", &"HasBackup".into())
        );
    }
    let role = system.properties("foundation.json", "BackupRole");
    assert!(role.to_string().contains("PolicyForRestores"));
}

#[test]
fn health_checks_watch_both_regions_with_a_failure_threshold() {
    let system = System::new();
    for (id, host) in [
        ("PrimaryCheck", "PrimaryApiDomain"),
        ("StandbyCheck", "StandbyApiDomain"),
    ] {
        let config = &system.properties("global.json", id)["HealthCheckConfig"];
        assert_eq!(config["FullyQualifiedDomainName"], reference(host));
        assert_eq!(
            (&config["Type"], &config["FailureThreshold"]),
            (&"HTTPS".into(), &3.into())
        );
        assert_eq!(config["ResourcePath"], "/prod/health");
    }
}

#[test]
fn dns_fails_over_when_the_primary_fails_or_a_lever_is_pulled() {
    let system = System::new();
    let ok = &system.properties("global.json", "PrimaryOkCheck")["HealthCheckConfig"];
    let children = ["PrimaryCheck", "LeverCheck", "EndpointLeverCheck"].map(reference);
    assert_eq!(ok["ChildHealthChecks"], Value::from(children.to_vec()));
    assert_eq!(ok["HealthThreshold"], 3);
    for name in ["Service", "Marker"] {
        let primary = system.properties("global.json", &format!("{name}RecordPrimary"));
        assert_eq!(primary["Failover"], "PRIMARY");
        assert_eq!(primary["HealthCheckId"], reference("PrimaryOkCheck"));
        let standby = system.properties("global.json", &format!("{name}RecordStandby"));
        assert_eq!(standby["Failover"], "SECONDARY");
        assert!(standby.get("HealthCheckId").is_none(), "{name}");
    }
}

#[test]
fn nothing_that_a_failover_needs_is_in_the_primary() {
    let system = System::new();
    let traffic = serde_json::to_value(&system.bundle.manifest.traffic).unwrap();
    for lever in traffic["levers"].as_array().unwrap() {
        let text = lever.to_string();
        assert!(
            !text.contains("${primary") && !text.contains("${global"),
            "{text}"
        );
    }
    for id in ["LeverAlarm", "KeepaliveAlarm"] {
        assert_eq!(
            system.template("region.json")["Resources"][id]["Condition"],
            "IsStandby"
        );
    }
    let standby = system
        .bundle
        .manifest
        .stacks
        .iter()
        .find(|s| s.id.0 == "standby")
        .unwrap();
    let passed = serde_json::to_value(&standby.parameters)
        .unwrap()
        .to_string();
    assert!(!passed.contains("${primary"), "{passed}");
}
