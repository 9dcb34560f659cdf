#!/usr/bin/env python3
"""`ztp serve --grpc` asked by what Envoy publishes of its interface: requests, answers, health, TLS, limits, the end.

Usage: grpc_test.py ZTP FOLDER

gRPC and Envoy's messages come from PyPI, once, below FOLDER. Exits with 77, which ctest reports as skipped, where PyPI is
out of reach and ZTP_REQUIRE_PYPI is not set.
"""

import concurrent.futures
import json
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from gateway import FACTS, PEER, POLICY, UNTIL, Gate, chat, run_with_pypi
from serving import POLICY as WITHOUT_ROUTES
from serving import Authority

ZTP = None
METHOD = "/envoy.service.auth.v3.Authorization/Check"


def request(method="GET", path="/v1/models/llama", headers=(), body=b"", peer=PEER, raw=True, said="false", protocol="HTTP/1.1", **more):
    from envoy.service.auth.v3 import external_auth_pb2
    made = external_auth_pb2.CheckRequest()
    attributes = made.attributes
    attributes.source.principal = peer
    attributes.source.address.socket_address.address = "10.1.2.3"
    attributes.source.address.socket_address.port_value = 4711
    # What is not read is skipped.
    attributes.destination.principal = "spiffe://acme.org/gateway"
    attributes.request.time.seconds = int(time.time())
    attributes.context_extensions["a"] = "b"
    attributes.metadata_context.filter_metadata["x"].fields["y"].string_value = "z"
    attributes.tls_session.sni = "models.acme.org"
    http = attributes.request.http
    http.method, http.path, http.host, http.scheme, http.protocol = method, path, "models.acme.org", "https", protocol
    http.id, http.size = "17", len(body)
    http.raw_body = body
    entries = [(":path", path), (":method", method), ("content-type", "application/json"), *headers]
    if said is not None:
        entries.append(("x-envoy-auth-partial-body", said))
    for name, value in entries:
        if raw:
            http.header_map.headers.add(key=name, raw_value=value.encode())
        else:
            http.headers[name] = value
    for name, value in more.items():
        setattr(http, name, value)
    return made


def ask_chat(body=None, **more):
    return request("POST", "/v1/chat/completions", body=chat() if body is None else body, **more)


