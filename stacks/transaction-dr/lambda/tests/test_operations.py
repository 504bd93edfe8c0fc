"""The minute's work, the metric lever's contract, and the health and lever paths."""
import json
import time
import urllib.request
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

ALARM = {"detail-type": "CloudWatch Alarm State Change"}
MINUTE = {"detail-type": "Scheduled Event"}


class CloudWatch:
    def __init__(self):
        self.published, self.history, self.broken = {}, [], None

    def put_metric_data(self, Namespace, MetricData):
        for datum in MetricData:
            assert datum["Dimensions"] == [{"Name": "Environment", "Value": "demo"}]
            assert "Timestamp" not in datum and "Unit" not in datum
            self.published[f"{Namespace} {datum['MetricName']}"] = datum["Value"]

    def get_metric_statistics(self, **asked):
        if self.broken:
            raise self.broken
        assert (asked["Namespace"], asked["MetricName"]) == ("Switchback/Failover", "FailoverCommand")
        assert (asked["EndTime"] - asked["StartTime"]) / timedelta(seconds=asked["Period"]) <= 1440
        return {"Datapoints": [{"Maximum": max(p), "Minimum": min(p)} for p in self.history]}


class Functions:
    class exceptions:
        class TooManyRequestsException(Exception):
            pass

    def __init__(self):
        self.reply = {}

    def invoke(self, FunctionName, Payload):
        assert FunctionName == "processor" and "probe" in json.loads(Payload)
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply


@pytest.fixture
def cloudwatch():
    return CloudWatch()


@pytest.fixture
def functions():
    return Functions()


@pytest.fixture
def run(load, table, cloudwatch, functions, context):
    def once(event=None, role="standby", hold="false"):
        source = load(
            "operations", {"dynamodb": table, "cloudwatch": cloudwatch, "lambda": functions}, TABLE="t", ROLE=role,
            ENVIRONMENT="demo", AUTOMATIC_HOLD=hold, HEALTH_URL="https://primary/health", PROCESSOR="processor")
        return source.handler(event or MINUTE, context)

    return once


@pytest.fixture
def get(run):
    def one(path, role="standby"):
        reply = run({"path": path}, role)
        assert reply["headers"]["Cache-Control"] == "no-store"
        return reply["statusCode"], json.loads(reply["body"])

    return one


@pytest.fixture
def primary(monkeypatch):
    state = SimpleNamespace(answer=None, asked=0)

    def urlopen(url, timeout):
        assert url == "https://primary/health"
        state.asked += 1
        if state.answer is None:
            raise OSError("no route")
        return SimpleNamespace(status=state.answer)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return state


def heartbeat(age=0):
    return {"pk": "heartbeat", "sent": Decimal(int(time.time()) - age), "url": "https://primary/health"}


def test_the_primary_writes_its_heartbeat_and_nothing_else(run, table, cloudwatch):
    run(role="primary")
    item = table.items["heartbeat"]
    assert abs(float(item["sent"]) - time.time()) < 5 and item["url"] == "https://primary/health"
    assert not cloudwatch.published


def test_the_standby_tells_the_age_of_the_newest_heartbeat(run, table, cloudwatch):
    table.items["heartbeat"] = heartbeat(40)
    run()
    assert 39 <= cloudwatch.published["Switchback/DR ReplicaStalenessSeconds"] <= 45
    assert cloudwatch.published["Switchback/DR HeartbeatReceived"] == float(table.items["heartbeat"]["sent"])


def test_a_heartbeat_from_the_future_is_not_older_than_now(run, table, cloudwatch):
    table.items["heartbeat"] = heartbeat(-30)
    run()
    assert cloudwatch.published["Switchback/DR ReplicaStalenessSeconds"] == 0


def test_without_a_heartbeat_no_age_is_told(run, cloudwatch):
    run()
    assert not any(name.startswith("Switchback/DR") for name in cloudwatch.published)


def test_never_commanded_means_released_without_an_echo(run, cloudwatch):
    assert run()["command"] == 0
    assert cloudwatch.published == {"Switchback/Failover FailoverEngaged": 0}


@pytest.mark.parametrize(("history", "command"), [
    ([[100]], 100), ([[100, -101]], -101), ([[-101], [102]], 102), ([[5, -5]], 5), ([[7], [-9, 8]], -9)])
