"""Shards of a stream, decided before they are opened.

A shard is whatever describes a part of the data without being it: a path, a URL, a table's partition, a row of a
catalogue. It is decided by its entity, opened only if allowed, and left in the middle when its lease ends and the
engine, asked again, denies.

**Boundary**: this file decides about descriptors. It opens nothing itself; `open` is the caller's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from . import Denied, EntityLike
from .guard_lease import Guard, Obliged
from .guard_rows import Marks, PlainMarks, Values, _now, entity_key, origin_key
from .guard_spawn import facts_for_worker, spawning

if TYPE_CHECKING:
    from . import Bound, Decision, Engine

__all__ = ["Shards"]

#: How many entities' leases are kept at hand: shards of one entity share its decision.
MEMORY = 4096

S = TypeVar("S")
T = TypeVar("T")


class Shards(Generic[S, T]):
    """The items of those shards that the policy allows.

        shards = ztp.guard.Shards(paths, engine, "train", resource=lambda path: ("Dataset", path.stem), open=read_csv,
                                  principal=me)
        for item in shards: ...

    `resource` gives a shard's entity, carried ones with their properties included; `open` opens a shard that is allowed
    and returns its items (without it, the shards are the items: descriptors that the caller opens). Before each item
    the shard's lease is checked; when it has ended the engine is asked again, once.

    `on_denied="skip"` leaves out a shard that is denied, or the rest of it, and notes it in `denied`; `"raise"` raises
    `ztp.Denied`. `oblige` carries out the obligations of each shard's allow. `origin` says what a model that read the
    shard is made from: by default the shard's entity.

    `part` is called when iteration begins and says which part of the shards is this process's, `(2, 3)`: of three, the
    last. In a worker the copy decides with an engine of its own.
    """

    def __init__(
        self,
        shards: Sequence[S],
        engine: Engine,
        action: str,
        *,
        resource: Callable[[S], EntityLike],
        open: Callable[[S], Iterable[T]] | None = None,
        principal: EntityLike,
        values: Values = None,
        on_denied: Literal["skip", "raise"] = "skip",
        oblige: Obliged | None = None,
        origin: EntityLike | Callable[[S], EntityLike] | None = None,
        part: Callable[[], tuple[int, int]] | None = None,
        marks: type[Marks] = PlainMarks,
    ) -> None:
        if on_denied not in ("skip", "raise"):
            raise ValueError(f"on_denied is 'skip' or 'raise', not {on_denied!r}")
        self.shards = shards
        self.engine = engine
        self.action = action
        self._resource = resource
        self._open = open
        self._principal = principal
        self._values = values
        self.on_denied = on_denied
        self._oblige = oblige
        self._origin = origin
        self._part = part
        self._marks = marks(len(shards))
        #: Shards of the last iteration in this process that were denied, or were so in the middle, and why.
        self.denied: list[tuple[S, Denied]] = []
        self._start()

    def _start(self) -> None:
        self._read = self._marks.views()[1]
        self._bound: Bound | None = None

    def __iter__(self) -> Iterator[T]:
        self.denied = []
        guards: dict[object, Guard] = {}
        index, parts = self._part() if self._part is not None else (0, 1)
        for number in range(index, len(self.shards), parts):
            shard = self.shards[number]
            entity = self._resource(shard)
            key = None if isinstance(entity, (Mapping, list)) else entity  # a carried one is a question of its own
            guard = guards.get(key)
            if guard is None:
                guard = Guard(functools.partial(self._ask, entity), oblige=self._oblige)
                if key is not None:
                    if len(guards) == MEMORY:
                        guards.clear()
                    guards[key] = guard
            try:
                guard.check()
                valid = guard.valid
                self._read[number] = 1
                for item in self._open(shard) if self._open is not None else (shard,):
                    if not valid():
                        guard.check()
                        valid = guard.valid
                    yield item  # type: ignore[misc]  # without `open` an item is a shard
            except Denied as denied:
                self.denied.append((shard, denied))
                if self.on_denied == "raise":
                    raise

    def _ask(self, entity: EntityLike) -> Decision:
        if self._bound is None:
            self._bound = self.engine.bind(self.action, principal=self._principal, can=tuple(self._oblige or ()))
        return self._bound(resource=entity, **_now(self._values))

    def origins(self) -> Iterator[tuple[str, str]]:
        """What the shards that were really opened come from, each once."""
        seen: set[tuple[str, str]] = set()
        for number, read in enumerate(self._read):
            if read:
                origin = self._origin_of(self.shards[number])
                if origin not in seen:
                    seen.add(origin)
                    yield origin

    def _origin_of(self, shard: S) -> tuple[str, str]:
        if callable(self._origin):
            return origin_key(self._origin(shard))
        if self._origin is not None:
            return origin_key(self._origin)
        entity = self._resource(shard)
        if isinstance(entity, Mapping):
            return (str(entity["type"]), str(entity["id"]))
        return entity_key(entity)

    def share(self, marks: type[Marks]) -> None:
        """Moves the marks to another kind of memory, before workers are started."""
        if type(self._marks) is not marks:
            moved = marks(len(self.shards))
            moved.views()[1][:] = self._read
            self._marks = moved
            self._read = moved.views()[1]

    def __getstate__(self) -> dict[str, Any]:
        state = {name: value for name, value in self.__dict__.items() if name not in ("_read", "_bound")}
        if spawning():
            state["facts"] = facts_for_worker(self.engine)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        facts = state.pop("facts", None)
        self.__dict__.update(state)
        if facts is not None:
            self.engine.replace(facts=facts)
        self._start()

    def __repr__(self) -> str:
        return f"<ztp.guard.Shards {self.action}: {len(self.shards)} shards>"
