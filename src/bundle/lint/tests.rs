//! Each rule passes the sample and refuses what is wrong with each of its changed copies.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{check, rules};
use crate::bundle::{Bundle, Manifest, samples};

/// A way to make the sample wrong: file, JSON pointer (`-` adds to a list), the new value (null removes).
type Change = (&'static str, &'static str, Value);

struct Case {
    rule: &'static str,
    changes: Vec<Change>,
    /// Part of the path and of the message of the finding.
    path: &'static str,
    message: &'static str,
}

fn case(rule: &'static str, change: Change, path: &'static str, message: &'static str) -> Case {
    Case {
        rule,
        changes: vec![change],
        path,
        message,
    }
}

/// A promotion as a manifest describes it.
fn promotion() -> Value {
    json!({"region": "standby", "namespace": "N", "dimensions": {"Environment": "${suffix}"}, "approval": "Approved",
           "progress": "Step", "steps": ["promote"], "return_steps": ["return"], "loss": "What is late."})
}

fn changed(changes: &[Change]) -> Bundle {
    let mut manifest = samples::manifest();
    let mut region = samples::region();
    let mut global = samples::global();
    for (file, pointer, value) in changes {
        let tree = match *file {
            "bundle.json" => &mut manifest,
            "region.json" => &mut region,
            _ => &mut global,
        };
        apply(tree, pointer, value);
    }
    let mut bundle = samples::bundle();
    bundle.manifest = Manifest::parse("bundle.json", &manifest.to_string()).unwrap();
    bundle
        .templates
        .insert("region.json".into(), region.to_string());
    bundle
        .templates
        .insert("global.json".into(), global.to_string());
    bundle
}

fn apply(tree: &mut Value, pointer: &str, value: &Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = tree
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("no {pointer}"));
    match (parent, value) {
        (Value::Object(members), Value::Null) => drop(members.remove(key).unwrap()),
        (Value::Object(members), value) => drop(members.insert(key.to_owned(), value.clone())),
        (Value::Array(items), value) if key == "-" => items.push(value.clone()),
        (Value::Array(items), value) => items[key.parse::<usize>().unwrap()] = value.clone(),
        _ => panic!("no {pointer}"),
    }
}

/// A property of a resource of a template.
macro_rules! at {
    ($resource:literal, $path:literal) => {
        concat!("/Resources/", $resource, "/Properties/", $path)
    };
}

/// A stack that the sample's stack set makes.
fn made(region: &str) -> Change {
    let stack = json!({
        "id": format!("made-{region}"), "region": region, "template": "region.json", "name": "StackSet-x-",
        "parameters": {}, "made_by": {"stack": "global", "resource": "Inner"}});
    ("bundle.json", "/stacks/-", stack)
}

