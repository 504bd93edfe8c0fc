"""transaction-platform: a transaction is accepted, queued and processed once; the standby finishes what a lost primary left."""
import json
import time

from deployed import SUFFIX, Bundle, levers_move, nothing_left
from referee import must as check, until  # every step here rests on those before it

GIVEN = {"domainName": "trade.test", "notificationEmail": "ops@trade.test"}
TABLE = f"transactions-{SUFFIX}"
ROW = {"accountId": "account-1", "type": "debit", "amount": 1250, "currency": "EUR", "reference": "order 7"}


def story(folder, url):
    bundle = Bundle(folder, url, **GIVEN)
    bundle.deploy_all()
    records(bundle)
    transaction = one_is_processed(bundle)
    it_is_processed_once(bundle, transaction)
    wrong_ones_are_refused(bundle)
    heartbeats_arrive(bundle)
    for role in ("primary", "standby"):
        status, body, _ = bundle.call(role, "/health")
        check(status == 200 and body["role"] == role, f"{role} is healthy: {body}")
    the_standby_finishes(bundle)
    poison_ends_among_the_dead_letters(bundle)
    levers_move(bundle, "transaction-recovery", "HealthFunction")
    leave(bundle)
    without_network_and_backups(folder, url)


def send(bundle, role, body, attempt="order-7-attempt"):
    """With the region's own key: MiniStack mistakes two regions' keys of the same value for one."""
    key = bundle.client("apigateway", role).get_api_key(apiKey=bundle.values[f"{role}.ApiKeyId"], includeValue=True)["value"]
    headers = {"idempotency_key": attempt} if attempt else {}
    return bundle.call(role, "/transactions", body, x_api_key=key, **headers)


def item(bundle, role, identity):
    found = bundle.client("dynamodb", role).get_item(TableName=TABLE, Key={"pk": {"S": f"transaction#{identity}"}})
    return {name: value for name, wrapped in found.get("Item", {}).items() for value in wrapped.values()}


def objects(bundle, role, folder):
    s3, bucket = bundle.client("s3", role), bundle.values[f"{role}-foundation.BucketName"]
    return {o["Key"]: json.load(s3.get_object(Bucket=bucket, Key=o["Key"])["Body"])
            for o in s3.list_objects_v2(Bucket=bucket, Prefix=f"{folder}/").get("Contents", [])}


def records(bundle):
    found = bundle.client("route53", "primary").list_resource_record_sets(
        HostedZoneId=bundle.values["global.HostedZoneId"])["ResourceRecordSets"]
    pairs = sorted((r["Name"], r["SetIdentifier"], r["Failover"]) for r in found if "SetIdentifier" in r)
    check(pairs == [(f"{name}.trade.test.", side.lower(), side if side == "PRIMARY" else "SECONDARY")
                    for name in ("active-region", "api") for side in ("PRIMARY", "STANDBY")],
          f"service and marker are failover pairs: {pairs}")


def one_is_processed(bundle):
    status, answer, headers = send(bundle, "primary", ROW)
    check(status == 202 and headers["Idempotent-Replay"] == "false", f"a valid transaction is accepted: {status} {answer}")
    check(answer["status"] == "PENDING" and item(bundle, "primary", answer["transactionId"])["amount"] == "1250", "it is in the table")
    done = until(lambda: (lambda i: i["status"] == "COMPLETED" and i)(item(bundle, "primary", answer["transactionId"])),
                 "the worker processes the queue's message")
    check("outbox" not in done and done["completedIn"] == "us-east-1", "the worker has closed its outbox row")
    audits = objects(bundle, "primary", "audit")
    audit, = audits.values()
    check(audit == {k: v for k, v in answer.items() if k != "status"}, f"its audit object is in the bucket: {audit}")
    batches = objects(bundle, "primary", "logs")
    check(any(answer["transactionId"] in json.dumps(b) for b in batches.values()), "and the log of its batch")
    return answer


def it_is_processed_once(bundle, transaction):
    status, again, headers = send(bundle, "primary", ROW)
    check(status == 200 and headers["Idempotent-Replay"] == "true" and again["status"] == "COMPLETED", f"a repetition is a replay: {again}")
    bundle.client("sqs", "primary").send_message(
        QueueUrl=bundle.values["primary-foundation.QueueUrl"], MessageBody=json.dumps({"transactionId": transaction["transactionId"]}))
    until(lambda: "processed before" in json.dumps(list(objects(bundle, "primary", "logs").values())), "the worker meets the message again")
    s3, bucket = bundle.client("s3", "primary"), bundle.values["primary-foundation.BucketName"]
    versions = s3.list_object_versions(Bucket=bucket, Prefix="audit/")["Versions"]
    rows = [i for i in bundle.client("dynamodb", "primary").scan(TableName=TABLE)["Items"] if "transaction" in i["pk"]["S"]]
    check(len(versions) == 1 and len(rows) == 1, "and it was processed once: one row, one version of one audit object")
    status, body, _ = send(bundle, "primary", ROW | {"amount": 1})
    check(status == 409 and body["error"] == "conflict", "the same key for another transaction is a conflict")


