"""What the extension asks of Python, looked up once by name: see src/_ztp/hooks.h."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

from . import _ztp
from ._errors import make_error
from ._render import render_explanation, render_html, render_repr, render_text
from ._types import Entity, Obligation, Rule

__all__ = [
    "Decimal",
    "Entity",
    "Obligation",
    "Rule",
    "datetime",
    "decimal_of_units",
    "duration_of_micros",
    "make_error",
    "micros_of_duration",
    "micros_of_time",
    "plain",
    "rebind",
    "render_explanation",
    "render_html",
    "render_repr",
    "render_text",
    "text_of_decimal",
    "time_of_micros",
    "timedelta",
    "to_json",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_FIRST = -62_135_596_800_000_000  # 0001-01-01T00:00:00Z
_LAST = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999Z
_FOREVER = 2**63 - 1


def micros_of_duration(duration: timedelta) -> int:
    return (duration.days * 86_400 + duration.seconds) * 1_000_000 + duration.microseconds


def micros_of_time(time: object) -> int:
    if not isinstance(time, datetime):
        raise TypeError(f"a time is an aware datetime, or an int of microseconds since 1970, and not {time!r}")
    if time.tzinfo is None:
        raise TypeError(f"{time!r} has no time zone: ztp takes aware datetimes, as datetime.now(timezone.utc) is")
    return micros_of_duration(time - _EPOCH)


def time_of_micros(micros: int) -> datetime | None:
    if micros == _FOREVER:
        return None
    return _EPOCH + timedelta(microseconds=min(max(micros, _FIRST), _LAST))


def duration_of_micros(micros: int) -> timedelta:
    return timedelta(microseconds=micros)


def decimal_of_units(units: int) -> Decimal:
    return Decimal(units).scaleb(-9)


def text_of_decimal(number: Decimal) -> str:
    return format(number, "f")


def plain(value: object) -> object:
    """Anything else as something that has a value in ztp: arrays' scalars, addresses."""
    item = getattr(value, "item", None)  # of NumPy and torch
    if callable(item) and getattr(value, "ndim", None) == 0:
        return item()
    if isinstance(value, (IPv4Address, IPv4Network, IPv6Address, IPv6Network)):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "__index__"):
        return value.__index__()
    tolist = getattr(value, "tolist", None)
    if callable(tolist):
        return tolist()
    raise TypeError(f"ztp has no value for {value!r} of {type(value)}")


def _json_form(value: object) -> object:
    if isinstance(value, datetime):
        micros_of_time(value)
        return value.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        micros = micros_of_duration(value)
        sign, micros = ("-", -micros) if micros < 0 else ("", micros)
        milliseconds, rest = divmod(micros, 1000)
        if rest:
            raise ValueError(f"{value!r} is no whole number of milliseconds")
        return f"{sign}{milliseconds}ms"
    if isinstance(value, (set, frozenset)):
        return list(value)
    if isinstance(value, Decimal):
        return text_of_decimal(value)
    return plain(value)


def _entities(value: object) -> object:
    """`Entity` is a tuple to the json module; it is an object to ztp."""
    if isinstance(value, Entity):
        return {"type": value.type, "id": value.id}
    if isinstance(value, Mapping):
        return {key: _entities(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_entities(item) for item in value]
    return value


def to_json(value: object) -> str:
    """JSON as ztp reads it by the schema."""
    return json.dumps(_entities(value), default=_json_form, ensure_ascii=False, allow_nan=False)


def rebind(engine: Any, action: str, principal: Any, resource: Any, can: Any, values: dict[str, Any]) -> _ztp.Bound:
    """What a pickled `Bound` is made again by."""
    bound: _ztp.Bound = engine._bind(action, principal, resource, can, values)
    return bound
