"""payment-pci: a payment is settled once, a promotion moves cluster, queue and source, and a return takes them back.

MiniStack knows no GlobalCluster in templates, so the story makes one by hand; and its Data API knows few statements, so
the functions speak to a small one here, which obeys the cluster that is the writer.
"""
import contextlib
import http.server
import json
import sqlite3
import threading
import time

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from deployed import SUFFIX, Bundle, levers_move, nothing_left
from referee import must as check  # every step here rests on those before it
from referee import until

GIVEN = {"domainName": "pay.test", "notificationEmail": "ops@pay.test", "minimumConcurrency": "0"}
TABLE = f"table-sessions-{SUFFIX}"
ENGINE = "16.13"
GLOBAL = f"aurora-global-{SUFFIX}"
PAYMENT = {"merchantId": "shop-1", "amount": 1250, "currency": "SGD", "reference": "order 7"}


def story(folder, url):
    work_and_leave(folder, url)
    wear_a_name(folder, url)


class Ledger:
    """The Data API in front of one database; a cluster that is not the writer refuses."""

    def __init__(self, writer):
        self.writer, self.lock = writer, threading.Lock()
        self.database = sqlite3.connect(":memory:", check_same_thread=False)

    def answer(self, asked):
        if asked["resourceArn"].split(":")[3] != self.writer():
            return 400, {"message": "the cluster has no writer"}
        values = {p["name"]: next(iter(p["value"].values())) for p in asked.get("parameters", [])}
        try:
            with self.lock:
                rows = self.database.execute(asked["sql"], values).fetchall()
        except sqlite3.Error as error:
            return 400, {"message": str(error)}
        return 200, {"records": [[{"stringValue": str(cell)} for cell in row] for row in rows]}

    def rows(self):
        with self.lock:
            return self.database.execute("SELECT id, amount, settled_in FROM payments ORDER BY created_at, id").fetchall()

    @contextlib.contextmanager
    def served(self):
        ledger = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                status, body = ledger.answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                if status != 200:
                    self.send_header("x-amzn-errortype", "BadRequestException")
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()


def point_at(ledger_url, folder):
    path = folder / "service.json"
    template = json.loads(path.read_text())
    for function in ("ProcessorFunction", "ConsumerFunction"):
        template["Resources"][function]["Properties"]["Environment"]["Variables"]["AWS_ENDPOINT_URL_RDS_DATA"] = ledger_url
    path.write_text(json.dumps(template))


def secrets(folder, url):
    """The existing secrets: the stacks take their ARNs and make none."""
    given = {}
    for role in ("primary", "standby"):
        client = Bundle(folder, url).client("secretsmanager", role)
        with contextlib.suppress(client.exceptions.ResourceExistsException):
            client.create_secret(Name="database", SecretString=json.dumps({"username": "payments", "password": "secret-pass-1"}))
        given[f"databaseSecretArn{role.title()}"] = client.describe_secret(SecretId="database")["ARN"]
    return given


def writer_of(bundle):
    found = bundle.client("rds", "standby").describe_global_clusters(GlobalClusterIdentifier=GLOBAL)["GlobalClusters"]
    return next(m["DBClusterArn"].split(":")[3] for m in found[0]["GlobalClusterMembers"] if m["IsWriter"])


def join(bundle):
    """MiniStack's templates do not join a global cluster; its API does. A cluster that joins is made anew."""
    client, name = bundle.client("rds", "standby"), bundle.values["standby-base.ClusterId"]
    for side in "ab":
        client.delete_db_instance(DBInstanceIdentifier=f"aurora-payment-{side}-{SUFFIX}", SkipFinalSnapshot=True)
    until(lambda: not client.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]["DBClusterMembers"], "the instances are gone")
    client.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True)
    until(lambda: not [c for c in client.describe_db_clusters()["DBClusters"] if c["DBClusterIdentifier"] == name], "the cluster is gone")
    client.create_db_cluster(
        DBClusterIdentifier=name, Engine="aurora-postgresql", EngineVersion=ENGINE, GlobalClusterIdentifier=GLOBAL, StorageEncrypted=True,
        KmsKeyId=bundle.values["standby-base.KeyArn"])


