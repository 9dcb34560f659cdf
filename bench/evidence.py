#!/usr/bin/env python3
"""Counts what evidence costs, in instructions, and fails where it costs more than was promised.

    evidence.py --bin DIR      a decision on proven facts takes at most 5 % more than on the same facts vouched; verifying
                               evidence again takes little more than its SHA-256, and no public-key operation

Counts are callgrind's and do not depend on how busy the machine is. `ztp_evidence_bench FOLDER` alone gives times.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import instructions

EXAMPLE = HERE.parent / "policies/examples/tool-server"
MARGIN_PERCENT = 5
# Beside the SHA-256: a look into the cache, the times, the list of what was revoked. A microsecond has some 4,000.
AGAIN_INSTRUCTIONS = 4000


def count(program):
    """{figure: instructions a call}"""
    with tempfile.TemporaryDirectory() as folder:
        dumps = pathlib.Path(folder) / "callgrind.out"
        done = subprocess.run(
            ["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", "--combine-dumps=yes",
             f"--callgrind-out-file={dumps}", str(program), str(EXAMPLE)],
            capture_output=True, text=True, check=False, timeout=600)
        if done.returncode != 0:
            raise instructions.CannotCount(done.stderr[-2000:])
        calls = json.loads(done.stdout)
        counts = instructions.parse_counts(dumps.read_text(encoding="utf-8"), list(calls))
    return {figure: round(counts[figure] / calls[figure]) for figure in calls}


def mistakes(counts):
    found = []
    for kind in ("decide", "bind_decide"):
        vouched, proven = counts[f"{kind}_vouched"], counts[f"{kind}_proven"]
        if proven * 100 > vouched * (100 + MARGIN_PERCENT):
            found.append(f"{kind}: {proven} instructions on proven facts, {vouched} on vouched ones")
    for source in ("tokens", "mesh"):
        beside = counts[f"{source}_again"] - counts[f"{source}_sha256"]
        if beside > AGAIN_INSTRUCTIONS:
            found.append(f"{source}: verifying again takes {beside} instructions beside the SHA-256")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path("build/release/bin"))
    parser.add_argument("--build-type", default=instructions.BUILD_TYPE)
    arguments = parser.parse_args()
    program = arguments.bin / "ztp_evidence_bench"
    if arguments.build_type != instructions.BUILD_TYPE or shutil.which("valgrind") is None or not program.exists():
        print("skipped: no optimised build, no valgrind, or no ztp_evidence_bench")
        return instructions.SKIPPED
    counts = count(program)
    for figure, instructions_a_call in counts.items():
        print(f"{figure:24} {instructions_a_call:10,}")
    found = mistakes(counts)
    for mistake in found:
        print(mistake, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
