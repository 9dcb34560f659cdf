"""Tables of Python as columns of the extension, and its answers as arrays."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from . import _ztp
from ._types import Entity, EntityLike, Rule, Time

if TYPE_CHECKING:
    from ._engine import Engine

__all__ = ["BatchResult", "Column", "Constant", "allowed_rows", "decide_batch"]

TableT = TypeVar("TableT")

_PRINCIPAL, _RESOURCE, _VALUE = 0, 1, 2  # Use::Kind of src/_ztp/batch.cc
_NO_RULE = 2**32 - 1


class Column(NamedTuple):
    """A column by its name, where a str might be meant as a value."""

    name: str


class Constant(NamedTuple):
    """One value for all rows, where a str might be meant as a column's name."""

    value: Any


class BatchResult:
    """Answers of a batch, one a row. Arrays are NumPy's where it is installed, else memoryviews: both have the buffer
    protocol and share the memory that the engine wrote to."""

    __slots__ = ("_allow", "_lease", "_on_unknown", "_rule", "_rules", "_valid_until")

    def __init__(
        self,
        allow: bytearray,
        on_unknown: bytearray,
        valid_until: bytearray,
        rule: bytearray,
        rules: dict[int, Rule],
        lease: _ztp.Lease | None,
    ) -> None:
        self._allow = _array(allow, "?")
        self._on_unknown = _array(on_unknown, "?")
        self._valid_until = _array(valid_until, "q")
        self._rule = _array(rule, "I")
        self._rules = rules
        self._lease = lease

    @property
    def allow(self) -> Any:
        """May it be done? An array of bool."""
        return self._allow

    @property
    def on_unknown(self) -> Any:
        """A denial because something is not known. An array of bool."""
        return self._on_unknown

    @property
    def valid_until(self) -> Any:
        """The first instant at which it may be another, in microseconds since 1970; 2**63 - 1: none is known."""
        return self._valid_until

    @property
    def lease(self) -> _ztp.Lease | None:
        """"Still allowed", of all rows that were allowed; None: there are none."""
        return self._lease

    def rule(self, row: int) -> Rule | None:
        """The first rule that decided the row; None: no rule did."""
        number = int(self._rule[row])
        return None if number == _NO_RULE else self._rules[number]

    def __len__(self) -> int:
        return len(self._allow)

    def __iter__(self) -> Iterator[bool]:
        return (bool(allow) for allow in self._allow)

    def __getitem__(self, row: int) -> bool:
        return bool(self._allow[row])

    def __repr__(self) -> str:
        return f"<ztp.BatchResult {sum(self)} of {len(self)} rows allowed>"


def _array(data: bytearray, kind: Literal["?", "q", "I"]) -> Any:
    numpy = _numpy()
    if numpy is not None:
        return numpy.frombuffer(data, dtype=kind)
    # A memoryview of no bytes cannot be cast.
    view = memoryview(data or bytearray(8)).cast("B")
    cast: Any = view.cast(kind)
    return cast if data else cast[:0]


def _numpy() -> Any:
    if "numpy" in sys.modules:
        return sys.modules["numpy"]
    try:
        import numpy
    except ImportError:
        return None
    return numpy


def _loaded(module: str, name: str) -> Any:
    """A class of a library, if anything loaded that: then no table is one of its objects otherwise."""
    return getattr(sys.modules.get(module), name, ())


def _names(table: object) -> list[str] | None:
    """A table's columns; None: it does not say."""
    if isinstance(table, Mapping):
        return list(table)
    for holder, attribute in ((table, "column_names"), (getattr(table, "schema", None), "names"), (table, "columns")):
        names = getattr(holder, attribute, None)
        if names is not None and not callable(names):
            try:
                listed = list(names)
            except TypeError:
                continue
            if all(isinstance(name, str) for name in listed):
                return listed
    return None


class _Plan:
    """Which column is for what, and what is the same for all rows."""

    def __init__(self, names: list[str] | None) -> None:
        self._names = names
        self.uses: list[tuple[int, str | None, str | None, str]] = []
        self.values: dict[str, Any] = {}

    def entity(self, kind: int, given: EntityLike | Column | None, type_: str | None, what: str) -> EntityLike | None:
        """The entity of all rows; None: a column has them, or nobody."""
        if isinstance(given, Column):
            name = given.name
        elif isinstance(given, str):
            if self._names is not None and given not in self._names:
                if "::" not in given:
                    raise KeyError(f"{what}: the table has no column {given!r}")
                return given
            name = given
        else:
            return given
        self.uses.append((kind, type_, None, name))
        return None

    def value(self, name: str, given: Any) -> None:
        if isinstance(given, Constant):
            self.values[name] = given.value
        elif isinstance(given, Column):
            self.uses.append((_VALUE, None, name, given.name))
        elif isinstance(given, str):
            if self._names is None:
                raise TypeError(f"{name}: say ztp.Column({given!r}) or ztp.Constant({given!r}): the table has no names")
            if given in self._names:
                self.uses.append((_VALUE, None, name, given))
            else:
                self.values[name] = given
        else:
            self.values[name] = given

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys(column for _, _, _, column in self.uses))


def _list(column: Any) -> list[Any]:
    for method in ("tolist", "to_list", "to_pylist"):
        convert = getattr(column, method, None)
        if callable(convert):
            return list(convert())
    return list(column)  # a copy, so that nobody changes it while it is read


