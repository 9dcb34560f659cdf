"""PyTorch under guard: what is denied is never read, in whichever process, and what is revoked stops the loop."""

# ruff: noqa: F811  # fixtures are imported, and are parameters

from __future__ import annotations

import importlib.util
import json
import multiprocessing
import pickle
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from guard_world import ME, MODEL, TEAM, dataset, engine, files, page, paged, soon  # noqa: E402, F401  # fixtures

import ztp  # noqa: E402
import ztp.guard  # noqa: E402
import ztp.torch  # noqa: E402

COUNT = 40
OWNERS = [("a", "secret", "b", "closed")[row % 4] for row in range(COUNT)]
ALLOWED = [row for row in range(COUNT) if row % 2 == 0]
B_ROWS = [row for row in range(COUNT) if row % 4 == 2]

#: num_workers and how they are started; a spawned worker imports PyTorch and so takes a while.
WORKERS = [(0, None), (2, "fork"), (2, "spawn")]
QUICK = [(0, None), (2, "fork")]


class Data(torch.utils.data.Dataset):  # type: ignore[misc,name-defined]
    """Says what was read, in whichever process."""

    def __init__(self, count: int = COUNT) -> None:
        self.reads = torch.zeros(count, dtype=torch.int64).share_memory_()
        self.slow = 0.0

    def __len__(self) -> int:
        return len(self.reads)

    def __getitem__(self, row: int) -> Any:
        self.reads[row] += 1
        if self.slow:
            time.sleep(self.slow)
        return torch.tensor(row)

    def read(self) -> list[int]:
        return torch.nonzero(self.reads).flatten().tolist()  # type: ignore[no-any-return]


def rows_of(engine: ztp.Engine, owners: list[str] = OWNERS, **options: Any) -> ztp.guard.Rows:
    return ztp.guard.Rows(engine, "read", owners, **{"resource_type": "Dataset", "principal": ME, **options})


def guarded(engine: ztp.Engine, data: Data) -> ztp.torch.GuardedDataset[Any]:
    return ztp.torch.GuardedDataset(data, rows_of(engine))


def flat(batches: Any) -> list[int]:
    return [int(row) for batch in batches for row in batch.flatten()]


# ---- map-style data sets ----


@pytest.mark.parametrize("workers, start", WORKERS)
def test_denied_rows_are_never_read(engine: ztp.Engine, workers: int, start: str | None) -> None:
    data = Data()
    loader = ztp.torch.guard_loader(
        guarded(engine, data), batch_size=8, shuffle=True, num_workers=workers, multiprocessing_context=start
    )
    assert len(loader) == 3
    batches = list(loader)
    assert [len(batch) for batch in batches] == [8, 8, 4]
    assert sorted(flat(batches)) == ALLOWED
    assert data.read() == ALLOWED and int(data.reads.sum()) == len(ALLOWED)
    assert sorted(loader.origins()) == [("Dataset", "a"), ("Dataset", "b")]


@pytest.mark.parametrize("workers, start", QUICK)
def test_a_guarded_data_set_works_in_any_loader(engine: ztp.Engine, workers: int, start: str | None) -> None:
    data = Data()
    dataset_ = guarded(engine, data)
    loader = torch.utils.data.DataLoader(dataset_, batch_size=8, num_workers=workers, multiprocessing_context=start)
    assert flat(loader) == ALLOWED and data.read() == ALLOWED
    assert sorted(dataset_.origins()) == [("Dataset", "a"), ("Dataset", "b")]  # workers' reads count too
    assert dataset_.dataset is data and "20 of 40 rows" in repr(dataset_)


@pytest.mark.parametrize("workers, start", QUICK)
def test_a_denial_in_any_loader_stops_it(engine: ztp.Engine, workers: int, start: str | None) -> None:
    data = Data()
    dataset_ = guarded(engine, data)
    engine.facts.upsert(dataset("b", open=False))
    loader = torch.utils.data.DataLoader(dataset_, batch_size=8, num_workers=workers, multiprocessing_context=start)
    batches: Any = iter(loader)
    with pytest.raises(ztp.Denied):
        list(batches)
    if workers:
        batches._shutdown_workers()  # PyTorch's own, after an exception, waits ten seconds for the collector
    assert not set(B_ROWS) & set(data.read())


