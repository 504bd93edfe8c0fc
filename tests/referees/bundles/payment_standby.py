"""payment-standby: a payment is processed once in either region; with certificates and without."""
import json
import time

from deployed import SUFFIX, Bundle, levers_move, nothing_left
from referee import must as check  # every step here rests on those before it

GIVEN = {"domainName": "pay.test", "reservedConcurrency": "0", "notificationEmail": "ops@pay.test"}
TABLE = f"payment-table-{SUFFIX}"


def story(folder, url):
    work_and_leave(Bundle(folder, url, **GIVEN))
    wear_a_name(folder, url)


def payments_are_processed(bundle):
    secret = bundle.client("secretsmanager", "primary").get_secret_value(SecretId=f"payment-secret-{SUFFIX}")
    key = json.loads(secret["SecretString"])["apiKey"]
    payment = {"merchantId": "shop-1", "amount": 1250, "currency": "EUR", "reference": "order 7"}
    send = {"x_api_key": key, "idempotency_key": "order-7-attempt"}

    status, receipt, headers = bundle.call("primary", "/payments", payment, **send)
    check(status == 201 and headers["Idempotent-Replay"] == "false", f"a valid payment is accepted: {status} {receipt}")
    stored = bundle.client("dynamodb", "primary").get_item(
        TableName=TABLE, Key={"pk": {"S": f"payment#{receipt['paymentId']}"}})["Item"]
    check(stored["amount"] == {"N": "1250"} and stored["audited"] == {"BOOL": True}, "it is in the table, audited")
    s3, bucket = bundle.client("s3", "primary"), bundle.values["primary.BucketName"]
    objects = s3.list_objects_v2(Bucket=bucket, Prefix="audit/")["Contents"]
    audit = json.load(s3.get_object(Bucket=bucket, Key=objects[0]["Key"])["Body"])
    check(len(objects) == 1 and audit == receipt, "its audit object equals the receipt")

    status, again, headers = bundle.call("primary", "/payments", payment, **send)
    check(status == 200 and again == receipt and headers["Idempotent-Replay"] == "true", "a repetition is a replay")
    versions = s3.list_object_versions(Bucket=bucket)["Versions"]
    items = bundle.client("dynamodb", "primary").scan(TableName=TABLE)["Items"]
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

    bundle.carry(TABLE)
    status, replay, _ = bundle.call("standby", "/payments", payment, **send)
    check(status == 200 and replay == receipt, "the standby knows the payment: no second one after a failover")


def heartbeats_arrive(bundle):
    bundle.run("primary", "payment-recovery")
    bundle.carry(TABLE)
    bundle.run("standby", "payment-recovery")
    check(bundle.newest("standby", "Switchback/DR", "ReplicaStalenessSeconds", Environment=SUFFIX) < 60, "the heartbeat has arrived")
    received = bundle.newest("standby", "Switchback/DR", "HeartbeatReceived", Environment=SUFFIX)
    check(abs(received - time.time()) < 60, "its time is published")


def regions_are_healthy(bundle):
    for role in ("primary", "standby"):
        status, body, _ = bundle.call(role, "/health")
        check(status == 200 and body["role"] == role, f"{role} is healthy: {body}")


def work_and_leave(bundle):
    bundle.deploy_all()
    kinds = {record["Type"] for record in service_records(bundle)}
    check(kinds == {"CNAME", "TXT"}, "without certificates the service name is a CNAME beside its marker")
    payments_are_processed(bundle)
    regions_are_healthy(bundle)
    heartbeats_arrive(bundle)
    levers_move(bundle, "payment-recovery", "HealthFunction")
    bundle.client("s3", "standby").put_object(
        Bucket=bundle.values["standby.BucketName"], Key="audit/left-over.json", Body=b"{}")
    bundle.client("route53", "primary").change_resource_record_sets(
        HostedZoneId=bundle.values["global.HostedZoneId"], ChangeBatch={"Changes": [{
            "Action": "CREATE", "ResourceRecordSet": {
                "Name": "foreign.pay.test", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"left over"'}]}}]})
    leave(bundle)


def wear_a_name(folder, url):
    """The same with certificates and without the optional parts."""
    given = GIVEN | {"enableBackup": "false", "hostedZoneId": "", "automaticHold": "true"}
    for role in ("primary", "standby"):
        arn = Bundle(folder, url).client("acm", role).request_certificate(DomainName="api.pay.test")["CertificateArn"]
        given[f"certificateArn{role.title()}"] = arn
    bundle = Bundle(folder, url, **given)
    bundle.deploy_all()
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
    bundle.delete_all()
    nothing_left(bundle)
