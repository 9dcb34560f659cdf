"""Guards for PyTorch: data sets, loaders and checkpoints under a policy.

    import ztp, ztp.guard, ztp.torch

    rows    = ztp.guard.Rows(engine, "train", owners, principal=me, resource_type="Dataset")
    data    = ztp.torch.GuardedDataset(dataset, rows)
    loader  = ztp.torch.guard_loader(data, batch_size=64, shuffle=True, num_workers=2)
    ckpt    = ztp.torch.guard_checkpoint("model.pt", engine, ("Model", "net"), principal=me, save="save", load="load",
                                         lineage=[loader])

    for x, y in ztp.guard.steps(loader, engine.bind("train", principal=me, resource=data),
                                checkpoint=lambda: ckpt.save(net.state_dict())):
        ...

Rows that the policy does not allow are never read: not for a batch, not by a worker. Whatever is revoked stops the loop
within one step. PyTorch 1.13 and later; this module is the only one that imports it.

**Boundary**: the words of PyTorch for what `ztp.guard` does; it decides nothing itself.
"""

from __future__ import annotations

import functools
import importlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, Generic, Literal, TypeVar

from . import Denied, EntityLike
from .guard import Checkpoint, GuardedSequence, Lineage, Obliged, Rows, Shards, Source, Values

if TYPE_CHECKING:
    import os

    from . import Engine

    # Checked in the same way whichever PyTorch is there, with types or without, or none.
    torch: Any
    BatchSampler: Any
    DataLoader: Any
    Dataset: Any
    IterableDataset: Any
    RandomSampler: Any
    SequentialSampler: Any
    default_collate: Any
    default_convert: Any
    get_worker_info: Any
else:
    try:
        import torch
        from torch.utils.data import (
            BatchSampler,
            DataLoader,
            Dataset,
            IterableDataset,
            RandomSampler,
            SequentialSampler,
            default_collate,
            default_convert,
            get_worker_info,
        )
    except ImportError as missing:
        raise ImportError("ztp.torch needs PyTorch; the rest of ztp does not") from missing

__all__ = ["GuardedDataset", "GuardedIterableDataset", "GuardedLoader", "guard_checkpoint", "guard_loader"]

T = TypeVar("T")
S = TypeVar("S")


class SharedMarks:
    """Marks in memory that loader workers share, forked or spawned."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._tensor = torch.zeros(2 * size + 1, dtype=torch.uint8).share_memory_()  # never empty

    def views(self) -> tuple[memoryview, memoryview]:
        both = memoryview(self._tensor.numpy())
        return (both[: self._size], both[self._size : 2 * self._size])


class GuardedDataset(GuardedSequence[T], Dataset):  # type: ignore[misc]
    """A map-style data set whose rows are decided before they are read.

        data = ztp.torch.GuardedDataset(dataset, ztp.guard.Rows(engine, "train", owners, principal=me, …))

    `len(data)` counts the rows that are allowed, `data[i]` is the i-th of them, and a row that is denied is never
    passed to `dataset[…]`. A row that was allowed when the rows were decided and no longer is raises `ztp.Denied`. It
    can be given to any `DataLoader`, pickled, and sent to workers; `guard_loader` also decides anew each epoch, can
    leave rows out instead of stopping, and is what persistent workers need: those of another loader keep the positions
    that they were started with. `origins()` says what was read, by workers too.
    """

    def __init__(self, dataset: Any, rows: Rows) -> None:
        GuardedSequence.__init__(self, dataset, rows)
        rows.share(SharedMarks)

    @property
    def dataset(self) -> Any:
        """The data set that is guarded. What is read from it here is read without asking."""
        return self.data


class GuardedIterableDataset(IterableDataset, Generic[T]):  # type: ignore[misc]
    """An iterable data set of shards that are decided before they are opened.

        data = ztp.torch.GuardedIterableDataset(paths, engine, "train", open=read_tar, principal=me,
                                                resource=lambda path: ("Dataset", path.stem))

    Takes what `ztp.guard.Shards` takes. Each loader worker gets its part of the shards. With spawned workers `resource`
    and `open` have to be picklable: functions of a module.
    """

    def __init__(self, shards: Sequence[S], engine: Engine, action: str, **options: Any) -> None:
        self.shards: Shards[S, T] = Shards(shards, engine, action, part=_part, marks=SharedMarks, **options)

    def __iter__(self) -> Iterator[T]:
        return iter(self.shards)

    def origins(self) -> Iterator[tuple[str, str]]:
        return self.shards.origins()

    def __repr__(self) -> str:
        return f"<GuardedIterableDataset of {self.shards!r}>"


def _part() -> tuple[int, int]:
    worker = get_worker_info()
    return (0, 1) if worker is None else (worker.id, worker.num_workers)


# ---- the loader ----


class _Refusal:
    """In place of an item, from a worker: it was denied there."""

    __slots__ = ("row", "why")

    def __init__(self, row: int, why: str) -> None:
        self.row = row
        self.why = why

    def __reduce__(self) -> tuple[Any, ...]:
        return (_Refusal, (self.row, self.why))


class _Partial:
    """A batch without the rows that were denied; without any there is none."""

    __slots__ = ("batch", "refused")

    def __init__(self, batch: Any, refused: list[int]) -> None:
        self.batch = batch
        self.refused = refused

    def __reduce__(self) -> tuple[Any, ...]:
        return (_Partial, (self.batch, self.refused))

    def pin_memory(self) -> _Partial:
        """Called by a loader that pins its batches."""
        pin: Any = importlib.import_module("torch.utils.data._utils.pin_memory").pin_memory
        return _Partial(pin(self.batch), self.refused)


_NONE = "no row is left"  # in place of a batch; a string, since those are neither moved nor pinned


class _Reader(Dataset):  # type: ignore[misc]
    """What a loader's fetcher gets: rows by their number in the data, or a refusal."""

    def __init__(self, data: Any, rows: Rows) -> None:
        self.data = data
        self.rows = rows

    def __len__(self) -> int:
        return self.rows.count

    def __getitem__(self, row: int) -> Any:
        return self.rows.read(self.data, (row,), _refuse)[0]

    def __getitems__(self, wanted: list[int]) -> list[Any]:
        """A batch; where the data reads several rows at once, they are checked right before."""
        several = getattr(self.data, "__getitems__", None)
        if not several:
            return self.rows.read(self.data, wanted, _refuse)
        admitted = [row for row in wanted if self.rows.admits(row)]
        refusals = [_refuse(row) for row in wanted if row not in admitted] if len(admitted) < len(wanted) else []
        return [*several(admitted), *refusals] if admitted else refusals


