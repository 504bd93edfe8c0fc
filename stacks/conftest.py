"""What the unit tests of all Lambda sources share.

A function's source is loaded the way Lambda does: fresh, by path, with its environment set.

Nothing here reaches a network: boto3 hands out what a test gives it, and an unexpected
client is an error.
"""
import importlib.util

import boto3
import pytest
from botocore.exceptions import ClientError

@pytest.fixture
def load(monkeypatch, request):
    sources = request.path.parent.parent

    def load_source(name, clients=None, **environment):
        given = clients or {}
        monkeypatch.setattr(boto3, "client", lambda service, **_: given[service])
        monkeypatch.setattr(boto3, "resource", lambda service, **_: given[service])
        for key, value in {"AWS_REGION": "us-east-1", **environment}.items():
            monkeypatch.setenv(key, value)
        spec = importlib.util.spec_from_file_location(f"source_{name}", sources / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load_source


@pytest.fixture
def refusal():
    def client_error(code, operation="Call"):
        return ClientError({"Error": {"Code": code, "Message": code}}, operation)

    return client_error


class Context:
    aws_request_id = "request-1"

    def __init__(self, milliseconds=900_000):
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self):
        return self.milliseconds


@pytest.fixture
def context():
    return Context()


@pytest.fixture
def late():
    return Context(59_000)


class Table:
    """A DynamoDB table of one key, with the one condition that the functions use."""

    def __init__(self, client_error):
        self.items, self.client_error, self.broken = {}, client_error, None

    def Table(self, name):
        self.name = name
        return self

    def guard(self):
        if self.broken:
            raise self.client_error(self.broken)

    def put_item(self, Item, ConditionExpression=None):
        self.guard()
        if ConditionExpression and Item["pk"] in self.items:
            raise self.client_error("ConditionalCheckFailedException")
        self.items[Item["pk"]] = dict(Item)

    def get_item(self, Key, ConsistentRead=False):
        self.guard()
        item = self.items.get(Key["pk"])
        return {"Item": dict(item)} if item else {}

    def update_item(self, Key, UpdateExpression, ExpressionAttributeValues):
        assert UpdateExpression == "SET audited = :yes"
        self.items[Key["pk"]]["audited"] = ExpressionAttributeValues[":yes"]


@pytest.fixture
def table(refusal):
    return Table(refusal)
