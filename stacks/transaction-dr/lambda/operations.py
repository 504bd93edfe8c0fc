'''Each minute the primary's heartbeat, or the standby's staleness and metric lever; over HTTPS /health and /lever.

Why, and the lever's contract: ../common/lambda/recovery.py. Shorter: a template in a template.
'''
import json
import os
import time
import urllib.request
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import boto3

TABLE = boto3.resource('dynamodb').Table(os.environ['TABLE'])
CLOUDWATCH = boto3.client('cloudwatch')
LAMBDA = boto3.client('lambda')
LEVER = 'Switchback/Failover'
DIMENSIONS = [{'Name': 'Environment', 'Value': os.environ['ENVIRONMENT']}]


def handler(event, context):
    if 'path' in event:
        return lever() if event['path'] == '/lever' else health()
    if os.environ['ROLE'] == 'primary':
        return TABLE.put_item(Item={'pk': 'heartbeat', 'sent': Decimal(int(time.time())), 'url': os.environ['HEALTH_URL']})
    try:
        return keepalive('detail-type' in event and 'Alarm' in event['detail-type'])
    finally:
        sent = item('heartbeat').get('sent')
        if sent:
            publish('Switchback/DR', HeartbeatReceived=float(sent), ReplicaStalenessSeconds=max(0.0, time.time() - float(sent)))


def item(key):
    return TABLE.get_item(Key={'pk': key}, ConsistentRead=True).get('Item', {})


def keepalive(silent):
    command = newest_command()
    if silent and command <= 0 and os.environ['AUTOMATIC_HOLD'] == 'true' and dead(item('heartbeat').get('url')):
        command = max(int(time.time()), 1 - command)
        publish(LEVER, FailoverCommand=command)
    publish(LEVER, FailoverEngaged=int(command > 0), **({'FailoverEcho': command} if command else {}))
    return {'command': command}


def newest_command():
    now, commands = datetime.now(timezone.utc), [0]
    for span, period in (timedelta(hours=3), 60), (timedelta(days=450), 86400):
        for point in CLOUDWATCH.get_metric_statistics(
                Namespace=LEVER, MetricName='FailoverCommand', Dimensions=DIMENSIONS, Period=period, Statistics=['Maximum', 'Minimum'],
                StartTime=now - span, EndTime=now + timedelta(minutes=2))['Datapoints']:
            commands += [point['Maximum'], point['Minimum']]
    return int(max(commands, key=abs))


def dead(url):
    for _ in range(3):
        try:
            if urllib.request.urlopen(url, timeout=4).status == 200:
                return False
        except OSError:
            pass
    return bool(url)


def publish(namespace, **values):
    data = [{'MetricName': name, 'Dimensions': DIMENSIONS, 'Value': value} for name, value in values.items()]
    CLOUDWATCH.put_metric_data(Namespace=namespace, MetricData=data)


def health():
    try:
        item('heartbeat')
        failed = LAMBDA.invoke(FunctionName=os.environ['PROCESSOR'], Payload='{"probe": 1}').get('FunctionError')
    except LAMBDA.exceptions.TooManyRequestsException:
        failed = None  # busy is not broken: moving would not help
    except Exception as error:
        failed = str(error)
    return answer(not failed, failed or 'ok')


def lever():
    engaged = bool(item('lever'))
    return answer(engaged, engaged)


def answer(yes, state):
    body = {'state': state, 'role': os.environ['ROLE'], 'region': os.environ['AWS_REGION']}
    return {'statusCode': 200 if yes else 503, 'headers': {'Cache-Control': 'no-store'}, 'body': json.dumps(body)}