def _refuse(row: int) -> _Refusal:
    return _Refusal(row, "")  # whoever hears of it asks for the reasons


class _IterableReader(IterableDataset):  # type: ignore[misc]
    """The same of an iterable data set: what it raises ends it with a refusal."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def __iter__(self) -> Iterator[Any]:
        try:
            yield from self.data
        except Denied as denied:
            yield _Refusal(-1, str(denied))

    def __len__(self) -> int:
        return len(self.data)


class _Collate:
    """The loader's own collate function, for the items that are none of ours."""

    def __init__(self, inner: Callable[[Any], Any], skip: bool, batched: bool) -> None:
        self.inner = inner
        self.skip = skip
        self.batched = batched

    def __call__(self, items: Any) -> Any:
        if not self.batched:
            if items.__class__ is _Refusal:
                return _Partial(_NONE, [items.row]) if self.skip else items
            return self.inner(items)
        for item in items:
            if item.__class__ is _Refusal:
                return self._with_refusals(items)
        return self.inner(items)

    def _with_refusals(self, items: list[Any]) -> Any:
        refusals = [item for item in items if item.__class__ is _Refusal]
        if not self.skip:
            return refusals[0]
        left = [item for item in items if item.__class__ is not _Refusal]
        return _Partial(self.inner(left) if left else _NONE, [refusal.row for refusal in refusals])


class _Positions:
    """Row numbers of a sampler's positions, or a sampler's row numbers without those that are denied.

    Remembers what it handed out, since batches come back in that order without saying what is in them.
    """

    def __init__(self, sampler: Any, rows: Rows, batched: bool, positions: bool) -> None:
        self.sampler = sampler
        self.rows = rows
        self.batched = batched
        self.positions = positions
        self.handed_out: deque[list[int]] = deque()

    def __iter__(self) -> Iterator[Any]:
        handed_out: deque[list[int]] = deque()
        self.handed_out = handed_out  # of this iteration; an earlier one keeps its own
        return self._draw(handed_out)

    def _draw(self, handed_out: deque[list[int]]) -> Iterator[Any]:
        indices = self.rows.indices
        allowed = self.rows.allowed
        for drawn in self.sampler:
            if self.batched:
                batch = [indices[i] for i in drawn] if self.positions else [i for i in drawn if allowed(i)]
                if batch:
                    handed_out.append(batch)
                    yield batch
            else:
                row = indices[drawn] if self.positions else drawn
                if self.positions or allowed(row):
                    handed_out.append([row])
                    yield row

    def __len__(self) -> int:
        return len(self.sampler)


class _Allowed:
    """A sampler of row numbers without those that are denied, so that batches of the rest are full."""

    def __init__(self, sampler: Any, rows: Rows) -> None:
        self.sampler = sampler
        self.rows = rows

    def __iter__(self) -> Iterator[int]:
        return filter(self.rows.allowed, self.sampler)

    def __len__(self) -> int:
        return len(self.sampler)