@pytest.mark.parametrize("workers, start", QUICK)
def test_where_all_is_allowed_batches_are_the_plain_loaders(
    engine: ztp.Engine, workers: int, start: str | None
) -> None:
    rows = rows_of(engine, ["a"] * COUNT)
    options: dict[str, Any] = {"batch_size": 7, "num_workers": workers, "multiprocessing_context": start}
    for more in ({"shuffle": True}, {"drop_last": True}, {"batch_size": None}):
        options.update(more)
        torch.manual_seed(7)
        plain = [batch.tolist() for batch in torch.utils.data.DataLoader(Data(), **options)]
        torch.manual_seed(7)
        loader = ztp.torch.guard_loader(ztp.torch.GuardedDataset(Data(), rows), **options)
        assert [batch.tolist() for batch in loader] == plain and len(loader) == len(plain)
        options.pop("drop_last", None)
        options.pop("shuffle", None)


@pytest.mark.parametrize("workers, start", QUICK)
@pytest.mark.parametrize("on_denied", ["raise", "skip"])
def test_rows_that_are_denied_in_the_middle_of_an_epoch(
    engine: ztp.Engine, workers: int, start: str | None, on_denied: Any
) -> None:
    data = Data()
    data.slow = 0.001
    loader = ztp.torch.guard_loader(
        guarded(engine, data), batch_size=2, num_workers=workers, multiprocessing_context=start, on_denied=on_denied
    )
    seen: list[int] = []

    def epoch() -> None:
        for batch in loader:
            seen.extend(batch.tolist())
            if len(seen) == 4:
                engine.facts.upsert(dataset("b", open=False))

    if on_denied == "raise":
        with pytest.raises(ztp.Denied, match='Dataset::"b"') as denied:
            epoch()
        assert denied.value.decision is not None and not denied.value.decision.allow
        assert seen == [0, 2, 4, 6]
    else:
        epoch()
        # Nothing of it is handed over; what workers had read before is thrown away with its batch.
        assert not set(seen[4:]) & set(B_ROWS)
        assert set(seen[4:]) >= ({row for row in ALLOWED if row % 4 == 0 and row > 24})
    # Workers know within the batches that were on their way already: 2 workers, 2 batches each, and one in hand.
    late = [row for row in data.read() if row in B_ROWS and row > 6]
    assert len(late) <= (0 if workers == 0 else 6)


@pytest.mark.parametrize("workers, start", QUICK)
def test_skipping_leaves_out_single_rows(engine: ztp.Engine, workers: int, start: str | None) -> None:
    data = Data()
    data.slow = 0.02
    loader = ztp.torch.guard_loader(
        guarded(engine, data), batch_size=4, num_workers=workers, multiprocessing_context=start, on_denied="skip"
    )
    engine.facts.upsert(dataset("b", until=soon(0.15)))
    batches = list(loader)  # its time runs out on the way, in whichever process
    assert any(len(batch) == 2 for batch in batches)  # such a batch has the others' rows
    assert {32, 36} <= set(flat(batches)) and not {34, 38} & set(data.read())
    data.slow = 0
    assert flat(loader) == [row for row in ALLOWED if row % 4 == 0]  # decided anew: full batches of the rest
    assert len(loader) == 3


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_the_page_stops_workers_and_the_loop(
    paged: ztp.Engine, page: ztp.Epoch, start: str
) -> None:
    data = Data()
    data.slow = 0.02
    loader = ztp.torch.guard_loader(
        guarded(paged, data), batch_size=1, num_workers=2, multiprocessing_context=start, prefetch_factor=10
    )  # all rows are on their way to the workers at once
    bound = paged.bind("train", principal=ME, resource=TEAM, well=True)
    seen = 0
    run = ztp.guard.steps(loader, bound, on_stop="end")
    for _ in run:
        seen += 1
        page.halt()
        time.sleep(0.4)  # this process does nothing meanwhile: workers learn of it by themselves
    assert seen == 1
    assert run.stopped is not None and run.stopped.decision is not None and run.stopped.decision.halted
    assert int(data.reads.sum()) < len(ALLOWED)


