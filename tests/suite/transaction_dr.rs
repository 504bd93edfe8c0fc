//! What was asked of transaction-dr, demand by demand: requirements, constraints and environment of its
//! document, then what the document's README adds.

use serde_json::{Value, json};

const RETAIN: [&str; 2] = ["DeletionPolicy", "UpdateReplacePolicy"];
const LIMIT: usize = 51_200;

fn read(name: &str) -> Value {
    let path = format!(
        "{}/stacks/transaction-dr/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn root() -> Value {
    read("root.json")
}

fn region() -> Value {
    read("region.json")
}

/// The resources of a type, with their logical ids.
fn all<'t>(tree: &'t Value, kind: &str) -> Vec<(&'t str, &'t Value)> {
    let resources = tree["Resources"].as_object().unwrap().iter();
    resources
        .filter(|(_, resource)| resource["Type"] == kind)
        .map(|(id, resource)| (id.as_str(), resource))
        .collect()
}

/// The properties of the one resource of a type.
fn only<'t>(tree: &'t Value, kind: &str) -> &'t Value {
    let found = all(tree, kind);
    assert_eq!(found.len(), 1, "{kind}");
    &found[0].1["Properties"]
}

fn properties<'t>(tree: &'t Value, id: &str) -> &'t Value {
    let found = &tree["Resources"][id]["Properties"];
    assert!(found.is_object(), "no {id}");
    found
}

/// The alarms on a metric: whether only the standby has them, and their properties.
fn alarms<'t>(tree: &'t Value, metric: &str) -> Vec<(bool, &'t Value)> {
    all(tree, "AWS::CloudWatch::Alarm")
        .into_iter()
        .filter(|(_, alarm)| alarm["Properties"]["MetricName"] == metric)
        .map(|(_, alarm)| (alarm["Condition"] == "Standby", &alarm["Properties"]))
        .collect()
}

#[test]
fn requirement_1_the_global_table_is_on_demand_with_point_in_time_recovery() {
    let root = root();
    let table = only(&root, "AWS::DynamoDB::GlobalTable");
    assert_eq!(table["BillingMode"], "PAY_PER_REQUEST");
    let replicas = table["Replicas"].as_array().unwrap();
    let regions: Vec<&Value> = replicas.iter().map(|r| &r["Region"]["Ref"]).collect();
    assert_eq!(regions, ["AWS::Region", "SecondaryRegion"]);
    for replica in replicas {
        let recovery = &replica["PointInTimeRecoverySpecification"];
        assert_eq!(recovery["PointInTimeRecoveryEnabled"], true);
    }
    assert!(all(&region(), "AWS::DynamoDB::GlobalTable").is_empty());
}

#[test]
fn requirement_2_buckets_in_both_regions_are_versioned_and_the_primarys_replicates() {
    let region = region();
    let bucket = only(&region, "AWS::S3::Bucket");
    assert_eq!(bucket["VersioningConfiguration"]["Status"], "Enabled");
    let [condition, replication, otherwise] = bucket["ReplicationConfiguration"]["Fn::If"]
        .as_array()
        .unwrap()
        .as_slice()
    else {
        panic!("no condition");
    };
    assert_eq!(condition, "Primary");
    assert_eq!(otherwise["Ref"], "AWS::NoValue");
    let rule = &replication["Rules"][0];
    assert_eq!(rule["Status"], "Enabled");
    let target = rule["Destination"]["Bucket"]["Fn::Sub"].as_str().unwrap();
    assert!(target.ends_with("-${SecondaryRegion}"), "{target}");
    let time = &rule["Destination"]["ReplicationTime"];
    assert_eq!(*time, json!({"Status": "Enabled", "Time": {"Minutes": 15}}));
}

