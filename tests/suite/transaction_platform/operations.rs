//! Monitoring, deployment and deletion: what the document asks of those who run the system.

use std::collections::BTreeSet;

use serde_json::Value;
use switchback::bundle::lint;

use super::{System, below, reference};

/// The alarm of that logical id, wherever it is.
fn alarm<'a>(system: &'a System, id: &str) -> &'a Value {
    let found = system.of_type("CloudWatch::Alarm");
    found
        .into_iter()
        .find(|(_, known, _)| *known == id)
        .unwrap_or_else(|| panic!("no alarm {id}"))
        .2
}

#[test]
fn alarms_of_both_regions_watch_what_matters_and_tell_somebody() {
    let system = System::new();
    for id in [
        "IngestErrorsAlarm",
        "ThrottlesAlarm",
        "WorkerErrorsAlarm",
        "Api5xxAlarm",
        "LatencyAlarm",
        "ReadThrottleAlarm",
        "WriteThrottleAlarm",
        "QueueAgeAlarm",
        "DeadLettersAlarm",
        "OutboxAlarm",
    ] {
        let condition = alarm(&system, id).get("Condition");
        assert!(
            condition.is_none(),
            "{id} is in both regions: {condition:?}"
        );
    }
    for (_, id, alarm) in system.of_type("CloudWatch::Alarm") {
        let actions = alarm["Properties"]["AlarmActions"].as_array();
        assert!(actions.is_some_and(|a| !a.is_empty()), "{id} tells nobody");
    }
    assert_eq!(system.of_type("SNS::Topic").len(), 1, "one per region");
    assert_eq!(system.of_type("SNS::Subscription").len(), 1);
}

#[test]
fn failover_events_are_told() {
    let system = System::new();
    for id in [
        "LeverAlarm",
        "FailoverAlarm",
        "PrimaryCheckAlarm",
        "RpoAlarm",
    ] {
        let both = &alarm(&system, id)["Properties"];
        for when in ["AlarmActions", "OKActions"] {
            assert_eq!(both[when].as_array().map(Vec::len), Some(1), "{id} {when}");
        }
    }
}

#[test]
fn rto_and_rpo_compliance_is_measured_against_the_objectives() {
    let system = System::new();
    let objectives = system.bundle.manifest.objectives;
    for (id, metric, limit) in [
        (
            "RpoAlarm",
            "ReplicaStalenessSeconds",
            objectives.rpo_seconds,
        ),
        (
            "RtoAlarm",
            "FailoverDurationSeconds",
            objectives.rto_seconds,
        ),
    ] {
        let alarm = alarm(&system, id);
        assert_eq!(
            alarm["Condition"], "IsStandby",
            "a lost primary tells nothing"
        );
        let properties = &alarm["Properties"];
        assert_eq!(properties["Namespace"], "Switchback/DR");
        assert_eq!(properties["MetricName"], metric);
        assert_eq!(properties["Threshold"], limit);
    }
}

#[test]
fn one_dashboard_shows_both_regions_and_both_objectives() {
    let system = System::new();
    let dashboards = system.of_type("CloudWatch::Dashboard");
    let [(_, _, dashboard)] = dashboards.as_slice() else {
        panic!("{} dashboards", dashboards.len())
    };
    let body = dashboard["Properties"]["DashboardBody"]["Fn::Sub"]
        .as_str()
        .unwrap();
    let body: Value = serde_json::from_str(body).expect("the body is JSON");
    let widgets = body["widgets"].as_array().unwrap();
    let regions: BTreeSet<&str> = widgets
        .iter()
        .filter_map(|w| w["properties"]["region"].as_str())
        .collect();
    assert!(regions.contains("${PrimaryRegion}") && regions.contains("${StandbyRegion}"));
    for (label, value) in [("RPO", 300), ("RTO", 900)] {
        let line = serde_json::json!({ "label": label, "value": value });
        assert!(below(&body).contains(&&line), "{label}");
    }
}

