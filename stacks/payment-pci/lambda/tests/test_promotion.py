"""The promotion: the state machine of dr.json, interpreted with the function behind it; both ways, and what fails.

The interpreter knows what the definition uses of the Amazon States Language, and fails on anything else. Time is the
machine's own: a Wait moves it on.
"""
import json
import time
from datetime import datetime
from pathlib import Path

import pytest

TEMPLATE = Path(__file__).parents[2] / "dr.json"
PASSIVE = {"Sid": "PassiveUntilPromoted", "Effect": "Deny", "Principal": "*", "Action": "sqs:ReceiveMessage", "Resource": "arn:queue"}
TLS = {"Sid": "TlsOnly", "Effect": "Deny"}


class World:
    """CloudWatch, RDS, Lambda and SNS of the standby, as far as a promotion looks at them."""

    def __init__(self, clusters, client_error):
        self.clusters, self.client_error, self.now = clusters, client_error, 1_800_000_000
        self.lever, self.approvals, self.steps, self.told, self.waiting = "ALARM", [], [], [], []
        self.writer, self.moving, self.takes, self.calls = clusters["primary"], None, 60, []
        self.mapping, self.mapping_ready, self.broken = "Disabled", 0, {}

    def guard(self, name):
        if name in self.broken:
            raise self.client_error(self.broken[name])

    def describe_alarms(self, AlarmNames):
        assert AlarmNames == ["lever"]
        return {"MetricAlarms": [{"StateValue": self.lever}] if self.lever else []}

    def get_metric_statistics(self, **asked):
        self.guard("get_metric_statistics")
        assert (asked["Namespace"], asked["MetricName"]) == ("Switchback/Failover", "PromotionApproved")
        assert isinstance(asked["StartTime"], datetime)
        return {"Datapoints": [{"Maximum": float(v), "Minimum": float(v)} for v in self.approvals]}

    def put_metric_data(self, Namespace, MetricData):
        self.guard("put_metric_data")
        (datum,) = MetricData
        name = {"Switchback/Failover": "PromotionStep", "Switchback/DR": "OutboxWaiting"}[Namespace]
        assert datum["MetricName"] == name and "Timestamp" not in datum
        assert datum["Dimensions"] == [{"Name": "Environment", "Value": "demo"}]
        (self.steps if name == "PromotionStep" else self.waiting).append(datum["Value"])

    def describe_global_clusters(self, GlobalClusterIdentifier):
        self.guard("describe_global_clusters")
        assert GlobalClusterIdentifier == "global"
        if self.moving and self.now >= self.moving[1]:
            self.writer, self.moving = self.moving[0], None
        members = [{"DBClusterArn": arn, "IsWriter": arn == self.writer} for arn in self.clusters.values()]
        state = {"FailoverState": {"Status": "failing-over"}} if self.moving else {"FailoverState": {}}
        return {"GlobalClusters": [{"GlobalClusterMembers": members} | state]}

    def failover_global_cluster(self, GlobalClusterIdentifier, TargetDbClusterIdentifier, AllowDataLoss):
        self.guard("failover_global_cluster")
        assert AllowDataLoss is True
        self.move("failover", TargetDbClusterIdentifier)

    def switchover_global_cluster(self, GlobalClusterIdentifier, TargetDbClusterIdentifier):
        self.guard("switchover_global_cluster")
        self.move("switchover", TargetDbClusterIdentifier)

    def move(self, how, target):
        self.calls.append((how, target.split(":")[3]))
        self.moving = (target, self.now + self.takes)

    def get_event_source_mapping(self, UUID):
        assert UUID == "mapping"
        if self.mapping_ready and self.now >= self.mapping_ready:
            self.mapping, self.mapping_ready = {"Enabling": "Enabled", "Disabling": "Disabled"}[self.mapping], 0
        return {"State": self.mapping}

    def update_event_source_mapping(self, UUID, Enabled):
        self.calls.append(("mapping", Enabled))
        self.mapping, self.mapping_ready = "Enabling" if Enabled else "Disabling", self.now + 15

    def publish(self, TopicArn, Subject, Message):
        self.guard("publish")
        assert TopicArn == "topic" and len(Subject) <= 100
        self.told.append(Subject)


