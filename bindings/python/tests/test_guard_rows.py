"""Rows and shards: what is not allowed is never read, and what was read is known."""

# ruff: noqa: F811  # fixtures are imported, and are parameters

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from guard_world import ME, Recorder, dataset, engine, page, paged, soon  # noqa: F401  # fixtures

import ztp
import ztp.guard
from ztp.guard_rows import BLOCK

OWNERS = ["a", "secret", "b", "closed", "a", "missing"]


def rows_of(engine: ztp.Engine, owners: Any = OWNERS, **options: Any) -> ztp.guard.Rows:
    return ztp.guard.Rows(engine, "read", owners, **{"resource_type": "Dataset", "principal": ME, **options})


def test_only_allowed_rows_are_ever_asked_for(engine: ztp.Engine) -> None:
    data = Recorder(6)
    guarded: ztp.guard.GuardedSequence[int] = ztp.guard.GuardedSequence(data, rows_of(engine))
    assert len(guarded) == 3 and list(guarded.indices) == [0, 2, 4]
    assert list(guarded) == [0, 2, 4]
    assert guarded[-1] == 4
    with pytest.raises(IndexError):
        guarded[3]
    assert data.reads == [0, 2, 4, 4]


def test_a_denied_row_says_why(engine: ztp.Engine) -> None:
    rows = rows_of(engine)
    with pytest.raises(ztp.Denied, match=r'row 1, Dataset::"secret"') as denied:
        rows.admit(1)
    assert denied.value.decision is not None and not denied.value.decision.allow
    assert rows.decide(0).allow and not rows.decide(5).allow
    assert rows.entity(3) == ("Dataset", "closed") and rows.count == 6 and len(rows) == 3
    assert rows.allowed(0) and not rows.allowed(1)


@pytest.mark.parametrize(
    "owners, options",
    [
        (OWNERS, {}),
        (tuple(OWNERS), {}),
        ([ztp.Entity("Dataset", name) for name in OWNERS], {"resource_type": None}),
        ([("Dataset", name) for name in OWNERS], {"resource_type": None}),
        ([{"type": "Dataset", "id": name} for name in OWNERS], {"resource_type": None}),
        ([f'Dataset::"{name}"' for name in OWNERS], {"resource_type": None}),
        ([ztp.Entity("Dataset", "a"), "secret", "b", ("Dataset", "closed"), "a", "missing"], {}),
        (lambda row: OWNERS[row], {"count": 6}),
        (lambda row: ztp.Entity("Dataset", OWNERS[row]), {"count": 6, "resource_type": None}),
    ],
)
def test_entities_come_in_many_forms(engine: ztp.Engine, owners: Any, options: dict[str, Any]) -> None:
    rows = rows_of(engine, owners, **options)
    assert list(rows) == [0, 2, 4]
    assert list(rows.origins()) == [("Dataset", "a"), ("Dataset", "b")]


def test_columns_of_arrays_and_frames(engine: ztp.Engine) -> None:
    numpy = pytest.importorskip("numpy")
    assert list(rows_of(engine, numpy.array(OWNERS))) == [0, 2, 4]
    pandas = pytest.importorskip("pandas")
    assert list(rows_of(engine, pandas.DataFrame({"owner": OWNERS})["owner"])) == [0, 2, 4]


def test_ids_that_are_numbers(engine: ztp.Engine) -> None:
    engine.facts.upsert([dataset("7"), dataset("8", open=False)])
    assert list(rows_of(engine, [7, 8, 7])) == [0, 2]


def test_one_entity_for_all_rows(engine: ztp.Engine) -> None:
    assert list(rows_of(engine, ztp.Entity("Dataset", "a"), count=3)) == [0, 1, 2]
    assert list(rows_of(engine, 'Dataset::"secret"', count=3)) == []
    with pytest.raises(TypeError, match="count"):
        rows_of(engine, ztp.Entity("Dataset", "a"))
    with pytest.raises(TypeError, match="count"):
        rows_of(engine, lambda row: "a")
    with pytest.raises(ValueError, match="6 entities for 7 rows"):
        rows_of(engine, count=7)


def test_entities_of_several_types_in_any_order(engine: ztp.Engine) -> None:
    owners = [("Archive", "old"), ("Dataset", "a"), ("Archive", "sealed"), ("Dataset", "secret"), ("Archive", "old")]
    rows = rows_of(engine, owners, resource_type=None)
    assert list(rows) == [0, 1, 4]
    assert [rows.entity(row) for row in range(5)] == owners