#[test]
fn nothing_outlives_its_stack_or_protects_itself() {
    let system = System::new();
    for (file, id, resource) in system.resources() {
        for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
            let value = resource
                .get(policy)
                .and_then(Value::as_str)
                .unwrap_or("Delete");
            assert_eq!(value, "Delete", "{file} {id}");
        }
        for value in below(resource) {
            assert_ne!(
                value.get("DeletionProtectionEnabled"),
                Some(&true.into()),
                "{file} {id}"
            );
        }
    }
    let emptier = system.properties("foundation.json", "EmptyOnDelete");
    assert_eq!(emptier["Bucket"], reference("Bucket"));
    assert_eq!(emptier["Interfaces"], reference("FunctionsGroup"));
    assert!(emptier["Vault"].to_string().contains("BackupVault"));
    let zone = system.properties("global.json", "EmptyZone");
    assert!(zone["Zone"].to_string().contains("Zone"));
}

#[test]
fn deletion_goes_from_what_uses_to_what_is_used() {
    let system = System::new();
    let order: Vec<&str> = system
        .bundle
        .manifest
        .delete_order
        .iter()
        .map(|id| id.0.as_str())
        .collect();
    assert_eq!(order.first(), Some(&"global"));
    for role in ["primary", "standby"] {
        let place = |id: &str| order.iter().position(|known| *known == id);
        assert!(
            place(role) < place(&format!("{role}-foundation")),
            "{order:?}"
        );
    }
    // or the standby's bucket would be filled again
    let place = |id: &str| order.iter().position(|known| *known == id);
    assert!(place("primary-foundation") < place("standby-foundation"));
}

#[test]
fn every_template_takes_the_suffix_and_every_name_carries_it() {
    let system = System::new();
    assert_eq!(system.bundle.manifest.suffix.parameter, "EnvironmentSuffix");
    for (file, tree) in &system.templates {
        assert!(
            tree["Parameters"]["EnvironmentSuffix"].is_object(),
            "{file}"
        );
    }
    for kind in [
        "VPC",
        "Subnet",
        "RouteTable",
        "NetworkAcl",
        "InternetGateway",
        "SecurityGroup",
    ] {
        for (_, id, resource) in system.of_type(&format!("EC2::{kind}")) {
            let tags = resource["Properties"]["Tags"].to_string();
            assert!(tags.contains("-${EnvironmentSuffix}"), "{id} has a name");
        }
    }
    // all other names: rule SB601
    let findings = lint::check(&system.bundle);
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn services_that_the_document_excludes_are_not_there() {
    let system = System::new();
    for (file, id, resource) in system.resources() {
        let kind = resource["Type"].as_str().unwrap();
        for excluded in [
            "AWS::GuardDuty",
            "AWS::CodeCommit",
            "AWS::Config::",
            "AWS::RDS",
        ] {
            assert!(!kind.starts_with(excluded), "{file} {id} is {kind}");
        }
    }
}

#[test]
fn no_concurrency_is_reserved_by_default() {
    let system = System::new();
    for (file, tree) in &system.templates {
        let default = &tree["Parameters"]["ReservedConcurrency"]["Default"];
        assert!(default.is_null() || *default == 0, "{file}");
    }
}

#[test]
fn the_objectives_are_explained_in_comments() {
    let system = System::new();
    let region = system.template("region.json");
    let text = region["Metadata"]["Comments"].to_string();
    assert!(
        text.contains("RTO 900 s") && text.contains("RPO 300 s"),
        "{text}"
    );
    let objectives = system.bundle.manifest.objectives;
    assert_eq!((objectives.rto_seconds, objectives.rpo_seconds), (900, 300));
}

#[test]
fn a_transaction_is_written_before_it_is_queued_and_once_only() {
    let system = System::new();
    let table = system.properties("global.json", "Table");
    let index = &table["GlobalSecondaryIndexes"][0];
    assert_eq!(
        index["IndexName"], "outbox",
        "what is accepted and not processed"
    );
    let ingest = system.bundle.sources.get("lambda/ingest.py").unwrap();
    let (_, accept) = ingest.split_once("def accept").unwrap();
    assert!(accept.find("put(").unwrap() < accept.find("enqueue(").unwrap());
    assert!(ingest.contains("attribute_not_exists(pk)") && ingest.contains("idempotency-key"));
}

#[test]
fn each_body_fits_what_cloudformation_takes_without_a_bucket() {
    let system = System::new();
    for body in lint::bodies(&system.bundle) {
        println!("{}: {} of {} bytes", body.place, body.bytes, body.limit);
        assert!(
            body.bytes <= body.limit,
            "{}: {} bytes",
            body.place,
            body.bytes
        );
    }
}