def deploy(bundle):
    for stack_id in bundle.stacks:
        bundle.deploy(stack_id)
        if stack_id == "primary-base":
            bundle.client("rds", "primary").create_global_cluster(
                GlobalClusterIdentifier=GLOBAL, SourceDBClusterIdentifier=bundle.values["primary-base.ClusterArn"])
        if stack_id == "standby-base":
            join(bundle)
        if stack_id == "standby":  # MiniStack says Enabled of a mapping that a template makes disabled
            bundle.client("lambda", "standby").update_event_source_mapping(UUID=bundle.values["standby.MappingId"], Enabled=False)
    check(writer_of(bundle) == bundle.regions["primary"], "the primary's cluster is the writer")


def hand_over(bundle, folder):
    """Writes the outputs as `switchback outputs --flat` does; what follows knows only what the file says."""
    names = [name for name in bundle.values if name.split(".")[0] in bundle.stacks]
    path = folder.parent / "cfn-outputs" / "flat-outputs.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({name.replace(".", ""): bundle.values.pop(name) for name in names}, indent=2))
    flat = json.loads(path.read_text())
    check(len(flat) == len(names) > 30, f"{len(flat)} outputs are in {path.parent.name}/{path.name}, no two under one name")
    bundle.values |= {name: flat[name.replace(".", "")] for name in names}


def item_of(bundle, role, payment_id):
    item = bundle.client("dynamodb", role).get_item(TableName=TABLE, Key={"pk": {"S": f"payment#{payment_id}"}}).get("Item", {})
    return {name: next(iter(value.values())) for name, value in item.items()}


def settled(bundle, role, payment_id):
    until(lambda: item_of(bundle, role, payment_id).get("status") == "SETTLED", f"{payment_id} is settled in {role}")
    return item_of(bundle, role, payment_id)


def pay(bundle, role, payment, key):
    """A payment with the signature that the API asks its callers for."""
    data = payment if isinstance(payment, bytes) else json.dumps(payment).encode()
    api = bundle.values[f"{role}.ApiDomain"].split(".")[0]
    request = AWSRequest("POST", f"{bundle.url}/_aws/execute-api/{api}/prod/payments", data=data)
    SigV4Auth(Credentials("test", "test"), "execute-api", bundle.regions[role]).add_auth(request)
    signed = {name.replace("-", "_"): request.headers[name] for name in ("Authorization", "X-Amz-Date")}
    return bundle.call(role, "/payments", data, idempotency_key=key, **signed)


def payments_are_processed(bundle, ledger):
    key = "order-7-attempt"
    status, body, _ = bundle.call("primary", "/payments", PAYMENT, idempotency_key=key)
    check(status == 403, f"a payment that nobody signed is refused: {body}")
    status, body, headers = pay(bundle, "primary", PAYMENT, key)
    check(status == 202 and headers["Idempotent-Replay"] == "false", f"a valid payment is accepted: {status} {body}")
    item = settled(bundle, "primary", body["paymentId"])
    check(item["settledIn"] == bundle.regions["primary"] and "pending" not in item, f"the queue is read, and the payment settled: {item}")
    check(ledger.rows() == [(body["paymentId"], 1250, bundle.regions["primary"])], "it is in the ledger")
    s3, bucket = bundle.client("s3", "primary"), bundle.values["global.LogsBucketName"]
    objects = s3.list_objects_v2(Bucket=bucket, Prefix="transactions/")["Contents"]
    logged = json.load(s3.get_object(Bucket=bucket, Key=objects[0]["Key"])["Body"])
    check(len(objects) == 1 and logged["paymentId"] == body["paymentId"], "its transaction log is in the bucket")

    status, again, headers = pay(bundle, "primary", PAYMENT, key)
    check(status == 200 and headers["Idempotent-Replay"] == "true" and again["status"] == "SETTLED", "a repetition is a replay")
    bundle.client("sqs", "primary").send_message(
        QueueUrl=bundle.values["primary-base.QueueUrl"], MessageBody=json.dumps({"paymentId": body["paymentId"]}))
    time.sleep(3)
    check(len(ledger.rows()) == 1 and len(s3.list_object_versions(Bucket=bucket, Prefix="transactions/")["Versions"]) == 1,
          "and a message that comes twice is not processed twice")

    status, refused, _ = pay(bundle, "primary", PAYMENT | {"amount": 1}, key)
    check(status == 409 and refused["error"] == "conflict", "the same key for another payment is a conflict")
    for wrong, field in (({"amount": -5}, "amount"), ({"currency": "XXX"}, "currency"), ({"merchantId": ""}, "merchantId")):
        status, refused, _ = pay(bundle, "primary", PAYMENT | wrong, key)
        check(status == 422 and refused["message"].startswith(field), f"{wrong} is refused: {refused['message']}")
    status, refused, _ = pay(bundle, "primary", b"{", key)
    check(status == 400 and refused["error"] == "malformed", "a body that is not JSON is refused")


