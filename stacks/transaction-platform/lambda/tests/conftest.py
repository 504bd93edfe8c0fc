"""A table and a queue in memory, as far as the functions of this bundle use them."""
import pytest


class Table:
    """Keyed by pk, with the index `outbox`: a row is in it while it has that attribute."""

    def __init__(self, client_error):
        self.items, self.client_error, self.broken = {}, client_error, None

    def Table(self, name):
        assert name == "transactions"
        return self

    def guard(self):
        if self.broken:
            raise self.client_error(self.broken)

    def put_item(self, Item, ConditionExpression):
        self.guard()
        assert ConditionExpression == "attribute_not_exists(pk)"
        if Item["pk"] in self.items:
            raise self.client_error("ConditionalCheckFailedException")
        self.items[Item["pk"]] = dict(Item)

    def get_item(self, Key, ConsistentRead=False):
        self.guard()
        item = self.items.get(Key["pk"])
        return {"Item": dict(item)} if item else {}

    def query(self, IndexName, KeyConditionExpression, Limit, ExpressionAttributeValues):
        self.guard()
        assert (IndexName, KeyConditionExpression) == ("outbox", "outbox = :shard AND createdAt < :before")
        shard, before = (ExpressionAttributeValues[k] for k in (":shard", ":before"))
        found = [i for i in self.items.values() if i.get("outbox") == shard and i["createdAt"] < before]
        return {"Items": sorted(found, key=lambda i: i["createdAt"])[:Limit]}

    def update_item(self, Key, UpdateExpression, ExpressionAttributeValues, **more):
        self.guard()
        item = self.items[Key["pk"]]
        if UpdateExpression.endswith("REMOVE outbox"):
            assert more["ConditionExpression"] == "attribute_exists(pk)" and more["ExpressionAttributeNames"] == {"#s": "status"}
            item.pop("outbox", None)
            item |= {"status": ExpressionAttributeValues[":done"], "completedAt": ExpressionAttributeValues[":now"],
                     "completedIn": ExpressionAttributeValues[":region"]}
        else:
            assert UpdateExpression == "SET queuedAt = :now ADD attempts :one"
            item |= {"queuedAt": ExpressionAttributeValues[":now"], "attempts": item.get("attempts", 0) + 1}


@pytest.fixture
def table(refusal):
    return Table(refusal)


class Queue:
    """What was sent, how much waits, and what breaks."""

    def __init__(self):
        self.sent, self.waiting, self.broken = [], 0, None

    def guard(self):
        if self.broken:
            raise self.broken

    def get_queue_url(self, QueueName):
        self.guard()
        assert QueueName == "transaction-queue"
        return {"QueueUrl": "https://queue"}

    def get_queue_attributes(self, QueueUrl, AttributeNames):
        self.guard()
        assert QueueUrl == "https://queue"
        return {"Attributes": {name: str(self.waiting) for name in AttributeNames}}

    def send_message(self, QueueUrl, MessageBody):
        self.guard()
        assert QueueUrl == "https://queue"
        self.sent.append(MessageBody)


@pytest.fixture
def queue():
    return Queue()
