#!/usr/bin/env python3
"""`ztp serve` under abuse and over time: it goes on serving, and its memory does not grow.

Usage: endurance_test.py ZTP

ZTP_SERVE_ABUSE: how many malformed, oversized, slow and half-closed requests (600 here; 10,000 by hand).
ZTP_SERVE_SOAK: for how many seconds it is used as it is meant, all features at once (6 here; 1800 by hand).
"""

import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from serving import FACTS, POLICY, Server

ZTP = None
REQUEST = {"subject": {"type": "user", "id": "alice@example.com"}, "action": {"name": "read"}, "resource": {"type": "document", "id": "1"}}
BODY = json.dumps(REQUEST).encode()
HEAD = b"POST /access/v1/evaluation HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
# What the allocator keeps moves by so much from run to run; a leak of some bytes a request does, too, and a request's kilobytes do not.
SLACK = 6 << 20


def resident(server):
    """Bytes that the process has in memory."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) << 10


def sized(body):
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def noise(size):
    return random.randbytes(size)


# (what is sent, does it come slowly, is the connection half closed behind it)
ABUSES = [
    lambda: (noise(300), False, False),
    lambda: (noise(300), False, True),
    lambda: (HEAD + sized(noise(200)), False, False),
    lambda: (HEAD + sized(b"{" * 5000), False, False),
    lambda: (HEAD + sized(b"[" * 60_000), False, True),
    lambda: (HEAD + sized(BODY[:-7]), False, False),
    lambda: (HEAD + sized(b'{"evaluations": [' + b"{}," * 900 + b"7]}"), False, False),
    lambda: (HEAD.replace(b"evaluation", b"evaluations") + sized(b'{"evaluations": [' + b"{}," * 40 + b"7]}"), False, False),
    lambda: (HEAD + b"Content-Length: 99999999\r\n\r\n" + b"x" * 1000, False, True),
    lambda: (HEAD + b"Content-Length: 100\r\n\r\n" + b"x", False, True),
    lambda: (HEAD + b"Content-Length: 60000\r\n\r\n" + b" " * 50_000, False, True),
    lambda: (HEAD + b"X: " + b"x" * 40_000 + b"\r\n\r\n", False, False),
    lambda: (HEAD + b"".join(b"X-%d: y\r\n" % i for i in range(1500)) + sized(BODY), False, False),
    lambda: (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n{\r\n" * 3000 + b"zz\r\n", False, False),
    lambda: (HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", False, False),
    lambda: (b"\x16\x03\x01" + noise(500), False, False),
    lambda: (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", False, False),
    lambda: (HEAD[: random.randrange(len(HEAD))], False, True),
    lambda: (HEAD[: random.randrange(len(HEAD))], True, False),
    lambda: (HEAD + b"Content-Length: 500\r\n\r\n" + b"{", True, False),
    lambda: (b"", True, True),
    lambda: (HEAD + sized(BODY) + HEAD + sized(BODY), False, True),
]


class Endurance(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = Path(self.temporary.name)
        subprocess.run([ZTP, "keygen", "-o", self.folder / "key"], check=True, capture_output=True)

    def serve(self, *flags):
        server = Server(ZTP, self.folder, "--audit", "decisions", "--audit-key", "key", "--audit-origin", "acme.example/audit", "--watch", 0, *flags)
        self.addCleanup(server.__exit__)
        return server

    def verify(self):
        vkey = subprocess.run([ZTP, "audit", "key", self.folder / "key.pub", "--origin", "acme.example/audit"], capture_output=True, text=True, check=True)
        done = subprocess.run([ZTP, "audit", "verify", self.folder / "decisions", "--key", vkey.stdout.strip()], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def abuse(self, port, turn):
        text, slow, half_closed = ABUSES[turn % len(ABUSES)]()
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            try:
                if slow:
                    for i in range(0, len(text), max(1, len(text) // 4)):
                        client.sendall(text[i : i + max(1, len(text) // 4)])
                        time.sleep(0.05)
                else:
                    client.sendall(text)
                if half_closed:
                    client.shutdown(socket.SHUT_WR)
                while client.recv(65536):
                    if not half_closed and not slow:
                        break
            except (ConnectionError, BrokenPipeError):
                pass  # it was turned away before it had said all

    def test_what_clients_do_wrong_costs_nothing_that_lasts(self):
        count = int(os.environ.get("ZTP_SERVE_ABUSE", "600"))
        server = self.serve("--max-body", 65536, "--request-timeout", 1, "--idle-timeout", 1, "--threads", 2, "--audit-mode", "written")
        port = server.port("http")
        failed, lock, turns = [], threading.Lock(), iter(range(count))
        sizes = []

        def work():
            while True:
                with lock:
                    turn = next(turns, None)
                if turn is None:
                    return
                try:
                    self.abuse(port, turn)
                    if turn % 20 == 0:  # everybody else is answered meanwhile
                        status, answer, _ = server.ask(REQUEST)
                        if (status, answer["decision"]) != (200, True):
                            failed.append(answer)
                    if turn % (count // 10) == 0:
                        sizes.append(resident(server))
                except Exception as error:  # noqa: BLE001 - whatever it is, it is told
                    failed.append((turn % len(ABUSES), error))

        threads = [threading.Thread(target=work) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])
        end = time.monotonic() + 20
        while server.metric("ztp_connections") > 1 and time.monotonic() < end:  # the one that asks
            time.sleep(0.1)
        self.assertEqual(server.metric("ztp_connections"), 1)
        self.assertEqual(server.ask(REQUEST)[0], 200)
        sizes.append(resident(server))
        # By a third of the time everything has been seen that is kept.
        print(f"{count} abuses; resident, MiB: {', '.join(f'{size / 2**20:.1f}' for size in sizes)}", file=sys.stderr)
        self.assertLess(sizes[-1] - max(sizes[: len(sizes) // 3 + 1]), SLACK)
        self.assertEqual(server.stop(), 0)
        self.verify()

    def test_used_for_long_its_memory_does_not_grow(self):
        seconds = float(os.environ.get("ZTP_SERVE_SOAK", "6"))
        other = POLICY.replace('d.readable and', 'd.readable and d != document::"3" and')
        first = Server(ZTP, self.folder)  # makes the bundle
        first.stop()
        (self.folder / "next.ztp").write_text(other)
        subprocess.run([ZTP, "build", self.folder / "next.ztp", "-o", self.folder / "next.ztpb"], check=True, capture_output=True)
        server = self.serve("--threads", 2, "--audit-requests", "--shadow", "next.ztpb")
        wrong, stop, asked = [], threading.Event(), [0]

        def ask(number):
            connection = server.connect()
            turn = number
            while not stop.is_set():
                turn += 1
                try:
                    if turn % 50 == 0:  # connections come and go
                        connection.close()
                        connection = server.connect()
                    if turn % 3 == 0:
                        body = {**REQUEST, "evaluations": [{"resource": {"type": "document", "id": name}} for name in ("1", "3", f"new-{turn}")]}
                        status, answer, _ = server.ask(body, "/access/v1/evaluations", connection=connection)
                        got = [item["decision"] for item in answer["evaluations"]] if status == 200 else answer
                        expected = 200, [True, True, False]
                    elif turn % 7 == 0:
                        status, got, _ = server.ask("{", connection=connection)
                        expected, got = (400, None), None
                    else:
                        status, answer, _ = server.ask(REQUEST, connection=connection, headers={"X-Request-ID": f"{number}-{turn}"})
                        expected, got = (200, True), answer["decision"] if status == 200 else answer
                    if (status, got) != expected:
                        wrong.append((status, got))
                    asked[0] += 1
                except Exception as error:  # noqa: BLE001 - whatever it is, it is told
                    wrong.append(error)
                    return

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        sizes = []
        begin = time.monotonic()
        for turn in range(60):
            time.sleep(max(0.0, begin + seconds * (turn + 1) / 60 - time.monotonic()))
            server.write_facts(FACTS if turn % 2 else [*FACTS, {"uid": {"type": "user", "id": "bob"}}])
            self.assertEqual(server.admin("/reload", "POST")[0], 200)
            server.admin("/metrics")
            sizes.append(resident(server))
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        print(f"{seconds:.0f} s, {asked[0]} requests; resident, MiB: {', '.join(f'{size / 2**20:.1f}' for size in sizes[::6])}, {sizes[-1] / 2**20:.1f}",
              file=sys.stderr)
        half = len(sizes) // 2
        self.assertLess(max(sizes[half:]) - max(sizes[:half]), SLACK)
        self.assertEqual(server.stop(), 0)
        self.verify()


if __name__ == "__main__":
    ZTP = os.path.abspath(sys.argv.pop(1))
    unittest.main()
