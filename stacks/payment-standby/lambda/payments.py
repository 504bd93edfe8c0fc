"""Accepts payments, each exactly once.

The id is derived from merchant and idempotency key, so that a repeated request meets
the same item in either region. Order: conditional item, audit object, mark; after a
crash in between, the client's own retry completes it.
"""
import base64
import hashlib
import hmac
import json
import os
import re
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

REGION = os.environ["AWS_REGION"]
QUICK = Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 2})
TABLE = boto3.resource("dynamodb", config=QUICK).Table(os.environ["TABLE"])
S3 = boto3.client("s3", config=QUICK)
SECRETS = boto3.client("secretsmanager", config=QUICK)
CURRENCIES = "AUD CAD CHF EUR GBP JPY NZD SGD USD".split()
MAX_AMOUNT = 100_000_000
secret = {"until": 0}


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.body = status, {"error": code, "message": message}


def handler(event, context):
    if event.get("probe"):
        return {"ready": bool(api_key())}
    try:
        headers = {k.lower(): v for k, v in (event.get("headers") or {}).items()}
        authorise(headers)
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
    if not payment["audited"]:
        audit(payment)
    return answer(201 if created else 200, receipt(payment), {"Idempotent-Replay": str(not created).lower()})


def api_key():
    """The callers' key, from this region's replica of the secret, kept for five minutes."""
    if secret["until"] < time.time():
        text = SECRETS.get_secret_value(SecretId=os.environ["SECRET"])["SecretString"]
        secret.update(key=json.loads(text)["apiKey"], until=time.time() + 300)
    return secret["key"]


def authorise(headers):
    if not hmac.compare_digest(headers.get("x-api-key", "").encode(), api_key().encode()):
        raise Refused(401, "unauthorised", "Header x-api-key is missing or wrong")


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
    terms = {k: body.get(k) for k in ("merchantId", "amount", "currency")} | {"reference": body.get("reference", "")}
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
    return terms | {
        "paymentId": hashlib.sha256(f"{merchant}/{key}".encode()).hexdigest()[:32],
        "createdAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "region": REGION,
        "status": "ACCEPTED",
        "audited": False,
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
    if any(item[k] != payment[k] for k in ("merchantId", "amount", "currency", "reference")):
        raise Refused(409, "conflict", "This idempotency key was used for a different payment")
    del item["pk"]
    return item | {"amount": int(item["amount"])}


def audit(payment):
    S3.put_object(
        Bucket=os.environ["BUCKET"], ContentType="application/json", Body=json.dumps(receipt(payment)).encode(),
        Key=f"audit/{payment['createdAt'][:10].replace('-', '/')}/{payment['paymentId']}.json",
    )
    TABLE.update_item(
        Key=row(payment), UpdateExpression="SET audited = :yes", ExpressionAttributeValues={":yes": True})


def receipt(payment):
    """What the client and the audit trail get, signed with the key that both sides know."""
    shown = {k: v for k, v in sorted(payment.items()) if k != "audited"}
    signature = hmac.new(api_key().encode(), json.dumps(shown).encode(), "sha256").hexdigest()
    return shown | {"signature": signature}


def answer(status, body, headers=None):
    kind = {"Content-Type": "application/json", "X-Region": REGION}
    return {"statusCode": status, "headers": kind | (headers or {}), "body": json.dumps(body)}
