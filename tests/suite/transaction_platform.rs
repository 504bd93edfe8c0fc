//! Holds the templates of transaction-platform to the document that asks for them: one test for each demand.

use std::collections::BTreeSet;

use serde_json::Value;
use switchback::bundle::{self, Bundle, lint};
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

#[test]
fn each_region_spans_two_availability_zones() {
    let system = System::new();
    let subnets = system.of_type("EC2::Subnet");
    for side in ["Public", "Private"] {
        let zones: BTreeSet<String> = subnets
            .iter()
            .filter(|(_, id, _)| id.starts_with(side))
            .map(|(_, _, s)| s["Properties"]["AvailabilityZone"]["Fn::Select"].to_string())
            .collect();
        assert_eq!(zones.len(), 2, "{side}: {zones:?}");
        assert!(zones.iter().all(|zone| zone.contains("Fn::GetAZs")));
    }
}

#[test]
fn the_data_path_runs_in_private_subnets_without_a_way_to_the_internet() {
    let system = System::new();
    for id in ["IngestFunction", "WorkerFunction"] {
        let place = &system.properties("region.json", id)["VpcConfig"]["Fn::If"];
        assert_eq!(place[0], "InVpc", "{id}");
    }
    let subnets = &system.template("foundation.json")["Outputs"]["FunctionSubnetIds"]["Value"];
    assert!(
        subnets.to_string().contains("PrivateSubnetA")
            && !subnets.to_string().contains("PublicSubnet")
    );
    let routes = system.of_type("EC2::Route");
    assert!(
        routes
            .iter()
            .all(|(_, _, r)| r["Properties"]["RouteTableId"] == reference("PublicRoutes"))
    );
    assert!(
        system.of_type("EC2::NatGateway").is_empty(),
        "endpoints rather than NAT"
    );
}

#[test]
fn endpoints_are_there_instead_of_nat_and_the_dear_ones_by_parameter() {
    let system = System::new();
    for (_, id, endpoint) in system.of_type("EC2::VPCEndpoint") {
        let wanted = match (endpoint["Properties"]["VpcEndpointType"].as_str(), id) {
            (Some("Gateway"), _) => Value::Null,
            (_, "SqsEndpoint") => "FunctionsInVpc".into(),
            _ => "AllEndpoints".into(),
        };
        assert_eq!(
            endpoint.get("Condition").unwrap_or(&Value::Null),
            &wanted,
            "{id}"
        );
    }
    let gateways = ["S3Endpoint", "DynamoDbEndpoint"];
    for id in gateways {
        let policy = &system.properties("foundation.json", id)["PolicyDocument"];
        assert_ne!(policy["Statement"][0]["Action"], "*", "{id}");
    }
}

#[test]
fn security_groups_let_nothing_in_from_outside() {
    let system = System::new();
    for (_, id, group) in system.of_type("EC2::SecurityGroup") {
        let rules = &group["Properties"]["SecurityGroupIngress"];
        for rule in rules.as_array().into_iter().flatten() {
            assert!(
                rule.get("CidrIp").is_none() && rule.get("CidrIpv6").is_none(),
                "{id}"
            );
            assert_eq!(rule["FromPort"], 443);
        }
        for rule in group["Properties"]["SecurityGroupEgress"]
            .as_array()
            .unwrap()
        {
            let nowhere = rule["CidrIp"] == "127.0.0.1/32";
            assert!(nowhere || rule["ToPort"] == 443, "{id}: {rule}");
        }
    }
}

#[test]
fn network_acls_guard_every_subnet_with_entries_of_their_own() {
    let system = System::new();
    assert_eq!(system.of_type("EC2::SubnetNetworkAclAssociation").len(), 4);
    let entries = system.of_type("EC2::NetworkAclEntry");
    for acl in ["PublicAcl", "PrivateAcl"] {
        for egress in [true, false] {
            let of = entries.iter().filter(|(_, _, e)| {
                e["Properties"]["NetworkAclId"] == reference(acl)
                    && e["Properties"]["Egress"] == egress
            });
            assert_eq!(of.count(), 2, "{acl}, egress {egress}");
        }
    }
    let entry = system.properties("foundation.json", "PrivateHttpsIn");
    assert_eq!(entry["CidrBlock"], reference("VpcCidr"), "only from inside");
}

