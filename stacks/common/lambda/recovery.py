"""The minute's work. Primary: a heartbeat. Standby: its age, the metric lever's keepalive, what clients meet.

FailoverCommand carries numbered commands: the magnitude is the number, the sign engages (+)
or releases (-), the largest magnitude wins. FailoverEngaged is what the alarm and Route 53
watch; FailoverEcho tells the sender that its number has arrived. If reading fails, nothing
is published, and Route 53 keeps the last known state.
"""
import os
import time
import urllib.request
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import boto3

TABLE = boto3.resource("dynamodb").Table(os.environ["TABLE"])
CLOUDWATCH = boto3.client("cloudwatch")
DIMENSIONS = [{"Name": "Environment", "Value": os.environ["ENVIRONMENT"]}]
# The newest commands are read as minutes, older ones as days: CloudWatch keeps those for 455.
LOOK_BACK = ((timedelta(hours=3), 60), (timedelta(days=450), 86400))


def handler(event, context):
    if os.environ["ROLE"] == "primary":
        return heartbeat()
    try:
        return keepalive("alarm" in event.get("detail-type", "").lower())
    finally:  # none of the three may stop another
        try:
            staleness()
        finally:
            availability()


def heartbeat():
    """Carries the health URL too, so that the standby can look for itself."""
    sent = Decimal(str(round(time.time(), 3)))
    TABLE.put_item(Item={"pk": "heartbeat", "sent": sent, "url": os.environ["HEALTH_URL"]})


def newest_heartbeat():
    return TABLE.get_item(Key={"pk": "heartbeat"}, ConsistentRead=True).get("Item")


def staleness():
    """No heartbeat, no metric: the alarm treats silence as a breach."""
    item = newest_heartbeat()
    if item:
        received = float(item["sent"])
        publish("Switchback/DR", HeartbeatReceived=received, ReplicaStalenessSeconds=max(0.0, time.time() - received))


def availability():
    """What clients meet, wherever they are sent; only where the stack names the service's own address."""
    if url := os.environ.get("SERVICE_URL"):
        publish("Switchback/DR", ServiceUnavailable=int(not answers(url)))


def keepalive(heartbeats_silent):
    command = newest_command()
    if heartbeats_silent and command <= 0 and may_hold():
        command = max(int(time.time()), 1 - command)
        publish("Switchback/Failover", FailoverCommand=command)
        print(f"the primary is silent and does not answer: engaged, command {command}")
    publish("Switchback/Failover", FailoverEngaged=int(command > 0), **({"FailoverEcho": command} if command else {}))
    return {"command": command}


def newest_command():
    now, commands = datetime.now(timezone.utc), [0]
    for span, period in LOOK_BACK:
        reply = CLOUDWATCH.get_metric_statistics(
            Namespace="Switchback/Failover", MetricName="FailoverCommand", Dimensions=DIMENSIONS, Period=period,
            StartTime=now - span, EndTime=now + timedelta(minutes=2), Statistics=["Maximum", "Minimum"])
        for point in reply["Datapoints"]:
            commands += [point["Maximum"], point["Minimum"]]
    return int(max(commands, key=abs))


def may_hold():
    """Only if the stack allows it, and the primary's endpoint is dead as seen from here."""
    item = os.environ["AUTOMATIC_HOLD"] == "true" and newest_heartbeat()
    return bool(item) and not any(answers(item["url"]) for _ in range(3))


def answers(url):
    try:
        return urllib.request.urlopen(url, timeout=4).status == 200
    except OSError:
        return False


def publish(namespace, **values):
    data = [{"MetricName": name, "Dimensions": DIMENSIONS, "Value": value} for name, value in values.items()]
    CLOUDWATCH.put_metric_data(Namespace=namespace, MetricData=data)
