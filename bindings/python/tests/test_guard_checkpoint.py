"""Checkpoints: whole or not there, saved and loaded where it is allowed, with what they were made from."""

# ruff: noqa: F811  # fixtures are imported, and are parameters

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import pytest
from guard_world import FACTS, ME, MODEL, dataset, engine, files  # noqa: F401  # fixtures

import ztp
import ztp.guard


def write(state: bytes, file: IO[bytes]) -> None:
    file.write(state)


def read(file: IO[bytes]) -> bytes:
    return file.read()


def checkpoint_of(
    engine: ztp.Engine, folder: Path, lineage: Iterable[Any] = (("Dataset", "a"),), **options: Any
) -> ztp.guard.Checkpoint[bytes]:
    options = {"principal": ME, "save": "save", "load": "load", "load_digest": "sha256", "model": MODEL, **options}
    return ztp.guard.Checkpoint(
        folder / "net.bin", engine, write=write, read=read, lineage=list(lineage), **options
    )


def another_engine(folder: Path, *more: Path) -> ztp.Engine:
    bundle, facts = files(folder)
    return ztp.Engine.load(bundle, [facts, *more])


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"lab.ztpb", "facts.json"}


def test_what_is_saved_is_loaded(engine: ztp.Engine, tmp_path: Path) -> None:
    decision = checkpoint_of(engine, tmp_path).save(b"weights")
    assert decision is not None and decision.allow
    assert checkpoint_of(engine, tmp_path).load() == b"weights"
    assert checkpoint_of(another_engine(tmp_path), tmp_path).load() == b"weights"
    assert left_in(tmp_path) == {"net.bin", "net.bin.facts.json"}
    assert (tmp_path / "net.bin").read_bytes() == b"weights"


def test_the_record_is_a_facts_file(engine: ztp.Engine, tmp_path: Path) -> None:
    checkpoint_of(engine, tmp_path, [("Dataset", "b"), ("Dataset", "a")], attributes={"hold": False}).save(b"w")
    record = tmp_path / "net.bin.facts.json"
    assert json.loads(record.read_text()) == [
        {
            "uid": {"type": "Model", "id": "net"},
            "attrs": {"hold": False, "digest": "sha256:" + hashlib.sha256(b"w").hexdigest()},
            "derives": [{"type": "Dataset", "id": "a"}, {"type": "Dataset", "id": "b"}],
        }
    ]
    elsewhere = another_engine(tmp_path, record)
    assert elsewhere.decide(ME, "deploy", MODEL).allow


def test_the_label_is_the_join_of_what_it_was_trained_on(engine: ztp.Engine, tmp_path: Path) -> None:
    engine.facts.upsert(dataset("mid", level="confidential"))
    rows = ztp.guard.Rows(engine, "read", ["a", "mid"], resource_type="Dataset", principal=ME)
    checkpoint = checkpoint_of(engine, tmp_path, [rows])
    rows.admit(0)
    checkpoint.save(b"1")
    assert engine.decide(ME, "deploy", MODEL).allow  # internal
    rows.admit(1)
    checkpoint.save(b"2")
    assert not engine.decide(ME, "deploy", MODEL).allow  # confidential from here on
    elsewhere = another_engine(tmp_path)
    elsewhere.facts.upsert(dataset("mid", level="confidential"))
    checkpoint_of(elsewhere, tmp_path).load()
    assert not elsewhere.decide(ME, "deploy", MODEL).allow


def test_a_save_that_is_denied_leaves_the_one_before(engine: ztp.Engine, tmp_path: Path) -> None:
    lineage = ztp.guard.Lineage(("Dataset", "a"))
    checkpoint = checkpoint_of(engine, tmp_path, lineage=[lineage])
    checkpoint.save(b"first")
    lineage.add(("Dataset", "secret"))  # above the clearance
    with pytest.raises(ztp.Denied) as denied:
        checkpoint.save(b"second")
    assert denied.value.decision is not None
    assert left_in(tmp_path) == {"net.bin", "net.bin.facts.json"}
    assert checkpoint_of(another_engine(tmp_path), tmp_path).load() == b"first"


def test_a_first_save_that_is_denied_leaves_nothing(engine: ztp.Engine, tmp_path: Path) -> None:
    checkpoint = checkpoint_of(engine, tmp_path, [("Dataset", "secret")])
    with pytest.raises(ztp.Denied):
        checkpoint.save(b"x")
    assert left_in(tmp_path) == set()
    with pytest.raises(ztp.NotFoundError):
        engine.facts.delete("Model", "net")  # nothing is left in the facts either


def test_lineage_that_is_not_known_denies(engine: ztp.Engine, tmp_path: Path) -> None:
    with pytest.raises(ztp.Denied) as denied:
        checkpoint_of(engine, tmp_path, [("Dataset", "nobody-knows")]).save(b"x")
    assert denied.value.decision is not None and denied.value.decision.unknown


