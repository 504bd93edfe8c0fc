"""The outbox: queues again what was forgotten, here or in a region that is lost, and not what is being worked on."""
import json
import time

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError


class Sts:
    def __init__(self):
        self.broken = None

    def assume_role(self, RoleArn, RoleSessionName):
        assert (RoleArn, RoleSessionName) == ("arn:peer", "outbox")
        if self.broken:
            raise self.broken
        return {"Credentials": {"AccessKeyId": "a", "SecretAccessKey": "s", "SessionToken": "t"}}


class CloudWatch:
    def __init__(self):
        self.published = {}

    def put_metric_data(self, Namespace, MetricData):
        assert Namespace == "Switchback/Transactions"
        for datum in MetricData:
            assert datum["Dimensions"] == [{"Name": "Environment", "Value": "demo"}]
            self.published[datum["MetricName"]] = datum["Value"]


@pytest.fixture
def world(load, table, queue, context, monkeypatch):
    class World:
        sts, cloudwatch = Sts(), CloudWatch()
        peer = type(queue)()

        def row(self, identity, seconds, region="us-east-1", **more):
            moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds))
            item = {"pk": f"transaction#{identity}", "outbox": identity[0], "createdAt": moment, "region": region, **more}
            table.items[item["pk"]] = item
            return item

        def run(self):
            return self.outbox.handler({}, context)

    world = World()
    world.outbox = load(
        "outbox", {"dynamodb": table, "sqs": queue, "sts": world.sts, "cloudwatch": world.cloudwatch}, TABLE="transactions",
        QUEUE_NAME="transaction-queue", ENVIRONMENT="demo", PEER_REGION="us-west-2", PEER_ROLE="arn:peer")

    def client(service, region_name, config, **credentials):
        assert (service, region_name) == ("sqs", "us-west-2")
        assert credentials == {"aws_access_key_id": "a", "aws_secret_access_key": "s", "aws_session_token": "t"}
        return world.peer

    monkeypatch.setattr(boto3, "client", client)
    return world


def sent(queue):
    return [json.loads(body)["transactionId"] for body in queue.sent]


def test_nothing_late_is_an_age_of_zero(world, queue):
    world.row("a1", 30)
    assert world.run() == {"late": 0, "queued": 0}
    assert world.cloudwatch.published == {"OutboxAgeSeconds": 0, "OutboxLate": 0} and not queue.sent


def test_what_this_region_forgot_is_queued_again(world, queue, table):
    item = world.row("a1", 90)
    world.row("f2", 600)
    assert world.run() == {"late": 2, "queued": 2}
    assert sorted(sent(queue)) == ["a1", "f2"] and item["attempts"] == 1 and item["queuedAt"] >= time.time() - 5
    assert 600 <= world.cloudwatch.published["OutboxAgeSeconds"] < 605 and world.cloudwatch.published["OutboxLate"] == 2


def test_while_the_queue_has_work_only_what_is_not_in_it_for_long_is_added_to_it(world, queue):
    """Under steady traffic a queue is never empty, and what is not in it can not wait for that."""
    world.row("a1", 590)
    lost = world.row("b1", 610)
    queue.waiting = 3
    assert world.run() == {"late": 2, "queued": 1} and sent(queue) == ["b1"] and lost["attempts"] == 1
    assert world.run()["queued"] == 0, "not each minute"
    lost["queuedAt"] -= 601
    assert world.run()["queued"] == 1


def test_after_five_attempts_a_person_has_to_look(world, queue):
    world.row("a1", 600, attempts=5)
    world.row("b1", 600, attempts=4)
    assert world.run() == {"late": 2, "queued": 1} and sent(queue) == ["b1"]


def test_the_other_regions_rows_wait_five_minutes(world, queue):
    world.row("a1", 290, region="us-west-2")
    world.row("b1", 310, region="us-west-2")
    assert world.run() == {"late": 2, "queued": 1} and sent(queue) == ["b1"]


def test_they_are_left_to_a_region_that_works(world, queue):
    world.row("b1", 310, region="us-west-2")
    world.row("c1", 1190, region="us-west-2")
    world.peer.waiting = 1
    assert world.run() == {"late": 2, "queued": 0} and not queue.sent


def test_not_for_ever(world, queue):
    world.row("b1", 1210, region="us-west-2")
    world.peer.waiting = 1
    assert world.run() == {"late": 1, "queued": 1} and sent(queue) == ["b1"]


@pytest.mark.parametrize("part", ["sts", "peer"])
def test_a_region_that_does_not_answer_is_taken_for_lost(world, queue, part):
    world.row("b1", 310, region="us-west-2")
    getattr(world, part).broken = ConnectTimeoutError(endpoint_url="https://far")
    assert world.run() == {"late": 1, "queued": 1} and sent(queue) == ["b1"]


def test_no_role_yet_is_no_answer(world, queue, refusal):
    world.row("b1", 310, region="us-west-2")
    world.sts.broken = refusal("AccessDenied")
    assert world.run()["queued"] == 1


def test_processed_rows_are_not_seen(world):
    del world.row("a1", 600)["outbox"]
    assert world.run() == {"late": 0, "queued": 0}