#[test]
fn requirement_3_records_fail_over_by_health_checks() {
    let root = root();
    assert_eq!(all(&root, "AWS::Route53::HostedZone").len(), 1);
    let records = all(&root, "AWS::Route53::RecordSet");
    let sides: Vec<(&Value, &Value)> = records
        .iter()
        .map(|(_, r)| {
            (
                &r["Properties"]["Failover"],
                &r["Properties"]["HealthCheckId"],
            )
        })
        .collect();
    let ok = json!({"Ref": "PrimaryOkCheck"});
    let primary = json!("PRIMARY");
    let secondary = json!("SECONDARY");
    let pair = [(&primary, &ok), (&secondary, &Value::Null)];
    assert_eq!(sides, [pair, pair].concat(), "service, then marker");
    let combined = &properties(&root, "PrimaryOkCheck")["HealthCheckConfig"];
    assert_eq!(combined["Type"], "CALCULATED");
    assert_eq!(combined["HealthThreshold"], 3);
}

#[test]
fn requirement_4_functions_in_both_regions_learn_their_region_from_the_environment() {
    let region = region();
    let processor = properties(&region, "Processor");
    let environment = &processor["Environment"]["Variables"];
    assert_eq!(environment["BUCKET"], json!({"Ref": "Bucket"}));
    let operations = &properties(&region, "Operations")["Environment"]["Variables"];
    let role = json!({"Fn::If": ["Primary", "primary", "standby"]});
    assert_eq!(operations["ROLE"], role);
    assert!(region["Resources"]["Processor"]["Condition"].is_null());
}

#[test]
fn requirement_5_each_region_has_a_key_called_transaction_encryption() {
    let (root, region) = (root(), region());
    assert_eq!(only(&region, "AWS::KMS::Key")["EnableKeyRotation"], true);
    let alias = &only(&region, "AWS::KMS::Alias")["AliasName"];
    assert_eq!(*alias, json!({"Ref": "KeyAlias"}));
    let passed = properties(&root, "Regions")["Parameters"]
        .as_array()
        .unwrap();
    let passed = passed
        .iter()
        .find(|p| p["ParameterKey"] == "KeyAlias")
        .unwrap();
    let branches = &passed["ParameterValue"]["Fn::If"];
    assert_eq!(branches[0], "Canonical");
    assert_eq!(branches[1], "alias/transaction-encryption");
    assert_eq!(root["Parameters"]["KeyAliasMode"]["Default"], "canonical");
}

#[test]
fn requirement_6_alarms_watch_throttling_replication_lag_and_errors() {
    let region = region();
    for metric in [
        "ReadThrottleEvents",
        "WriteThrottleEvents",
        "Errors",
        "Throttles",
    ] {
        let found = alarms(&region, metric);
        assert_eq!(found.len(), 1, "{metric}");
        assert!(!found[0].0, "{metric} is watched in both regions");
    }
    let lag = alarms(&region, "ReplicationLatency");
    assert_eq!((lag.len(), lag[0].0), (1, true), "where the objects arrive");
    assert_eq!(lag[0].1["Namespace"], "AWS/S3");
    assert_eq!(lag[0].1["Threshold"], 900);
    let table = alarms(&root(), "ReplicationLatency").len();
    assert_eq!(table, 1, "the table's lag, at its source");
}

/// What the processor is refused is an error of it: its alarm would see nothing of an answer, such as 503.
#[test]
fn requirement_6_failures_of_aws_are_errors_that_are_seen() {
    let region = region();
    let code = &properties(&region, "Processor")["Code"]["ZipFile"];
    assert!(!code.as_str().unwrap().contains("503"));
    let manifest = read("bundle.json");
    let watched = |metric: &str| {
        let signals = manifest["signals"].as_array().unwrap();
        signals.iter().filter(|s| s["metric"] == metric).count()
    };
    assert_eq!(
        (watched("5XXError"), watched("NumberOfCopyJobsFailed")),
        (2, 1)
    );
}

#[test]
fn the_assistant_may_replace_the_route_that_it_finds() {
    let role = properties(&root(), "AssistantRole").to_string();
    assert!(role.contains("ec2:CreateRoute") && role.contains("ec2:ReplaceRoute"));
}

#[test]
fn requirement_7_topics_are_in_both_regions_and_encrypted() {
    let region = region();
    let topic = only(&region, "AWS::SNS::Topic");
    assert_eq!(topic["KmsMasterKeyId"], json!({"Ref": "Key"}));
    assert!(region["Resources"]["Topic"]["Condition"].is_null());
}

