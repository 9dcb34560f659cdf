#!/usr/bin/env python3
"""Runs ztp and its peers on the same workloads in one go, and prints one table.

Fails if an engine decides a request otherwise than expected (and so, otherwise than another engine). What is not
installed is skipped, and said so. Everything is written below the output folder (results.json, RESULTS.md, RESULTS.svg);
--record copies the latter two beside this file.
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE / "workloads"))

import generate
import peers
import report

PROGRAM_TIMEOUT_S = 900


def say(text):
    print(text, file=sys.stderr, flush=True)


class Progress:
    """A line on a terminal that is written over; a line a step elsewhere."""

    def __init__(self, steps):
        self.steps, self.done, self.begin, self.live = steps, 0, time.monotonic(), sys.stderr.isatty()

    def step(self, text):
        self.done += 1
        passed = int(time.monotonic() - self.begin)
        line = f"[{self.done}/{self.steps}] {passed // 60}m{passed % 60:02}s {text}"
        if self.live:
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
        else:
            say(line)

    def end(self):
        if self.live:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def generator_stamp():
    """Changes whenever the generators or their data do."""
    digest = hashlib.sha256()
    for path in sorted((HERE / "workloads").rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.relative_to(HERE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def generated(names, folder):
    """What workload.json of each says; generates those that are not there or are of other generators."""
    stamp, workloads = generator_stamp(), []
    for name in names:
        mark = folder / name / "stamp"
        if not mark.exists() or mark.read_text() != stamp:
            say(f"generating {name}")
            generate.write_workload(name, folder)
            mark.write_text(stamp)
        workloads.append(json.loads((folder / name / "workload.json").read_text()))
    return workloads


def run_program(program, arguments):
    """Its JSON line, or None; and what went wrong."""
    try:
        done = subprocess.run([str(program), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              timeout=PROGRAM_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return None, f"no answer within {PROGRAM_TIMEOUT_S} s"
    except OSError as error:
        return None, str(error)
    line = json.loads(done.stdout) if done.stdout.strip() else None
    if done.returncode != 0 or line is None:
        return line, f"exit status {done.returncode}: {done.stderr.strip()[-1500:]}"
    return line, None


def first_line(path, prefix):
    try:
        for line in pathlib.Path(path).read_text().splitlines():
            if line.startswith(prefix):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return "unknown"


def machine():
    kilobytes = first_line("/proc/meminfo", "MemTotal").split()[0]
    return {"cpu": first_line("/proc/cpuinfo", "model name"), "cores": os.cpu_count(),
            "memory": report.size(int(kilobytes) * 1024) if kilobytes.isdigit() else "unknown",
            "system": f"{platform.system()} {platform.release()}"}


def revision():
    done = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "describe", "--always", "--dirty"], cwd=ROOT, check=False,
                          capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def is_older_than_sources(program):
    """Were sources changed since it was built? Then its figures are not those of the tree."""
    sources = [path for folder in ("engine", "bench") for path in (ROOT / folder).rglob("*") if path.suffix in (".h", ".cc")]
    return program.stat().st_mtime < max(path.stat().st_mtime for path in sources)


def draw(results_file, out):
    """Draws with the first Python that has matplotlib; says so if none has."""
    for python in dict.fromkeys([sys.executable, "/usr/bin/python3"]):
        if not os.access(python, os.X_OK):
            continue
        if subprocess.run([python, "-c", "import matplotlib"], check=False, capture_output=True).returncode == 0:
            subprocess.run([python, str(HERE / "plot.py"), str(results_file), str(out)], check=True)
            return True
    say("matplotlib is not installed: no plot (Debian: python3-matplotlib)")
    return False


def measure(engines, programs, workloads, folder, seconds):
    """(lines, faults)"""
    pairs = [(workload, engine) for workload in workloads for engine in engines
             if engine.name in programs and engine.form in workload["forms"]]
    progress, lines, faults = Progress(len(pairs)), [], []
    for workload, engine in pairs:
        progress.step(f"{workload['name']} {engine.name}")
        line, fault = run_program(programs[engine.name], ["--seconds", str(seconds), str(folder / workload["name"])])
        if line is None and fault is None:
            fault = "no result"
        if fault:
            faults.append(f"{workload['name']}: {engine.name}: {fault}")
        if line:
            lines.append({"requests": workload["requests"]} | line)
    progress.end()
    return lines, faults


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin", help="where ztp_bench is")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/bench", help="where everything is written")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long to measure for each figure")
    parser.add_argument("--engines", default=",".join(engine.name for engine in peers.ENGINES), help="a list with commas")
    parser.add_argument("--record", action="store_true", help="copy RESULTS.md and RESULTS.svg into bench/")
    parser.add_argument("workloads", nargs="*", help="gateway-1000, gateway (all sizes), …; without: all")
    arguments = parser.parse_args()
    known = generate.all_names()
    arguments.names = [name for name in known if not arguments.workloads or name in arguments.workloads
                       or name.rpartition("-")[0] in arguments.workloads]
    for name in arguments.workloads:
        if name not in known and not any(one.rpartition("-")[0] == name for one in known):
            parser.error(f"there is no workload {name}")
    wanted = arguments.engines.split(",")
    for name in wanted:
        if name not in [engine.name for engine in peers.ENGINES]:
            parser.error(f"there is no engine {name}")
    arguments.engines = [engine for engine in peers.ENGINES if engine.name in wanted]
    return arguments


def main():
    arguments = parse_arguments()
    out = arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    try:
        programs, skipped = peers.programs(arguments.engines, arguments.bin.resolve(), out, say)
    except peers.BuildError as error:
        say(str(error))
        return 1
    stale = "ztp" in programs and is_older_than_sources(programs["ztp"])
    if stale:
        say("ztp_bench is older than the sources: `make build` first, or its figures are of an older engine")
    built_of = revision()
    workloads = generated(arguments.names, out / "workloads")
    about = machine() | {"load_before": os.getloadavg()[0]}
    say("measuring the machine's floors")
    floor, fault = run_program(arguments.bin.resolve() / peers.FLOOR, ["--seconds", str(arguments.seconds)])
    if fault:
        say(f"floors: {fault}")
        return 1
    lines, faults = measure(arguments.engines, programs, workloads, out / "workloads", arguments.seconds)
    about["load_after"] = os.getloadavg()[0]
    document = {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"), "revision": built_of, "stale": stale,
        "seconds": arguments.seconds, "machine": about, "engines": [engine.name for engine in arguments.engines],
        "versions": {line["engine"]: line["version"] for line in lines if "version" in line},
        "skipped": skipped, "workloads": workloads, "floor": floor, "lines": lines, "faults": faults}
    (out / "results.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    results = report.Results(document)
    plotted = draw(out / "results.json", out / "RESULTS.svg")
    (out / "RESULTS.md").write_text(report.results_page(results, "RESULTS.svg" if plotted else None), encoding="utf-8")
    print(report.summary(results))
    print(f"Everything is in {os.path.relpath(out)}: results.json, RESULTS.md" + (", RESULTS.svg" if plotted else ""))
    if faults:
        say("\nFAILED: an engine decided otherwise than expected, or did not run:\n" + "\n".join(faults))
        return 1
    if arguments.record:
        for name in ["RESULTS.md"] + (["RESULTS.svg"] if plotted else []):
            shutil.copyfile(out / name, HERE / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
