"""The gate before real gRPC servers of both kinds, asked by real clients over mutual TLS: denied before a handler runs,
and ended while a stream is idle."""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent import futures
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

grpc = pytest.importorskip("grpc")

import ztp  # noqa: E402
import ztp.grpc  # noqa: E402

DOMAIN = "spiffe://example.org"
TRAINER = f"{DOMAIN}/trainer"
POLICY = """ztp 1
package acme
import std.ai
entity Workload { spiffe: SpiffeId }
entity Dataset { hold: Bool = false, until?: Time, logged: Bool = false }
input peer: Svid proven for principal.spiffe
input note?: String
action read on Dataset by Workload
obligation log(name: String)
permit plain {
  principal Workload action read resource d: Dataset
  when bound(peer) and not d.logged
  when not (d has until) or now < d.until
}
permit logged {
  principal Workload action read resource d: Dataset
  when bound(peer) and d.logged
  oblige log("a")
}
forbid held { action read resource d: Dataset when d.hold because "the data set is on hold" }
forbid noted { action read resource Dataset when has note and note == "no" because "by its note" }
"""
DENIED = grpc.StatusCode.PERMISSION_DENIED
HELD = (DENIED, "the data set is on hold")


def encode(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()  # grpc.aio has done it already


def decode(data: bytes) -> str:
    return data.decode()


# ---- Certificates


class Peer:
    def __init__(self, key: bytes, certificate: bytes) -> None:
        self.key = key
        self.certificate = certificate


def openssl(*args: object) -> None:
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)


def make_peer(folder: Path, name: str, names: str, issuer: str | None) -> Peer:
    key, certificate, request = (folder / f"{name}.{suffix}" for suffix in ("key", "pem", "csr"))
    usage = "keyCertSign,cRLSign" if issuer is None else "digitalSignature"
    (folder / f"{name}.ext").write_text(
        f"basicConstraints=critical,CA:{'TRUE' if issuer is None else 'FALSE'}\nkeyUsage=critical,{usage}\n"
        f"subjectAltName={names}\nsubjectKeyIdentifier=hash\n"
        + ("" if issuer is None else "extendedKeyUsage=serverAuth,clientAuth\nauthorityKeyIdentifier=keyid\n")
    )
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
    openssl("req", "-new", "-key", key, "-subj", f"/O=example/CN={name}", "-out", request)
    signer = ["-signkey", key] if issuer is None else ["-CA", folder / f"{issuer}.pem", "-CAkey", folder / f"{issuer}.key"]
    openssl("x509", "-req", "-in", request, "-days", 2, "-set_serial", abs(hash(name)) % 10**9 + 1, "-extfile",
            folder / f"{name}.ext", "-out", certificate, *signer)  # fmt: skip
    return Peer(key.read_bytes(), certificate.read_bytes())


@pytest.fixture(scope="session")
def peers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Peer]:
    folder = tmp_path_factory.mktemp("pki")
    return {
        name: make_peer(folder, name, names, issuer)
        for name, names, issuer in [
            ("root", f"URI:{DOMAIN}", None),
            ("other", f"URI:{DOMAIN}", None),
            ("server", f"URI:{DOMAIN}/server,DNS:localhost", "root"),
            ("trainer", f"URI:{TRAINER}", "root"),
            ("nobody", "DNS:nobody.example.org", "root"),
        ]
    }


# ---- The service, of both kinds


