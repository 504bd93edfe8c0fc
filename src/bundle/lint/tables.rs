//! What is known about resource types and metric namespaces.
//!
//! Resource types: their CloudFormation schemas. Metrics: facts/aws.md §2.

/// How a type carries tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tags {
    No,
    /// A list of Key and Value under this property.
    List(&'static str),
    /// An object of tags under this property.
    Map(&'static str),
    /// A list below each replica of a global table.
    Replicas,
}

/// What is known about a resource type.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub name: &'static str,
    /// The property with the physical name.
    pub physical: Option<&'static str>,
    /// Whether that name is shared by all regions of the account (or of the world).
    pub everywhere: bool,
    pub tags: Tags,
    /// Whether deleting it loses data.
    pub stateful: bool,
}

pub(super) fn kind(name: &str) -> Option<&'static Kind> {
    let name = if name.starts_with("Custom::") {
        "AWS::CloudFormation::CustomResource"
    } else {
        name
    };
    KINDS.iter().find(|kind| kind.name == name)
}

const LIST: Tags = Tags::List("Tags");
const MAP: Tags = Tags::Map("Tags");

const fn plain(name: &'static str, tags: Tags) -> Kind {
    Kind {
        name,
        physical: None,
        everywhere: false,
        tags,
        stateful: false,
    }
}

const fn named(name: &'static str, physical: &'static str, tags: Tags) -> Kind {
    Kind {
        physical: Some(physical),
        ..plain(name, tags)
    }
}

const fn global(name: &'static str, physical: &'static str, tags: Tags) -> Kind {
    Kind {
        everywhere: true,
        ..named(name, physical, tags)
    }
}

const fn stateful(kind: Kind) -> Kind {
    Kind {
        stateful: true,
        ..kind
    }
}

