"""What is in force: loading, reloading, changes of facts, the epoch page, errors."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
import warnings
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from conftest import ANN, BOB, DIARY, FACTS, NEWS, PLAN, POLICY, doc

import ztp


def may_read(engine: ztp.Engine, who: ztp.Entity = ANN, what: ztp.EntityLike = PLAN) -> bool:
    return engine.decide(who, "read", what, purpose="research").allow


# ---- Loading ----


@pytest.mark.parametrize("policy", ["lab.ztpb", "source", "source/lab.ztp"])
def test_policies_come_from_bundles_sources_and_folders(files: Path, policy: str) -> None:
    engine = ztp.Engine.load(files / policy, [files / "facts.json"])
    assert may_read(engine)
    assert may_read(ztp.Engine.load(str(files / policy), str(files / "facts.json")))
    assert len(engine.facts) == 7


def test_policies_come_from_bytes(files: Path) -> None:
    engine = ztp.Engine.load(ztp.compile_text(POLICY, "lab.ztp"), files / "facts.json")
    assert may_read(engine)
    assert engine.policy_digest == ztp.Engine.load(files / "lab.ztpb").policy_digest
    with pytest.raises(ztp.MisuseError):
        engine.reload()
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(engine)


def test_the_same_sources_make_the_same_bytes(files: Path) -> None:
    assert ztp.compile(files / "source") == ztp.compile(files / "source")


def test_what_the_compiler_warns_of_is_a_warning() -> None:
    with pytest.warns(ztp.PolicyWarning, match="ZTP"):
        ztp.compile_text(
            "ztp 1\npackage p\nentity E { s: Set<Int> }\naction go on E by E\n"
            "permit p { principal e: E action go resource E when all(x in e.s: x > 1) }\n"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ztp.compile_text(POLICY)


def test_reload_reads_the_files_again(tmp_path: Path) -> None:
    facts, policy = tmp_path / "facts.json", tmp_path / "lab.ztp"
    facts.write_text(json.dumps(FACTS))
    policy.write_text(POLICY)
    engine = ztp.Engine.load(policy, facts)
    lease = engine.decide(ANN, "read", PLAN, purpose="research").lease
    assert lease is not None
    facts.write_text(json.dumps([*FACTS, doc("more")]))
    engine.reload()
    assert may_read(engine, what=("Doc", "more"))
    assert not lease.valid(), "leases end"
    policy.write_text("nonsense")
    with pytest.raises(ztp.PolicyError):
        engine.reload()
    assert may_read(engine), "what was in force stays"


def test_replace_puts_policy_and_facts_in_force_together(files: Path, engine: ztp.Engine, tmp_path: Path) -> None:
    before = engine.policy_digest
    bound = engine.bind("read", principal=ANN, resource=PLAN, purpose="research")
    other = POLICY.replace('== "research"', '== "sale"')
    engine.replace(policy=ztp.compile_text(other), facts=files / "facts.json")
    assert engine.policy_digest != before
    assert not bound.allows()
    assert bound.allows(purpose="sale")
    fewer = tmp_path / "fewer.json"
    fewer.write_text(json.dumps([FACTS[0]]))
    engine.replace(facts=fewer)
    assert len(engine.facts) == 1
    engine.replace(policy=files / "lab.ztpb", facts=[files / "facts.json"])
    assert engine.policy_digest == before
    assert bound.allows()


# ---- Facts ----


def test_single_changes_of_facts(engine: ztp.Engine) -> None:
    version = engine.facts.version
    assert not may_read(engine, what=("Doc", "new"))
    engine.facts.upsert(doc("new"))
    assert may_read(engine, what=("Doc", "new"))
    assert len(engine.facts) == 8
    engine.facts.delete("Doc", "new")
    assert engine.facts.version == version, "by content"
    engine.facts.upsert(json.dumps([doc("x"), doc("y")]))
    engine.facts.upsert(doc(name) for name in ("u", "v"))
    engine.facts.upsert(json.dumps(doc("z")).encode())
    assert len(engine.facts) == 12


def test_an_entity_is_read_as_it_was_stored(engine: ztp.Engine) -> None:
    engine.facts.upsert(doc("new"))
    version = engine.facts.version
    got = engine.facts.get("Doc", "new")
    assert got is not None and got["uid"] == {"type": "Doc", "id": "new"}
    assert got["attrs"]["tags"] == doc("new")["attrs"]["tags"]
    engine.facts.upsert(got)
    assert engine.facts.version == version, "the same content"
    engine.facts.delete("Doc", "new")
    assert engine.facts.get("Doc", "new") is None
    assert engine.facts.get("Dco", "new") is None


def test_values_of_python_in_facts(engine: ztp.Engine) -> None:
    engine.facts.upsert({"uid": ztp.Entity("Doc", "new"), "attrs": {**doc("new")["attrs"], "owner": ANN, "tags": {"a"}}})
    assert engine.decide(ANN, "compare", ("Doc", "new"), tags={"a"}, owner=ANN)


def test_edges(engine: ztp.Engine) -> None:
    assert engine.decide(ANN, "load", ("Model", "m"))
    engine.facts.upsert(doc("trade", "secret"))
    engine.facts.add_origin(("Model", "m"), 'Doc::"trade"')
    assert engine.decide(ANN, "load", ("Model", "m"))
    assert not engine.decide(BOB, "load", ("Model", "m"))
    engine.facts.add_parent(BOB, ("Team", "lab"))
    with pytest.raises(ztp.FactsError, match="cycle"):
        engine.facts.add_origin(("Model", "m"), ("Model", "m"))


def test_changes_come_together_or_not_at_all(engine: ztp.Engine) -> None:
    with pytest.raises(ztp.NotFoundError), engine.facts.change() as change:
        change.upsert(doc("new"))
        change.delete("Doc", "was-never-there")
    assert len(engine.facts) == 7
    with pytest.raises(ZeroDivisionError), engine.facts.change() as change:
        change.upsert(doc("new"))
        raise ZeroDivisionError
    assert len(engine.facts) == 7
    generation = engine.generation
    with engine.facts.change() as change:
        change.upsert(doc("new"))
        change.delete("Doc", "plan")
    assert len(engine.facts) == 7
    assert engine.generation == generation + 1


def test_facts_files(engine: ztp.Engine, files: Path, tmp_path: Path) -> None:
    engine.facts.upsert(doc("new"))
    engine.facts.write(tmp_path / "facts.ztpf")
    again = ztp.Engine.load(files / "lab.ztpb", tmp_path / "facts.ztpf")
    assert again.facts.version == engine.facts.version
    assert may_read(again, what=("Doc", "new"))


# ---- The epoch page ----


def test_the_epoch_page_ends_leases_of_every_engine(files: Path, tmp_path: Path) -> None:
    with ztp.Epoch.create(tmp_path / "epoch") as owner:
        engine = ztp.Engine.load(files / "lab.ztpb", files / "facts.json", epoch=tmp_path / "epoch")
        read = engine.bind("read", principal=ANN, resource=PLAN, purpose="research")
        lease = read().lease
        assert lease is not None and lease.valid()
        value = owner.value
        owner.revoke()
        assert owner.value != value
        assert not lease.valid()
        assert read.allows(), "who asks again is allowed again"
        owner.halt()
        assert owner.value is None
        halted = read()
        assert (halted.allow, halted.halted, halted.reason) == (False, True, "halted")
        assert json.loads(halted.json())["decision"] is False
        assert "halted" in str(halted)
        owner.release()
        assert read.allows()
        owner.keep_until(datetime.now(timezone.utc) - timedelta(seconds=1))
        assert not read.allows()
        owner.keep_until(None)
        assert read.allows()
    with pytest.raises(ztp.MisuseError, match="closed"):
        owner.revoke()
    assert read.allows(), "the engine holds the page itself"


def test_epoch_pages_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(ztp.NotFoundError):
        ztp.Epoch.open(tmp_path / "nowhere")
    (tmp_path / "other").write_text("something else")
    with pytest.raises(ztp.FactsError):
        ztp.Epoch.open(tmp_path / "other")
    with ztp.Epoch.create(tmp_path / "epoch"), pytest.raises(ztp.Error):
        ztp.Epoch.open(tmp_path / "epoch").revoke()
    with pytest.raises(TypeError):
        ztp.Epoch()


# ---- Errors ----


def test_a_policy_with_mistakes_names_each_with_its_place(tmp_path: Path) -> None:
    bad = tmp_path / "bad.ztp"
    bad.write_text("ztp 1\npackage p\nentity E { a: Nope }\naction go on E by Missing\n")
    with pytest.raises(ztp.PolicyError) as caught:
        ztp.compile(bad)
    error = caught.value
    assert error.code == "bad_policy"
    assert isinstance(error, ztp.Error)
    assert [(p.line, p.column, p.end_line, p.end_column) for p in error.problems] == [(3, 15, 3, 19), (4, 19, 4, 26)]
    for problem in error.problems:
        assert problem.id.startswith("ZTP")
        assert problem.file.endswith("bad.ztp")
        assert problem.message
    assert "bad.ztp:3:15" in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.problems) == (type(error), str(error), error.problems)


def test_facts_with_mistakes_name_the_path(engine: ztp.Engine) -> None:
    with pytest.raises(ztp.FactsError) as caught:
        engine.facts.upsert([doc("new", colour="red"), doc("newer", size="big")])
    assert len(caught.value.problems) == 2
    assert all(problem.path.startswith("$[") for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("kind", "call"),
    [
        (ztp.NotFoundError, lambda engine, files: ztp.Engine.load(files / "nowhere.ztpb")),
        (ztp.PolicyError, lambda engine, files: ztp.Engine.load(files / "facts.json")),
        (ztp.FactsError, lambda engine, files: ztp.Engine.load(files / "lab.ztpb", files / "source" / "lab.ztp")),
        (ztp.PolicyError, lambda engine, files: ztp.Engine.load(b"no bundle")),
        (ztp.RequestError, lambda engine, files: engine.decide(ANN, "fly", PLAN)),
        (ztp.RequestError, lambda engine, files: engine.decide(ANN, "read", BOB, purpose="research")),
        (ztp.RequestError, lambda engine, files: engine.decide(ANN, "read", PLAN)),
        (ztp.NotFoundError, lambda engine, files: engine.facts.delete("Doc", "nothing")),
    ],
)
def test_every_kind_of_error_has_its_class(engine: ztp.Engine, files: Path, kind: type[ztp.Error], call: Any) -> None:
    with pytest.raises(kind) as caught:
        call(engine, files)
    assert caught.value.code == kind.code
    assert type(caught.value) is kind
    assert caught.value.problems


def test_proven_inputs_need_proof_unless_assumed(tmp_path: Path) -> None:
    source = (
        "ztp 1\npackage p\nimport std.ai\nentity E { x: Int }\ninput device: Device proven\naction go on E by E\n"
        "permit go { principal E action go resource E when device.gpu.confidential }\n"
    )
    device = {"gpu": {"confidential": True}}
    for assumed, error in ((False, ztp.NotProvenError), (True, ztp.RequestError)):
        engine = ztp.Engine.load(ztp.compile_text(source), assume_proven=assumed)
        with pytest.raises(error):
            engine.decide(("E", "a"), "go", ("E", "b"), device=device)


def test_a_denial_can_be_raised(engine: ztp.Engine) -> None:
    decision = engine.decide(ANN, "read", DIARY, purpose="research")
    with pytest.raises(ztp.Denied, match="lab.closed") as caught:
        raise ztp.Denied(decision)
    assert caught.value.decision is decision


# ---- Other processes ----


def test_pickled_it_is_loaded_again_from_its_files(engine: ztp.Engine, files: Path) -> None:
    again: ztp.Engine = pickle.loads(pickle.dumps(engine))
    assert again is not engine
    assert may_read(again)
    engine.facts.upsert(doc("new"))
    assert not may_read(pickle.loads(pickle.dumps(engine)), what=("Doc", "new")), "files, not content"
    bound = engine.bind("read", principal=ANN, purpose="research", can=["audit"])
    same: ztp.Bound = pickle.loads(pickle.dumps(bound))
    assert repr(same) == repr(bound)
    assert same.allows(resource=PLAN)
    assert copy.deepcopy(bound).allows(resource=NEWS) is bound.allows(resource=NEWS)


def test_pickled_with_its_epoch_page(files: Path, tmp_path: Path) -> None:
    epoch = ztp.Epoch.create(tmp_path / "epoch")
    engine = ztp.Engine.load(files / "lab.ztpb", files / "facts.json", epoch=epoch)
    again: ztp.Engine = pickle.loads(pickle.dumps(engine))
    lease = again.decide(ANN, "read", PLAN, purpose="research").lease
    assert lease is not None and lease.valid()
    epoch.revoke()
    assert not lease.valid()


def test_a_subinterpreter_is_refused() -> None:
    code = (
        "try:\n    import _xxsubinterpreters as sub\nexcept ImportError:\n    import _interpreters as sub\n"
        "import ztp\nthere = sub.create()\n"
        "try:\n    failed = sub.run_string(there, 'import ztp')\nexcept Exception as error:\n    failed = error\n"
        "print(failed)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ})
    assert done.returncode == 0, done.stderr
    assert "subinterpreter" in done.stdout
