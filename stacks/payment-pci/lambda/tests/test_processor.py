"""The processor: every payment once, refused with a reason, accepted even where the ledger can not be asked."""
import base64
import json
from decimal import Decimal

import pytest

GOOD = {"merchantId": "shop-1", "amount": 1250, "currency": "SGD", "reference": "order 7"}
HEADERS = {"Idempotency-Key": "order-7-attempt"}


@pytest.fixture
def post(load, table, ledger, queue, context, database):
    processor = load(
        "processor", {"dynamodb": table, "sqs": queue, "rds-data": ledger}, AWS_REGION="ap-southeast-1",
        TABLE="sessions", QUEUE_URL="https://queue", **database)

    def send(body, headers=HEADERS, **more):
        text = body if isinstance(body, str) else json.dumps(body)
        reply = processor.handler({"path": "/payments", "body": text, "headers": headers, **more}, context)
        return reply["statusCode"], json.loads(reply["body"]), reply["headers"]

    send.processor = processor
    return send


@pytest.fixture
def schema(ledger):
    ledger.database.execute("CREATE TABLE payments (id text PRIMARY KEY, amount, settled_in, status)")


def test_a_payment_is_kept_asked_for_and_queued(post, table, ledger, queue, schema):
    status, body, headers = post(GOOD)
    assert (status, body["status"], body["ledger"], body["region"]) == (202, "ACCEPTED", "NEW", "ap-southeast-1")
    assert (headers["Idempotent-Replay"], headers["X-Region"]) == ("false", "ap-southeast-1")
    item = table.items["payment#" + body["paymentId"]]
    assert item["queued"] is True and item["pending"] == body["paymentId"][0] and item["ledger"] == "NEW"
    assert queue.messages == [("https://queue", json.dumps({"paymentId": body["paymentId"]}))]
    assert ledger.asked == ["SELECT"]


def test_a_repetition_is_answered_from_the_session_and_not_queued_again(post, table, queue, schema):
    _, first, _ = post(GOOD)
    item = table.items["payment#" + first["paymentId"]]
    item["amount"] = Decimal(item["amount"])
    status, second, headers = post(GOOD)
    assert (status, headers["Idempotent-Replay"]) == (200, "true")
    assert second == first and len(queue.messages) == 1


def test_a_repetition_shows_that_the_payment_is_settled(post, table, queue, schema):
    _, first, _ = post(GOOD)
    table.items["payment#" + first["paymentId"]] |= {"status": "SETTLED", "settledIn": "ap-southeast-1"}
    assert post(GOOD)[1]["status"] == "SETTLED" and len(queue.messages) == 1


def test_a_payment_that_the_table_lost_is_found_in_the_ledger(post, table, ledger, queue, schema):
    _, first, _ = post(GOOD)
    ledger.database.execute("INSERT INTO payments VALUES (?, 1250, 'ap-southeast-1', 'SETTLED')", [first["paymentId"]])
    table.items.clear()
    status, body, _ = post(GOOD)
    assert (status, body["status"]) == (202, "SETTLED") and len(queue.messages) == 1
    item = table.items["payment#" + first["paymentId"]]
    assert item["status"] == "SETTLED" and "pending" not in item


def test_a_standby_without_a_writer_accepts_all_the_same(post, ledger, queue, refusal):
    ledger.broken = refusal("DatabaseUnavailableException")
    status, body, _ = post(GOOD)
    assert (status, body["ledger"]) == (202, "DEFERRED") and len(queue.messages) == 1


def test_a_message_that_was_lost_is_sent_by_the_retry(post, table, queue, refusal, schema):
    queue.broken = refusal("ServiceUnavailable")
    status, body, _ = post(GOOD)
    assert (status, body["error"]) == (503, "unavailable")
    queue.broken = None
    assert post(GOOD)[0] == 200 and len(queue.messages) == 1


def test_a_table_that_fails_is_said_to_be_unavailable(post, table, queue):
    table.broken = "ProvisionedThroughputExceededException"
    status, body, _ = post(GOOD)
    assert (status, body["error"]) == (503, "unavailable") and not queue.messages


@pytest.mark.parametrize("change", [{"amount": 1}, {"currency": "USD"}, {"reference": "order 8"}])
def test_the_same_key_for_other_terms_is_a_conflict(post, change, schema):
    post(GOOD)
    status, body, _ = post(GOOD | change)
    assert (status, body["error"]) == (409, "conflict")


def test_the_same_key_of_another_merchant_is_another_payment(post, schema):
    assert post(GOOD)[1]["paymentId"] != post(GOOD | {"merchantId": "shop-2"})[1]["paymentId"]


@pytest.mark.parametrize(("change", "field"), [
    ({"amount": 0}, "amount"), ({"amount": 12.5}, "amount"), ({"amount": True}, "amount"), ({"amount": "1"}, "amount"),
    ({"amount": 100_000_001}, "amount"), ({"currency": "XXX"}, "currency"), ({"currency": ["SGD"]}, "currency"),
    ({"merchantId": "a"}, "merchantId"), ({"merchantId": None}, "merchantId"), ({"reference": "x" * 141}, "reference")])
def test_what_is_invalid_is_refused_by_name(post, table, change, field):
    status, body, _ = post(GOOD | change)
    assert (status, body["error"]) == (422, "invalid") and body["message"].startswith(field + ":")
    assert not table.items


@pytest.mark.parametrize("headers", [None, {}, {"idempotency-key": "short"}, {"idempotency-key": "x" * 65}])
def test_an_idempotency_key_is_required(post, headers):
    status, body, _ = post(GOOD, headers)
    assert status == 422 and body["message"].startswith("idempotency-key:")


@pytest.mark.parametrize("text", ["", "{", "[1]", "null"])
def test_a_body_must_be_an_object(post, text):
    status, body, _ = post(text)
    assert (status, body["error"]) == (400, "malformed")


def test_a_body_may_be_base64(post, schema):
    encoded = base64.b64encode(json.dumps(GOOD).encode()).decode()
    assert post(encoded, isBase64Encoded=True)[0] == 202
    assert post("%%%", isBase64Encoded=True)[0] == 400


@pytest.mark.parametrize("event", [{"probe": True}, {"path": "/health", "httpMethod": "GET", "headers": {}}])
def test_probes_of_health_and_load_balancer_pay_nothing(post, table, context, event):
    assert post.processor.handler(event, context)["statusCode"] == 200
    assert not table.items