class _Shuffled:
    """Positions among the allowed rows in random order: as a RandomSampler draws them, and there may be none."""

    def __init__(self, data: Any, generator: Any) -> None:
        self.data = data
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        count = len(self.data)
        return iter(RandomSampler(range(count), generator=self.generator) if count else ())

    def __len__(self) -> int:
        return len(self.data)


class GuardedLoader(DataLoader, Generic[T]):  # type: ignore[misc]
    """A `DataLoader` of guarded data. Made by `guard_loader`."""

    _iterator: Any
    _source: Any
    _on_denied: str | None
    _plan: int

    def __iter__(self) -> Iterator[T]:
        rows = self._source.rows if isinstance(self._source, GuardedDataset) else None
        if rows is None:
            return self._hand_over(super().__iter__(), None, deque())
        rows.refresh()
        if self._iterator is not None and self._plan != rows.plan:
            self._iterator = None  # persistent workers that were started by what is no longer in force
        self._plan = rows.plan
        batches = super().__iter__()
        sampler: Any = self.batch_sampler if self._auto_collation else self.sampler
        return self._hand_over(batches, rows, sampler.handed_out)

    def _hand_over(self, batches: Iterator[Any], rows: Rows | None, handed_out: deque[list[int]]) -> Iterator[T]:
        skip = self._on_denied == "skip"
        elsewhere = rows is not None and self.num_workers > 0
        try:
            for batch in batches:
                if batch.__class__ is _Refusal:
                    raise self._denied(batch, rows)
                left_out: Sequence[int] = ()
                if batch.__class__ is _Partial:
                    batch, left_out = batch.batch, batch.refused
                if elsewhere and rows is not None:  # it was read some time ago, by a worker
                    drawn = handed_out.popleft()
                    refused = rows.refused([row for row in drawn if row not in left_out] if left_out else drawn)
                    if refused and not skip:
                        raise rows.denied(refused[0])
                    if refused:
                        continue
                if not (left_out and batch.__class__ is str and batch == _NONE):
                    yield batch
        except Denied:
            batches = iter(())  # whoever keeps the exception keeps this frame, but not the workers
            raise

    def _denied(self, refusal: _Refusal, rows: Rows | None) -> Denied:
        return rows.denied(refusal.row) if rows is not None else Denied(None, refusal.why)

    def origins(self) -> Iterator[tuple[str, str]]:
        """What was really read comes from: for a lineage."""
        origins: Iterator[tuple[str, str]] = self._source.origins()
        return origins


def guard_loader(
    data: GuardedDataset[T] | GuardedIterableDataset[T] | Any,
    rows: Rows | None = None,
    *,
    on_denied: Literal["raise", "skip"] | None = None,
    **options: Any,
) -> GuardedLoader[T]:
    """A `DataLoader` that never reads what is denied, decides anew each epoch, and looks again before it hands over.

        data = ztp.torch.GuardedDataset(dataset, rows)
        loader = ztp.torch.guard_loader(data, batch_size=64, shuffle=True, num_workers=2)
        loader = ztp.torch.guard_loader(existing_loader, rows)

    `options` are `DataLoader`'s. Of an existing loader of a map-style data set, everything is kept, its sampler too:
    what it draws and is denied is left out (so `len` is then an upper bound). Samplers that are given for a
    `GuardedDataset` draw positions among the allowed rows, as its `len` says.

    A row that is denied in the middle of an epoch raises `ztp.Denied` in the loop, whichever process was to read it
    (`on_denied="raise"`, as if nothing is said); or it is left out of its batch (`"skip"`). What a worker has read is
    looked at again before the loop gets it: a batch that waited while its rows were revoked is not handed over. For
    shards, `on_denied` is what it is for `ztp.guard.Shards`, which has it too.
    """
    if on_denied not in ("raise", "skip", None):
        raise ValueError(f"on_denied is 'raise' or 'skip', not {on_denied!r}")
    existing = isinstance(data, DataLoader)
    source: Any = data
    if existing:
        source, options = _taken_apart(data, rows, options)
    elif isinstance(data, GuardedDataset) and rows is not None and rows is not data.rows:
        raise TypeError("the data set has rows already")
    if not isinstance(source, (GuardedDataset, GuardedIterableDataset)):
        raise TypeError(f"expected a GuardedDataset, a GuardedIterableDataset or a DataLoader, not {source!r}")
    if not options.get("in_order", True):
        raise ValueError("a guarded loader needs its batches in order")

    batched = options.get("batch_sampler") is not None or options.get("batch_size", 1) is not None
    inner = options.pop("collate_fn", None) or (default_collate if batched else default_convert)
    options["collate_fn"] = _Collate(inner, on_denied == "skip", batched)
    loader: GuardedLoader[T]
    if isinstance(source, GuardedDataset):
        options.update(_samplers(source, options, batched, positions=not existing))
        loader = GuardedLoader(_Reader(source.data, source.rows), **options)
        loader._plan = source.rows.plan
    else:
        if on_denied is not None:
            source.shards.on_denied = on_denied
        loader = GuardedLoader(_IterableReader(source), **options)
        loader._plan = 0
    loader._source = source
    loader._on_denied = on_denied
    return loader


