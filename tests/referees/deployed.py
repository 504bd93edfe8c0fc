"""A bundle on an AWS that nobody here wrote: deployed and deleted as the console does it, and called.

What each bundle has to do there is told in bundles/.
"""
import json
import re
import time
import urllib.error
import urllib.request
import uuid

from botocore.exceptions import ClientError

import referee
from referee import must, say, until

SUFFIX = "referee"
DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


class Bundle:
    """A folder with a manifest, and what is known about its stacks: `values` fills the placeholders."""

    def __init__(self, folder, url, **given):
        self.folder, self.url = folder, url
        self.manifest = json.loads((folder / "bundle.json").read_text())
        self.regions = self.manifest["regions"]
        self.values = {p["name"]: p.get("default", "") for p in self.manifest["parameters"]} | given
        self.values |= {"suffix": SUFFIX} | {f"region.{role}": name for role, name in self.regions.items()}
        self.stacks = {stack["id"]: stack for stack in self.manifest["stacks"]}

    def client(self, service, role):
        return referee.client(self.url, service, self.regions[role])

    def fill(self, text):
        return re.sub(r"\$\{([^}]+)\}", lambda m: self.values[m[1]], text)

    def body(self, stack_id):
        template = json.loads((self.folder / self.stacks[stack_id]["template"]).read_text())
        return json.dumps(template, separators=(",", ":"))

    def deploy_all(self):
        for stack_id in self.stacks:
            self.deploy(stack_id)

    def deploy(self, stack_id, **changed):
        """Through a change set; returns the resources that it changed."""
        stack = self.stacks[stack_id]
        name, cloudformation = self.fill(stack["name"]), self.client("cloudformation", stack["region"])
        parameters = {k: self.fill(v) for k, v in stack["parameters"].items()} | changed
        known = self.status(stack_id) != "DELETE_COMPLETE"
        change = f"referee-{uuid.uuid4().hex[:8]}"
        cloudformation.create_change_set(
            StackName=name, ChangeSetName=change, ChangeSetType="UPDATE" if known else "CREATE",
            TemplateBody=self.body(stack_id), Capabilities=stack["capabilities"],
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()])
        described = until(
            lambda: (lambda d: d["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS") and d)(
                cloudformation.describe_change_set(StackName=name, ChangeSetName=change)), f"change set of {stack_id}")
        if described["Status"] != "CREATE_COMPLETE":
            must(False, f"change set of {stack_id}", described.get("StatusReason"))
        cloudformation.execute_change_set(StackName=name, ChangeSetName=change)
        time.sleep(0.5)
        status = self.settled(stack_id)
        if status not in DONE:
            for event in cloudformation.describe_stack_events(StackName=name)["StackEvents"]:
                say(f"{event.get('LogicalResourceId')} {event.get('ResourceStatus')} {event.get('ResourceStatusReason', '')}")
        must(status in DONE, f"{stack_id} is {status}")
        outputs = cloudformation.describe_stacks(StackName=name)["Stacks"][0].get("Outputs", [])
        self.values |= {f"{stack_id}.{o['OutputKey']}": o["OutputValue"] for o in outputs}
        return [c["ResourceChange"]["LogicalResourceId"] for c in described["Changes"]]

    def delete_all(self):
        for stack_id in self.manifest["delete_order"]:
            self.delete(stack_id)

    def delete(self, stack_id):
        stack = self.stacks[stack_id]
        self.client("cloudformation", stack["region"]).delete_stack(StackName=self.fill(stack["name"]))
        must(self.settled(stack_id) == "DELETE_COMPLETE", f"{stack_id} is deleted")

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

    def call(self, stack_id, path, body=None, **headers):
        """Status, JSON and headers of the stack's API, which its output ApiDomain names."""
        api = self.values[f"{stack_id}.ApiDomain"].split(".")[0]
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
        """What a function answers; its name is given without the suffix."""
        reply = self.client("lambda", role).invoke(
            FunctionName=f"{function}-{SUFFIX}", Payload=json.dumps(event or {}).encode())
        body = json.loads(reply["Payload"].read() or b"null")
        if reply.get("FunctionError"):
            must(False, f"{function} runs in {role}", body)
        return body

    def carry(self, table):
        """What a global table does on AWS and not here: the primary's items in the standby region."""
        source, target = self.client("dynamodb", "primary"), self.client("dynamodb", "standby")
        try:
            target.describe_table(TableName=table)
        except target.exceptions.ResourceNotFoundException:
            described = source.describe_table(TableName=table)["Table"]
            indexes = [{k: i[k] for k in ("IndexName", "KeySchema", "Projection")} for i in described.get("GlobalSecondaryIndexes", [])]
            target.create_table(
                TableName=table, BillingMode="PAY_PER_REQUEST", KeySchema=described["KeySchema"],
                AttributeDefinitions=described["AttributeDefinitions"],
                **({"GlobalSecondaryIndexes": indexes} if indexes else {}))
        for page in source.get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                target.put_item(TableName=table, Item=item)

    def newest(self, role, namespace, metric, **dimensions):
        """The value of largest magnitude that was published lately, whatever its sign."""
        now = time.time()
        points = self.client("cloudwatch", role).get_metric_statistics(
            Namespace=namespace, MetricName=metric, StartTime=now - 600, EndTime=now + 120, Period=60,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            Statistics=["Maximum", "Minimum"])["Datapoints"]
        return max((p for point in points for p in (point["Maximum"], point["Minimum"])), key=abs, default=None)