def test_revoking_what_is_still_allowed_goes_on(paged: ztp.Engine, page: ztp.Epoch) -> None:
    loader = ztp.torch.guard_loader(
        guarded(paged, Data()), batch_size=2, num_workers=2
    )
    seen = []
    for batch in ztp.guard.steps(loader, paged.bind("train", principal=ME, resource=TEAM, well=True)):
        seen += batch.tolist()
        page.revoke()
    assert seen == ALLOWED


def test_each_epoch_is_decided_anew(engine: ztp.Engine) -> None:
    loader = ztp.torch.guard_loader(guarded(engine, Data()), batch_size=8)
    assert flat(loader) == ALLOWED
    engine.facts.upsert([dataset("b", open=False), dataset("closed")])
    expected = [row for row in range(COUNT) if OWNERS[row] in ("a", "closed")]
    assert flat(loader) == expected
    engine.facts.upsert([dataset("a", open=False), dataset("closed", open=False)])
    assert flat(loader) == [] and len(loader) == 0


def test_persistent_workers_are_started_again_when_facts_change(engine: ztp.Engine) -> None:
    data = Data()
    loader = ztp.torch.guard_loader(guarded(engine, data), batch_size=8, num_workers=2, persistent_workers=True)
    assert flat(loader) == ALLOWED
    first: Any = loader._iterator
    assert flat(loader) == ALLOWED
    assert loader._iterator is first  # the same workers
    engine.facts.upsert([dataset("b", open=False), dataset("closed")])
    data.reads.zero_()
    expected = [row for row in range(COUNT) if OWNERS[row] in ("a", "closed")]
    assert flat(loader) == expected and data.read() == expected
    assert loader._iterator is not first


def try_to_read(rows: ztp.guard.Rows, go: Any, answers: Any) -> None:
    go.wait(60)
    answers.put(rows.engine.decide(ME, "read", ("Dataset", "new")).allow)
    rows.engine.revoke()  # so that this process decides by what it knows
    answers.put((rows.engine.decide(ME, "read", ("Dataset", "b")).allow, rows.refused(range(COUNT)), rows.allowed(2)))
    try:
        rows.admit(2)
        answers.put("read")
    except ztp.Denied:
        answers.put("denied")


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_a_worker_does_not_allow_what_its_parent_denied(engine: ztp.Engine, start: str) -> None:
    engine.facts.upsert(dataset("new"))  # in no file
    rows = ztp.torch.GuardedDataset(Data(), rows_of(engine)).rows
    context = torch.multiprocessing.get_context(start)
    go, answers = context.Event(), context.Queue()
    worker = context.Process(target=try_to_read, args=(rows, go, answers))
    worker.start()
    engine.facts.upsert(dataset("b", open=False))
    assert rows.refused([0]) == []  # the parent hears of it
    go.set()
    assert answers.get(timeout=60)  # a worker has the facts that were in force when it was started
    believes, refused, allowed = answers.get(timeout=60)
    assert believes  # the worker's engine has not
    assert 2 in refused and not allowed and answers.get(timeout=60) == "denied"
    worker.join()
    assert not rows.allowed(2) and rows.allowed(0)


def test_two_iterations_of_one_loader_at_once(engine: ztp.Engine) -> None:
    loader = ztp.torch.guard_loader(guarded(engine, Data()), batch_size=3, num_workers=1)
    both = list(zip(loader, loader))
    assert flat(one for one, _ in both) == flat(other for _, other in both) == ALLOWED


def test_a_loop_that_stops_leaves_no_workers(engine: ztp.Engine) -> None:
    loader = ztp.torch.guard_loader(guarded(engine, Data()), batch_size=2, num_workers=2)
    kept = None
    try:
        for _ in loader:
            assert len(multiprocessing.active_children()) == 2
            engine.facts.upsert(dataset("a", open=False))
    except ztp.Denied as denied:
        kept = denied
    assert kept is not None and multiprocessing.active_children() == []