def _samplers(source: GuardedDataset[Any], options: dict[str, Any], batched: bool, positions: bool) -> dict[str, Any]:
    """The options that say what is drawn, in place of those that were given."""
    shuffle, sampler = options.pop("shuffle", None), options.pop("sampler", None)
    batch_sampler, size = options.pop("batch_sampler", None), options.pop("batch_size", 1)
    drop_last = options.pop("drop_last", False)
    if batch_sampler is not None and (shuffle or sampler is not None or drop_last or size not in (1, None)):
        raise ValueError("batch_sampler excludes batch_size, shuffle, sampler and drop_last")
    if sampler is not None and shuffle:
        raise ValueError("sampler excludes shuffle")
    rows = source.rows
    if batch_sampler is None:
        if sampler is None:
            drawn: Any = source if positions else range(rows.count)
            sampler = _Shuffled(drawn, options.get("generator")) if shuffle else SequentialSampler(drawn)
        if not batched:
            return {"sampler": _Positions(sampler, rows, False, positions), "batch_size": None}
        batch_sampler = BatchSampler(sampler if positions else _Allowed(sampler, rows), size, drop_last)
    return {"batch_sampler": _Positions(batch_sampler, rows, True, positions)}


def _taken_apart(loader: Any, rows: Rows | None, options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The data set and the options that a loader was made with."""
    if options:
        raise TypeError(f"an existing loader keeps its own options; {sorted(options)} cannot be given")
    kept: dict[str, Any] = {
        name: getattr(loader, name)
        for name in ("num_workers", "collate_fn", "pin_memory", "timeout", "worker_init_fn", "multiprocessing_context")
        + ("generator", "persistent_workers", "pin_memory_device")
    }
    if loader.num_workers > 0:
        kept["prefetch_factor"] = loader.prefetch_factor
    if not getattr(loader, "in_order", True):
        raise ValueError("a guarded loader needs its batches in order")
    dataset: Any = loader.dataset
    guarded_or_stream: tuple[Any, ...] = (GuardedDataset, IterableDataset)
    if isinstance(dataset, guarded_or_stream):
        raise TypeError("give guard_loader the guarded data set and the options; a loader is taken for map-style data")
    if rows is None:
        raise TypeError("guard_loader(loader, rows): which rows may be read?")
    if loader.batch_sampler is None:
        kept.update(sampler=loader.sampler, batch_size=None)
    elif type(loader.batch_sampler) is BatchSampler:
        kept.update(sampler=loader.sampler, batch_size=loader.batch_size, drop_last=loader.drop_last)
        if loader.batch_size is None:  # a BatchSampler of the caller's
            inner: Any = loader.batch_sampler
            kept.update(sampler=inner.sampler, batch_size=inner.batch_size, drop_last=inner.drop_last)
    else:
        kept.update(batch_sampler=loader.batch_sampler)
    return GuardedDataset(dataset, rows), kept


# ---- checkpoints ----


def guard_checkpoint(
    path: str | os.PathLike[str],
    engine: Engine,
    model: EntityLike,
    *,
    principal: EntityLike | None = None,
    save: str | None = None,
    load: str | None = None,
    values: Values = None,
    attributes: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None = None,
    digest: str = "digest",
    load_digest: str | None = None,
    parents: Sequence[EntityLike] = (),
    lineage: Lineage | Sequence[Source] = (),
    oblige: Obliged | None = None,
    map_location: Any = None,
    weights_only: bool = True,
) -> Checkpoint[Any]:
    """A `ztp.guard.Checkpoint` whose states are written by `torch.save` and read by `torch.load`.

    The file is an ordinary one: `torch.load(path)` reads it (and asks nobody). `weights_only` is `torch.load`'s: unless
    it is set to False, what is loaded can hold tensors and plain values, and runs no code.
    """
    return Checkpoint(
        path,
        engine,
        model,
        write=torch.save,
        read=functools.partial(_load, map_location=map_location, weights_only=weights_only),
        principal=principal,
        save=save,
        load=load,
        values=values,
        attributes=attributes,
        digest=digest,
        load_digest=load_digest,
        parents=parents,
        lineage=lineage,
        oblige=oblige,
    )


def _load(file: IO[bytes], *, map_location: Any, weights_only: bool) -> Any:
    return torch.load(file, map_location=map_location, weights_only=weights_only)
