"""Evidence: verified once, bound by name, and gone at once when it no longer counts."""

from __future__ import annotations

import json
import pickle
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import ztp

EXAMPLE = Path(__file__).resolve().parents[3] / "policies/examples/tool-server"
NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
NONCE = "bm9uY2Utb2YtdGhlLWV4YW1wbGU"
HELPER = ("Agent", "helper")
SEARCH = ("Tool", "search")


def evidence(name: str) -> bytes:
    return (EXAMPLE / "evidence" / name).read_bytes()


@pytest.fixture
def engine() -> ztp.Engine:
    return ztp.Engine.load(EXAMPLE, EXAMPLE / "facts.json", trust=EXAMPLE / "trust.json")


def test_a_proof_is_the_value_of_a_proven_input(engine: ztp.Engine) -> None:
    peer = engine.verify("mesh", evidence("helper.svid.pem"), now=NOW)
    token = engine.verify("tokens", evidence("ann.access-token.jwt"), now=NOW)
    assert peer.subject == "spiffe://acme.org/agents/helper"
    assert peer.expires_at == NOW + timedelta(days=1)
    assert json.loads(token.json())["fact"]["client"] == "helper"
    decision = engine.decide(HELPER, "call", SEARCH, now=NOW, peer=peer, token=token)
    assert decision
    assert decision.valid_until == token.expires_at
    assert not engine.decide(("Agent", "crawler"), "call", SEARCH, now=NOW, peer=peer, token=token)
    assert not engine.decide(HELPER, "call", SEARCH, now=NOW, peer=peer)
    assert not engine.decide(HELPER, "call", SEARCH, now=token.expires_at, peer=peer, token=token)
    call = engine.bind("call", principal=HELPER, peer=peer, token=token)
    assert call(resource=SEARCH, now=NOW)


def test_what_is_refused_says_by_which_check(engine: ztp.Engine) -> None:
    with pytest.raises(ztp.RefusedError, match="audience: ") as refused:
        engine.verify("tokens", evidence("ann.elsewhere.jwt"), now=NOW)
    assert refused.value.check == "audience"
    peer = engine.verify("mesh", evidence("helper.svid.pem"), now=NOW)
    with pytest.raises(ztp.RefusedError, match="source: "):
        engine.decide(HELPER, "call", SEARCH, now=NOW, token=peer)
    with pytest.raises(ztp.RefusedError, match="expired"):
        peer.check(NOW + timedelta(days=2))
    with pytest.raises(ztp.NotProvenError):
        engine.decide(HELPER, "call", SEARCH, now=NOW, peer={"id": "spiffe://acme.org/agents/helper"})


def test_revocation_ends_leases_and_proofs(engine: ztp.Engine) -> None:
    assert engine.trust is not None
    values: dict[str, Any] = {
        "peer": engine.verify("mesh", evidence("helper.svid.pem"), now=NOW),
        "token": engine.verify("tokens", evidence("ann.access-token.jwt"), now=NOW),
    }
    decision = engine.decide(HELPER, "call", SEARCH, now=NOW, **values)
    assert decision.lease is not None and decision.lease.check(NOW)
    assert engine.trust.receive(evidence("ann.signed-out.jwt"), now=NOW + timedelta(minutes=1)) == 1
    assert not decision.lease.check(NOW)
    assert not engine.decide(HELPER, "call", SEARCH, now=NOW, **values)
    with pytest.raises(ztp.RefusedError, match="session-revoked"):
        values["token"].check(NOW)
    engine.trust.revoke(subject=values["peer"].subject, reason="stolen", now=NOW)
    with pytest.raises(ztp.RefusedError, match="stolen"):
        values["peer"].check(NOW)


def test_a_nonce_is_good_once(engine: ztp.Engine) -> None:
    assert engine.trust is not None
    assert len(engine.trust.nonce(now=NOW)) == 43
    approval = evidence("ann.approval.jwt")
    with pytest.raises(ztp.RefusedError, match="nonce: "):
        engine.verify("approvals", approval, now=NOW)
    engine.trust.expect_nonce(NONCE, now=NOW)
    engine.verify("approvals", approval, now=NOW)
    with pytest.raises(ztp.RefusedError, match="replay: "):
        engine.verify("approvals", approval, now=NOW)


def test_json_brings_its_evidence_along(engine: ztp.Engine) -> None:
    first = (EXAMPLE / "requests.jsonl").read_text().splitlines()[0]
    answer = json.loads(engine.decide_json(first, now=NOW))
    assert answer["decision"]
    assert [e["bound"] for e in answer["context"]["evidence"]] == [True, True]


def test_keys_are_replaced(engine: ztp.Engine) -> None:
    assert engine.trust is not None
    proof = engine.verify("tokens", evidence("ann.access-token.jwt"), now=NOW)
    engine.trust.replace("tokens", "keys", (EXAMPLE / "login.jwks.json").read_bytes() + b" ")
    with pytest.raises(ztp.RefusedError) as refused:
        proof.check(NOW)
    assert refused.value.check == "key"
    engine.trust.reload()
    with pytest.raises(ztp.TrustError):
        engine.trust.replace("tokens", "keys", "{}")


