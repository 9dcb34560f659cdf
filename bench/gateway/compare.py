#!/usr/bin/env python3
"""ztp's servers beside OPA's: the same policy, the same requests, one run, every decision checked before anything is timed.

    compare.py                        # everything; five minutes or so
    compare.py --seconds 2 --rounds 1 http
    compare.py --record               # and write bench/GATEWAY_RESULTS.md

http: `ztp serve` and `opa run --server`, asked over HTTP; grpc: `ztp serve --grpc` and extauthz (OPA's library behind
go-control-plane), asked as Envoy asks; both beside a floor, a server that decides nothing; envoy: a real Envoy that asks
either, or has libztp_envoy.so in it. Fails if a decision is wrong, or what must hold does not (--no-bars: it is only said).
"""

import argparse
import datetime
import json
import os
import pathlib
import statistics
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import report
import run as bench
import tools
from world import World

BUILD = tools.ROOT / "build/release"
# What must hold: at least so many times OPA's throughput, under each of these; p99 in microseconds at the most, under this:
# half load, or, where nothing is there that asks evenly and has time left, full load, which is harder.
BARS = {"http": (4.0, ["full"], "even"), "grpc": (3.0, ["full", "h2load"], "h2load")}
P99_US = 2000

# What a load is called in the results, with what a part's is asked by.
LOADS = {"full": "As fast as they answer, {full}:",
         "h2load": "As fast as they answer, h2load, 4 connections with 4 calls each:",
         "even": "Half of that (each server its own; the floor ztp's), {even}:",
         "half": "At a fixed rate, half of that, or half of it again, and so on, until the generator keeps up, {half}:",
         "one by one": "One connection, one request at a time:"}
ASKED_BY = {"http": {"full": "wrk, 16 connections", "half": "vegeta",
                     "even": "wrk, connections that think for 0 to 4 ms between an answer and the next request"},
            "grpc": {"full": "ghz, 16 at a time", "half": "ghz", "even": ""},
            "envoy": {"full": "wrk, 16 connections", "half": "", "even": ""}}


def say(text):
    print(text, file=sys.stderr, flush=True)