def levers_move(bundle, keepalive, lever_function):
    """The contract that every bundle's two levers keep: the functions' names without suffix and in the template."""
    newest = lambda metric: bundle.newest("standby", "Switchback/Failover", metric, Environment=SUFFIX)
    must(bundle.run("standby", keepalive)["command"] == 0, "keepalive: never commanded means released")
    number, cloudwatch = int(time.time()), bundle.client("cloudwatch", "standby")
    for command, what in ((number, "engage"), (-(number + 1), "release")):
        cloudwatch.put_metric_data(Namespace="Switchback/Failover", MetricData=[{
            "MetricName": "FailoverCommand", "Dimensions": [{"Name": "Environment", "Value": SUFFIX}], "Value": command}])
        until(lambda c=command: bundle.run("standby", keepalive)["command"] == c, f"the keepalive obeys {what} {command}")
        until(lambda c=command: newest("FailoverEcho") == c, f"the echo of {command}")
        must(True, f"keepalive obeys and echoes {what} {command}")
    levers = {lever["kind"]: lever for lever in bundle.manifest["traffic"]["levers"]}
    alarm = cloudwatch.describe_alarms(AlarmNames=[bundle.fill(levers["metric"]["alarm"])])["MetricAlarms"][0]
    must((alarm["Statistic"], alarm["Threshold"], alarm["TreatMissingData"]) == ("Maximum", 1.0, "ignore"),
         "the lever's alarm has the agreed shape")

    must(bundle.call("standby", "/lever")[0] == 503, "the endpoint lever is released")
    lever = levers["endpoint"]
    changed = bundle.deploy(lever["stack"], **{lever["parameter"]: "true"})
    must(changed == [lever_function], f"pulling it changes one function: {changed}")
    status, body, _ = bundle.call("standby", "/lever")
    must(status == 200 and body["engaged"], "the endpoint lever is engaged")


def nothing_left(bundle):
    """After the deletion of every stack."""
    zones = bundle.client("route53", "primary").list_hosted_zones()["HostedZones"]
    must(not zones, "no zone is left", zones)
    for role in ("primary", "standby"):
        buckets = [b["Name"] for b in bundle.client("s3", role).list_buckets()["Buckets"] if SUFFIX in b["Name"]]
        must(not buckets, f"no bucket is left in {role}", buckets)
        functions = [f["FunctionName"] for f in bundle.client("lambda", role).list_functions()["Functions"]]
        must(not functions, f"no function is left in {role}", functions)
