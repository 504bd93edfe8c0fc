//! How long CloudFormation takes for a resource, in seconds, and which changes replace it.
//!
//! The durations are what stacks of this size usually show in their events; they are not documented by AWS.

use serde_json::Value;

/// What is done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rehearsal::world) enum Doing {
    Create,
    Update,
    Delete,
}

/// Seconds to create, to update and to delete.
const SLOW: [(&str, [u64; 3]); 39] = [
    ("AWS::DynamoDB::GlobalTable", [75, 40, 45]),
    ("AWS::DynamoDB::Table", [30, 20, 15]),
    ("AWS::IAM::Role", [18, 8, 5]),
    ("AWS::IAM::ManagedPolicy", [16, 8, 4]),
    ("AWS::IAM::Policy", [15, 8, 3]),
    ("AWS::Lambda::Function", [12, 14, 6]),
    ("AWS::S3::Bucket", [22, 8, 4]),
    ("AWS::SQS::Queue", [62, 5, 62]),
    ("AWS::SNS::Topic", [11, 4, 4]),
    ("AWS::KMS::Key", [32, 6, 4]),
    ("AWS::KMS::ReplicaKey", [40, 6, 4]),
    ("AWS::SecretsManager::Secret", [10, 6, 6]),
    ("AWS::Events::Rule", [62, 6, 6]),
    ("AWS::Route53::HostedZone", [42, 6, 34]),
    ("AWS::Route53::RecordSet", [36, 36, 36]),
    ("AWS::Route53::RecordSetGroup", [36, 36, 36]),
    ("AWS::Route53::HealthCheck", [6, 5, 4]),
    ("AWS::Logs::LogGroup", [5, 3, 3]),
    ("AWS::EC2::VPC", [14, 4, 4]),
    ("AWS::EC2::NatGateway", [110, 4, 70]),
    ("AWS::EC2::InternetGateway", [18, 4, 14]),
    ("AWS::EC2::VPCEndpoint", [80, 15, 70]),
    ("AWS::EC2::VPCPeeringConnection", [12, 4, 8]),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", [140, 10, 20]),
    ("AWS::RDS::GlobalCluster", [12, 10, 10]),
    ("AWS::RDS::DBCluster", [240, 120, 180]),
    ("AWS::RDS::DBInstance", [480, 180, 300]),
    ("AWS::CloudFront::Distribution", [240, 180, 210]),
    ("AWS::Backup::BackupVault", [8, 3, 5]),
    ("AWS::Synthetics::Canary", [35, 30, 20]),
    ("AWS::StepFunctions::StateMachine", [10, 6, 60]),
    ("AWS::CloudFormation::CustomResource", [14, 12, 22]),
    ("AWS::CloudFormation::StackSet", [20, 20, 20]),
    ("AWS::CloudTrail::Trail", [10, 5, 5]),
    ("AWS::EC2::VPCGatewayAttachment", [16, 4, 32]),
    ("AWS::KinesisFirehose::DeliveryStream", [65, 12, 25]),
    ("AWS::Lambda::Alias", [45, 30, 8]),
    ("AWS::Lambda::EventSourceMapping", [32, 25, 62]),
    ("AWS::RDS::DBSubnetGroup", [12, 6, 6]),
];

/// A gateway endpoint is a route, an interface endpoint a machine.
const GATEWAY: u64 = 8;

/// Everything else.
const USUAL: [u64; 3] = [5, 4, 3];

/// A function in a VPC goes only when Lambda has given its network interfaces back (facts/aws.md §4.2: 20 to 45
/// minutes when it goes badly).
const INTERFACES: u64 = 420;

pub(in crate::rehearsal::world) fn seconds(kind: &str, doing: Doing, properties: &Value) -> u64 {
    if kind == "AWS::Lambda::Function"
        && doing == Doing::Delete
        && properties.get("VpcConfig").is_some_and(|v| !v.is_null())
    {
        return INTERFACES;
    }
    if kind == "AWS::EC2::VPCEndpoint" && properties.get("RouteTableIds").is_some() {
        return GATEWAY;
    }
    let kind = if kind.starts_with("Custom::") {
        "AWS::CloudFormation::CustomResource"
    } else {
        kind
    };
    let [create, update, delete] = SLOW
        .iter()
        .find(|(k, _)| *k == kind)
        .map_or(USUAL, |(_, s)| *s);
    match doing {
        Doing::Create => create,
        Doing::Update => update,
        Doing::Delete => delete,
    }
}

