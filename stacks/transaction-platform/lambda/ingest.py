"""Accepts transactions: each is written down before it is queued, and once only.

The id is derived from account and idempotency key, so that a repetition meets the same item in
either region. The item is the outbox row too: attribute `outbox` (one of 16 shards) keeps it in the
index `outbox` until a worker has processed it. Queues are not replicated, tables are: what a lost
region had queued is found there.
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
TABLE = boto3.resource("dynamodb", config=QUICK).Table(os.environ["TABLE"])
SQS = boto3.client("sqs", config=QUICK)
QUEUE = os.environ["QUEUE"]
CURRENCIES = "AUD CAD CHF EUR GBP JPY NZD SGD USD".split()
MAX_AMOUNT = 100_000_000
TERMS = ("accountId", "type", "amount", "currency", "reference")


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.body = status, {"error": code, "message": message}


def handler(event, context):
    if event.get("probe"):
        return probe()
    try:
        headers = {k.lower(): v for k, v in (event.get("headers") or {}).items()}
        return accept(validate(parse(event), headers))
    except Refused as refusal:
        return answer(refusal.status, refusal.body)
    except (BotoCoreError, ClientError) as error:
        print(json.dumps({"failed": str(error), "request": context.aws_request_id}))
        return answer(503, {"error": "unavailable", "message": "Repeat with the same idempotency key"})


def probe():
    """Both ways out of the subnet, without a trace."""
    TABLE.get_item(Key={"pk": "transaction#probe"})
    SQS.get_queue_attributes(QueueUrl=QUEUE, AttributeNames=["QueueArn"])
    return {"ready": True}


def accept(transaction):
    created = put(transaction)
    if created:
        enqueue(transaction)
    else:
        transaction = stored(transaction)
    shown = {k: v for k, v in sorted(transaction.items()) if k not in ("outbox", "attempts", "queuedAt")}
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
    account, kind, amount, currency, reference = terms.values()
    for field, fits, rule in (
        ("idempotency-key", re.fullmatch(r"[\w.:-]{8,64}", key, re.A), "a header of 8 to 64 of A-Z a-z 0-9 _ . : -"),
        ("accountId", isinstance(account, str) and re.fullmatch(r"[\w-]{3,40}", account, re.A), "3 to 40 of A-Z a-z 0-9 _ -"),
        ("type", kind in ("credit", "debit"), "credit or debit"),
        ("amount", type(amount) is int and 0 < amount <= MAX_AMOUNT, f"whole minor units, 1 to {MAX_AMOUNT}"),
        ("currency", currency in CURRENCIES, "one of " + " ".join(CURRENCIES)),
        ("reference", isinstance(reference, str) and len(reference) <= 140, "at most 140 characters"),
    ):
        if not fits:
            raise Refused(422, "invalid", f"{field}: {rule}")
    identity = hashlib.sha256(f"{account}/{key}".encode()).hexdigest()[:32]
    return terms | {
        "transactionId": identity,
        "createdAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "region": REGION,
        "status": "PENDING",
        "outbox": identity[0],
    }


def row(transaction):
    return {"pk": "transaction#" + transaction["transactionId"]}


def put(transaction):
    """True if the transaction is new, False if this id has been taken before."""
    try:
        TABLE.put_item(Item=row(transaction) | transaction, ConditionExpression="attribute_not_exists(pk)")
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True


def enqueue(transaction):
    """A failure here is not the client's: the outbox still has the transaction."""
    try:
        SQS.send_message(QueueUrl=QUEUE, MessageBody=json.dumps({"transactionId": transaction["transactionId"]}))
    except (BotoCoreError, ClientError) as error:
        print(json.dumps({"not queued yet": transaction["transactionId"], "because": str(error)}))


def stored(transaction):
    """The transaction that was accepted under this id, provided its terms are the same."""
    item = TABLE.get_item(Key=row(transaction), ConsistentRead=True)["Item"]
    if any(item[k] != transaction[k] for k in TERMS):
        raise Refused(409, "conflict", "This idempotency key was used for a different transaction")
    del item["pk"]
    return item | {"amount": int(item["amount"])}


def answer(status, body, headers=None):
    kind = {"Content-Type": "application/json", "X-Region": REGION}
    return {"statusCode": status, "headers": kind | (headers or {}), "body": json.dumps(body)}
