#!/usr/bin/env python3
"""Judges the manifest of every bundle: its schema, its references, and the inlined sources."""
import json
import re
import sys
from pathlib import Path

from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "stacks/bundle.schema.json").read_text())


def texts(node, path=""):
    if isinstance(node, dict):
        for key, value in node.items():
            yield from texts(value, f"{path}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from texts(value, f"{path}/{index}")
    elif isinstance(node, str):
        yield path, node


def placeholders(text):
    return re.findall(r"\$\{([^}]*)\}", text)


def problems(folder):
    manifest = json.loads((folder / "bundle.json").read_text())
    for error in Draft202012Validator(SCHEMA).iter_errors(manifest):
        yield f"{error.json_path}: {error.message}"
    templates = {s["id"]: json.loads((folder / s["template"]).read_text()) for s in manifest["stacks"]}
    names = {"suffix", "region.primary", "region.standby"} | {p["name"] for p in manifest["parameters"]}
    outputs = {f"{i}.{o}" for i, t in templates.items() for o in t["Outputs"]}

    if manifest["name"] != folder.name:
        yield f"$.name: the folder is {folder.name}"
    ours = [s["id"] for s in manifest["stacks"] if "made_by" not in s]
    if sorted(manifest["delete_order"]) != sorted(ours):
        yield "$.delete_order: does not name every stack once"
    ids = [s["id"] for s in manifest["signals"]]
    if len(set(ids)) != len(ids):
        yield "$.signals: an id occurs twice"
    for path, text in texts(manifest):
        for name in placeholders(text) if not path.endswith("/pattern") else ():
            if name not in names | outputs:
                yield f"{path}: nothing is called {name}"

    for stack in manifest["stacks"]:
        if "made_by" in stack:
            maker = templates[stack["made_by"]["stack"]]["Resources"].get(stack["made_by"]["resource"], {})
            if maker.get("Type") != "AWS::CloudFormation::StackSet":
                yield f"{stack['id']}: made_by names no StackSet"
            continue
        template, given = templates[stack["id"]], stack["parameters"]
        earlier = tuple(f"{i}." for i in stack.get("after", ()))
        for name in given.keys() - template["Parameters"].keys():
            yield f"{stack['id']}: the template has no parameter {name}"
        for name, parameter in template["Parameters"].items():
            if "Default" not in parameter and name not in given:
                yield f"{stack['id']}: parameter {name} gets no value"
        for text in given.values():
            for name in placeholders(text):
                if name not in names and not name.startswith(earlier or ("\0",)):
                    yield f"{stack['id']}: {name} is not known before this stack"

    for name in sorted({s["template"] for s in manifest["stacks"]}):
        for logical, resource in json.loads((folder / name).read_text())["Resources"].items():
            code = resource["Properties"].get("Code", {})
            inline = code.get("ZipFile", code.get("Script"))
            if inline is not None:
                source = resource.get("Metadata", {}).get("Source", "")
                if not source or (folder / source).read_text() != inline:
                    yield f"{name}: {logical} does not carry the text of {source or 'a source'}"


def main():
    found = 0
    for manifest in sorted(ROOT.glob("stacks/*/bundle.json")):
        for problem in problems(manifest.parent):
            found += 1
            print(f"FAILED  {manifest.relative_to(ROOT)}  {problem}", file=sys.stderr)
        print(f"checked {manifest.relative_to(ROOT)}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
