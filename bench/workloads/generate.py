#!/usr/bin/env python3
"""Writes workloads: the same policies, entities and requests for every engine that can express them, and what they decide.

Usage: generate.py FOLDER NAME...        FOLDER/NAME/… for each; a name is a family and its size: gateway-1000
       generate.py --list                the names that `make bench` runs

Seeded: the same name gives the same bytes. expected.txt has a line for each request: `allow` and the deciding permit, or
`deny` and the forbids that applied. workload.json says which engines the workload is written for, and why not for others.
"""

import pathlib
import sys

import evaluate
import gateway
import labels
import ranges
import write_cedar
import write_rego
import write_ztp
from model import CannotExpress
from output import Output

FAMILIES = {"gateway": gateway.make, "ranges": ranges.make, "labels": labels.make}
WRITERS = {"ztp": write_ztp.write, "cedar": write_cedar.write, "rego": write_rego.write}
SIZES = [10, 100, 1000, 10000]


def all_names():
    return [f"{family}-{size}" for family in FAMILIES for size in SIZES]


def write_workload(name, folder):
    family, _, size = name.rpartition("-")
    if family not in FAMILIES or not size.isdigit() or int(size) < 1:
        raise SystemExit(f"generate.py: no such workload: {name}")
    workload = FAMILIES[family](int(size))
    out = Output(folder / name)
    cannot = {}
    for engine, write in WRITERS.items():
        try:
            write(workload, out)
        except CannotExpress as why:
            cannot[engine] = str(why)
    decisions = evaluate.decide_all(workload)
    out.text("expected.txt", "".join(" ".join([decision, *rules]) + "\n" for decision, rules in decisions))
    out.json("workload.json", {
        "name": name, "family": family, "size": int(size), "rules": len(workload.rules),
        "entities": len(workload.entities), "requests": len(decisions),
        "allowed": sum(decision == "allow" for decision, _ in decisions),
        "engines": [engine for engine in WRITERS if engine not in cannot], "cannot": cannot})
    return workload, decisions


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(all_names()))
        return 0
    if len(sys.argv) < 3 or sys.argv[1].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 3
    for name in sys.argv[2:]:
        workload, decisions = write_workload(name, pathlib.Path(sys.argv[1]))
        allowed = sum(decision == "allow" for decision, _ in decisions)
        print(f"{name}: {len(workload.rules)} rules, {len(workload.entities)} entities, {len(decisions)} requests, "
              f"{allowed} allowed", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
