#!/usr/bin/env python3
"""Says whether a template in YAML is the same tree as the one in JSON, short forms written out.

    same_tree.py TEMPLATE.json TEMPLATE.yaml
"""
import json
import sys

import yaml


class Loader(yaml.SafeLoader):
    """Reads `!Sub x` as `{"Fn::Sub": "x"}`; texts that look like dates stay texts where they are quoted."""


def short_form(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", short_form)


def differences(left, right, path=""):
    if type(left) is not type(right):
        yield f"{path}: {left!r} and {right!r}"
    elif isinstance(left, dict):
        if list(left) != list(right):
            yield f"{path}: keys {list(left)} and {list(right)}"
        for key in left.keys() & right.keys():
            yield from differences(left[key], right[key], f"{path}.{key}")
    elif isinstance(left, list):
        if len(left) != len(right):
            yield f"{path}: {len(left)} and {len(right)} items"
        for index, (one, other) in enumerate(zip(left, right)):
            yield from differences(one, other, f"{path}[{index}]")
    elif left != right:
        yield f"{path}: {left!r} and {right!r}"


def main():
    source, copy = sys.argv[1:3]
    with open(source) as as_json, open(copy) as as_yaml:
        found = list(differences(json.load(as_json), yaml.load(as_yaml, Loader)))
    for line in found[:20]:
        print(f"      {line}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