def test_what_is_no_entity_is_refused(engine: ztp.Engine) -> None:
    for owners in (["a"], [3.5], [None], [("Dataset",)], [("Dataset", 7)]):
        with pytest.raises(TypeError):
            rows_of(engine, owners, resource_type=None)
    for name in (None, 3.5, float("nan"), True, b"a"):  # a column with holes: what is there is not guessed
        with pytest.raises(TypeError, match="not an entity"):
            rows_of(engine, ["a", name])
    with pytest.raises(TypeError, match="carried"):
        rows_of(engine, [{"type": "Shard", "id": "s", "properties": {"open": True}}], resource_type=None)


def test_the_data_has_a_row_for_each_entity(engine: ztp.Engine) -> None:
    with pytest.raises(ValueError, match="7 rows"):
        ztp.guard.GuardedSequence(Recorder(7), rows_of(engine))


def test_no_rows(engine: ztp.Engine) -> None:
    rows = rows_of(engine, [])
    assert len(rows) == rows.count == 0 and list(rows.refresh()) == []


def test_facts_that_change_deny_before_the_next_read(engine: ztp.Engine) -> None:
    data = Recorder(6)
    guarded: ztp.guard.GuardedSequence[int] = ztp.guard.GuardedSequence(data, rows_of(engine))
    assert guarded[1] == 2
    engine.facts.upsert(dataset("b", open=False))
    with pytest.raises(ztp.Denied, match='Dataset::"b"'):
        guarded[1]
    assert guarded[0] == 0  # the others are decided again, and read
    assert data.reads == [2, 0]
    engine.facts.upsert([dataset("b"), dataset("closed")])
    assert list(guarded.indices) == [0, 2, 4]  # positions change when they are refreshed
    guarded.rows.refresh()
    assert list(guarded.indices) == [0, 2, 3, 4]


def test_a_row_whose_lease_has_ended_is_decided_again(engine: ztp.Engine) -> None:
    engine.facts.upsert([dataset("a", until=soon(0.1))])
    rows = rows_of(engine)
    assert rows.admit(0) == 0 and rows.admit(2) == 2
    time.sleep(0.12)
    with pytest.raises(ztp.Denied):
        rows.admit(0)
    assert rows.admit(2) == 2
    assert len(rows) == 3 and len(rows.refresh()) == 1


def test_rows_of_which_none_is_allowed_are_asked_about_again(engine: ztp.Engine) -> None:
    rows = rows_of(engine, ["closed"] * 3)
    assert len(rows) == 0
    with pytest.raises(ztp.Denied):
        rows.admit(0)
    engine.facts.upsert(dataset("closed"))
    assert rows.admit(0) == 0  # at once, since the facts changed


def test_after_a_halt_is_released_rows_are_read_again(paged: ztp.Engine, page: ztp.Epoch) -> None:
    rows = rows_of(paged)
    assert rows.admit(0) == 0
    page.halt()
    with pytest.raises(ztp.Denied):
        rows.admit(0)
    page.release()
    for _ in range(100):
        try:
            assert rows.admit(0) == 0
            break
        except ztp.Denied:
            time.sleep(0.01)
    else:
        pytest.fail("still denied")


def test_values_are_fetched_anew_with_each_decision(engine: ztp.Engine) -> None:
    purpose = "research"
    fetched = 0

    def values() -> dict[str, object]:
        nonlocal fetched
        fetched += 1
        return {"purpose": purpose}

    owners = [("Archive", "old"), *(("Dataset", name) for name in OWNERS)]
    rows = rows_of(engine, owners, resource_type=None, values=values)
    assert len(rows) == 4 and fetched == 1  # once for all blocks
    rows = rows_of(engine, values=values)
    assert len(rows) == 3
    purpose = "advertising"
    assert rows.admit(0) == 0  # under its lease
    engine.revoke()
    with pytest.raises(ztp.Denied):
        rows.admit(0)
    assert len(rows_of(engine, values={"purpose": "advertising"})) == 0


