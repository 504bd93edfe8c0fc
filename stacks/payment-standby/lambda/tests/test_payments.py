"""Payments: accepted once, refused with a reason, completed after a crash."""
import base64
import hashlib
import hmac
import json
from decimal import Decimal

import pytest

KEY = "k" * 40
GOOD = {"merchantId": "shop-1", "amount": 1250, "currency": "EUR", "reference": "order 7"}
HEADERS = {"X-Api-Key": KEY, "Idempotency-Key": "order-7-attempt"}


class Bucket:
    def __init__(self):
        self.objects, self.broken = {}, None

    def put_object(self, Bucket, Key, Body, ContentType):
        if self.broken:
            raise self.broken
        assert (Bucket, ContentType) == ("audit", "application/json")
        self.objects[Key] = json.loads(Body)


class Secrets:
    def __init__(self):
        self.reads = 0

    def get_secret_value(self, SecretId):
        self.reads += 1
        return {"SecretString": json.dumps({"apiKey": KEY})}


@pytest.fixture
def world(load, table, context):
    class World:
        bucket, secrets, items = Bucket(), Secrets(), table.items
        payments = None

        def post(self, body, headers=HEADERS, **more):
            text = body if isinstance(body, str) else json.dumps(body)
            reply = self.payments.handler({"httpMethod": "POST", "body": text, "headers": headers, **more}, context)
            return reply["statusCode"], json.loads(reply["body"]), reply["headers"]

    world = World()
    world.table = table
    world.payments = load(
        "payments", {"dynamodb": table, "s3": world.bucket, "secretsmanager": world.secrets},
        TABLE="payments", BUCKET="audit", SECRET="secret")
    return world


def test_a_payment_is_stored_audited_and_signed(world):
    status, receipt, headers = world.post(GOOD)
    assert (status, headers["Idempotent-Replay"], headers["X-Region"]) == (201, "false", "us-east-1")
    item = world.items["payment#" + receipt["paymentId"]]
    assert item["audited"] is True and item["amount"] == 1250
    (key, audit), = world.bucket.objects.items()
    assert key == f"audit/{receipt['createdAt'][:10].replace('-', '/')}/{receipt['paymentId']}.json"
    assert audit == receipt
    signed = json.dumps({k: v for k, v in receipt.items() if k != "signature"}).encode()
    assert receipt["signature"] == hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest()


def test_a_repetition_is_answered_from_the_table(world):
    _, first, _ = world.post(GOOD)
    item = world.items["payment#" + first["paymentId"]]
    item["amount"] = Decimal(item["amount"])
    world.bucket.objects.clear()
    status, second, headers = world.post(GOOD)
    assert (status, headers["Idempotent-Replay"]) == (200, "true")
    assert second == first and not world.bucket.objects


def test_the_same_key_of_another_merchant_is_another_payment(world):
    _, first, _ = world.post(GOOD)
    status, second, _ = world.post(GOOD | {"merchantId": "shop-2"})
    assert status == 201 and second["paymentId"] != first["paymentId"]


@pytest.mark.parametrize("change", [{"amount": 1}, {"currency": "USD"}, {"reference": "order 8"}])
def test_the_same_key_for_other_terms_is_a_conflict(world, change):
    world.post(GOOD)
    status, body, _ = world.post(GOOD | change)
    assert (status, body["error"]) == (409, "conflict")


def test_a_lost_audit_object_is_written_by_the_retry(world, refusal):
    world.bucket.broken = refusal("SlowDown")
    status, body, _ = world.post(GOOD)
    assert (status, body["error"]) == (503, "unavailable")
    world.bucket.broken = None
    status, receipt, _ = world.post(GOOD)
    assert status == 200 and list(world.bucket.objects.values()) == [receipt]
    assert world.items["payment#" + receipt["paymentId"]]["audited"] is True


def test_a_table_that_fails_is_said_to_be_unavailable(world):
    world.table.broken = "ProvisionedThroughputExceededException"
    status, body, _ = world.post(GOOD)
    assert (status, body["error"]) == (503, "unavailable")
    assert not world.bucket.objects


@pytest.mark.parametrize(("change", "field"), [
    ({"amount": 0}, "amount"), ({"amount": 12.5}, "amount"), ({"amount": True}, "amount"), ({"amount": "1"}, "amount"),
    ({"amount": 100_000_001}, "amount"), ({"currency": "XXX"}, "currency"), ({"currency": ["EUR"]}, "currency"),
    ({"merchantId": "a"}, "merchantId"), ({"merchantId": "a b c"}, "merchantId"), ({"merchantId": None}, "merchantId"),
    ({"reference": "x" * 141}, "reference"), ({"reference": 7}, "reference")])
def test_what_is_invalid_is_refused_by_name(world, change, field):
    status, body, _ = world.post(GOOD | change)
    assert (status, body["error"]) == (422, "invalid") and body["message"].startswith(field + ":")
    assert not world.items


@pytest.mark.parametrize("key", ["", "short", "has space in it", "x" * 65])
def test_an_idempotency_key_is_required(world, key):
    status, body, _ = world.post(GOOD, HEADERS | {"Idempotency-Key": key})
    assert status == 422 and body["message"].startswith("idempotency-key:")


@pytest.mark.parametrize("text", ["", "{", "[1]", "null"])
def test_a_body_must_be_an_object(world, text):
    status, body, _ = world.post(text)
    assert (status, body["error"]) == (400, "malformed")


def test_a_body_may_be_base64(world):
    encoded = base64.b64encode(json.dumps(GOOD).encode()).decode()
    assert world.post(encoded, isBase64Encoded=True)[0] == 201
    assert world.post("%%%", isBase64Encoded=True)[0] == 400


@pytest.mark.parametrize("headers", [None, {}, {"x-api-key": "wrong"}, {"x-api-key": "k" * 39}])
def test_callers_need_the_key(world, headers):
    status, body, _ = world.post(GOOD, headers)
    assert (status, body["error"]) == (401, "unauthorised")
    assert not world.items


def test_the_key_is_read_once_in_five_minutes(world):
    world.post(GOOD)
    world.post(GOOD)
    assert world.secrets.reads == 1
    world.payments.secret["until"] = 0
    world.post(GOOD)
    assert world.secrets.reads == 2


def test_a_probe_needs_the_secret_only(world, context):
    assert world.payments.handler({"probe": True}, context) == {"ready": True}
    assert not world.items and not world.bucket.objects