#[test]
fn a_message_that_fails_goes_to_a_dead_letter_queue() {
    let system = System::new();
    let queue = system.properties("foundation.json", "Queue");
    assert_eq!(queue["RedrivePolicy"]["maxReceiveCount"], 5);
    let target = &queue["RedrivePolicy"]["deadLetterTargetArn"];
    assert_eq!(*target, attribute("DeadLetters", "Arn"));
    let mapping = system.properties("region.json", "WorkerQueue");
    assert_eq!(
        list(&mapping["FunctionResponseTypes"]),
        ["ReportBatchItemFailures"]
    );
    let (wait, work) = (
        &queue["VisibilityTimeout"],
        &system.properties("region.json", "WorkerFunction")["Timeout"],
    );
    assert!(
        wait.as_u64() >= work.as_u64().map(|seconds| 6 * seconds),
        "{wait} {work}"
    );
}

#[test]
fn everything_at_rest_is_encrypted_with_a_key_of_its_region() {
    let system = System::new();
    let key = attribute("Key", "Arn");
    for (id, property) in [
        ("Queue", "KmsMasterKeyId"),
        ("DeadLetters", "KmsMasterKeyId"),
        ("Topic", "KmsMasterKeyId"),
        ("Logs", "KmsKeyId"),
        ("BackupVault", "EncryptionKeyArn"),
    ] {
        assert_eq!(
            system.properties("foundation.json", id)[property],
            key,
            "{id}"
        );
    }
    let bucket = system.properties("foundation.json", "Bucket");
    let rule = &bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
    assert_eq!(rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"], key);
    let table = system.properties("global.json", "Table");
    assert_eq!(table["SSESpecification"]["SSEType"], "KMS");
    for replica in table["Replicas"].as_array().unwrap() {
        let alias = replica["SSESpecification"]["KMSMasterKeyId"].to_string();
        assert!(
            alias.contains("alias/transaction-${EnvironmentSuffix}"),
            "{alias}"
        );
    }
    let key = system.properties("foundation.json", "Key");
    assert_eq!(key["EnableKeyRotation"], true);
}

#[test]
fn data_in_transit_is_encrypted() {
    let system = System::new();
    for id in ["BucketPolicy", "QueuePolicy"] {
        let statement = &system.properties("foundation.json", id)["PolicyDocument"]["Statement"][0];
        assert_eq!(statement["Effect"], "Deny", "{id}");
        assert_eq!(
            statement["Condition"]["Bool"]["aws:SecureTransport"], "false",
            "{id}"
        );
    }
    let domain = system.properties("region.json", "ApiDomainName");
    assert_eq!(domain["SecurityPolicy"], "TLS_1_2");
}

#[test]
fn roles_may_do_what_they_need_and_no_more() {
    let system = System::new();
    // these know no resource, or none that exists before the function runs
    let unbound = ["cloudwatch:", "ec2:"];
    for (file, id, role) in system
        .resources()
        .filter(|(_, _, r)| r["Type"] == "AWS::IAM::Role")
    {
        for statement in below(role)
            .into_iter()
            .filter(|v| v.get("Action").is_some() && v.get("Resource").is_some())
        {
            for action in list(&statement["Action"]) {
                assert!(
                    !action.ends_with(":*") && action != "*",
                    "{file} {id}: {action}"
                );
                let anywhere = statement["Resource"] == "*";
                assert!(
                    !anywhere || unbound.iter().any(|p| action.starts_with(p)),
                    "{file} {id}: {action} on *"
                );
            }
        }
    }
}

#[test]
fn a_role_reaches_across_regions_and_only_those_that_need_it_may_take_it() {
    let system = System::new();
    let role = system.properties("global.json", "CrossRegionRole");
    let who = &role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"];
    let outboxes = ["PrimaryOutboxRoleArn", "StandbyOutboxRoleArn"].map(reference);
    assert_eq!(*who, Value::from(outboxes.to_vec()));
    let takers: Vec<&str> = system
        .of_type("IAM::Role")
        .into_iter()
        .filter(|(_, _, r)| {
            r["Properties"]["Policies"]
                .to_string()
                .contains("sts:AssumeRole")
        })
        .map(|(_, id, _)| id)
        .collect();
    assert_eq!(takers, ["OutboxRole"]);
}

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
    let accept = &ingest[ingest.find("def accept").unwrap()..];
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
