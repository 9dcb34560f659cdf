#!/usr/bin/env python3
"""Writes workloads: the same policies, entities and requests for every engine that can express them, and what they decide.

Usage: generate.py FOLDER NAME...        FOLDER/NAME/… for each; a name is a family and its size: gateway-1000
       generate.py --list                the names that `make bench` runs

Seeded: the same name gives the same bytes. expected.txt has a line for each request: `allow` and the deciding permit, or
`deny` and the forbids that applied (of the paper's applications the decision only). workload.json says which forms there
are (Rego is for OPA and regorus), and why others are not.
"""

import pathlib
import sys

import evaluate
import gateway
import labels
import oopsla
import ranges
import write_casbin
import write_cedar
import write_cel
import write_rego
import write_ztp
from model import CannotExpress
from output import Output

FAMILIES = {"gateway": gateway.make, "ranges": ranges.make, "labels": labels.make}
SIZES = [10, 100, 1000, 10000]
WRITERS = {"ztp": write_ztp.write, "cedar": write_cedar.write, "rego": write_rego.write, "cel": write_cel.write,
           "casbin": write_casbin.write}


def all_names():
    return ([f"{family}-{size}" for family in FAMILIES for size in SIZES] +
            [f"{app}-{size}" for app in oopsla.APPLICATIONS for size in oopsla.SIZES])


def write_family(family, size, out):
    """(rules, entities, decisions, why the workload is not there for an engine)"""
    workload = FAMILIES[family](size)
    cannot = {}
    for engine, write in WRITERS.items():
        try:
            write(workload, out)
        except CannotExpress as why:
            cannot[engine] = str(why)
    return len(workload.rules), len(workload.entities), evaluate.decide_all(workload), cannot


def write_workload(name, folder):
    """Writes FOLDER/NAME; returns what workload.json says."""
    family, _, size = name.rpartition("-")
    if family in FAMILIES and size.isdigit() and int(size) > 0:
        out = Output(folder / name)
        rules, entities, decisions, cannot = write_family(family, int(size), out)
    elif family in oopsla.APPLICATIONS and size in map(str, oopsla.SIZES):
        out = Output(folder / name)
        rules, entities, decisions = oopsla.write(family, int(size), out)
        cannot = oopsla.CANNOT
    else:
        raise SystemExit(f"generate.py: there is no workload {name}")
    out.text("expected.txt", "".join(" ".join([decision, *deciding]) + "\n" for decision, deciding in decisions))
    summary = {"name": name, "family": family, "size": int(size), "rules": rules, "entities": entities,
               "requests": len(decisions), "allowed": sum(decision == "allow" for decision, _ in decisions),
               "forms": [form for form in WRITERS if form not in cannot], "cannot": cannot}
    out.json("workload.json", summary)
    return summary


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(all_names()))
        return 0
    if len(sys.argv) < 3 or sys.argv[1].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 3
    for name in sys.argv[2:]:
        print("{name}: {rules} rules, {entities} entities, {requests} requests, {allowed} allowed".format(
            **write_workload(name, pathlib.Path(sys.argv[1]))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