class Log:
    """What handlers did."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.received: list[str] = []
        self.ended: list[str] = []


class Service:
    def __init__(self, log: Log) -> None:
        self.log = log

    def read(self, request: str, context: Any) -> str:
        self.log.ran.append("read")
        return "read " + request

    def tail(self, request: str, context: Any) -> Iterator[str]:
        self.log.ran.append("tail")
        over = threading.Event()
        context.add_callback(over.set)
        yield "tail " + request
        assert over.wait(20)
        self.log.ended.append("tail")

    def put(self, requests: Iterator[str], context: Any) -> str:
        self.log.ran.append("put")
        self.log.received.extend(requests)
        return "put"

    def talk(self, requests: Iterator[str], context: Any) -> Iterator[str]:
        self.log.ran.append("talk")
        try:
            for request in requests:
                self.log.received.append(request)
                yield "talk " + request
        finally:
            self.log.ended.append("talk")


class AioService:
    def __init__(self, log: Log) -> None:
        self.log = log

    async def read(self, request: str, context: Any) -> str:
        self.log.ran.append("read")
        return "read " + request

    async def tail(self, request: str, context: Any) -> None:
        self.log.ran.append("tail")
        await context.write("tail " + request)
        try:
            await asyncio.sleep(20)
        finally:
            self.log.ended.append("tail")

    async def put(self, requests: AsyncIterator[str], context: Any) -> str:
        self.log.ran.append("put")
        async for request in requests:
            self.log.received.append(request)
        return "put"

    async def talk(self, requests: AsyncIterator[str], context: Any) -> AsyncIterator[str]:
        self.log.ran.append("talk")
        try:
            async for request in requests:
                self.log.received.append(request)
                yield "talk " + request
        finally:
            self.log.ended.append("talk")


def handlers(service: Any) -> Any:
    makers = {
        "Read": (grpc.unary_unary_rpc_method_handler, service.read),
        "Open": (grpc.unary_unary_rpc_method_handler, service.read),
        "Tail": (grpc.unary_stream_rpc_method_handler, service.tail),
        "Put": (grpc.stream_unary_rpc_method_handler, service.put),
        "Talk": (grpc.stream_stream_rpc_method_handler, service.talk),
        "Plain": (grpc.unary_unary_rpc_method_handler, lambda request, context: "plain " + request),
        "Hidden": (grpc.stream_stream_rpc_method_handler, service.talk),
    }
    made = {
        name: make(run, request_deserializer=decode, response_serializer=encode) for name, (make, run) in makers.items()
    }
    return grpc.method_handlers_generic_handler("acme.Data", made)


# ---- The world of a test


class World:
    def __init__(self, kind: str, peers: dict[str, Peer], folder: Path) -> None:
        self.kind = kind
        self.peers = peers
        self.log = Log()
        trust = {
            "ztp_trust": 1,
            "sources": {
                "mesh": {
                    "kind": "x509-svid",
                    "trust_domain": "example.org",
                    "host_checks_binding": True,
                    "proves": "peer",
                    "bundle": peers["root"].certificate.decode(),
                }
            },
        }
        (folder / "trust.json").write_text(json.dumps(trust))
        (folder / "facts.json").write_text(
            json.dumps(
                [
                    {"uid": {"type": "Workload", "id": TRAINER}, "attrs": {"spiffe": TRAINER}},
                    *({"uid": {"type": "Dataset", "id": d}, "attrs": a} for d, a in [
                        ("faces", {}), ("held", {"hold": True}), ("logged", {"logged": True})]),
                ]
            )
        )  # fmt: skip
        self.engine = ztp.Engine.load(
            ztp.compile_text(POLICY, "acme.ztp"), folder / "facts.json", trust=folder / "trust.json"
        )
        self.require = True  # a certificate of whoever calls
        self.stop: list[Callable[[], None]] = []
        self.stubs: dict[str | None, dict[str, Any]] = {}

    def serve(self, **options: Any) -> ztp.grpc.Gate:
        note = {"note": lambda call: call.metadata("x-note")}
        method = ztp.grpc.Method.from_metadata("read", "Dataset", "x-dataset", **note)
        methods = {f"acme.Data/{name}": method for name in ("Read", "Tail", "Put", "Talk", "Plain")}
        methods["acme.Data/Open"] = ztp.grpc.Method("read", lambda call: ("Dataset", call.request))
        gate = ztp.grpc.Gate(
            self.engine,
            methods,
            principal="Workload",
            evidence=[ztp.grpc.Evidence("peer", "mesh", required=True)],
            **{"watch": 0.005, **options},
        )
        tls = self._credentials()
        if self.kind == "aio":
            self._serve_aio(gate, tls)
        else:
            self._serve(gate, tls)
        self.stop.append(gate.close)
        return gate

    def _credentials(self) -> Any:
        server = self.peers["server"]
        return grpc.ssl_server_credentials(
            [(server.key, server.certificate)], self.peers["root"].certificate, require_client_auth=self.require
        )

    def _serve(self, gate: ztp.grpc.Gate, tls: Any) -> None:
        server = grpc.server(futures.ThreadPoolExecutor(16), interceptors=[gate.interceptor()])
        server.add_generic_rpc_handlers((handlers(Service(self.log)),))
        self.port = server.add_secure_port("localhost:0", tls)
        server.start()
        self.stop.append(lambda: server.stop(2).wait())

    def _serve_aio(self, gate: ztp.grpc.Gate, tls: Any) -> None:
        ready, over = threading.Event(), threading.Event()

        async def main() -> None:
            server = grpc.aio.server(interceptors=[gate.aio_interceptor()])
            server.add_generic_rpc_handlers((handlers(AioService(self.log)),))
            self.port = server.add_secure_port("localhost:0", tls)
            await server.start()
            ready.set()
            while not over.is_set():
                await asyncio.sleep(0.01)
            await server.stop(2)

        thread = threading.Thread(target=asyncio.run, args=(main(),))
        thread.start()
        assert ready.wait(20)
        self.stop.append(lambda: (over.set(), thread.join(20))[1])  # type: ignore[func-returns-value]

    def call(self, method: str, peer: str | None = "trainer") -> Any:
        if peer not in self.stubs:
            own = self.peers[peer] if peer is not None else Peer(None, None)  # type: ignore[arg-type]
            tls = grpc.ssl_channel_credentials(self.peers["root"].certificate, own.key, own.certificate)
            channel = grpc.secure_channel(f"localhost:{self.port}", tls)
            self.stop.insert(0, channel.close)
            kinds = {name: channel.unary_unary for name in ("Read", "Open", "Plain", "Hidden")}
            kinds.update(Tail=channel.unary_stream, Put=channel.stream_unary, Talk=channel.stream_stream)
            self.stubs[peer] = {
                name: make(f"/acme.Data/{name}", request_serializer=encode, response_deserializer=decode)
                for name, make in kinds.items()
            }
        return self.stubs[peer][method]

    def read(
        self, *metadata: tuple[str, str], method: str = "Read", request: str = "a", peer: str | None = "trainer"
    ) -> Any:
        """The answer, or code and message of the error."""
        try:
            return self.call(method, peer)(request, metadata=metadata, timeout=20)
        except grpc.RpcError as error:
            return error.code(), error.details()

    def put(self, **attrs: Any) -> None:
        self.engine.facts.upsert({"uid": {"type": "Dataset", "id": "faces"}, "attrs": attrs})

    def ended(self, gate: ztp.grpc.Gate) -> None:
        self.eventually(lambda: gate.open_calls == 0)

    @staticmethod
    def eventually(what: Callable[[], bool]) -> None:
        until = time.monotonic() + 20
        while not what() and time.monotonic() < until:
            time.sleep(0.002)
        assert what()


FACES = ("x-dataset", "faces")


@pytest.fixture(params=["sync", "aio"])
def world(request: pytest.FixtureRequest, peers: dict[str, Peer], tmp_path: Path) -> Iterator[World]:
    world = World(request.param, peers, tmp_path)
    yield world
    for stop in world.stop:
        stop()


class Sender:
    """What a client sends, one after the other, until it is closed."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._messages: list[str | None] = []

    def send(self, message: str | None) -> None:
        with self._turn:
            self._messages.append(message)
            self._turn.notify()

    def __iter__(self) -> Iterator[str]:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._messages)
                message = self._messages.pop(0)
            if message is None:
                return
            yield message