def test_facts_that_the_policy_does_not_take_leave_nothing(engine: ztp.Engine, tmp_path: Path) -> None:
    with pytest.raises(ztp.FactsError):
        checkpoint_of(engine, tmp_path, attributes={"colour": "red"}).save(b"x")
    with pytest.raises(ztp.FactsError):
        checkpoint_of(engine, tmp_path, []).save(b"x")  # made from nothing, it would need a label of its own
    assert left_in(tmp_path) == set()


def test_a_load_that_is_denied_reads_nothing(engine: ztp.Engine, tmp_path: Path) -> None:
    checkpoint_of(engine, tmp_path).save(b"weights")
    elsewhere = another_engine(tmp_path)
    elsewhere.facts.upsert(dataset("a", hold=True))
    parsed: list[bytes] = []
    checkpoint = ztp.guard.Checkpoint(
        tmp_path / "net.bin",
        elsewhere,
        MODEL,
        write=write,
        read=lambda file: parsed.append(file.read()),
        principal=ME,
        load="load",
        load_digest="sha256",
    )
    with pytest.raises(ztp.Denied) as denied:
        checkpoint.load()
    assert denied.value.decision is not None and denied.value.decision.reason == "under legal hold"
    assert parsed == []


@pytest.mark.parametrize("damage", [b"", b"weight", b"weights!", b"WEIGHTS"])
def test_other_bytes_are_not_loaded(engine: ztp.Engine, tmp_path: Path, damage: bytes) -> None:
    checkpoint = checkpoint_of(engine, tmp_path)
    checkpoint.save(b"weights")
    (tmp_path / "net.bin").write_bytes(damage)
    with pytest.raises(ztp.guard.CheckpointError, match="no record"):
        checkpoint.load()


@pytest.mark.parametrize(
    "record",
    ["", "[]", "{}", "[1]", "[{}]", "[" * 100_000, '[{"uid": {"type": "Model", "id": "other"}, "attrs": {}}]', "[]]"],
)
def test_a_damaged_record_is_refused(engine: ztp.Engine, tmp_path: Path, record: str) -> None:
    checkpoint = checkpoint_of(engine, tmp_path)
    checkpoint.save(b"weights")
    checkpoint.record.write_text(record)
    with pytest.raises(ztp.guard.CheckpointError):
        checkpoint.load()
    checkpoint.record.unlink()
    with pytest.raises(ztp.guard.CheckpointError):
        checkpoint.load()


def test_an_older_checkpoint_that_was_put_back_is_not_the_model(engine: ztp.Engine, tmp_path: Path) -> None:
    checkpoint = checkpoint_of(engine, tmp_path)
    checkpoint.save(b"old")
    old = {path: path.read_bytes() for path in (checkpoint.path, checkpoint.record)}
    checkpoint.save(b"new")
    for path, data in old.items():
        path.write_bytes(data)
    with pytest.raises(ztp.Denied):  # the engine's facts have the digest of the new one
        checkpoint.load()


def test_what_others_said_of_the_model_stays_when_it_is_loaded(engine: ztp.Engine, tmp_path: Path) -> None:
    checkpoint_of(engine, tmp_path).save(b"weights")
    elsewhere = another_engine(tmp_path, tmp_path / "net.bin.facts.json")
    held = json.loads((tmp_path / "net.bin.facts.json").read_text())[0]
    held["attrs"]["hold"] = True
    elsewhere.facts.upsert(held)
    with pytest.raises(ztp.Denied):
        checkpoint_of(elsewhere, tmp_path).load()
    with pytest.raises(ztp.Denied):
        checkpoint_of(elsewhere, tmp_path).save(b"over it")
    assert (tmp_path / "net.bin").read_bytes() == b"weights"


def test_training_that_is_resumed_forgets_nothing(engine: ztp.Engine, tmp_path: Path) -> None:
    checkpoint_of(engine, tmp_path, [("Dataset", "a")]).save(b"1")
    resumed = checkpoint_of(engine, tmp_path, [("Dataset", "b")])
    resumed.load()
    resumed.save(b"2")
    assert sorted(resumed.lineage.origins()) == [("Dataset", "a"), ("Dataset", "b")]
    record = json.loads(resumed.record.read_text())[0]
    assert [origin["id"] for origin in record["derives"]] == ["a", "b"]


def test_a_model_made_from_another_derives_from_it_and_not_from_itself(engine: ztp.Engine, tmp_path: Path) -> None:
    checkpoint_of(engine, tmp_path, [("Dataset", "a")]).save(b"1")
    child = checkpoint_of(engine, tmp_path, [MODEL, ("Model", "child")], model=("Model", "child"))
    child.path = tmp_path / "child.bin"
    child.save(b"2")
    assert json.loads(child.record.read_text())[0]["derives"] == [{"type": "Model", "id": "net"}]
    engine.facts.upsert(dataset("a", hold=True))
    assert not engine.decide(ME, "deploy", ("Model", "child")).allow


