//! A small bundle for tests, with one of everything that the rules look at; nothing is wrong with it.

use std::path::Path;

use serde_json::{Value, json};

use crate::bundle::{Bundle, catalogue};

/// The text of `lambda/f.py`.
pub(crate) const SOURCE: &str = "def handler(event, context):\n    return \"ok\"\n";

pub(crate) fn manifest() -> Value {
    let requests = |id: &str, region: &str| {
        json!({"id": id, "kind": "requests", "label": "requests", "region": region, "pair": "requests",
               "namespace": "AWS/Lambda", "metric": "Invocations", "statistic": "Sum", "unit": "/min",
               "dimensions": {"FunctionName": "f-${suffix}"}, "missing": "zero"})
    };
    json!({
        "schema": 1, "name": "sample", "title": "A sample",
        "regions": {"primary": "us-east-1", "standby": "us-west-2"},
        "suffix": {"parameter": "suffix", "pattern": "^[a-z0-9][a-z0-9-]{0,19}$"},
        "objectives": {"rto_seconds": 900, "rpo_seconds": 300},
        "policy": {"retain": "never", "reserved_concurrency": 100},
        "parameters": [
            {"name": "domainName", "label": "Domain", "required": true, "pattern": "^[a-z.]+$"},
            {"name": "size", "label": "Size", "pattern": "^(small|large)$", "required": false, "default": "small"},
            {"name": "concurrency", "label": "Concurrency", "required": false, "default": "100"}
        ],
        "stacks": [
            {"id": "standby", "region": "standby", "template": "region.json", "name": "sample-${suffix}",
             "capabilities": ["CAPABILITY_NAMED_IAM"],
             "parameters": {"suffix": "${suffix}", "role": "standby", "size": "${size}",
                            "reserved": "${concurrency}", "domainName": "${domainName}"}},
            {"id": "primary", "region": "primary", "template": "region.json", "name": "sample-${suffix}",
             "capabilities": ["CAPABILITY_NAMED_IAM"], "after": ["standby"],
             "parameters": {"suffix": "${suffix}", "role": "primary", "size": "${size}",
                            "reserved": "${concurrency}", "domainName": "${domainName}",
                            "standbyBucketArn": "${standby.BucketArn}"}},
            {"id": "global", "region": "primary", "template": "global.json",
             "name": "sample-global-${suffix}", "after": ["standby", "primary"],
             "parameters": {"suffix": "${suffix}", "domainName": "${domainName}",
                            "topicArn": "${primary.TopicArn}", "alarm": "${standby.LeverAlarmName}"}}
        ],
        "delete_order": ["global", "primary", "standby"],
        "alarms": {"critical": ["errors-${suffix}"]},
        "signals": [
            {"id": "lag", "kind": "replication_lag", "label": "lag", "region": "primary",
             "namespace": "AWS/DynamoDB", "metric": "ReplicationLatency", "statistic": "Maximum",
             "unit": "ms", "dimensions": {"TableName": "table-${suffix}", "ReceivingRegion": "${region.standby}"},
             "warn": 60000, "breach": 300_000},
            requests("requests-primary", "primary"),
            requests("requests-standby", "standby")
        ],
        "traffic": {
            "routing": "weighted", "record": "api.${domainName}", "marker": "active.${domainName}",
            "zone": "${global.ZoneId}",
            "endpoints": {"primary": "https://${primary.Host}/health", "standby": "https://${standby.Host}/health"},
            "checks": {"primary": "${global.PrimaryCheckId}", "standby": "${global.PrimaryCheckId}", "combined": "${global.OkCheckId}"},
            "levers": [
                {"kind": "metric", "region": "standby", "namespace": "Switchback/Failover",
                 "dimensions": {"Environment": "${suffix}"}, "alarm": "${standby.LeverAlarmName}"},
                {"kind": "endpoint", "region": "standby", "stack": "standby", "parameter": "engaged",
                 "url": "https://${standby.Host}/lever"},
                {"kind": "force", "check": "combined"},
                {"kind": "records"}
            ]
        }
    })
}

fn tags() -> Value {
    json!([{"Key": "Environment", "Value": {"Ref": "suffix"}}, {"Key": "Region", "Value": {"Ref": "AWS::Region"}}])
}

fn sub(pattern: &str) -> Value {
    json!({"Fn::Sub": pattern})
}

fn alarm(name: &str, more: &Value) -> Value {
    let mut properties = json!({
        "AlarmName": sub(&format!("{name}-${{suffix}}")), "Statistic": "Maximum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "ignore", "Tags": tags()
    });
    for (key, value) in more.as_object().unwrap() {
        properties[key] = value.clone();
    }
    json!({"Type": "AWS::CloudWatch::Alarm", "Properties": properties})
}