@pytest.mark.parametrize("seed", range(3))
def test_whatever_changes_only_allowed_rows_are_handed_over(engine: ztp.Engine, seed: int) -> None:
    """Random changes of facts under way; the engine's own answer, row by row, is what must have been kept to."""
    random_ = random.Random(seed)
    names = [f"r{row}" for row in range(COUNT)]
    engine.facts.upsert([dataset(name) for name in names])
    data = Data()
    rows = rows_of(engine, names)
    loader = ztp.torch.guard_loader(
        ztp.torch.GuardedDataset(data, rows), batch_size=3, shuffle=True, num_workers=2, on_denied="skip"
    )
    denied: set[int] = set()
    handed_over = 0
    for _ in range(3):
        data.reads.zero_()
        for batch in loader:
            for row in batch.tolist():
                assert engine.decide(ME, "read", ("Dataset", names[row])).allow
                handed_over += 1
            row = random_.randrange(COUNT)
            engine.facts.upsert(dataset(names[row], open=row in denied))
            denied ^= {row}
        allowed = [row for row in range(COUNT) if engine.decide(ME, "read", ("Dataset", names[row])).allow]
        assert list(rows.refresh().indices) == allowed
    assert handed_over > COUNT


def test_samplers_draw_positions_among_the_allowed_rows(engine: ztp.Engine) -> None:
    data = guarded(engine, Data())
    loader = ztp.torch.guard_loader(data, sampler=[0, 5, 19], batch_size=2)
    assert flat(loader) == [ALLOWED[0], ALLOWED[5], ALLOWED[19]]
    loader = ztp.torch.guard_loader(data, batch_sampler=[[1, 2], [3]])
    assert flat(loader) == [ALLOWED[1], ALLOWED[2], ALLOWED[3]]
    weights = torch.utils.data.WeightedRandomSampler([1.0] * len(data), 5)
    assert set(flat(ztp.torch.guard_loader(data, sampler=weights))) <= set(ALLOWED)


@pytest.mark.parametrize("workers, start", QUICK)
def test_an_existing_loader_is_guarded_as_it_is(engine: ztp.Engine, workers: int, start: str | None) -> None:
    rows = rows_of(engine)

    def collate(items: list[Any]) -> list[int]:
        return [int(item) for item in items]

    options: dict[str, Any] = {"num_workers": workers, "multiprocessing_context": start}
    data = Data()
    plain = torch.utils.data.DataLoader(
        data, batch_size=6, sampler=list(reversed(range(COUNT))), collate_fn=collate, **options
    )
    loader = ztp.torch.guard_loader(plain, rows)
    assert [len(batch) for batch in loader] == [6, 6, 6, 2]
    assert [row for batch in loader for row in batch] == ALLOWED[::-1]
    assert data.read() == ALLOWED
    batched = torch.utils.data.DataLoader(data, batch_sampler=[[0, 1, 2], [3], [5, 6]], **options)
    assert [batch.tolist() for batch in ztp.torch.guard_loader(batched, rows)] == [[0, 2], [6]]
    own = torch.utils.data.DataLoader(data, batch_sampler=torch.utils.data.BatchSampler(range(COUNT), 6, True))
    assert [len(batch) for batch in ztp.torch.guard_loader(own, rows)] == [6] * 3
    single = torch.utils.data.DataLoader(data, batch_size=None, **options)
    assert [int(item) for item in ztp.torch.guard_loader(single, rows)] == ALLOWED
    shuffled = torch.utils.data.DataLoader(data, batch_size=6, shuffle=True, **options)
    assert sorted(flat(ztp.torch.guard_loader(shuffled, rows))) == ALLOWED


class Several(Data):
    def __getitems__(self, rows: list[int]) -> list[Any]:
        return [self[row] for row in rows]


