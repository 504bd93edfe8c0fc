"""/health: can this region process payments? /lever: is the endpoint lever engaged?

A throttled payment function is busy, not broken: moving traffic would not help. The check
on /lever is inverted: 200 means "keep away from the primary", anything else means released.
"""
import json
import os

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

QUICK = Config(connect_timeout=1, read_timeout=1.5, retries={"total_max_attempts": 1})
DYNAMODB = boto3.client("dynamodb", config=QUICK)
LAMBDA = boto3.client("lambda", config=QUICK)


def handler(event, context):
    if event["path"].endswith("/lever"):
        engaged = os.environ["LEVER_ENGAGED"] == "true"
        return answer(engaged, {"engaged": engaged})
    parts = {"table": attempt(table), "payments": attempt(payments)}
    healthy = all(state in ("ok", "busy") for state in parts.values())
    return answer(healthy, {"status": "ok" if healthy else "unhealthy", "role": os.environ["ROLE"], "parts": parts})


def attempt(part):
    try:
        return part()
    except (BotoCoreError, ClientError) as error:
        return f"failed: {error}"[:200]


def table():
    DYNAMODB.get_item(TableName=os.environ["TABLE"], Key={"pk": {"S": "heartbeat"}})
    return "ok"


def payments():
    try:
        reply = LAMBDA.invoke(FunctionName=os.environ["PAYMENTS"], Payload=b'{"probe":true}')
    except LAMBDA.exceptions.TooManyRequestsException:
        return "busy"
    return "failed: not ready" if reply.get("FunctionError") else "ok"


def answer(yes, body):
    body = json.dumps(body | {"region": os.environ["AWS_REGION"]})
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return {"statusCode": 200 if yes else 503, "headers": headers, "body": body}