def wrong_ones_are_refused(bundle):
    for wrong, field in (({"amount": -5}, "amount"), ({"currency": "XXX"}, "currency"), ({"accountId": ""}, "accountId"),
                         ({"type": "gift"}, "type"), ({"reference": "x" * 141}, "reference")):
        status, body, _ = send(bundle, "primary", ROW | wrong)
        check(status == 422 and body["message"].startswith(field), f"{field} is refused: {body['message']}")
    status, body, _ = send(bundle, "primary", ROW, None)
    check(status == 422 and body["message"].startswith("idempotency-key"), "so is a missing idempotency key")
    status, body, _ = send(bundle, "primary", b"{")
    check(status == 400 and body["error"] == "malformed", "and a body that is not JSON")
    status, body, _ = bundle.call("primary", "/transactions", ROW, idempotency_key="order-8-attempt")
    check(status == 403, f"and a caller without a key: {status} {body}")


def heartbeats_arrive(bundle):
    bundle.run("primary", "transaction-recovery")
    bundle.carry(TABLE)
    bundle.run("standby", "transaction-recovery")
    check(bundle.newest("standby", "Switchback/DR", "ReplicaStalenessSeconds", Environment=SUFFIX) < 60, "the heartbeat has arrived")
    check(abs(bundle.newest("standby", "Switchback/DR", "HeartbeatReceived", Environment=SUFFIX) - time.time()) < 60, "its time is published")


def left_behind(bundle, identity, seconds):
    """A row that the primary accepted and never processed, as its replica in the standby shows it."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds))
    row = {k: {"N": str(v)} if k == "amount" else {"S": v} for k, v in ROW.items()} | {
        "pk": {"S": f"transaction#{identity}"}, "transactionId": {"S": identity}, "outbox": {"S": identity[0]},
        "status": {"S": "PENDING"}, "region": {"S": "us-east-1"}, "createdAt": {"S": moment}}
    bundle.client("dynamodb", "standby").put_item(TableName=TABLE, Item=row)


def the_standby_finishes(bundle):
    status, replay, _ = send(bundle, "standby", ROW)
    check(status == 200 and replay["region"] == "us-east-1", "the standby knows the transaction: no second one after a failover")
    left_behind(bundle, "a" * 32, 120)
    left_behind(bundle, "b" * 32, 400)
    ran = bundle.run("standby", "transaction-outbox")
    check(ran == {"late": 2, "queued": 1}, f"the standby takes over what is older than five minutes: {ran}")
    until(lambda: item(bundle, "standby", "b" * 32)["status"] == "COMPLETED", "and processes it")
    check(item(bundle, "standby", "b" * 32)["completedIn"] == "us-west-2", "and processes it")
    check(item(bundle, "standby", "a" * 32)["status"] == "PENDING", "but not what the primary may be working on")
    check(100 < bundle.newest("standby", "Switchback/Transactions", "OutboxAgeSeconds", Environment=SUFFIX) < 500, "its age was published")


def poison_ends_among_the_dead_letters(bundle):
    sqs, queue = bundle.client("sqs", "primary"), bundle.values["primary-foundation.QueueUrl"]
    given = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy", "KmsMasterKeyId"])["Attributes"]
    policy = json.loads(given["RedrivePolicy"])
    check(policy["maxReceiveCount"] in (5, "5") and policy["deadLetterTargetArn"].endswith(f"transaction-dlq-{SUFFIX}"),
          "a message that fails five times goes to the dead letters")
    ran = bundle.run("primary", "transaction-worker", {"Records": [{"messageId": "m1", "body": "{}"}]})
    check(ran == {"batchItemFailures": [{"itemIdentifier": "m1"}]}, f"a message without sense fails alone: {ran}")


def without_network_and_backups(folder, url):
    """The cheaper choices, with certificates."""
    given = GIVEN | {"interfaceEndpoints": "none", "enableBackup": "false", "notificationEmail": ""}
    for role in ("primary", "standby"):
        arn = Bundle(folder, url).client("acm", role).request_certificate(DomainName="api.trade.test")["CertificateArn"]
        given[f"certificateArn{role.title()}"] = arn
    bundle = Bundle(folder, url, **given)
    bundle.deploy_all()
    placed = bundle.client("lambda", "primary").get_function_configuration(FunctionName=f"transaction-ingest-{SUFFIX}")
    check(not placed.get("VpcConfig", {}).get("SubnetIds"), "without interface endpoints the functions are outside the network")
    status, answer, _ = send(bundle, "primary", ROW)
    check(status == 202, f"and work: {status} {answer}")
    until(lambda: item(bundle, "primary", answer["transactionId"])["status"] == "COMPLETED", "the worker, too")
    leave(bundle)


def leave(bundle):
    bundle.client("s3", "standby").put_object(
        Bucket=bundle.values["standby-foundation.BucketName"], Key="audit/left-over.json", Body=b"{}")
    bundle.client("route53", "primary").change_resource_record_sets(
        HostedZoneId=bundle.values["global.HostedZoneId"], ChangeBatch={"Changes": [{
            "Action": "CREATE", "ResourceRecordSet": {
                "Name": "foreign.trade.test", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"left over"'}]}}]})
    bundle.delete_all()
    nothing_left(bundle)