def end_of(call: Any) -> tuple[Any, str]:
    with pytest.raises(grpc.RpcError) as error:
        for _ in call:
            pass
    return error.value.code(), error.value.details()


def test_a_call_is_decided_before_its_handler_runs(world: World) -> None:
    gate = world.serve()
    assert world.read(FACES) == "read a"
    assert world.read(("x-dataset", "held")) == HELD
    assert world.read(FACES, ("x-note", "no")) == (DENIED, "by its note")
    assert world.read(("x-dataset", "logged")) == (DENIED, "denied")  # who would log it?
    unsaid = (grpc.StatusCode.INVALID_ARGUMENT, "the call does not say what it is about")
    assert world.read() == unsaid
    assert world.read(FACES, ("x-dataset", "held")) == unsaid
    assert world.read(FACES, method="Hidden") == (DENIED, "denied")
    assert end_of(world.call("Tail")("a", metadata=[("x-dataset", "held")])) == HELD
    assert end_of(world.call("Talk")(iter(()), metadata=[("x-dataset", "held")])) == HELD
    # What it is about may stand in the message.
    assert world.read(method="Open", request="faces") == "read faces"
    assert world.read(method="Open", request="held") == HELD
    assert world.log.ran == ["read", "read"]
    # An asynchronous server runs no handler that it could not stop.
    plain = "plain a" if world.kind == "sync" else (grpc.StatusCode.INTERNAL, "it cannot be decided")
    assert world.read(FACES, method="Plain") == plain
    world.ended(gate)


