//! What a resource is called once it exists, and what `Fn::GetAtt` returns of it.

use serde_json::Value;

use crate::rehearsal::world::chance::Chance;
use crate::rehearsal::world::cloudformation::record::ResourceRecord;
use crate::rehearsal::world::cloudformation::timing::name_property;
use crate::rehearsal::world::{ACCOUNT, props};

/// Where names are made.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) chance: Chance,
    pub(super) region: &'a str,
    pub(super) stack: &'a str,
}

/// What `PublishVersion` counts from.
const VERSION: &str = "1";

/// Prefix and length of generated ids that are not built from the stack's name.
const SHORT_IDS: [(&str, &str, usize); 22] = [
    ("AWS::ApiGateway::RestApi", "", 10),
    ("AWS::ApiGatewayV2::Api", "", 10),
    ("AWS::ApiGateway::Resource", "", 6),
    ("AWS::ApiGateway::Deployment", "", 6),
    ("AWS::EC2::VPC", "vpc-0", 16),
    ("AWS::EC2::Subnet", "subnet-0", 16),
    ("AWS::EC2::SecurityGroup", "sg-0", 16),
    ("AWS::EC2::RouteTable", "rtb-0", 16),
    ("AWS::EC2::InternetGateway", "igw-0", 16),
    ("AWS::EC2::NetworkAcl", "acl-0", 16),
    ("AWS::EC2::VPCPeeringConnection", "pcx-0", 16),
    ("AWS::EC2::VPCEndpoint", "vpce-0", 16),
    ("AWS::EC2::FlowLog", "fl-0", 16),
    ("AWS::EC2::SubnetRouteTableAssociation", "rtbassoc-0", 16),
    ("AWS::EC2::SubnetNetworkAclAssociation", "aclassoc-0", 16),
    ("AWS::EC2::NatGateway", "nat-0", 16),
    ("AWS::ApiGateway::UsagePlan", "", 6),
    ("AWS::ApiGateway::UsagePlanKey", "", 10),
    ("AWS::ApiGateway::ApiKey", "", 10),
    ("AWS::CloudFront::Distribution", "E2", 12),
    ("AWS::CloudFront::OriginAccessControl", "E3", 12),
    ("AWS::CloudFront::OriginAccessIdentity", "E4", 12),
];

/// The physical id, which is also what `Ref` returns for most types. `salt` tells replacements apart.
pub(super) fn physical_id(
    place: Place<'_>,
    logical_id: &str,
    kind: &str,
    props: &Value,
    salt: u64,
) -> String {
    let label = format!("{}/{}/{logical_id}/{salt}", place.region, place.stack);
    let named = name_property(kind, |n| props.get(n).is_some()).and_then(|n| props::text(props, n));
    if let Some((_, prefix, length)) = SHORT_IDS.iter().find(|(k, _, _)| *k == kind) {
        return format!("{prefix}{}", place.chance.token(&label, *length));
    }
    match kind {
        "AWS::Route53::HealthCheck"
        | "AWS::KMS::Key"
        | "AWS::Lambda::EventSourceMapping"
        | "AWS::Backup::BackupPlan" => place.chance.uuid(&label),
        "AWS::Lambda::Version" | "AWS::Lambda::Alias" => {
            let function = props::text(props, "FunctionName").unwrap_or_default();
            let function = function.rsplit(':').next().unwrap_or_default();
            let name = props::text(props, "Name").unwrap_or_else(|| VERSION.to_owned());
            format!(
                "arn:aws:lambda:{}:{ACCOUNT}:function:{function}:{name}",
                place.region
            )
        }
        "AWS::Route53::HostedZone" => {
            format!("Z0{}", place.chance.token(&label, 18).to_uppercase())
        }
        "AWS::Route53::RecordSet" => props::text(props, "Name").unwrap_or_default(),
        _ => {
            let name = named.unwrap_or_else(|| {
                let tail = place.chance.token(&label, 12);
                let name = format!("{}-{logical_id}-{}", place.stack, tail.to_uppercase());
                if kind == "AWS::S3::Bucket" {
                    name.to_lowercase()
                } else {
                    name
                }
            });
            shaped(place, kind, name, &label)
        }
    }
}

