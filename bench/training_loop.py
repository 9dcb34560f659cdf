#!/usr/bin/env python3
"""What guarding a training loop costs: a row of a DataLoader, and a step's check of its lease.

    python3 bench/training_loop.py [--rows 200000] [--repeats 7] [--format json]

Needs the ztp package and PyTorch. A row's cost is what an epoch of a guarded loader takes longer than one of a plain
one over the same data, divided by its rows: looking each up and checking it, looking again, with workers, before a
batch is handed over, and, where leases were revoked since the last epoch, deciding every row anew. The data set does
next to nothing, so that nothing hides it. Guarded and plain epochs take turns, and the median of the differences
counts. A step's cost is measured in the same way over items that cost nothing. On a machine that is busy with other
things, what the processors worked (for workers too) says more than what the clock does.

Targets: 1 µs a row with 0 and with 2 workers, 100 ns a lease check.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import torch

import ztp
import ztp.guard
import ztp.torch

POLICY = """ztp 1
package bench
entity Team
entity User in Team
entity Record { open: Bool, owners: Set<Team>, until?: Time }
action read on Record by User
action train on Team by User
permit read {
  principal u: User
  action    read
  resource  r: Record
  when      r.open and u in r.owners
  when      if r has until then now < r.until else true
}
permit train {
  principal u: User
  action    train
  resource  t: Team
  when      u in t
}
"""

ME = ztp.Entity("User", "me")
TEAM = ztp.Entity("Team", "vision")


class Numbers(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """Rows that cost as little as a row can."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, row: int) -> int:
        return row


def total(items: list[int]) -> int:
    """In place of collation, whose cost would be most of what is measured."""
    return len(items)


def make_engine(folder: Path, entities: int) -> ztp.Engine:
    """`entities` records, nine in ten of which are open, and some of which end some day."""
    team = {"type": "Team", "id": "vision"}
    facts: list[dict[str, Any]] = [
        {"uid": team},
        {"uid": {"type": "User", "id": "me"}, "parents": [team]},
    ]
    for number in range(entities):
        attrs: dict[str, Any] = {"open": number % 10 != 9, "owners": [team]}
        if number % 7 == 0:
            attrs["until"] = "2046-01-01T00:00:00Z"
        facts.append({"uid": {"type": "Record", "id": f"r{number}"}, "attrs": attrs})
    (folder / "facts.json").write_text(json.dumps(facts))
    (folder / "bench.ztpb").write_bytes(ztp.compile_text(POLICY, name="bench.ztp"))
    return ztp.Engine.load(folder / "bench.ztpb", folder / "facts.json")


