#!/usr/bin/env python3
"""Deploys payment-standby on MiniStack, makes it work, moves its levers and deletes it again.

The bundle is a copy without the types that MiniStack does not know (prune.py). MiniStack
replicates no global table, so this referee carries the table to the standby by hand; all
else is done by the templates and the Lambda functions themselves.
"""
import contextlib
import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid

from botocore.exceptions import ClientError

import manifest
import referee
from referee import ROOT, judge, ministack, say, until
from referee import must as check  # every step here rests on those before it

SUFFIX = "referee"
GIVEN = {"domainName": "pay.test", "reservedConcurrency": "0", "notificationEmail": "ops@pay.test"}


class Bundle:
    """The manifest, deployed and deleted the way the console does it."""

    def __init__(self, folder, url, **given):
        self.folder, self.url = folder, url
        self.manifest = json.loads((folder / "bundle.json").read_text())
        self.regions = self.manifest["regions"]
        self.values = {p["name"]: p.get("default", "") for p in self.manifest["parameters"]} | GIVEN | given
        self.values |= {"suffix": SUFFIX} | {f"region.{role}": name for role, name in self.regions.items()}
        self.stacks = {stack["id"]: stack for stack in self.manifest["stacks"]}

    def client(self, service, role):
        return referee.client(self.url, service, self.regions[role])

    def fill(self, text):
        return re.sub(r"\$\{([^}]+)\}", lambda m: self.values[m[1]], text)

    def deploy(self, stack_id, **changed):
        stack = self.stacks[stack_id]
        name, cloudformation = self.fill(stack["name"]), self.client("cloudformation", stack["region"])
        parameters = {k: self.fill(v) for k, v in stack["parameters"].items()} | changed
        known = self.status(stack_id) != "DELETE_COMPLETE"
        body = json.dumps(json.loads((self.folder / stack["template"]).read_text()), separators=(",", ":"))
        change = f"referee-{uuid.uuid4().hex[:8]}"
        cloudformation.create_change_set(
            StackName=name, ChangeSetName=change, ChangeSetType="UPDATE" if known else "CREATE", TemplateBody=body,
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
            Capabilities=stack["capabilities"])
        described = until(
            lambda: (lambda d: d["Status"] != "CREATE_PENDING" and d["Status"] != "CREATE_IN_PROGRESS" and d)(
                cloudformation.describe_change_set(StackName=name, ChangeSetName=change)), f"change set of {stack_id}")
        if described["Status"] != "CREATE_COMPLETE":
            check(False, f"change set of {stack_id}", described.get("StatusReason"))
        cloudformation.execute_change_set(StackName=name, ChangeSetName=change)
        time.sleep(0.5)
        status = self.settled(stack_id)
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            for event in cloudformation.describe_stack_events(StackName=name)["StackEvents"]:
                say(f"{event.get('LogicalResourceId')} {event.get('ResourceStatus')} {event.get('ResourceStatusReason', '')}")
        check(status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), f"{stack_id} is {status}")
        outputs = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
        self.values |= {f"{stack_id}.{o['OutputKey']}": o["OutputValue"] for o in outputs}
        return [c["ResourceChange"]["LogicalResourceId"] for c in described["Changes"]]

    def delete(self, stack_id):
        stack = self.stacks[stack_id]
        self.client("cloudformation", stack["region"]).delete_stack(StackName=self.fill(stack["name"]))
        check(self.settled(stack_id) == "DELETE_COMPLETE", f"{stack_id} is deleted")

    def status(self, stack_id):
        stack = self.stacks[stack_id]
        try:
            found = self.client("cloudformation", stack["region"]).describe_stacks(StackName=self.fill(stack["name"]))
        except ClientError as error:
            if "does not exist" in str(error):
                return "DELETE_COMPLETE"
            raise
        return found["Stacks"][0]["StackStatus"]

    def settled(self, stack_id):
        return until(
            lambda: (lambda s: not s.endswith("IN_PROGRESS") and s)(self.status(stack_id)), f"{stack_id} settles")

    def call(self, role, path, body=None, **headers):
        api = self.values[f"{role}.ApiDomain"].split(".")[0]
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_aws/execute-api/{api}/prod{path}", data)
        for name, value in {"content-type": "application/json", **headers}.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            reply = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            reply = error
        with reply:
            text = reply.read()
            return reply.status, json.loads(text), reply.headers

    def run(self, role, function, event=None):
        reply = self.client("lambda", role).invoke(
            FunctionName=f"{function}-{SUFFIX}", Payload=json.dumps(event or {}).encode())
        body = json.loads(reply["Payload"].read() or b"null")
        if reply.get("FunctionError"):
            check(False, f"{function} runs in {role}", body)
        return body


