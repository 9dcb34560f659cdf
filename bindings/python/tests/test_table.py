"""Tables: many requests at once, from whatever holds columns."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from conftest import ANN, BOB, PLAN

import ztp

DOCS = ["plan", "news", "diary", "lost"]
ALLOWED = [True, False, False, False]
SHARED: dict[str, Any] = {
    "principal": ANN,
    "resource": "doc",
    "resource_type": "Doc",
    "values": {"purpose": "research"},
}

modules: dict[str, Any] = sys.modules  # None: it cannot be imported
KINDS = ["dict", "dict of arrow", "pyarrow.Table", "pyarrow.RecordBatch", "chunked", "pandas", "polars", "capsules"]


class Capsules:
    """A table of another library, which is known by its capsules alone."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


def make(kind: str, columns: dict[str, Any]) -> Any:
    if kind == "dict":
        return columns
    if kind == "pandas":
        return pytest.importorskip("pandas").DataFrame(columns).convert_dtypes()
    if kind == "polars":
        pl = pytest.importorskip("polars")
        return pl.DataFrame(columns, schema_overrides={"doc": pl.String})
    pa = pytest.importorskip("pyarrow")
    if kind == "dict of arrow":
        return {name: pa.array(column) for name, column in columns.items()}
    table = pa.table(columns)
    if kind == "pyarrow.RecordBatch":
        return table.to_batches()[0]
    if kind == "chunked":
        return pa.concat_tables([table.slice(0, 1), table.slice(1, 0), table.slice(1)])
    return Capsules(table) if kind == "capsules" else table


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_is_decided_as_a_request_of_its_own(engine: ztp.Engine, kind: str) -> None:
    table = make(kind, {"doc": DOCS, "purpose": ["research"] * 4, "big": [None, 5000, 1, 1]})
    values = {name: ztp.Column(name) for name in ("purpose", "big")}
    result = engine.decide_batch("read", table, principal=ANN, resource="doc", resource_type="Doc", values=values)
    for row, (name, big) in enumerate(zip(DOCS, [None, 5000, 1, 1])):
        one = engine.decide(ANN, "read", ("Doc", name), purpose="research", big=big)
        assert result[row] is one.allow
        assert bool(result.on_unknown[row]) is one.on_unknown
        assert result.valid_until[row] == ztp.FOREVER
        assert result.rule(row) == (one.rules[0] if one.rules else None)
    assert list(result) == [True, True, False, False]
    assert len(result) == 4
    assert repr(result) == "<ztp.BatchResult 2 of 4 rows allowed>"


@pytest.mark.parametrize("kind", ["dict", "pyarrow.Table", "pyarrow.RecordBatch", "chunked", "pandas", "polars"])
def test_filter_gives_the_same_kind_of_table(engine: ztp.Engine, kind: str) -> None:
    table = make(kind, {"doc": ["news", "plan", "plan"], "n": [1, 2, 3]})
    rest = engine.filter(table, "read", **SHARED)
    assert type(rest) is type(table)
    assert list(rest["n"] if kind in ("dict", "polars", "pandas") else rest.column("n").to_pylist()) == [2, 3]


def test_filter_of_a_dict_keeps_its_columns_kinds(engine: ztp.Engine) -> None:
    numpy = pytest.importorskip("numpy")
    table = {"doc": ("news", "plan"), "x": numpy.array([1.5, 2.5]), "y": array("i", [1, 2])}
    rest: Any = engine.filter(table, "read", **SHARED)
    assert rest["doc"] == ("plan",)
    assert rest["x"].tolist() == [2.5]
    assert rest["y"] == [2]


def test_answers_share_memory_and_have_the_buffer_protocol(engine: ztp.Engine) -> None:
    result = engine.decide_batch("read", {"doc": DOCS}, **SHARED)
    assert memoryview(result.allow).tolist() == ALLOWED
    assert memoryview(result.on_unknown).tolist() == [False, False, False, True]
    assert memoryview(result.valid_until).format in ("q", "l")