@pytest.fixture
def world(clusters, refusal):
    return World(clusters, refusal)


@pytest.fixture
def act(load, world, table, queue, clusters, context, monkeypatch):
    queue.attributes = {"QueueArn": "arn:queue", "Policy": json.dumps({"Statement": [TLS, PASSIVE]})}
    monkeypatch.setattr(time, "time", lambda: world.now)

    def loaded(automatic="false"):
        module = load(
            "promotion", {"dynamodb": table, "cloudwatch": world, "rds": world, "sqs": queue, "lambda": world, "sns": world},
            AWS_REGION="ap-southeast-2", TABLE="sessions", ENVIRONMENT="demo", AUTOMATIC=automatic, LEVER_ALARM="lever",
            GLOBAL_CLUSTER="global", STANDBY_CLUSTER=clusters["standby"], PRIMARY_CLUSTER=clusters["primary"],
            PRIMARY_REGION="ap-southeast-1", QUEUE_URL="https://queue", PRIMARY_QUEUE_URL="https://primary-queue",
            MAPPING="mapping", TOPIC="topic")
        return lambda event: module.handler(json.loads(json.dumps(event)), context)

    return loaded


class Machine:
    def __init__(self, function, world):
        template = json.loads(TEMPLATE.read_text())["Resources"]["Machine"]["Properties"]
        self.definition, self.function, self.world = template["Definition"], function, world
        self.visited, self.meanwhile = [], {}

    def run(self, direction, **more):
        data, name, began = {"direction": direction, "after": 0, **more}, self.definition["StartAt"], self.world.now
        while True:
            if self.world.now - began > self.definition["TimeoutSeconds"]:
                return "TIMED_OUT"
            self.visited.append(name)
            for happens in self.meanwhile.pop(name, []):
                happens()
            state = self.definition["States"][name]
            kind = state["Type"]
            if kind in ("Succeed", "Fail"):
                return name
            data, name = getattr(self, kind.lower())(state, data)

    def task(self, state, data):
        assert state["Resource"] == "${Function}" and state["Parameters"].keys() == {"do", "run.$"}
        assert state["Parameters"]["run.$"] == "$"
        try:
            return self.function({"do": state["Parameters"]["do"], "run": data}), state["Next"]
        except Exception as error:  # what Step Functions makes of a function's exception
            (catch,) = state["Catch"]
            assert catch["ErrorEquals"] == ["States.ALL"] and catch["ResultPath"] == "$.error"
            return data | {"error": {"Error": type(error).__name__, "Cause": str(error)}}, catch["Next"]

    def choice(self, state, data):
        for rule in state["Choices"]:
            assert rule["Variable"].startswith("$.") and set(rule) <= {"Variable", "StringEquals", "BooleanEquals", "Next"}
            if data[rule["Variable"][2:]] == rule.get("StringEquals", rule.get("BooleanEquals")):
                return data, rule["Next"]
        return data, state["Default"]

    def wait(self, state, data):
        self.world.now += state["Seconds"]
        return data, state["Next"]


@pytest.fixture
def machine(act, world):
    return Machine(act(), world)


@pytest.fixture
def accepted(table, world):
    """A payment that was taken `age` seconds ago and is not settled."""

    def one(payment_id, age=5):
        created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(world.now - age))
        table.items[f"payment#{payment_id}"] = {"paymentId": payment_id, "pending": payment_id[0], "createdAt": created}

    return one


def statements(queue):
    return [s["Sid"] for s in json.loads(queue.attributes["Policy"])["Statement"]]


def in_order(steps):
    """The steps as they first appear one after another."""
    return [s for i, s in enumerate(steps) if i == 0 or steps[i - 1] != s]