def carry_table(bundle):
    """What the global table does on AWS: the same items in the standby region."""
    name = f"payment-table-{SUFFIX}"
    source, target = bundle.client("dynamodb", "primary"), bundle.client("dynamodb", "standby")
    with contextlib.suppress(target.exceptions.ResourceInUseException):
        target.create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}])
    for item in source.scan(TableName=name)["Items"]:
        target.put_item(TableName=name, Item=item)


def payments_are_processed(bundle):
    secret = bundle.client("secretsmanager", "primary").get_secret_value(SecretId=f"payment-secret-{SUFFIX}")
    key = json.loads(secret["SecretString"])["apiKey"]
    payment = {"merchantId": "shop-1", "amount": 1250, "currency": "EUR", "reference": "order 7"}
    send = {"x_api_key": key, "idempotency_key": "order-7-attempt"}

    status, receipt, headers = bundle.call("primary", "/payments", payment, **send)
    check(status == 201 and headers["Idempotent-Replay"] == "false", f"a valid payment is accepted: {status} {receipt}")
    stored = bundle.client("dynamodb", "primary").get_item(
        TableName=f"payment-table-{SUFFIX}", Key={"pk": {"S": f"payment#{receipt['paymentId']}"}})["Item"]
    check(stored["amount"] == {"N": "1250"} and stored["audited"] == {"BOOL": True}, "it is in the table, audited")
    s3, bucket = bundle.client("s3", "primary"), bundle.values["primary.BucketName"]
    objects = s3.list_objects_v2(Bucket=bucket, Prefix="audit/")["Contents"]
    audit = json.load(s3.get_object(Bucket=bucket, Key=objects[0]["Key"])["Body"])
    check(len(objects) == 1 and audit == receipt, "its audit object equals the receipt")

    status, again, headers = bundle.call("primary", "/payments", payment, **send)
    check(status == 200 and again == receipt and headers["Idempotent-Replay"] == "true", "a repetition is a replay")
    versions = s3.list_object_versions(Bucket=bucket)["Versions"]
    items = bundle.client("dynamodb", "primary").scan(TableName=f"payment-table-{SUFFIX}")["Items"]
    paid = [i for i in items if i["pk"]["S"].startswith("payment#")]
    check(len(versions) == 1 and len(paid) == 1, "and is processed once: one item, one audit object")

    status, body, _ = bundle.call("primary", "/payments", payment | {"amount": 1}, **send)
    check(status == 409 and body["error"] == "conflict", "the same key for another payment is a conflict")
    for wrong, field in (({"amount": -5}, "amount"), ({"currency": "XXX"}, "currency"), ({"merchantId": ""}, "merchantId")):
        status, body, _ = bundle.call("primary", "/payments", payment | wrong, **send)
        check(status == 422 and body["message"].startswith(field), f"{wrong} is refused: {body['message']}")
    status, body, _ = bundle.call("primary", "/payments", b"{", **send)
    check(status == 400 and body["error"] == "malformed", "a body that is not JSON is refused")
    status, body, _ = bundle.call("primary", "/payments", payment, x_api_key="wrong", idempotency_key="order-8-attempt")
    check(status == 401 and body["error"] == "unauthorised", "a wrong key is refused")

    carry_table(bundle)
    status, replay, _ = bundle.call("standby", "/payments", payment, **send)
    check(status == 200 and replay == receipt, "the standby knows the payment: no second one after a failover")


def levers_move(bundle):
    cloudwatch = bundle.client("cloudwatch", "standby")
    dimensions = [{"Name": "Environment", "Value": SUFFIX}]

    def newest(namespace, metric):
        now = time.time()
        points = cloudwatch.get_metric_statistics(
            Namespace=namespace, MetricName=metric, Dimensions=dimensions, StartTime=now - 600, EndTime=now + 120,
            Period=60, Statistics=["Maximum", "Minimum"])["Datapoints"]
        return max((p for point in points for p in (point["Maximum"], point["Minimum"])), key=abs, default=None)

    bundle.run("primary", "payment-recovery")
    carry_table(bundle)
    check(bundle.run("standby", "payment-recovery")["command"] == 0, "keepalive: never commanded means released")
    check(newest("Switchback/DR", "ReplicaStalenessSeconds") < 60, "the heartbeat has arrived")
    check(abs(newest("Switchback/DR", "HeartbeatReceived") - time.time()) < 60, "its time is published")

    number = int(time.time())
    for command, engaged in ((number, True), (-(number + 1), False)):
        cloudwatch.put_metric_data(Namespace="Switchback/Failover", MetricData=[
            {"MetricName": "FailoverCommand", "Dimensions": dimensions, "Value": command}])
        answer = until(
            lambda c=command: (lambda a: a["command"] == c and a)(bundle.run("standby", "payment-recovery")), "the command arrives")
        check(answer["command"] == command, f"keepalive obeys {'engage' if engaged else 'release'} {command}")
        until(lambda c=command: newest("Switchback/Failover", "FailoverEcho") == c, "the echo")
        check(True, f"and echoes {command}")
    alarm = cloudwatch.describe_alarms(AlarmNames=[bundle.values["standby.LeverAlarmName"]])["MetricAlarms"][0]
    check((alarm["Statistic"], alarm["Threshold"], alarm["TreatMissingData"]) == ("Maximum", 1.0, "ignore"), "the lever's alarm has the agreed shape")

    check(bundle.call("standby", "/lever")[0] == 503, "the endpoint lever is released")
    changed = bundle.deploy("standby", leverEngaged="true")
    check(changed == ["HealthFunction"], f"pulling it changes one function: {changed}")
    status, body, _ = bundle.call("standby", "/lever")
    check(status == 200 and body["engaged"], "the endpoint lever is engaged")


