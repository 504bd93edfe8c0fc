"""transaction-dr: MiniStack has no StackSet, so the story makes its instances itself, the way the StackSet says.

Nor does it know AWS::Region in conditions, which tell primary and standby apart: the copy names the region there.
"""
import hashlib
import json
import time

from botocore.exceptions import ClientError

from deployed import SUFFIX, Bundle
from referee import must as check  # every step here rests on those before it
from referee import until

GIVEN = {"domainName": "bank.test", "notificationEmail": "ops@bank.test"}
TABLE, LEVER = f"transactions-{SUFFIX}", "Switchback/Failover"
KEY = "k" * 40
GOOD = {"customerId": "customer-1", "amount": 1250, "currency": "EUR", "reference": "order 7"}


class Regional(Bundle):
    def body(self, stack_id):
        template = json.loads(super().body(stack_id))
        region = json.dumps(self.regions[self.stacks[stack_id]["region"]])
        conditions = json.dumps(template["Conditions"]).replace('{"Ref": "AWS::Region"}', region)
        return json.dumps(template | {"Conditions": json.loads(conditions)}, separators=(",", ":"))


def story(folder, url):
    bundle = Regional(folder, url, **GIVEN)
    instances_are_made(bundle, json.loads((folder / "root.json").read_text()))
    bundle.deploy("root")
    check(bundle.values["root.PrimaryEndpoint"] == f"https://{bundle.values['primary.ApiDomain']}/prod"
          and bundle.values["root.SecondaryEndpoint"] == f"https://{bundle.values['standby.ApiDomain']}/prod",
          "the root puts out both endpoints, which its custom resource has read from the instances")
    records_point_at_both(bundle)
    transactions_are_processed(bundle)
    regions_are_healthy(bundle)
    levers_move(bundle)
    all_is_retained(bundle)


def instances_are_made(bundle, root):
    """The standby first, then the primary, with what the StackSet of the template would pass."""
    regions = bundle.regions
    passed = {
        "EnvironmentSuffix": SUFFIX, "PrimaryRegion": regions["primary"], "SecondaryRegion": regions["standby"],
        "KeyAlias": "alias/transaction-encryption", "LambdaReservedConcurrency": "100", "CertificateArnPrimary": "",
        "CertificateArnSecondary": "", "AutomaticHold": "false", "DomainName": GIVEN["domainName"],
        "NotificationEmail": GIVEN["notificationEmail"]}
    check("Regions" not in root["Resources"], "the copy of the root is without its StackSet")
    for side in ("standby", "primary"):
        stack = bundle.stacks[side]
        stack |= {"name": f"{stack['name']}{side}", "capabilities": [], "parameters": passed}
        bundle.deploy(side)
        alias = bundle.client("kms", side).describe_key(KeyId="alias/transaction-encryption")["KeyMetadata"]
        check(alias["Enabled"], f"{side} has its key under its canonical alias")
    blocks = [v["CidrBlock"] for side in ("primary", "standby") for v in bundle.client("ec2", side).describe_vpcs()["Vpcs"]]
    check({"10.0.0.0/16", "10.1.0.0/16"} <= set(blocks), "their networks do not overlap", blocks)
    check("primary.LeverAlarmName" not in bundle.values, "only the standby has the lever's alarm")


def records_point_at_both(bundle):
    records = bundle.client("route53", "primary").list_resource_record_sets(
        HostedZoneId=bundle.values["root.HostedZoneId"])["ResourceRecordSets"]
    found = {(r["Name"], r["Failover"]): r["ResourceRecords"][0]["Value"] for r in records if "Failover" in r}
    check(found == {
        ("api.bank.test.", "PRIMARY"): bundle.values["primary.Target"],
        ("api.bank.test.", "SECONDARY"): bundle.values["standby.Target"],
        ("active-region.bank.test.", "PRIMARY"): f'"{bundle.regions["primary"]}"',
        ("active-region.bank.test.", "SECONDARY"): f'"{bundle.regions["standby"]}"',
    }, "service and marker fail over from the primary to the standby", found)