def test_an_approved_promotion_moves_cluster_queue_and_source_and_tells(machine, world, table, queue, accepted):
    machine.meanwhile["WaitForApproval"] = [lambda: world.approvals.append(world.now)]
    accepted("a1")
    assert machine.run("promote") == "Done"
    assert in_order(world.steps) == [0, 1, 2, 3, 4, 5]
    assert world.calls == [("failover", "ap-southeast-2"), ("mapping", True)] and world.mapping == "Enabled"
    assert statements(queue) == ["TlsOnly"]
    assert table.items["writer"]["region"] == "ap-southeast-2"
    assert queue.messages == [("https://queue", '{"paymentId": "a1"}')]
    assert len(world.told) == 1 and "ap-southeast-2 was promoted" in world.told[0]


def test_nothing_moves_before_a_person_approves(machine, world, table):
    assert machine.run("promote") == "TIMED_OUT"
    assert set(world.steps) == {0} and not world.calls and not table.items


@pytest.mark.parametrize("number", [lambda now: now - 901, lambda now: -now, lambda now: 0])
def test_an_approval_that_is_old_or_of_the_other_direction_counts_for_nothing(machine, world, number):
    world.approvals = [number(world.now)]
    machine.meanwhile["WaitForApproval"] = [lambda: setattr(world, "lever", "OK")]
    assert machine.run("promote") == "Withdrawn" and not world.calls


def test_of_two_numbers_the_larger_speaks(machine, world):
    world.approvals = [world.now, -(world.now + 1)]
    machine.meanwhile["WaitForApproval"] = [lambda: setattr(world, "lever", "OK")]
    assert machine.run("promote") == "Withdrawn" and not world.calls


def test_releasing_the_lever_withdraws_a_promotion_that_waits(machine, world):
    machine.meanwhile["WaitForApproval"] = [lambda: setattr(world, "lever", "OK")]
    assert machine.run("promote") == "Withdrawn" and not world.calls


def test_the_fence_moves_before_the_cluster_does(machine, world, table):
    world.approvals = [world.now]
    machine.meanwhile["WaitForCluster"] = [lambda: world.steps.append(table.items["writer"]["region"])]
    machine.run("promote")
    assert "ap-southeast-2" in world.steps


def test_an_approved_return_switches_over_and_empties_the_outbox_into_the_primary(machine, world, table, queue, accepted):
    world.lever, world.writer, world.mapping, world.approvals = "OK", world.clusters["standby"], "Enabled", [-world.now]
    queue.attributes["Policy"] = json.dumps({"Statement": [TLS]})
    for payment_id in ("a1", "a2", "a3", "f9"):
        accepted(payment_id)
    fences = []
    machine.meanwhile["WaitForCluster"] = [lambda: fences.append("writer" in table.items)]
    assert machine.run("return") == "Done"
    assert in_order(world.steps) == [0, 1, 2, 3, 4, 5] and fences == [False]
    assert world.calls == [("switchover", "ap-southeast-1"), ("mapping", False)] and world.mapping == "Disabled"
    assert statements(queue) == ["TlsOnly", "PassiveUntilPromoted"]
    assert table.items["writer"]["region"] == "ap-southeast-1"
    assert [json.loads(body)["paymentId"] for _, body in queue.messages] == ["a1", "a2", "a3", "f9"]
    assert {url for url, _ in queue.messages} == {"https://primary-queue"}
    assert world.told == ["The primary region's cluster is the writer again"]


def test_a_release_without_a_promotion_has_nothing_to_return(machine, world):
    world.lever = "OK"
    assert machine.run("return") == "Withdrawn" and not world.steps


def test_pulling_the_lever_again_withdraws_a_return(machine, world):
    world.writer = world.clusters["standby"]
    assert machine.run("return") == "Withdrawn"


def test_a_failed_step_is_shown_and_told_and_a_newer_approval_tries_again(machine, world):
    world.approvals, world.broken["failover_global_cluster"] = [world.now], "InvalidGlobalClusterStateFault"

    def approve_again():
        world.broken.clear()
        world.approvals.append(world.now + 60)

    machine.meanwhile["WaitForApproval"] = [approve_again]
    assert machine.run("promote") == "Done"
    assert in_order(world.steps) == [0, 1, -1, 1, 2, 3, 4, 5]
    assert world.told[0] == "Step 1 of the promote failed" and len(world.told) == 2


