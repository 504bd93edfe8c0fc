"""The minute's work: heartbeat, staleness, and the metric lever's contract."""
import time
import urllib.request
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

ALARM = {"detail-type": "CloudWatch Alarm State Change"}


class CloudWatch:
    def __init__(self):
        self.published, self.history, self.broken, self.asked = {}, [], None, []

    def put_metric_data(self, Namespace, MetricData):
        for datum in MetricData:
            assert datum["Dimensions"] == [{"Name": "Environment", "Value": "demo"}]
            assert "Timestamp" not in datum and "Unit" not in datum
            self.published[f"{Namespace} {datum['MetricName']}"] = datum["Value"]

    def get_metric_statistics(self, **asked):
        if self.broken:
            raise self.broken
        self.asked.append(asked)
        assert (asked["EndTime"] - asked["StartTime"]) / timedelta(seconds=asked["Period"]) <= 1440
        return {"Datapoints": [{"Maximum": max(p), "Minimum": min(p)} for p in self.history]}


@pytest.fixture
def cloudwatch():
    return CloudWatch()


@pytest.fixture
def run(load, table, cloudwatch, context):
    def once(event=None, role="standby", hold="false"):
        recovery = load(
            "recovery", {"dynamodb": table, "cloudwatch": cloudwatch}, TABLE="payments", ROLE=role, ENVIRONMENT="demo",
            AUTOMATIC_HOLD=hold, HEALTH_URL="https://primary/health")
        return recovery.handler(event or {}, context)

    return once


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


def lever(cloudwatch):
    return {k.split()[1]: v for k, v in cloudwatch.published.items() if k.startswith("Switchback/Failover")}


def test_the_primary_writes_a_heartbeat_and_nothing_else(run, table, cloudwatch):
    run(role="primary")
    item = table.items["heartbeat"]
    assert abs(float(item["sent"]) - time.time()) < 5 and isinstance(item["sent"], Decimal)
    assert item["url"] == "https://primary/health" and not cloudwatch.published


def test_the_standby_publishes_how_old_its_copy_is(run, table, cloudwatch):
    table.items["heartbeat"] = {"sent": Decimal(str(time.time() - 42))}
    run()
    assert 42 <= cloudwatch.published["Switchback/DR ReplicaStalenessSeconds"] < 47
    assert cloudwatch.published["Switchback/DR HeartbeatReceived"] == pytest.approx(time.time() - 42, abs=5)


def test_a_clock_ahead_of_ours_is_not_a_negative_age(run, table, cloudwatch):
    table.items["heartbeat"] = {"sent": Decimal(str(time.time() + 9))}
    run()
    assert cloudwatch.published["Switchback/DR ReplicaStalenessSeconds"] == 0


def test_no_heartbeat_is_no_metric(run, cloudwatch):
    run()
    assert not [name for name in cloudwatch.published if name.startswith("Switchback/DR")]


def test_never_commanded_means_released_without_echo(run, cloudwatch):
    assert run() == {"command": 0}
    assert lever(cloudwatch) == {"FailoverEngaged": 0}


@pytest.mark.parametrize(("history", "command"), [
    ([(100,)], 100), ([(-100,)], -100), ([(100,), (-101,)], -101), ([(-101, 102)], 102), ([(100, -101, 99)], -101)])
def test_the_largest_magnitude_wins_and_is_echoed(run, cloudwatch, history, command):
    cloudwatch.history = history
    assert run() == {"command": command}
    assert lever(cloudwatch) == {"FailoverEngaged": int(command > 0), "FailoverEcho": command}


def test_it_looks_back_over_a_year_within_the_limits_of_cloudwatch(run, cloudwatch):
    run()
    assert [a["Period"] for a in cloudwatch.asked] == [60, 86400]
    assert cloudwatch.asked[1]["EndTime"] - cloudwatch.asked[1]["StartTime"] > timedelta(days=365)


def test_a_failed_reading_publishes_no_state_but_still_the_staleness(run, table, cloudwatch, refusal):
    table.items["heartbeat"] = {"sent": Decimal(1)}
    cloudwatch.broken = refusal("InternalServiceError")
    with pytest.raises(type(cloudwatch.broken)):
        run()
    assert not lever(cloudwatch) and "Switchback/DR HeartbeatReceived" in cloudwatch.published


def test_a_missing_table_does_not_stop_the_keepalive(run, table, cloudwatch, refusal):
    table.broken, cloudwatch.history = "ResourceNotFoundException", [(7,)]
    with pytest.raises(type(refusal("x"))):
        run()
    assert lever(cloudwatch) == {"FailoverEngaged": 1, "FailoverEcho": 7}


def test_silence_engages_the_lever_only_if_allowed(run, table, cloudwatch, primary):
    table.items["heartbeat"] = {"sent": Decimal(1), "url": "https://primary/health"}
    assert run(ALARM) == {"command": 0} and not primary.asked
    engaged = run(ALARM, hold="true")["command"]
    assert engaged >= int(time.time()) - 5 and primary.asked == 3
    assert lever(cloudwatch) == {"FailoverCommand": engaged, "FailoverEngaged": 1, "FailoverEcho": engaged}


def test_an_engagement_follows_on_the_newest_release(run, table, cloudwatch, primary):
    table.items["heartbeat"] = {"sent": Decimal(1), "url": "https://primary/health"}
    cloudwatch.history = [(-9_000_000_000,)]
    assert run(ALARM, hold="true") == {"command": 9_000_000_001}


@pytest.mark.parametrize(("answer", "engages"), [(200, False), (503, True)])
def test_a_primary_that_answers_is_left_alone(run, table, primary, answer, engages):
    table.items["heartbeat"] = {"sent": Decimal(1), "url": "https://primary/health"}
    primary.answer = answer
    assert (run(ALARM, hold="true")["command"] > 0) is engages


def test_without_any_heartbeat_nothing_is_engaged(run, primary):
    assert run(ALARM, hold="true") == {"command": 0}


def test_an_engaged_lever_is_not_engaged_again(run, table, cloudwatch, primary):
    cloudwatch.history = [(50,)]
    assert run(ALARM, hold="true") == {"command": 50} and not primary.asked


@pytest.mark.parametrize(("answer", "unavailable"), [(200, 0), (503, 1), (None, 1)])
def test_the_services_own_name_is_asked_where_the_stack_gives_it(run, cloudwatch, primary, monkeypatch, answer, unavailable):
    monkeypatch.setenv("SERVICE_URL", "https://primary/health")
    primary.answer = answer
    run()
    assert cloudwatch.published["Switchback/DR ServiceUnavailable"] == unavailable and primary.asked == 1


def test_without_that_name_nothing_is_asked(run, cloudwatch, primary):
    run()
    assert "Switchback/DR ServiceUnavailable" not in cloudwatch.published and not primary.asked
