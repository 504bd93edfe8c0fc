"""The custom resource: outputs of an instance, a route in another region, and an answer whatever happens."""
import json
import urllib.request
from types import SimpleNamespace

import boto3
import pytest

ASKED = {"StackId": "stack", "RequestId": "request", "LogicalResourceId": "Standby", "ResponseURL": "https://answer"}


def stack(name, at, **outputs):
    return {"StackName": name, "CreationTime": at,
            "Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()]}


class Ec2:
    def __init__(self):
        self.routes, self.broken = {}, None

    def create_route(self, RouteTableId, DestinationCidrBlock, VpcPeeringConnectionId):
        if self.broken or (RouteTableId, DestinationCidrBlock) in self.routes:
            raise self.broken or self.taken
        self.routes[RouteTableId, DestinationCidrBlock] = VpcPeeringConnectionId

    def replace_route(self, RouteTableId, DestinationCidrBlock, VpcPeeringConnectionId):
        if self.broken:
            raise self.broken
        self.routes[RouteTableId, DestinationCidrBlock] = VpcPeeringConnectionId


@pytest.fixture
def world(load, monkeypatch, context, refusal):
    pages, ec2, sent, regions = [], Ec2(), [], []
    ec2.taken = refusal("RouteAlreadyExists")

    def urlopen(request, timeout):
        assert (request.full_url, request.get_method()) == ("https://answer", "PUT")
        sent.append(json.loads(request.data))
        return SimpleNamespace(close=lambda: None)

    def client(service, region_name):
        regions.append(region_name)
        paginator = SimpleNamespace(paginate=lambda: [{"Stacks": page} for page in pages])
        return {"ec2": ec2, "cloudformation": SimpleNamespace(get_paginator=lambda _: paginator)}[service]

    source = load("assistant")
    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    monkeypatch.setattr(boto3, "client", client)

    def ask(kind="Create", **properties):
        source.handler({**ASKED, "RequestType": kind, "ResourceProperties": properties}, context)
        return sent.pop()

    return SimpleNamespace(ask=ask, pages=pages, ec2=ec2, regions=regions)


def test_the_outputs_of_the_newest_instance_are_read_in_its_region(world):
    world.pages[:] = [
        [stack("other", 9, Vpc="x"), stack("StackSet-dr-demo-1", 1, Vpc="old")],
        [stack("StackSet-dr-demo-2", 2, Vpc="vpc-2", Domain="d"), stack("StackSet-dr-demonstration-3", 3, Vpc="y")]]
    answer = world.ask(Region="us-west-2", Prefix="StackSet-dr-demo-")
    assert answer == {
        "StackId": "stack", "RequestId": "request", "LogicalResourceId": "Standby", "PhysicalResourceId": "Standby",
        "Status": "SUCCESS", "Reason": "done", "Data": {"Vpc": "vpc-2", "Domain": "d"}}
    assert world.regions == ["us-west-2"]


def test_no_instance_is_a_failure_with_a_reason(world):
    answer = world.ask(Region="us-west-2", Prefix="StackSet-dr-demo-")
    assert answer["Status"] == "FAILED" and answer["Reason"] and answer["Data"] == {}


def test_a_route_is_made_and_replaced(world):
    route = {"RouteTableId": "rtb", "DestinationCidrBlock": "10.0.0.0/16", "VpcPeeringConnectionId": "pcx-1"}
    assert world.ask(Region="us-west-2", Route=route)["Status"] == "SUCCESS"
    assert world.ask("Update", Region="us-west-2", Route=route | {"VpcPeeringConnectionId": "pcx-2"})["Status"] == "SUCCESS"
    assert world.ec2.routes == {("rtb", "10.0.0.0/16"): "pcx-2"}


def test_a_route_that_is_refused_is_a_failure_and_replaces_nothing(world, refusal):
    world.ec2.broken = refusal("InvalidRouteTableID.NotFound")
    world.ec2.replace_route = None
    answer = world.ask(Region="us-west-2", Route={"RouteTableId": "rtb", "DestinationCidrBlock": "c", "VpcPeeringConnectionId": "p"})
    assert answer["Status"] == "FAILED" and "NotFound" in answer["Reason"]


def test_deletion_changes_nothing(world):
    assert world.ask("Delete", Region="us-west-2", Prefix="x")["Status"] == "SUCCESS"
    assert not world.regions