def regions_are_healthy(bundle):
    for role in ("primary", "standby"):
        status, body, _ = bundle.call(role, "/health")
        check(status == 200 and body["role"] == role, f"{role} is healthy: {body}")


def heartbeats_arrive(bundle):
    bundle.run("primary", "lambda-recovery")
    bundle.carry(TABLE)
    bundle.run("standby", "lambda-recovery")
    check(bundle.newest("standby", "Switchback/DR", "ReplicaStalenessSeconds", Environment=SUFFIX) < 60, "the heartbeat has arrived")


def machine_runs(bundle, direction, command):
    """Started as its rule would start it, the approval published as the console publishes it."""
    dimensions = [{"Name": "Environment", "Value": SUFFIX}]
    cloudwatch, states = bundle.client("cloudwatch", "standby"), bundle.client("stepfunctions", "standby")
    cloudwatch.put_metric_data(Namespace="Switchback/Failover", MetricData=[
        {"MetricName": "FailoverCommand", "Dimensions": dimensions, "Value": command},
        {"MetricName": "PromotionApproved", "Dimensions": dimensions, "Value": command}])
    bundle.run("standby", "lambda-recovery")
    cloudwatch.set_alarm_state(
        AlarmName=bundle.values["dr.LeverAlarmName"], StateValue="ALARM" if command > 0 else "OK", StateReason="as the metric says")
    rule = "promote" if direction == "promote" else "return"
    (target,) = bundle.client("events", "standby").list_targets_by_rule(Rule=f"rule-{rule}-{SUFFIX}")["Targets"]
    check(target["Arn"] == bundle.values["dr.MachineArn"], f"the rule {rule} points at the machine")
    execution = states.start_execution(stateMachineArn=target["Arn"], input=target["Input"])["executionArn"]
    ended = until(lambda: (lambda e: e["status"] != "RUNNING" and e)(states.describe_execution(executionArn=execution)), f"the {direction} ends", 180)
    names = [e["stateEnteredEventDetails"]["name"] for e in states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
             if "stateEnteredEventDetails" in e]
    check(ended["status"] == "SUCCEEDED" and names[-1] == "Done", f"the {direction} is done: {' '.join(names)}", ended)
    progress = bundle.newest("standby", "Switchback/Failover", "PromotionStep", Environment=SUFFIX)
    check(progress == 5, f"its last step is shown: {progress}")


def policy_of(bundle):
    attributes = bundle.client("sqs", "standby").get_queue_attributes(
        QueueUrl=bundle.values["standby-base.QueueUrl"], AttributeNames=["Policy"])["Attributes"]
    return [statement["Sid"] for statement in json.loads(attributes["Policy"])["Statement"]]


def source_of(bundle):
    return bundle.client("lambda", "standby").get_event_source_mapping(UUID=bundle.values["standby.MappingId"])["State"]


def passive(bundle, what):
    found = policy_of(bundle), source_of(bundle)
    check(found == (["TlsOnly", "PassiveUntilPromoted"], "Disabled"), what, found)


def promotion_and_return(bundle, ledger):
    primary, standby = bundle.regions["primary"], bundle.regions["standby"]
    passive(bundle, "the standby is passive")
    status, waiting, _ = pay(bundle, "standby", PAYMENT, "order-8-attempt")
    check(status == 202 and waiting["ledger"] == "DEFERRED", f"it accepts a payment all the same: {waiting}")
    time.sleep(2)
    check(item_of(bundle, "standby", waiting["paymentId"])["status"] == "ACCEPTED", "and does not settle it")

    number = int(time.time()) + 10  # above those that moved the levers
    machine_runs(bundle, "promote", number)
    check(writer_of(bundle) == standby, "the standby's cluster is the writer")
    check(policy_of(bundle) == ["TlsOnly"] and source_of(bundle) == "Enabled", "its queue gives messages, its source is enabled")
    check(settled(bundle, "standby", waiting["paymentId"])["settledIn"] == standby, "the payment that waited is settled there")
    check([row[2] for row in ledger.rows()] == [primary, standby], f"the ledger has both payments once: {ledger.rows()}")

    machine_runs(bundle, "return", -(number + 2))
    check(writer_of(bundle) == primary, "the primary's cluster is the writer again")
    passive(bundle, "the standby is passive again")