def test_who_has_no_identity_is_not_authenticated(world: World, peers: dict[str, Peer]) -> None:
    world.serve()
    unknown = (grpc.StatusCode.UNAUTHENTICATED, "the peer has no identity")
    assert world.read(FACES, peer="nobody") == unknown
    assert world.engine.trust is not None
    world.engine.trust.replace("mesh", "bundle", peers["other"].certificate)
    code, message = world.read(FACES)
    assert code == grpc.StatusCode.UNAUTHENTICATED and message in ("peer: chain", "peer: signature")
    assert world.log.ran == []


def test_a_port_that_asks_for_no_certificate_has_no_identity(world: World) -> None:
    world.require = False
    world.serve()
    assert world.read(FACES, peer=None) == (grpc.StatusCode.UNAUTHENTICATED, "the peer has no identity")
    assert world.log.ran == []


def test_an_idle_stream_ends_when_it_is_revoked(world: World) -> None:
    gate = world.serve()
    # A synchronous handler cannot be spoken for from outside.
    held = HELD if world.kind == "aio" else (grpc.StatusCode.CANCELLED, "Cancelled on the server side")
    for method, name in (("Tail", "tail"), ("Talk", "talk")):
        world.put()
        sender = Sender()
        sender.send("a")
        call = world.call(method)("a" if method == "Tail" else iter(sender), metadata=[FACES])
        assert next(call) == f"{name} a"
        world.put(until="2999-01-01T00:00:00Z")  # leases end, and it is allowed all the same
        world.engine.revoke()
        time.sleep(0.05)
        assert gate.open_calls == 1 and name not in world.log.ended
        world.put(hold=True)
        code, details = end_of(call)
        assert code == held[0] and (world.kind == "sync" or details == held[1])
        world.eventually(lambda name=name: name in world.log.ended)  # type: ignore[misc]
        world.ended(gate)
        sender.send(None)


def test_a_stream_ends_when_its_proof_or_time_does(world: World) -> None:
    gate = world.serve()
    world.put(until=(datetime.now(timezone.utc) + timedelta(seconds=1)).isoformat().replace("+00:00", "Z"))
    call = world.call("Tail")("a", metadata=[FACES])
    assert next(call) == "tail a"
    assert end_of(call)[0] in (DENIED, grpc.StatusCode.CANCELLED)
    world.put()
    call = world.call("Tail")("a", metadata=[FACES])
    assert next(call) == "tail a"
    assert world.engine.trust is not None
    world.engine.trust.revoke(subject=TRAINER, reason="stolen")
    code, details = end_of(call)
    assert code == grpc.StatusCode.CANCELLED or (code, details) == (grpc.StatusCode.UNAUTHENTICATED, "peer: revoked")
    assert world.read(FACES) == (grpc.StatusCode.UNAUTHENTICATED, "peer: revoked")
    world.ended(gate)


def test_each_message_asks_the_lease(world: World) -> None:
    world.serve(watch=3600)  # nobody else does
    sender = Sender()
    sender.send("a")
    talk = world.call("Talk")(iter(sender), metadata=[FACES])
    assert next(talk) == "talk a"
    world.put(hold=True)
    sender.send("b")
    assert end_of(talk) == HELD
    world.put()
    sender = Sender()
    sender.send("first")
    put = world.call("Put").future(iter(sender), metadata=[FACES])
    world.eventually(lambda: world.log.received == ["a", "first"])
    world.put(hold=True)
    sender.send("second")
    with pytest.raises(grpc.RpcError) as error:
        put.result(20)
    assert (error.value.code(), error.value.details()) == HELD
    assert world.log.received == ["a", "first"]
    sender.send(None)


def test_what_an_allow_obliges_to_is_carried_out_first(world: World) -> None:
    logged: list[str] = []

    def log(name: str) -> None:
        logged.append(name)
        if len(logged) > 1:
            raise OSError("the disk is full")

    world.serve(oblige={"log": log}, watch=3600)
    assert world.read(("x-dataset", "logged")) == "read a"
    assert logged == ["a"]
    assert world.read(("x-dataset", "logged")) == (grpc.StatusCode.INTERNAL, "it cannot be decided")
    assert world.log.ran == ["read"]
