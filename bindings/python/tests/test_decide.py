"""Single decisions: what is given, and what is answered."""

from __future__ import annotations

import gc
import json
import pickle
import weakref
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from conftest import ANN, BOB, DIARY, NEWS, PLAN

import ztp

NOON = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)


def test_an_allow_says_which_rule_and_why(engine: ztp.Engine) -> None:
    decision = engine.decide(ANN, "read", PLAN, purpose="research")
    assert decision
    assert decision.allow
    assert decision.reason == "cleared for it"
    assert decision.rules == (ztp.Rule("lab.read_cleared", "cleared for it", "lab.ztp", decision.rules[0].line, False),)
    assert decision.unknown == ()
    assert decision.valid_until is None
    assert decision.lease is not None and decision.lease.valid()


def test_a_denial_names_the_forbid(engine: ztp.Engine) -> None:
    decision = engine.decide(ANN, "read", DIARY, purpose="research")
    assert not decision
    assert [(rule.name, rule.forbid) for rule in decision.rules] == [("lab.closed", True)]
    assert decision.lease is None


def test_a_denial_on_an_unknown_says_what_is_missing(engine: ztp.Engine) -> None:
    decision = engine.decide(ANN, "read", ("Doc", "lost"), purpose="research")
    assert (decision.allow, decision.on_unknown, decision.unknown) == (False, True, ('Doc::"lost"',))
    unknown = engine.decide(ANN, "pay", PLAN, amount=1, device=ztp.UNKNOWN)
    assert (unknown.allow, unknown.on_unknown, unknown.unknown) == (False, True, ("device",))


@pytest.mark.parametrize(
    "ann",
    [
        ztp.Entity("User", "ann"),
        ("User", "ann"),
        'User::"ann"',
        'User::"\\u{61}nn"',
        {"type": "User", "id": "ann"},
    ],
)
def test_every_way_to_write_an_entity(engine: ztp.Engine, ann: Any) -> None:
    assert engine.decide(ann, "read", PLAN, purpose="research").allow
    assert engine.decide(principal=ann, action="read", resource=PLAN, purpose="research").allow
    assert engine.bind("read", principal=ann, purpose="research").allows(resource=PLAN)


def test_entities_print_as_the_language_writes_them() -> None:
    for entity in (ANN, ztp.Entity("Doc", 'a "b" \\ \n')):
        assert ztp.Entity.parse(str(entity)) == entity
    assert str(ANN) == 'User::"ann"'
    assert ANN == ("User", "ann")


@pytest.mark.parametrize("wrong", [None, 7, "ann", 'User::"ann', ("User",), ("User", 7), {"type": "User"}, 'User::"\\x"'])
def test_what_is_no_entity_is_refused(engine: ztp.Engine, wrong: Any) -> None:
    with pytest.raises((TypeError, ztp.RequestError)):
        engine.decide(wrong, "read", PLAN, purpose="research")


def test_carried_entities_bring_their_properties(engine: ztp.Engine) -> None:
    session = {"type": "Session", "id": "1", "properties": {"mfa": True}}
    assert engine.decide(ANN, "open", session).allow
    session["properties"] = {"mfa": False}
    assert not engine.decide(ANN, "open", session).allow


@pytest.mark.parametrize(
    ("amount", "allow"),
    [(9, True), (9.95, True), (Decimal("9.95"), True), ("9.95", True), (Decimal("9.950000001"), False), (1e3, False)],
)
def test_numbers_are_read_as_decimals_exactly(engine: ztp.Engine, amount: Any, allow: bool) -> None:
    device = {"driver": "550.90.07", "price": Decimal("1.50")}
    assert engine.decide(ANN, "pay", PLAN, amount=amount, device=device).allow is allow


def test_times_durations_and_sets(engine: ztp.Engine) -> None:
    pay = engine.bind("pay", principal=ANN, resource=PLAN, amount=1, device={"driver": "550.90.07"})
    later = NOON + timedelta(minutes=5)
    decision = pay(now=NOON, at=later)
    assert decision.allow
    assert decision.valid_until == later
    assert decision.decided_at == NOON
    assert pay.allows(now=NOON, at="2030-01-01T12:05:00Z")
    assert not pay.allows(now=later, at=later)
    assert pay.allows(wait=timedelta(minutes=59))
    assert not pay.allows(wait=timedelta(hours=1))
    assert pay.allows(wait=None)
    for tags in (["a"], ("a", "b"), {"b"}, frozenset({"a"}), []):
        assert engine.decide(ANN, "compare", PLAN, tags=tags, owner=ANN).allow
    assert not engine.decide(ANN, "compare", PLAN, tags={"c"}, owner=ANN).allow
    assert engine.decide(ANN, "compare", PLAN, tags=[], owner={"type": "User", "id": "ann"}).allow


