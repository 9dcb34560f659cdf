"""Leases, steps and guarded functions: work that stops when it is no longer allowed."""

# ruff: noqa: F811  # fixtures are imported, and are parameters

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any

import pytest
from guard_world import ME, TEAM, dataset, engine, page, paged, soon  # noqa: F401  # fixtures

import ztp
import ztp.guard


class Question:
    """May it train? Counts how often that is asked, and can be told to answer no."""

    def __init__(self, engine: ztp.Engine, seconds: float | None = None) -> None:
        self.engine = engine
        self.seconds = seconds
        self.asked = 0
        self.well = True

    def __call__(self) -> ztp.Decision:
        self.asked += 1
        until: datetime | None = None if self.seconds is None else soon(self.seconds)
        return self.engine.decide(ME, "train", TEAM, well=self.well, until=until)


def test_a_guard_holds_until_it_is_revoked_and_asks_once(engine: ztp.Engine) -> None:
    ask = Question(engine)
    with ztp.guard.lease(ask) as guard:
        for _ in range(100):
            guard.check()
        assert ask.asked == 1
        engine.revoke()
        assert not guard.valid()
        guard.check()  # asked again: it is still allowed
        guard.check()
        assert ask.asked == 2 and guard.valid()
        ask.well = False
        guard.check()  # nobody revoked: the lease is a promise
        engine.revoke()
        with pytest.raises(ztp.Denied) as denied:
            guard.check()
        assert denied.value.decision is guard.decision
        assert guard.decision is not None and not guard.decision.allow
        ask.well = True
        guard.check()  # who asks again later may be allowed again
    assert not guard.valid()
    with pytest.raises(ztp.Denied):
        guard.check()  # void outside


def test_a_guard_that_is_denied_on_entry_runs_nothing(engine: ztp.Engine) -> None:
    ask = Question(engine)
    ask.well = False
    with pytest.raises(ztp.Denied):
        with ztp.guard.lease(ask):
            pytest.fail("not allowed")


def test_an_older_check_of_a_guard_follows_its_renewal(engine: ztp.Engine) -> None:
    ask = Question(engine)
    guard = ztp.guard.Guard(ask)
    guard.check()
    old = guard.check
    engine.revoke()
    guard.check()
    old()
    assert ask.asked == 2


def test_a_lease_or_a_decision_alone_cannot_be_asked_again(engine: ztp.Engine) -> None:
    decision = engine.decide(ME, "train", TEAM, well=True)
    assert decision.lease is not None
    for once in (ztp.guard.lease(decision), ztp.guard.lease(decision.lease)):
        once.check()
    engine.revoke()
    for once in (ztp.guard.lease(decision), ztp.guard.lease(decision.lease)):
        with pytest.raises(ztp.Denied):
            once.check()
    with pytest.raises(ztp.Denied):
        ztp.guard.lease(engine.decide(ME, "train", TEAM, well=False)).check()
    with pytest.raises(TypeError):
        ztp.guard.lease("train")  # type: ignore[arg-type]