def test_configurations(engine: ztp.Engine) -> None:
    with pytest.raises(ztp.TrustError) as mistakes:
        ztp.Trust.read('{"ztp_trust": 1, "sources": {"a": {"kind": "sign-in"}}}')
    assert len(mistakes.value.problems) > 3
    with pytest.raises(ztp.MisuseError):
        ztp.Engine.load(EXAMPLE).verify("mesh", b"")
    again = pickle.loads(pickle.dumps(engine))
    assert again.verify("mesh", evidence("helper.svid.pem"), now=NOW).source == "mesh"
    engine.use_trust(None)
    assert engine.trust is None


def test_a_batch_takes_proofs(engine: ztp.Engine) -> None:
    peer = engine.verify("mesh", evidence("helper.svid.pem"), now=NOW)
    token = engine.verify("tokens", evidence("ann.access-token.jwt"), now=NOW)
    table: dict[str, Any] = {
        "agent": ["helper", "crawler", "helper"],
        "tokens": [token, token, None],
        "wrong": [token, 7, None],
    }

    def allowed(now: datetime = NOW, **values: Any) -> list[bool]:
        return list(
            engine.decide_batch(
                "call", table, principal="agent", principal_type="Agent", resource=SEARCH, values=values, now=now
            )
        )

    assert allowed(peer=peer, token=token) == [True, False, True]
    assert allowed(peer=peer, token="tokens") == [True, False, False]
    assert allowed(peer=peer) == [False, False, False]
    assert allowed(token.expires_at, peer=peer, token=token) == [False, False, False]
    with pytest.raises(ztp.RefusedError, match="source: "):
        allowed(peer="tokens", token=token)
    with pytest.raises(TypeError, match="wrong has proofs"):
        allowed(peer=peer, token="wrong")
    assert engine.trust is not None
    engine.trust.revoke(subject=peer.subject, now=NOW)
    assert allowed(peer=peer, token=token) == [False, False, False]


WEIGHTS = EXAMPLE.parent / "weights-release"
NODE = ("Node", "fra-1")
MODEL = ("Model", "vision-7b")


def test_evidence_of_stored_entities() -> None:
    with pytest.raises(ztp.FactsError, match="nobody here verifies evidence"):
        ztp.Engine.load(WEIGHTS, WEIGHTS / "facts.json")
    engine = ztp.Engine.load(WEIGHTS, WEIGHTS / "facts.json", trust=WEIGHTS / "trust.json", now=NOW)
    trust = engine.trust
    assert trust is not None
    trust.expect_nonce("nonce-1-of-the-example", now=NOW)
    device = engine.verify("verifier", (WEIGHTS / "evidence/node.ear.jwt").read_bytes(), now=NOW)
    unwrap = engine.bind("unwrap", principal=NODE, resource=MODEL, device=device)
    stored = {entity["uid"]["id"]: entity for entity in json.loads((WEIGHTS / "facts.json").read_text())}
    model = stored["vision-7b"]

    def signature() -> Any:
        entity = engine.facts.get(*MODEL)
        assert entity is not None
        return entity["attrs"].get("signature")

    assert unwrap(now=NOW) and signature()["signer"].startswith("sha256:")
    # Evidence about another digest, or none: an error, or no signature.
    with pytest.raises(ztp.FactsError, match=r"attribute `signature` of Model::\"vision-7b\" was refused \(subject\)"):
        engine.facts.upsert({**model, "attrs": {**model["attrs"], "digest": stored["vision-8b-draft"]["attrs"]["digest"]}})
    assert unwrap(now=NOW)
    engine.facts.upsert({"uid": model["uid"], "attrs": model["attrs"]})
    assert not unwrap(now=NOW) and signature() is None
    engine.facts.upsert(model, now=NOW)
    assert unwrap(now=NOW)
    # Keys that are replaced void it, until the files are read again.
    trust.replace("releases", "signers", (WEIGHTS / "release.pub").read_text() + "\n")
    assert not unwrap(now=NOW) and signature() is None
    engine.reload()
    assert unwrap(now=NOW)
    engine.replace(facts=WEIGHTS / "facts.json", now=NOW)
    decision = engine.decide(NODE, "unwrap", MODEL, now=NOW, device=device)
    assert decision.lease is not None and decision.lease.check(NOW)
    trust.revoke(subject=model["attrs"]["digest"], reason="withdrawn", now=NOW)
    assert not decision.lease.check(NOW)
    assert not unwrap(now=NOW) and signature() is None
    with pytest.raises(ztp.FactsError, match="withdrawn"):
        engine.facts.upsert(model)
    again = pickle.loads(pickle.dumps(engine))  # without what was revoked
    assert again.facts.get(*MODEL)["attrs"]["signature"] is not None
    engine.use_trust(None)
    with pytest.raises(ztp.FactsError, match="nobody here verifies evidence"):
        engine.reload()