def processor() -> float:
    """Seconds that processors have worked for this process and for the workers that it has had."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def difference(
    guarded: Callable[[], object], plain: Callable[[], object], repeats: int, turns: int
) -> dict[str, float]:
    """Nanoseconds of each of `turns`: what is plain, and what guarding adds, by the clock and by the processors."""
    guarded(), plain()
    wall, busy, without = [], [], []
    for _ in range(repeats):
        times = []
        for run in (guarded, plain):
            began, worked = time.perf_counter(), processor()
            run()
            times.append((time.perf_counter() - began, processor() - worked))
        wall.append(times[0][0] - times[1][0])
        busy.append(times[0][1] - times[1][1])
        without.append(times[1][0])
    return {
        "plain_ns": statistics.median(without) / turns * 1e9,
        "more_ns": statistics.median(wall) / turns * 1e9,
        "more_processor_ns": statistics.median(busy) / turns * 1e9,
    }


def drain(items: Iterable[Any]) -> None:
    for _ in items:
        pass


def row_costs(engine: ztp.Engine, rows: int, entities: int, workers: int, repeats: int) -> list[dict[str, Any]]:
    guard = ztp.guard.Rows(
        engine, "read", [f"r{row % entities}" for row in range(rows)], resource_type="Record", principal=ME
    )
    options: dict[str, Any] = {"batch_size": 256, "num_workers": workers, "collate_fn": total}
    loader = ztp.torch.guard_loader(ztp.torch.GuardedDataset(Numbers(rows), guard), **options)
    plain: Any = torch.utils.data.DataLoader(Numbers(len(guard)), **options)  # as many rows as are allowed

    def epoch() -> None:
        engine.revoke()  # so that every row is decided in every epoch
        drain(loader)

    def decide() -> None:
        engine.revoke()
        guard.refresh()

    what = f"a row, {workers} workers, {entities} entities"
    return [
        {
            "what": f"{what}, answers hold",
            **difference(lambda: drain(loader), lambda: drain(plain), repeats, len(guard)),
            "target_ns": 1000,
        },
        {
            "what": f"{what}, decided anew each epoch",
            **difference(epoch, lambda: drain(plain), repeats, len(guard)),
            "of_which_deciding_ns": difference(decide, lambda: None, repeats, len(guard))["more_processor_ns"],
            "target_ns": 1000,
        },
    ]


class Plain(torch.utils.data.IterableDataset):  # type: ignore[type-arg]
    """The items of all shards, without asking."""

    def __init__(self, shards: list[int]) -> None:
        self.shards = shards

    def __iter__(self) -> Iterator[int]:
        worker = torch.utils.data.get_worker_info()
        for shard in self.shards[worker.id :: worker.num_workers] if worker else self.shards:
            yield from of_shard(shard)


SHARD = 1000


def of_shard(shard: int) -> Iterable[int]:
    return range(SHARD)


def record_of(shard: int) -> ztp.Entity:
    return ztp.Entity("Record", f"r{shard * 10}")  # all open


def item_cost(engine: ztp.Engine, items: int, workers: int, repeats: int) -> dict[str, Any]:
    shards = list(range(items // SHARD))
    options: dict[str, Any] = {"batch_size": 256, "num_workers": workers, "collate_fn": total}
    guarded: ztp.torch.GuardedIterableDataset[int] = ztp.torch.GuardedIterableDataset(
        shards, engine, "read", principal=ME, resource=record_of, open=of_shard
    )
    loader = ztp.torch.guard_loader(guarded, **options)
    plain: Any = torch.utils.data.DataLoader(Plain(shards), **options)
    return {
        "what": f"an item of a shard of {SHARD}, {workers} workers",
        **difference(lambda: drain(loader), lambda: drain(plain), repeats, items),
        "target_ns": 1000,
    }


def step_costs(engine: ztp.Engine, repeats: int, count: int = 1_000_000) -> list[dict[str, Any]]:
    bound = engine.bind("train", principal=ME, resource=TEAM)
    lease = bound().lease
    assert lease is not None
    guard = ztp.guard.Guard(bound)
    guard.check()

    def of(step: Callable[[], object]) -> Callable[[], None]:
        def loop() -> None:
            for _ in itertools.repeat(None, count):
                step()

        return loop

    def nothing() -> None:
        for _ in itertools.repeat(None, count):
            pass

    costs = []
    for what, run in (
        ("lease.valid()", of(lease.valid)),
        ("guard.check()", of(guard.check)),
        ("a step of ztp.guard.steps", lambda: drain(ztp.guard.steps(itertools.repeat(None, count), guard))),
    ):
        costs.append({"what": what, **difference(run, nothing, repeats, count), "target_ns": 100})
    return costs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    options = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(Path(folder), options.rows)
        results += step_costs(engine, options.repeats)
        for entities in (100, options.rows):
            for workers in (0, 2):
                results += row_costs(engine, options.rows, entities, workers, options.repeats)
        for workers in (0, 2):
            results.append(item_cost(engine, options.rows, workers, options.repeats))
    if options.format == "json":
        print(json.dumps(results, indent=1))
        return
    for result in results:
        deciding = result.get("of_which_deciding_ns")
        more = f", {deciding:.0f} of it deciding" if deciding is not None else ""
        print(
            f"{result['what']}: {result['more_ns']:.0f} ns more than {result['plain_ns']:.0f} ns; by the processors "
            f"{result['more_processor_ns']:.0f} ns{more} (target {result['target_ns']})"
        )


if __name__ == "__main__":
    main()