def test_obligations_come_as_python_values(engine: ztp.Engine) -> None:
    pay = engine.bind("pay", principal=ANN, resource=PLAN, amount=1, device={"driver": "550.90.07"})
    (audit,) = pay().obligations
    assert audit.name == "audit"
    assert audit.args == {
        "level": "full",
        "after": timedelta(seconds=90),
        "by": ANN,
        "at": datetime(2030, 1, 1, tzinfo=timezone.utc),
        "price": Decimal("1.5"),
    }
    assert isinstance(audit.args["by"], ztp.Entity)


def test_who_cannot_carry_out_an_obligation_is_denied(engine: ztp.Engine) -> None:
    request: dict[str, Any] = {"amount": 1, "device": {"driver": "550.90.07"}}
    assert engine.decide(ANN, "pay", PLAN, can=["audit"], **request)
    assert not engine.decide(ANN, "pay", PLAN, can=[], **request)
    assert engine.decide(ANN, "pay", PLAN, **request), "what one call can is that call's alone"
    bound = engine.bind("pay", principal=ANN, resource=PLAN, can=(), **request)
    assert not bound.allows()
    with pytest.raises(TypeError, match="several obligations"):
        engine.decide(ANN, "pay", PLAN, can="audit", **request)


def test_a_call_leaves_nothing_behind(engine: ztp.Engine) -> None:
    read = engine.bind("read", principal=ANN, resource=PLAN, purpose="research")
    assert read.allows()
    assert not read.allows(purpose="sale")
    assert read.allows(), "the purpose is the bound one again"
    assert not read.allows(BOB)
    assert read.allows(), "and the principal"
    assert read.allows(resource=NEWS, big=3000)
    assert not read.allows(resource=NEWS), "and `big` is missing again"
    with pytest.raises(ztp.RequestError):
        read(purpose=7)
    assert read.allows(), "after a mistake too"


def test_many_values_and_names_that_are_not_interned(engine: ztp.Engine) -> None:
    names: dict[str, Any] = {"".join(["pur", "pose"]): "research", "".join(["re", "source"]): PLAN, "".join(["prin", "cipal"]): ANN}
    read = engine.bind("read")
    assert read.allows(**names)
    assert read(**names).allow
    assert type(read).__call__(read, **names).allow, "called through tp_call"
    with pytest.raises(ztp.NotFoundError, match="no_such_name"):
        read.allows(**names, no_such_name=1)


def test_mistakes_are_found_when_it_is_bound(engine: ztp.Engine) -> None:
    with pytest.raises(ztp.RequestError, match="fly"):
        engine.bind("fly")
    with pytest.raises(ztp.NotFoundError):
        engine.bind("read", colour="red")
    with pytest.raises(ztp.RequestError):
        engine.bind("read", purpose=["research"])
    with pytest.raises(ztp.RequestError):
        engine.bind("read", principal=("Doc", "plan"))
    with pytest.raises(ztp.RequestError, match="the principal is not set"):
        engine.bind("read")(resource=PLAN, purpose="research")


@pytest.mark.parametrize(
    "wrong", [object(), b"bytes", 2**70, float("nan"), float("inf"), datetime(2030, 1, 1), "\ud800", {1: object()}]
)
def test_values_that_ztp_does_not_have(engine: ztp.Engine, wrong: Any) -> None:
    with pytest.raises((TypeError, ztp.RequestError, UnicodeEncodeError)):
        engine.decide(ANN, "pay", PLAN, amount=wrong, device={"driver": "550.90.07"})


def test_a_value_that_contains_itself_is_refused(engine: ztp.Engine) -> None:
    tags: list[Any] = []
    tags.append(tags)
    with pytest.raises(ztp.RequestError, match="nested too deeply"):
        engine.decide(ANN, "compare", PLAN, tags=tags, owner=ANN)


def test_calls_with_wrong_arguments(engine: ztp.Engine) -> None:
    decide: Any = engine.decide
    for call in (
        lambda: decide(ANN),
        lambda: decide(ANN, "read", PLAN, 1),
        lambda: decide(ANN, "read", PLAN, principal=BOB),
        lambda: decide(ANN, 7, PLAN),
        lambda: engine.bind("read")(ANN, PLAN, None, 4),  # type: ignore[call-arg]
        lambda: engine.bind("read")(ANN, principal=BOB),  # type: ignore[misc]
        lambda: engine.decide(ANN, "read", PLAN, now=datetime(2030, 1, 1), purpose="research"),
        lambda: ztp.Engine(),
    ):
        with pytest.raises(TypeError):
            call()