def test_without_actions_nothing_is_asked(engine: ztp.Engine, tmp_path: Path) -> None:
    checkpoint = checkpoint_of(engine, tmp_path, [("Dataset", "secret")], save=None, load=None, principal=None)
    assert checkpoint.save(b"x") is None
    assert checkpoint.load() == b"x"
    with pytest.raises(TypeError, match="principal"):
        checkpoint_of(engine, tmp_path, principal=None)  # who asks?


def test_attributes_come_as_python_has_them(engine: ztp.Engine, tmp_path: Path) -> None:
    label = {"level": "internal", "tags": {"pii"}}
    checkpoint_of(engine, tmp_path, attributes=lambda: {"label": label}).save(b"x")
    record = json.loads((tmp_path / "net.bin.facts.json").read_text())[0]
    assert record["attrs"]["label"] == {"level": "internal", "tags": ["pii"]}


# ---- whatever happens, a whole checkpoint is there ----


def test_a_writer_that_fails_leaves_the_one_before(engine: ztp.Engine, tmp_path: Path) -> None:
    checkpoint_of(engine, tmp_path).save(b"weights")

    def broken(state: bytes, file: IO[bytes]) -> None:
        file.write(b"half")
        raise OSError("disk full")

    checkpoint = checkpoint_of(engine, tmp_path)
    checkpoint._write = broken
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save(b"x")
    assert left_in(tmp_path) == {"net.bin", "net.bin.facts.json"}
    assert checkpoint.load() == b"weights"


@pytest.mark.parametrize("renames", [0, 1, 2])
def test_a_save_that_is_cut_short_at_a_rename(
    engine: ztp.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    checkpoint_of(engine, tmp_path).save(b"old")
    real = os.replace
    left = renames

    def replace(source: Any, target: Any) -> None:
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        with pytest.raises(KeyboardInterrupt):
            checkpoint_of(engine, tmp_path).save(b"new")

    def there() -> bytes:
        return checkpoint_of(another_engine(tmp_path), tmp_path).load()

    assert there() == (b"new" if renames == 2 else b"old")
    # And again: what the first attempt left does not spoil the second, wherever that is cut short.
    left = renames
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        with pytest.raises(KeyboardInterrupt):
            checkpoint_of(another_engine(tmp_path), tmp_path).save(b"newer")
    assert there() in (b"old", b"new", b"newer")
    checkpoint_of(another_engine(tmp_path), tmp_path).save(b"last")
    assert there() == b"last"


SAVER = """
import sys, pathlib, ztp, ztp.guard
from test_guard_checkpoint import checkpoint_of, another_engine
folder = pathlib.Path(sys.argv[1])
checkpoint = checkpoint_of(another_engine(folder), folder)
for step in range(1, 10**9):
    checkpoint.save(b"%d " % step * 20_000)
    if step == 1:
        print("first", flush=True)
"""


def test_a_process_that_is_killed_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    files(tmp_path)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    for attempt in range(6):
        saver = subprocess.Popen(
            [sys.executable, "-c", SAVER, str(tmp_path)], stdout=subprocess.PIPE, env=environment
        )
        assert saver.stdout is not None
        saver.stdout.readline()
        time.sleep(0.013 * attempt)
        saver.send_signal(signal.SIGKILL)
        saver.wait()
        saver.stdout.close()
        state = checkpoint_of(another_engine(tmp_path), tmp_path).load()
        step = state.split(b" ", 1)[0]
        assert state == (step + b" ") * 20_000
    checkpoint_of(another_engine(tmp_path), tmp_path).save(b"last")
    assert left_in(tmp_path) == {"net.bin", "net.bin.facts.json"}  # what killed processes left half-written is gone


def test_who_reads_while_it_is_saved_gets_a_whole_one(tmp_path: Path) -> None:
    files(tmp_path)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    saver = subprocess.Popen([sys.executable, "-c", SAVER, str(tmp_path)], stdout=subprocess.PIPE, env=environment)
    try:
        assert saver.stdout is not None
        saver.stdout.readline()
        reader = checkpoint_of(another_engine(tmp_path), tmp_path, load_digest=None, load=None)
        seen: set[bytes] = set()
        while len(seen) < 10:
            assert saver.poll() is None
            state = reader.load()
            step = state.split(b" ", 1)[0]
            assert state == (step + b" ") * 20_000
            seen.add(step)
    finally:
        saver.kill()
        saver.wait()
        assert saver.stdout is not None
        saver.stdout.close()