def test_the_largest_magnitude_wins_and_is_echoed(run, cloudwatch, history, command):
    cloudwatch.history = history
    assert run()["command"] == command
    assert cloudwatch.published["Switchback/Failover FailoverEngaged"] == int(command > 0)
    assert cloudwatch.published["Switchback/Failover FailoverEcho"] == command


def test_if_commands_cannot_be_read_nothing_is_published_but_the_age_is(run, table, cloudwatch, refusal):
    table.items["heartbeat"] = heartbeat()
    cloudwatch.broken = refusal("Throttling")
    with pytest.raises(type(cloudwatch.broken)):
        run()
    assert set(cloudwatch.published) == {"Switchback/DR HeartbeatReceived", "Switchback/DR ReplicaStalenessSeconds"}


def test_silence_engages_the_lever_where_that_is_allowed_and_the_primary_is_dead(run, table, cloudwatch, primary):
    table.items["heartbeat"] = heartbeat(400)
    cloudwatch.history = [[-50]]
    command = run(ALARM, hold="true")["command"]
    assert command >= int(time.time()) - 5 and primary.asked == 3
    assert cloudwatch.published["Switchback/Failover FailoverCommand"] == command
    assert cloudwatch.published["Switchback/Failover FailoverEngaged"] == 1


def test_an_automatic_command_is_newer_than_any_seen(run, table, cloudwatch, primary):
    table.items["heartbeat"] = heartbeat(400)
    newest = int(time.time()) + 10_000
    cloudwatch.history = [[-newest]]
    assert run(ALARM, hold="true")["command"] == newest + 1


@pytest.mark.parametrize(("event", "hold", "answer", "history"), [
    (MINUTE, "true", None, []), ({}, "true", None, []), (ALARM, "false", None, []), (ALARM, "true", 200, []),
    (ALARM, "true", None, [[9]])])
def test_it_engages_in_no_other_case(run, table, cloudwatch, primary, event, hold, answer, history):
    table.items["heartbeat"] = heartbeat(400)
    primary.answer, cloudwatch.history = answer, history
    run(event or {"source": "test"}, hold=hold)
    assert "Switchback/Failover FailoverCommand" not in cloudwatch.published


def test_an_answer_that_is_not_200_counts_as_dead(run, table, cloudwatch, primary):
    table.items["heartbeat"] = heartbeat(400)
    primary.answer = 503
    assert run(ALARM, hold="true")["command"] > 0


def test_a_primary_that_was_never_heard_is_not_held(run, cloudwatch, monkeypatch):
    def refused(url, timeout):
        raise OSError("nothing to ask")

    monkeypatch.setattr(urllib.request, "urlopen", refused)
    assert run(ALARM, hold="true")["command"] == 0


def test_a_region_that_can_process_is_healthy(get, table):
    assert get("/health", "primary") == (200, {"state": "ok", "role": "primary", "region": "us-east-1"})
    assert get("/any-other-path")[0] == 200


def test_a_throttled_processor_is_busy_and_healthy(get, functions):
    functions.reply = Functions.exceptions.TooManyRequestsException()
    assert get("/health")[0] == 200


def test_a_processor_that_fails_is_unhealthy(get, functions):
    functions.reply = {"FunctionError": "Unhandled"}
    assert get("/health") == (503, {"state": "Unhandled", "role": "standby", "region": "us-east-1"})


@pytest.mark.parametrize("part", ["table", "functions"])
def test_what_does_not_answer_is_named(get, table, functions, refusal, part):
    if part == "table":
        table.broken = "ResourceNotFoundException"
    else:
        functions.reply = refusal("ServiceException")
    status, body = get("/health")
    assert status == 503 and "Exception" in body["state"]


def test_the_endpoint_lever_is_an_item_of_the_table(get, table):
    assert get("/lever")[0] == 503
    table.items["lever"] = {"pk": "lever", "by": "operator"}
    assert get("/lever") == (200, {"state": True, "role": "standby", "region": "us-east-1"})


def test_a_lever_that_cannot_be_read_moves_no_traffic(run, table, refusal):
    table.broken = "InternalServerError"
    with pytest.raises(type(refusal("x"))):  # API Gateway makes that a 502, and the inverted check healthy
        run({"path": "/lever"})