def test_json_in_and_out(engine: ztp.Engine) -> None:
    request = {
        "subject": {"type": "User", "id": "ann"},
        "action": {"name": "read", "properties": {"purpose": "research"}},
        "resource": {"type": "Doc", "id": "plan"},
    }
    answer = json.loads(engine.decide_json(json.dumps(request)))
    assert answer["decision"] is True
    assert answer["context"]["rules"] == ["lab.read_cleared"]
    explained = json.loads(engine.decide_json(json.dumps(request).encode(), explain=True, now=NOON))
    assert explained["context"]["explanation"][0]["rule"] == "lab.read_cleared"
    assert json.loads(engine.decide_json("{"))["decision"] is False
    own = json.loads(engine.decide(ANN, "read", PLAN, purpose="research").json())
    assert own == answer
    long = {**request, "context": {"at": "2030-01-01T00:00:00Z"}, "more": "x" * 20_000}
    assert json.loads(engine.decide_json(json.dumps(long)))["decision"] is True


def test_every_decision_is_heard_of_before_it_is_given(files: Any) -> None:
    heard: list[tuple[bool, tuple[str, ...]]] = []

    def hear(decision: ztp.Decision) -> None:
        heard.append((decision.allow, tuple(rule.name for rule in decision.rules)))
        if heard[-1][1] == ("lab.closed",):
            raise RuntimeError("the log is full")

    engine = ztp.Engine.load(files / "lab.ztpb", files / "facts.json", on_decision=hear)
    engine.decide(ANN, "read", PLAN, purpose="research")
    engine.bind("read", principal=BOB, resource=PLAN, purpose="research").allows()
    engine.decide_json(
        '{"subject": {"type": "User", "id": "ann"}, "action": {"name": "read", "properties": {"purpose": "research"}},'
        ' "resource": {"type": "Doc", "id": "plan"}}'
    )
    engine.decide_json("{")
    assert heard == [(True, ("lab.read_cleared",)), (False, ()), (True, ("lab.read_cleared",))]
    with pytest.raises(RuntimeError, match="the log is full"):
        engine.decide(ANN, "read", DIARY, purpose="research")


def test_a_callback_may_decide_itself(files: Any) -> None:
    inner: list[bool] = []

    def hear(decision: ztp.Decision) -> None:
        if not inner:
            inner.append(decision.allow)
            inner.append(read.allows(BOB, purpose="sale"))
            inner.append(read.allows(BOB))

    engine = ztp.Engine.load(files / "lab.ztpb", files / "facts.json", on_decision=hear)
    read = engine.bind("read", principal=ANN, resource=NEWS, purpose="research", big=5000)
    assert read().allow
    assert inner == [True, False, True]
    assert read().allow


def test_a_cycle_through_the_callback_is_collected(files: Any) -> None:
    kept: list[ztp.Decision] = []
    engine = ztp.Engine.load(files / "lab.ztpb", files / "facts.json", on_decision=kept.append)
    engine.decide(ANN, "read", PLAN, purpose="research")
    engine.bind("read", principal=ANN)
    gone = weakref.ref(engine)
    del engine, kept
    gc.collect()
    assert gone() is None


def test_a_lease_outlives_names_but_not_what_it_rests_on(engine: ztp.Engine) -> None:
    lease = engine.decide(ANN, "read", PLAN, purpose="research").lease
    assert lease is not None
    assert lease and lease.valid() and lease.check(datetime.now(timezone.utc))
    assert lease.valid_until is None
    assert "valid" in repr(lease)
    engine.revoke()
    assert not lease.valid() and not lease
    assert "void" in repr(lease)


def test_a_lease_ends_with_its_time_and_when_the_clock_goes_back(engine: ztp.Engine) -> None:
    pay = engine.bind("pay", principal=ANN, resource=PLAN, amount=1, device={"driver": "550.90.07"})
    lease = pay(now=NOON, at=NOON + timedelta(minutes=5)).lease
    assert lease is not None
    assert lease.valid_until == NOON + timedelta(minutes=5)
    assert lease.check(NOON + timedelta(minutes=4))
    assert not lease.check(NOON + timedelta(minutes=5))
    assert not lease.check(NOON + timedelta(minutes=4)), "what ended does not begin again"
    back = pay(now=NOON, at=NOON + timedelta(minutes=5)).lease
    assert back is not None and back.check(NOON + timedelta(minutes=1)) and not back.check(NOON)


def test_what_cannot_be_pickled_says_so(engine: ztp.Engine) -> None:
    decision = engine.decide(ANN, "read", PLAN, purpose="research")
    with pytest.raises(TypeError, match=r"\.json\(\)"):
        pickle.dumps(decision)
    with pytest.raises(TypeError, match="decide again"):
        pickle.dumps(decision.lease)
    assert pickle.loads(pickle.dumps(ztp.UNKNOWN)) is ztp.UNKNOWN
    assert pickle.loads(pickle.dumps(decision.rules)) == decision.rules