def test_data_that_is_read_by_several_rows_at_once(engine: ztp.Engine) -> None:
    data = Several()
    assert flat(ztp.torch.guard_loader(guarded(engine, data), batch_size=8)) == ALLOWED
    data.reads.zero_()
    items = ztp.torch._Reader(data, rows_of(engine)).__getitems__([0, 1, 2, 3])
    assert [int(item) for item in items[:2]] == [0, 2] and [item.row for item in items[2:]] == [1, 3]
    assert data.read() == [0, 2]


def test_guarded_data_survives_pickling(engine: ztp.Engine) -> None:
    copy = pickle.loads(pickle.dumps(guarded(engine, Data())))
    assert [int(item) for item in copy] == ALLOWED and copy.data.read() == ALLOWED
    copy.rows.engine.facts.upsert(dataset("b", open=False))
    assert len(copy.rows.refresh()) == 10


def test_bad_arguments(engine: ztp.Engine) -> None:
    data = guarded(engine, Data())
    for arguments, options in [
        ((Data(),), {}),
        ((data, rows_of(engine)), {}),
        ((torch.utils.data.DataLoader(Data()),), {}),
        ((torch.utils.data.DataLoader(Data()), rows_of(engine)), {"batch_size": 3}),
        ((torch.utils.data.DataLoader(data), rows_of(engine)), {}),
    ]:
        with pytest.raises(TypeError):
            ztp.torch.guard_loader(*arguments, **options)
    for options in [
        {"on_denied": "never"},
        {"in_order": False},
        {"shuffle": True, "sampler": [1]},
        {"batch_sampler": [[1]], "batch_size": 3},
    ]:
        with pytest.raises(ValueError):
            ztp.torch.guard_loader(data, **options)


# ---- iterable data sets ----


