"""What the tests of this bundle share: a table with an outbox, a ledger that speaks SQL, a queue."""
import re
import sqlite3

import pytest

CLUSTERS = {"primary": "arn:aws:rds:ap-southeast-1:1:cluster:c", "standby": "arn:aws:rds:ap-southeast-2:1:cluster:c"}
DATABASE = {"CLUSTER_ARN": CLUSTERS["primary"], "SECRET_ARN": "arn:secret", "DATABASE": "payments"}


class Sessions:
    """The table: one key, the index by-pending, and the update expressions that the functions use."""

    def __init__(self, client_error):
        self.items, self.client_error, self.broken, self.page = {}, client_error, None, 2

    def Table(self, name):
        assert name == "sessions"
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

    def update_item(self, Key, UpdateExpression, ExpressionAttributeValues, ExpressionAttributeNames=None):
        self.guard()
        item, names = self.items[Key["pk"]], ExpressionAttributeNames or {}
        sets, _, removed = UpdateExpression.removeprefix("SET ").partition(" REMOVE ")
        for name, value in re.findall(r"([#\w]+) = (:\w+)", sets):
            item[names.get(name, name)] = ExpressionAttributeValues[value]
        for name in removed.split():
            item.pop(name, None)

    def query(self, IndexName, KeyConditionExpression, ExpressionAttributeValues, ProjectionExpression, ExclusiveStartKey=0):
        self.guard()
        assert (IndexName, KeyConditionExpression) == ("by-pending", "pending = :shard AND createdAt < :before")
        shard, before = (ExpressionAttributeValues[name] for name in (":shard", ":before"))
        of_shard = sorted((i for i in self.items.values() if i.get("pending") == shard and i["createdAt"] < before), key=lambda i: i["createdAt"])
        found = [{name: i[name] for name in ProjectionExpression.split(", ")} for i in of_shard]
        end = ExclusiveStartKey + self.page
        return {"Items": found[ExclusiveStartKey:end]} | ({"LastEvaluatedKey": end} if end < len(found) else {})


class Ledger:
    """The Data API in front of a real, small database; `broken` is a cluster without a writer."""

    def __init__(self):
        self.database, self.broken, self.asked = sqlite3.connect(":memory:"), None, []

    def execute_statement(self, resourceArn, secretArn, database, sql, parameters):
        assert (secretArn, database) == ("arn:secret", "payments")
        self.asked.append(sql.split()[0])
        if self.broken:
            raise self.broken
        values = {p["name"]: next(iter(p["value"].values())) for p in parameters}
        rows = self.database.execute(sql, values).fetchall()
        return {"records": [[{"stringValue": cell} for cell in row] for row in rows]}

    def rows(self):
        return self.database.execute("SELECT id, amount, settled_in, status FROM payments").fetchall()


class Queue:
    def __init__(self):
        self.messages, self.broken, self.attributes, self.refused = [], None, {}, []

    def send_message(self, QueueUrl, MessageBody):
        if self.broken:
            raise self.broken
        self.messages.append((QueueUrl, MessageBody))

    def send_message_batch(self, QueueUrl, Entries):
        assert len(Entries) <= 10
        if self.broken:
            raise self.broken
        self.messages += [(QueueUrl, entry["MessageBody"]) for entry in Entries]
        return {"Failed": self.refused}

    def get_queue_attributes(self, QueueUrl, AttributeNames):
        assert (QueueUrl, AttributeNames) == ("https://queue", ["Policy", "QueueArn"])
        return {"Attributes": dict(self.attributes)}

    def set_queue_attributes(self, QueueUrl, Attributes):
        if self.broken:
            raise self.broken
        self.attributes |= Attributes


@pytest.fixture
def table(refusal):
    return Sessions(refusal)


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture
def queue():
    return Queue()


@pytest.fixture
def clusters():
    return CLUSTERS


@pytest.fixture
def database():
    return DATABASE
