"""Transactions: written before they are queued, accepted once, refused with a reason."""
import base64
import json
from decimal import Decimal

import pytest
from botocore.exceptions import EndpointConnectionError

GOOD = {"accountId": "account-1", "type": "debit", "amount": 1250, "currency": "EUR", "reference": "order 7"}
HEADERS = {"Idempotency-Key": "order-7-attempt"}


@pytest.fixture
def world(load, table, queue, context):
    class World:
        items = table.items

        def post(self, body, headers=HEADERS, **more):
            text = body if isinstance(body, str) else json.dumps(body)
            reply = self.ingest.handler({"httpMethod": "POST", "body": text, "headers": headers, **more}, context)
            return reply["statusCode"], json.loads(reply["body"]), reply["headers"]

    world = World()
    world.table, world.queue = table, queue
    world.ingest = load("ingest", {"dynamodb": table, "sqs": queue}, TABLE="transactions", QUEUE="https://queue")
    return world


def test_a_transaction_is_stored_with_its_outbox_row_and_queued(world):
    status, answer, headers = world.post(GOOD)
    assert (status, headers["Idempotent-Replay"], headers["X-Region"]) == (202, "false", "us-east-1")
    item = world.items["transaction#" + answer["transactionId"]]
    assert item["status"] == "PENDING" and item["outbox"] == answer["transactionId"][0] and item["region"] == "us-east-1"
    assert world.queue.sent == [json.dumps({"transactionId": answer["transactionId"]})]
    assert "outbox" not in answer and "pk" not in answer


def test_it_is_written_before_it_is_queued(world):
    world.table.broken = "ProvisionedThroughputExceededException"
    status, body, _ = world.post(GOOD)
    assert (status, body["error"]) == (503, "unavailable") and not world.queue.sent


def test_a_queue_that_fails_costs_nothing_that_was_accepted(world):
    world.queue.broken = EndpointConnectionError(endpoint_url="https://queue")
    status, answer, _ = world.post(GOOD)
    assert status == 202 and "outbox" in world.items["transaction#" + answer["transactionId"]]


def test_a_repetition_is_answered_from_the_table_and_not_queued(world):
    _, first, _ = world.post(GOOD)
    item = world.items["transaction#" + first["transactionId"]]
    item |= {"amount": Decimal(1250), "attempts": Decimal(1), "queuedAt": Decimal(7), "status": "COMPLETED"}
    status, second, headers = world.post(GOOD)
    assert (status, headers["Idempotent-Replay"]) == (200, "true")
    assert second == first | {"status": "COMPLETED"} and len(world.queue.sent) == 1


def test_the_same_key_of_another_account_is_another_transaction(world):
    _, first, _ = world.post(GOOD)
    status, second, _ = world.post(GOOD | {"accountId": "account-2"})
    assert status == 202 and second["transactionId"] != first["transactionId"]


@pytest.mark.parametrize("change", [{"amount": 1}, {"currency": "USD"}, {"reference": "order 8"}, {"type": "credit"}])
def test_the_same_key_for_other_terms_is_a_conflict(world, change):
    world.post(GOOD)
    status, body, _ = world.post(GOOD | change)
    assert (status, body["error"]) == (409, "conflict")


@pytest.mark.parametrize(("change", "field"), [
    ({"amount": 0}, "amount"), ({"amount": 12.5}, "amount"), ({"amount": True}, "amount"), ({"amount": "1"}, "amount"),
    ({"amount": 100_000_001}, "amount"), ({"currency": "XXX"}, "currency"), ({"currency": ["EUR"]}, "currency"),
    ({"accountId": "a"}, "accountId"), ({"accountId": "a b c"}, "accountId"), ({"accountId": None}, "accountId"),
    ({"type": "gift"}, "type"), ({"type": None}, "type"), ({"type": ["debit"]}, "type"),
    ({"reference": "x" * 141}, "reference"), ({"reference": 7}, "reference")])
def test_what_is_invalid_is_refused_by_name(world, change, field):
    status, body, _ = world.post(GOOD | change)
    assert (status, body["error"]) == (422, "invalid") and body["message"].startswith(field + ":")
    assert not world.items and not world.queue.sent


@pytest.mark.parametrize("headers", [None, {}, {"idempotency-key": "short"}, {"idempotency-key": "has space in it"},
                                     {"idempotency-key": "x" * 65}])
def test_an_idempotency_key_is_required(world, headers):
    status, body, _ = world.post(GOOD, headers)
    assert status == 422 and body["message"].startswith("idempotency-key:")


@pytest.mark.parametrize("text", ["", "{", "[1]", "null"])
def test_a_body_must_be_an_object(world, text):
    status, body, _ = world.post(text)
    assert (status, body["error"]) == (400, "malformed")


def test_a_body_may_be_base64(world):
    encoded = base64.b64encode(json.dumps(GOOD).encode()).decode()
    assert world.post(encoded, isBase64Encoded=True)[0] == 202
    assert world.post("%%%", isBase64Encoded=True)[0] == 400


def test_a_probe_goes_both_ways_out_and_leaves_no_trace(world, context, refusal):
    assert world.ingest.handler({"probe": True}, context) == {"ready": True}
    assert not world.items and not world.queue.sent
    world.queue.broken = refusal("AWS.SimpleQueueService.NonExistentQueue")
    with pytest.raises(type(world.queue.broken)):
        world.ingest.handler({"probe": True}, context)