class Shard:
    """Opens a shard, and leaves a file to say so: workers have no other way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, name: str) -> Iterator[str]:
        (self.folder / f"opened-{name}").touch()
        for item in range(3):
            yield f"{name}{item}"

    def opened(self) -> list[str]:
        return sorted(path.name[7:] for path in self.folder.glob("opened-*"))


def of_shard(name: str) -> tuple[str, str]:
    return ("Dataset", name.split("-")[0])


SHARDS = ["a-1", "secret-1", "b-1", "a-2", "closed-1", "b-2", "c-1"]


@pytest.mark.parametrize("workers, start", WORKERS)
def test_denied_shards_are_never_opened(
    engine: ztp.Engine, tmp_path: Path, workers: int, start: str | None
) -> None:
    engine.facts.upsert(dataset("c"))  # in no file: a spawned worker has it nevertheless
    shard = Shard(tmp_path)
    data: ztp.torch.GuardedIterableDataset[str] = ztp.torch.GuardedIterableDataset(
        SHARDS, engine, "read", principal=ME, resource=of_shard, open=shard
    )
    loader = ztp.torch.guard_loader(data, batch_size=4, num_workers=workers, multiprocessing_context=start)
    seen = sorted(item for batch in loader for item in batch)
    assert seen == sorted(f"{name}{item}" for name in ("a-1", "b-1", "a-2", "b-2", "c-1") for item in range(3))
    assert shard.opened() == ["a-1", "a-2", "b-1", "b-2", "c-1"]
    assert sorted(loader.origins()) == [("Dataset", "a"), ("Dataset", "b"), ("Dataset", "c")]


@pytest.mark.parametrize("workers, start", QUICK)
def test_a_denied_shard_stops_the_loop_where_that_is_wanted(
    engine: ztp.Engine, tmp_path: Path, workers: int, start: str | None
) -> None:
    shard = Shard(tmp_path)
    data: ztp.torch.GuardedIterableDataset[str] = ztp.torch.GuardedIterableDataset(
        SHARDS, engine, "read", principal=ME, resource=of_shard, open=shard
    )
    loader = ztp.torch.guard_loader(
        data, batch_size=None, num_workers=workers, multiprocessing_context=start, on_denied="raise"
    )
    with pytest.raises(ztp.Denied):
        list(loader)
    assert "secret-1" not in shard.opened()
    plain = torch.utils.data.DataLoader(data, batch_size=None, num_workers=workers, multiprocessing_context=start)
    batches: Any = iter(plain)
    with pytest.raises(ztp.Denied):
        list(batches)
    if workers:
        batches._shutdown_workers()


def test_an_iterable_data_set_of_descriptors(engine: ztp.Engine) -> None:
    data: ztp.torch.GuardedIterableDataset[str] = ztp.torch.GuardedIterableDataset(
        SHARDS, engine, "read", principal=ME, resource=of_shard
    )
    engine.facts.upsert(dataset("c"))
    assert list(data) == ["a-1", "b-1", "a-2", "b-2", "c-1"] and "7 shards" in repr(data)


# ---- checkpoints, and the whole loop ----


def checkpoint_of(engine: ztp.Engine, folder: Path, lineage: list[Any], **options: Any) -> Any:
    return ztp.torch.guard_checkpoint(
        folder / "net.pt", engine, MODEL, principal=ME, save="save", load="load", load_digest="sha256",
        lineage=lineage, **options,
    )  # fmt: skip


def test_a_model_is_saved_with_its_lineage_and_loaded(engine: ztp.Engine, tmp_path: Path) -> None:
    loader = ztp.torch.guard_loader(guarded(engine, Data()), batch_size=8)
    checkpoint = checkpoint_of(engine, tmp_path, [loader])
    net = torch.nn.Linear(3, 2)
    list(loader)
    checkpoint.save({"net": net.state_dict(), "step": 7})
    plain = torch.load(tmp_path / "net.pt")
    assert torch.equal(plain["net"]["weight"], net.weight)
    record = json.loads(checkpoint.record.read_text())[0]
    assert record["derives"] == [{"type": "Dataset", "id": "a"}, {"type": "Dataset", "id": "b"}]
    state = checkpoint_of(engine, tmp_path, []).load()
    assert state["step"] == 7 and torch.equal(state["net"]["bias"], net.bias)


class Evil:
    def __reduce__(self) -> Any:
        return (pytest.fail, ("code of a checkpoint ran",))


def test_a_checkpoint_runs_no_code(engine: ztp.Engine, tmp_path: Path) -> None:
    checkpoint = checkpoint_of(engine, tmp_path, [("Dataset", "a")])
    checkpoint.save({"evil": Evil()})
    with pytest.raises(pickle.UnpicklingError):
        checkpoint.load()


@pytest.mark.parametrize("workers", [0, 2])
def test_a_training_loop_from_end_to_end(engine: ztp.Engine, tmp_path: Path, workers: int) -> None:
    data = Data()
    loader = ztp.torch.guard_loader(guarded(engine, data), batch_size=4, shuffle=True, num_workers=workers)
    net = torch.nn.Linear(1, 1)
    checkpoint = checkpoint_of(engine, tmp_path, [loader])
    well = True
    run = ztp.guard.steps(
        loader,
        lambda: engine.decide(ME, "train", TEAM, well=well),
        checkpoint=lambda: checkpoint.save(net.state_dict()),
    )
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-4)
    steps = 0
    with pytest.raises(ztp.Denied):
        for _ in range(3):
            for batch in run:
                loss = (net(batch.float()[:, None]) - 1).pow(2).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                steps += 1
                if steps == 5:
                    checkpoint.save(net.state_dict())  # facts change, leases end: asked again, and on it goes
                if steps == 7:
                    well = False
                    engine.revoke()
    assert steps == 7
    assert data.read() == ALLOWED
    state = checkpoint_of(engine, tmp_path, []).load()
    assert torch.equal(state["weight"], net.weight)


@pytest.mark.parametrize("workers", [0, 2])
def test_the_example(tmp_path: Path, workers: int, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    path = Path(__file__).parents[1] / "examples" / "train_digits.py"
    spec = importlib.util.spec_from_file_location("train_digits", path)
    assert spec is not None and spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    stopped = example.train(tmp_path, workers, 0.3)
    assert stopped.decision is not None and not stopped.decision.allow
    printed = capsys.readouterr().out
    assert "trained on ['north', 'south']" in printed
    assert "reads of denied rows: 0" in printed
    assert printed.count("asked:") == 3
