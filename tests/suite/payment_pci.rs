//! What the document behind payment-pci demands, one test a demand, held against the templates.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use switchback::bundle::lint::MAX_BODY_BYTES;
use switchback::bundle::present::{Format, export};
use switchback::bundle::{Bundle, catalogue};

const BOTH: [&str; 2] = ["base", "service"];
const ALL: [&str; 4] = ["base", "service", "dr", "global"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/payment-pci")
}

fn bundle() -> Bundle {
    let all = catalogue(None).unwrap();
    let found = all.into_iter().find(|b| b.manifest.name == "payment-pci");
    found.expect("payment-pci ships")
}

fn json(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder().join(name)).unwrap()).unwrap()
}

fn template(name: &str) -> Value {
    json(&format!("{name}.json"))
}

/// The resources of a type, with their ids.
fn of_type(name: &str, kind: &str) -> Vec<(String, Value)> {
    let tree = template(name);
    let all = tree["Resources"].as_object().unwrap();
    all.iter()
        .filter(|(_, resource)| resource["Type"] == kind)
        .map(|(id, resource)| (id.clone(), resource.clone()))
        .collect()
}

fn resource(name: &str, id: &str) -> Value {
    let found = template(name)["Resources"][id].clone();
    assert!(found.is_object(), "{name} has no {id}");
    found
}

fn properties(name: &str, id: &str) -> Value {
    resource(name, id)["Properties"].clone()
}

/// The text of an intrinsic function's argument, or of the value itself.
fn text(value: &Value) -> &str {
    let inner = value.get("Fn::Sub").or_else(|| value.get("Ref"));
    inner.unwrap_or(value).as_str().unwrap_or_default()
}

/// Every statement of every policy of a template, with the id of its role or policy; the first branch of conditions.
fn statements(name: &str) -> Vec<(String, Value)> {
    let roles = of_type(name, "AWS::IAM::Role").into_iter();
    let inline = roles.flat_map(|(id, role)| {
        let policies = role["Properties"]["Policies"].as_array().unwrap().clone();
        policies.into_iter().map(move |policy| (id.clone(), policy))
    });
    let attached = of_type(name, "AWS::IAM::Policy").into_iter();
    let attached = attached.map(|(id, policy)| (id, policy["Properties"].clone()));
    let mut found = Vec::new();
    for (id, policy) in inline.chain(attached) {
        for statement in policy["PolicyDocument"]["Statement"].as_array().unwrap() {
            let branch = statement
                .get("Fn::If")
                .map_or(statement, |argument| &argument[1]);
            found.push((id.clone(), branch.clone()));
        }
    }
    found
}

fn list(value: &Value) -> Vec<&Value> {
    value
        .as_array()
        .map_or_else(|| vec![value], |items| items.iter().collect())
}

fn alarms() -> Vec<(String, Value)> {
    let all = ALL
        .iter()
        .flat_map(|name| of_type(name, "AWS::CloudWatch::Alarm"));
    all.map(|(id, alarm)| (id, alarm["Properties"].clone()))
        .collect()
}

fn alarm_on(metric: &str) -> Value {
    let watches = |alarm: &Value| {
        let inner = alarm["Metrics"].as_array().into_iter().flatten();
        alarm["MetricName"] == metric
            || inner
                .clone()
                .any(|m| m["MetricStat"]["Metric"]["MetricName"] == metric)
    };
    let found = alarms().into_iter().find(|(_, alarm)| watches(alarm));
    found.unwrap_or_else(|| panic!("no alarm on {metric}")).1
}

// Multi-region architecture

#[test]
fn the_primary_is_singapore_and_the_dr_region_sydney() {
    let manifest = json("bundle.json");
    assert_eq!(manifest["regions"]["primary"], "ap-southeast-1");
    assert_eq!(manifest["regions"]["standby"], "ap-southeast-2");
}

