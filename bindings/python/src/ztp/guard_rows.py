"""Rows of a data set, decided before they are read.

Every row belongs to a resource entity: an entity of its own, its shard's, or the whole data set's. The distinct
entities are decided in batches, into a byte for each, so that a row costs two array look-ups and a check of a lease.
A row whose lease has ended is decided again before it is read.

**Boundary**: this file decides about row numbers. What a row is, and how it is read, is the data set's.
"""

from __future__ import annotations

import math
import os
import threading
import time
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, Union

from . import FOREVER, Constant, Denied, Entity, EntityLike
from .guard_spawn import facts_for_worker, spawning

if TYPE_CHECKING:
    from . import Decision, Engine, Lease

__all__ = ["GuardedSequence", "Marks", "Rows", "Values", "entity_key", "origin_key"]

T = TypeVar("T")

#: Parameters and inputs of the question: constants, or a function that gives them anew each time it is asked, which is
#: how fresh evidence gets in. Where data loaders spawn workers it has to be picklable.
Values = Union[Mapping[str, object], Callable[[], Mapping[str, object]], None]

#: Entities that share a lease. When one of them runs out all of these are decided again, and no more: about a millisecond.
BLOCK = 4096

#: How long, in seconds, entities of which none is allowed are left alone before they are asked about again.
PATIENCE = 0.1


def entity_key(entity: object, type_: str | None = None) -> tuple[str, str]:
    """An entity's type and id, from whatever names it. An id alone is an entity of `type_`."""
    if isinstance(entity, Entity):
        return (entity.type, entity.id)
    if isinstance(entity, Mapping):
        if "properties" in entity:
            raise TypeError("rows of a carried entity type cannot be decided in batches; use ztp.guard.Shards")
        return (str(entity["type"]), str(entity["id"]))
    if isinstance(entity, tuple):
        if len(entity) == 2 and isinstance(entity[0], str) and isinstance(entity[1], str):
            return (entity[0], entity[1])
    elif type_ is not None:
        if isinstance(entity, str):
            return (type_, str(entity))
        if hasattr(entity, "__index__") and not isinstance(entity, bool):
            return (type_, str(entity.__index__()))
    elif isinstance(entity, str) and entity.endswith('"') and '::"' in entity:
        parsed = Entity.parse(entity)
        return (parsed.type, parsed.id)
    raise TypeError(f"not an entity: {entity!r}; an id alone needs resource_type=")


def origin_key(origin: object) -> tuple[str, str]:
    """What a model is said to derive from: an entity."""
    return entity_key(origin)


class Marks(Protocol):
    """Two bytes for each of `size` entities: is it allowed, was it read. `ztp.torch` keeps them in shared memory."""

    def __init__(self, size: int) -> None: ...

    def views(self) -> tuple[memoryview, memoryview]:
        """Allowed, read: writable bytes, always of the same memory."""
        ...


class PlainMarks:
    """Marks in this process's memory; pickled, they are copied."""

    def __init__(self, size: int) -> None:
        self._bytes = (bytearray(size), bytearray(size))

    def views(self) -> tuple[memoryview, memoryview]:
        return (memoryview(self._bytes[0]), memoryview(self._bytes[1]))


