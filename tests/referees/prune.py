#!/usr/bin/env python3
"""Copies a bundle without the resource types that an emulator does not know.

    prune.py SOURCE DESTINATION [TYPE ...]

Without TYPEs, those unknown to MiniStack 1.5.33; alarms on metric math go as well. What depended on a removed resource is
mended: DependsOn entries go, properties and list items that refer to it go, and outputs,
resources and alarms that cannot exist without it go as well. A reference that has to stay
a string, such as an output that the manifest needs, becomes the placeholder "pruned".
"""
import json
import re
import shutil
import sys
from pathlib import Path

UNKNOWN = {
    "AWS::Backup::BackupSelection",
    "AWS::CloudTrail::Trail",
    "AWS::CloudFormation::StackSet",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::EC2::FlowLog",
    "AWS::EC2::NetworkAcl",
    "AWS::EC2::NetworkAclEntry",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SubnetNetworkAclAssociation",
    "AWS::EC2::VPCPeeringConnection",
    "AWS::KMS::ReplicaKey",
    "AWS::Logs::Destination",
    "AWS::RDS::GlobalCluster",
    "AWS::Route53::HealthCheck",
    "AWS::Route53::RecordSetGroup",
    "AWS::Synthetics::Canary",
}
# Properties that a resource cannot do without: if they dangle, the resource goes too.
ESSENTIAL = {
    "AWS::CloudWatch::Alarm": {"Dimensions", "Metrics"},
    "AWS::CloudWatch::Dashboard": {"DashboardBody"},
    "AWS::EC2::Route": {"VpcPeeringConnectionId"},
    "AWS::Events::Rule": {"Targets"},
    "Custom::Route": {"Route"},
}
DANGLING = object()


def refers(node, gone):
    """True if this very node is a reference to something that is gone."""
    if not isinstance(node, dict) or len(node) != 1:
        return False
    (function, value), = node.items()
    if function == "Ref":
        return value in gone
    if function == "Fn::GetAtt":
        return (value.split(".")[0] if isinstance(value, str) else value[0]) in gone
    if function == "Fn::Sub":
        text = value if isinstance(value, str) else value[0]
        own = () if isinstance(value, str) else value[1]
        names = {m.split(".")[0] for m in re.findall(r"\$\{([^!}][^}]*)\}", text)}
        return bool((names - set(own)) & gone)
    return False


def mend(node, gone):
    """The node without dangling references, or DANGLING if nothing of it can stay."""
    if refers(node, gone):
        return DANGLING
    if isinstance(node, list):
        kept = [mend(item, gone) for item in node]
        return [item for item in kept if item is not DANGLING] if kept else kept
    if not isinstance(node, dict):
        return node
    if len(node) == 1 and next(iter(node)).startswith("Fn::"):
        (function, value), = node.items()
        if function == "Fn::If":
            branches = [mend(item, gone) for item in value[1:]]
            return {function: value[:1] + [{"Ref": "AWS::NoValue"} if b is DANGLING else b for b in branches]}
        mended = mend(value, gone)
        return DANGLING if mended is DANGLING or mended != value else node
    return {k: v for k, v in ((k, mend(v, gone)) for k, v in node.items()) if v is not DANGLING}


def doomed(resource, gone):
    """True if the resource makes no sense any more once the others are gone."""
    for name in ESSENTIAL.get(resource["Type"], ()):
        before = resource.get("Properties", {}).get(name)
        if before is not None and mend(before, gone) != before:
            return True
    return False


def unsupported(resource, unknown):
    """Types the emulator does not know, and its one gap inside a type: alarms on metric math."""
    math = resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]
    return resource["Type"] in unknown or math


def prune_template(template, unknown):
    resources = template["Resources"]
    gone = {name for name, resource in resources.items() if unsupported(resource, unknown)}
    while True:
        more = {n for n, r in resources.items() if n not in gone and doomed(r, gone)}
        if not more:
            break
        gone |= more
    for name in gone:
        del resources[name]
    for name, resource in resources.items():
        after = resource.get("DependsOn", [])
        after = [a for a in ([after] if isinstance(after, str) else after) if a not in gone]
        resource.pop("DependsOn", None)
        if after:
            resource["DependsOn"] = after
        if "Properties" in resource:
            resource["Properties"] = mend(resource["Properties"], gone)
    for output in template.get("Outputs", {}).values():
        if mend(output["Value"], gone) != output["Value"]:
            output["Value"] = "pruned"
    return gone


def prune(source, destination, unknown=UNKNOWN):
    """Copies the bundle; returns a line for each resource that was left out."""
    shutil.copytree(source, destination, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache", "tests"))
    lines = []
    for path in sorted(destination.glob("*.json")):
        template = json.loads(path.read_text())
        if "Resources" not in template:
            continue
        types = {name: resource["Type"] for name, resource in template["Resources"].items()}
        gone = prune_template(template, unknown)
        path.write_text(json.dumps(template, indent=2, ensure_ascii=False) + "\n")
        lines += [f"pruned  {path.name}  {name}  {types[name]}" for name in sorted(gone)]
    return lines


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    source, destination = map(Path, sys.argv[1:3])
    if destination.exists():
        sys.exit(f"prune: {destination} exists already")
    print(*prune(source, destination, set(sys.argv[3:]) or UNKNOWN), sep="\n")


if __name__ == "__main__":
    main()