def test_a_bound_request_is_a_question(engine: ztp.Engine) -> None:
    bound = engine.bind("train", principal=ME, resource=TEAM, well=True)
    assert list(ztp.guard.steps(range(5), bound)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("on_stop", ["raise", "end"])
def test_a_loop_stops_within_one_step_of_a_revocation(engine: ztp.Engine, on_stop: Any) -> None:
    ask = Question(engine)
    saved: list[int] = []
    done: list[int] = []
    run = ztp.guard.steps(range(100), ask, on_stop=on_stop, checkpoint=lambda: saved.append(len(done)))

    def loop() -> None:
        for step in run:
            done.append(step)
            if step == 2:
                engine.revoke()  # it is still allowed: goes on
            if step == 6:
                ask.well = False
                engine.revoke()

    if on_stop == "raise":
        with pytest.raises(ztp.Denied) as denied:
            loop()
        assert denied.value is run.stopped
    else:
        loop()
    assert done == list(range(7))
    assert saved == [7]
    assert ask.asked == 3
    assert run.stopped is not None and run.stopped.decision is not None and not run.stopped.decision.allow


def test_a_loop_that_is_done_is_not_stopped(engine: ztp.Engine) -> None:
    saved: list[int] = []
    run = ztp.guard.steps([1, 2], Question(engine), checkpoint=lambda: saved.append(1))
    assert list(run) == [1, 2] and run.stopped is None and saved == [] and len(run) == 2
    assert list(run) == [1, 2]  # again, like any iterable


def test_nothing_is_read_of_a_loop_that_may_not_begin(engine: ztp.Engine) -> None:
    ask = Question(engine)
    ask.well = False
    read: list[int] = []

    def items() -> Iterator[int]:
        read.append(1)
        yield 1

    run = ztp.guard.steps(items(), ask, on_stop="end")
    assert list(run) == [] and read == [] and run.stopped is not None


def test_a_lease_that_runs_out_is_extended_by_new_evidence_until_there_is_none(engine: ztp.Engine) -> None:
    ask = Question(engine, seconds=0.05)
    steps = 0
    began = time.monotonic()
    with pytest.raises(ztp.Denied):
        for _ in ztp.guard.steps(iter(int, 1), ask):  # without end
            steps += 1
            time.sleep(0.001)
            if time.monotonic() - began > 0.2:
                ask.well = False
    assert ask.asked >= 3  # asked again at each end, and only then
    assert ask.asked <= steps / 5


def test_the_checkpoint_hook_may_be_denied_too(engine: ztp.Engine) -> None:
    ask = Question(engine)

    def hook() -> None:
        raise ztp.Denied(engine.decide(ME, "train", TEAM, well=False))

    run = ztp.guard.steps(range(9), ask, on_stop="end", checkpoint=hook)
    for _ in run:
        ask.well = False
        engine.revoke()
    assert run.stopped is not None and run.not_saved is not None and run.not_saved is not run.stopped


def test_a_row_that_is_denied_stops_the_loop_like_a_revocation(engine: ztp.Engine) -> None:
    rows = ztp.guard.Rows(engine, "read", ["a"] * 3 + ["b"] * 3, resource_type="Dataset", principal=ME)
    saved: list[int] = []
    run = ztp.guard.steps(rows, Question(engine), on_stop="end", checkpoint=lambda: saved.append(1))
    done = []
    for row in run:
        done.append(row)
        if row == 1:
            engine.facts.upsert(dataset("b", open=False))
    assert done == [0, 1, 2] and saved == [1]
    assert run.stopped is not None and 'Dataset::"b"' in str(run.stopped)


REVOKE = """
import sys, ztp
page = ztp.Epoch.open(sys.argv[1], write=True)
page.halt() if sys.argv[2] == "halt" else page.revoke()
"""


@pytest.mark.parametrize("how", ["revoke", "halt"])
def test_another_process_stops_the_loop_through_the_page(
    paged: ztp.Engine, tmp_path: Any, page: ztp.Epoch, how: str
) -> None:
    ask = Question(paged)
    done = 0
    run = ztp.guard.steps(range(100), ask, on_stop="end")
    for step in run:
        done += 1
        if step == 3:
            subprocess.run([sys.executable, "-c", REVOKE, str(tmp_path / "epoch"), how], check=True, env=environment())
    if how == "revoke":  # allowed again at once
        assert done == 100 and ask.asked == 2
    else:
        assert done == 4 and run.stopped is not None
        assert run.stopped.decision is not None and run.stopped.decision.halted


def environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


# ---- obligations ----


def test_an_obligation_that_nobody_carries_out_denies(engine: ztp.Engine) -> None:
    bound = engine.bind("audited", principal=ME, resource=TEAM)
    with pytest.raises(ztp.Denied, match="audit"):
        ztp.guard.lease(bound).check()
    with pytest.raises(ztp.Denied, match="audit"):
        ztp.guard.lease(bound()).check()
    heard: list[str] = []
    with ztp.guard.lease(bound, oblige={"audit": lambda level: heard.append(level)}) as guard:
        guard.check()
        assert heard == ["full"]
        engine.revoke()
        guard.check()
        assert heard == ["full", "full"]  # each decision obliges


# ---- guarded functions ----


def by_name(name: str, **_: Any) -> ztp.Entity:
    return ztp.Entity("Dataset", name)


def test_a_guarded_function_runs_only_where_it_is_allowed(engine: ztp.Engine) -> None:
    calls: list[str] = []

    @ztp.guarded(engine.bind("read", principal=ME), resource=by_name)
    def load(name: str, *, twice: bool = False) -> str:
        """Loads it."""
        calls.append(name)
        return name * (2 if twice else 1)

    assert load("a", twice=True) == "aa"
    assert load.__name__ == "load" and load.__doc__ == "Loads it."
    with pytest.raises(ztp.Denied) as denied:
        load("secret")
    assert denied.value.decision is not None and not denied.value.decision.allow
    assert calls == ["a"]
    engine.facts.upsert(dataset("a", open=False))
    with pytest.raises(ztp.Denied):  # decided anew at each call
        load("a")


def test_a_guarded_functions_values_come_from_its_arguments(engine: ztp.Engine) -> None:
    @ztp.guarded(
        engine.bind("read", principal=ME),
        resource=ztp.Entity("Dataset", "a"),
        values={"purpose": lambda purpose: purpose},
    )
    def use(purpose: str) -> str:
        return purpose

    assert use("research") == "research"
    with pytest.raises(ztp.Denied):
        use("advertising")


def test_a_guarded_functions_obligations_are_carried_out_before_it_runs(engine: ztp.Engine) -> None:
    heard: list[str] = []

    bound = engine.bind("audited", principal=ME, resource=TEAM)

    @ztp.guarded(bound, oblige={"audit": lambda level: heard.append(level)})
    def run() -> None:
        heard.append("ran")

    run()
    assert heard == ["full", "ran"]

    @ztp.guarded(bound)
    def careless() -> None:
        pytest.fail("nobody carries the obligation out")

    with pytest.raises(ztp.Denied):
        careless()


def test_an_item_of_a_guarded_generator_is_a_step(engine: ztp.Engine) -> None:
    @ztp.guarded(engine.bind("read", principal=ME), resource=by_name)
    def lines(name: str) -> Iterator[int]:
        yield from range(10)

    seen = []
    with pytest.raises(ztp.Denied):
        for line in lines("a"):
            seen.append(line)
            if line == 4:
                engine.facts.upsert(dataset("a", open=False))
    assert seen == [0, 1, 2, 3, 4]


def test_guarded_coroutines_and_asynchronous_generators(engine: ztp.Engine) -> None:
    guard = ztp.guarded(engine.bind("read", principal=ME), resource=by_name)

    @guard
    async def load(name: str) -> str:
        await asyncio.sleep(0)
        return name

    @guard
    async def lines(name: str) -> AsyncIterator[int]:
        for line in range(10):
            yield line

    async def main() -> list[int]:
        assert await load("a") == "a"
        with pytest.raises(ztp.Denied):
            await load("secret")
        seen = []
        with pytest.raises(ztp.Denied):
            async for line in lines("b"):
                seen.append(line)
                if line == 2:
                    engine.facts.upsert(dataset("b", open=False))
        return seen

    assert asyncio.run(main()) == [0, 1, 2]