def test_the_number_that_failed_does_not_try_again_by_itself(machine, world):
    world.approvals, world.broken["failover_global_cluster"] = [world.now], "InvalidGlobalClusterStateFault"
    assert machine.run("promote") == "TIMED_OUT"
    assert in_order(world.steps) == [0, 1, -1]


def test_a_promotion_that_failed_gives_the_fence_back_to_the_writer(machine, world, table):
    world.approvals, world.broken["failover_global_cluster"] = [world.now], "InvalidGlobalClusterStateFault"
    seen = []
    machine.meanwhile["WaitForApproval"] = [lambda: seen.append(table.items["writer"]["region"])]
    machine.run("promote")
    assert seen == ["ap-southeast-1"], "while a newer approval is waited for, the primary settles"


def test_a_promotion_that_failed_and_was_called_off_leaves_the_primary_settling(machine, world, table):
    world.approvals = [world.now]
    world.broken |= {"failover_global_cluster": "InvalidGlobalClusterStateFault", "describe_global_clusters": "Throttling"}

    def release():
        assert table.items["writer"]["region"] == "ap-southeast-2", "who writes could not be read"
        world.lever, world.broken = "OK", {}

    machine.meanwhile["WaitForApproval"] = [release]
    assert machine.run("promote") == "Withdrawn" and not world.calls
    assert table.items["writer"]["region"] == "ap-southeast-1"
    assert machine.run("return") == "Withdrawn" and table.items["writer"]["region"] == "ap-southeast-1"


def test_the_fence_stays_while_the_cluster_is_still_on_its_way(machine, world, table):
    world.approvals, world.takes = [world.now], 10**6
    machine.meanwhile["Failed"] = [lambda: setattr(world, "lever", "OK")]
    assert machine.run("promote") == "Withdrawn"
    assert table.items["writer"]["region"] == "ap-southeast-2", "it may become the writer any moment"


def test_a_queue_that_refuses_fails_step_two(machine, world, queue, refusal):
    world.approvals, queue.broken = [world.now], refusal("AccessDenied")
    machine.meanwhile["Failed"] = [lambda: setattr(world, "lever", "OK")]
    assert machine.run("promote") == "Withdrawn"
    assert in_order(world.steps) == [0, 1, 2, -2] and world.writer == world.clusters["standby"]


def test_messages_that_are_not_taken_fail_step_three(machine, world, accepted, queue):
    world.approvals, queue.refused = [world.now], [{"Id": "a1", "Code": "InternalError"}]
    accepted("a1")
    machine.meanwhile["Failed"] = [lambda: setattr(world, "lever", "OK")]
    machine.run("promote")
    assert in_order(world.steps) == [0, 1, 2, 3, -3]


def test_a_cluster_that_never_moves_fails_step_one(machine, world):
    world.approvals, world.takes = [world.now], 10**6
    machine.meanwhile["Failed"] = [lambda: setattr(world, "lever", "OK")]
    machine.run("promote")
    assert world.steps[-1] == -1 and world.calls == [("failover", "ap-southeast-2")]


def test_an_approval_that_can_not_be_read_is_asked_for_again(machine, world):
    world.approvals, world.broken["get_metric_statistics"] = [world.now], "Throttling"
    machine.meanwhile["WaitForApproval"] = [world.broken.clear]
    assert machine.run("promote") == "Done"


def test_a_failure_that_can_not_be_told_ends_the_machine(machine, world):
    world.approvals, world.broken["publish"] = [world.now], "Throttling"
    assert machine.run("promote") == "Stuck"


def test_a_promotion_that_was_done_already_moves_nothing(machine, world):
    world.approvals, world.writer, world.mapping = [world.now], world.clusters["standby"], "Enabled"
    assert machine.run("promote") == "Done" and not world.calls


def test_a_person_can_start_it_without_the_lever_but_not_without_approval(machine, world):
    world.lever, world.approvals = "OK", [world.now]
    assert machine.run("promote", manual=True) == "Done"


