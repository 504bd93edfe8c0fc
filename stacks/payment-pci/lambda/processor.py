"""Takes payments, each once, whether or not the ledger can be written in this region.

The id comes from merchant and idempotency key, so that a repetition meets the same item in either
region. Order: item in the table (its outbox mark included), ledger asked, message queued. After a
crash in between, the client's retry goes on. A standby that is not promoted yet can not ask its
ledger: it accepts all the same, and the payment is settled after the promotion.
"""
import base64
import hashlib
import json
import os
import re
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

REGION = os.environ["AWS_REGION"]
QUICK = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2})
# A ledger that takes longer would cost the answer its 500 ms.
HASTY = Config(connect_timeout=0.2, read_timeout=0.3, retries={"total_max_attempts": 1})
TABLE = boto3.resource("dynamodb", config=QUICK).Table(os.environ["TABLE"])
SQS = boto3.client("sqs", config=QUICK)
LEDGER = boto3.client("rds-data", config=HASTY)
CURRENCIES = "AUD CAD CHF EUR GBP HKD IDR INR JPY MYR NZD PHP SGD THB USD".split()
MAX_AMOUNT = 100_000_000
TERMS = ("merchantId", "amount", "currency", "reference")


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.body = status, {"error": code, "message": message}


def handler(event, context):
    if event.get("probe") or event.get("path", "").endswith("/health"):  # the second is the load balancer's
        return answer(200, {"ready": True})
    try:
        headers = {k.lower(): v for k, v in (event.get("headers") or {}).items()}
        return accept(validate(parse(event), headers))
    except Refused as refusal:
        return answer(refusal.status, refusal.body)
    except (BotoCoreError, ClientError) as error:
        print(json.dumps({"failed": str(error), "request": context.aws_request_id}))
        return answer(503, {"error": "unavailable", "message": "Repeat with the same idempotency key"})


def accept(payment):
    created = put(payment)
    if not created:
        payment = stored(payment)
    if payment["status"] == "ACCEPTED" and not payment["queued"]:
        payment |= forward(payment)
    shown = {k: v for k, v in sorted(payment.items()) if k not in ("pk", "pending", "queued")}
    return answer(202 if created else 200, shown, {"Idempotent-Replay": str(not created).lower()})


def parse(event):
    text = event.get("body") or ""
    try:
        body = json.loads(base64.b64decode(text) if event.get("isBase64Encoded") else text)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(400, "malformed", "The body is not a JSON object")
    return body


def validate(body, headers):
    key = headers.get("idempotency-key", "")
    terms = {k: body.get(k) for k in TERMS} | {"reference": body.get("reference", "")}
    merchant, amount, currency, reference = terms.values()
    for field, fits, rule in (
        ("idempotency-key", re.fullmatch(r"[\w.:-]{8,64}", key, re.A), "a header of 8 to 64 of A-Z a-z 0-9 _ . : -"),
        ("merchantId", isinstance(merchant, str) and re.fullmatch(r"[\w-]{3,40}", merchant, re.A), "3 to 40 of A-Z a-z 0-9 _ -"),
        ("amount", type(amount) is int and 0 < amount <= MAX_AMOUNT, f"whole minor units, 1 to {MAX_AMOUNT}"),
        ("currency", currency in CURRENCIES, "one of " + " ".join(CURRENCIES)),
        ("reference", isinstance(reference, str) and len(reference) <= 140, "at most 140 characters"),
    ):
        if not fits:
            raise Refused(422, "invalid", f"{field}: {rule}")
    payment_id = hashlib.sha256(f"{merchant}/{key}".encode()).hexdigest()[:32]
    return terms | {
        "paymentId": payment_id,
        "createdAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "region": REGION,
        "status": "ACCEPTED",
        "queued": False,
        "pending": payment_id[0],  # the outbox: gone once settled, found by index until then
    }


def row(payment):
    return {"pk": "payment#" + payment["paymentId"]}


def put(payment):
    """True if the payment is new, False if this id has been taken before."""
    try:
        TABLE.put_item(Item=row(payment) | payment, ConditionExpression="attribute_not_exists(pk)")
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True


def stored(payment):
    """The payment that was accepted under this id, provided its terms are the same."""
    item = TABLE.get_item(Key=row(payment), ConsistentRead=True)["Item"]
    if any(item[k] != payment[k] for k in TERMS):
        raise Refused(409, "conflict", "This idempotency key was used for a different payment")
    return item | {"amount": int(item["amount"])}


def forward(payment):
    """Queues what the ledger does not have yet, and keeps what was learnt in the session."""
    known = ledger(payment)
    if known == "SETTLED":
        change, values = "SET queued = :yes, ledger = :l, #s = :l REMOVE pending", {":yes": True, ":l": known}
        return update(payment, change, values, {"#s": "status"}) | {"status": known, "ledger": known}
    message = json.dumps({"paymentId": payment["paymentId"]})
    SQS.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=message)
    return update(payment, "SET queued = :yes, ledger = :l", {":yes": True, ":l": known}) | {"ledger": known}


def update(payment, change, values, names=None):
    more = {"ExpressionAttributeNames": names} if names else {}
    TABLE.update_item(Key=row(payment), UpdateExpression=change, ExpressionAttributeValues=values, **more)
    return {"queued": True}


def ledger(payment):
    """SETTLED, NEW, or DEFERRED where it can not be asked. The role may use the database's secret; the code never sees it."""
    try:
        found = LEDGER.execute_statement(
            resourceArn=os.environ["CLUSTER_ARN"], secretArn=os.environ["SECRET_ARN"], database=os.environ["DATABASE"],
            sql="SELECT status FROM payments WHERE id = :id",
            parameters=[{"name": "id", "value": {"stringValue": payment["paymentId"]}}])
    except (BotoCoreError, ClientError) as error:
        print(json.dumps({"deferred": str(error), "payment": payment["paymentId"]}))
        return "DEFERRED"
    return "SETTLED" if found.get("records") else "NEW"


def answer(status, body, headers=None):
    kind = {"Content-Type": "application/json", "X-Region": REGION}
    return {"statusCode": status, "headers": kind | (headers or {}), "body": json.dumps(body)}