def test_many_entities_are_decided_in_blocks(engine: ztp.Engine) -> None:
    count = 2 * BLOCK + 100
    engine.facts.upsert([dataset(f"d{i}", open=i % 3 != 0) for i in range(count)])
    rows = rows_of(engine, [f"d{i}" for i in range(count)])
    assert list(rows) == [i for i in range(count) if i % 3 != 0]
    last = max(rows.indices)
    engine.facts.upsert([dataset(f"d{last}", open=False)])
    with pytest.raises(ztp.Denied):
        rows.admit(last)
    assert rows.refused([1, last, BLOCK + 3, 0]) == [last, 0]


def test_what_another_process_read_is_looked_at_again(engine: ztp.Engine) -> None:
    rows = rows_of(engine)
    assert rows.refused([0, 2, 4]) == []
    engine.facts.upsert(dataset("a", open=False))
    assert rows.refused([0, 2, 4]) == [0, 4]


def test_blocks_whose_leases_end_at_different_times(engine: ztp.Engine) -> None:
    engine.facts.upsert([dataset("a", until=soon(0.15)), dataset("b", until=soon(0.3))])
    rows = rows_of(engine, [("Dataset", "a"), ("Archive", "old"), ("Dataset", "b")], resource_type=None)
    assert [rows.admit(row) for row in range(3)] == [0, 1, 2] and rows.refused(range(3)) == []
    time.sleep(0.17)
    assert rows.admit(1) == 1  # of another block, whose lease goes on
    assert rows.refused(range(3)) == [0]
    with pytest.raises(ztp.Denied):
        rows.admit(0)
    assert rows.admit(2) == 2
    time.sleep(0.15)
    assert rows.refused(range(3)) == [0, 2]


def test_a_change_of_facts_is_told_of_all_rows_at_once(engine: ztp.Engine) -> None:
    rows = rows_of(engine, [("Dataset", "a"), ("Archive", "old")], resource_type=None)  # of two blocks
    engine.facts.upsert({"uid": {"type": "Archive", "id": "old"}, "attrs": {"open": False}})
    assert rows.refused([0]) == []
    assert not rows.allowed(1)  # so that workers, which share it, see it before they read


def test_the_plan_changes_when_workers_know_too_little(engine: ztp.Engine) -> None:
    engine.facts.upsert(dataset("b", since=soon(0.1)))
    rows = rows_of(engine)
    plan = rows.plan
    assert list(rows.refresh().indices) == [0, 4] and rows.plan == plan
    time.sleep(0.12)
    assert list(rows.refresh().indices) == [0, 2, 4] and rows.plan > plan  # allowed, which it was not when they started
    plan = rows.plan
    engine.facts.upsert(dataset("a"))
    assert rows.refresh().plan > plan


def test_origins_are_what_was_read(engine: ztp.Engine) -> None:
    rows = rows_of(engine)
    assert list(rows.origins()) == []
    with pytest.raises(ztp.Denied):
        rows.admit(1)
    rows.admit(2)
    assert list(rows.origins()) == [("Dataset", "b")]
    rows.forget_reads()
    assert list(rows.origins()) == []
    one = rows_of(engine, origin=("Dataset", "all"))
    several = rows_of(engine, origin=lambda entity: (entity[0], entity[1].upper()))
    for row in (0, 2, 4):
        one.admit(row)
        several.admit(row)
    assert list(one.origins()) == [("Dataset", "all")]
    assert list(several.origins()) == [("Dataset", "A"), ("Dataset", "B")]


def test_rows_survive_pickling_with_an_engine_of_their_own(engine: ztp.Engine) -> None:
    data: ztp.guard.GuardedSequence[int] = ztp.guard.GuardedSequence(Recorder(6), rows_of(engine))
    assert data[0] == 0
    copy = pickle.loads(pickle.dumps(data))
    assert list(copy) == [0, 2, 4] and copy.data.reads == [0, 0, 2, 4]
    with pytest.raises(ztp.Denied):
        copy.rows.admit(1)
    copy.rows.engine.facts.upsert(dataset("a", open=False))
    with pytest.raises(ztp.Denied):
        copy[0]
    assert data[0] == 0  # the original's engine has not heard of it
    assert len(copy.rows.refresh()) == 1


def test_threads_read_rows_while_leases_end(engine: ztp.Engine) -> None:
    rows = rows_of(engine, ["a", "b"] * 50)
    errors: list[BaseException] = []

    def read() -> None:
        try:
            for _ in range(50):
                for row in range(100):
                    rows.admit(row)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        engine.revoke()
    assert errors == []