class Rows:
    """Which rows of a data set may be read, and which were.

        rows = ztp.guard.Rows(engine, "train", table["owner"], principal=me, resource_type="Dataset",
                              values={"purpose": "research"})
        for row in rows:                        # the allowed ones
            use(data[row])

    `resources` says what entity each row belongs to: a sequence with an item a row (entities, or ids of
    `resource_type`: a list, a column of a data frame, an array); a function from row number to entity, called once for
    each of `count` rows; or one entity for all `count` rows.

    `origin` says what a model that reads a row is made from: by default the row's own entity; or one entity, or a
    function from `(type, id)` of the row's entity to an entity. `can` lists the obligations that the caller carries out
    for every row that it reads, by default none: a batch's answers do not list them row by row.

    Rows are decided when the object is made, when `refresh()` is called (loaders do, once an epoch) and answers may
    have changed, and, a block of 4096 entities at a time, when a lease has ended and one of its rows is about to be
    read. `indices` changes in `refresh()` only.

    **In worker processes** the copy that a data loader makes decides with an engine of its own (inherited, or loaded
    again, with the facts that were in force when it was started). Its marks are the parent's where they are in shared
    memory: a row is read only if the last answers of both allow it, and what the parent learns (changed facts) or the
    worker learns (an ended lease, a revoked epoch page) holds for both at once. A copy can only take away.

    Threads may read rows of one object at a time that no thread refreshes it.
    """

    def __init__(
        self,
        engine: Engine,
        action: str,
        resources: Sequence[Any] | Callable[[int], Any] | EntityLike,
        *,
        principal: EntityLike,
        resource_type: str | None = None,
        count: int | None = None,
        values: Values = None,
        can: Sequence[str] = (),
        origin: EntityLike | Callable[[tuple[str, str]], EntityLike] | None = None,
        marks: type[Marks] = PlainMarks,
    ) -> None:
        self.engine = engine
        self.action = action
        self._principal: EntityLike = principal if isinstance(principal, Mapping) else Entity(*entity_key(principal))
        self._values = values
        self._can = tuple(can)
        self._entities, self._codes = _code(resources, resource_type, count)
        self._block, self._spans = _blocks(self._entities)
        self._asked = [
            (self._entities[first][0], [id_ for _, id_ in self._entities[first:end]]) for first, end in self._spans
        ]  # type and ids of each block
        self._origins = _Origins(self._entities, origin)
        self._marks = marks(len(self._entities))
        self._follows = False  # a worker's copy: its answers only take away
        #: Numbers of the rows that were allowed at the last `refresh()`, ascending.
        self.indices: Sequence[int] = ()
        #: Changes whenever workers that were started before no longer know what is in force.
        self.plan = 0
        self._generation = -1
        self._indexed: bytes | None = None  # what `indices` were made of
        self._start()
        self.refresh()

    def _start(self) -> None:
        """What belongs to this process."""
        self._allow, self._read = self._marks.views()
        self._valid: list[Callable[[], bool]] = [_never] * len(self._spans)
        self._leases: list[Lease | None] = [None] * len(self._spans)
        self._all_valid: Callable[[], bool] = _never
        self._denied_until = [0] * len(self._spans)  # when a denial may become an allow, in microseconds
        self._lock = threading.Lock()
        self._pid = os.getpid()

    # ---- reading ----

    def admit(self, row: int) -> int:
        """The row's number if it may be read now; raises `ztp.Denied` if not. Call it right before reading."""
        if self.admits(row):
            return row
        raise self.denied(row)

    def admits(self, row: int) -> bool:
        """The same as an answer, without the reasons that an exception has."""
        code = self._codes[row]
        if (self._allow[code] and (self._all_valid() or self._valid[self._block[code]]())) or self._holds(code):
            self._read[code] = 1
            return True
        return False

    def read(self, data: Any, wanted: Iterable[int], instead: Callable[[int], Any] | None = None) -> list[Any]:
        """`[data[row] for row in wanted]`, each row checked right before it is read.

        A denied row raises `ztp.Denied`, or `instead(row)` takes the item's place.
        """
        codes, allow, read = self._codes, self._allow, self._read
        valid, block, all_valid = self._valid, self._block, self._all_valid
        items = []
        for row in wanted:
            code = codes[row]
            if allow[code] and (all_valid() or valid[block[code]]()):
                read[code] = 1
                items.append(data[row])
            elif self._holds(code):
                read[code] = 1
                items.append(data[row])
            elif instead is not None:
                items.append(instead(row))
            else:
                raise self.denied(row)
        return items

    def _holds(self, code: int) -> bool:
        block = self._block[code]
        self._notice_fork()
        if not self._valid[block]():
            with self._lock:
                if not self._valid[block]():
                    self._decide(block, _now(self._values))
        return bool(self._allow[code])

    def _notice_fork(self) -> None:
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._lock = threading.Lock()  # the other may be held by a thread that is not here
            self._follows = True

    def allowed(self, row: int) -> bool:
        """Was the row allowed when it was last decided? Says nothing of now: that is `admit`'s."""
        return bool(self._allow[self._codes[row]])

    def refused(self, rows: Iterable[int]) -> list[int]:
        """Those of `rows` that may not be used now: for rows that another process has read."""
        wanted = list(rows)
        self._notice_fork()
        if self.engine.generation != self._generation:
            # So that workers learn of all that changed, and not of these rows only.
            with self._lock:
                self._decide_all()
        codes = list(map(self._codes.__getitem__, wanted))
        if not self._all_valid():
            for block in set(map(self._block.__getitem__, codes)):
                if not self._valid[block]():
                    self._holds(self._spans[block][0])
        allow = self._allow
        if all(map(allow.__getitem__, codes)):
            return []
        return [row for row, code in zip(wanted, codes) if not allow[code]]

    def denied(self, row: int) -> Denied:
        """The exception for a row that may not be read, with the decision about it."""
        type_, id_ = self.entity(row)
        decision = self.decide(row)
        if decision.allow:  # a worker's copy knows of a denial that this process has not seen yet, or it is halted
            return Denied(None, f'row {row}, {type_}::"{id_}", was denied when it was about to be read')
        return Denied(decision, f'row {row}, {type_}::"{id_}", may not be read: {decision}')

    def decide(self, row: int) -> Decision:
        """The decision about one row, with its reasons."""
        return self.engine.decide(
            self._principal, self.action, Entity(*self.entity(row)), can=self._can, **_now(self._values)
        )

    def entity(self, row: int) -> tuple[str, str]:
        """Type and id of the entity that a row belongs to."""
        return self._entities[self._codes[row]]

    # ---- deciding ----

    def refresh(self) -> Rows:
        """Makes `indices` the rows that are allowed now: decides again whatever may have another answer by now."""
        self._notice_fork()
        if self._follows:
            raise RuntimeError("a worker's copy cannot be refreshed; refresh the original, and start workers again")
        with self._lock:
            self._decide_all(unless_they_hold=not callable(self._values))
        allow, codes = self._allow, self._codes
        indexed = bytes(allow)
        if self._indexed == indexed:
            return self
        self._indexed = indexed
        if all(allow):
            self.indices = range(len(codes))
        elif not any(allow):
            self.indices = ()
        else:
            self.indices = array("q", (row for row, code in enumerate(codes) if allow[code]))
        return self

    def _decide_all(self, *, unless_they_hold: bool = False) -> None:
        generation = self.engine.generation
        if generation != self._generation:
            self._generation = generation
            self.plan += 1
        values = _now(self._values)
        for block in range(len(self._spans)):
            if unless_they_hold and self._valid[block]() and time.time_ns() // 1000 < self._denied_until[block]:
                continue
            self._decide(block, values)
        self._all_valid = self._soonest()

    def _soonest(self) -> Callable[[], bool]:
        """The lease that ends first, if all hold: as long as it does, the others do, and need not be asked."""
        leases = [lease for lease in self._leases if lease is not None]
        if not leases:
            return _never
        soonest = min(leases, key=_end)
        # It was given before these are asked, and is asked last: nothing was revoked in between.
        return soonest.valid if all(lease.valid() for lease in leases) and soonest.valid() else _never

    def _decide(self, block: int, values: dict[str, Any]) -> None:
        first, end = self._spans[block]
        type_, ids = self._asked[block]
        generation = self.engine.generation
        result = self.engine.decide_batch(
            self.action,
            {"resource": ids},
            principal=self._principal,
            resource="resource",
            resource_type=type_,
            values={name: Constant(value) for name, value in values.items()},
            can=self._can,
        )
        allow = memoryview(result.allow).cast("B").tobytes()
        lease = result.lease
        self._denied_until[block] = _first_end(result.valid_until, result.allow) if 0 in allow else FOREVER
        now, before = int.from_bytes(allow, "little"), int.from_bytes(self._allow[first:end], "little")
        if self._follows:
            allow = (now & before).to_bytes(end - first, "little")
        elif now & ~before:
            self.plan += 1
        self._allow[first:end] = allow
        if lease is not None and any(allow):
            self._leases[block] = lease
            self._valid[block] = lease.valid
        else:
            self._leases[block] = None
            self._valid[block] = _patient(self.engine, generation)

    # ---- what was read ----

    def origins(self) -> Iterator[tuple[str, str]]:
        """What the rows that were really read come from, as `(type, id)`, each once."""
        seen: set[tuple[str, str]] = set()
        for code, read in enumerate(self._read):
            if read:
                origin = self._origins(code)
                if origin not in seen:
                    seen.add(origin)
                    yield origin

    def forget_reads(self) -> None:
        """From here on as if nothing had been read: for a second model from the same rows."""
        self._read[:] = bytes(len(self._read))

    @property
    def count(self) -> int:
        """All rows, allowed or not."""
        return len(self._codes)

    def __len__(self) -> int:
        """The rows that were allowed at the last `refresh()`."""
        return len(self.indices)

    def __iter__(self) -> Iterator[int]:
        """The allowed rows' numbers, each checked right before it is handed out."""
        admit = self.admit
        for row in self.indices:
            yield admit(row)

    def __repr__(self) -> str:
        return f"<ztp.guard.Rows {self.action}: {len(self)} of {self.count} rows, {len(self._entities)} entities>"

    # ---- to other processes ----

    def __getstate__(self) -> dict[str, Any]:
        state = {
            name: value
            for name, value in self.__dict__.items()
            if name not in ("_allow", "_read", "_valid", "_all_valid", "_leases", "_denied_until", "_lock", "_pid")
        }
        if spawning():
            state["_follows"] = True
            state["facts"] = facts_for_worker(self.engine)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        facts = state.pop("facts", None)
        self.__dict__.update(state)
        if facts is not None:
            self.engine.replace(facts=facts)
        self._start()

    def share(self, marks: type[Marks]) -> None:
        """Moves the marks to another kind of memory, before workers are started."""
        if type(self._marks) is marks:
            return
        moved = marks(len(self._entities))
        for to, of in zip(moved.views(), self._marks.views()):
            to[:] = of
        self._marks = moved
        self._allow, self._read = moved.views()


