"""Plain values: what an engine is asked about, and what it answers with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from . import _ztp

if TYPE_CHECKING:
    from typing_extensions import TypeAlias

__all__ = ["Entity", "EntityLike", "Obligation", "Problem", "Rule", "Time", "Value"]


class Entity(NamedTuple):
    """An entity by its type and id: ``Entity("Team", "vision")``, printed as ``Team::"vision"``.

    A pair of texts, equal to ``("Team", "vision")``.
    """

    type: str
    id: str

    def __str__(self) -> str:
        id_ = self.id.replace("\\", "\\\\").replace('"', '\\"')
        for plain, escaped in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
            id_ = id_.replace(plain, escaped)
        return f'{self.type}::"{id_}"'

    @classmethod
    def parse(cls, text: str) -> Entity:
        """``Entity.parse('Team::"vision"')``. TypeError: it is no such text."""
        return cls(*_ztp.parse_entity(text))


#: How an entity is written: `Entity`, a pair, the text ``Type::"id"``, or ``{"type": …, "id": …}``, with
#: ``"properties"`` for a type that the policy declares `carried`.
EntityLike: TypeAlias = Union[Entity, tuple[str, str], str, Mapping[str, Any]]

#: A parameter's or input's value. None: it is missing. `UNKNOWN`: it should be there and is not known.
#: A proven input takes a `Proof`.
#: A type that has a text form (Version, Ip, Digest, an enum, …) takes a str.
Value: TypeAlias = Union[
    bool, int, float, Decimal, str, datetime, timedelta, Entity, Iterable[Any], Mapping[str, Any], "_ztp.UnknownType",
    "_ztp.Proof", None
]

#: A point in time: None is the clock, else an aware datetime, or microseconds since 1970-01-01T00:00:00Z.
Time: TypeAlias = Union[datetime, int, None]


class Rule(NamedTuple):
    """A rule that decided."""

    name: str  #: package and name
    because: str  #: may be empty
    file: str  #: where it was compiled from
    line: int
    forbid: bool

    def __str__(self) -> str:
        return self.name


class Obligation(NamedTuple):
    """A duty that comes with an allow: ``audit(level: "full")``."""

    name: str
    args: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{name}: {value!r}' for name, value in self.args.items())})"


class Problem(NamedTuple):
    """One of the things that are wrong. Places are counted from 1, columns in bytes; 0: not known."""

    id: str  #: ``ZTP1315``, for ever the same; may be empty
    message: str
    help: str  #: what to do; may be empty
    file: str
    path: str  #: within JSON: ``$.action.name``
    line: int
    column: int
    end_line: int
    end_column: int
