"""The consumer: ledger, log and session, once; and never in a region that is not the writer."""
import json
from decimal import Decimal

import pytest


class Bucket:
    def __init__(self):
        self.objects, self.broken = {}, None

    def put_object(self, Bucket, Key, Body, ContentType):
        if self.broken:
            raise self.broken
        assert (Bucket, ContentType) == ("logs", "application/json")
        self.objects[Key] = json.loads(Body)


@pytest.fixture
def bucket():
    return Bucket()


@pytest.fixture
def consume(load, table, ledger, bucket, context, database):
    consumer = load(
        "consumer", {"dynamodb": table, "s3": bucket, "rds-data": ledger}, AWS_REGION="ap-southeast-1", TABLE="sessions",
        BUCKET="logs", PRIMARY_REGION="ap-southeast-1", **database)

    def run(*ids, region="ap-southeast-1"):
        consumer.REGION = region
        records = [{"messageId": f"m-{i}", "body": json.dumps({"paymentId": i})} for i in ids]
        return [f["itemIdentifier"] for f in consumer.handler({"Records": records}, context)["batchItemFailures"]]

    return run


@pytest.fixture
def accepted(table):
    def one(payment_id):
        table.items["payment#" + payment_id] = {
            "pk": "payment#" + payment_id, "paymentId": payment_id, "merchantId": "shop-1", "amount": Decimal(1250),
            "currency": "SGD", "reference": "", "createdAt": "2026-01-02T03:04:05Z", "status": "ACCEPTED",
            "pending": payment_id[0], "queued": True}
        return table.items["payment#" + payment_id]

    return one


def test_a_payment_is_settled_in_ledger_log_and_session(consume, accepted, ledger, bucket):
    item = accepted("a1")
    assert consume("a1") == []
    assert ledger.rows() == [("a1", 1250, "ap-southeast-1", "SETTLED")]
    assert (item["status"], item["settledIn"]) == ("SETTLED", "ap-southeast-1") and "pending" not in item
    assert all(isinstance(item[name], str) for name in ("settledAt", "settledIn"))  # the processor shows them as they are
    (key, log), = bucket.objects.items()
    assert key == "transactions/2026/01/02/a1.json" and (log["amount"], log["status"]) == (1250, "SETTLED")


def test_a_message_that_comes_twice_settles_once(consume, accepted, ledger, bucket):
    accepted("a1")
    consume("a1")
    bucket.objects.clear()
    assert consume("a1", "a1") == [] and len(ledger.rows()) == 1 and not bucket.objects


def test_a_crash_between_ledger_and_session_is_finished_by_the_retry(consume, accepted, ledger, bucket, refusal):
    item, bucket.broken = accepted("a1"), refusal("SlowDown")
    assert consume("a1") == ["m-a1"] and item["status"] == "ACCEPTED"
    bucket.broken = None
    assert consume("a1") == [] and item["status"] == "SETTLED" and len(ledger.rows()) == 1


def test_only_the_message_that_fails_goes_back(consume, accepted, ledger):
    accepted("a1")
    assert consume("a1", "unknown") == ["m-unknown"] and len(ledger.rows()) == 1


def test_a_cluster_without_a_writer_gives_the_message_back(consume, accepted, ledger, refusal):
    item, ledger.broken = accepted("a1"), refusal("DatabaseUnavailableException")
    assert consume("a1") == ["m-a1"] and item["status"] == "ACCEPTED"


def test_a_woken_primary_is_fenced_after_a_promotion(consume, accepted, table, ledger):
    accepted("a1")
    table.items["writer"] = {"pk": "writer", "region": "ap-southeast-2"}
    assert consume("a1") == ["m-a1"] and not ledger.asked
    assert consume("a1", region="ap-southeast-2") == [] and ledger.rows()[0][2] == "ap-southeast-2"


def test_a_standby_is_fenced_until_it_is_promoted(consume, accepted, ledger):
    accepted("a1")
    assert consume("a1", region="ap-southeast-2") == ["m-a1"] and not ledger.asked


def test_the_schema_is_made_once(consume, accepted, ledger):
    for payment in ("a1", "b2"):
        accepted(payment)
        consume(payment)
    assert ledger.asked == ["CREATE", "INSERT", "INSERT"]
