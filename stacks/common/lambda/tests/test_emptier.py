"""The emptier: empties everything, forgives what is gone, and always answers."""
import json
import urllib.request
from types import SimpleNamespace

import pytest

EVENT = {
    "RequestType": "Delete", "ResponseURL": "https://answer", "StackId": "stack", "RequestId": "request",
    "LogicalResourceId": "EmptyOnDelete", "PhysicalResourceId": "made",
    "ResourceProperties": {"Bucket": "audit"}}


@pytest.fixture
def answers(monkeypatch):
    sent = []

    def urlopen(request, timeout):
        assert request.get_method() == "PUT" and request.get_header("Content-type") == ""
        sent.append(json.loads(request.data))
        return SimpleNamespace(close=lambda: None)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    monkeypatch.setattr("time.sleep", lambda _: None)
    return sent


class Pages:
    def __init__(self, page):
        self.page = page

    def paginate(self, **_):
        yield self.page()


class S3:
    def __init__(self):
        self.replicates = True
        self.versions = [{"Key": "a", "VersionId": "1"}, {"Key": "a", "VersionId": "2"}]
        self.markers = [{"Key": "b", "VersionId": "3"}]
        self.uploads = [{"Key": "c", "UploadId": "4"}]
        self.stuck = self.refills = 0

    def delete_bucket_replication(self, Bucket):
        self.replicates = False

    def get_paginator(self, operation):
        if operation == "list_object_versions":
            return Pages(lambda: {"Versions": list(self.versions), "DeleteMarkers": list(self.markers)})
        return Pages(lambda: {"Uploads": list(self.uploads)} if self.uploads else {})

    def delete_objects(self, Bucket, Delete):
        if self.stuck:
            return {"Errors": [{"Code": "AccessDenied"}]}
        gone = {o["VersionId"] for o in Delete["Objects"]}
        assert len(gone) <= 1000 and not self.replicates
        self.versions = [v for v in self.versions if v["VersionId"] not in gone]
        self.markers = [m for m in self.markers if m["VersionId"] not in gone]
        if self.refills:
            self.refills -= 1
            self.versions.append({"Key": "late", "VersionId": f"late-{self.refills}"})
        return {}

    def abort_multipart_upload(self, Bucket, Key, UploadId):
        self.uploads = [u for u in self.uploads if u["UploadId"] != UploadId]


def test_a_bucket_loses_versions_markers_and_uploads(load, answers, context):
    s3 = S3()
    s3.refills = 2
    load("emptier", {"s3": s3}).handler(EVENT, context)
    assert not s3.versions and not s3.markers and not s3.uploads and not s3.replicates
    assert answers == [{
        "Status": "SUCCESS", "Reason": "done", "PhysicalResourceId": "made",
        "StackId": "stack", "RequestId": "request", "LogicalResourceId": "EmptyOnDelete"}]


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_only_deletion_empties(load, answers, context, kind):
    event = {k: v for k, v in EVENT.items() if k != "PhysicalResourceId"} | {"RequestType": kind}
    load("emptier").handler(event, context)
    assert (answers[0]["Status"], answers[0]["PhysicalResourceId"]) == ("SUCCESS", "EmptyOnDelete")


def test_a_bucket_that_is_gone_is_empty(load, answers, context, refusal):
    s3 = S3()

    def gone(Bucket):
        raise refusal("NoSuchBucket")

    s3.delete_bucket_replication = gone
    load("emptier", {"s3": s3}).handler(EVENT, context)
    assert answers[0]["Status"] == "SUCCESS"


def test_another_error_is_answered_with_its_reason(load, answers, context, refusal):
    s3 = S3()

    def denied(Bucket):
        raise refusal("AccessDenied")

    s3.delete_bucket_replication = denied
    load("emptier", {"s3": s3}).handler(EVENT, context)
    assert answers[0]["Status"] == "FAILED" and "AccessDenied" in answers[0]["Reason"]


