"""What a model was made from.

**Boundary**: names of entities only. What lineage means, and what a label inherits through it, is the policy's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, Union, runtime_checkable

from . import EntityLike
from .guard_rows import origin_key

__all__ = ["Lineage", "Source"]


@runtime_checkable
class HasOrigins(Protocol):
    """Guarded rows, guarded shards, another lineage: what knows which entities were really read."""

    def origins(self) -> Iterator[tuple[str, str]]: ...


Source = Union[HasOrigins, EntityLike]


class Lineage:
    """The entities that a model derives from: what was really read of guarded data, and what is added by name.

        lineage = ztp.guard.Lineage(train_rows, ("Model", "base-model"))

    Asked when a checkpoint is saved, so that it names what was read by then.
    """

    def __init__(self, *sources: Source) -> None:
        self._sources: list[HasOrigins] = []
        self._added: dict[tuple[str, str], None] = {}
        for source in sources:
            self.add(source)

    def add(self, source: Source) -> None:
        """From here on this belongs to it too: guarded rows or shards, or an entity."""
        if isinstance(source, HasOrigins):
            self._sources.append(source)
        else:
            self._added[origin_key(source)] = None

    def add_all(self, origins: Iterable[tuple[str, str]]) -> None:
        self._added.update(dict.fromkeys(origins))

    def origins(self) -> Iterator[tuple[str, str]]:
        """`(type, id)`, each once."""
        seen = dict(self._added)
        for source in self._sources:
            seen.update(dict.fromkeys(source.origins()))
        return iter(seen)

    def __repr__(self) -> str:
        return f"<ztp.guard.Lineage {sorted(self.origins())}>"
