#!/usr/bin/env python3
"""Deploys each bundle on MiniStack, makes it work, moves its levers and deletes it again.

    bundle_ministack.py [BUNDLE ...]

What a bundle has to do is told in bundles/, in a module named after it. It works on a copy without the
types that MiniStack does not know (prune.py). MiniStack replicates neither tables nor buckets, so a story
carries a table to the standby by hand; all else is done by the templates and the functions themselves.
"""
import importlib
import sys
import time

import manifest
import prune
from referee import ROOT, check, judge, ministack, say


def told():
    """The names of the bundles that have a story."""
    return sorted(path.stem.replace("_", "-") for path in (ROOT / "tests/referees/bundles").glob("[a-z]*.py"))


def tell(name, folder):
    say(f"== {name}")
    began = time.monotonic()
    folder.mkdir()
    for line in prune.prune(ROOT / "stacks" / name, folder / name):
        say(line)
    story = importlib.import_module(f"bundles.{name.replace('-', '_')}").story
    with ministack(folder) as url:
        story(folder / name, url)
    say(f"== {name} took {time.monotonic() - began:.0f} s")


def main(folder):
    manifests = sorted(ROOT.glob("stacks/*/bundle.json"))
    for path in manifests:
        found = list(manifest.problems(path.parent))
        check(not found, f"{path.relative_to(ROOT)} keeps its schema and its references", found)
    silent = {path.parent.name for path in manifests} - set(told())
    check(not silent, "every bundle has a story", silent)
    for name in sys.argv[1:] or told():
        tell(name, folder / name)


if __name__ == "__main__":
    judge(main)
