"""Each minute: queues again what was accepted and then forgotten, here or in a region that is lost.

Rows of this region are late after a minute: the message was never sent, or is lost. Rows of the other
region are late after five: then it is asked, through the cross-region role, whether its queue still has
work. Only if it does not answer, or has none, they are processed here. Under steady traffic a queue is
never empty: a row that was not queued for ten minutes is, whatever the queue holds (twenty, if it is the
other region's). Each is queued again five times at most; the alarm on its age stays until a person has looked.
"""
import calendar
import json
import os
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

REGION = os.environ["AWS_REGION"]
QUICK = Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 1})
TABLE = boto3.resource("dynamodb").Table(os.environ["TABLE"])
SQS = boto3.client("sqs")
STS = boto3.client("sts", region_name=REGION, config=QUICK)
CLOUDWATCH = boto3.client("cloudwatch")
QUEUE = os.environ["QUEUE_NAME"]  # the same in both regions
DEPTH = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
OWN_AFTER, FOREIGN_AFTER, STALE_AFTER, MOST, ATTEMPTS = 60, 300, 600, 500, 5


def handler(event, context):
    late = [row | {"age": age(row["createdAt"])} for row in rows()]
    publish(OutboxAgeSeconds=max((row["age"] for row in late), default=0), OutboxLate=len(late))
    due = [row for row in late if row.get("attempts", 0) < ATTEMPTS]
    own = [row for row in due if row["region"] == REGION]
    foreign = [row for row in due if row["region"] != REGION and row["age"] > FOREIGN_AFTER]
    chosen = choose(own, lambda: busy(SQS), STALE_AFTER) + choose(foreign, peer_works, 2 * STALE_AFTER)
    queue_again(chosen)
    print(json.dumps({"late": len(late), "queued again": len(chosen)}))
    return {"late": len(late), "queued": len(chosen)}


def choose(rows, works, stale_after):
    """All of them; of a queue with work only those that were not put there for long: the others may still be in it."""
    if not rows or not works():
        return rows
    return [row for row in rows if min(row["age"], time.time() - float(row.get("queuedAt", 0))) > stale_after]


def rows():
    """The oldest late rows of each shard."""
    before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - OWN_AFTER))
    for shard in "0123456789abcdef":
        yield from TABLE.query(
            IndexName="outbox", KeyConditionExpression="outbox = :shard AND createdAt < :before", Limit=MOST // 16,
            ExpressionAttributeValues={":shard": shard, ":before": before})["Items"]


def age(moment):
    return time.time() - calendar.timegm(time.strptime(moment, "%Y-%m-%dT%H:%M:%SZ"))


def busy(sqs):
    """Whether the queue still has work: then late rows may be in it, and a second message would only add to the load."""
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    depth = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=DEPTH)["Attributes"]
    return any(int(depth[name]) for name in DEPTH)


def peer_works():
    """Silence means that nobody over there processes anything."""
    try:
        role = STS.assume_role(RoleArn=os.environ["PEER_ROLE"], RoleSessionName="outbox")["Credentials"]
        return busy(boto3.client(
            "sqs", region_name=os.environ["PEER_REGION"], config=QUICK, aws_access_key_id=role["AccessKeyId"],
            aws_secret_access_key=role["SecretAccessKey"], aws_session_token=role["SessionToken"]))
    except (BotoCoreError, ClientError) as error:
        print(json.dumps({"the other region does not answer": str(error)}))
        return False


def queue_again(rows):
    url = SQS.get_queue_url(QueueName=QUEUE)["QueueUrl"] if rows else None
    for row in rows:
        SQS.send_message(QueueUrl=url, MessageBody=json.dumps({"transactionId": row["pk"].removeprefix("transaction#")}))
        TABLE.update_item(
            Key={"pk": row["pk"]}, UpdateExpression="SET queuedAt = :now ADD attempts :one",
            ExpressionAttributeValues={":now": int(time.time()), ":one": 1})


def publish(**values):
    dimensions = [{"Name": "Environment", "Value": os.environ["ENVIRONMENT"]}]
    CLOUDWATCH.put_metric_data(Namespace="Switchback/Transactions", MetricData=[
        {"MetricName": name, "Dimensions": dimensions, "Value": value} for name, value in values.items()])