const KINDS: &[Kind] = &[
    named("AWS::ApiGateway::ApiKey", "Name", LIST),
    named("AWS::ApiGateway::RestApi", "Name", LIST),
    named("AWS::ApiGateway::UsagePlan", "UsagePlanName", LIST),
    plain("AWS::ApiGateway::UsagePlanKey", Tags::No),
    plain("AWS::ApiGateway::BasePathMapping", Tags::No),
    plain("AWS::ApiGateway::Deployment", Tags::No),
    plain("AWS::ApiGateway::DomainName", LIST),
    plain("AWS::ApiGateway::Method", Tags::No),
    plain("AWS::ApiGateway::Resource", Tags::No),
    plain("AWS::ApiGateway::Stage", LIST),
    named("AWS::ApiGatewayV2::Api", "Name", MAP),
    plain("AWS::ApiGatewayV2::Integration", Tags::No),
    plain("AWS::ApiGatewayV2::Route", Tags::No),
    plain("AWS::ApiGatewayV2::Stage", MAP),
    plain("AWS::ApplicationAutoScaling::ScalableTarget", Tags::No),
    named(
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "PolicyName",
        Tags::No,
    ),
    plain("AWS::Backup::BackupPlan", Tags::Map("BackupPlanTags")),
    plain("AWS::Backup::BackupSelection", Tags::No),
    stateful(named(
        "AWS::Backup::BackupVault",
        "BackupVaultName",
        Tags::Map("BackupVaultTags"),
    )),
    plain("AWS::CloudFormation::CustomResource", Tags::No),
    plain("AWS::CloudFormation::Stack", LIST),
    named("AWS::CloudFormation::StackSet", "StackSetName", LIST),
    plain("AWS::CloudFront::Distribution", LIST),
    plain("AWS::CloudFront::OriginAccessControl", Tags::No),
    named("AWS::CloudTrail::Trail", "TrailName", LIST),
    named("AWS::CloudWatch::Alarm", "AlarmName", LIST),
    named("AWS::CloudWatch::CompositeAlarm", "AlarmName", LIST),
    global("AWS::CloudWatch::Dashboard", "DashboardName", Tags::No),
    stateful(named(
        "AWS::DynamoDB::GlobalTable",
        "TableName",
        Tags::Replicas,
    )),
    stateful(named("AWS::DynamoDB::Table", "TableName", LIST)),
    plain("AWS::EC2::FlowLog", LIST),
    plain("AWS::EC2::InternetGateway", LIST),
    plain("AWS::EC2::NatGateway", LIST),
    plain("AWS::EC2::NetworkAcl", LIST),
    plain("AWS::EC2::NetworkAclEntry", Tags::No),
    plain("AWS::EC2::Route", Tags::No),
    plain("AWS::EC2::RouteTable", LIST),
    named("AWS::EC2::SecurityGroup", "GroupName", LIST),
    plain("AWS::EC2::SecurityGroupEgress", Tags::No),
    plain("AWS::EC2::SecurityGroupIngress", Tags::No),
    plain("AWS::EC2::Subnet", LIST),
    plain("AWS::EC2::SubnetNetworkAclAssociation", Tags::No),
    plain("AWS::EC2::SubnetRouteTableAssociation", Tags::No),
    plain("AWS::EC2::VPC", LIST),
    plain("AWS::EC2::VPCEndpoint", Tags::No),
    plain("AWS::EC2::VPCGatewayAttachment", Tags::No),
    plain("AWS::EC2::VPCPeeringConnection", LIST),
    plain("AWS::ElasticLoadBalancingV2::Listener", Tags::No),
    named("AWS::ElasticLoadBalancingV2::LoadBalancer", "Name", LIST),
    named("AWS::ElasticLoadBalancingV2::TargetGroup", "Name", LIST),
    named("AWS::Events::Rule", "Name", LIST),
    global("AWS::IAM::InstanceProfile", "InstanceProfileName", Tags::No),
    global("AWS::IAM::ManagedPolicy", "ManagedPolicyName", Tags::No),
    // Inline: its name needs to be unique within its roles only.
    named("AWS::IAM::Policy", "PolicyName", Tags::No),
    global("AWS::IAM::Role", "RoleName", LIST),
    named("AWS::KMS::Alias", "AliasName", Tags::No),
    stateful(plain("AWS::KMS::Key", LIST)),
    stateful(plain("AWS::KMS::ReplicaKey", LIST)),
    stateful(named("AWS::Kinesis::Stream", "Name", LIST)),
    named(
        "AWS::KinesisFirehose::DeliveryStream",
        "DeliveryStreamName",
        LIST,
    ),
    plain("AWS::Lambda::Alias", Tags::No),
    plain("AWS::Lambda::EventSourceMapping", Tags::No),
    named("AWS::Lambda::Function", "FunctionName", LIST),
    plain("AWS::Lambda::Permission", Tags::No),
    plain("AWS::Lambda::Url", Tags::No),
    plain("AWS::Lambda::Version", Tags::No),
    named("AWS::Logs::Destination", "DestinationName", Tags::No),
    stateful(named("AWS::Logs::LogGroup", "LogGroupName", LIST)),
    plain("AWS::Logs::MetricFilter", Tags::No),
    plain("AWS::Logs::SubscriptionFilter", Tags::No),
    stateful(named("AWS::RDS::DBCluster", "DBClusterIdentifier", LIST)),
    plain("AWS::RDS::DBClusterParameterGroup", LIST),
    stateful(named("AWS::RDS::DBInstance", "DBInstanceIdentifier", LIST)),
    named("AWS::RDS::DBSubnetGroup", "DBSubnetGroupName", LIST),
    stateful(global(
        "AWS::RDS::GlobalCluster",
        "GlobalClusterIdentifier",
        Tags::No,
    )),
    plain("AWS::Route53::HealthCheck", Tags::List("HealthCheckTags")),
    stateful(plain(
        "AWS::Route53::HostedZone",
        Tags::List("HostedZoneTags"),
    )),
    plain("AWS::Route53::RecordSet", Tags::No),
    plain("AWS::Route53::RecordSetGroup", Tags::No),
    stateful(global("AWS::S3::Bucket", "BucketName", LIST)),
    plain("AWS::S3::BucketPolicy", Tags::No),
    plain("AWS::SNS::Subscription", Tags::No),
    named("AWS::SNS::Topic", "TopicName", LIST),
    plain("AWS::SNS::TopicPolicy", Tags::No),
    stateful(named("AWS::SQS::Queue", "QueueName", LIST)),
    plain("AWS::SQS::QueuePolicy", Tags::No),
    named("AWS::SSM::Parameter", "Name", MAP),
    named("AWS::Scheduler::Schedule", "Name", Tags::No),
    stateful(named("AWS::SecretsManager::Secret", "Name", LIST)),
    named("AWS::StepFunctions::StateMachine", "StateMachineName", LIST),
    named("AWS::Synthetics::Canary", "Name", LIST),
];

/// Dimensions whose value is the physical name of a resource: the dimension, the resource's type.
pub(super) const NAMED_BY: &[(&str, &str)] = &[
    ("ApiName", "AWS::ApiGateway::RestApi"),
    ("DBClusterIdentifier", "AWS::RDS::DBCluster"),
    ("DBInstanceIdentifier", "AWS::RDS::DBInstance"),
    ("BackupVaultName", "AWS::Backup::BackupVault"),
    ("CanaryName", "AWS::Synthetics::Canary"),
    ("DeliveryStreamName", "AWS::KinesisFirehose::DeliveryStream"),
    ("FunctionName", "AWS::Lambda::Function"),
    ("QueueName", "AWS::SQS::Queue"),
    ("RuleName", "AWS::Events::Rule"),
    ("TableName", "AWS::DynamoDB::GlobalTable"),
    ("TableName", "AWS::DynamoDB::Table"),
    ("TopicName", "AWS::SNS::Topic"),
];