def test_without_numpy_there_are_memoryviews(engine: ztp.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(modules, "numpy", None)
    result = engine.decide_batch("read", {"doc": DOCS}, **SHARED)
    assert isinstance(result.allow, memoryview)
    assert result.allow.tolist() == ALLOWED
    assert result.rule(0) is not None
    assert len(engine.decide_batch("read", {"doc": []}, **SHARED)) == 0


def test_pandas_without_pyarrow(engine: ztp.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    table = make("pandas", {"doc": DOCS, "big": [None, 5000, 1, 1]})
    monkeypatch.setitem(modules, "pyarrow", None)
    arguments = {**SHARED, "values": {"purpose": "research", "big": "big"}}
    assert list(engine.decide_batch("read", table, **arguments)) == [True, True, False, False]


def test_a_slice_reads_its_own_rows(engine: ztp.Engine) -> None:
    table = make("pyarrow.Table", {"doc": DOCS * 3, "big": [None, 5000, 1, 1] * 3})
    arguments = {**SHARED, "values": {"purpose": "research", "big": "big"}}
    for part in (table.slice(3, 6), table.to_batches()[0].slice(3, 6), Capsules(table.slice(3, 6))):
        plain = {**arguments, "values": {"purpose": ztp.Constant("research"), "big": ztp.Column("big")}}
        assert list(engine.decide_batch("read", part, **plain)) == [False, True, True, False, False, True]
    pa = pytest.importorskip("pyarrow")
    struct = pa.StructArray.from_arrays([table["doc"].combine_chunks(), table["big"].combine_chunks()], ["doc", "big"])
    batch = Array(struct.slice(3, 6))
    assert list(engine.decide_batch("read", batch, **plain)) == [False, True, True, False, False, True]
    nulls = pa.array([{"doc": "plan", "big": 1}, None])
    with pytest.raises(ValueError, match="null as a whole"):
        engine.decide_batch("read", Array(nulls), **plain)
    with pytest.raises(TypeError, match="no columns"):
        engine.decide_batch("read", Array(pa.array(["plan"])), **plain)


class Array:
    """A table that has `__arrow_c_array__` alone."""

    def __init__(self, array_: Any) -> None:
        self._array = array_

    def __arrow_c_array__(self, requested_schema: object = None) -> Any:
        return self._array.__arrow_c_array__(requested_schema)


def test_columns_of_every_arrow_type(engine: ztp.Engine) -> None:
    pa = pytest.importorskip("pyarrow")
    noon = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)
    table = pa.table(
        {
            "who": pa.array(["ann", "bob", "ann"]).dictionary_encode(),
            "doc": pa.array(["plan"] * 3, pa.large_string()),
            "amount": pa.array([1, 9, 10], pa.decimal128(10, 2)),
            "at": pa.array([noon, noon, noon], pa.timestamp("ms", "UTC")),
            "wait": pa.array([timedelta(minutes=1), None, timedelta(hours=2)], pa.duration("s")),
        }
    )
    result = engine.decide_batch(
        "pay",
        table,
        principal="who",
        principal_type="User",
        resource="doc",
        resource_type="Doc",
        values={"amount": "amount", "at": "at", "wait": "wait", "device": {"driver": "550.90.07"}},
        can=["audit"],
        now=noon - timedelta(seconds=1),
    )
    assert list(result) == [True, True, False]
    assert result.valid_until[0] == int(noon.timestamp() * 1_000_000)


def test_values_of_python_in_columns(engine: ztp.Engine) -> None:
    columns = {"who": [ANN, BOB], "tags": [{"a"}, ["c"]], "owner": [ANN, ANN]}
    values = {"tags": "tags", "owner": "owner"}
    assert list(engine.decide_batch("compare", columns, principal="who", resource=PLAN, values=values)) == [True, False]
    unknown = engine.decide_batch(
        "pay",
        {"device": [ztp.UNKNOWN, {"driver": "551.0"}]},
        principal=ANN,
        resource=PLAN,
        values={"amount": 1, "device": "device"},
        can=["audit"],
    )
    assert (list(unknown), list(unknown.on_unknown)) == ([False, True], [True, False])


def test_numpy_columns(engine: ztp.Engine) -> None:
    numpy = pytest.importorskip("numpy")
    table = {"doc": numpy.array(["plan", "news"]), "big": numpy.array([1, 5000])}
    arguments = {**SHARED, "values": {"purpose": "research", "big": "big"}}
    assert list(engine.decide_batch("read", table, **arguments)) == [True, True]
    assert engine.decide(ANN, "read", PLAN, purpose=numpy.str_("research"), big=numpy.int64(1)).allow


def test_no_rows_and_no_columns(engine: ztp.Engine) -> None:
    for kind in ("dict", "pyarrow.Table", "pandas", "polars"):
        empty = engine.decide_batch("read", make(kind, {"doc": []}), **SHARED)
        assert (len(empty), empty.lease) == (0, None)
    same = engine.decide_batch("read", make("pyarrow.Table", {"n": [1, 2]}), **{**SHARED, "resource": PLAN})
    assert list(same) == [True, True]


def test_the_lease_of_a_batch(engine: ztp.Engine) -> None:
    pa = pytest.importorskip("pyarrow")
    whole = pa.table({"doc": DOCS})
    for table in ({"doc": DOCS}, pa.concat_tables([whole, whole])):
        lease = engine.decide_batch("read", table, **SHARED).lease
        assert lease is not None and lease.valid() and lease.valid_until is None
        engine.revoke()
        assert not lease.valid()
    assert engine.decide_batch("read", {"doc": ["news"]}, **SHARED).lease is None


def test_what_the_caller_can(engine: ztp.Engine) -> None:
    shared: dict[str, Any] = {"principal": ANN, "resource": PLAN}
    values = {"amount": "amount", "device": {"driver": "550.90.07"}}
    table = {"amount": [1, 2]}
    assert list(engine.decide_batch("pay", table, **shared, values=values, can=["audit"])) == [True, True]
    assert list(engine.decide_batch("pay", table, **shared, values=values, can=[])) == [False, False]
    # What a row obliges to would be nobody's: only who says to carry it out is allowed.
    nobody = engine.decide_batch("pay", table, **shared, values=values)
    assert list(nobody) == [False, False]
    assert nobody.rule(0) is None
    assert engine.filter(table, "pay", **shared, values=values) == {"amount": []}
    alone = engine.decide(ANN, "pay", PLAN, amount=1, device={"driver": "550.90.07"})
    assert alone and [obligation.name for obligation in alone.obligations] == ["audit"]


def test_a_column_of_nulls_says_nothing_of_any_row(engine: ztp.Engine) -> None:
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"amount": pa.array([1, 2]), "at": pa.nulls(2)})
    values = {"amount": "amount", "at": "at", "device": {"driver": "550.90.07"}}
    result = engine.decide_batch("pay", table, principal=ANN, resource=PLAN, values=values, can=["audit"])
    assert list(result) == [True, True]