class GuardedSequence(Generic[T]):
    """A sequence's rows that may be read: `len` counts the allowed ones, and only those are ever asked for.

        data = ztp.guard.GuardedSequence(records, rows)
        data[0]                                 # the first allowed record; ztp.Denied if it no longer is

    A row that is denied is never passed to the data's `__getitem__`. Positions stay those of the last `refresh()` of
    the rows; `indices[position]` is the row's number in the data.
    """

    def __init__(self, data: Any, rows: Rows) -> None:
        if hasattr(data, "__len__") and len(data) != rows.count:
            raise ValueError(f"the data has {len(data)} rows, and {rows.count} were given entities")
        self.data = data
        self.rows = rows

    @property
    def indices(self) -> Sequence[int]:
        """Row numbers of the positions."""
        return self.rows.indices

    def __len__(self) -> int:
        return len(self.rows.indices)

    def __getitem__(self, position: int) -> T:
        rows = self.rows
        return self.data[rows.admit(rows.indices[position])]  # type: ignore[no-any-return]

    def __getitems__(self, positions: Iterable[int]) -> list[T]:
        """Several at once, each row checked right before it is read (loaders of PyTorch ask for it)."""
        indices = self.rows.indices
        return self.rows.read(self.data, [indices[position] for position in positions])

    def __iter__(self) -> Iterator[T]:
        for position in range(len(self)):
            yield self[position]

    def origins(self) -> Iterator[tuple[str, str]]:
        """What was really read comes from: for a lineage."""
        return self.rows.origins()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {type(self.data).__name__}: {self.rows!r}>"


