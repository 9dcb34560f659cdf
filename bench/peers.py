"""The programs that decide workloads: how each is built, which form of a workload it reads.

Boundary: builds and names programs; runs none. A tool that is not installed is a reason to skip, given as text; a build
that fails is an error.
"""

import os
import pathlib
import shutil
import subprocess
from dataclasses import dataclass

PEERS = pathlib.Path(__file__).resolve().parent / "peers"


@dataclass(frozen=True)
class Engine:
    name: str
    form: str                                     # of a workload: a folder that workload.json lists
    kind: str                                     # cmake, rust or go
    program: str


ENGINES = [
    Engine("ztp", "ztp", "cmake", "ztp_bench"),
    Engine("cedar", "cedar", "rust", "cedar"),
    Engine("cedar-go", "cedar", "go", "cedargo"),
    Engine("opa", "rego", "go", "opa"),
    Engine("regorus", "rego", "rust", "regorus-bench"),
    Engine("cel-go", "cel", "go", "cel"),
    Engine("casbin", "casbin", "go", "casbin"),
]
FLOOR = "ztp_floor_bench"


class BuildError(Exception):
    pass


def run_tool(command, folder, environment):
    """A build: its output is shown only if it fails."""
    done = subprocess.run(command, cwd=folder, env=os.environ | environment, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        raise BuildError(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-4000:]}")


def build(kind, out):
    """Builds the peers of one kind into `out`; returns where the programs are. None if the tool is not installed."""
    if kind == "rust":
        if not shutil.which("cargo"):
            return None
        run_tool(["cargo", "build", "--release", "--locked"], PEERS / "rust", {"CARGO_TARGET_DIR": str(out / "rust")})
        return out / "rust" / "release"
    if not shutil.which("go"):
        return None
    (out / "go").mkdir(parents=True, exist_ok=True)
    run_tool(["go", "build", "-mod=readonly", "-o", str(out / "go") + os.sep, "./..."], PEERS / "go", {})
    return out / "go"


TOOLS = {"rust": "cargo (Rust)", "go": "go"}


def programs(engines, bin, out, say):
    """{engine name: program}, and {engine name: why it is skipped}. `say` is told what is going on."""
    places, skipped = {"cmake": bin}, {}
    for kind in TOOLS:
        wanted = [engine for engine in engines if engine.kind == kind]
        if not wanted:
            continue
        say(f"building {', '.join(engine.name for engine in wanted)} ({kind})")
        places[kind] = build(kind, out)
        if places[kind] is None:
            for engine in wanted:
                skipped[engine.name] = f"{TOOLS[kind]} is not installed: skipped"
                say(f"{engine.name}: {skipped[engine.name]}")
    found = {engine.name: places[engine.kind] / engine.program for engine in engines if engine.name not in skipped}
    for name, program in found.items():
        if not program.exists():
            raise BuildError(f"{name}: {program} is not there: build it first (make build)")
    return found, skipped