/// Properties whose change makes a new resource, besides the name that a resource was given.
const REPLACING: [(&str, &[&str]); 14] = [
    (
        "AWS::DynamoDB::GlobalTable",
        &["KeySchema", "LocalSecondaryIndexes"],
    ),
    (
        "AWS::DynamoDB::Table",
        &["KeySchema", "LocalSecondaryIndexes"],
    ),
    (
        "AWS::Route53::RecordSet",
        &["Name", "Type", "SetIdentifier", "HostedZoneId"],
    ),
    ("AWS::Route53::HostedZone", &["Name"]),
    (
        "AWS::Lambda::Permission",
        &["Action", "FunctionName", "Principal", "SourceArn"],
    ),
    (
        "AWS::ApiGateway::Resource",
        &["ParentId", "PathPart", "RestApiId"],
    ),
    (
        "AWS::ApiGateway::Method",
        &["HttpMethod", "ResourceId", "RestApiId"],
    ),
    ("AWS::ApiGateway::Deployment", &["RestApiId"]),
    ("AWS::EC2::VPC", &["CidrBlock"]),
    (
        "AWS::EC2::Subnet",
        &["AvailabilityZone", "CidrBlock", "VpcId"],
    ),
    (
        "AWS::RDS::DBCluster",
        &["Engine", "KmsKeyId", "SourceRegion", "StorageEncrypted"],
    ),
    (
        "AWS::SNS::Subscription",
        &["Endpoint", "Protocol", "TopicArn"],
    ),
    ("AWS::KMS::ReplicaKey", &["PrimaryKeyArn"]),
    ("AWS::Events::Rule", &["EventBusName"]),
];

/// Properties that name a resource: with another name it is another resource.
const NAMES: [&str; 22] = [
    "TableName",
    "RoleName",
    "ManagedPolicyName",
    "FunctionName",
    "BucketName",
    "QueueName",
    "TopicName",
    "AlarmName",
    "AliasName",
    "LogGroupName",
    "DashboardName",
    "BackupVaultName",
    "DBClusterIdentifier",
    "DBInstanceIdentifier",
    "GlobalClusterIdentifier",
    "StateMachineName",
    "StackSetName",
    "DomainName",
    "StageName",
    "TrailName",
    "RepositoryName",
    "DBSubnetGroupName",
];

/// The property that names a resource of this type, if it has one.
pub(in crate::rehearsal::world) fn name_property(
    kind: &str,
    has: impl Fn(&str) -> bool,
) -> Option<&'static str> {
    if matches!(
        kind,
        "AWS::SecretsManager::Secret"
            | "AWS::Events::Rule"
            | "AWS::SSM::Parameter"
            | "AWS::Synthetics::Canary"
            | "AWS::IAM::Policy"
    ) {
        return has("Name").then_some("Name");
    }
    // these only mention another resource's name
    if matches!(
        kind,
        "AWS::Lambda::Permission"
            | "AWS::Lambda::EventSourceMapping"
            | "AWS::Lambda::Url"
            | "AWS::ApiGateway::BasePathMapping"
            | "AWS::Logs::SubscriptionFilter"
            | "AWS::Logs::MetricFilter"
            | "AWS::Lambda::Version"
            | "AWS::Lambda::Alias"
    ) {
        return None;
    }
    NAMES.iter().find(|n| has(n)).copied()
}

/// Whether a change of this property replaces the resource. A health check's type, interval and latency
/// measurement can't be changed (facts/aws.md §1.5).
pub(in crate::rehearsal::world) fn replaces(kind: &str, property: &str) -> bool {
    let listed = REPLACING
        .iter()
        .find(|(k, _)| *k == kind)
        .is_some_and(|(_, p)| p.contains(&property));
    listed || name_property(kind, |n| n == property).is_some()
}
