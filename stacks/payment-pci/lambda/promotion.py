"""The steps of a promotion and of the way back, called one at a time by the state machine, and the sweep of the outbox.

PromotionApproved carries the operator's number: > 0 promotes this region's cluster, with whatever had
not arrived yet lost; < 0 takes the writer back to the primary region, with nothing lost. PromotionStep
shows how far it is: 0 waits for approval, k is at work on step k, -k has failed there, 5 is done. Each step may be repeated.
"""
import json
import os
import time
from datetime import datetime, timedelta, timezone

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

REGION = os.environ["AWS_REGION"]
TABLE = boto3.resource("dynamodb").Table(os.environ["TABLE"])
CLOUDWATCH = boto3.client("cloudwatch")
RDS = boto3.client("rds")
SQS = boto3.client("sqs")
LAMBDA = boto3.client("lambda")
SNS = boto3.client("sns")
DIMENSIONS = [{"Name": "Environment", "Value": os.environ["ENVIRONMENT"]}]
LAST_STEP = 4
VALID_SECONDS = 900
LATE_SECONDS = 600
SHARDS = "0123456789abcdef"
# The primary may be dark, and there is little time.
FAR = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2})
# States in which an event source mapping is on its way to another.
UNDER_WAY = ("Creating", "Enabling", "Disabling", "Updating")
PASSIVE = "PassiveUntilPromoted"


def handler(event, context):
    if event["do"] == "sweep":
        return sweep(context)
    run = event["run"]
    if event["do"] == "failed":
        return failed(run)
    if event["do"] == "approval":
        return approval(run)
    step, act = {"cluster": (1, cluster), "queues": (2, queues), "sources": (3, sources), "notify": (4, notify)}[event["do"]]
    publish(step)
    done = act(run, context)
    return run | {"done": done, "tries": 0 if done else tries(run), "step": step if done else step - 1}


def tries(run):
    """Polls of one step; a hundred are half an hour and more."""
    if run.get("tries", 0) >= 100:
        raise TimeoutError("not done after 100 looks")
    return run.get("tries", 0) + 1


def approval(run):
    """go, wait or withdrawn. A number counts once, for 15 minutes, and only while the lever stands where it should."""
    if not wanted(run):
        fence_writer()
        return run | {"verdict": "withdrawn"}
    if not run["after"]:  # after a failure, the failed step stays on show
        publish(0)
    command = newest_approval()
    fresh = abs(command) > max(run["after"], time.time() - VALID_SECONDS)
    if fresh and (command > 0) == promoting(run):
        return run | {"verdict": "go", "command": abs(command), "step": 0, "tries": 0}
    if promoting(run) and not run["after"] and os.environ["AUTOMATIC"] == "true" and silent():
        print("the lever is engaged and heartbeats are silent: promoting without a person, as the stack allows")
        return run | {"verdict": "go", "command": int(time.time()), "step": 0, "tries": 0}
    return run | {"verdict": "wait"}


def promoting(run):
    return run["direction"] == "promote"


def wanted(run):
    """A promotion needs the lever engaged; a return needs it released, and something to take back.

    An execution that a person starts by hand says so and needs the approval only.
    """
    if run.get("manual"):
        return True
    alarms = CLOUDWATCH.describe_alarms(AlarmNames=[os.environ["LEVER_ALARM"]])["MetricAlarms"]
    lever = alarms[0]["StateValue"] if alarms else "INSUFFICIENT_DATA"
    if promoting(run):
        return lever != "OK"
    return lever != "ALARM" and (run["after"] > 0 or writer(globally()) == os.environ["STANDBY_CLUSTER"])


def newest_approval():
    now, numbers = datetime.now(timezone.utc), [0]
    reply = CLOUDWATCH.get_metric_statistics(
        Namespace="Switchback/Failover", MetricName="PromotionApproved", Dimensions=DIMENSIONS, Period=60,
        StartTime=now - timedelta(minutes=30), EndTime=now + timedelta(minutes=2), Statistics=["Maximum", "Minimum"])
    for point in reply["Datapoints"]:
        numbers += [point["Maximum"], point["Minimum"]]
    return int(max(numbers, key=abs))


def silent():
    """The second signal: no heartbeat of the primary within the RPO of five minutes."""
    item = TABLE.get_item(Key={"pk": "heartbeat"}, ConsistentRead=True).get("Item")
    return bool(item) and time.time() - float(item["sent"]) > 300


def cluster(run, context):
    """True once the wanted cluster is the writer. The fence moves first when promoting, last when returning."""
    name = os.environ["GLOBAL_CLUSTER"]
    target = os.environ["STANDBY_CLUSTER" if promoting(run) else "PRIMARY_CLUSTER"]
    if promoting(run):
        fence(target)
    state = globally()
    if moving(state):
        return False
    if writer(state) == target:
        fence(target)
        return True
    if promoting(run):
        RDS.failover_global_cluster(GlobalClusterIdentifier=name, TargetDbClusterIdentifier=target, AllowDataLoss=True)
    else:
        RDS.switchover_global_cluster(GlobalClusterIdentifier=name, TargetDbClusterIdentifier=target)
    return False


def fence(cluster_arn):
    TABLE.put_item(Item={"pk": "writer", "region": cluster_arn.split(":")[3], "at": int(time.time())})


def fence_writer():
    """What was called off or failed must not keep the writer from settling: the fence goes where the global database says."""
    state = globally()
    if writer(state) and not moving(state):
        fence(writer(state))


