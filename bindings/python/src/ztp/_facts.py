"""The facts of an engine, and their changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Union

from . import _ztp
from ._types import EntityLike, Time

if TYPE_CHECKING:
    import os

    from typing_extensions import Self, TypeAlias

    from ._engine import Engine

__all__ = ["Change", "Facts"]

#: Entities as in facts files: ``{"uid": {"type": …, "id": …}, "attrs": {…}, "parents": […], "derives": […],
#: "evidence": [{"attr": …, "kind": …, "value": …}]}``, several of them, or JSON.
Entities: TypeAlias = Union[str, bytes, Mapping[str, Any], Iterable[Mapping[str, Any]]]


class Change:
    """Changes that come into force together at the end of its block, all or none. One thread's at a time.

        with engine.facts.change() as change:
            change.upsert({"uid": {"type": "User", "id": "ann"}, "attrs": {...}})
            change.delete("User", "bob")

    After an exception in the block nothing is changed.
    """

    def __init__(self, engine: Engine) -> None:
        self._change = _ztp.Change(engine)

    def upsert(self, entities: Entities, *, now: Time = None) -> None:
        """Adds them; those that are there are replaced, edges and what evidence proved included. Their ``"evidence"`` is
        verified at `now`, under the trust that the engine used when the change was begun."""
        if isinstance(entities, bytes):
            entities = entities.decode()
        if not isinstance(entities, (str, Mapping)):
            entities = list(entities)
        if not isinstance(entities, str):
            from ._hooks import to_json

            entities = to_json(entities)
        self._change.upsert_json(entities, now)

    def delete(self, type: str, id: str) -> None:
        """NotFoundError, when it comes into force: it is not there."""
        self._change.delete((type, id))

    def add_parent(self, child: EntityLike, parent: EntityLike) -> None:
        """A stored entity becomes a member of the parent."""
        self._change.add_parent(child, parent)

    def add_origin(self, child: EntityLike, origin: EntityLike) -> None:
        """A stored entity descends from the origin: an edge of the lineage."""
        self._change.add_origin(child, origin)

    def commit(self) -> None:
        """Puts what was changed so far in force; leaving the block does so too. Readers never wait; every lease ends."""
        self._change.commit()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.commit()


class Facts:
    """The stored entities by which an engine decides: ``engine.facts``. Its single changes are in force when they return."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def version(self) -> str:
        """"sha256:…" over the content, in whatever order it came."""
        return self._engine._facts_version

    def __len__(self) -> int:
        return self._engine._facts_count

    def get(self, type: str, id: str) -> dict[str, Any] | None:
        """An entity as it is stored, in the form that `upsert` takes: ``{"uid": …, "attrs": {…}, "parents": […]}``, with
        what it was given and not what it inherits. Values are JSON's. None: it is not there."""
        import json

        text = self._engine._entity_json(type, id)
        return None if text is None else json.loads(text)

    def change(self) -> Change:
        """Several changes that come into force together."""
        return Change(self._engine)

    def upsert(self, entities: Entities, *, now: Time = None) -> None:
        """Adds entities; those that are there are replaced, edges and what evidence proved included. Their ``"evidence"``
        is verified at `now`."""
        with self.change() as change:
            change.upsert(entities, now=now)

    def delete(self, type: str, id: str) -> None:
        """NotFoundError: it is not there."""
        with self.change() as change:
            change.delete(type, id)

    def add_parent(self, child: EntityLike, parent: EntityLike) -> None:
        """A stored entity becomes a member of the parent."""
        with self.change() as change:
            change.add_parent(child, parent)

    def add_origin(self, child: EntityLike, origin: EntityLike) -> None:
        """A stored entity descends from the origin: an edge of the lineage."""
        with self.change() as change:
            change.add_origin(child, origin)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Writes a facts file (.ztpf), which loads at once, through a temporary one beside it. NotProvenError: evidence
        proves attributes, and an engine keeps no evidence: `ztp facts build` makes such a file."""
        import os

        self._engine._write_facts(os.fspath(path))

    def __repr__(self) -> str:
        return f"<ztp.Facts {len(self)} entities {self.version}>"