def _entity_ids(column: list[Any], type_: str | None, what: str) -> tuple[str, list[Any]]:
    """Ids and their type, of a column that may have entities."""
    types = {item[0] for item in column if isinstance(item, tuple)}
    if types:
        if len(types) > 1 or (type_ is not None and types != {type_}):
            raise ValueError(f"{what}: entities of more than one type in a column: {', '.join(sorted(map(str, types)))}")
        return str(types.pop()), [item[1] if isinstance(item, tuple) else item for item in column]
    if type_ is None:
        raise TypeError(f"{what}_type is missing: which type are the ids in the column of?")
    return type_, column


def _columns(table: Mapping[str, Any], plan: _Plan) -> tuple[tuple[Any, ...], int]:
    """A column for each use: a list, or the capsules of an Arrow array. And how many rows there are."""
    columns: list[Any] = []
    rows = len(next(iter(table.values()))) if table else 0
    for i, (kind, type_, name, column) in enumerate(plan.uses):
        if column not in table:
            raise KeyError(f"the table has no column {column!r}")
        given = table[column]
        rows = len(given)
        if hasattr(given, "__arrow_c_array__") and (kind == _VALUE or type_ is not None):
            columns.append(given.__arrow_c_array__())
            continue
        listed = _list(given)
        if kind != _VALUE:
            type_, listed = _entity_ids(listed, type_, "principal" if kind == _PRINCIPAL else "resource")
            plan.uses[i] = (kind, type_, name, column)
        columns.append(listed)
    return tuple(columns), rows


def _pandas_columns(table: Any, names: list[str]) -> dict[str, Any]:
    """Of a DataFrame where pyarrow is not installed."""
    return {name: table[name].astype(object).where(table[name].notna(), None) for name in names}


def _source(table: Any, plan: _Plan) -> tuple[str, Any, int]:
    """The table as the extension takes it, with no more columns than are needed."""
    if isinstance(table, Mapping):
        columns, rows = _columns(table, plan)
        return "columns", columns, rows
    names = plan.columns
    if isinstance(table, _loaded("pandas", "DataFrame")):
        if not names:
            return "columns", (), len(table)
        try:
            import pyarrow
        except ImportError:
            columns, rows = _columns(_pandas_columns(table, names), plan)
            return "columns", columns, rows
        table = pyarrow.Table.from_pandas(table[names], preserve_index=False)
    elif not names and hasattr(table, "__len__"):
        return "columns", (), len(table)
    elif hasattr(table, "select") and isinstance(
        table,
        (_loaded("pyarrow", "Table"), _loaded("pyarrow", "RecordBatch"), _loaded("polars", "DataFrame")),
    ):
        table = table.select(names)
    for kind, type_, _, column in plan.uses:
        if kind != _VALUE and type_ is None:
            what = "principal" if kind == _PRINCIPAL else "resource"
            raise TypeError(f"{what}_type is missing: which type are the ids in the column {column!r} of?")
    if hasattr(table, "__arrow_c_stream__"):
        return "stream", table.__arrow_c_stream__(), 0
    if hasattr(table, "__arrow_c_array__"):
        return "array", table.__arrow_c_array__(), 0
    if hasattr(table, "to_batches"):  # pyarrow before 14
        import pyarrow

        return "stream", pyarrow.RecordBatchReader.from_batches(table.schema, table.to_batches()).__arrow_c_stream__(), 0
    raise TypeError(
        f"a table is a dict of sequences, a pandas DataFrame, or has __arrow_c_stream__ or __arrow_c_array__; {type(table)} "
        "is and has none of it"
    )


def decide_batch(
    engine: Engine,
    action: str,
    table: object,
    principal: EntityLike | Column | None,
    resource: EntityLike | Column | None,
    principal_type: str | None,
    resource_type: str | None,
    values: Mapping[str, Any],
    can: Iterable[str] | None,
    now: Time,
) -> BatchResult:
    """`Engine.decide_batch`."""
    plan = _Plan(_names(table))
    one_principal = plan.entity(_PRINCIPAL, principal, principal_type, "principal")
    one_resource = plan.entity(_RESOURCE, resource, resource_type, "resource")
    for name, given in values.items():
        plan.value(name, given)
    kind, source, rows = _source(table, plan)
    return BatchResult(
        *_ztp.decide_table(
            engine, action, one_principal, one_resource, can, plan.values, tuple(plan.uses), kind, source, rows, now
        )
    )


def _taken(column: Sequence[Any], rows: list[int]) -> Any:
    if isinstance(column, (list, tuple)):
        return type(column)([column[row] for row in rows])
    if hasattr(column, "take"):
        return column.take(rows)  # NumPy, pandas, pyarrow
    if hasattr(column, "gather"):
        return column.gather(rows)  # polars
    return [column[row] for row in rows]


def allowed_rows(table: TableT, result: BatchResult) -> TableT:
    """The allowed rows, in a table of the same kind."""
    some: Any = table
    if isinstance(table, Mapping):
        rows = [row for row, allow in enumerate(result) if allow]
        return {name: _taken(column, rows) for name, column in some.items()}  # type: ignore[return-value]
    if isinstance(table, _loaded("pandas", "DataFrame")):
        return some[list(result)]  # type: ignore[no-any-return]
    if isinstance(table, (_loaded("pyarrow", "Table"), _loaded("pyarrow", "RecordBatch"))):
        return some.filter(sys.modules["pyarrow"].array(list(result), type="bool"))  # type: ignore[no-any-return]
    if isinstance(table, _loaded("polars", "DataFrame")):
        return some.filter(sys.modules["polars"].Series(list(result), dtype=sys.modules["polars"].Boolean))  # type: ignore[no-any-return]
    raise TypeError(f"ztp cannot make another {type(table)}: use decide_batch, and pick the rows by its `allow`")