def the_sweep_settles(bundle, ledger):
    """A payment that was taken and never queued, as after a crash, or in a standby that nobody promoted."""
    forgotten = {"paymentId": "f" * 32, "merchantId": "shop-1", "currency": "SGD", "reference": "", "status": "ACCEPTED", "pending": "f",
                 "createdAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 700)), "region": bundle.regions["standby"]}
    item = {name: {"S": value} for name, value in forgotten.items()} | {
        "pk": {"S": "payment#" + "f" * 32}, "amount": {"N": "99"}, "queued": {"BOOL": True}}
    bundle.client("dynamodb", "primary").put_item(TableName=TABLE, Item=item)
    bundle.carry(TABLE)
    found = bundle.run("standby", "lambda-promotion", {"do": "sweep"})
    check(found == {"late": 1}, f"the sweep finds what is late: {found}")
    check(settled(bundle, "primary", "f" * 32)["settledIn"] == bundle.regions["primary"], "and the region that writes settles it")
    check([row[0] for row in ledger.rows()].count("f" * 32) == 1, "once")


def records(bundle):
    found = bundle.client("route53", "primary").list_resource_record_sets(
        HostedZoneId=bundle.values["global.HostedZoneId"])["ResourceRecordSets"]
    ours = [record for record in found if "SetIdentifier" in record]
    pairs = sorted((r["Name"], r["SetIdentifier"], r["Failover"]) for r in ours)
    check(pairs == [(f"{name}.pay.test.", side, role) for name in ("active-region", "api")
                    for side, role in (("primary", "PRIMARY"), ("standby", "SECONDARY"))], "service and marker are failover pairs")
    return ours


def leave(bundle):
    """The members leave the global cluster, the secondary first: on AWS their deletion does that."""
    member_of = {"standby-base": "standby", "primary-base": "primary"}
    for stack_id in bundle.manifest["delete_order"]:
        if stack_id in member_of:
            bundle.client("rds", member_of[stack_id]).remove_from_global_cluster(
                GlobalClusterIdentifier=GLOBAL, DbClusterIdentifier=bundle.values[f"{stack_id}.ClusterArn"])
        bundle.delete(stack_id)
    bundle.client("rds", "primary").delete_global_cluster(GlobalClusterIdentifier=GLOBAL)
    nothing_left(bundle)


def work_and_leave(folder, url):
    bundle = Bundle(folder, url, **GIVEN, **secrets(folder, url))
    ledger = Ledger(lambda: writer_of(bundle))
    with ledger.served() as address:
        point_at(address, folder)
        deploy(bundle)
        hand_over(bundle, folder)
        check({r["Type"] for r in records(bundle)} == {"CNAME", "TXT"}, "without certificates the service name is a CNAME beside its marker")
        payments_are_processed(bundle, ledger)
        heartbeats_arrive(bundle)
        regions_are_healthy(bundle)
        levers_move(bundle, "lambda-recovery", "HealthFunction")
        promotion_and_return(bundle, ledger)
        the_sweep_settles(bundle, ledger)
        bundle.client("s3", "standby").put_object(Bucket=bundle.values["dr.LogsBucketName"], Key="transactions/left-over.json", Body=b"{}")
        bundle.client("route53", "primary").change_resource_record_sets(
            HostedZoneId=bundle.values["global.HostedZoneId"], ChangeBatch={"Changes": [{
                "Action": "CREATE", "ResourceRecordSet": {
                    "Name": "foreign.pay.test", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"left over"'}]}}]})
        leave(bundle)


def wear_a_name(folder, url):
    """The same with certificates: custom domain, listener of the load balancer, alias records."""
    given = GIVEN | secrets(folder, url)
    for role in ("primary", "standby"):
        arn = Bundle(folder, url).client("acm", role).request_certificate(DomainName="api.pay.test")["CertificateArn"]
        given[f"certificateArn{role.title()}"] = arn
    bundle = Bundle(folder, url, **given)
    deploy(bundle)
    aliases = [r["AliasTarget"]["DNSName"].rstrip(".") for r in records(bundle) if r["Type"] == "A"]
    wanted = [bundle.values[f"{role}.RegionalDomainName"] for role in ("primary", "standby")]
    check(sorted(aliases) == sorted(wanted), f"with certificates the service name is an alias: {aliases}")
    leave(bundle)
