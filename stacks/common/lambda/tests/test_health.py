"""Health and the endpoint lever: what Route 53's checkers see."""
import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ReadTimeoutError


class Busy(Exception):
    pass


class Region:
    """DynamoDB and Lambda at once: each call answers or raises as the test says."""

    exceptions = SimpleNamespace(TooManyRequestsException=Busy)

    def __init__(self):
        self.table, self.payments, self.calls = None, {}, []

    def get_item(self, TableName, Key):
        self.calls.append((TableName, Key))
        if self.table:
            raise self.table
        return {}

    def invoke(self, FunctionName, Payload):
        self.calls.append((FunctionName, json.loads(Payload)))
        if isinstance(self.payments, Exception):
            raise self.payments
        return self.payments


@pytest.fixture
def region():
    return Region()


@pytest.fixture
def ask(load, region, context):
    def get(path, lever="false"):
        health = load(
            "health", {"dynamodb": region, "lambda": region}, TABLE="payment-table", PAYMENTS="payment-processor",
            ROLE="standby", LEVER_ENGAGED=lever)
        reply = health.handler({"path": path}, context)
        assert reply["headers"]["Cache-Control"] == "no-store"
        return reply["statusCode"], json.loads(reply["body"])

    return get


def test_all_parts_work(ask, region):
    status, body = ask("/health")
    assert (status, body["status"], body["role"], body["region"]) == (200, "ok", "standby", "us-east-1")
    assert region.calls == [("payment-table", {"pk": {"S": "heartbeat"}}), ("payment-processor", {"probe": True})]


def test_a_busy_payment_function_is_not_broken(ask, region):
    region.payments = Busy()
    assert ask("/health")[0] == 200
    assert ask("/health")[1]["parts"]["payments"] == "busy"


def test_a_payment_function_that_fails_is_unhealthy(ask, region):
    region.payments = {"FunctionError": "Unhandled"}
    status, body = ask("/health")
    assert (status, body["status"], body["parts"]["table"]) == (503, "unhealthy", "ok")


def test_a_table_that_fails_is_unhealthy_with_its_reason(ask, region, refusal):
    region.table = refusal("ResourceNotFoundException")
    status, body = ask("/health")
    assert status == 503 and "ResourceNotFoundException" in body["parts"]["table"]


def test_silence_is_unhealthy(ask, region):
    region.payments = ReadTimeoutError(endpoint_url="https://lambda")
    assert ask("/health")[0] == 503


def test_the_lever_answers_200_only_while_engaged(ask, region):
    assert ask("/lever") == (503, {"engaged": False, "region": "us-east-1"})
    assert ask("/prod/lever", "true") == (200, {"engaged": True, "region": "us-east-1"})
    assert not region.calls