# ---- helpers ----


def _never() -> bool:
    return False


def _now(values: Values) -> dict[str, Any]:
    return dict(values() if callable(values) else values or {})


def _end(lease: Lease) -> float:
    return lease.valid_until.timestamp() if lease.valid_until is not None else math.inf


def _first_end(valid_until: Any, allow: Any) -> int:
    """When the first of the denials may end."""
    if hasattr(valid_until, "min"):  # NumPy's
        return int(valid_until[~allow].min())
    return int(min(until for until, allowed in zip(valid_until, allow) if not allowed))


def _patient(engine: Engine, generation: int) -> Callable[[], bool]:
    """Answers without a lease, since nothing is allowed: they hold for a moment, or until policy or facts change."""
    until = time.monotonic() + PATIENCE
    return lambda: time.monotonic() < until and engine.generation == generation


def _code(resources: Any, type_: str | None, count: int | None) -> tuple[list[tuple[str, str]], Sequence[int]]:
    """The distinct entities, one type after another, and for each row the number of its entity."""
    if isinstance(resources, (Entity, str)) or (isinstance(resources, Mapping) and "type" in resources):
        if count is None:
            raise TypeError("one entity for all rows: say how many rows there are, count=len(data)")
        return [entity_key(resources)], bytes(count)
    rows: Iterable[Any]
    if callable(resources):
        if count is None:
            raise TypeError("a function from row to entity: say how many rows there are, count=len(data)")
        rows = map(resources, range(count))
    else:
        rows = resources.tolist() if hasattr(resources, "tolist") else resources  # plain objects, of an array's
    numbers: dict[Any, int] = {}
    codes = [numbers.setdefault(row, len(numbers)) for row in map(_hashable, rows)]
    if count is not None and count != len(codes):
        raise ValueError(f"{len(codes)} entities for {count} rows")
    keys = [entity_key(entity, type_) for entity in numbers]
    order = sorted(range(len(keys)), key=lambda number: keys[number][0])  # stable: by type, then as they came
    entities: list[tuple[str, str]] = []
    place = [0] * len(keys)
    known: dict[tuple[str, str], int] = {}
    for number in order:  # one entity may have been named in two ways
        key = keys[number]
        if key not in known:
            known[key] = len(entities)
            entities.append(key)
        place[number] = known[key]
    placed = [place[code] for code in codes]
    if len(entities) == len(placed) and placed == list(range(len(placed))):
        return entities, range(len(placed))
    return entities, (bytes(placed) if len(entities) <= 256 else array("I", placed))