def test_iteration_stops_at_a_row_that_is_no_longer_allowed(engine: ztp.Engine) -> None:
    rows = rows_of(engine, ["a", "b", "a"])
    seen = []
    with pytest.raises(ztp.Denied):
        for row in rows:
            seen.append(row)
            engine.facts.upsert(dataset("b", open=False))
    assert seen == [0]


# ---- shards ----


class Opener:
    def __init__(self) -> None:
        self.opened: list[str] = []

    def __call__(self, shard: str) -> Iterator[str]:
        self.opened.append(shard)
        for part in range(3):
            yield f"{shard}{part}"


def shards_of(engine: ztp.Engine, names: list[str], **options: Any) -> ztp.guard.Shards[str, str]:
    return ztp.guard.Shards(
        names, engine, "read", resource=lambda name: ("Dataset", name), **{"principal": ME, **options}
    )


def test_a_denied_shard_is_never_opened(engine: ztp.Engine) -> None:
    opener = Opener()
    shards = shards_of(engine, ["a", "secret", "b"], open=opener)
    assert list(shards) == ["a0", "a1", "a2", "b0", "b1", "b2"]
    assert opener.opened == ["a", "b"]
    assert [shard for shard, _ in shards.denied] == ["secret"]
    assert list(shards.origins()) == [("Dataset", "a"), ("Dataset", "b")]


def test_a_denied_shard_stops_where_that_is_wanted(engine: ztp.Engine) -> None:
    opener = Opener()
    shards = shards_of(engine, ["a", "secret", "b"], open=opener, on_denied="raise")
    with pytest.raises(ztp.Denied):
        list(shards)
    assert opener.opened == ["a"]


def test_a_shard_is_left_in_the_middle_when_it_is_revoked(engine: ztp.Engine) -> None:
    opener = Opener()
    seen = []
    shards = shards_of(engine, ["a", "b"], open=opener)
    for item in shards:
        seen.append(item)
        if item == "a0":
            engine.facts.upsert(dataset("a", open=False))
    assert seen == ["a0", "b0", "b1", "b2"] and [shard for shard, _ in shards.denied] == ["a"]


def test_descriptors_are_decided_one_by_one(engine: ztp.Engine) -> None:
    assert list(shards_of(engine, ["a", "secret", "b", "a"])) == ["a", "b", "a"]
    origins = shards_of(engine, ["a", "secret"], origin=lambda name: ("Dataset", name + "-original"))
    assert list(origins) == ["a"] and list(origins.origins()) == [("Dataset", "a-original")]


def test_carried_shards_bring_their_properties(engine: ztp.Engine) -> None:
    paths = [("one", True), ("two", False), ("three", True)]
    shards: ztp.guard.Shards[tuple[str, bool], tuple[str, bool]] = ztp.guard.Shards(
        paths,
        engine,
        "open",
        principal=ME,
        resource=lambda path: {"type": "Shard", "id": path[0], "properties": {"open": path[1]}},
    )
    assert list(shards) == [("one", True), ("three", True)]
    assert list(shards.origins()) == [("Shard", "one"), ("Shard", "three")]


def test_a_part_of_the_shards(engine: ztp.Engine) -> None:
    names = ["a", "b", "a", "b", "a"]
    parts = [list(shards_of(engine, names, part=lambda i=i: (i, 2))) for i in range(2)]  # type: ignore[misc]
    assert parts == [["a", "a", "a"], ["b", "b"]]


def test_bad_options() -> None:
    with pytest.raises(ValueError, match="on_denied"):
        shards_of(None, [], on_denied="never")  # type: ignore[arg-type]


# ---- lineage ----


def test_a_lineage_is_what_was_read_and_what_was_named(engine: ztp.Engine) -> None:
    rows = rows_of(engine)
    shards = shards_of(engine, ["b", "a"])
    lineage = ztp.guard.Lineage(rows, ("Model", "base"))
    lineage.add(shards)
    assert set(lineage.origins()) == {("Model", "base")}
    rows.admit(0)
    next(iter(shards))
    assert set(lineage.origins()) == {("Model", "base"), ("Dataset", "a"), ("Dataset", "b")}
    assert set(ztp.guard.Lineage(lineage, 'Dataset::"c"').origins()) - set(lineage.origins()) == {("Dataset", "c")}