#[test]
fn both_regions_are_deployed_from_the_same_templates() {
    let manifest = json("bundle.json");
    let stacks = manifest["stacks"].as_array().unwrap();
    for body in BOTH {
        let file = format!("{body}.json");
        let of_body = stacks.iter().filter(|s| s["template"] == file.as_str());
        let roles: BTreeSet<_> = of_body
            .map(|s| {
                (
                    s["region"].as_str().unwrap(),
                    s["parameters"]["role"].as_str().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            roles,
            BTreeSet::from([("primary", "primary"), ("standby", "standby")])
        );
    }
}

#[test]
fn layers_come_and_go_in_the_order_that_the_database_asks_for() {
    let manifest = json("bundle.json");
    let order: Vec<&str> = list(&manifest["stacks"])
        .iter()
        .map(|s| s["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        order,
        [
            "primary-base",
            "standby-base",
            "primary",
            "standby",
            "dr",
            "global"
        ]
    );
    let delete: Vec<&str> = list(&manifest["delete_order"])
        .iter()
        .map(|s| s.as_str().unwrap())
        .collect();
    let place = |id| delete.iter().position(|other| *other == id).unwrap();
    assert!(place("global") < place("dr") && place("dr") < place("standby-base"));
    assert!(
        place("standby-base") < place("primary-base"),
        "the secondary leaves the global database first"
    );
}

#[test]
fn objectives_are_an_hour_and_five_minutes() {
    let manifest = json("bundle.json");
    assert_eq!(manifest["objectives"]["rto_seconds"], 3600);
    assert_eq!(manifest["objectives"]["rpo_seconds"], 300);
}

// Payment processing components

#[test]
fn the_database_is_an_aurora_global_database_with_a_read_replica_in_the_dr_region() {
    let global = resource("base", "GlobalCluster");
    assert_eq!(global["Condition"], "IsPrimary");
    let cluster = properties("base", "Database");
    assert_eq!(cluster["Engine"], "aurora-postgresql");
    assert!(
        cluster["GlobalClusterIdentifier"].is_object()
            && cluster["ServerlessV2ScalingConfiguration"].is_object()
    );
    for only_primary in ["MasterUsername", "MasterUserPassword", "DatabaseName"] {
        assert_eq!(
            cluster[only_primary]["Fn::If"][0], "IsPrimary",
            "{only_primary} of a secondary is refused"
        );
        assert_eq!(cluster[only_primary]["Fn::If"][2]["Ref"], "AWS::NoValue");
    }
}

#[test]
fn the_database_spans_availability_zones_and_has_backups() {
    assert_eq!(properties("base", "Database")["BackupRetentionPeriod"], 7);
    let instances = of_type("base", "AWS::RDS::DBInstance");
    let zones: BTreeSet<String> = instances
        .iter()
        .map(|(_, i)| i["Properties"]["AvailabilityZone"].to_string())
        .collect();
    assert_eq!(
        (instances.len(), zones.len()),
        (2, 2),
        "a writer and a reader in zones of their own, in each region"
    );
}

#[test]
fn sessions_are_a_global_table_with_keys_and_recovery_in_both_regions() {
    let table = properties("global", "Sessions");
    let replicas = table["Replicas"].as_array().unwrap();
    assert_eq!(replicas.len(), 2);
    for replica in replicas {
        assert_eq!(
            replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"],
            true
        );
        assert!(replica["SSESpecification"]["KMSMasterKeyId"].is_object());
    }
}

#[test]
fn payments_wait_in_a_standard_queue_with_dead_letters() {
    let queue = properties("base", "Queue");
    assert!(queue.get("FifoQueue").is_none());
    assert_eq!(
        queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0],
        "DeadLetters"
    );
    assert_eq!(
        properties("service", "Mapping")["FunctionResponseTypes"][0],
        "ReportBatchItemFailures"
    );
}

#[test]
fn the_api_has_a_custom_domain_where_there_is_a_certificate() {
    let domain = resource("service", "ApiDomainName");
    assert_eq!(domain["Condition"], "HasCertificate");
    assert_eq!(domain["Properties"]["SecurityPolicy"], "TLS_1_2");
    assert_eq!(
        text(&domain["Properties"]["DomainName"]),
        "api.${domainName}"
    );
}

#[test]
fn payments_need_a_signature_and_health_does_not() {
    assert_eq!(
        properties("service", "PaymentsMethod")["AuthorizationType"],
        "AWS_IAM"
    );
    for open in ["HealthMethod", "LeverMethod"] {
        assert_eq!(properties("service", open)["AuthorizationType"], "NONE");
    }
}

#[test]
fn the_load_balancer_checks_its_target_and_listens_with_tls_only() {
    let targets = properties("service", "Targets");
    assert_eq!(
        (&targets["TargetType"], &targets["HealthCheckEnabled"]),
        (&"lambda".into(), &true.into())
    );
    let listeners = of_type("service", "AWS::ElasticLoadBalancingV2::Listener");
    assert!(
        listeners
            .iter()
            .all(|(_, l)| l["Properties"]["Protocol"] == "HTTPS"
                && l["Condition"] == "HasCertificate")
    );
}

#[test]
fn the_concurrency_of_the_processor_scales_by_itself() {
    let policy = properties("service", "ScalingPolicy");
    let tracked =
        &policy["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"];
    assert_eq!(
        tracked["PredefinedMetricType"],
        "LambdaProvisionedConcurrencyUtilization"
    );
    assert!(properties("service", "Mapping")["ScalingConfig"]["MaximumConcurrency"].is_number());
}

/// A version never changes: new code or configuration under an old name would never be served.
#[test]
fn the_published_version_is_named_after_its_code_and_configuration() {
    use sha2::{Digest as _, Sha256};
    let mut all = std::fs::read(folder().join("lambda/processor.py")).unwrap();
    let mut configuration = properties("service", "ProcessorFunction");
    configuration.as_object_mut().unwrap().shift_remove("Code");
    all.extend(configuration.to_string().into_bytes());
    let mut digest = String::new();
    for byte in Sha256::digest(all).iter().take(4) {
        write!(digest, "{byte:02x}").unwrap();
    }
    let versions = of_type("service", "AWS::Lambda::Version");
    assert_eq!(
        versions[0].0,
        format!("ProcessorVersion{digest}"),
        "rename the version and what refers to it"
    );
    // what parameters put into the configuration: a new description replaces the version
    let described = versions[0].1["Properties"]["Description"].to_string();
    for parameter in ["pythonRuntime", "databaseSecretArn"] {
        assert!(described.contains(parameter), "{parameter}");
    }
}

// Disaster recovery

#[test]
fn health_checks_ask_every_thirty_seconds() {
    let checks = of_type("global", "AWS::Route53::HealthCheck");
    let intervals = checks
        .iter()
        .filter_map(|(_, c)| c["Properties"]["HealthCheckConfig"].get("RequestInterval"));
    assert_eq!(intervals.filter(|i| **i == 30).count(), 3);
}

#[test]
fn records_are_failover_pairs_and_the_secondary_has_no_check() {
    for pair in ["ServiceRecord", "MarkerRecord"] {
        let primary = properties("global", &format!("{pair}Primary"));
        let standby = properties("global", &format!("{pair}Standby"));
        assert_eq!(
            (&primary["Failover"], &standby["Failover"]),
            (&"PRIMARY".into(), &"SECONDARY".into())
        );
        assert_eq!(primary["HealthCheckId"]["Ref"], "PrimaryOkCheck");
        assert!(standby.get("HealthCheckId").is_none());
    }
}

#[test]
fn primary_failures_are_seen_by_database_connections_and_lambda_errors() {
    assert_eq!(
        alarm_on("DatabaseConnections")["TreatMissingData"],
        "breaching",
        "a dead instance reports nothing"
    );
    assert_eq!(alarm_on("Errors")["Threshold"], 5);
}

#[test]
fn the_trigger_of_the_promotion_is_in_the_dr_region_and_needs_nothing_else() {
    for rule in ["PromoteRule", "ReturnRule"] {
        let rule = properties("dr", rule);
        assert_eq!(rule["EventPattern"]["source"][0], "aws.cloudwatch");
        assert_eq!(
            rule["EventPattern"]["detail"]["alarmName"][0]["Ref"],
            "LeverAlarm"
        );
        assert_eq!(rule["Targets"][0]["Arn"]["Ref"], "Machine");
    }
    let lever = properties("dr", "LeverAlarm");
    assert_eq!(lever["Namespace"], "Switchback/Failover");
    let manifest = json("bundle.json");
    let dr = list(&manifest["stacks"])
        .into_iter()
        .find(|s| s["id"] == "dr")
        .unwrap()
        .clone();
    assert_eq!(dr["region"], "standby");
    for elsewhere in ["base", "service", "global"] {
        assert!(of_type(elsewhere, "AWS::StepFunctions::StateMachine").is_empty());
    }
}

#[test]
fn the_machine_promotes_updates_the_queue_enables_the_source_and_notifies() {
    let machine = properties("dr", "Machine");
    let states = machine["Definition"]["States"].as_object().unwrap();
    let steps = [
        "approval", "cluster", "queues", "sources", "notify", "failed",
    ];
    let called: BTreeSet<&str> = states
        .values()
        .filter_map(|s| s["Parameters"]["do"].as_str())
        .collect();
    assert_eq!(called, BTreeSet::from(steps));
    let manifest = json("bundle.json");
    let promotion = &manifest["traffic"]["promotion"];
    assert_eq!(
        (
            list(&promotion["steps"]).len(),
            list(&promotion["return_steps"]).len()
        ),
        (4, 4)
    );
    let code = std::fs::read_to_string(folder().join("lambda/promotion.py")).unwrap();
    for call in [
        "failover_global_cluster",
        "switchover_global_cluster",
        "AllowDataLoss=True",
        "set_queue_attributes",
        "update_event_source_mapping",
    ] {
        assert!(code.contains(call), "{call}");
    }
}

/// A standby takes payments that nobody may ever promote it for: they are settled all the same.
#[test]
fn the_outbox_is_swept_on_a_schedule_by_age() {
    let rule = properties("dr", "SweepRule");
    assert_eq!(rule["ScheduleExpression"], "rate(5 minutes)");
    assert_eq!(rule["Targets"][0]["Input"], r#"{"do": "sweep"}"#);
    assert_eq!(
        properties("dr", "SweepPermission")["SourceArn"]["Fn::GetAtt"][0],
        "SweepRule"
    );
    let index = &properties("global", "Sessions")["GlobalSecondaryIndexes"][0];
    let keys: Vec<_> = list(&index["KeySchema"])
        .iter()
        .map(|key| text(&key["AttributeName"]).to_owned())
        .collect();
    assert_eq!(keys, ["pending", "createdAt"]);
    assert_eq!(alarm_on("OutboxWaiting")["Threshold"], 0);
}

#[test]
fn no_promotion_without_a_person_by_default() {
    assert_eq!(
        template("dr")["Parameters"]["automaticPromotion"]["Default"],
        "false"
    );
    assert_eq!(
        template("service")["Parameters"]["automaticHold"]["Default"],
        "false"
    );
}

#[test]
fn the_standby_is_passive_until_it_is_promoted() {
    assert_eq!(
        properties("service", "Mapping")["Enabled"]["Fn::If"],
        serde_json::json!(["IsPrimary", true, false])
    );
    let policy = properties("service", "QueuePolicy");
    let passive = &policy["PolicyDocument"]["Statement"][1]["Fn::If"];
    assert_eq!(
        (&passive[0], &passive[1]["Action"]),
        (&"IsStandby".into(), &"sqs:ReceiveMessage".into())
    );
    assert_eq!(resource("service", "QueuePolicy")["DependsOn"], "Mapping");
}

#[test]
fn logs_are_replicated_with_time_control() {
    for bucket in ["LogsBucket", "AssetsBucket"] {
        let rule = &properties("global", bucket)["ReplicationConfiguration"]["Rules"][0];
        assert_eq!(
            rule["Destination"]["ReplicationTime"]["Time"]["Minutes"],
            15
        );
        assert_eq!(
            rule["SourceSelectionCriteria"]["SseKmsEncryptedObjects"]["Status"],
            "Enabled"
        );
        assert!(rule["Destination"]["EncryptionConfiguration"]["ReplicaKmsKeyID"].is_object());
    }
}

// Security and compliance

#[test]
fn everything_at_rest_is_encrypted_with_a_customer_managed_key() {
    let key_of = [
        ("AWS::RDS::DBCluster", "KmsKeyId"),
        ("AWS::SQS::Queue", "KmsMasterKeyId"),
        ("AWS::SNS::Topic", "KmsMasterKeyId"),
        ("AWS::Logs::LogGroup", "KmsKeyId"),
        ("AWS::CloudTrail::Trail", "KMSKeyId"),
    ];
    let mut seen = 0;
    for name in ALL {
        for (kind, property) in key_of {
            for (id, resource) in of_type(name, kind) {
                assert!(resource["Properties"][property].is_object(), "{name} {id}");
                seen += 1;
            }
        }
        for (id, bucket) in of_type(name, "AWS::S3::Bucket") {
            let rule =
                &bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
            assert_eq!(
                rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"], "aws:kms",
                "{id}"
            );
        }
        for (id, function) in of_type(name, "AWS::Lambda::Function") {
            let with_variables = function["Properties"].get("Environment").is_some();
            assert_eq!(
                with_variables,
                function["Properties"].get("KmsKeyArn").is_some(),
                "{id}"
            );
        }
    }
    assert!(seen > 10);
    assert_eq!(properties("base", "Key")["EnableKeyRotation"], true);
}

#[test]
fn everything_travels_encrypted() {
    for name in ["dr", "global"] {
        for (id, _) in of_type(name, "AWS::S3::Bucket") {
            let policy = properties(name, &format!("{id}Policy"));
            let deny = &policy["PolicyDocument"]["Statement"][0];
            assert_eq!(deny["Condition"]["Bool"]["aws:SecureTransport"], "false");
        }
    }
    for (name, policy) in [("service", "QueuePolicy"), ("base", "DeadLettersPolicy")] {
        assert_eq!(
            properties(name, policy)["PolicyDocument"]["Statement"][0]["Sid"],
            "TlsOnly"
        );
    }
    let cdn = &properties("global", "Cdn")["DistributionConfig"];
    let viewer = &cdn["DefaultCacheBehavior"];
    assert_eq!(viewer["ViewerProtocolPolicy"], "redirect-to-https");
    let named = &cdn["ViewerCertificate"]["Fn::If"][1];
    assert_eq!(named["MinimumProtocolVersion"], "TLSv1.2_2021");
    assert_eq!(cdn["Aliases"]["Fn::If"][0], "HasAssetsName");
}

#[test]
fn the_network_has_public_and_private_subnets_in_two_zones() {
    let subnets = of_type("base", "AWS::EC2::Subnet");
    assert_eq!(subnets.len(), 4);
    let routes = of_type("base", "AWS::EC2::Route");
    assert_eq!(routes.len(), 1, "the private subnets have no way out");
    assert_eq!(
        routes[0].1["Properties"]["RouteTableId"]["Ref"],
        "PublicRoutes"
    );
    assert!(of_type("base", "AWS::EC2::NatGateway").is_empty());
}

#[test]
fn the_ways_out_of_the_private_subnets_lead_to_what_is_used_only() {
    let endpoints = of_type("base", "AWS::EC2::VPCEndpoint");
    assert_eq!(endpoints.len(), 4);
    for (id, endpoint) in endpoints {
        for statement in list(&endpoint["Properties"]["PolicyDocument"]["Statement"]) {
            assert!(statement["Resource"].is_object(), "{id}");
            let actions = list(&statement["Action"]);
            assert!(actions.iter().all(|a| !text(a).contains('*')), "{id}");
        }
    }
}

#[test]
fn functions_that_handle_payments_and_the_database_are_in_private_subnets() {
    for function in ["ProcessorFunction", "ConsumerFunction"] {
        assert_eq!(
            properties("service", function)["VpcConfig"]["SubnetIds"]["Ref"],
            "privateSubnets"
        );
    }
    let subnets = &properties("base", "SubnetGroup")["SubnetIds"];
    assert!(
        list(subnets)
            .iter()
            .all(|s| text(s).starts_with("PrivateSubnet"))
    );
    assert!(
        properties("base", "DatabaseGroup")
            .get("SecurityGroupIngress")
            .is_none()
    );
    for (_, instance) in of_type("base", "AWS::RDS::DBInstance") {
        assert_eq!(instance["Properties"]["PubliclyAccessible"], false);
    }
}

#[test]
fn secrets_are_fetched_and_never_made() {
    for name in ALL {
        assert!(of_type(name, "AWS::SecretsManager::Secret").is_empty());
    }
    let password = &properties("base", "Database")["MasterUserPassword"]["Fn::If"][1];
    assert_eq!(
        text(password),
        "{{resolve:secretsmanager:${databaseSecretArn}:SecretString:password}}"
    );
    for role in ["ProcessorRole", "ConsumerRole"] {
        let reads = statements("service")
            .into_iter()
            .find(|(id, s)| id == role && s["Action"] == "secretsmanager:GetSecretValue");
        assert_eq!(reads.unwrap().1["Resource"]["Ref"], "databaseSecretArn");
        let decrypts = statements("service")
            .into_iter()
            .find(|(id, s)| id == role && s["Resource"]["Ref"] == "databaseSecretKeyArn");
        assert_eq!(decrypts.unwrap().1["Action"], "kms:Decrypt", "its own key");
    }
}

/// Where AWS knows no resource, the reason stands in the role's Metadata.
#[test]
fn policies_name_their_resources() {
    const NAMELESS: [&str; 5] = [
        "cloudwatch:PutMetricData",
        "cloudwatch:GetMetricStatistics",
        "logs:DescribeLogGroups",
        "ec2:DescribeNetworkInterfaces",
        "logs:CreateLogDelivery",
    ];
    for name in ALL {
        for (role, statement) in statements(name) {
            let actions = list(&statement["Action"]);
            assert!(
                actions.iter().all(|a| !text(a).contains('*')),
                "{name} {role}: {actions:?}"
            );
            if statement["Resource"] == "*" {
                assert!(
                    NAMELESS.contains(&text(actions[0])),
                    "{name} {role}: {actions:?}"
                );
            }
        }
    }
}

/// Anyone on the internet may call it: it must not be able to pull the metric lever.
#[test]
fn the_function_behind_health_publishes_nothing() {
    let role = &properties("service", "HealthFunction")["Role"]["Fn::GetAtt"][0];
    let granted: Vec<Value> = statements("service")
        .into_iter()
        .filter(|(id, _)| id == role)
        .map(|(_, statement)| statement["Action"].clone())
        .collect();
    assert!(!granted.is_empty());
    assert!(
        !granted
            .iter()
            .any(|actions| actions.to_string().contains("cloudwatch:"))
    );
    for name in ["service", "dr"] {
        for (role, statement) in statements(name) {
            if statement["Action"] == "cloudwatch:PutMetricData" {
                let only = &statement["Condition"]["StringEquals"]["cloudwatch:namespace"];
                assert!(!only.is_null(), "{name} {role}");
            }
        }
    }
}

#[test]
fn every_region_has_a_trail_whose_bucket_takes_it_alone() {
    for name in ["dr", "global"] {
        let trail = properties(name, "Trail");
        assert_eq!(
            (&trail["IsLogging"], &trail["EnableLogFileValidation"]),
            (&true.into(), &true.into())
        );
        let policy = properties(name, "LogsBucketPolicy");
        for statement in &list(&policy["PolicyDocument"]["Statement"])[1..] {
            let source = text(&statement["Condition"]["StringEquals"]["aws:SourceArn"]);
            let own = text(&trail["TrailName"]);
            assert!(source.ends_with(&format!(":trail/{own}")), "{source}");
        }
    }
}

/// Events of IAM, STS, the CDN and Route 53 reach a trail of all regions, or one in us-east-1.
#[test]
fn all_calls_are_logged_those_of_global_services_too_and_once() {
    let seen = ["global", "dr"].map(|name| {
        let trail = properties(name, "Trail");
        [
            trail["IsMultiRegionTrail"].clone(),
            trail["IncludeGlobalServiceEvents"].clone(),
        ]
    });
    assert_eq!(seen, [[true, true], [false, false]]);
    assert_ne!(
        text(&properties("global", "Trail")["TrailName"]),
        text(&properties("dr", "Trail")["TrailName"]),
        "the name of a trail of all regions is taken in each"
    );
    let keys = properties("base", "Key").to_string();
    for name in ["audit", "regional"] {
        assert!(keys.contains(&format!(":trail/trail-{name}-")), "{name}");
    }
}

#[test]
fn functions_network_database_trail_and_machine_log_to_groups_of_the_stacks() {
    for name in ALL {
        for (id, function) in of_type(name, "AWS::Lambda::Function") {
            assert!(
                function["Properties"]["LoggingConfig"]["LogGroup"].is_object(),
                "{id}"
            );
        }
    }
    assert_eq!(properties("base", "FlowLog")["TrafficType"], "ALL");
    assert_eq!(
        properties("base", "Database")["EnableCloudwatchLogsExports"][0],
        "postgresql"
    );
    assert_eq!(
        properties("dr", "Machine")["LoggingConfiguration"]["Level"],
        "ALL"
    );
    assert!(properties("global", "Trail")["CloudWatchLogsLogGroupArn"].is_object());
}

#[test]
fn static_assets_are_read_through_the_cdn_only() {
    let origins = &properties("global", "Cdn")["DistributionConfig"]["Origins"];
    assert!(
        list(origins)
            .iter()
            .all(|o| o["OriginAccessControlId"].is_object())
    );
    for name in ["dr", "global"] {
        let bucket = properties(name, "AssetsBucket");
        assert_eq!(
            bucket["PublicAccessBlockConfiguration"]["RestrictPublicBuckets"],
            true
        );
    }
}

// Monitoring

#[test]
fn response_times_are_held_against_500_milliseconds() {
    let latency = alarm_on("Latency");
    assert_eq!(
        (&latency["Threshold"], &latency["ExtendedStatistic"]),
        (&500.into(), &"p99".into())
    );
    let manifest = json("bundle.json");
    let signals = list(&manifest["signals"]);
    let of_latency: Vec<_> = signals.iter().filter(|s| s["kind"] == "latency").collect();
    assert!(of_latency.len() == 2 && of_latency.iter().all(|s| s["breach"] == 500));
}

#[test]
fn every_alarm_notifies_somebody() {
    for (id, alarm) in alarms() {
        assert!(alarm["AlarmActions"][0].is_object(), "{id}");
    }
}

#[test]
fn replication_is_watched_where_its_metrics_are() {
    let stack_of = |metric: &str| {
        ALL.into_iter().find(|name| {
            of_type(name, "AWS::CloudWatch::Alarm")
                .iter()
                .any(|(_, a)| {
                    a["Properties"]["MetricName"] == metric
                        && a["Properties"]["Namespace"] != "AWS/DynamoDB"
                })
        })
    };
    assert_eq!(stack_of("AuroraGlobalDBReplicationLag"), Some("dr"));
    assert_eq!(
        stack_of("ReplicationLatency"),
        Some("dr"),
        "of S3: the destination"
    );
    assert_eq!(stack_of("ReplicaStalenessSeconds"), Some("dr"));
}

#[test]
fn a_dashboard_shows_both_regions() {
    let body = properties("global", "Dashboard");
    let body = text(&body["DashboardBody"]);
    assert!(
        body.contains(r#""region":"${primaryRegion}""#)
            && body.contains(r#""region":"${standbyRegion}""#)
    );
    let parsed: Result<Value, _> = serde_json::from_str(body);
    assert!(parsed.unwrap()["widgets"].as_array().unwrap().len() > 10);
}

// Constraints

#[test]
fn names_are_resource_type_purpose_and_suffix() {
    let named = [
        "AlarmName",
        "BucketName",
        "DBClusterIdentifier",
        "DBInstanceIdentifier",
        "DashboardName",
        "FunctionName",
        "GlobalClusterIdentifier",
        "LogGroupName",
        "Name",
        "QueueName",
        "RoleName",
        "StateMachineName",
        "TableName",
        "TopicName",
        "TrailName",
    ];
    let mut seen = 0;
    for name in ALL {
        for (id, resource) in template(name)["Resources"].as_object().unwrap() {
            let kind = resource["Type"].as_str().unwrap();
            if kind.starts_with("AWS::Route53")
                || matches!(
                    kind,
                    "AWS::Lambda::Alias"
                        | "AWS::Lambda::Permission"
                        | "AWS::Lambda::Version"
                        | "AWS::Lambda::EventSourceMapping"
                )
            {
                continue;
            }
            for property in named {
                let value = text(&resource["Properties"][property]);
                if property == "GlobalClusterIdentifier" && kind == "AWS::RDS::DBCluster"
                    || value.is_empty()
                    || kind == "AWS::EC2::FlowLog"
                {
                    continue;
                }
                if value.starts_with("aurora-")
                    || !["ProcessorFunction", "Database"].contains(&value)
                {
                    assert!(
                        value.ends_with("${environmentSuffix}") || value.ends_with("/postgresql"),
                        "{name} {id}: {value}"
                    );
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 60, "{seen}");
}

#[test]
fn nothing_outlives_its_stack() {
    for name in ALL {
        for (id, resource) in template(name)["Resources"].as_object().unwrap() {
            let kept = ["DeletionPolicy", "UpdateReplacePolicy"]
                .map(|p| resource.get(p).is_some_and(|v| v != "Delete"));
            assert_eq!(kept, [false, false], "{name} {id}");
        }
    }
    for id in [
        "Database",
        "DatabaseWriter",
        "DatabaseReader",
        "GlobalCluster",
    ] {
        assert_eq!(
            resource("base", id)["DeletionPolicy"],
            "Delete",
            "no final snapshot"
        );
    }
    assert_eq!(properties("base", "Database")["DeletionProtection"], false);
}

#[test]
fn tags_are_environment_project_and_cost_center() {
    let manifest = json("bundle.json");
    assert_eq!(
        manifest["policy"]["tags"],
        serde_json::json!(["Environment", "Project", "CostCenter"])
    );
    let tags = properties("base", "Vpc")["Tags"].clone();
    let keys: Vec<&str> = list(&tags)
        .iter()
        .map(|t| t["Key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["Name", "Environment", "Project", "CostCenter"]);
}

/// The table of `stacks check` looks at fewer types than those that take tags here.
#[test]
fn everything_that_can_carry_tags_does() {
    let untagged = [
        "AWS::ApiGateway::BasePathMapping",
        "AWS::ApiGateway::Deployment",
        "AWS::ApiGateway::Method",
        "AWS::ApiGateway::Resource",
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "AWS::CloudFormation::CustomResource",
        "AWS::CloudFront::OriginAccessControl",
        "AWS::CloudWatch::Dashboard",
        "AWS::DynamoDB::GlobalTable",
        "AWS::EC2::Route",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::IAM::Policy",
        "AWS::ElasticLoadBalancingV2::Listener",
        "AWS::KMS::Alias",
        "AWS::Lambda::Alias",
        "AWS::Lambda::Permission",
        "AWS::Lambda::Version",
        "AWS::RDS::GlobalCluster",
        "AWS::Route53::RecordSet",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::Subscription",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
    ];
    for name in ALL {
        for (id, resource) in template(name)["Resources"].as_object().unwrap() {
            let properties = resource["Properties"].as_object().unwrap();
            let tagged = properties.iter().any(|(key, value)| {
                key.ends_with("Tags") && list(value).iter().any(|tag| tag["Key"] == "CostCenter")
            });
            let kind = resource["Type"].as_str().unwrap();
            assert_ne!(tagged, untagged.contains(&kind), "{name} {id} {kind}");
        }
    }
}

// Forms

#[test]
fn the_yaml_copies_are_what_the_export_writes() {
    let bundle = bundle();
    let mut seen = Vec::new();
    for file in export(&bundle, Format::Yaml).unwrap() {
        let kept = std::fs::read_to_string(folder().join(&file.file)).unwrap_or_default();
        assert!(
            kept == file.text,
            "{} differs: run `switchback stacks export payment-pci --yaml --out stacks/payment-pci`",
            file.file
        );
        assert!(!kept.contains("Fn::"), "{}: short forms only", file.file);
        seen.push(file.file);
    }
    seen.sort();
    assert_eq!(
        seen,
        ["base.yaml", "dr.yaml", "global.yaml", "service.yaml"]
    );
}

#[test]
fn every_body_fits_a_request_as_yaml_too() {
    for name in ALL {
        let minified = template(name).to_string().len();
        let yaml = std::fs::read_to_string(folder().join(format!("{name}.yaml")))
            .unwrap()
            .len();
        println!("{name}: {minified} bytes minified, {yaml} as YAML, of {MAX_BODY_BYTES}");
        assert!(minified <= MAX_BODY_BYTES && yaml <= MAX_BODY_BYTES);
    }
}
