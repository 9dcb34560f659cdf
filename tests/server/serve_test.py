#!/usr/bin/env python3
"""`ztp serve` as its operator sees it: settings, limits, TLS, reloads under load, the end.

Usage: serve_test.py ZTP
"""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from serving import FACTS, POLICY, Authority, Server, UnixConnection, client_context

ZTP = None
REQUEST = {"subject": {"type": "user", "id": "alice@example.com"}, "action": {"name": "read"}, "resource": {"type": "document", "id": "1"}}


class Serve(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = Path(self.temporary.name)

    def serve(self, *flags, **more):
        server = Server(ZTP, self.folder, *flags, **more)
        self.addCleanup(server.__exit__)
        return server

    def refused(self, *flags, env=None):
        """`ztp serve` does not begin; (exit code, what it says)."""
        done = subprocess.run([ZTP, "serve", *map(str, flags)], capture_output=True, text=True, timeout=20,
                              env={**os.environ, **(env or {})}, cwd=self.folder)
        self.assertNotEqual(done.returncode, 0)
        return done.returncode, done.stderr

    # ---- Settings ----

    def test_flags_variables_and_a_file_say_the_same(self):
        server = self.serve("--tell", "decision")
        self.assertNotIn("reason", server.ask(REQUEST)[1]["context"])
        server.stop()
        server = self.serve(env={"ZTP_SERVE_TELL": "all"})
        self.assertEqual(server.ask(REQUEST)[1]["context"]["rules"], ["docs.documents"])
        server.stop()
        (self.folder / "serve.toml").write_text('# what it tells\ntell = "all"\nmax-body = 300\n')
        server = self.serve("--config", "serve.toml", "--max-body", 1000)
        self.assertIn("rules", server.ask(REQUEST)[1]["context"])
        self.assertEqual(server.ask(" " * 900)[0], 400, "a flag wins over the file")

    def test_settings_that_make_no_sense(self):
        for flags, said in (
                ([], "--policy"), (["--policy", "p.ztpb"], "--http"), (["--policy", "p", "--http", "example.org:80"], "numeric"),
                (["--policy", "p", "--http", "127.0.0.1"], "port"), (["--policy", "p", "--http", "127.0.0.1:99999"], "port"),
                (["--policy", "none.ztpb", "--http", ":0"], "none.ztpb"),
                (["--policy", "p", "--http", ":0", "--tls-key", "k"], "go together"),
                (["--policy", "p", "--http", ":0", "--tls-clients", "k"], "--tls-certificate"),
                (["--policy", "p", "--http", ":0", "--public-url", "http://x"], "https://"),
                (["--policy", "p", "--http", ":0", "--unix-mode", "rw"], "octal"),
                (["--policy", "p", "--http", ":0", "--tell", "everything"], "--tell"),
                (["--policy", "p", "--http", ":0", "--config", "none.toml"], "none.toml")):
            self.assertIn(said, self.refused(*flags)[1])
        for text in "colour = 1\n", "[tls]\ncertificate = 1\n", "max-body = \"much\"\n", "check = true\n":
            (self.folder / "bad.toml").write_text(text)
            self.assertEqual(self.refused("--config", "bad.toml")[0], 3, text)

    def test_check_loads_everything_and_serves_nothing(self):
        server = self.serve()
        done = subprocess.run([ZTP, "serve", "--policy", server.bundle, "--facts", server.facts, "--check"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, "it would serve\n"))
        (self.folder / "bad.json").write_text('{"uid": {"type": "nothing", "id": "1"}}')
        self.assertIn("nothing", self.refused("--policy", server.bundle, "--facts", "bad.json", "--check")[1])
        self.assertIn("somebody does already", self.refused("--policy", server.bundle, "--http", self.unix(server))[1])

    def unix(self, server):
        path = self.folder / "taken.sock"
        taken = socket.socket(socket.AF_UNIX)
        self.addCleanup(taken.close)
        taken.bind(str(path))
        taken.listen()
        return f"unix:{path}"

    # ---- Addresses ----

    def test_a_unix_socket_is_its_groups_and_goes_with_the_server(self):
        path = self.folder / "s.sock"
        server = self.serve("--unix-mode", "0600", http=f"unix:{path}")
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        status, answer, _ = server.ask(REQUEST, connection=UnixConnection(str(path)))
        self.assertEqual((status, answer["decision"]), (200, True))
        server.process.kill()  # what a killed server leaves does not stop the next one
        server.process.wait()
        self.assertTrue(path.exists())
        server = self.serve(http=f"unix:{path}")
        self.assertEqual(server.stop(), 0)
        self.assertFalse(path.exists())

    def test_tls_with_clients_that_show_a_certificate(self):
        ours, theirs = Authority(self.folder, "ours"), Authority(self.folder, "theirs")
        certificate, key = ours.issue("server")
        server = self.serve("--tls-certificate", certificate, "--tls-key", key, "--tls-clients", ours.root)
        context = client_context(ours.root, *ours.issue("gateway"))
        connection = server.connect_tls(context)
        self.assertTrue(server.ask(REQUEST, connection=connection)[1]["decision"])
        self.assertIn(connection.sock.version(), ("TLSv1.2", "TLSv1.3"))
        for stranger in client_context(ours.root), client_context(ours.root, *theirs.issue("gateway")):
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                server.ask(REQUEST, connection=server.connect_tls(stranger))
        old = ssl.create_default_context(cafile=str(ours.root))
        old.load_cert_chain(*map(str, ours.issue("gateway")))
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            server.ask(REQUEST, connection=server.connect_tls(old))
        with self.assertRaises(ConnectionError):
            server.ask(REQUEST, connection=server.connect("https"))  # which speaks no TLS
        self.assertEqual(server.metric("ztp_tls_failures_total"), 4)

        # Another certificate comes into force for new connections; one with a wrong key does not.
        other, other_key = theirs.issue("server")
        certificate.write_bytes(other.read_bytes())
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("reload failed")
        self.assertTrue(server.ask(REQUEST, connection=server.connect_tls(context))[1]["decision"])
        key.write_bytes(other_key.read_bytes())
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("reloaded")
        self.assertTrue(server.ask(REQUEST, connection=connection)[1]["decision"], "what was open goes on")
        with self.assertRaises(ssl.SSLError):
            server.ask(REQUEST, connection=server.connect_tls(context))

    def test_callers_show_a_token(self):
        tokens = self.folder / "tokens"
        tokens.write_text("# the gateway's\n0123456789abcdef\n\nfedcba9876543210\r\n")
        server = self.serve("--callers", tokens)
        for token in "0123456789abcdef", "fedcba9876543210":
            for scheme in "Bearer", "bearer":
                self.assertEqual(server.ask(REQUEST, headers={"Authorization": f"{scheme} {token}"})[0], 200)
        for wrong in "", "Bearer ", "Bearer 0123456789abcdeF", "Basic 0123456789abcdef", "0123456789abcdef", "Bearer " + "x" * 5000, "Bearer #":
            status, _, headers = server.ask(REQUEST, headers={"Authorization": wrong} if wrong else {})
            self.assertEqual((status, headers["WWW-Authenticate"]), (401, "Bearer"), wrong)
        connection = server.connect()
        connection.putrequest("POST", "/access/v1/evaluation")
        for value in "Bearer 0123456789abcdef", "Bearer x":
            connection.putheader("Authorization", value)
        connection.putheader("Content-Length", "0")
        connection.endheaders()
        self.assertEqual(connection.getresponse().status, 400, "one of two is nobody's choice")
        tokens.write_text("a token that is new\n")
        self.assertEqual(server.admin("/reload", "POST")[0], 200)
        self.assertEqual(server.ask(REQUEST, headers={"Authorization": "Bearer 0123456789abcdef"})[0], 401)
        tokens.write_text("short\n")
        status, said = server.admin("/reload", "POST")
        self.assertEqual(status, 409)
        self.assertIn("tokens:1:", said)
        self.assertEqual(server.ask(REQUEST, headers={"Authorization": "Bearer a token that is new"})[0], 200)

    # ---- Reload ----

    def test_files_that_change_are_read_again_and_bad_ones_are_not_taken(self):
        server = self.serve()
        self.assertTrue(server.ask(REQUEST)[1]["decision"])
        server.write_facts([{**fact, "attrs": {"readable": False}} if fact["uid"]["id"] == "1" else fact for fact in FACTS])
        server.wait_for("reloaded")
        self.assertFalse(server.ask(REQUEST)[1]["decision"])
        server.bundle.write_bytes(b"nonsense")  # in place of a rename: what is mapped is another file's
        server.wait_for("reload failed")
        server.build(POLICY.replace("permit documents", "forbid documents").replace('oblige    audit("full")\n', ""))
        server.wait_for("reloaded", 2)
        server.write_facts(FACTS)
        server.wait_for("reloaded", 3)
        self.assertEqual(server.ask(REQUEST)[1], {"decision": False, "context": {"reason": "the document may be read"}})
        self.assertEqual(server.metric('ztp_reloads_total{result="ok"}'), 3)
        self.assertEqual(server.metric('ztp_reloads_total{result="failed"}'), 1)

    def test_only_signed_files_come_into_force(self):
        for name in "author", "stranger":
            subprocess.run([ZTP, "keygen", "-o", self.folder / name], check=True, capture_output=True)

        def sign(file, key, version):
            subprocess.run([ZTP, "sign", file, "-k", self.folder / key, "--file-version", str(version)], check=True, capture_output=True)

        flags = ["--signed-by", self.folder / "author.pub", "--state", self.folder / "state.json", "--watch", 0]
        server = self.serve()
        server.stop()
        self.assertIn("policy.ztpb.sig", self.refused("--policy", server.bundle, "--http", ":0", *flags)[1])
        sign(server.bundle, "author", 2)
        sign(server.facts, "author", 1)
        server = self.serve(*flags)
        before = server.ask(REQUEST)[1]
        for key, version, said in ("stranger", 3, "signature"), ("author", 1, "version"):
            sign(server.bundle, key, version)
            status, why = server.admin("/reload", "POST")
            self.assertEqual(status, 409)
            self.assertIn(said, why)
            self.assertEqual(server.ask(REQUEST)[1], before)
        sign(server.bundle, "author", 3)
        self.assertEqual(server.admin("/reload", "POST"), (200, "reloaded"))

    def test_reloading_under_load_loses_and_mistakes_nothing(self):
        server = self.serve("--watch", 0, "--threads", 2)
        wrong, asked, stop = [], [0], threading.Event()
        body = {"subject": REQUEST["subject"], "action": REQUEST["action"],
                "evaluations": [{"resource": {"type": "document", "id": name}} for name in ("1", "2", "3")]}

        def ask():
            connection = server.connect()
            while not stop.is_set():
                try:
                    status, answer, _ = server.ask(body, "/access/v1/evaluations", connection=connection)
                    decisions = [item["decision"] for item in answer["evaluations"]]
                    # Document 2 may be read by one version of the facts and not by the other; the rest always.
                    if status != 200 or (decisions[0], decisions[2]) != (True, True):
                        wrong.append((status, answer))
                    asked[0] += 1
                except Exception as error:  # noqa: BLE001 - a dropped connection is what this looks for
                    wrong.append(error)
                    return

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for turn in range(60):
            server.write_facts([{**fact, "attrs": {"readable": turn % 2 == 0}} if fact["uid"]["id"] == "2" else fact for fact in FACTS])
            if turn % 3 == 0:
                server.bundle.write_bytes(server.bundle.read_bytes()[:-1])  # damaged: is refused
                self.assertEqual(server.admin("/reload", "POST")[0], 409)
                server.build(POLICY)
            self.assertEqual(server.admin("/reload", "POST")[0], 200)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertGreater(asked[0], 100)

    # ---- What clients may do to it ----

    def raw(self, server, text, close=False):
        """What comes back on a connection that sends this."""
        with socket.create_connection(("127.0.0.1", server.port("http")), timeout=15) as client:
            client.sendall(text)
            if close:
                client.shutdown(socket.SHUT_WR)
            answer = b""
            try:
                while piece := client.recv(65536):
                    answer += piece
            except ConnectionResetError:
                pass
            return answer

    def test_limits(self):
        server = self.serve("--max-body", 1000, "--max-header", 2000, "--request-timeout", 1, "--idle-timeout", 1)
        head = b"POST /access/v1/evaluation HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        for text, answer in (
                (head + b"Content-Length: 1001\r\n\r\n" + b" " * 1001, b"413"),
                (head + b"Transfer-Encoding: chunked\r\n\r\n" + b"400\r\n" + b" " * 0x400 + b"\r\n", b"413"),
                (head + b"X: " + b"x" * 3000 + b"\r\n\r\n", b"431"),
                (b"nonsense\r\n\r\n", b"400"),
                (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),  # TLS where there is none
                (head + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n12", b"400"),
                (head + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
                (head + b"Content-Length: -1\r\n\r\n", b"400"),
                (head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"400")):
            self.assertEqual(self.raw(server, text)[:12], b"HTTP/1.1 " + answer, text[:120])
        # Half of a request: nobody waits for the rest longer than the time says.
        for text in b"", head, head + b"Content-Length: 10\r\n\r\n{", head[:20]:
            begin = time.monotonic()
            self.assertEqual(self.raw(server, text), b"")
            self.assertLess(time.monotonic() - begin, 8)
            self.assertEqual(self.raw(server, text, close=True)[:12] in (b"", b"HTTP/1.1 400"), True)
        self.assertEqual(server.ask(REQUEST)[0], 200)

    def test_several_requests_at_once_and_asking_before_a_body_is_sent(self):
        server = self.serve()
        body = json.dumps(REQUEST).encode()
        head = b"POST /access/v1/evaluation HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        three = head + b"\r\n" + body + head + b"\r\n" + body + head + b"Connection: close\r\n\r\n" + body
        self.assertEqual(self.raw(server, three).count(b'"decision":true'), 3)
        with socket.create_connection(("127.0.0.1", server.port("http")), timeout=15) as client:
            client.sendall(head + b"Expect: 100-continue\r\n\r\n")
            self.assertEqual(client.recv(1000)[:12], b"HTTP/1.1 100")
            client.sendall(body)
            self.assertIn(b'"decision":true', client.recv(10000))

    def test_too_many_connections_are_turned_away(self):
        server = self.serve("--max-connections", 5)
        open_ones = [server.connect() for _ in range(5)]
        for connection in open_ones:
            self.assertEqual(server.ask(REQUEST, connection=connection)[0], 200)
        with self.assertRaises((ConnectionError, OSError)):
            server.ask(REQUEST)
        self.assertGreaterEqual(server.metric("ztp_connections_turned_away_total"), 1)
        open_ones.pop().close()
        for _ in range(100):
            try:
                status = server.ask(REQUEST)[0]
                break
            except (ConnectionError, OSError):
                time.sleep(0.02)
        self.assertEqual(status, 200)

    # ---- The end ----

    def test_it_ends_when_what_was_asked_is_answered(self):
        server = self.serve()
        body = json.dumps(REQUEST).encode()
        idle = server.connect()
        self.assertEqual(server.ask(REQUEST, connection=idle)[0], 200)
        busy = server.connect()
        busy.putrequest("POST", "/access/v1/evaluation")
        busy.putheader("Content-Type", "application/json")
        busy.putheader("Content-Length", str(len(body)))
        busy.endheaders()
        busy.send(body[:10])
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("stopping")
        with self.assertRaises((ConnectionError, OSError)):
            server.ask(REQUEST)
        busy.send(body[10:])
        response = busy.getresponse()
        self.assertEqual((response.status, response.headers["Connection"]), (200, "close"))
        self.assertEqual(server.stop(), 0)
        self.assertEqual(server.events()[-1]["event"], "stopped")

    def test_who_does_not_finish_is_cut_off(self):
        server = self.serve("--drain", 1)
        with socket.create_connection(("127.0.0.1", server.port("http"))) as slow:
            slow.sendall(b"POST /access/v1/evaluation HTTP/1.1\r\n")
            time.sleep(0.2)
            begin = time.monotonic()
            self.assertEqual(server.stop(signal.SIGINT), 0)
            self.assertLess(time.monotonic() - begin, 8)

    # ---- What operators look at ----

    def test_health_and_metrics(self):
        server = self.serve()
        self.assertEqual(server.admin("/healthz"), (200, "alive"))
        self.assertEqual(server.admin("/readyz"), (200, "ready"))
        self.assertEqual(server.admin("/access/v1/evaluation", "POST")[0], 404, "nothing is decided here")
        self.assertEqual(server.ask("{}", "/metrics", method="GET")[0], 404, "and nothing is told there")
        server.ask(REQUEST)
        server.ask({**REQUEST, "resource": {"type": "document", "id": "2"}})
        server.ask({**REQUEST, "resource": {"type": "document", "id": "none"}})
        server.ask("{}")
        for name, value in (("allow", 1), ("deny", 1), ("deny_unknown", 1), ("unreadable", 1)):
            self.assertEqual(server.metric(f'ztp_decisions_total{{decision="{name}"}}'), value, name)
        self.assertEqual(server.metric("ztp_decision_seconds_count"), 3)
        self.assertEqual(server.metric('ztp_http_responses_total{code="400"}'), 1)
        self.assertEqual(server.metric("ztp_ready"), 1)


if __name__ == "__main__":
    ZTP = os.path.abspath(sys.argv.pop(1))
    unittest.main()