@pytest.mark.parametrize(("age", "promotes"), [(301, True), (200, False), (None, False)])
def test_the_stack_may_allow_a_promotion_on_two_signals(act, world, table, age, promotes):
    if age:
        table.items["heartbeat"] = {"sent": world.now - age}
    machine = Machine(act(automatic="true"), world)
    machine.meanwhile["WaitForApproval"] = [lambda: setattr(world, "lever", "OK")]
    assert (machine.run("promote") == "Done") is promotes


def test_silent_heartbeats_alone_promote_nothing(machine, world, table):
    table.items["heartbeat"] = {"sent": 1}
    machine.meanwhile["WaitForApproval"] = [lambda: setattr(world, "lever", "OK")]
    assert machine.run("promote") == "Withdrawn"


def test_a_lever_that_was_never_heard_of_withdraws_nothing(machine, world):
    world.lever = None
    assert machine.run("promote") == "TIMED_OUT"


def test_a_large_outbox_is_emptied_over_several_calls(act, world, accepted, queue, context):
    for i in range(256):
        accepted(f"{i:02x}")
    world.mapping, function = "Enabled", act()
    left = iter([900_000] * 5 + [29_000])
    context.get_remaining_time_in_millis = lambda: next(left)
    run = function({"do": "sources", "run": {"direction": "promote", "after": 0, "command": 1}})
    assert run["done"] is False and run["shard"] == "0" and run["step"] == 2
    context.get_remaining_time_in_millis = lambda: 900_000
    run = function({"do": "sources", "run": run})
    assert run["done"] is True and run["step"] == 3
    assert {json.loads(body)["paymentId"] for _, body in queue.messages} == {f"{i:02x}" for i in range(256)}


@pytest.mark.parametrize(("region", "url"), [
    (None, "https://primary-queue"), ("ap-southeast-1", "https://primary-queue"), ("ap-southeast-2", "https://queue")])
def test_the_sweep_queues_what_is_late_where_it_is_settled(act, world, table, queue, accepted, region, url):
    accepted("a1", age=700)
    accepted("f2", age=601)
    accepted("f3", age=599)
    table.items |= {"writer": {"region": region}} if region else {}
    assert act()({"do": "sweep"}) == {"late": 2} and world.waiting == [2]
    assert [(to, json.loads(body)["paymentId"]) for to, body in queue.messages] == [(url, "a1"), (url, "f2")]
    assert not world.steps and table.items.get("writer", {}).get("region") == region


def test_a_sweep_that_finds_nothing_says_so(act, world, queue):
    assert act()({"do": "sweep"}) == {"late": 0} and world.waiting == [0] and not queue.messages


def test_a_sweep_before_the_table_is_there_does_nothing_and_any_other_trouble_fails_it(act, world, table, refusal):
    sweep = act()
    table.broken = "ResourceNotFoundException"
    assert sweep({"do": "sweep"}) == {"late": None} and not world.waiting
    table.broken = "AccessDeniedException"
    with pytest.raises(type(refusal("any"))):
        sweep({"do": "sweep"})


def test_a_queue_out_of_reach_fails_no_sweep_and_shows(act, world, queue, accepted, refusal):
    accepted("a1", age=700)
    queue.broken = refusal("ServiceUnavailable")
    assert act()({"do": "sweep"}) == {"late": 1} and world.waiting == [1] and not queue.messages


def test_a_sweep_ends_in_time_and_the_next_goes_on(act, world, queue, accepted, context):
    for payment_id in ("a1", "a2", "a3"):
        accepted(payment_id, age=700)
    context.get_remaining_time_in_millis = lambda: 29_000
    assert act()({"do": "sweep"}) == {"late": 2} and len(queue.messages) == 2


def test_every_state_of_the_machine_can_be_reached():
    states = json.loads(TEMPLATE.read_text())["Resources"]["Machine"]["Properties"]["Definition"]["States"]
    named = {"Approval"}
    for state in states.values():
        named |= {state.get("Next"), state.get("Default")} - {None}
        named |= {rule["Next"] for key in ("Catch", "Choices") for rule in state.get(key, [])}
    assert named == set(states)