class Bench:
    def __init__(self, arguments):
        self.arguments, self.out = arguments, arguments.out.resolve()
        self.out.mkdir(parents=True, exist_ok=True)
        self.go = self.out / "go"
        self.ztp = BUILD / "bin/ztp"
        self.world = World()
        self.world.write_facts(self.out / "facts.jsonl")
        self.world.write_data(self.out / "data.json")
        self.lines = []  # {part, server, load, figures …}: one a measurement

    def prepare(self):
        say("building what is compared with (go)")
        tools.build_go(self.go)
        sources = [HERE / "gateway.ztp"] + ([HERE / "routes.ztp"] if {"grpc", "envoy"} & set(self.arguments.parts) else [])
        tools.run([self.ztp, "build", *sources, "-o", self.out / "gateway.ztpb"])

    # ---- The servers ----

    def ztp_serve(self, *flags):
        port = tools.free_port()
        flags = [flag.replace("PORT", str(port)) for flag in flags]
        return tools.Server("ztp", [self.ztp, "serve", "--policy", self.out / "gateway.ztpb", "--facts", self.out / "facts.jsonl",
                                    "--threads", "1", *flags], port)

    def opa_server(self):
        port = tools.free_port()
        return tools.Server("opa", [self.go / "opa", "run", "--server", "--addr", f"127.0.0.1:{port}", "--log-level", "error",
                                    "--disable-telemetry", HERE / "gateway.rego", self.out / "data.json"], port)

    def opa_grpc(self):
        port = tools.free_port()
        return tools.Server("extauthz", [self.go / "extauthz", "serve", f"127.0.0.1:{port}", HERE / "gateway.rego",
                                         self.out / "data.json", "data.bench.gate.http_allow"], port)

    def grpc_floor(self):
        port = tools.free_port()
        return tools.Server("extauthz floor", [self.go / "extauthz", "floor", f"127.0.0.1:{port}"], port)

    def envoy(self, http_filter):
        port = tools.free_port()
        config = self.out / "envoy.json"
        authority = {"name": "authority", "type": "STATIC", "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}}}},
            "load_assignment": {"cluster_name": "authority", "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {
                "socket_address": {"address": "127.0.0.1", "port_value": self.authority}}}}]}]}}
        config.write_text(json.dumps({"static_resources": {
            "clusters": [authority] if self.authority else [],
            "listeners": [{"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}, "filter_chains": [{
                "filters": [{"name": "http", "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                    "stat_prefix": "gate", "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
                        {"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": "{}"}}}]}]},
                    "http_filters": [http_filter, {"name": "envoy.filters.http.router", "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}]}}]}]}]}}))
        return tools.Server("envoy", [tools.envoy(self.out), "-c", config, "--concurrency", "1", "--disable-hot-restart", "-l", "error"],
                            port, {"ENVOY_DYNAMIC_MODULES_SEARCH_PATH": str(BUILD / "bindings/envoy")})

    def waiting(self):
        """Decides nothing, but has the whole body before it answers, as the others have: else Envoy would close connections."""
        return {"name": "envoy.filters.http.buffer", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer", "max_request_bytes": 65536}}

    def ext_authz(self):
        return {"name": "envoy.filters.http.ext_authz", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz", "transport_api_version": "V3",
            "with_request_body": {"max_request_bytes": 65536},
            "grpc_service": {"envoy_grpc": {"cluster_name": "authority"}, "timeout": "5s"}}}

    def module(self):
        return {"name": "ztp", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter",
            "dynamic_module_config": {"name": "ztp_envoy"}, "filter_name": "ztp",
            "filter_config": {"@type": "type.googleapis.com/google.protobuf.Struct", "value": {
                "policy": str(self.out / "gateway.ztpb"), "facts": [str(self.out / "facts.jsonl")]}}}}

    # ---- Checks: each server decides every request as it should ----

    def check(self, name, answers, source_ip=None):
        wrong = [i for i, (request, allowed) in enumerate(zip(self.world.requests, answers, strict=True))
                 if allowed != self.world.expected(request, source_ip)]
        if wrong:
            raise tools.Fault(f"{name} decides {len(wrong)} requests otherwise than expected: {self.world.requests[wrong[0]]}")

    def check_http(self, server, path, body, member):
        requests = [("POST", path, {"Content-Type": "application/json"}, json.dumps(body(request))) for request in self.world.requests]
        self.check(server.name, [json.loads(text)[member] for _, text in tools.ask(server.port, requests)])

    def check_grpc(self, server, file):
        said = tools.run([self.go / "extauthz", "ask", f"127.0.0.1:{server.port}", file]).split()
        self.check(server.name, [word == "true" for word in said])

    # ---- Measuring ----

    def measure(self, part, name, servers, load, ask, rate=None):
        """`ask` is told the rate, if there is one: that, or less if its own core does not keep up."""
        if rate is None:
            figures = tools.with_cpu(servers, ask)
        else:
            figures = tools.at_rate(lambda tried: tools.with_cpu(servers, lambda: ask(tried)), int(rate))
        self.lines.append({"part": part, "server": name, "load": load, **figures})
        say(f"  {part} {name} {load}: {figures['a_second']:.0f}/s, p50 {figures['p50_us']:.0f} µs, p99 {figures['p99_us']:.0f} µs, "
            f"{figures['user_us'] + figures['system_us']:.1f} µs of CPU")
        return figures

    def lines_for_wrk(self, name, path, body):
        file = self.out / f"{name}.wrk"
        file.write_text("".join(f"POST\t{path}\t\t\t{json.dumps(body(request))}\n" for request in self.world.requests))
        return file

    def targets_for_vegeta(self, name, path, body):
        import base64
        file = self.out / f"{name}.vegeta"
        file.write_text("".join(json.dumps({
            "method": "POST", "url": f"http://server{path}", "header": {"Content-Type": ["application/json"]},
            "body": base64.b64encode(json.dumps(body(request)).encode()).decode()}) + "\n" for request in self.world.requests))
        return file

    def http(self):
        kinds = {"ztp": (lambda: self.ztp_serve("--http", "127.0.0.1:PORT"), "/access/v1/evaluation", self.world.authzen, "decision"),
                 "opa": (self.opa_server, "/v1/data/bench/gate/allow", lambda request: {"input": self.world.authzen(request)}, "result"),
                 "floor": (lambda: tools.nginx(self.out, tools.free_port()), "/access/v1/evaluation", self.world.authzen, None)}
        seconds, half, fixed = self.arguments.seconds, {}, {}
        for round_number in range(self.arguments.rounds):
            for name, (make, path, body, member) in kinds.items():
                with make() as server:
                    if round_number == 0 and member:
                        self.check_http(server, path, body, member)
                    file, targets = self.lines_for_wrk(name, path, body), self.targets_for_vegeta(name, path, body)
                    tools.wrk(server.port, file, 1, 16)
                    full = self.measure("http", name, [server], "full", lambda: tools.wrk(server.port, file, seconds, 16))
                    half.setdefault(name, half["ztp"] if name == "floor" else full["a_second"] / 2)
                    self.measure("http", name, [server], "even", lambda: tools.thinking(lambda *how: tools.with_cpu(
                        [server], lambda: tools.wrk(server.port, file, seconds, *how)), half[name]))
                    fixed[name] = self.measure("http", name, [server], "half", lambda rate: tools.vegeta(
                        self.go / "vegeta", server.port, targets, rate, seconds), fixed["ztp"] if name == "floor" else half[name])["rate"]

    def grpc(self):
        file, rows = self.out / "check.json", [self.world.check_request(request) for request in self.world.requests]
        file.write_text(json.dumps(rows))
        lines, frame = self.out / "check.jsonl", self.out / "check.bin"
        lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
        # h2load asks one question only: one with a body, which is permitted.
        asked = next(i for i, request in enumerate(self.world.requests) if request["action"] == "infer" and self.world.expected(request))
        frame.write_bytes(tools.run_bytes([self.go / "extauthz", "encode", lines, asked]))
        seconds, half, fixed = self.arguments.seconds, {}, {}
        for round_number in range(self.arguments.rounds):
            for name, make in {"ztp": lambda: self.ztp_serve("--grpc", "127.0.0.1:PORT"), "opa": self.opa_grpc, "floor": self.grpc_floor}.items():
                with make() as server:
                    if round_number == 0 and name != "floor":
                        self.check_grpc(server, lines)
                    self.measure("grpc", name, [server], "full", lambda: tools.ghz(self.go / "ghz", server.port, file, seconds, 16))
                    full = self.measure("grpc", name, [server], "h2load", lambda: tools.h2load(server.port, frame, seconds, 4, 4))
                    half.setdefault(name, full["a_second"] / 2)
                    fixed[name] = self.measure("grpc", name, [server], "half", lambda rate: tools.ghz(
                        self.go / "ghz", server.port, file, seconds, 16, rate), fixed["ztp"] if name == "floor" else half[name])["rate"]

    def through_envoy(self):
        file, requests = self.out / "envoy.wrk", []
        with open(file, "w") as out:
            for request in self.world.requests:
                method, path, body = self.world.http(request)
                out.write(f"{method}\t{path}\tx-workload\t{request['workload']}\t{body}\n")
                requests.append((method, path, {"x-workload": request["workload"], "Content-Type": "application/json"}, body))
        kinds = {"nothing": (None, self.waiting), "module": (None, self.module), "ztp": (lambda: self.ztp_serve("--grpc", "127.0.0.1:PORT"), self.ext_authz),
                 "opa": (self.opa_grpc, self.ext_authz)}
        for round_number in range(self.arguments.rounds):
            for name, (make_authority, make_filter) in kinds.items():
                authority = make_authority().__enter__() if make_authority else None
                self.authority = authority.port if authority else None
                try:
                    with self.envoy(make_filter()) as server:
                        if round_number == 0 and name != "nothing":
                            self.check(f"Envoy with {name}", [status == 200 for status, _ in tools.ask(server.port, requests)], "127.0.0.1")
                        servers = [server] + ([authority] if authority else [])
                        tools.wrk(server.port, file, 1, 16)
                        for load, connections in (("full", 16), ("one by one", 1)):
                            self.measure("envoy", name, servers, load,
                                         lambda: tools.wrk(server.port, file, self.arguments.seconds, connections))
                finally:
                    if authority:
                        authority.__exit__()

    # ---- What it comes to ----

    def median(self, part, name, load, figure):
        found = [line[figure] for line in self.lines if (line["part"], line["server"], line["load"]) == (part, name, load)]
        return statistics.median(found) if found else None

    def table(self, part, load, labels):
        def micros(value):
            return report.duration(1e3 * value)
        rows = [["", "requests a second", "p50", "p99", "CPU a request", "of it in the system"]]
        for name, label in labels.items():
            a_second, p50, p99, user, system = (self.median(part, name, load, figure) for figure in
                                                ("a_second", "p50_us", "p99_us", "user_us", "system_us"))
            if a_second is None:
                continue
            times = f" ({report.ratio(a_second / self.median(part, 'opa', load, 'a_second'))})" if (
                load in ("full", "h2load") and name != "opa") else ""
            rows.append([label, f"{a_second:,.0f}{times}", micros(p50), micros(p99), micros(user + system),
                         f"{100 * system / max(user + system, 1e-9):.0f} %"])
        return rows

    def bars(self):
        for part, (least, loads, slowest) in BARS.items():
            for load in loads:
                ztp, opa = (self.median(part, name, load, "a_second") for name in ("ztp", "opa"))
                if ztp is not None:
                    yield f"{part}, {load}: {ztp / opa:.1f} times OPA's throughput, at least {least:g} must be", ztp / opa >= least
            p99 = self.median(part, "ztp", slowest, "p99_us")
            if p99 is not None:
                yield f"{part}: p99 at {'half' if slowest == 'even' else 'full'} load {p99:.0f} µs, below {P99_US} at half load must be", p99 < P99_US

    def markdown(self, about):
        text = ["# At the gateway", "", "Written by `bench/gateway/compare.py --record`; [gateway/README.md](gateway/README.md) says what is measured and how.", "",
                f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, revision {bench.revision()}, {self.arguments.rounds} rounds of "
                f"{self.arguments.seconds} s, medians. {about['cpu']}, {about['cores']} cores, {about['system']}; load average before the run "
                f"{about['load_before']:.2f}, after {about['load_after']:.2f}. opa 1.22.2, Envoy 1.40.0. Servers on one core, who asks on the other.", ""]
        for part, title, labels in (
                ("http", "AuthZEN over HTTP, beside `opa run --server`",
                 {"ztp": "ztp serve", "opa": "opa run --server", "floor": "nginx, deciding nothing"}),
                ("grpc", "ext_authz over gRPC, beside OPA's library in Go",
                 {"ztp": "ztp serve --grpc", "opa": "extauthz", "floor": "extauthz floor, deciding nothing"}),
                ("envoy", "Through Envoy, its own CPU included",
                 {"nothing": "deciding nothing", "module": "libztp_envoy.so", "ztp": "ztp serve --grpc", "opa": "extauthz"})):
            if self.median(part, "opa", "full", "a_second") is None:
                continue
            text += [f"## {title}", ""]
            for load, said in LOADS.items():
                rows = self.table(part, load, labels)
                if len(rows) > 1:
                    text += [said.format(**ASKED_BY[part]), "", report.markdown(rows), ""]
        text += ["## What must hold", ""] + [f"- {said}: {'yes' if holds else '**no**'}" for said, holds in self.bars()]
        return "\n".join(text) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=tools.ROOT / "build/bench/gateway", help="where everything is written")
    parser.add_argument("--seconds", type=int, default=8, help="how long to ask for each figure")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--record", action="store_true", help="copy GATEWAY_RESULTS.md into bench/")
    parser.add_argument("--no-bars", action="store_true", help="what must hold is said, and fails nothing")
    parser.add_argument("parts", nargs="*", help="http, grpc, envoy; without: all")
    arguments = parser.parse_args()
    kinds = {"http": Bench.http, "grpc": Bench.grpc, "envoy": Bench.through_envoy}
    arguments.parts = arguments.parts or list(kinds)
    for part in arguments.parts:
        if part not in kinds:
            parser.error(f"there is no part {part}")
    about = bench.machine() | {"load_before": os.getloadavg()[0]}
    try:
        measured = Bench(arguments)
        measured.prepare()
        for part in arguments.parts:
            say(part)
            kinds[part](measured)
    except tools.Fault as fault:
        say(str(fault))
        return 1
    about["load_after"] = os.getloadavg()[0]
    text = measured.markdown(about)
    (measured.out / "GATEWAY_RESULTS.md").write_text(text)
    (measured.out / "results.json").write_text(json.dumps(measured.lines, indent=1))
    if arguments.record:
        (HERE.parent / "GATEWAY_RESULTS.md").write_text(text)
    print(text)
    return 0 if arguments.no_bars or all(holds for _, holds in measured.bars()) else 1


if __name__ == "__main__":
    sys.exit(main())