def bad_stream() -> Any:
    pa = pytest.importorskip("pyarrow")
    schema = pa.schema({"doc": pa.string()})

    def batches() -> Iterator[Any]:
        yield pa.record_batch({"doc": ["plan"]})
        raise RuntimeError("the disk is gone")

    return pa.RecordBatchReader.from_batches(schema, batches())


@pytest.mark.parametrize(
    ("error", "table", "change"),
    [
        (KeyError, {"doc": DOCS}, {"resource": "document"}),
        (KeyError, lambda: make("capsules", {"n": [1]}), {"values": {"purpose": ztp.Constant("research")}}),
        (KeyError, {"doc": DOCS}, {"values": {"purpose": ztp.Column("why")}}),
        (TypeError, {"doc": DOCS}, {"resource_type": None}),
        (TypeError, lambda: make("pyarrow.Table", {"doc": DOCS}), {"resource_type": None}),
        (TypeError, lambda: make("capsules", {"doc": DOCS}), {"values": {"purpose": "research"}}),
        (TypeError, {"doc": [1, 2]}, {}),
        (ValueError, {"doc": [("Doc", "plan"), ("User", "ann")]}, {}),
        (ValueError, {"doc": DOCS, "big": [1]}, {"values": {"purpose": "research", "big": "big"}}),
        (TypeError, 7, {}),
        (TypeError, ["plan"], {}),
        (ValueError, bad_stream, {}),
        (ztp.RequestError, lambda: make("pyarrow.Table", {"doc": ["plan", None]}), {}),
        (ztp.RequestError, {"doc": DOCS, "big": ["many"] * 4}, {"values": {"purpose": "research", "big": "big"}}),
        (ztp.RequestError, {"doc": DOCS}, {"resource_type": "User"}),
        (ztp.NotFoundError, {"doc": DOCS}, {"values": {"nothing": 1}}),
        (ztp.RequestError, {"doc": DOCS}, {"principal": None}),
    ],
)
def test_tables_that_do_not_fit(engine: ztp.Engine, error: type[Exception], table: Any, change: dict[str, Any]) -> None:
    with pytest.raises(error):
        engine.decide_batch("read", table() if callable(table) else table, **{**SHARED, **change})
    assert list(engine.decide_batch("read", {"doc": DOCS}, **SHARED)) == ALLOWED


def test_a_stream_is_read_once(engine: ztp.Engine) -> None:
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"doc": DOCS})
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
    assert list(engine.decide_batch("read", reader, **SHARED)) == ALLOWED
    assert len(engine.decide_batch("read", reader, **SHARED)) == 0, "it is at its end"


def test_a_table_that_cannot_be_made_again_says_so(engine: ztp.Engine) -> None:
    plain = {**SHARED, "values": {"purpose": ztp.Constant("research")}}
    with pytest.raises(TypeError, match="decide_batch"):
        engine.filter(make("capsules", {"doc": DOCS}), "read", **plain)
