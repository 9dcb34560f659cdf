#!/usr/bin/env python3
"""`ztp serve --audit`: what is answered is in the log, whatever happens to disk and server.

Usage: audit_test.py ZTP

ZTP_AUDIT_KILLS: how often the server is killed under load (3 here; 200 by hand).
"""

import hashlib
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from serving import Authority, Server, client_context

ZTP = None
ORIGIN = "acme.example/audit"
REQUEST = {"subject": {"type": "user", "id": "alice@example.com"}, "action": {"name": "read"}, "resource": {"type": "document", "id": "1"}}
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def about(name):
    return {**REQUEST, "resource": {"type": "document", "id": name}}


class Audit(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = Path(self.temporary.name)
        self.log, self.key = self.folder / "decisions", self.folder / "key"
        self.ztp("keygen", "-o", self.key)
        self.vkey = self.ztp("audit", "key", f"{self.key}.pub", "--origin", ORIGIN).strip()

    def ztp(self, *arguments):
        done = subprocess.run([ZTP, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def serve(self, *flags, **more):
        server = Server(ZTP, self.folder, "--audit", self.log, "--audit-key", self.key, "--audit-origin", ORIGIN, *flags, **more)
        self.addCleanup(server.__exit__)
        return server

    def entries(self, *flags):
        """All that the log has, verified, of a server that has ended."""
        return [json.loads(line) for line in self.ztp("audit", "export", self.log, "--key", self.vkey, *flags).splitlines()]

    def limit_files(self, server, size):
        """The server's disk is full for files of this size; None: no longer."""
        hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))

    # ---- What is logged ----

    def test_each_decision_is_logged_under_the_id_that_its_caller_gets(self):
        server = self.serve("--audit-requests")
        one = server.ask(REQUEST)[1]
        several = server.ask({**REQUEST, "evaluations": [{}, {"resource": {"type": "document", "id": "2"}}, {"action": {"name": "no"}}, 7]},
                             "/access/v1/evaluations")[1]["evaluations"]
        unread = [server.ask(body, path) for path in ("/access/v1/evaluation", "/access/v1/evaluations") for body in ("{", "[]")]
        self.assertEqual(server.stop(), 0)
        entries = self.entries()
        answers = [one, *several]
        self.assertEqual([entry["id"] for entry in entries],
                         [*(answer["context"]["decision_id"] for answer in answers), *(headers["X-Ztp-Decision-Id"] for _, _, headers in unread)])
        self.assertEqual([entry["answer"]["decision"] for entry in entries], [True, True, False, False, False, *[False] * 4])
        # The log has the engine's answer, whatever the caller is told.
        self.assertEqual(one["context"].keys(), {"decision_id", "reason", "obligations"})
        self.assertEqual(entries[0]["answer"]["context"]["rules"], ["docs.documents"])
        self.assertTrue(entries[0]["answer"]["context"]["policy"].startswith("sha256:"))
        self.assertEqual(entries[0]["request"]["digest"], "sha256:" + hashlib.sha256(json.dumps(REQUEST).encode()).hexdigest())
        self.assertEqual(entries[2]["request"]["body"], about("2"), "with the defaults of them all")
        self.assertEqual(entries[3]["answer"]["context"]["errors"][0]["path"], "$.action.name")
        self.assertEqual([entry["request"].get("malformed", False) for entry in entries[5:]], [True, False, True, False])

    def test_ids_are_told_however_little_else_is(self):
        for tell in "decision", "reason", "all":
            server = self.serve("--tell", tell)
            for name in "1", "2":
                context = server.ask(about(name))[1]["context"]
                self.assertEqual("rules" in context, tell == "all")
                self.assertEqual("reason" in context, tell == "all" or (tell == "reason" and name == "1"))
                self.assertRegex(context["decision_id"], "^[0-9a-f]{32}-[0-9]+$")
            server.stop()

    def test_who_asked_and_in_which_trace(self):
        authority = Authority(self.folder, "ours")
        certificate, key = authority.issue("server")
        (self.folder / "tokens").write_text("gateway-7: 0123456789abcdef\nfedcba9876543210\n")
        server = self.serve("--tls-certificate", certificate, "--tls-key", key, "--tls-clients", authority.root,
                            "--callers", self.folder / "tokens")
        spiffe = client_context(authority.root, *authority.issue("a", "URI:spiffe://acme/gateway"))
        plain = client_context(authority.root, *authority.issue("b,O=x"))
        named, nameless = ({"Authorization": f"Bearer {token}"} for token in ("0123456789abcdef", "fedcba9876543210"))
        trace = f"00-{TRACE}-{SPAN}-01"
        asked = [
            (spiffe, {**named, "X-Request-ID": "r-1", "traceparent": trace}, ("spiffe://acme/gateway", "r-1", TRACE, SPAN)),
            (plain, {**nameless, "traceparent": "01-" + trace[3:] + "-more"}, ("CN=b\\,O=x", None, TRACE, SPAN)),
            *((spiffe, {**named, "traceparent": bad, "X-Request-ID": "\xff"}, ("spiffe://acme/gateway", None, None, None)) for bad in (
                trace[:-1], trace + "-more", "ff" + trace[2:], trace.upper(), trace.replace(TRACE, "0" * 32), trace.replace(SPAN, "0" * 16),
                trace.replace("-", "_"), ""))]
        for context, headers, _ in asked:
            self.assertEqual(server.ask(REQUEST, headers=headers, connection=server.connect_tls(context))[0], 200)
        self.assertEqual(server.stop(), 0)
        names = "asked_by", "request_id", "trace_id", "span_id"
        self.assertEqual([tuple(map(entry.get, names)) for entry in self.entries()], [expected for _, _, expected in asked])
        self.assertEqual(self.entries("--format", "opa")[0]["trace_id"], TRACE)
        # Without a certificate, the token's name.
        server = self.serve("--callers", self.folder / "tokens")
        for headers in named, nameless:
            self.assertEqual(server.ask(REQUEST, headers=headers)[0], 200)
        server.stop()
        self.assertEqual([entry.get("asked_by") for entry in self.entries()[-2:]], ["gateway-7", None])

    def test_masks_and_settings(self):
        (self.folder / "mask").write_text('{"rules": [{"path": "/request/subject/id", "do": "digest"}]}')
        (self.folder / "secret").write_text("0123456789abcdef")
        server = self.serve("--audit-mask", "mask", "--audit-mask-key", "secret", env={"ZTP_SERVE_AUDIT_MODE": "written"})
        server.ask(REQUEST)
        # A checkpoint to be kept elsewhere is soon there.
        end = time.monotonic() + 20
        while (checkpoint := server.admin("/audit/checkpoint"))[0] == 404 and time.monotonic() < end:
            time.sleep(0.05)
        (self.folder / "kept").write_text(checkpoint[1])
        self.assertEqual(server.stop(), 0)
        self.ztp("audit", "verify", self.log, "--key", self.vkey, "--against", self.folder / "kept")
        self.assertTrue(self.entries()[0]["request"]["subject"]["id"].startswith("hmac-sha256:"))
        for flags, said in ((["--audit", "x"], "--audit-key"), (["--audit", "x", "--audit-key", self.key], "--audit-origin"),
                            (["--audit-origin", "x"], "--audit,"),
                            (["--audit", "x", "--audit-key", "none", "--audit-origin", ORIGIN], "none"),
                            (["--audit", "x", "--audit-key", self.key, "--audit-origin", ORIGIN, "--audit-mask", "mask"], "16"),
                            (["--audit", "x", "--audit-key", self.key, "--audit-origin", ORIGIN, "--audit-mode", "fast"], "--audit-mode")):
            done = subprocess.run([ZTP, "serve", "--policy", server.bundle, "--facts", server.facts, "--check", *map(str, flags)],
                                  capture_output=True, text=True, cwd=self.folder, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(said, done.stderr)
        self.assertFalse((self.folder / "x").exists(), "--check makes no log")

    # ---- The disk ----

    def test_a_full_disk_lets_nothing_out_and_others_go_on(self):
        server = self.serve("--audit-requests", "--request-timeout", 1, "--threads", 1, "--watch", 0)
        self.limit_files(server, 20_000)
        statuses, ids = [], []
        for _ in range(100):
            status, answer, headers = server.ask(REQUEST)
            statuses.append(status)
            if status != 200:
                break
            ids.append(answer["context"]["decision_id"])
        self.assertEqual((statuses[-1], headers["Retry-After"]), (503, "1"))
        self.assertNotIn("decision", answer)
        self.assertGreater(len(ids), 5)
        self.assertEqual(server.admin("/readyz")[0], 503)
        self.assertEqual(server.metric("ztp_ready"), 0)
        self.assertGreater(server.metric("ztp_audit_failed_writes_total"), 0)
        server.wait_for("audit log cannot be written")
        # A connection that waits for the disk holds up no other one of its thread.
        waits = server.connect()
        waits.request("POST", "/access/v1/evaluation", json.dumps(REQUEST), {"Content-Type": "application/json"})
        for _ in range(20):
            self.assertEqual(server.ask(None, "/nothing", method="GET")[0], 404)
        self.limit_files(server, None)
        response = waits.getresponse()
        self.assertEqual(response.status, 200, "the disk came back in time")
        ids.append(json.loads(response.read())["context"]["decision_id"])
        server.wait_for("audit log goes on")
        self.assertEqual(server.admin("/readyz")[0], 200)
        self.assertEqual(server.ask(REQUEST)[0], 200)
        self.assertEqual(server.stop(), 0)
        self.assertLessEqual(set(ids), {entry["id"] for entry in self.entries()})

    def test_with_drop_decisions_go_on_when_the_disk_is_full(self):
        server = self.serve("--audit-requests", "--audit-when-full", "drop")
        self.limit_files(server, 20_000)
        connection = server.connect()
        for _ in range(200):
            self.assertEqual(server.ask(REQUEST, connection=connection)[0], 200)
        self.assertEqual(server.admin("/readyz")[0], 200)
        self.limit_files(server, None)
        self.assertEqual(server.stop(), 0)
        entries = self.entries()
        self.assertEqual(sum(entry["type"] == "decision" for entry in entries), 200, "what has waited is written")

    # ---- The end of the process ----

    def test_killed_under_load_the_log_has_what_was_acknowledged(self):
        kills = int(os.environ.get("ZTP_AUDIT_KILLS", "3"))
        acknowledged = []
        for turn in range(kills):
            server = self.serve("--threads", 2)
            got, stop = [], threading.Event()

            def ask(server=server, got=got, stop=stop):
                connection = server.connect()
                body = {**REQUEST, "evaluations": [{"resource": {"type": "document", "id": name}} for name in "123"]}
                try:
                    while not stop.is_set():
                        got.append(server.ask(REQUEST, connection=connection)[1]["context"]["decision_id"])
                        items = server.ask(body, "/access/v1/evaluations", connection=connection)[1]["evaluations"]
                        got.extend(item["context"]["decision_id"] for item in items)
                except (OSError, ValueError, KeyError):  # KeyError would be seen below: nothing ends but by the kill
                    if not stop.is_set():
                        raise
                except Exception:  # noqa: BLE001 - http.client's own, of a connection that was cut off
                    if not stop.is_set():
                        raise

            threads = [threading.Thread(target=ask) for _ in range(4)]
            for thread in threads:
                thread.start()
            while len(got) < 20:
                time.sleep(0.01)
            time.sleep(random.uniform(0, 0.2))
            stop.set()
            server.process.kill()
            server.process.wait()
            for thread in threads:
                thread.join()
            self.assertGreaterEqual(len(got), 20)
            acknowledged += got
            if turn % 10 == 0 or turn + 1 == kills:  # as it was left, with its journal
                self.ztp("audit", "verify", self.log, "--key", self.vkey)
        server = self.serve()
        self.assertEqual(server.stop(), 0)
        logged = {entry.get("id") for entry in self.entries()}
        self.assertEqual(len(acknowledged), len(set(acknowledged)))
        self.assertEqual(set(acknowledged) - logged, set())
        print(f"killed {kills} times: all of {len(acknowledged)} acknowledged decisions are among {len(logged)}", file=sys.stderr)


if __name__ == "__main__":
    ZTP = os.path.abspath(sys.argv.pop(1))
    unittest.main()