def regions_are_healthy(bundle):
    for role in ("primary", "standby"):
        status, body, _ = bundle.call(role, "/health")
        check(status == 200 and body["role"] == role, f"{role} is healthy: {body}")


def work_and_leave(bundle):
    for stack_id in bundle.stacks:
        bundle.deploy(stack_id)
    kinds = {record["Type"] for record in service_records(bundle)}
    check(kinds == {"CNAME", "TXT"}, "without certificates the service name is a CNAME beside its marker")
    payments_are_processed(bundle)
    regions_are_healthy(bundle)
    levers_move(bundle)
    bundle.client("s3", "standby").put_object(
        Bucket=bundle.values["standby.BucketName"], Key="audit/left-over.json", Body=b"{}")
    bundle.client("route53", "primary").change_resource_record_sets(
        HostedZoneId=bundle.values["global.HostedZoneId"], ChangeBatch={"Changes": [{
            "Action": "CREATE", "ResourceRecordSet": {
                "Name": "foreign.pay.test", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"left over"'}]}}]})
    leave(bundle)


def wear_a_name(folder, url):
    """The same with certificates and without the optional parts."""
    given = {"enableBackup": "false", "hostedZoneId": "", "automaticHold": "true"}
    for role in ("primary", "standby"):
        bundle = Bundle(folder, url)
        arn = bundle.client("acm", role).request_certificate(DomainName="api.pay.test")["CertificateArn"]
        given[f"certificateArn{role.title()}"] = arn
    bundle = Bundle(folder, url, **given)
    for stack_id in bundle.stacks:
        bundle.deploy(stack_id)
    aliases = [r["AliasTarget"]["DNSName"].rstrip(".") for r in service_records(bundle) if r["Type"] == "A"]
    wanted = [bundle.values[f"{role}.RegionalDomainName"] for role in ("primary", "standby")]
    check(sorted(aliases) == sorted(wanted), f"with certificates the service name is an alias: {aliases}")
    leave(bundle)


def service_records(bundle):
    records = bundle.client("route53", "primary").list_resource_record_sets(
        HostedZoneId=bundle.values["global.HostedZoneId"])["ResourceRecordSets"]
    ours = [record for record in records if "SetIdentifier" in record]
    weights = sorted((r["Name"], r["SetIdentifier"], r["Weight"]) for r in ours)
    check(weights == [
        (f"{name}.pay.test.", side, weight) for name in ("active-region", "api")
        for side, weight in (("primary", 100), ("standby", 0))], "service and marker share sides and weights")
    return ours


def leave(bundle):
    for stack_id in bundle.manifest["delete_order"]:
        bundle.delete(stack_id)
    zones = bundle.client("route53", "primary").list_hosted_zones()["HostedZones"]
    check(not zones, "the zone is gone, with the records that others made")
    for role in ("primary", "standby"):
        left = [b["Name"] for b in bundle.client("s3", role).list_buckets()["Buckets"]]
        check(not [b for b in left if SUFFIX in b], f"no bucket is left in {role}")


def main(folder):
    for path in sorted(ROOT.glob("stacks/*/bundle.json")):
        found = list(manifest.problems(path.parent))
        referee.check(not found, f"{path.relative_to(ROOT)} keeps its schema and its references", found)
    subprocess.run(
        [sys.executable, ROOT / "tests/referees/prune.py", ROOT / "stacks/payment-standby", folder / "bundle"], check=True)
    with ministack(folder) as url:
        work_and_leave(Bundle(folder / "bundle", url))
        wear_a_name(folder / "bundle", url)


if __name__ == "__main__":
    judge(main)
