"""A server for tests: `ztp serve` started and stopped, asked over HTTP."""

import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

# The documents of AuthZEN's examples: alice may read 1 and 3, and all that is not a numbered document; nobody may edit.
POLICY = """ztp 1
package docs
entity user { suspended: Bool = false }
entity document { readable: Bool = true }
entity account
entity todo
entity doc
input time?: String
action can_read, can_edit on account, todo, document by user with { method: String = "GET" }
action read on document by user
obligation audit(level: String)
permit reading { principal u: user action can_read resource account, todo when not u.suspended }
permit documents {
  principal u: user
  action    can_read, read
  resource  d: document
  when      d.readable and not u.suspended
  oblige    audit("full")
  because   "the document may be read"
}
"""
FACTS = [
    {"uid": {"type": "user", "id": "alice@example.com"}},
    {"uid": {"type": "document", "id": "1"}},
    {"uid": {"type": "document", "id": "2"}, "attrs": {"readable": False}},
    {"uid": {"type": "document", "id": "3"}},
    *({"uid": {"type": "document", "id": f"{name}.md"}} for name in ("boxcarring", "subject-search", "resource-search")),
]


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=10):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Server:
    """`ztp serve` in a folder, with POLICY and FACTS unless the folder has others."""

    def __init__(self, ztp, folder, *flags, env=None, http="127.0.0.1:0"):
        self.ztp, self.folder = str(ztp), Path(folder)
        self.bundle, self.facts = self.folder / "policy.ztpb", self.folder / "facts.json"
        if not self.bundle.exists():
            self.build(POLICY)
        if not self.facts.exists():
            self.write_facts(FACTS)
        self.log = self.folder / "log"
        command = [self.ztp, "serve", "--policy", self.bundle, "--facts", self.facts, "--admin", "127.0.0.1:0"]
        if http:
            command += ["--http", http]
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([*map(str, command), *map(str, flags)], stderr=log, cwd=self.folder,
                                            env={**os.environ, **(env or {})})
        self.wait_for("ready")

    def build(self, policy):
        source = self.folder / "policy.ztp"
        source.write_text(policy)
        made = self.folder / "made.ztpb"
        subprocess.run([self.ztp, "build", str(source), "-o", str(made)], check=True, capture_output=True)
        made.rename(self.bundle)

    def write_facts(self, facts):
        made = self.folder / "facts.tmp"
        made.write_text(json.dumps(facts))
        made.rename(self.facts)

    def events(self):
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def wait_for(self, event, count=1, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = [e for e in self.events() if e["event"] == event]
            if len(found) >= count:
                return found[-1]
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"no event {event!r}: {self.log.read_text()}")

    def port(self, name):
        for event in self.events():
            if event["event"] == "listening" and event["for"] == name and "unix:" not in event["at"]:
                return int(re.search(r":(\d+)$", event["at"])[1])
        raise AssertionError(f"{name} is served nowhere: {self.log.read_text()}")

    def connect(self, name="http", timeout=10):
        return http.client.HTTPConnection("127.0.0.1", self.port(name), timeout=timeout)

    def connect_tls(self, context, timeout=10):
        return http.client.HTTPSConnection("localhost", self.port("https"), context=context, timeout=timeout)

    def ask(self, body, path="/access/v1/evaluation", headers=None, method="POST", connection=None):
        """(status, JSON or text, headers)"""
        own = connection or self.connect()
        text = body if isinstance(body, (str, bytes, type(None))) else json.dumps(body)
        own.request(method, path, text, {"Content-Type": "application/json", **(headers or {})})
        response = own.getresponse()
        answer = response.read().decode()
        if connection is None:
            own.close()
        is_json = response.headers.get("Content-Type") == "application/json" and answer
        return response.status, json.loads(answer) if is_json else answer, response.headers

    def admin(self, path, method="GET"):
        connection = self.connect("admin")
        connection.request(method, path)
        response = connection.getresponse()
        answer = response.status, response.read().decode()
        connection.close()
        return answer

    def metric(self, name):
        found = re.search(rf"^{re.escape(name)} (\S+)$", self.admin("/metrics")[1], flags=re.M)
        return float(found[1]) if found else None

    def stop(self, number=signal.SIGTERM, seconds=20):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(seconds)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    """Certificates of a test's own."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.key, self.root = folder / f"{name}.key", folder / f"{name}.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key, "-out",
                self.root, "-subj", f"/CN={name}", "-days", "30")

    def issue(self, name, names="DNS:localhost"):
        key, request, made = (self.folder / f"{self.name}-{name}.{end}" for end in ("key", "csr", "pem"))
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", request, "-subj",
                f"/CN={name}", "-addext", f"subjectAltName={names}")
        openssl("x509", "-req", "-in", request, "-CA", self.root, "-CAkey", self.key, "-out", made, "-days", "30", "-copy_extensions",
                "copy")
        return made, key


def client_context(roots, certificate=None, key=None):
    context = ssl.create_default_context(cafile=str(roots))
    if certificate:
        context.load_cert_chain(str(certificate), str(key))
    return context
