//! Network, encryption and permissions: what the document asks for security.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{System, attribute, below, list, reference};

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

/// Anyone on the internet may call `/health`: it must not be able to pull the metric lever.
#[test]
fn each_function_has_a_role_of_its_own_and_only_recovery_pulls_levers() {
    let system = System::new();
    let mut roles = BTreeSet::new();
    for (_, id, function) in system.of_type("Lambda::Function") {
        let role = function["Properties"]["Role"].to_string();
        assert!(roles.insert(role), "{id} shares its role");
    }
    let pulls: Vec<&str> = system
        .of_type("IAM::Role")
        .into_iter()
        .filter(|(_, _, role)| role.to_string().contains("Switchback/Failover"))
        .map(|(_, id, _)| id)
        .collect();
    assert_eq!(pulls, ["RecoveryRole"]);
    let any = system.of_type("IAM::Role").into_iter();
    assert!(
        any.clone()
            .all(|(_, _, role)| !role.to_string().contains("Switchback/*"))
    );
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
