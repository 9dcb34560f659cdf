#!/usr/bin/env python3
"""Go's own note and tlog packages, and transparency-dev's proofs, verify a log that ztp wrote; changed, they do not.

Usage: go_test.py ZTP CACHE        (CACHE: where Go may keep what it compiled)

Exits with 77, which ctest reports as skipped, where there is no go or the modules are out of reach and
ZTP_REQUIRE_GO_MODULES is not set.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from audit_world import World


def skip(why):
    print(why)
    sys.exit(1 if os.environ.get("ZTP_REQUIRE_GO_MODULES") else 77)


def main():
    ztp, cache = sys.argv[1:]
    if not shutil.which("go"):
        skip("there is no go")
    environment = {**os.environ, "GOCACHE": cache, "GOFLAGS": "-buildvcs=false -mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        program = folder / "verify"
        source = pathlib.Path(__file__).parent / "go"
        built = subprocess.run(["go", "build", "-o", program, "."], cwd=source, env=environment, stdin=subprocess.DEVNULL,
                               capture_output=True, text=True, check=False)
        if built.returncode != 0:
            skip(f"go cannot build it: {built.stderr[-2000:]}")

        world = World(ztp, folder)
        requests = world.requests()
        lines = (requests * (300 // len(requests) + 1))[:300]
        world.decide(lines)
        old = folder / "old"
        shutil.copy(world.log / "checkpoint", old)
        world.decide(lines[:257])
        for index in 0, 299, 556:
            proof = folder / f"{index}.tlog-proof"
            world.ok("audit", "show", world.log, index, "--key", world.vkey, "--proof", proof)

            def verify():
                return subprocess.run([program, world.log, world.vkey, old, proof, str(index)], capture_output=True, text=True, check=False)

            done = verify()
            assert done.returncode == 0, done.stderr
            assert done.stdout.strip() == "557", done.stdout

        # That the program sees something.
        for file in "tile/entries/001", "tile/0/000", "tile/1/000.p/2", "checkpoint":
            path = world.log / file
            good = path.read_bytes()
            path.write_bytes(good[:40] + bytes([good[40] ^ 1]) + good[41:])
            assert verify().returncode == 1, file
            path.write_bytes(good)
        assert verify().returncode == 0
    print("verified by Go's packages")


if __name__ == "__main__":
    main()