#[test]
fn requirement_8_functions_of_both_regions_may_assume_a_role_that_reaches_both() {
    let root = root();
    let role = properties(&root, "CrossRegionRole");
    let trusted = &role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"];
    let arn = |id: &str| json!({"Fn::GetAtt": [id, "Arn"]});
    assert_eq!(
        *trusted,
        json!([arn("ProcessorRole"), arn("OperationsRole")])
    );
    for id in ["ProcessorRole", "OperationsRole"] {
        let policies = properties(&root, id)["Policies"].to_string();
        assert!(policies.contains("role/transaction-cross-region-${EnvironmentSuffix}"));
    }
    let tables = role["Policies"].to_string();
    assert!(tables.contains("arn:aws:dynamodb:*:"), "in any region");
}

#[test]
fn requirement_9_the_log_group_is_subscribed_and_its_logs_go_to_the_other_region() {
    let region = region();
    let filter = only(&region, "AWS::Logs::SubscriptionFilter");
    assert_eq!(filter["LogGroupName"], json!({"Ref": "Logs"}));
    let stream = json!({"Fn::GetAtt": ["LogStream", "Arn"]});
    assert_eq!(filter["DestinationArn"], stream);
    let target = &only(&region, "AWS::KinesisFirehose::DeliveryStream")["ExtendedS3DestinationConfiguration"]
        ["BucketARN"]["Fn::Sub"];
    let other =
        json!({"Fn::If": ["Primary", {"Ref": "SecondaryRegion"}, {"Ref": "PrimaryRegion"}]});
    assert!(target[0].as_str().unwrap().ends_with("-${Peer}"));
    assert_eq!(target[1]["Peer"], other);
}

#[test]
fn requirement_10_the_root_puts_out_both_endpoints() {
    let outputs = &root()["Outputs"];
    assert_eq!(
        outputs["PrimaryEndpoint"]["Value"]["Fn::Sub"],
        "https://${Primary.ApiDomain}/prod"
    );
    assert_eq!(
        outputs["SecondaryEndpoint"]["Value"]["Fn::Sub"],
        "https://${Standby.ApiDomain}/prod"
    );
}

#[test]
fn optional_backups_are_copied_to_the_other_region() {
    let (root, region) = (root(), region());
    let rule = &properties(&root, "BackupPlan")["BackupPlan"]["BackupPlanRule"][0];
    let copy = rule["CopyActions"][0]["DestinationBackupVaultArn"]["Fn::Sub"].as_str();
    assert!(copy.unwrap().contains(":${SecondaryRegion}:"));
    let vault = only(&region, "AWS::Backup::BackupVault");
    assert!(vault["EncryptionKeyArn"].is_object());
    let selected = &properties(&root, "BackupSelection")["BackupSelection"]["Resources"];
    assert_eq!(*selected, json!([{"Fn::GetAtt": ["Table", "Arn"]}]));
}

#[test]
fn optional_an_event_rule_starts_the_failover_where_that_is_allowed() {
    let (root, region) = (root(), region());
    let rule = only(&region, "AWS::Events::Rule");
    assert_eq!(rule["EventPattern"]["source"], json!(["aws.cloudwatch"]));
    assert_eq!(rule["ScheduleExpression"], "rate(1 minute)");
    let target = json!({"Fn::GetAtt": ["Operations", "Arn"]});
    assert_eq!(rule["Targets"][0]["Arn"], target);
    assert_eq!(root["Parameters"]["AutomaticHold"]["Default"], "false");
}

#[test]
fn optional_the_parameter_store_holds_each_regions_configuration() {
    let region = region();
    let name = &only(&region, "AWS::SSM::Parameter")["Name"]["Fn::Sub"];
    assert_eq!(name, "/transactions/${EnvironmentSuffix}/config");
}

#[test]
fn expected_output_a_single_template_deploys_both_regions_through_a_stack_set() {
    let root = root();
    let set = only(&root, "AWS::CloudFormation::StackSet");
    assert_eq!(set["PermissionModel"], "SELF_MANAGED");
    let both = json!([{"Ref": "SecondaryRegion"}, {"Ref": "AWS::Region"}]);
    assert_eq!(set["StackInstancesGroup"][0]["Regions"], both);
    let preferences = &set["OperationPreferences"];
    assert_eq!(preferences["RegionOrder"], both, "the standby first");
    assert_eq!(preferences["RegionConcurrencyType"], "SEQUENTIAL");
    for id in ["AdminRole", "ExecutionRole"] {
        assert_eq!(root["Resources"][id]["Type"], "AWS::IAM::Role");
    }
    let inside = set["TemplateBody"].as_str().unwrap();
    assert_eq!(inside, region().to_string(), "minified text of region.json");
}