def transactions_are_processed(bundle):
    send = {"x_api_key": KEY, "idempotency_key": "order-7-attempt"}
    post = lambda side, body, **headers: bundle.call(side, "/transactions", body, **headers)[:2]
    status, body = post("primary", GOOD, **send)
    check(status == 401, f"a caller that nobody has entered is refused: {body}")
    caller = {"pk": {"S": "caller/" + hashlib.sha256(KEY.encode()).hexdigest()}, "name": {"S": "branch 7"}}
    bundle.client("dynamodb", "primary").put_item(TableName=TABLE, Item=caller)

    status, receipt = post("primary", GOOD, **send)
    check(status == 201, f"a transaction is accepted: {status} {receipt}")
    item = bundle.client("dynamodb", "primary").get_item(TableName=TABLE, Key={"pk": {"S": receipt["pk"]}})["Item"]
    check(item["amount"] == {"N": "1250"} and item["audited"] == {"BOOL": True}, "it is in the table, audited")
    s3, bucket = bundle.client("s3", "primary"), bundle.values["primary.BucketName"]
    objects = s3.list_objects_v2(Bucket=bucket, Prefix="documents/")["Contents"]
    document = json.load(s3.get_object(Bucket=bucket, Key=objects[0]["Key"])["Body"])
    check(len(objects) == 1 and document == receipt, "its document equals the receipt")

    status, again = post("primary", GOOD, **send)
    check(status == 200 and again == receipt, "a repetition gets the same receipt")
    versions = s3.list_object_versions(Bucket=bucket, Prefix="documents/")["Versions"]
    items = bundle.client("dynamodb", "primary").scan(TableName=TABLE)["Items"]
    stored = [i for i in items if i["pk"]["S"].startswith("transaction/")]
    check(len(versions) == 1 and len(stored) == 1, "and is processed once: one item, one document")

    status, body = post("primary", GOOD | {"amount": 1}, **send)
    check(status == 409 and body["error"].startswith("idempotency-key"), "the same key for other terms is a conflict")
    for wrong in ({"amount": -5}, {"currency": "euro"}, {"customerId": ""}, {"reference": "x" * 141}):
        status, body = post("primary", GOOD | wrong, **send)
        (name,) = wrong
        check(status == 422 and body["error"].startswith(name), f"{wrong} is refused: {body['error']}")
    status, body = post("primary", b"{", **send)
    check(status == 400 and "JSON" in body["error"], f"a body that is not JSON is refused: {body['error']}")

    bundle.carry(TABLE)
    status, replay = post("standby", GOOD, **send)
    check(status == 200 and replay == receipt, "the standby knows the transaction: no second one after a failover")


def regions_are_healthy(bundle):
    for role in ("primary", "standby"):
        status, body, _ = bundle.call(role, "/health")
        check(status == 200 and body["role"] == role, f"{role} is healthy: {body}")


def levers_move(bundle):
    newest = lambda namespace, metric: bundle.newest("standby", namespace, metric, Environment=SUFFIX)
    minute = lambda role: bundle.run(role, "transaction-operations", {"detail-type": "Scheduled Event"})
    minute("primary")
    bundle.carry(TABLE)
    check(minute("standby")["command"] == 0, "keepalive: never commanded means released")
    check(newest("Switchback/DR", "ReplicaStalenessSeconds") < 60, "the heartbeat has arrived")
    number, cloudwatch = int(time.time()), bundle.client("cloudwatch", "standby")
    for command, what in ((number, "engage"), (-(number + 1), "release")):
        cloudwatch.put_metric_data(Namespace=LEVER, MetricData=[{
            "MetricName": "FailoverCommand", "Dimensions": [{"Name": "Environment", "Value": SUFFIX}], "Value": command}])
        until(lambda c=command: minute("standby")["command"] == c, f"the keepalive obeys {what} {command}")
        until(lambda c=command: newest(LEVER, "FailoverEcho") == c, f"the echo of {command}")
        check(True, f"keepalive obeys and echoes {what} {command}")

    lever, table = {"pk": {"S": "lever"}}, bundle.client("dynamodb", "standby")
    check(bundle.call("standby", "/lever")[0] == 503, "the endpoint lever is released")
    table.put_item(TableName=TABLE, Item=lever)
    check(bundle.call("standby", "/lever")[0] == 200, "an item of the standby's table engages it")
    table.delete_item(TableName=TABLE, Key=lever)
    check(bundle.call("standby", "/lever")[0] == 503, "and without the item it is released again")


def all_is_retained(bundle):
    """Deleting root and instances deletes stacks, and nothing else."""
    for stack_id in ("root", "primary", "standby"):
        bundle.delete(stack_id)
    kept = {"table": lambda role: bundle.client("dynamodb", role).describe_table(TableName=TABLE),
            "bucket": lambda role: bundle.client("s3", role).head_bucket(Bucket=bundle.values[f"{role}.BucketName"]),
            "key": lambda role: bundle.client("kms", role).describe_key(KeyId="alias/transaction-encryption"),
            "function": lambda role: bundle.client("lambda", role).get_function(
                FunctionName=f"transaction-processor-{SUFFIX}")}
    for what, ask in kept.items():
        for role in ("primary",) if what == "table" else ("primary", "standby"):  # the other one was carried by hand
            try:
                ask(role)
                gone = None
            except ClientError as error:
                gone = error
            check(gone is None, f"the {what} of the {role} is still there", gone)
    status, _, _ = bundle.call("primary", "/health")
    check(status == 200, "and the system still serves")