class GrpcTest(unittest.TestCase):
    def setUp(self):
        import grpc
        self.grpc = grpc
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = Path(self.temporary.name)

    def serve(self, *flags, **more):
        server = Gate(ZTP, self.folder, *flags, **more)
        self.addCleanup(server.__exit__)
        return server

    def channel(self, target, credentials=None, **options):
        settings = [(f"grpc.{name}", value) for name, value in {"enable_retries": 0, "use_local_subchannel_pool": 1, **options}.items()]
        made = self.grpc.secure_channel(target, credentials, settings) if credentials else self.grpc.insecure_channel(target, settings)
        self.addCleanup(made.close)
        return made

    def unix(self, server, **options):
        return self.channel(f"unix:{server.socket}", **options)

    def check(self, channel, asked, timeout=10, metadata=(), **more):
        from envoy.service.auth.v3 import external_auth_pb2_grpc
        return external_auth_pb2_grpc.AuthorizationStub(channel).Check(asked, timeout=timeout, metadata=metadata, **more)

    def allows(self, channel, asked, **more):
        answer = self.check(channel, asked, **more)
        self.assertEqual(answer.status.code == 0, answer.WhichOneof("http_response") == "ok_response", answer)
        return answer.status.code == 0

    def assert_denied(self, channel, asked, status):
        answer = self.check(channel, asked)
        self.assertNotEqual(answer.status.code, 0)
        self.assertEqual(answer.denied_response.status.code, status, answer)
        self.assertIs(json.loads(answer.denied_response.body)["decision"], False)
        self.assertIs(answer.dynamic_metadata["decision"], False)
        return answer

    def assert_fails(self, code, call):
        with self.assertRaises(self.grpc.RpcError) as failed:
            call()
        self.assertEqual(failed.exception.code(), code, failed.exception)
        return failed.exception

    def port(self, server):
        return next(int(e["at"].rsplit(":", 1)[1]) for e in server.events() if e["event"] == "listening" and e["for"] in ("grpc", "grpcs")
                    and not e["at"].startswith("unix:"))

    # ---- What is asked, and what is answered ----

    def test_headers_one_by_one_or_joined(self):
        channel = self.unix(self.serve())
        for raw in True, False:
            self.assertTrue(self.allows(channel, request(raw=raw)))
            self.assertTrue(self.allows(channel, ask_chat(raw=raw)))
            self.assertFalse(self.allows(channel, ask_chat(chat("secret"), raw=raw)))
            self.assert_denied(channel, request(path="/v1/nothing", raw=raw), 403)
            self.assert_denied(channel, request(peer="", raw=raw), 403)
            self.assert_denied(channel, request(peer="CN=chat", raw=raw), 403)
        both = request()
        both.attributes.request.http.headers["x"] = "y"
        self.assert_denied(channel, both, 400)

    def test_a_body_must_be_whole(self):
        channel = self.unix(self.serve())
        text = chat().decode()
        self.assertTrue(self.allows(channel, self.as_text(text)))
        self.assert_denied(channel, ask_chat(said="true"), 400)
        self.assert_denied(channel, ask_chat(size=len(text) + 1), 400)
        # Envoy was not told to hand it over.
        for headers, protocol in (([("content-length", "9")], "HTTP/1.1"), ([("transfer-encoding", "chunked")], "HTTP/1.1"), ([], "HTTP/2")):
            self.assert_denied(channel, ask_chat(b"", said=None, headers=headers, protocol=protocol), 400)
        both = self.as_text(text)
        both.attributes.request.http.raw_body = b"{}"
        self.assert_denied(channel, both, 400)

    def as_text(self, text):
        made = ask_chat(b"")
        made.attributes.request.http.body = text
        made.attributes.request.http.size = len(text)
        return made

    def test_what_is_no_request_is_denied(self):
        from envoy.service.auth.v3 import external_auth_pb2
        channel = self.unix(self.serve())
        raw = channel.unary_unary(METHOD, request_serializer=bytes, response_deserializer=external_auth_pb2.CheckResponse.FromString)
        empty = external_auth_pb2.CheckRequest()
        no_http = external_auth_pb2.CheckRequest()
        no_http.attributes.source.principal = PEER
        bad_certificate = request()
        bad_certificate.attributes.source.certificate = "%4"
        for asked in (b"\xff\xff\xff", b"", b"\x0a\x7f", empty.SerializeToString(), no_http.SerializeToString(), bad_certificate.SerializeToString(),
                      request(path="").SerializeToString(), request(method="").SerializeToString(), ask_chat(b"\xff\xfe").SerializeToString()):
            answer = raw(asked, timeout=10)
            self.assertEqual((answer.status.code, answer.denied_response.status.code), (3, 400), asked)
        self.assertTrue(self.allows(channel, request()), "and it goes on")

    def test_what_an_answer_has(self):
        server = self.serve("--tell", "all")
        channel = self.unix(server)
        answer = self.check(channel, ask_chat(chat("lent"), headers=[("x-ztp-else", "1")]))
        self.assertEqual({h.header.key: h.header.value for h in answer.ok_response.headers}, {
            "x-ztp-valid-until": UNTIL, "x-ztp-obligation": 'audit;level="full";note=%"gr%c3%b6%c3%9fer %221%22";share="0.25";loud=?1'})
        self.assertEqual({h.header.key: h.header.value for h in answer.ok_response.response_headers_to_add}, {"x-ztp-valid-until": UNTIL})
        self.assertEqual(list(answer.ok_response.headers_to_remove), ["x-ztp-decision-id", "x-ztp-else"])
        self.assertTrue(all(h.HasField("append") and not h.append.value for h in answer.ok_response.headers), "what a client sent is replaced")
        self.assertEqual(answer.dynamic_metadata["route"], "acme.gate.chat")
        self.assertEqual(list(answer.dynamic_metadata["rules"]), ["acme.gate.lent_models"])
        self.assertEqual(dict(answer.dynamic_metadata["obligations"][0]["args"])["loud"], True)
        denied = self.assert_denied(channel, ask_chat(chat("llama", max_tokens=9999), headers=[("x-request-id", "r-1"), ("traceparent", "00-1")]), 403)
        self.assertEqual({h.header.key: h.header.value for h in denied.denied_response.headers}, {
            "content-type": "application/json", "cache-control": "no-store", "x-request-id": "r-1"})
        self.assertEqual(json.loads(denied.denied_response.body)["context"]["rules"], ["acme.gate.long_answers"])
        server.stop()
        channel = self.unix(self.serve("--tell", "decision"))
        for asked, status in (ask_chat(chat("llama", max_tokens=9999)), 403), (ask_chat(b"{}"), 400), (request(path="/v1/nothing"), 403):
            denied = self.assert_denied(channel, asked, status)
            self.assertEqual(denied.denied_response.body, '{"decision":false}', "a stranger learns no more")
            self.assertEqual(dict(denied.dynamic_metadata), {"decision": False})

    def test_a_request_id_that_is_none_does_not_come_back(self):
        channel = self.unix(self.serve())
        for headers in [("x-request-id", "a"), ("x-request-id", "b")], [("x-request-id", "a\r\nx: y")], [("x-request-id", "a" * 300)]:
            denied = self.assert_denied(channel, request(path="/v1/nothing", headers=headers), 403)
            self.assertNotIn("x-request-id", [h.header.key for h in denied.denied_response.headers])

    # ---- Health ----

    def test_health_is_said_and_watched(self):
        from grpc_health.v1 import health_pb2, health_pb2_grpc
        serving = health_pb2.HealthCheckResponse
        server = self.serve()
        stub = health_pb2_grpc.HealthStub(self.unix(server))
        for name in "", "envoy.service.auth.v3.Authorization":
            self.assertEqual(stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=10).status, serving.SERVING)
        self.assert_fails(self.grpc.StatusCode.NOT_FOUND, lambda: stub.Check(health_pb2.HealthCheckRequest(service="else"), timeout=10))
        seen = []

        def watch():
            try:
                for each in stub.Watch(health_pb2.HealthCheckRequest(service="envoy.service.auth.v3.Authorization")):
                    seen.append(each.status)
            except self.grpc.RpcError:
                pass

        watcher = threading.Thread(target=watch)
        watcher.start()
        while not seen:
            time.sleep(0.01)
        begin = time.monotonic()
        self.assertEqual(server.stop(), 0)
        self.assertLess(time.monotonic() - begin, 8, "who watches health does not keep it")
        watcher.join()
        self.assertEqual(seen, [serving.SERVING, serving.NOT_SERVING])

    def test_health_has_as_many_watches_as_it_says_and_forgets_those_that_go(self):
        from grpc_health.v1 import health_pb2, health_pb2_grpc
        server = self.serve("--max-calls", 2000)
        stub = health_pb2_grpc.HealthStub(self.unix(server))
        unknown = stub.Watch(health_pb2.HealthCheckRequest(service="else"), timeout=20)
        self.assertEqual(next(unknown).status, health_pb2.HealthCheckResponse.SERVICE_UNKNOWN, "it may come, so the watch stays")
        end = time.monotonic() + 30

        def watch():
            while True:  # those that were cancelled go when the server hears of it
                call = stub.Watch(health_pb2.HealthCheckRequest(), timeout=60)
                try:
                    self.assertEqual(next(call).status, health_pb2.HealthCheckResponse.SERVING)
                    return call
                except self.grpc.RpcError:
                    self.assertLess(time.monotonic(), end, "watches that have gone still count")

        for _ in range(2):
            watches = [watch() for _ in range(1023)]
            self.assert_fails(self.grpc.StatusCode.RESOURCE_EXHAUSTED, lambda: next(stub.Watch(health_pb2.HealthCheckRequest(), timeout=10)))
            self.assertTrue(self.allows(self.unix(server), request()), "nobody else minds")
            for call in watches:
                call.cancel()

    # ---- Who may ask ----

    def test_callers_show_a_token(self):
        (self.folder / "tokens").write_text("envoy-of-the-gateway-1\n")
        channel = self.unix(self.serve("--callers", "tokens"))
        for metadata in (), (("authorization", "Bearer of-nobody-at-all-1"),), (("authorization", "Bearer envoy-of-the-gateway-1"),) * 2:
            self.assert_fails(self.grpc.StatusCode.UNAUTHENTICATED, lambda m=metadata: self.check(channel, request(), metadata=m))
        self.assertTrue(self.allows(channel, request(), metadata=[("authorization", "Bearer envoy-of-the-gateway-1")]))

    def test_tls_with_clients_and_another_certificate_while_it_serves(self):
        first, second, clients = (Authority(self.folder, name) for name in ("first", "second", "clients"))
        certificate, key = self.folder / "server.pem", self.folder / "server.key"

        def install(authority):
            made = authority.issue("server")
            certificate.write_bytes(made[0].read_bytes())
            key.write_bytes(made[1].read_bytes())

        install(first)
        server = self.serve("--grpc", "127.0.0.1:0", "--tls-certificate", certificate, "--tls-key", key, "--tls-clients", clients.root)
        target = f"localhost:{self.port(server)}"
        own = clients.issue("envoy")

        def credentials(roots, shown=own):
            return self.grpc.ssl_channel_credentials(roots.root.read_bytes(), *((shown[1].read_bytes(), shown[0].read_bytes()) if shown else ()))

        old = self.channel(target, credentials(first))
        self.assertTrue(self.allows(old, request()))
        unavailable = self.grpc.StatusCode.UNAVAILABLE
        self.assert_fails(unavailable, lambda: self.check(self.channel(target, credentials(first, None)), request()))
        self.assert_fails(unavailable, lambda: self.check(self.channel(target, credentials(first, second.issue("stranger"))), request()))
        self.assert_fails(unavailable, lambda: self.check(self.channel(target, credentials(second)), request()))
        key.write_text("no key")
        self.assertEqual(server.admin("/reload", "POST")[0], 409)
        self.assertTrue(self.allows(self.channel(target, credentials(first)), request()), "what is damaged changes nothing")
        install(second)
        server.reload()
        self.assertTrue(self.allows(self.channel(target, credentials(second)), request()))
        self.assert_fails(unavailable, lambda: self.check(self.channel(target, credentials(first)), request()))
        self.assertTrue(self.allows(old, request()), "connections that are open keep what they began with")

    # ---- The audit log and the shadow ----

    def audited(self, *flags):
        key = self.folder / "key"
        if not key.exists():
            subprocess.run([ZTP, "keygen", "-o", key], check=True, capture_output=True)
        return self.serve("--audit", self.folder / "decisions", "--audit-key", key, "--audit-origin", "acme.example/audit", *flags)

    def logged(self):
        def run(*arguments):
            return subprocess.run([ZTP, "audit", *map(str, arguments)], check=True, capture_output=True, text=True).stdout
        key = run("key", self.folder / "key.pub", "--origin", "acme.example/audit").strip()
        return [json.loads(line) for line in run("export", self.folder / "decisions", "--key", key).splitlines()]

    def test_what_is_answered_is_in_the_audit_log(self):
        (self.folder / "tokens").write_text("gateway-7: 0123456789abcdef\n")
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        headers = [("x-request-id", "r-1"), ("traceparent", f"00-{trace}-00f067aa0ba902b7-01")]
        server = self.audited("--audit-requests", "--callers", "tokens", "--shadow", self.folder / "policy.ztpb")
        channel, metadata = self.unix(server), [("authorization", "Bearer 0123456789abcdef")]
        answers = [self.check(channel, asked, metadata=metadata) for asked in (
            ask_chat(headers=headers), ask_chat(chat("secret"), headers=headers), ask_chat(b"{}", headers=headers),
            request(path="/v1/nothing?key=secret", headers=headers))]
        ids = [next(h.header.value for h in [*a.ok_response.headers, *a.denied_response.headers] if h.header.key == "x-ztp-decision-id")
               for a in answers]
        for answer, name in zip(answers, ids):
            self.assertEqual(answer.dynamic_metadata["decision_id"], name)
        self.assertEqual(json.loads(answers[1].denied_response.body)["context"]["decision_id"], ids[1])
        self.assertEqual(server.metric("ztp_shadow_decisions_total"), 2)
        self.assertEqual(server.stop(), 0)
        entries = self.logged()
        self.assertEqual([entry["id"] for entry in entries], ids)
        self.assertEqual([entry["answer"]["decision"] for entry in entries], [True, False, False, False])
        self.assertEqual([(entry["asked_by"], entry["request_id"], entry["trace_id"]) for entry in entries], [("gateway-7", "r-1", trace)] * 4)
        self.assertEqual(entries[0]["request"]["body"]["subject"], {"type": "Workload", "id": "prod/chat"})
        self.assertEqual(entries[3]["request"]["body"]["http"], {"method": "GET", "authority": "models.acme.org", "path": "/v1/nothing"})

    def test_what_cannot_be_logged_is_not_allowed(self):
        from grpc_health.v1 import health_pb2, health_pb2_grpc
        server = self.audited("--request-timeout", 1, "--drain", 2)
        channel = self.unix(server)
        health = health_pb2_grpc.HealthStub(channel)

        def wait_for_health(wanted):
            end = time.monotonic() + 20
            while health.Check(health_pb2.HealthCheckRequest(), timeout=10).status != wanted:
                self.assertLess(time.monotonic(), end, "health does not say so")
                time.sleep(0.05)

        self.assertTrue(self.allows(channel, request()))
        hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1, hard))  # the disk is full
        self.assert_denied(channel, request(), 503)
        wait_for_health(health_pb2.HealthCheckResponse.NOT_SERVING)
        self.assert_denied(channel, request(), 503)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        wait_for_health(health_pb2.HealthCheckResponse.SERVING)
        self.assertTrue(self.allows(channel, request()))
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            self.assertEqual(set(pool.map(lambda _: self.allows(channel, request()), range(200))), {True})
        # Answers that wait do not keep the server for ever either.
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1, hard))
        waiting = self.grpc_future(channel, request())
        time.sleep(0.2)
        server.stop(seconds=20)
        self.assertNotEqual(self.outcome(waiting), 0)

    def grpc_future(self, channel, asked):
        from envoy.service.auth.v3 import external_auth_pb2_grpc
        return external_auth_pb2_grpc.AuthorizationStub(channel).Check.future(asked, timeout=20)

    def outcome(self, future):
        """The answer's status; -1: there is no answer."""
        try:
            return future.result().status.code
        except self.grpc.RpcError:
            return -1

    # ---- Addresses and limits ----

    def test_addresses(self):
        server = self.serve("--grpc", "127.0.0.1:0", "--unix-mode", "0600")
        self.assertEqual(server.socket.stat().st_mode & 0o777, 0o600)
        self.assertTrue(self.allows(self.channel(f"127.0.0.1:{self.port(server)}"), request()))
        for address in f"unix:{server.socket}", f"127.0.0.1:{self.port(server)}":
            done = subprocess.run([ZTP, "serve", "--policy", server.bundle, "--facts", server.facts, "--grpc", address], capture_output=True,
                                  text=True, timeout=20)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("cannot listen", done.stderr)
        self.assertTrue(self.allows(self.unix(server), request()), "who was there first is still there")
        server.process.kill()
        server.process.wait()
        self.assertTrue(self.allows(self.unix(self.serve()), request()), "what a killed server leaves does not stop the next one")

    def test_a_policy_without_routes_is_refused(self):
        server = self.serve()
        server.build(WITHOUT_ROUTES)
        done = subprocess.run([ZTP, "serve", "--policy", server.bundle, "--grpc", "127.0.0.1:0"], capture_output=True, text=True, timeout=20)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("has no `route`", done.stderr)
        # Nor is it by a server that runs: what was in force decides on, and what fits then is taken.
        status, said = server.admin("/reload", "POST")
        self.assertEqual(status, 409)
        self.assertIn("has no `route`", said)
        self.assertTrue(self.allows(self.unix(server), request()))
        server.build(POLICY)
        server.reload()
        self.assertTrue(self.allows(self.unix(server), request()))

    def test_limits(self):
        server = self.serve("--max-body", 4096, "--max-header", 2048, "--max-calls", 4)
        channel = self.unix(server)
        exhausted = self.grpc.StatusCode.RESOURCE_EXHAUSTED
        self.assertTrue(self.allows(channel, ask_chat(chat(padding="x" * 3000))))
        self.assert_fails(exhausted, lambda: self.check(channel, ask_chat(chat(padding="x" * 100_000))))
        # On a connection of its own: gRPC's library closes one on which such metadata came, now or a moment later.
        self.assert_fails(exhausted, lambda: self.check(self.unix(server), request(), metadata=[("x", "y" * 8192)]))
        self.assert_fails(self.grpc.StatusCode.UNIMPLEMENTED, lambda: self.check(channel, ask_chat(chat(padding="x" * 3000)), compression=self.grpc.Compression.Gzip))
        self.assert_fails(self.grpc.StatusCode.UNIMPLEMENTED, lambda: channel.unary_unary("/envoy.service.auth.v3.Authorization/Else")(b"", timeout=10))
        # More at the same time than a connection may have: they wait, and none is lost.
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            self.assertEqual(set(pool.map(lambda _: self.allows(channel, request()), range(500))), {True})
        self.assertGreaterEqual(server.metric('ztp_grpc_responses_total{code="0"}'), 501)
        self.assertGreaterEqual(server.metric('ztp_decisions_total{decision="allow"}'), 501)

    # ---- Reload, and the end ----

    def test_reload_and_the_end_under_load(self):
        from grpc_health.v1 import health_pb2, health_pb2_grpc
        server = self.serve()
        ended, wrong, count = threading.Event(), [], [0] * 4

        def load(number):
            channel = self.unix(server)
            while not ended.is_set():
                for asked, right in (ask_chat(), True), (ask_chat(chat("secret")), False):
                    try:
                        if self.allows(channel, asked) != right:
                            wrong.append(asked)
                    except self.grpc.RpcError as error:
                        wrong.append(error)
                    count[number] += 1

        def heed_health():
            stub = health_pb2_grpc.HealthStub(self.unix(server))
            for each in stub.Watch(health_pb2.HealthCheckRequest()):
                if each.status != health_pb2.HealthCheckResponse.SERVING:
                    ended.set()
                    return

        threads = [threading.Thread(target=load, args=[number]) for number in range(len(count))]
        threads.append(threading.Thread(target=heed_health))
        for thread in threads:
            thread.start()
        for turn in range(1000):
            server.write_facts([*FACTS, {"uid": {"type": "Model", "id": f"new-{turn}"}}])
            server.reload()
            if turn >= 10 and min(count) > 20:
                break
        self.assertEqual(server.stop(signal.SIGTERM), 0)
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [], "who heeds health loses nothing")
        self.assertTrue(all(each > 20 for each in count), count)

    def test_who_does_not_heed_health_is_cut_off_in_time(self):
        server = self.serve("--drain", 2)
        ended = threading.Event()

        def load():
            channel = self.unix(server)
            while not ended.is_set():
                try:
                    self.allows(channel, request())
                except self.grpc.RpcError:
                    return

        thread = threading.Thread(target=load)
        thread.start()
        begin = time.monotonic()
        self.assertEqual(server.stop(signal.SIGTERM), 0)
        self.assertLess(time.monotonic() - begin, 10)
        ended.set()
        thread.join()


if __name__ == "__main__":
    run_with_pypi(sys.argv[1], sys.argv[2])
    ZTP = str(Path(sys.argv.pop(1)).resolve())
    sys.argv.pop(1)
    unittest.main()
