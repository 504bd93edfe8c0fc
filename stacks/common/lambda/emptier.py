"""Makes the stack deletable: empties what CloudFormation refuses to delete while it is full.

What is already gone is fine. CloudFormation always gets an answer; with work left over it
is FAILED with the reason, and deleting the stack again goes on from there.
"""
import json
import time
import urllib.request

import boto3
from botocore.exceptions import ClientError

# Gone already, or a secret that takes no change any more: its own deletion will say why.
NOTHING_TO_DO = ("NoSuchBucket", "NoSuchHostedZone", "ResourceNotFoundException", "InvalidRequestException")


def handler(event, context):
    status, reason = "SUCCESS", "done"
    try:
        if event["RequestType"] == "Delete":
            clean(event["ResourceProperties"], context)
    except Exception as error:  # CloudFormation waits for an answer whatever went wrong
        status, reason = "FAILED", str(error)[:500]
    print(status, reason)
    body = {k: event[k] for k in ("StackId", "RequestId", "LogicalResourceId")}
    body |= {"Status": status, "Reason": reason}
    body["PhysicalResourceId"] = event.get("PhysicalResourceId", event["LogicalResourceId"])
    request = urllib.request.Request(event["ResponseURL"], json.dumps(body).encode(), {"Content-Type": ""}, method="PUT")
    urllib.request.urlopen(request, timeout=20).close()


def clean(given, context):
    for kind, empty in (("Bucket", bucket), ("Vault", vault), ("Secret", secret), ("Zone", zone), ("Interfaces", interfaces)):
        while given.get(kind) and remains(empty, given[kind]):
            if context.get_remaining_time_in_millis() < 60_000:
                raise TimeoutError(f"{kind} {given[kind]} is not empty yet: delete the stack again")
            time.sleep(5)


def remains(empty, name):
    """A pass that removed anything is repeated until one finds nothing."""
    try:
        return empty(name)
    except ClientError as error:
        if error.response["Error"]["Code"] in NOTHING_TO_DO:
            return 0
        raise


def pages(client, operation, key, **arguments):
    for page in client.get_paginator(operation).paginate(**arguments):
        yield page.get(key, [])


def bucket(name):
    s3 = boto3.client("s3")
    s3.delete_bucket_replication(Bucket=name)  # or the other side fills up again
    removed = 0
    for kind in ("Versions", "DeleteMarkers"):
        for found in pages(s3, "list_object_versions", kind, Bucket=name):
            objects = [{"Key": o["Key"], "VersionId": o["VersionId"]} for o in found]
            if objects:
                print(s3.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True}).get("Errors"))
            removed += len(objects)
    for found in pages(s3, "list_multipart_uploads", "Uploads", Bucket=name):
        for upload in found:
            s3.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
            removed += 1
    return removed


def vault(name):
    backup = boto3.client("backup")
    found = backup.list_recovery_points_by_backup_vault(BackupVaultName=name)["RecoveryPoints"]
    for point in found:
        try:
            backup.delete_recovery_point(BackupVaultName=name, RecoveryPointArn=point["RecoveryPointArn"])
        except ClientError as error:  # one that is still being written goes in a later pass
            print(error)
    return len(found)


def secret(arn):
    secrets = boto3.client("secretsmanager")
    regions = [r["Region"] for r in secrets.describe_secret(SecretId=arn).get("ReplicationStatus", [])]
    if regions:
        secrets.remove_regions_from_replication(SecretId=arn, RemoveReplicaRegions=regions)
    return len(regions)


def zone(zone_id):
    """The template's own records are gone by now: what is left was made by others."""
    route53, removed = boto3.client("route53"), 0
    apex = route53.get_hosted_zone(Id=zone_id)["HostedZone"]["Name"]
    for found in pages(route53, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone_id):
        foreign = [r for r in found if r["Name"] != apex or r["Type"] not in ("NS", "SOA")]
        changes = [{"Action": "DELETE", "ResourceRecordSet": r} for r in foreign]
        if changes:
            route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})
        removed += len(changes)
    return removed


def interfaces(group):
    """What functions leave behind in a network: free ones go now, AWS takes away the others within minutes."""
    ec2 = boto3.client("ec2")
    found = ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [group]}])["NetworkInterfaces"]
    for one in found:
        if one["Status"] == "available":
            try:
                ec2.delete_network_interface(NetworkInterfaceId=one["NetworkInterfaceId"])
            except ClientError as error:  # somebody was faster, or it is in use again: the next pass will see
                print(error)
    return len(found)
