"""Transactions: accepted once, refused with a reason, completed after a crash."""
import base64
import hashlib
import json

import pytest

KEY = "k" * 40
GOOD = {"customerId": "customer-1", "amount": 1250, "currency": "EUR", "reference": "order 7"}
HEADERS = {"X-Api-Key": KEY, "Idempotency-Key": "order-7-attempt"}


class Bucket:
    def __init__(self):
        self.objects, self.broken = {}, None

    def put_object(self, Bucket, Key, Body):
        if self.broken:
            raise self.broken
        assert Bucket == "documents" and Key not in self.objects
        self.objects[Key] = json.loads(Body)


@pytest.fixture
def world(load, table, context):
    class World:
        bucket, items = Bucket(), table.items

        def post(self, body, headers=HEADERS, **more):
            text = body if isinstance(body, str) else json.dumps(body)
            reply = self.source.handler({"httpMethod": "POST", "body": text, "headers": headers, **more}, context)
            assert reply["headers"] == {"Content-Type": "application/json"}
            return reply["statusCode"], json.loads(reply["body"])

        def transactions(self):
            return [item for pk, item in self.items.items() if pk.startswith("transaction/")]

    world = World()
    world.table = table
    world.items["caller/" + hashlib.sha256(KEY.encode()).hexdigest()] = {"name": "shop"}
    world.source = load("transactions", {"dynamodb": table, "s3": world.bucket}, TABLE="t", BUCKET="documents")
    return world


def test_a_transaction_is_stored_and_documented(world):
    status, receipt = world.post(GOOD)
    assert status == 201
    assert receipt.items() >= {"customerId": "customer-1", "amount": "1250", "currency": "EUR", "region": "us-east-1"}.items()
    assert "audited" not in receipt
    item = world.items[receipt["pk"]]
    assert item["audited"] is True and item["amount"] == 1250
    assert world.bucket.objects == {f"documents/{receipt['pk']}.json": receipt}


def test_a_repetition_is_answered_with_the_same_receipt_and_processed_once(world):
    first = world.post(GOOD)
    assert world.post(GOOD) == (200, first[1])
    assert len(world.transactions()) == len(world.bucket.objects) == 1


def test_the_other_region_takes_the_same_id(world, load, table):
    _, first = world.post(GOOD)
    world.source = load(
        "transactions", {"dynamodb": table, "s3": world.bucket}, TABLE="t", BUCKET="documents", AWS_REGION="us-west-2")
    assert world.post(GOOD) == (200, first)


def test_a_key_that_was_used_for_other_terms_is_a_conflict(world):
    world.post(GOOD)
    status, body = world.post(GOOD | {"amount": 1})
    assert (status, body) == (409, {"error": "idempotency-key: used for another transaction"})


def test_a_crash_before_the_document_is_completed_by_the_repetition(world, refusal):
    world.bucket.broken = refusal("SlowDown")
    with pytest.raises(type(refusal("any"))):
        world.post(GOOD)
    assert [item["audited"] for item in world.transactions()] == [False]
    world.bucket.broken = None
    status, receipt = world.post(GOOD)
    assert status == 200 and len(world.bucket.objects) == 1
    assert [item["audited"] for item in world.transactions()] == [True]
    assert receipt["reference"] == "order 7"


def test_a_table_that_does_not_answer_is_an_error_that_the_alarm_counts(world, refusal):
    world.table.broken = "InternalServerError"
    with pytest.raises(type(refusal("any"))):
        world.post(GOOD)


def test_any_other_refusal_of_the_table_is_not_taken_for_a_repetition(world, monkeypatch, refusal):
    def throttled(**_):
        raise refusal("ThrottlingException")

    monkeypatch.setattr(world.table, "put_item", throttled)
    with pytest.raises(type(refusal("any"))):
        world.post(GOOD)


@pytest.mark.parametrize("headers", [{}, None, {"x-api-key": "wrong", "idempotency-key": "order-7-attempt"}])
def test_an_unknown_caller_is_refused(world, headers):
    assert world.post(GOOD, headers=headers) == (401, {"error": "x-api-key: missing or wrong"})


@pytest.mark.parametrize("key", [None, "short", "x" * 65, "with space in", "ünïcode-key"])
def test_a_bad_idempotency_key_is_refused(world, key):
    headers = {"x-api-key": KEY} | ({"idempotency-key": key} if key else {})
    status, body = world.post(GOOD, headers=headers)
    assert status == 422 and body["error"].startswith("idempotency-key: must match")


@pytest.mark.parametrize("body", ["", "{", "[]", "7", '"text"'])
def test_a_body_that_is_no_object_is_refused(world, body):
    assert world.post(body) == (400, {"error": "body: must be a JSON object"})


def test_a_body_may_come_in_base64_and_without_a_reference(world):
    body = {k: v for k, v in GOOD.items() if k != "reference"}
    text = base64.b64encode(json.dumps(body).encode()).decode()
    status, receipt = world.post(text, isBase64Encoded=True)
    assert (status, receipt["reference"]) == (201, "")
    assert world.post("%%%", isBase64Encoded=True)[0] == 400


@pytest.mark.parametrize("wrong", [
    {"customerId": "x"}, {"customerId": None}, {"amount": 0}, {"amount": -5}, {"amount": 1.5}, {"amount": True},
    {"amount": "12"}, {"amount": 10**9}, {"currency": "euro"}, {"currency": ["EUR"]}, {"reference": "x" * 141},
    {"reference": 7}])
def test_bad_terms_are_refused_with_their_name_and_nothing_is_stored(world, wrong):
    status, body = world.post(GOOD | wrong)
    (name,) = wrong
    assert status == 422 and body["error"].startswith(f"{name}: must match")
    assert not world.transactions() and not world.bucket.objects


def test_a_probe_touches_nothing(world, context):
    world.table.broken = "InternalServerError"
    assert world.source.handler({"probe": 1}, context) == "ready"
