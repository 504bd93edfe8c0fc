'''Accepts transactions, each once: the id comes from caller and idempotency key, the same in both regions.

Order: conditional item, document, mark; after a crash the caller's repetition completes it.
What AWS refuses is raised: a 502 for the caller, and the alarm sees it.
'''
import base64
import hashlib
import json
import os
import re
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

QUICK = Config(connect_timeout=2, read_timeout=3, retries={'total_max_attempts': 2})
TABLE = boto3.resource('dynamodb', config=QUICK).Table(os.environ['TABLE'])
S3 = boto3.client('s3', config=QUICK)
TERMS = {
    'customerId': r'[\w-]{3,40}',
    'amount': r'[1-9]\d{0,8}',
    'currency': r'[A-Z]{3}',
    'reference': r'.{0,140}',
}


class Refused(Exception):
    pass


def handler(event, context):
    if 'probe' in event:
        return 'ready'
    try:
        return accept(read(event))
    except Refused as refused:
        return answer(*refused.args)


def accept(asked):
    item, status = asked, 201
    try:
        TABLE.put_item(Item=asked, ConditionExpression='attribute_not_exists(pk)')
    except ClientError as error:
        if error.response['Error']['Code'] != 'ConditionalCheckFailedException':
            raise
        item, status = TABLE.get_item(Key={'pk': asked['pk']}, ConsistentRead=True)['Item'], 200
        if any(item[k] != asked[k] for k in TERMS):
            raise Refused(409, 'idempotency-key: used for another transaction')
    receipt = {k: str(v) for k, v in item.items() if k != 'audited'}
    if not item['audited']:
        S3.put_object(Bucket=os.environ['BUCKET'], Key=f"documents/{item['pk']}.json", Body=json.dumps(receipt))
        TABLE.update_item(Key={'pk': item['pk']}, UpdateExpression='SET audited = :yes', ExpressionAttributeValues={':yes': True})
    return answer(status, receipt)


def read(event):
    headers = {k.lower(): v for k, v in (event.get('headers') or {}).items()}
    caller = digest(headers.get('x-api-key', ''))
    if 'Item' not in TABLE.get_item(Key={'pk': f'caller/{caller}'}):
        raise Refused(401, 'x-api-key: missing or wrong')
    key = headers.get('idempotency-key', '')
    if not re.fullmatch(r'[\w.:-]{8,64}', key, re.A):
        raise Refused(422, 'idempotency-key: must match [\\w.:-]{8,64}')
    text = event.get('body') or ''
    try:
        body = {'reference': ''} | json.loads(base64.b64decode(text) if event.get('isBase64Encoded') else text)
    except (TypeError, ValueError):
        raise Refused(400, 'body: must be a JSON object')
    for name, rule in TERMS.items():
        kind = int if name == 'amount' else str
        if type(body.get(name)) is not kind or not re.fullmatch(rule, str(body[name]), re.A):
            raise Refused(422, f'{name}: must match {rule}')
    now = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())
    own = {'pk': f'transaction/{digest(caller + key)}', 'createdAt': now, 'region': os.environ['AWS_REGION'], 'audited': False}
    return {k: body[k] for k in TERMS} | own


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def answer(status, body):
    body = body if status < 300 else {'error': body}
    return {'statusCode': status, 'headers': {'Content-Type': 'application/json'}, 'body': json.dumps(body)}