/// Types whose physical id is an ARN or a URL around the name.
fn shaped(place: Place<'_>, kind: &str, name: String, label: &str) -> String {
    let region = place.region;
    match kind {
        "AWS::CloudFormation::StackSet" => format!("{name}:{}", place.chance.uuid(label)),
        "AWS::SNS::Topic" => format!("arn:aws:sns:{region}:{ACCOUNT}:{name}"),
        "AWS::SQS::Queue" => format!("https://sqs.{region}.amazonaws.com/{ACCOUNT}/{name}"),
        "AWS::SecretsManager::Secret" => {
            let tail = place.chance.token(label, 6);
            format!("arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:{name}-{tail}")
        }
        "AWS::StepFunctions::StateMachine" => {
            format!("arn:aws:states:{region}:{ACCOUNT}:stateMachine:{name}")
        }
        "AWS::ElasticLoadBalancingV2::Listener" => {
            let tail = place.chance.token(label, 16);
            format!("arn:aws:elasticloadbalancing:{region}:{ACCOUNT}:listener/app/{name}/{tail}")
        }
        "AWS::IAM::ManagedPolicy" => format!("arn:aws:iam::{ACCOUNT}:policy/{name}"),
        "AWS::ElasticLoadBalancingV2::LoadBalancer" => {
            let tail = place.chance.token(label, 16);
            format!(
                "arn:aws:elasticloadbalancing:{region}:{ACCOUNT}:loadbalancer/app/{name}/{tail}"
            )
        }
        "AWS::ElasticLoadBalancingV2::TargetGroup" => {
            let tail = place.chance.token(label, 16);
            format!("arn:aws:elasticloadbalancing:{region}:{ACCOUNT}:targetgroup/{name}/{tail}")
        }
        _ => name,
    }
}

/// What `Fn::GetAtt` returns.
pub(super) fn attribute(place: Place<'_>, resource: &ResourceRecord, name: &str) -> Value {
    let id = resource.physical_id.as_str();
    let region = place.region;
    let last = id.rsplit(['/', ':']).next().unwrap_or(id);
    let text = match (resource.kind.as_str(), name) {
        (
            _,
            "Arn" | "TopicArn" | "BackupVaultArn" | "FunctionArn" | "LoadBalancerArn"
            | "TargetGroupArn",
        ) => arn(place, resource),
        ("AWS::DynamoDB::GlobalTable" | "AWS::DynamoDB::Table", "StreamArn") => {
            format!("{}/stream/2026-01-01T00:00:00.000", arn(place, resource))
        }
        ("AWS::S3::Bucket", "DomainName") => format!("{id}.s3.amazonaws.com"),
        ("AWS::S3::Bucket", "RegionalDomainName") => format!("{id}.s3.{region}.amazonaws.com"),
        ("AWS::ApiGateway::RestApi", "RootResourceId") => place.chance.token(id, 10),
        ("AWS::ApiGatewayV2::Api", "ApiEndpoint") => {
            format!("https://{id}.execute-api.{region}.amazonaws.com")
        }
        (_, "RegionalDomainName") => regional_domain(place, id),
        (_, "RegionalHostedZoneId" | "CanonicalHostedZoneID" | "DistributionHostedZoneId") => {
            format!("Z{}", place.chance.token(region, 13).to_uppercase())
        }
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "DNSName") => balancer_name(region, id),
        (_, "LoadBalancerFullName") => id
            .split_once(":loadbalancer/")
            .map_or(id, |(_, n)| n)
            .to_owned(),
        (_, "TargetGroupFullName") => id.rsplit(':').next().unwrap_or(id).to_owned(),
        ("AWS::CloudFront::Distribution", "DomainName") => {
            format!("{}.cloudfront.net", id.to_lowercase())
        }
        (_, "QueueName" | "TopicName" | "LoadBalancerName") => last.to_owned(),
        (
            _,
            "QueueUrl"
            | "GroupId"
            | "VpcId"
            | "KeyId"
            | "HealthCheckId"
            | "Id"
            | "Name"
            | "DBClusterIdentifier",
        ) => id.to_owned(),
        (_, "Endpoint.Address" | "ReadEndpoint.Address") => {
            format!("{}.cluster-x.{region}.rds.amazonaws.com", id.to_lowercase())
        }
        (_, "Endpoint.Port") => "5432".to_owned(),
        ("AWS::Lambda::Version", "Version") => VERSION.to_owned(),
        (_, "AvailabilityZone") => {
            let zone = props::text(&resource.properties, "AvailabilityZone");
            zone.unwrap_or_else(|| format!("{region}a"))
        }
        (_, "CidrBlock") => props::text(&resource.properties, "CidrBlock").unwrap_or_default(),
        _ => format!("{id}/{name}"),
    };
    Value::String(text)
}