#[test]
fn constraint_1_the_format_is_json_and_both_bodies_fit() {
    let (root, region) = (root().to_string(), region().to_string());
    println!("root.json: {} of {LIMIT} bytes minified", root.len());
    println!("region.json: {} of {LIMIT} bytes minified", region.len());
    assert!(root.len() <= LIMIT && region.len() <= LIMIT);
    assert!(root.len() > region.len(), "the root holds the other");
}

#[test]
fn constraint_2_the_regions_are_us_east_1_and_us_west_2() {
    let manifest = read("bundle.json");
    let pair = json!({"primary": "us-east-1", "standby": "us-west-2"});
    assert_eq!(manifest["regions"], pair);
    let secondary = &root()["Parameters"]["SecondaryRegion"]["Default"];
    assert_eq!(secondary, "us-west-2");
}

#[test]
fn constraint_3_objectives_are_fifteen_and_five_minutes_and_what_they_rest_on_fits() {
    let manifest = read("bundle.json");
    let objectives = json!({"rto_seconds": 900, "rpo_seconds": 300});
    assert_eq!(manifest["objectives"], objectives);
    let (root, region) = (root(), region());
    let staleness = alarms(&region, "ReplicaStalenessSeconds");
    assert_eq!(staleness[0].1["Threshold"], 300);
    let check = &properties(&root, "PrimaryCheck")["HealthCheckConfig"];
    let detect =
        check["RequestInterval"].as_u64().unwrap() * check["FailureThreshold"].as_u64().unwrap();
    let ttl: u64 = properties(&root, "ServicePrimary")["TTL"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(
        detect + 30 + 18 + 30 + ttl <= 300,
        "phase, timeouts, aggregation"
    );
}

#[test]
fn constraint_4_everything_that_can_be_is_encrypted_with_the_regions_own_key() {
    let (root, region) = (root(), region());
    let key = json!({"Fn::GetAtt": ["Key", "Arn"]});
    let bucket = only(&region, "AWS::S3::Bucket");
    let rule = &bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
    assert_eq!(rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"], key);
    assert_eq!(only(&region, "AWS::Logs::LogGroup")["KmsKeyId"], key);
    for (id, function) in all(&region, "AWS::Lambda::Function") {
        assert_eq!(function["Properties"]["KmsKeyArn"], key, "{id}");
    }
    let stream = only(&region, "AWS::KinesisFirehose::DeliveryStream");
    assert_eq!(
        stream["DeliveryStreamEncryptionConfigurationInput"]["KeyARN"],
        key
    );
    let table = only(&root, "AWS::DynamoDB::GlobalTable");
    assert_eq!(table["SSESpecification"]["SSEType"], "KMS");
    for replica in table["Replicas"].as_array().unwrap() {
        assert!(replica["SSESpecification"]["KMSMasterKeyId"].is_object());
    }
    let replicated = &bucket["ReplicationConfiguration"]["Fn::If"][1]["Rules"][0];
    let selected = &replicated["SourceSelectionCriteria"]["SseKmsEncryptedObjects"];
    assert_eq!(selected["Status"], "Enabled");
    let there = &replicated["Destination"]["EncryptionConfiguration"]["ReplicaKmsKeyID"];
    let there = there["Fn::Sub"].as_str().unwrap();
    assert!(
        there.starts_with("arn:aws:kms:${SecondaryRegion}:"),
        "{there}"
    );
}

#[test]
fn constraint_5_health_checks_monitor_both_regions() {
    let root = root();
    for (id, side) in [("PrimaryCheck", "Primary"), ("StandbyCheck", "Standby")] {
        let config = &properties(&root, id)["HealthCheckConfig"];
        assert_eq!(config["Type"], "HTTPS");
        let host = json!({"Fn::GetAtt": [side, "ApiDomain"]});
        assert_eq!(config["FullyQualifiedDomainName"], host);
    }
}

#[test]
fn constraint_7_functions_reserve_a_concurrency_of_at_least_100() {
    for tree in [root(), region()] {
        let parameter = &tree["Parameters"]["LambdaReservedConcurrency"];
        assert_eq!(parameter["MinValue"], 100);
        for (id, function) in all(&tree, "AWS::Lambda::Function") {
            let reserved = &function["Properties"]["ReservedConcurrentExecutions"];
            assert_eq!(
                *reserved,
                json!({"Ref": "LambdaReservedConcurrency"}),
                "{id}"
            );
        }
    }
    assert_eq!(
        root()["Parameters"]["LambdaReservedConcurrency"]["Default"],
        100
    );
}

#[test]
fn constraint_8_buckets_are_accelerated_and_the_template_says_what_that_does_not_do() {
    let region = region();
    let acceleration = &only(&region, "AWS::S3::Bucket")["AccelerateConfiguration"];
    assert_eq!(*acceleration, json!({"AccelerationStatus": "Enabled"}));
    let comments = root()["Metadata"]["Comments"].to_string();
    assert!(
        comments.contains("replication never takes it"),
        "{comments}"
    );
}

#[test]
fn constraint_9_every_resource_of_both_templates_is_retained() {
    for tree in [root(), region()] {
        for (id, resource) in tree["Resources"].as_object().unwrap() {
            for policy in RETAIN {
                assert_eq!(resource[policy], "Retain", "{id} {policy}");
            }
        }
    }
}

#[test]
fn constraint_10_failover_events_reach_a_topic_in_the_region_where_they_show() {
    let (root, region) = (root(), region());
    let own = json!({"Ref": "Topic"});
    for (id, alarm) in all(&region, "AWS::CloudWatch::Alarm") {
        assert_eq!(alarm["Properties"]["AlarmActions"], json!([own]), "{id}");
    }
    for (id, alarm) in all(&root, "AWS::CloudWatch::Alarm") {
        let topic = alarm["Properties"]["AlarmActions"][0]["Fn::Sub"].as_str();
        assert!(
            topic.unwrap().starts_with("arn:aws:sns:${AWS::Region}:"),
            "{id}"
        );
    }
    for metric in ["FailoverEngaged", "ReplicaStalenessSeconds"] {
        assert!(alarms(&region, metric)[0].0, "{metric} in the standby");
    }
    let watched = &properties(&root, "FailoverAlarm")["Dimensions"][0]["Value"];
    assert_eq!(*watched, json!({"Ref": "PrimaryOkCheck"}));
}

#[test]
fn environment_vpcs_with_private_subnets_are_peered_with_routes_both_ways() {
    let (root, region) = (root(), region());
    let cidr = &only(&region, "AWS::EC2::VPC")["CidrBlock"];
    let blocks = json!({"Fn::If": ["Primary", "10.0.0.0/16", "10.1.0.0/16"]});
    assert_eq!(*cidr, blocks, "they must not overlap");
    assert_eq!(all(&region, "AWS::EC2::Subnet").len(), 2);
    assert!(
        all(&region, "AWS::EC2::InternetGateway").is_empty(),
        "private"
    );
    let inside = &properties(&region, "Processor")["VpcConfig"]["SubnetIds"];
    assert_eq!(inside.as_array().unwrap().len(), 2);
    let peering = only(&root, "AWS::EC2::VPCPeeringConnection");
    assert_eq!(peering["PeerRegion"], json!({"Ref": "SecondaryRegion"}));
    let there = properties(&root, "RouteToStandby");
    let back = properties(&root, "RouteToPrimary");
    assert_eq!(there["DestinationCidrBlock"], "10.1.0.0/16");
    assert_eq!(back["Route"]["DestinationCidrBlock"], "10.0.0.0/16");
    assert_eq!(back["Region"], json!({"Ref": "SecondaryRegion"}));
}

#[test]
fn environment_one_dashboard_shows_both_regions() {
    let root = root();
    let body = &only(&root, "AWS::CloudWatch::Dashboard")["DashboardBody"]["Fn::Sub"];
    let body: Value = serde_json::from_str(body.as_str().unwrap()).unwrap();
    let text = body.to_string();
    for region in ["${AWS::Region}", "${SecondaryRegion}"] {
        assert!(
            text.contains(&format!("\"region\":\"{region}\"")),
            "{region}"
        );
    }
}

#[test]
fn environment_ten_thousand_a_second_is_a_parameter_and_the_template_says_so() {
    let root = root();
    let comments = root["Metadata"]["Comments"].to_string();
    assert!(comments.contains("10,000 TPS"), "{comments}");
    let parameter = &root["Parameters"]["LambdaReservedConcurrency"];
    assert!(parameter["MaxValue"].is_null());
    let table = only(&root, "AWS::DynamoDB::GlobalTable");
    assert_eq!(table["BillingMode"], "PAY_PER_REQUEST");
}

#[test]
fn readme_parameters_are_spelled_as_there_and_no_domain_is_made_up() {
    let parameters = &root()["Parameters"];
    for name in [
        "EnvironmentSuffix",
        "SecondaryRegion",
        "DomainName",
        "HealthCheckPath",
        "LambdaReservedConcurrency",
    ] {
        assert!(parameters[name].is_object(), "{name}");
    }
    assert_eq!(parameters["HealthCheckPath"]["Default"], "/health");
    assert!(parameters["DomainName"]["Default"].is_null());
}

#[test]
fn readme_customers_transactions_are_found_by_an_index() {
    let root = root();
    let table = only(&root, "AWS::DynamoDB::GlobalTable");
    let index = &table["GlobalSecondaryIndexes"][0]["KeySchema"];
    assert_eq!(index[0]["AttributeName"], "customerId");
}

#[test]
fn readme_checks_ask_every_thirty_seconds_and_fail_after_three() {
    let root = root();
    for (id, check) in all(&root, "AWS::Route53::HealthCheck") {
        let config = &check["Properties"]["HealthCheckConfig"];
        if config["Type"] == "HTTPS" {
            assert_eq!(config["RequestInterval"], 30, "{id}");
            assert_eq!(config["FailureThreshold"], 3, "{id}");
        }
    }
}

#[test]
fn readme_buckets_are_private_and_logs_are_kept_for_thirty_days() {
    let region = region();
    let block = &only(&region, "AWS::S3::Bucket")["PublicAccessBlockConfiguration"];
    assert!(block.as_object().unwrap().values().all(|v| *v == true));
    assert_eq!(only(&region, "AWS::Logs::LogGroup")["RetentionInDays"], 30);
    let policy = &only(&region, "AWS::S3::BucketPolicy")["PolicyDocument"];
    assert!(policy.to_string().contains("aws:SecureTransport"));
}

#[test]
fn the_levers_need_nothing_of_the_primary() {
    let (root, region) = (root(), region());
    let lever = &properties(&root, "LeverCheck")["HealthCheckConfig"];
    assert_eq!(
        lever["AlarmIdentifier"]["Region"],
        json!({"Ref": "SecondaryRegion"})
    );
    assert_eq!(lever["InsufficientDataHealthStatus"], "LastKnownStatus");
    assert_eq!(region["Resources"]["LeverAlarm"]["Condition"], "Standby");
    let endpoint = &properties(&root, "EndpointLeverCheck")["HealthCheckConfig"];
    assert_eq!(endpoint["Inverted"], true);
    let host = json!({"Fn::GetAtt": ["Standby", "ApiDomain"]});
    assert_eq!(endpoint["FullyQualifiedDomainName"], host);
}

/// Instances are found by the beginning of their names: one environment's must not begin another's.
#[test]
fn a_suffix_with_a_hyphen_is_refused() {
    let manifest = read("bundle.json");
    let pattern = manifest["suffix"]["pattern"].as_str().unwrap();
    let parameter = &root()["Parameters"]["EnvironmentSuffix"];
    assert_eq!(parameter["AllowedPattern"], pattern);
    let pattern = regex_lite::Regex::new(pattern).unwrap();
    assert!(pattern.is_match("prod2") && !pattern.is_match("prod-eu"));
}
