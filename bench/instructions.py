#!/usr/bin/env python3
"""Counts the instructions of a decision and holds them against instruction_ceilings.json.

    instructions.py                 says what is above its ceiling, and fails
    instructions.py --update        writes the ceilings anew, 10 % above what is counted, and says what changed

Counts are callgrind's and do not depend on how busy the machine is, as times do. They do depend on processor and compiler:
what is not an optimised build (the preset `release`) on the processor of the ceilings is skipped, exit status 77. Another
compiler is compared all the same, and named when a count is too high.
"""

import argparse
import json
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE / "workloads"))

import generate

CEILINGS = HERE / "instruction_ceilings.json"
WORKLOADS = ["gateway-10", "gateway-1000", "ranges-100", "labels-100", "gdrive-50", "github-50", "tinytodo-50"]
FIGURES = ["decide", "bind_decide", "json"]  # the dumps of instructions.cc
BUILD_TYPE = "RelWithDebInfo"  # that of the preset `release`
MARGIN_PERCENT = 10
LOOSE_PERCENT = 25  # a ceiling so far above the count would let much be lost unseen
SKIPPED = 77
LIMIT_SECONDS = 300


class CannotCount(Exception):
    """No counts: the program, callgrind or its file is not as it should be."""


def parse_counts(text, figures=FIGURES):
    """{name of a dump: its instructions} of a file with callgrind's dumps, in the order they were made."""
    counts, name = {}, None
    for line in text.splitlines():
        key, _, value = line.partition(": ")
        if key == "desc" and value.startswith("Trigger: "):
            name = value.removeprefix("Trigger: ").removeprefix("Client Request: ")
        elif key == "events" and value.split() != ["Ir"]:
            raise CannotCount(f"callgrind counts {value}, not instructions alone")
        elif key == "totals":
            counts[name] = int(value)
    missing = [figure for figure in figures if counts.get(figure, 0) <= 0]
    if missing:
        raise CannotCount(f"callgrind counted nothing for {', '.join(missing)}")
    return {figure: counts[figure] for figure in figures}


def count(program, folder):
    """({figure: instructions a decision}, compiler) of one workload."""
    dumps = folder / "callgrind.out"
    done = subprocess.run(
        ["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", "--combine-dumps=yes", f"--callgrind-out-file={dumps}",
         str(program), str(folder)], capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS)
    if done.returncode != 0:
        raise CannotCount(f"{folder.name}: exit status {done.returncode}\n{done.stderr[-2000:]}")
    about = json.loads(done.stdout)
    counts = parse_counts(dumps.read_text(encoding="utf-8"))
    return {figure: round(total / about["decisions"]) for figure, total in counts.items()}, about["compiler"]


def count_all(program):
    """What instruction_ceilings.json would be without a margin."""
    counts, compiler = {}, ""
    with tempfile.TemporaryDirectory() as folder:
        for name in WORKLOADS:
            generate.write_workload(name, pathlib.Path(folder))
            counts[name], compiler = count(program, pathlib.Path(folder) / name)
    return {"processor": platform.machine(), "compiler": compiler, "instructions": counts}


def ceiling_of(instructions):
    return -(-instructions * (100 + MARGIN_PERCENT) // 100)


def why_not(arguments, processor):
    """Why counts cannot be had, or would not be those that the ceilings, of `processor`, are for; empty if they can."""
    if arguments.build_type != BUILD_TYPE:
        return f"the build type is {arguments.build_type or 'none'}, ceilings are for {BUILD_TYPE}"
    if processor not in (None, platform.machine()):
        return f"this is {platform.machine()}, ceilings are for {processor}"
    if not shutil.which("valgrind"):
        return "valgrind is not installed"
    if not (arguments.bin / "ztp_instructions").exists():
        return f"{arguments.bin} has no ztp_instructions, which is built where valgrind's headers are"
    return ""


def faults(counted, ceilings):
    """What is above its ceiling or has none, and what has a ceiling but was not counted; a line each."""
    known = {(name, figure): limit for name, row in ceilings["instructions"].items() for figure, limit in row.items()}
    found = {(name, figure): value for name, row in counted["instructions"].items() for figure, value in row.items()}
    lines = []
    for (name, figure), value in found.items():
        limit = known.get((name, figure))
        if limit is None:
            lines.append(f"{name} {figure}: {value:,} instructions and no ceiling")
        elif value > limit:
            lines.append(f"{name} {figure}: {value:,} instructions, above the ceiling of {limit:,}")
    lines += [f"{name} {figure}: has a ceiling, was not counted" for name, figure in known.keys() - found.keys()]
    if lines and counted["compiler"] != ceilings["compiler"]:
        lines.append(f"(the compiler is {counted['compiler']}, the ceilings are of {ceilings['compiler']})")
    return lines


def table(counted, ceilings):
    lines = [f"{'instructions a decision':24} {'figure':12} {'counted':>9} {'ceiling':>9}"]
    for name, row in counted["instructions"].items():
        for figure, value in row.items():
            limit = ceilings["instructions"].get(name, {}).get(figure)
            loose = limit is not None and limit * 100 > value * (100 + LOOSE_PERCENT)
            lines.append(f"{name:24} {figure:12} {value:9,} {'none' if limit is None else format(limit, ',') :>9}"
                         + ("  loose: --update" if loose else ""))
    return "\n".join(lines)


def updated(counted, ceilings):
    """(the new ceilings, a line for each with the old one)"""
    new, lines = {}, []
    for name, row in counted["instructions"].items():
        new[name] = {figure: ceiling_of(value) for figure, value in row.items()}
        for figure, value in row.items():
            old = ceilings["instructions"].get(name, {}).get(figure)
            lines.append(f"{name:14} {figure:12} {'none' if old is None else format(old, ',') :>9} -> {new[name][figure]:9,}"
                         f"   (counted {value:,})")
    return counted | {"instructions": new}, lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin", help="where ztp_instructions is")
    parser.add_argument("--build-type", default=BUILD_TYPE, help="CMake's, of the programs there")
    parser.add_argument("--ceilings", type=pathlib.Path, default=CEILINGS, help="the file with the ceilings")
    parser.add_argument("--update", action="store_true", help="write the ceilings anew")
    arguments = parser.parse_args()
    ceilings = {"processor": None, "compiler": None, "instructions": {}}
    if arguments.ceilings.exists() or not arguments.update:
        ceilings = json.loads(arguments.ceilings.read_text(encoding="utf-8"))
    obstacle = why_not(arguments, None if arguments.update else ceilings["processor"])
    if obstacle:
        print(f"skipped: {obstacle}")
        return 1 if arguments.update else SKIPPED
    try:
        counted = count_all(arguments.bin / "ztp_instructions")
    except (CannotCount, OSError, subprocess.TimeoutExpired, ValueError) as error:
        print(f"instructions.py: {error}", file=sys.stderr)
        return 1
    if arguments.update:
        new, lines = updated(counted, ceilings)
        arguments.ceilings.write_text(json.dumps(new, indent=2) + "\n", encoding="utf-8")
        print("\n".join(lines))
        return 0
    print(table(counted, ceilings))
    wrong = faults(counted, ceilings)
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        print("If this is meant: build, then `python3 bench/instructions.py --update`, and say why in the commit.", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