pub(super) fn regional_domain(place: Place<'_>, domain: &str) -> String {
    format!(
        "d-{}.execute-api.{}.amazonaws.com",
        place
            .chance
            .token(&format!("{}/{domain}", place.region), 10),
        place.region
    )
}

pub(super) fn balancer_name(region: &str, arn: &str) -> String {
    let mut parts = arn.rsplit('/');
    let tail = parts.next().unwrap_or_default();
    let name = parts.next().unwrap_or_default();
    format!("{name}-{tail}.{region}.elb.amazonaws.com").to_lowercase()
}

fn arn(place: Place<'_>, resource: &ResourceRecord) -> String {
    let id = resource.physical_id.as_str();
    if id.starts_with("arn:") {
        return id.to_owned();
    }
    let last = id.rsplit('/').next().unwrap_or(id);
    let here = format!("{}:{ACCOUNT}", place.region);
    match resource.kind.as_str() {
        "AWS::S3::Bucket" => format!("arn:aws:s3:::{id}"),
        "AWS::IAM::Role" => format!("arn:aws:iam::{ACCOUNT}:role/{id}"),
        "AWS::Lambda::Function" => format!("arn:aws:lambda:{here}:function:{id}"),
        "AWS::DynamoDB::GlobalTable" | "AWS::DynamoDB::Table" => {
            format!("arn:aws:dynamodb:{here}:table/{id}")
        }
        "AWS::SQS::Queue" => format!("arn:aws:sqs:{here}:{last}"),
        "AWS::KMS::Key" | "AWS::KMS::ReplicaKey" => format!("arn:aws:kms:{here}:key/{id}"),
        "AWS::Logs::LogGroup" => format!("arn:aws:logs:{here}:log-group:{id}:*"),
        "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm" => {
            format!("arn:aws:cloudwatch:{here}:alarm:{id}")
        }
        "AWS::Events::Rule" => format!("arn:aws:events:{here}:rule/{id}"),
        "AWS::RDS::DBCluster" => format!("arn:aws:rds:{here}:cluster:{id}"),
        "AWS::RDS::DBInstance" => format!("arn:aws:rds:{here}:db:{id}"),
        "AWS::RDS::GlobalCluster" => format!("arn:aws:rds::{ACCOUNT}:global-cluster:{id}"),
        "AWS::KinesisFirehose::DeliveryStream" => {
            format!("arn:aws:firehose:{here}:deliverystream/{id}")
        }
        "AWS::CloudFront::Distribution" => {
            format!("arn:aws:cloudfront::{ACCOUNT}:distribution/{id}")
        }
        "AWS::CloudTrail::Trail" => format!("arn:aws:cloudtrail:{here}:trail/{id}"),
        "AWS::SSM::Parameter" => {
            format!(
                "arn:aws:ssm:{here}:parameter/{}",
                id.trim_start_matches('/')
            )
        }
        "AWS::EC2::VPC" | "AWS::EC2::Subnet" | "AWS::EC2::SecurityGroup" => {
            let word = kind_word(&resource.kind);
            format!("arn:aws:ec2:{here}:{word}/{id}")
        }
        "AWS::Backup::BackupVault" => format!("arn:aws:backup:{here}:backup-vault:{id}"),
        kind => {
            let service = kind
                .split("::")
                .nth(1)
                .unwrap_or("cloudformation")
                .to_lowercase();
            format!("arn:aws:{service}:{here}:{id}")
        }
    }
}

/// `AWS::EC2::SecurityGroup` as ARNs spell it: `security-group`.
fn kind_word(kind: &str) -> &str {
    match kind {
        "AWS::EC2::VPC" => "vpc",
        "AWS::EC2::Subnet" => "subnet",
        _ => "security-group",
    }
}
