"""Processes what is queued: audit object first, then the mark that closes the outbox row.

A message may come twice, from the queue or from the other region: a row that is closed is left
alone, and whoever writes the audit object again writes the same. What fails goes back to the
queue by itself, five times, then to the dead-letter queue.
"""
import json
import os
import time

import boto3
from botocore.exceptions import BotoCoreError, ClientError

REGION = os.environ["AWS_REGION"]
TABLE = boto3.resource("dynamodb").Table(os.environ["TABLE"])
S3 = boto3.client("s3")
BUCKET = os.environ["BUCKET"]
LEFT_OUT = ("pk", "outbox", "attempts", "queuedAt", "status")


def handler(event, context):
    outcomes = {record["messageId"]: attempt(record) for record in event["Records"]}
    print(json.dumps(outcomes))
    write("logs", time.gmtime(), context.aws_request_id, {"region": REGION, "outcomes": outcomes})
    failed = [message for message, outcome in outcomes.items() if outcome.startswith("failed")]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def attempt(record):
    try:
        return process(json.loads(record["body"])["transactionId"])
    except (BotoCoreError, ClientError, LookupError, TypeError, ValueError) as error:
        return f"failed: {error!r}"[:300]


def process(identity):
    key = {"pk": f"transaction#{identity}"}
    item = TABLE.get_item(Key=key, ConsistentRead=True)["Item"]
    if "outbox" not in item:
        return f"{identity} was processed before"
    audit = {k: v for k, v in sorted(item.items()) if k not in LEFT_OUT} | {"amount": int(item["amount"])}
    write("audit", time.strptime(item["createdAt"], "%Y-%m-%dT%H:%M:%SZ"), identity, audit)
    TABLE.update_item(
        Key=key, UpdateExpression="SET #s = :done, completedAt = :now, completedIn = :region REMOVE outbox",
        ConditionExpression="attribute_exists(pk)", ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={
            ":done": "COMPLETED", ":now": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), ":region": REGION})
    return f"{identity} is completed"


def write(folder, moment, name, body):
    key = time.strftime(f"{folder}/%Y/%m/%d/{name}.json", moment)
    S3.put_object(Bucket=BUCKET, Key=key, ContentType="application/json", Body=json.dumps(body).encode())
