'''A custom resource. With Prefix: the outputs of the stack of that name in Region. With Route: a route there.'''
import json
import urllib.request

import boto3
from botocore.exceptions import ClientError


def handler(event, context):
    status, reason, data = 'SUCCESS', 'done', {}
    try:
        if event['RequestType'] != 'Delete':
            data = act(event['ResourceProperties'])
    except Exception as error:  # CloudFormation waits for an answer
        status, reason = 'FAILED', str(error)[:500]
    print(status, reason)
    body = {k: event[k] for k in ('StackId', 'RequestId', 'LogicalResourceId')}
    body |= {'Status': status, 'Reason': reason, 'Data': data, 'PhysicalResourceId': event['LogicalResourceId']}
    request = urllib.request.Request(event['ResponseURL'], json.dumps(body).encode(), {'Content-Type': ''}, method='PUT')
    urllib.request.urlopen(request, timeout=20).close()


def act(given):
    if 'Route' in given:
        ec2 = boto3.client('ec2', region_name=given['Region'])
        try:
            ec2.create_route(**given['Route'])
        except ClientError as error:
            if 'RouteAlreadyExists' not in str(error):
                raise
            ec2.replace_route(**given['Route'])
        return {}
    cloudformation = boto3.client('cloudformation', region_name=given['Region'])
    pages = cloudformation.get_paginator('describe_stacks').paginate()
    ours = [s for page in pages for s in page['Stacks'] if s['StackName'].startswith(given['Prefix'])]
    newest = max(ours, key=lambda s: s['CreationTime'])
    return {o['OutputKey']: o['OutputValue'] for o in newest['Outputs']}