fn function(name: &str) -> Value {
    json!({
        "Type": "AWS::Lambda::Function", "Metadata": {"Source": "lambda/f.py"},
        "Properties": {
            "FunctionName": sub(name), "Runtime": {"Ref": "runtime"}, "Handler": "index.handler",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Code": {"ZipFile": SOURCE},
            "ReservedConcurrentExecutions": {"Fn::If": ["Reserves", {"Ref": "reserved"}, {"Ref": "AWS::NoValue"}]},
            "Tags": tags()
        }
    })
}

#[expect(clippy::too_many_lines, reason = "a template")]
pub(crate) fn region() -> Value {
    let mut lag = alarm(
        "lag",
        &json!({
        "Namespace": "AWS/S3", "MetricName": "ReplicationLatency",
        "Dimensions": [{"Name": "SourceBucket", "Value": "a"}, {"Name": "DestinationBucket", "Value": "b"},
                       {"Name": "RuleId", "Value": "r"}]}),
    );
    lag["Condition"] = "IsStandby".into();
    let mut lever = alarm(
        "lever",
        &json!({
        "Namespace": "Switchback/Failover", "MetricName": "FailoverEngaged",
        "Dimensions": [{"Name": "Environment", "Value": {"Ref": "suffix"}}]}),
    );
    lever["Condition"] = "IsStandby".into();
    let errors = alarm(
        "errors",
        &json!({
        "Namespace": "AWS/Lambda", "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": "Function"}}],
        "AlarmActions": [{"Ref": "Topic"}]}),
    );
    json!({
        "Parameters": {
            "suffix": {"Type": "String"}, "role": {"Type": "String", "AllowedValues": ["primary", "standby"]},
            "size": {"Type": "String", "Default": "small"}, "domainName": {"Type": "String"},
            "reserved": {"Type": "Number", "Default": 100}, "runtime": {"Type": "String", "Default": "python3.11"},
            "engaged": {"Type": "String", "Default": "false"}, "standbyBucketArn": {"Type": "String", "Default": ""}
        },
        "Conditions": {
            "IsPrimary": {"Fn::Equals": [{"Ref": "role"}, "primary"]},
            "IsStandby": {"Fn::Not": [{"Condition": "IsPrimary"}]},
            "Reserves": {"Fn::Not": [{"Fn::Equals": [{"Ref": "reserved"}, 0]}]}
        },
        "Resources": {
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": sub("topic-${suffix}"), "Tags": tags()}},
            "Role": {"Type": "AWS::IAM::Role",
                     "Properties": {"RoleName": sub("role-${suffix}-${AWS::Region}"), "Tags": tags()}},
            "Function": function("f-${suffix}"),
            "Url": {"Type": "AWS::Lambda::Url",
                    "Properties": {"AuthType": "NONE", "TargetFunctionArn": {"Fn::GetAtt": ["Function", "Arn"]}}},
            "UrlPermission": {"Type": "AWS::Lambda::Permission", "Properties": {
                "FunctionName": {"Ref": "Function"}, "Action": "lambda:InvokeFunctionUrl", "Principal": "*"}},
            "InvokePermission": {"Type": "AWS::Lambda::Permission", "Properties": {
                "FunctionName": {"Ref": "Function"}, "Action": "lambda:InvokeFunction", "Principal": "*"}},
            "Bucket": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete",
                "Properties": {
                    "BucketName": sub("bucket-${suffix}-${AWS::AccountId}-${AWS::Region}"),
                    "AccelerateConfiguration": {"AccelerationStatus": "Enabled"},
                    "VersioningConfiguration": {"Status": "Enabled"}, "Tags": tags(),
                    "ReplicationConfiguration": {"Fn::If": ["IsPrimary", {"Rules": [{"Destination": {
                        "Bucket": {"Ref": "standbyBucketArn"}, "ReplicationTime": {"Time": {"Minutes": 15}},
                        "Metrics": {"EventThreshold": {"Minutes": 15}}}}]}, {"Ref": "AWS::NoValue"}]}}},
            "Empty": {"Type": "AWS::CloudFormation::CustomResource", "Properties": {
                "ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}, "Bucket": {"Ref": "Bucket"}}},
            "Lag": lag, "Lever": lever, "Errors": errors
        },
        "Outputs": {
            "TopicArn": {"Value": {"Ref": "Topic"}},
            "BucketArn": {"Value": {"Fn::GetAtt": ["Bucket", "Arn"]}},
            "Host": {"Value": "f.example"},
            "LeverAlarmName": {"Condition": "IsStandby", "Value": {"Ref": "Lever"}}
        }
    })
}