/// A metric, and the sets of dimension names it is published with; `*` is every other metric.
type Metric = (
    &'static str,
    &'static str,
    &'static [&'static [&'static str]],
);

/// What a namespace says about the dimensions of a metric.
pub(super) enum Dimensions {
    /// The namespace is not in the table: nothing is known.
    Unknown,
    /// There is no such metric.
    NoSuchMetric,
    OneOf(&'static [&'static [&'static str]]),
}

pub(super) fn dimensions(namespace: &str, metric: &str) -> Dimensions {
    let mut of_namespace = METRICS
        .iter()
        .filter(|(n, _, _)| *n == namespace)
        .peekable();
    if of_namespace.peek().is_none() {
        return Dimensions::Unknown;
    }
    of_namespace
        .find(|(_, name, _)| *name == metric || *name == "*")
        .map_or(Dimensions::NoSuchMetric, |(_, _, sets)| {
            Dimensions::OneOf(sets)
        })
}

const REPLICATED: &[&[&str]] = &[&["DestinationBucket", "RuleId", "SourceBucket"]];
const CLUSTER: &[&[&str]] = &[
    &["DBClusterIdentifier"],
    &["DBClusterIdentifier", "SourceRegion"],
];
const TABLE: &[&[&str]] = &[&["TableName"], &["GlobalSecondaryIndexName", "TableName"]];

/// Dimension names in alphabetical order.
const METRICS: &[Metric] = &[
    (
        "AWS/ApiGateway",
        "*",
        &[
            &["ApiName"],
            &["ApiName", "Stage"],
            &["ApiName", "Method", "Resource", "Stage"],
            &["ApiId"],
            &["ApiId", "Stage"],
        ],
    ),
    (
        "AWS/ApplicationELB",
        "UnHealthyHostCount",
        &[
            &["LoadBalancer", "TargetGroup"],
            &["AvailabilityZone", "LoadBalancer", "TargetGroup"],
        ],
    ),
    (
        "AWS/ApplicationELB",
        "HealthyHostCount",
        &[
            &["LoadBalancer", "TargetGroup"],
            &["AvailabilityZone", "LoadBalancer", "TargetGroup"],
        ],
    ),
    (
        "AWS/ApplicationELB",
        "*",
        &[
            &["LoadBalancer"],
            &["LoadBalancer", "TargetGroup"],
            &["TargetGroup"],
        ],
    ),
    (
        "AWS/Backup",
        "*",
        &[
            &["BackupVaultName"],
            &["BackupVaultName", "ResourceType"],
            &["ResourceType"],
        ],
    ),
    ("AWS/CloudFront", "*", &[&["DistributionId", "Region"]]),
    (
        "AWS/DynamoDB",
        "ReplicationLatency",
        &[&["ReceivingRegion", "TableName"]],
    ),
    ("AWS/DynamoDB", "ReadThrottleEvents", TABLE),
    ("AWS/DynamoDB", "WriteThrottleEvents", TABLE),
    ("AWS/DynamoDB", "ConsumedReadCapacityUnits", TABLE),
    ("AWS/DynamoDB", "ConsumedWriteCapacityUnits", TABLE),
    (
        "AWS/DynamoDB",
        "ThrottledRequests",
        &[&["Operation", "TableName"]],
    ),
    (
        "AWS/DynamoDB",
        "SystemErrors",
        &[&["Operation", "TableName"]],
    ),
    (
        "AWS/DynamoDB",
        "SuccessfulRequestLatency",
        &[&["Operation", "TableName"]],
    ),
    ("AWS/DynamoDB", "UserErrors", &[&[]]),
    ("AWS/Events", "*", &[&["RuleName"]]),
    ("AWS/Firehose", "*", &[&["DeliveryStreamName"]]),
    (
        "AWS/Lambda",
        "ConcurrentExecutions",
        &[&[], &["FunctionName"], &["FunctionName", "Resource"]],
    ),
    (
        "AWS/Lambda",
        "*",
        &[&["FunctionName"], &["FunctionName", "Resource"]],
    ),
    ("AWS/RDS", "AuroraGlobalDBReplicationLag", CLUSTER),
    ("AWS/RDS", "AuroraGlobalDBRPOLag", CLUSTER),
    (
        "AWS/RDS",
        "*",
        &[
            &["DBInstanceIdentifier"],
            &["DBClusterIdentifier"],
            &["DBClusterIdentifier", "Role"],
        ],
    ),
    ("AWS/Route53", "*", &[&["HealthCheckId"]]),
    ("AWS/S3", "ReplicationLatency", REPLICATED),
    ("AWS/S3", "BytesPendingReplication", REPLICATED),
    ("AWS/S3", "OperationsPendingReplication", REPLICATED),
    ("AWS/S3", "OperationsFailedReplication", REPLICATED),
    ("AWS/SNS", "*", &[&["TopicName"]]),
    ("AWS/SQS", "*", &[&["QueueName"]]),
    ("AWS/States", "*", &[&["StateMachineArn"]]),
    (
        "CloudWatchSynthetics",
        "*",
        &[&["CanaryName"], &["CanaryName", "StepName"]],
    ),
];