/// What is wrong with a stack set that makes both regions, once this property is changed.
fn set_case(rule: &'static str, change: Change, message: &'static str) -> Case {
    let both = ["us-west-2", "us-east-1"];
    let order = json!({"RegionOrder": both, "RegionConcurrencyType": "SEQUENTIAL"});
    let groups = json!([{"Regions": both}]);
    Case {
        rule,
        changes: vec![
            made("standby"),
            made("primary"),
            ("global.json", at!("Inner", "OperationPreferences"), order),
            ("global.json", at!("Inner", "StackInstancesGroup"), groups),
            change,
        ],
        path: "Resources.Inner.Properties",
        message,
    }
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<Case> {
    let inner = |kind: &str| json!({"Resources": {"X": {"Type": kind}}}).to_string();
    vec![
        case(
            "SB101",
            ("region.json", "/Description", "x".repeat(52_000).into()),
            "region.json",
            "bytes minified, 51200 at most",
        ),
        case(
            "SB102",
            ("global.json", at!("Inner", "TemplateBody"), "{".into()),
            "Inner.Properties.TemplateBody",
            "is not the text",
        ),
        case(
            "SB102",
            (
                "global.json",
                at!("Inner", "TemplateBody"),
                json!({"Resources": {}, "Description": "x".repeat(52_000)})
                    .to_string()
                    .into(),
            ),
            "Inner",
            "51200 at most",
        ),
        case(
            "SB103",
            (
                "global.json",
                "/Parameters/domainName/Default",
                "pay.example.com".into(),
            ),
            "Parameters.domainName.Default",
            "can never be deployed",
        ),
        case(
            "SB103",
            (
                "global.json",
                at!("Service", "Name"),
                "api.example.com.".into(),
            ),
            "Service.Properties.Name",
            "can never",
        ),
        case(
            "SB201",
            ("bundle.json", "/stacks/2/parameters/colour", "red".into()),
            "stacks[2].parameters.colour",
            "global.json has no such parameter",
        ),
        case(
            "SB202",
            (
                "bundle.json",
                "/stacks/1/parameters/domainName",
                Value::Null,
            ),
            "stacks[1].parameters",
            "`domainName` of region.json",
        ),
        case(
            "SB203",
            ("bundle.json", "/stacks/0/parameters/role", "spare".into()),
            "stacks[0].parameters.role",
            "does not allow `spare`",
        ),
        case(
            "SB204",
            (
                "bundle.json",
                "/traffic/levers/0/alarm",
                "${primary.LeverAlarmName}".into(),
            ),
            "traffic.levers[0]",
            "stack `primary` never has the output",
        ),
        case(
            "SB205",
            ("bundle.json", "/signals/0/dimensions/Table", "x".into()),
            "signals[0].dimensions",
            "published with ReceivingRegion + TableName",
        ),
        case(
            "SB205",
            ("bundle.json", "/signals/0/metric", "Lag".into()),
            "signals[0].metric",
            "AWS/DynamoDB has no metric Lag",
        ),
        case(
            "SB206",
            ("bundle.json", "/alarms/critical/0", "gone-${suffix}".into()),
            "alarms.critical[0]",
            "no alarm of the standby",
        ),
        case(
            "SB207",
            ("bundle.json", "/stacks/0/capabilities", json!([])),
            "stacks[0].capabilities",
            "CAPABILITY_NAMED_IAM is needed",
        ),
        case(
            "SB207",
            (
                "global.json",
                "/Transform",
                "AWS::Serverless-2016-10-31".into(),
            ),
            "stacks[2].capabilities",
            "CAPABILITY_AUTO_EXPAND",
        ),
        case(
            "SB208",
            (
                "bundle.json",
                "/signals/1/dimensions/FunctionName",
                "g-${suffix}".into(),
            ),
            "signals[1].dimensions.FunctionName",
            "nothing in the primary region is called `g-${suffix}`",
        ),
        case(
            "SB407",
            (
                "region.json",
                at!("Errors", "Dimensions/0/Value"),
                json!({"Fn::Sub": "g-${suffix}"}),
            ),
            "Errors.Properties.Dimensions",
            "region is called `g-sfx9z`",
        ),
        case(
            "SB301",
            (
                "global.json",
                "/Parameters/interval/AllowedValues",
                json!([10, 20]),
            ),
            "RequestInterval",
            "20 is neither 10 nor 30",
        ),
        case(
            "SB302",
            (
                "global.json",
                at!("Ok", "HealthCheckConfig/HealthThreshold"),
                1.into(),
            ),
            "Ok.Properties.HealthCheckConfig.HealthThreshold",
            "must be 2",
        ),
        case(
            "SB303",
            (
                "global.json",
                at!("PrimaryCheck", "HealthCheckConfig/FullyQualifiedDomainName"),
                "arn:aws:lambda:us-east-1:1:function:f".into(),
            ),
            "FullyQualifiedDomainName",
            "is not a host name",
        ),
        case(
            "SB303",
            (
                "global.json",
                at!("PrimaryCheck", "HealthCheckConfig/FullyQualifiedDomainName"),
                json!({"Fn::GetAtt": ["F", "Arn"]}),
            ),
            "FullyQualifiedDomainName",
            "is not a host name",
        ),
        case(
            "SB303",
            (
                "global.json",
                at!("PrimaryCheck", "HealthCheckConfig/FullyQualifiedDomainName"),
                Value::Null,
            ),
            "FullyQualifiedDomainName",
            "is missing",
        ),
        case(
            "SB303",
            (
                "global.json",
                at!("PrimaryCheck", "HealthCheckConfig/EnableSNI"),
                false.into(),
            ),
            "EnableSNI",
            "must be true",
        ),
        case(
            "SB304",
            (
                "global.json",
                at!(
                    "LeverCheck",
                    "HealthCheckConfig/InsufficientDataHealthStatus"
                ),
                "Healthy".into(),
            ),
            "LeverCheck",
            "must be LastKnownStatus",
        ),
        case(
            "SB305",
            (
                "global.json",
                at!("Secondary", "HealthCheckId"),
                json!({"Ref": "Ok"}),
            ),
            "Secondary.Properties.HealthCheckId",
            "must not be there",
        ),
        case(
            "SB306",
            (
                "global.json",
                at!("Service", "TTL"),
                json!({"Fn::If": ["X", "300", "60"]}),
            ),
            "Service.Properties.TTL",
            "is more than 60",
        ),
        case(
            "SB307",
            ("global.json", at!("Secondary", "Weight"), 1.into()),
            "Secondary",
            "both Failover and Weight",
        ),
        case(
            "SB307",
            ("global.json", at!("Service", "Weight"), 900.into()),
            "Service.Properties.Weight",
            "900 is not in 0 to 255",
        ),
        case(
            "SB308",
            ("global.json", at!("Marker", "Weight"), 50.into()),
            "Marker.Properties.Weight",
            "differs from the one of Service",
        ),
        case(
            "SB308",
            ("global.json", at!("Marker", "SetIdentifier"), "x".into()),
            "Marker.Properties.SetIdentifier",
            "no record api",
        ),
        case(
            "SB308",
            ("global.json", at!("Marker", "Name"), "x.y".into()),
            "bundle.json: traffic.marker",
            "no template has a record active",
        ),
        case(
            "SB401",
            (
                "region.json",
                at!("Errors", "Dimensions/0/Name"),
                "Function".into(),
            ),
            "Errors.Properties.Dimensions",
            "published with FunctionName",
        ),
        case(
            "SB401",
            (
                "region.json",
                at!("Errors", "Dimensions/0/Value"),
                json!({"Fn::GetAtt": ["Function", "Arn"]}),
            ),
            "Errors",
            "FunctionName is an ARN",
        ),
        case(
            "SB402",
            (
                "region.json",
                "/Resources/Lag/Condition",
                "IsPrimary".into(),
            ),
            "Lag",
            "published in the standby region",
        ),
        case(
            "SB402",
            (
                "region.json",
                at!("Lag", "MetricName"),
                "OperationsFailedReplication".into(),
            ),
            "Lag",
            "published in the primary region",
        ),
        case(
            "SB403",
            (
                "global.json",
                "/Resources/Route53Alarm/Condition",
                Value::Null,
            ),
            "Route53Alarm",
            "false outside us-east-1",
        ),
        case(
            "SB404",
            ("region.json", at!("Lever", "DatapointsToAlarm"), 2.into()),
            "Lever.Properties.DatapointsToAlarm",
            "must be 1 or absent",
        ),
        case(
            "SB404",
            ("region.json", at!("Lever", "Statistic"), "Average".into()),
            "Lever.Properties.Statistic",
            "must be Maximum",
        ),
        case(
            "SB404",
            ("region.json", at!("Lever", "Threshold"), 0.5.into()),
            "Lever.Properties.Threshold",
            "must be 1",
        ),
        case(
            "SB404",
            ("region.json", at!("Lever", "Unit"), "Count".into()),
            "Lever.Properties.Unit",
            "must not be there",
        ),
        case(
            "SB404",
            ("bundle.json", "/traffic/levers/0/alarm", "gone".into()),
            "traffic.levers[0].alarm",
            "no alarm of the standby",
        ),
        case(
            "SB405",
            (
                "bundle.json",
                "/stacks/2/parameters/topicArn",
                "${standby.TopicArn}".into(),
            ),
            "Route53Alarm.Properties.AlarmActions",
            "tells something in us-west-2",
        ),
        case(
            "SB405",
            (
                "region.json",
                at!("Errors", "AlarmActions/0"),
                "arn:aws:sns:eu-west-1:1:t".into(),
            ),
            "Errors.Properties.AlarmActions",
            "tells something in eu-west-1",
        ),
        case(
            "SB406",
            (
                "region.json",
                at!("Errors", "TreatMissingData"),
                Value::Null,
            ),
            "Errors",
            "must be said",
        ),
        case(
            "SB408",
            (
                "region.json",
                at!("Topic", "KmsMasterKeyId"),
                "alias/aws/sns".into(),
            ),
            "Topic.Properties.KmsMasterKeyId",
            "no alarm can publish",
        ),
        Case {
            rule: "SB408",
            changes: vec![
                (
                    "region.json",
                    "/Resources/Key",
                    json!({
                    "Type": "AWS::KMS::Key", "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete",
                    "Properties": {"KeyPolicy": {"Statement": [{"Principal": {"Service": "cloudwatch.amazonaws.com"},
                        "Action": "kms:Decrypt"}]}}}),
                ),
                (
                    "region.json",
                    at!("Topic", "KmsMasterKeyId"),
                    json!({"Fn::GetAtt": ["Key", "Arn"]}),
                ),
            ],
            path: "Topic.Properties.KmsMasterKeyId",
            message: "does not let cloudwatch.amazonaws.com",
        },
        case(
            "SB501",
            (
                "region.json",
                at!(
                    "Bucket",
                    "ReplicationConfiguration/Fn::If/1/Rules/0/Destination/ReplicationTime/Time/Minutes"
                ),
                5.into(),
            ),
            "Bucket",
            "must be 15",
        ),
        case(
            "SB502",
            (
                "global.json",
                at!("Table", "Replicas/1/PointInTimeRecoverySpecification"),
                Value::Null,
            ),
            "Replicas[1].PointInTimeRecoverySpecification",
            "must be true",
        ),
        case(
            "SB503",
            (
                "global.json",
                at!("Table", "Replicas/1/SSESpecification"),
                Value::Null,
            ),
            "Replicas[1].SSESpecification",
            "is missing",
        ),
        case(
            "SB504",
            (
                "global.json",
                at!("Table", "StreamSpecification"),
                Value::Null,
            ),
            "Table.Properties.StreamSpecification",
            "is missing",
        ),
        case(
            "SB505",
            (
                "global.json",
                at!("Table", "Replicas/0/Region"),
                "eu-west-1".into(),
            ),
            "Table.Properties.Replicas",
            "none is in us-east-1",
        ),
        case(
            "SB505",
            ("bundle.json", "/stacks/0/template", "global.json".into()),
            "Table",
            "is made by 2 stacks",
        ),
        case(
            "SB506",
            (
                "region.json",
                at!("Bucket", "VersioningConfiguration/Status"),
                "Suspended".into(),
            ),
            "VersioningConfiguration",
            "must be Enabled",
        ),
        case(
            "SB507",
            (
                "region.json",
                at!("Bucket", "BucketName"),
                json!({"Fn::Sub": "a.b-${suffix}-${AWS::Region}"}),
            ),
            "BucketName",
            "has a dot",
        ),
        case(
            "SB508",
            (
                "region.json",
                "/Resources/Database",
                json!({"Type": "AWS::RDS::DBCluster", "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete",
                       "Properties": {"GlobalClusterIdentifier": "elsewhere", "MasterUsername": "root"}}),
            ),
            "Database.Properties.MasterUsername",
            "comes from the primary cluster",
        ),
        case(
            "SB509",
            ("bundle.json", "/traffic/promotion", promotion()),
            "traffic.promotion",
            "no rule of the standby starts",
        ),
        Case {
            rule: "SB509",
            changes: vec![
                ("bundle.json", "/traffic/promotion", promotion()),
                (
                    "region.json",
                    "/Resources/Machine",
                    json!({"Type": "AWS::StepFunctions::StateMachine", "Properties": {}}),
                ),
            ],
            path: "Resources.Machine",
            message: "is in the primary",
        },
        case(
            "SB510",
            (
                "region.json",
                at!("Bucket", "BucketEncryption"),
                json!({"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}),
            ),
            "SourceSelectionCriteria",
            "must select SseKmsEncryptedObjects",
        ),
        case(
            "SB601",
            ("region.json", at!("Topic", "TopicName"), "topic".into()),
            "Topic.Properties.TopicName",
            "`topic` is without the suffix",
        ),
        case(
            "SB601",
            (
                "region.json",
                at!("Topic", "TopicName"),
                json!({"Fn::If": ["Reserves", {"Fn::Sub": "t-${suffix}"}, "topic"]}),
            ),
            "TopicName",
            "`topic` is without",
        ),
        case(
            "SB602",
            (
                "region.json",
                at!("Role", "RoleName"),
                json!({"Fn::Sub": "role-${suffix}"}),
            ),
            "Role.Properties.RoleName",
            "is taken 2 times",
        ),
        case(
            "SB701",
            (
                "region.json",
                "/Resources/Bucket/DeletionPolicy",
                Value::Null,
            ),
            "Bucket.DeletionPolicy",
            "must be Delete",
        ),
        case(
            "SB701",
            (
                "region.json",
                "/Resources/Topic/UpdateReplacePolicy",
                "Retain".into(),
            ),
            "Topic.UpdateReplacePolicy",
            "must be Delete",
        ),
        case(
            "SB701",
            ("bundle.json", "/policy/retain", "always".into()),
            "Topic.DeletionPolicy",
            "must be Retain",
        ),
        case(
            "SB702",
            (
                "global.json",
                at!("Table", "Replicas/0/DeletionProtectionEnabled"),
                true.into(),
            ),
            "Table",
            "must be false",
        ),
        case(
            "SB703",
            ("region.json", at!("Empty", "Bucket"), Value::Null),
            "Bucket",
            "nobody empties it",
        ),
        case(
            "SB704",
            (
                "region.json",
                at!("Topic", "Tags/1"),
                json!({"Key": "x", "Value": "y"}),
            ),
            "Topic.Properties.Tags",
            "has no tag Region",
        ),
        case(
            "SB704",
            ("global.json", at!("Table", "Replicas/1/Tags"), Value::Null),
            "Replicas[1].Tags",
            "has no tag Environment",
        ),
        case(
            "SB704",
            (
                "global.json",
                at!("Inner", "TemplateBody"),
                inner("AWS::SNS::Topic").into(),
            ),
            "Inner.Properties.TemplateBody: Resources.X",
            "has no tag",
        ),
        case(
            "SB801",
            (
                "region.json",
                at!("Function", "Code/ZipFile"),
                "pass".into(),
            ),
            "Function.Properties.Code.ZipFile",
            "is not the text of lambda/f.py",
        ),
        case(
            "SB801",
            (
                "region.json",
                "/Resources/Function/Metadata/Source",
                "lambda/g.py".into(),
            ),
            "Function",
            "lambda/g.py cannot be read",
        ),
        case(
            "SB801",
            ("region.json", "/Resources/Function/Metadata", Value::Null),
            "Function.Metadata.Source",
            "is missing",
        ),
        case(
            "SB801",
            (
                "global.json",
                "/Resources/Inner/Metadata",
                json!({"Source": "lambda/f.py"}),
            ),
            "Inner.Properties.TemplateBody",
            "is not the text of lambda/f.py",
        ),
        Case {
            rule: "SB202",
            changes: vec![
                made("standby"),
                (
                    "global.json",
                    at!("Inner", "TemplateBody"),
                    json!({"Parameters": {"needed": {"Type": "String"}}, "Resources": {}})
                        .to_string()
                        .into(),
                ),
            ],
            path: "bundle.json: stacks[3].parameters",
            message: "`needed` of global.json",
        },
        case(
            "SB901",
            (
                "global.json",
                at!("Inner", "Parameters"),
                json!([{"ParameterKey": "colour", "ParameterValue": "red"}]),
            ),
            "Inner.Properties.TemplateBody",
            "has no parameter `colour`",
        ),
        set_case(
            "SB902",
            (
                "global.json",
                at!("Inner", "OperationPreferences/RegionOrder"),
                json!(["us-east-1", "us-west-2"]),
            ),
            "must be us-west-2, us-east-1",
        ),
        set_case(
            "SB902",
            (
                "global.json",
                at!("Inner", "OperationPreferences/RegionConcurrencyType"),
                "PARALLEL".into(),
            ),
            "must be SEQUENTIAL",
        ),
        set_case(
            "SB903",
            (
                "global.json",
                at!("Inner", "StackInstancesGroup/0/Regions"),
                json!(["us-west-2"]),
            ),
            "makes nothing in us-east-1",
        ),
        case(
            "SB904",
            (
                "global.json",
                at!("Inner", "TemplateBody"),
                inner("AWS::IAM::Role").into(),
            ),
            "Inner.Properties.Capabilities",
            "CAPABILITY_IAM is needed",
        ),
        case(
            "SB802",
            (
                "region.json",
                "/Parameters/runtime/Default",
                "python3.9".into(),
            ),
            "Function.Properties.Runtime",
            "must be python3.11",
        ),
        case(
            "SB803",
            (
                "region.json",
                at!("Function", "ReservedConcurrentExecutions"),
                Value::Null,
            ),
            "ReservedConcurrentExecutions",
            "must be 100",
        ),
        case(
            "SB803",
            ("bundle.json", "/policy/reserved_concurrency", 0.into()),
            "ReservedConcurrentExecutions",
            "must be 0",
        ),
        case(
            "SB804",
            (
                "region.json",
                at!("InvokePermission", "Principal"),
                "s3.amazonaws.com".into(),
            ),
            "Url",
            "nobody is permitted lambda:InvokeFunction",
        ),
    ]
}

#[test]
fn the_sample_passes_every_rule() {
    let findings = check(&changed(&[]));
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn each_rule_refuses_what_it_is_for() {
    for case in cases() {
        let findings = check(&changed(&case.changes));
        assert!(
            findings.iter().any(|f| f.rule == case.rule
                && f.path.contains(case.path)
                && f.message.contains(case.message)),
            "{} {} {}: {findings:#?}",
            case.rule,
            case.path,
            case.message
        );
    }
}

#[test]
fn every_rule_has_a_case_and_a_number_of_its_own() {
    let cases: BTreeSet<&str> = cases().iter().map(|case| case.rule).collect();
    let mut seen = BTreeSet::new();
    for rule in rules() {
        assert!(cases.contains(rule.id), "{} has no case", rule.id);
        assert!(seen.insert(rule.id), "{} is there twice", rule.id);
        assert!(!rule.title.is_empty() && !rule.source.is_empty());
    }
    assert_eq!(cases, seen);
}

#[test]
fn the_shipped_bundles_pass_and_use_known_types_only() {
    for bundle in crate::bundle::catalogue(None).unwrap() {
        let findings = check(&bundle);
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert!(
            lines.is_empty(),
            "{}:\n{}",
            bundle.manifest.name,
            lines.join("\n")
        );
        let context = super::Context::new(&bundle);
        for resource in context.resources() {
            assert!(
                super::tables::kind(resource.kind).is_some(),
                "{}: {} is not in the tables",
                resource.path(),
                resource.kind
            );
        }
    }
}

#[test]
fn a_hostile_template_is_judged_without_a_panic() {
    for tree in [
        json!(null),
        json!([]),
        json!({"Resources": []}),
        json!({"Resources": {"A": null, "B": {"Type": 1}, "C": {"Type": "AWS::S3::Bucket", "Properties": []}}}),
        json!({"Conditions": {"A": {"Condition": "A"}, "B": {"Fn::And": [{"Condition": "B"}]}},
               "Resources": {"X": {"Type": "AWS::SNS::Topic", "Condition": "A", "Properties": {"TopicName": {"Fn::If": []}}},
                             "Y": {"Type": "AWS::SNS::Topic", "Condition": "B", "Properties": {"TopicName": {"Fn::Sub": ["${"]}}}}}),
    ] {
        let mut bundle = samples::bundle();
        bundle
            .templates
            .insert("region.json".into(), tree.to_string());
        bundle
            .templates
            .insert("global.json".into(), tree.to_string());
        drop(check(&bundle));
    }
}

/// The JSON pointers of every value below.
fn pointers(tree: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match tree {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointers(item, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(members) => {
            for (key, inner) in members {
                let key = key.replace('~', "~0").replace('/', "~1");
                pointers(inner, &format!("{at}/{key}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn no_value_in_any_place_makes_a_rule_panic() {
    let odd = [
        json!(null),
        json!({}),
        json!([]),
        json!("${"),
        json!(-1e300),
        json!({"Ref": []}),
        json!({"Fn::If": ["IsPrimary"]}),
        json!({"Fn::GetAtt": []}),
        json!({"Fn::Sub": {}}),
    ];
    let mut bundle = samples::bundle();
    for (file, tree) in [
        ("region.json", samples::region()),
        ("global.json", samples::global()),
    ] {
        let mut places = Vec::new();
        pointers(&tree, "", &mut places);
        for (place, value) in places.iter().zip(odd.iter().cycle()) {
            let mut changed = tree.clone();
            *changed.pointer_mut(place).unwrap() = value.clone();
            bundle.templates.insert(file.into(), changed.to_string());
            drop(check(&bundle));
            drop(crate::bundle::yaml::template(&changed));
        }
        bundle.templates.insert(file.into(), tree.to_string());
    }
}