fn check(config: &Value) -> Value {
    json!({"Type": "AWS::Route53::HealthCheck",
           "Properties": {"HealthCheckConfig": config, "HealthCheckTags": tags()}})
}

fn record(label: &str, more: &Value) -> Value {
    let mut properties = json!({
        "Name": sub(&format!("{label}.${{domainName}}")), "Type": "TXT", "TTL": "60",
        "ResourceRecords": ["x"], "HostedZoneId": "Z1"
    });
    for (key, value) in more.as_object().unwrap() {
        properties[key] = value.clone();
    }
    json!({"Type": "AWS::Route53::RecordSet", "Properties": properties})
}

pub(crate) fn global() -> Value {
    let replica = |region: &str| {
        json!({"Region": region, "DeletionProtectionEnabled": false, "Tags": tags(),
               "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true},
               "SSESpecification": {"KMSMasterKeyId": "alias/k"}})
    };
    let primary =
        json!({"SetIdentifier": "primary", "Weight": 100, "HealthCheckId": {"Ref": "Ok"}});
    let inner = json!({"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"Tags": tags()}}}});
    let mut route53 = alarm(
        "route53",
        &json!({
        "Namespace": "AWS/Route53", "MetricName": "HealthCheckStatus",
        "Dimensions": [{"Name": "HealthCheckId", "Value": {"Ref": "Ok"}}],
        "AlarmActions": [{"Ref": "topicArn"}]}),
    );
    route53["Condition"] = "InVirginia".into();
    json!({
        "Parameters": {
            "suffix": {"Type": "String"}, "domainName": {"Type": "String"}, "topicArn": {"Type": "String"},
            "alarm": {"Type": "String"},
            "interval": {"Type": "Number", "Default": 30, "AllowedValues": [10, 30]}
        },
        "Conditions": {"InVirginia": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}},
        "Resources": {
            "Table": {"Type": "AWS::DynamoDB::GlobalTable", "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete",
                "Properties": {
                    "TableName": sub("table-${suffix}"), "SSESpecification": {"SSEEnabled": true, "SSEType": "KMS"},
                    "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
                    "Replicas": [replica("us-east-1"), replica("us-west-2")]}},
            "PrimaryCheck": check(&json!({"Type": "HTTPS", "FullyQualifiedDomainName": {"Ref": "domainName"},
                "EnableSNI": true, "RequestInterval": {"Ref": "interval"}})),
            "LeverCheck": check(&json!({"Type": "CLOUDWATCH_METRIC", "InsufficientDataHealthStatus": "LastKnownStatus",
                "AlarmIdentifier": {"Name": {"Ref": "alarm"}, "Region": "us-west-2"}})),
            "Ok": check(&json!({"Type": "CALCULATED", "HealthThreshold": 2,
                "ChildHealthChecks": [{"Ref": "PrimaryCheck"}, {"Ref": "LeverCheck"}]})),
            "Service": record("api", &primary),
            "Marker": record("active", &primary),
            "Secondary": record("other", &json!({"SetIdentifier": "s", "Failover": "SECONDARY"})),
            "Route53Alarm": route53,
            "Inner": {"Type": "AWS::CloudFormation::StackSet", "Properties": {
                "StackSetName": sub("set-${suffix}"), "Tags": tags(), "TemplateBody": inner.to_string()}}
        },
        "Outputs": {
            "ZoneId": {"Value": "Z1"}, "PrimaryCheckId": {"Value": {"Ref": "PrimaryCheck"}},
            "OkCheckId": {"Value": {"Ref": "Ok"}}
        }
    })
}

/// The sample in a folder of a temporary directory.
pub(crate) fn on_disk(manifest: &Value) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("sample"), manifest, &region(), &global());
    dir
}

fn write(folder: &Path, manifest: &Value, region: &Value, global: &Value) {
    std::fs::create_dir_all(folder.join("lambda")).unwrap();
    std::fs::write(folder.join("bundle.json"), manifest.to_string()).unwrap();
    std::fs::write(folder.join("region.json"), region.to_string()).unwrap();
    std::fs::write(folder.join("global.json"), global.to_string()).unwrap();
    std::fs::write(folder.join("lambda/f.py"), SOURCE).unwrap();
}

pub(crate) fn bundle() -> Bundle {
    let dir = on_disk(&manifest());
    catalogue(Some(dir.path())).unwrap().remove(0)
}
