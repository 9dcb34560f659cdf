"""Engines that take only what somebody trusted has signed."""

import base64
import hashlib
import json
import pickle
import subprocess
from pathlib import Path

import pytest
import ztp

POLICY = """ztp 1
package p
entity User { ok: Bool }
entity Thing
action read on Thing by User
permit p { principal u: User action read resource any when u.ok }
"""


def openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Author:
    """Somebody with a key on Ed25519, who signs by what DSSE and in-toto say."""

    def __init__(self, folder: Path, name: str) -> None:
        self.key, self.public, self.folder = folder / name, folder / f"{name}.pub", folder
        openssl("genpkey", "-algorithm", "ed25519", "-out", self.key)
        openssl("pkey", "-in", self.key, "-pubout", "-out", self.public)

    def signature(self, kind: str, payload: bytes) -> dict[str, str]:
        text, signature = self.folder / "pae", self.folder / "signature"
        text.write_bytes(b"DSSEv1 %d %b %d %b" % (len(kind), kind.encode(), len(payload), payload))
        openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.key, "-in", text, "-out", signature)
        return {"sig": base64.b64encode(signature.read_bytes()).decode()}


def sign(file: Path, version: int, *authors: Author) -> None:
    kind = "application/vnd.in-toto+json"
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": file.name, "digest": {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()}}],
        "predicateType": "urn:ztp:signed-file:v1",
        "predicate": {"version": version, "issued": "2026-01-01T00:00:00Z", "expires": "2126-01-01T00:00:00Z"},
    }
    payload = json.dumps(statement).encode()
    envelope = {
        "payloadType": kind,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [author.signature(kind, payload) for author in authors],
    }
    Path(f"{file}.sig").write_text(json.dumps(envelope))


def test_only_what_enough_of_them_have_signed_is_loaded(tmp_path: Path) -> None:
    alice, bob = Author(tmp_path, "alice"), Author(tmp_path, "bob")
    bundle, facts, state = tmp_path / "p.ztpb", tmp_path / "f.json", tmp_path / "state.json"
    bundle.write_bytes(ztp.compile_text(POLICY))
    facts.write_text('{"uid": "User::\\"a\\"", "attrs": {"ok": true}}')
    signers = ztp.Signers.load([alice.public, bob.public], threshold=2, state=state)
    with pytest.raises(ztp.NotFoundError, match=r"p\.ztpb\.sig"):
        ztp.Engine.load(bundle, facts, signers=signers)
    sign(bundle, 1, alice)
    with pytest.raises(ztp.RefusedError) as refused:
        ztp.Engine.load(bundle, facts, signers=signers)
    assert refused.value.check == "threshold"
    sign(bundle, 1, alice, bob)
    sign(facts, 1, alice, bob)
    engine = ztp.Engine.load(bundle, facts, signers=signers)
    assert engine.decide(("User", "a"), "read", ("Thing", "t"))

    facts.write_text('{"uid": "User::\\"a\\"", "attrs": {"ok": false}}')
    with pytest.raises(ztp.RefusedError, match="content"):
        engine.reload()
    assert engine.decide(("User", "a"), "read", ("Thing", "t")), "what was in force stays so"
    sign(facts, 2, alice, bob)
    engine.reload()
    assert not engine.decide(("User", "a"), "read", ("Thing", "t"))
    sign(facts, 1, alice, bob)
    for older in engine.reload, lambda: ztp.Engine.load(bundle, facts, signers=pickle.loads(pickle.dumps(signers))):
        with pytest.raises(ztp.RefusedError) as refused:
            older()
        assert refused.value.check == "version"
    sign(facts, 3, alice, bob)
    engine.replace(facts=facts)
    assert not pickle.loads(pickle.dumps(engine)).decide(("User", "a"), "read", ("Thing", "t"))


def test_what_cannot_be_signed(tmp_path: Path) -> None:
    alice = Author(tmp_path, "alice")
    signers = ztp.Signers.load(alice.public)
    source, bundle = tmp_path / "p.ztp", tmp_path / "p.ztpb"
    source.write_text(POLICY)
    bundle.write_bytes(ztp.compile_text(POLICY))
    for policy in source, ztp.compile_text(POLICY):
        with pytest.raises(ztp.MisuseError, match="cannot"):
            ztp.Engine.load(policy, signers=signers)
    with pytest.raises(ztp.TrustError):
        ztp.Signers.load(alice.public, threshold=2)
    with pytest.raises(ztp.RefusedError):
        ztp.Signers.load(alice.key)
    with pytest.raises(TypeError):
        ztp.Engine.load(bundle, signers="alice.pub")  # type: ignore[arg-type]