def globally():
    return RDS.describe_global_clusters(GlobalClusterIdentifier=os.environ["GLOBAL_CLUSTER"])["GlobalClusters"][0]


def writer(state):
    return next((m["DBClusterArn"] for m in state["GlobalClusterMembers"] if m["IsWriter"]), None)


def moving(state):
    return bool(state.get("FailoverState", {}).get("Status"))


def queues(run, context):
    """A passive region's queue takes messages and gives none."""
    url = os.environ["QUEUE_URL"]
    got = SQS.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy", "QueueArn"])["Attributes"]
    policy = json.loads(got["Policy"])
    policy["Statement"] = [s for s in policy["Statement"] if s.get("Sid") != PASSIVE]
    if not promoting(run):
        policy["Statement"].append({
            "Sid": PASSIVE, "Effect": "Deny", "Principal": "*", "Action": "sqs:ReceiveMessage", "Resource": got["QueueArn"]})
    SQS.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    return True


def sources(run, context):
    """True once this region's queue is read, or not any more, and unsettled payments are queued where they are settled."""
    mapping, goal = os.environ["MAPPING"], "Enabled" if promoting(run) else "Disabled"
    state = LAMBDA.get_event_source_mapping(UUID=mapping)["State"]
    if state != goal:
        if state not in UNDER_WAY:
            LAMBDA.update_event_source_mapping(UUID=mapping, Enabled=promoting(run))
        return False
    return replay(run, context)


def replay(run, context):
    """Queues the whole outbox where it will be settled. A clock that is a minute ahead hides nothing."""
    sent = 0
    for shard, ids in waiting(-60, run.get("shard", "0")):
        if context.get_remaining_time_in_millis() < 30_000:
            run["shard"] = shard
            return False
        queue_again(ids, promoting(run))
        sent += len(ids)
    print(f"queued {sent} unsettled payments again")
    return True


def sweep(context):
    """On a schedule: queues what is late where the fence says that payments are settled, lever and machine or not.

    A standby takes payments that nobody promotes it for, and a message may never have been sent. What can not be
    queued either, or is not settled all the same, shows in OutboxWaiting.
    """
    try:
        here, late = settles_here(), 0
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return {"late": None}  # the table comes with the last stack and goes with the first
        raise
    for _, ids in waiting(LATE_SECONDS):
        late += len(ids)
        try:
            queue_again(ids, here)
        except (BotoCoreError, ClientError, RuntimeError) as error:
            print(f"the outbox waits: {error}")
            break
        if ids and context.get_remaining_time_in_millis() < 30_000:
            break
    publish_metric("Switchback/DR", "OutboxWaiting", late)
    return {"late": late}


def settles_here():
    """Whether this region is the one that settles."""
    item = TABLE.get_item(Key={"pk": "writer"}, ConsistentRead=True).get("Item", {})
    return item.get("region", os.environ["PRIMARY_REGION"]) == REGION


def waiting(age, first="0"):
    """The outbox, oldest first, shard by shard: what was accepted anywhere, more than `age` seconds ago, and settled nowhere."""
    before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - age))
    for shard in SHARDS[SHARDS.index(first):]:
        query = {"IndexName": "by-pending", "KeyConditionExpression": "pending = :shard AND createdAt < :before",
                 "ExpressionAttributeValues": {":shard": shard, ":before": before}, "ProjectionExpression": "paymentId"}
        while query:
            page = TABLE.query(**query)
            yield shard, [item["paymentId"] for item in page["Items"]]
            query = "LastEvaluatedKey" in page and query | {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def queue_again(ids, here):
    """Twice is harmless: the consumer leaves alone what is settled."""
    queue = SQS if here else boto3.client("sqs", region_name=os.environ["PRIMARY_REGION"], config=FAR)
    url = os.environ["QUEUE_URL" if here else "PRIMARY_QUEUE_URL"]
    for start in range(0, len(ids), 10):
        reply = queue.send_message_batch(QueueUrl=url, Entries=[
            {"Id": i, "MessageBody": json.dumps({"paymentId": i})} for i in ids[start:start + 10]])
        if reply.get("Failed"):
            raise RuntimeError(f"not queued: {reply['Failed'][0]}")


def notify(run, context):
    what = f"{REGION} was promoted: its cluster is the writer" if promoting(run) else "The primary region's cluster is the writer again"
    tell(what, f"{what}. Command {run['command']}, {os.environ['ENVIRONMENT']}.")
    publish(LAST_STEP + 1)
    return True


def failed(run):
    """Says which step failed, and lets a newer approval try again."""
    step, cause = run.get("step", 0) + 1, run.get("error", {}).get("Cause", "unknown")
    publish(-step)
    try:
        fence_writer()
    except (BotoCoreError, ClientError) as error:  # the message matters more; a withdrawal tries again
        print(f"the fence stays: {error}")
    tell(f"Step {step} of the {run['direction']} failed", f"{cause}\nApprove once more to try again, or move the lever back.")
    return {"direction": run["direction"], "manual": run.get("manual", False), "after": run.get("command", 0)}


def tell(subject, text):
    SNS.publish(TopicArn=os.environ["TOPIC"], Subject=subject[:100], Message=text)


def publish(step):
    publish_metric("Switchback/Failover", "PromotionStep", step)


def publish_metric(namespace, name, value):
    CLOUDWATCH.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": name, "Dimensions": DIMENSIONS, "Value": value}])
