#!/usr/bin/env python3
"""What bench/gateway compares decides as its Python says: the policy, and the same through its routes.

Usage: world_test.py ZTP
"""

import json
import pathlib
import subprocess
import sys
import tempfile

from world import World

HERE = pathlib.Path(__file__).resolve().parent


def main():
    ztp, world = str(pathlib.Path(sys.argv[1]).resolve()), World()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        world.write_facts(folder / "facts.jsonl")
        (folder / "requests.jsonl").write_text("".join(json.dumps(world.authzen(request)) + "\n" for request in world.requests))
        subprocess.run([ztp, "build", HERE / "gateway.ztp", HERE / "routes.ztp", "-o", folder / "gateway.ztpb"], check=True,
                       capture_output=True)
        done = subprocess.run([ztp, "decide", "-p", folder / "gateway.ztpb", "-f", folder / "facts.jsonl", "-r", folder / "requests.jsonl"],
                              capture_output=True, text=True)
        decided = [json.loads(line)["decision"] for line in done.stdout.splitlines()]
    expected = [world.expected(request) for request in world.requests]
    assert decided == expected, [pair for pair in zip(world.requests, decided, expected) if pair[1] != pair[2]][:3] or done.stderr
    # Both answers are common, and each part of the policy makes a difference.
    assert 300 < sum(expected) < 700, sum(expected)
    for change in ({"suspended": False}, {"tier": 4}):
        other = World()
        for workload in other.workloads.values():
            workload.update(change)
        assert [other.expected(request) for request in world.requests] != expected, change
    assert [world.expected(request, "203.0.113.9") for request in world.requests] != expected
    print(f"{len(expected)} requests, {sum(expected)} allowed")


main()
