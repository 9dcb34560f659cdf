"""Threads and processes: the GIL is free while batches are decided, one engine serves all threads, forks are safe."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ANN, BOB, DIARY, NEWS, PLAN, doc

import ztp

ROWS = 400_000


@pytest.fixture(scope="module")
def columns() -> dict[str, Any]:
    pa = pytest.importorskip("pyarrow")
    return {"doc": pa.array(["plan", "news"] * (ROWS // 2))}


def decide(engine: ztp.Engine, columns: dict[str, Any]) -> ztp.BatchResult:
    shared: dict[str, Any] = {"values": {"purpose": ztp.Constant("research")}}
    return engine.decide_batch("read", columns, principal=ANN, resource="doc", resource_type="Doc", **shared)


@pytest.fixture
def no_switching() -> Iterator[None]:
    """No thread has to give up the GIL: another one runs only while it is given up on purpose."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("no_switching")
def test_another_thread_makes_progress_meanwhile(engine: ztp.Engine, columns: dict[str, Any]) -> None:
    stop = False
    count = 0

    def work() -> None:
        nonlocal count
        while not stop:
            count += 1
            time.sleep(0)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        before = count
        sum(range(1_000_000))
        assert count == before, "C code that keeps the GIL: the control"
        decide(engine, columns)
        assert count > before
    finally:
        stop = True
        thread.join()


@pytest.mark.usefixtures("no_switching")
def test_two_threads_decide_batches_at_once(engine: ztp.Engine, columns: dict[str, Any]) -> None:
    events: list[str] = []
    first_begins = threading.Event()

    def first() -> None:
        first_begins.set()
        events.append("first in")
        decide(engine, columns)
        events.append("first out")

    def second() -> None:
        first_begins.wait()
        events.append("second in")
        decide(engine, columns)
        events.append("second out")

    both([second, first])
    assert set(events[:2]) == {"first in", "second in"}, events


def both(works: list[Callable[[], None]]) -> None:
    failed: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def test_one_engine_and_one_bound_request_serve_all_threads(engine: ztp.Engine) -> None:
    read = engine.bind("read", purpose="research")
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            assert read.allows(ANN, PLAN)
            assert not read.allows(BOB, PLAN)
            assert read(ANN, DIARY).rules[0].name == "lab.closed"
            assert read.allows(ANN, NEWS, big=5000)
            assert not read.allows(ANN, NEWS)
            assert engine.decide(ANN, "read", PLAN, purpose="research").allow
            assert list(
                engine.decide_batch("read", {"d": ["plan", "news"]}, principal=ANN, resource="d", resource_type="Doc",
                                    values={"purpose": "research"})
            ) == [True, False]

    def change() -> None:
        try:
            for i in range(60):
                engine.facts.upsert(doc(f"more-{i}"))
                engine.revoke()
        finally:
            stop.set()

    both([ask, ask, ask, change])
    assert len(engine.facts) == 67


def test_threads_come_and_go(engine: ztp.Engine) -> None:
    read = engine.bind("read", principal=ANN, resource=PLAN, purpose="research")

    def ask() -> None:
        assert read.allows()

    for _ in range(200):
        both([ask])


def test_bound_requests_come_and_go(engine: ztp.Engine) -> None:
    for _ in range(300):
        some = [engine.bind("read", principal=who, resource=PLAN, purpose="research") for who in (ANN, BOB)]
        assert [bound.allows() for bound in some] == [True, False]
    decision = engine.bind("read", principal=ANN, resource=PLAN, purpose="research")()
    assert decision.explanation().startswith("allow by lab.read_cleared"), "though what was bound is gone"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of forks with threads: that is what is tested
def test_forks_amid_work(engine: ztp.Engine, columns: dict[str, Any], tmp_path: Path) -> None:
    stop = threading.Event()
    read = engine.bind("read", principal=ANN, resource=PLAN, purpose="research")
    epoch = ztp.Epoch.create(tmp_path / "epoch")

    def batches() -> None:
        while not stop.is_set():
            decide(engine, columns)

    def changes() -> None:
        while not stop.is_set():
            engine.facts.upsert(doc("more"))

    def forks() -> None:
        try:
            for _ in range(10):
                child = os.fork()
                if child == 0:
                    good = read.allows() and not read.allows(BOB)
                    engine.facts.upsert(doc("child"))
                    good = good and engine.decide(ANN, "read", ("Doc", "child"), purpose="research").allow
                    decide(engine, columns)
                    ztp.compile_text("ztp 1\npackage p\nentity E { }\naction a on E by E\n")
                    os._exit(0 if good else 1)
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        finally:
            stop.set()

    both([batches, changes, forks])
    epoch.close()


def _asked_in_a_worker(read: ztp.Bound) -> tuple[bool, bool]:
    return read.allows(), read.allows(BOB)


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_workers(engine: ztp.Engine, method: str) -> None:
    read = engine.bind("read", principal=ANN, resource=PLAN, purpose="research")
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.apply(_asked_in_a_worker, (read,)) == (True, False)
