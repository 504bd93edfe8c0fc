"""Settles queued payments: ledger, transaction log, session; each step may be repeated.

The item `writer` is the fence: it names the region whose cluster may be written. A primary that
wakes up after a promotion finds the other region there and leaves its messages where they are.
"""
import json
import os
import time

import boto3

REGION = os.environ["AWS_REGION"]
TABLE = boto3.resource("dynamodb").Table(os.environ["TABLE"])
S3 = boto3.client("s3")
LEDGER = boto3.client("rds-data")
SCHEMA = """CREATE TABLE IF NOT EXISTS payments (id text PRIMARY KEY, merchant text NOT NULL, amount bigint NOT NULL,
currency text NOT NULL, reference text NOT NULL, created_at text NOT NULL, settled_in text NOT NULL, status text NOT NULL)"""
INSERT = """INSERT INTO payments (id, merchant, amount, currency, reference, created_at, settled_in, status)
VALUES (:paymentId, :merchantId, :amount, :currency, :reference, :createdAt, :settledIn, :status) ON CONFLICT (id) DO NOTHING"""
COLUMNS = ("paymentId", "merchantId", "amount", "currency", "reference", "createdAt", "settledIn", "status")
state = {"schema": False}


class Fenced(Exception):
    """Another region is the writer."""


def handler(event, context):
    failed = []
    for record in event["Records"]:
        try:
            settle(json.loads(record["body"])["paymentId"])
        except Exception as error:  # this message alone goes back to the queue, and to the dead letters in the end
            print(json.dumps({"failed": repr(error), "message": record["messageId"]}))
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def settle(payment_id):
    fence()
    key = {"pk": f"payment#{payment_id}"}
    item = TABLE.get_item(Key=key, ConsistentRead=True)["Item"]
    if item["status"] == "SETTLED":
        return
    settled = {k: item[k] for k in COLUMNS if k in item} | {
        "amount": int(item["amount"]), "status": "SETTLED", "settledIn": REGION}
    ledger(settled)
    log(settled)
    TABLE.update_item(
        Key=key, UpdateExpression="SET #s = :settled, settledIn = :region, settledAt = :now REMOVE pending",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":settled": "SETTLED", ":region": REGION, ":now": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())})


def fence():
    item = TABLE.get_item(Key={"pk": "writer"}, ConsistentRead=True).get("Item", {})
    writer = item.get("region", os.environ["PRIMARY_REGION"])
    if writer != REGION:
        raise Fenced(f"{writer} is the writer")


def ledger(payment):
    """Credentials: the Data API takes them from the secret with this function's own permission."""
    if not state["schema"]:
        execute(SCHEMA, [])
        state["schema"] = True
    kinds = {int: "longValue", str: "stringValue"}
    execute(INSERT, [{"name": k, "value": {kinds[type(payment[k])]: payment[k]}} for k in COLUMNS])


def execute(sql, parameters):
    LEDGER.execute_statement(
        resourceArn=os.environ["CLUSTER_ARN"], secretArn=os.environ["SECRET_ARN"], database=os.environ["DATABASE"],
        sql=sql, parameters=parameters)


def log(payment):
    S3.put_object(
        Bucket=os.environ["BUCKET"], ContentType="application/json", Body=json.dumps(payment).encode(),
        Key=f"transactions/{payment['createdAt'][:10].replace('-', '/')}/{payment['paymentId']}.json")
