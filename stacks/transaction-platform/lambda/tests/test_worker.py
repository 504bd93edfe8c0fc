"""The worker: audit object, then the mark; twice is once; what fails goes back alone."""
import json
from decimal import Decimal

import pytest

ROW = {
    "pk": "transaction#t1", "transactionId": "t1", "accountId": "account-1", "type": "debit", "amount": Decimal(1250),
    "currency": "EUR", "reference": "", "createdAt": "2026-11-20T23:59:59Z", "region": "us-west-2", "status": "PENDING",
    "outbox": "7", "attempts": Decimal(1), "queuedAt": Decimal(5)}
AUDIT = {k: ROW[k] for k in ("accountId", "createdAt", "currency", "reference", "region", "transactionId", "type")} | {"amount": 1250}


class Bucket:
    def __init__(self):
        self.objects, self.broken = {}, None

    def put_object(self, Bucket, Key, Body, ContentType):
        if self.broken and Key.startswith("audit/"):
            raise self.broken
        assert (Bucket, ContentType) == ("data", "application/json")
        self.objects[Key] = json.loads(Body)

    def of(self, folder):
        return {key: body for key, body in self.objects.items() if key.startswith(folder)}


@pytest.fixture
def bucket():
    return Bucket()


@pytest.fixture
def work(load, table, bucket, context):
    table.items["transaction#t1"] = dict(ROW)

    def run(*bodies):
        worker = load("worker", {"dynamodb": table, "s3": bucket}, TABLE="transactions", BUCKET="data")
        records = [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]
        failed = worker.handler({"Records": records}, context)["batchItemFailures"]
        return [failure["itemIdentifier"] for failure in failed]

    return run


MESSAGE = json.dumps({"transactionId": "t1"})


def test_a_transaction_is_audited_and_its_outbox_row_closed(work, table, bucket):
    assert work(MESSAGE) == []
    item = table.items["transaction#t1"]
    assert item["status"] == "COMPLETED" and item["completedIn"] == "us-east-1" and "outbox" not in item
    assert bucket.of("audit") == {"audit/2026/11/20/t1.json": AUDIT}


def test_a_batch_leaves_a_log_of_its_own(work, bucket):
    work(MESSAGE)
    (key, log), = bucket.of("logs").items()
    assert key.endswith("/request-1.json") and log == {"region": "us-east-1", "outcomes": {"m0": "t1 is completed"}}


def test_a_message_that_comes_twice_is_processed_once(work, table, bucket):
    assert work(MESSAGE, MESSAGE) == []
    (_, log), = bucket.of("logs").items()
    assert log["outcomes"] == {"m0": "t1 is completed", "m1": "t1 was processed before"}
    before = dict(table.items["transaction#t1"])
    bucket.objects.clear()
    assert work(MESSAGE) == [] and not bucket.of("audit") and table.items["transaction#t1"] == before


@pytest.mark.parametrize("body", ["{", "[]", "{}", "null", json.dumps({"transactionId": "unknown"})])
def test_a_message_without_sense_goes_back_alone(work, bucket, body):
    assert work(body, MESSAGE) == ["m0"]
    (_, log), = bucket.of("logs").items()
    assert log["outcomes"]["m0"].startswith("failed: ") and log["outcomes"]["m1"] == "t1 is completed"


def test_without_the_audit_object_the_row_stays_open(work, table, bucket, refusal):
    bucket.broken = refusal("SlowDown")
    assert work(MESSAGE) == ["m0"]
    assert table.items["transaction#t1"]["outbox"] == "7" and table.items["transaction#t1"]["status"] == "PENDING"
    bucket.broken = None
    assert work(MESSAGE) == [] and bucket.of("audit")


def test_a_table_that_fails_sends_the_message_back(work, table):
    table.broken = "InternalServerError"
    assert work(MESSAGE) == ["m0"]