def _hashable(row: Any) -> Any:
    return entity_key(row) if isinstance(row, Mapping) else tuple(row) if isinstance(row, list) else row


def _blocks(entities: list[tuple[str, str]]) -> tuple[Sequence[int], list[tuple[int, int]]]:
    """Which block each entity is of, and the blocks' spans: of one type, and no longer than BLOCK."""
    spans: list[tuple[int, int]] = []
    block = array("I")
    for number, (type_, _) in enumerate(entities):
        if not spans or number - spans[-1][0] == BLOCK or entities[spans[-1][0]][0] != type_:
            spans.append((number, number))
        spans[-1] = (spans[-1][0], number + 1)
        block.append(len(spans) - 1)
    return block, spans


class _Origins:
    """From an entity's number to what a model that reads it is made from. A class, so that it can be pickled."""

    def __init__(
        self,
        entities: list[tuple[str, str]],
        origin: EntityLike | Callable[[tuple[str, str]], EntityLike] | None,
    ) -> None:
        self._of: Sequence[tuple[str, str]] = entities
        self._one: tuple[str, str] | None = None
        if callable(origin):
            self._of = [origin_key(origin(entity)) for entity in entities]
        elif origin is not None:
            self._one = origin_key(origin)

    def __call__(self, code: int) -> tuple[str, str]:
        return self._one if self._one is not None else self._of[code]