def test_out_of_time_it_says_what_is_left(load, answers, late):
    s3 = S3()
    s3.stuck = 1
    load("emptier", {"s3": s3}).handler(EVENT, late)
    assert answers[0]["Status"] == "FAILED" and "audit is not empty yet" in answers[0]["Reason"]


def test_a_vault_loses_its_recovery_points(load, answers, context, refusal):
    points = ["one", "two"]
    busy = {"two"}

    def delete(BackupVaultName, RecoveryPointArn):
        if RecoveryPointArn in busy:
            busy.clear()
            raise refusal("InvalidRequestException")
        points.remove(RecoveryPointArn)

    backup = SimpleNamespace(
        list_recovery_points_by_backup_vault=lambda BackupVaultName: {
            "RecoveryPoints": [{"RecoveryPointArn": p} for p in points]},
        delete_recovery_point=delete)
    load("emptier", {"backup": backup}).handler(EVENT | {"ResourceProperties": {"Vault": "vault"}}, context)
    assert not points and answers[0]["Status"] == "SUCCESS"


@pytest.mark.parametrize("known", [True, False])
def test_a_secret_loses_its_replicas(load, answers, context, refusal, known):
    replicas = ["us-west-2"]

    def describe(SecretId):
        if not known:
            raise refusal("ResourceNotFoundException")
        return {"ReplicationStatus": [{"Region": r} for r in replicas]}

    def remove(SecretId, RemoveReplicaRegions):
        for region in RemoveReplicaRegions:
            replicas.remove(region)

    secrets = SimpleNamespace(describe_secret=describe, remove_regions_from_replication=remove)
    load("emptier", {"secretsmanager": secrets}).handler(EVENT | {"ResourceProperties": {"Secret": "arn"}}, context)
    assert answers[0]["Status"] == "SUCCESS" and replicas == ([] if known else ["us-west-2"])


def test_a_zone_keeps_only_what_it_was_born_with(load, answers, context):
    records = [
        {"Name": "pay.test.", "Type": "NS"}, {"Name": "pay.test.", "Type": "SOA"},
        {"Name": "sub.pay.test.", "Type": "NS"}, {"Name": "_acme.pay.test.", "Type": "CNAME"}]

    def change(HostedZoneId, ChangeBatch):
        for item in ChangeBatch["Changes"]:
            assert item["Action"] == "DELETE"
            records.remove(item["ResourceRecordSet"])

    route53 = SimpleNamespace(
        get_hosted_zone=lambda Id: {"HostedZone": {"Name": "pay.test."}},
        get_paginator=lambda _: Pages(lambda: {"ResourceRecordSets": list(records)}),
        change_resource_record_sets=change)
    load("emptier", {"route53": route53}).handler(EVENT | {"ResourceProperties": {"Zone": "Z1"}}, context)
    assert [r["Type"] for r in records] == ["NS", "SOA"] and answers[0]["Status"] == "SUCCESS"


def test_a_network_waits_until_the_functions_interfaces_are_gone(load, answers, context, refusal):
    left = [{"NetworkInterfaceId": "free", "Status": "available"}, {"NetworkInterfaceId": "used", "Status": "in-use"}]
    refused = ["free"]

    def describe(Filters):
        assert Filters == [{"Name": "group-id", "Values": ["sg-1"]}]
        found = list(left)
        for one in left:
            one["Status"] = "available"
        return {"NetworkInterfaces": found}

    def delete(NetworkInterfaceId):
        if NetworkInterfaceId in refused:
            refused.remove(NetworkInterfaceId)
            raise refusal("InvalidParameterValue")
        left[:] = [one for one in left if one["NetworkInterfaceId"] != NetworkInterfaceId]

    ec2 = SimpleNamespace(describe_network_interfaces=describe, delete_network_interface=delete)
    load("emptier", {"ec2": ec2}).handler(EVENT | {"ResourceProperties": {"Interfaces": "sg-1"}}, context)
    assert not left and not refused and answers[0]["Status"] == "SUCCESS"
