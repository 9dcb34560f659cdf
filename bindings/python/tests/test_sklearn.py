"""scikit-learn and plain loops under guard."""

# ruff: noqa: F811  # fixtures are imported, and are parameters

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

numpy = pytest.importorskip("numpy")

from guard_world import ME, MODEL, TEAM, dataset, engine, soon  # noqa: E402, F401  # fixtures

import ztp  # noqa: E402
import ztp.guard  # noqa: E402
import ztp.sklearn  # noqa: E402

COUNT = 40
OWNERS = [("a", "secret", "b", "closed")[row % 4] for row in range(COUNT)]
ALLOWED = [row for row in range(COUNT) if row % 2 == 0]


def rows_of(engine: ztp.Engine) -> ztp.guard.Rows:
    return ztp.guard.Rows(engine, "read", OWNERS, resource_type="Dataset", principal=ME)


class Watched:
    """An array that says which rows were taken."""

    def __init__(self) -> None:
        self.shape = (COUNT, 2)
        self.taken: list[int] = []

    def __getitem__(self, rows: list[int]) -> Any:
        self.taken += rows
        return numpy.array([[row, row] for row in rows])


def test_chunks_hold_allowed_rows_only(engine: ztp.Engine) -> None:
    watched = Watched()
    data = ztp.sklearn.chunks(rows_of(engine), watched, list(range(COUNT)), numpy.arange(COUNT), size=8)
    parts = list(data)
    assert [len(part[1]) for part in parts] == [8, 8, 4] and len(data) == 3
    assert [row for part in parts for row in part[1]] == ALLOWED
    assert all(part[0][:, 0].tolist() == part[1] == part[2].tolist() for part in parts)
    assert watched.taken == ALLOWED
    assert list(data.origins()) == [("Dataset", "a"), ("Dataset", "b")]


def test_chunks_of_frames_and_sparse_matrices(engine: ztp.Engine) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.csr_matrix(numpy.arange(COUNT)[:, None])
    ((part,),) = ztp.sklearn.chunks(rows_of(engine), matrix, size=100)
    assert part.toarray().ravel().tolist() == ALLOWED
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"x": range(COUNT)}, index=range(100, 100 + COUNT))
    ((part,),) = ztp.sklearn.chunks(rows_of(engine), frame, size=100)
    assert part["x"].tolist() == ALLOWED


def test_chunks_are_shuffled_alike_for_a_seed(engine: ztp.Engine) -> None:
    def order(seed: int) -> list[int]:
        data = ztp.sklearn.chunks(rows_of(engine), list(range(COUNT)), size=7, shuffle=True, seed=seed)
        return [row for (part,) in data for row in part]

    assert order(1) == order(1) != order(2)
    assert sorted(order(1)) == ALLOWED != order(1)


@pytest.mark.parametrize("on_denied", ["raise", "skip"])
def test_rows_that_are_denied_on_the_way(engine: ztp.Engine, on_denied: Any) -> None:
    watched = Watched()
    data = ztp.sklearn.chunks(rows_of(engine), watched, size=4, on_denied=on_denied)
    seen: list[int] = []

    def epoch() -> None:
        for (part,) in data:
            seen.extend(part[:, 0].tolist())
            engine.facts.upsert(dataset("b", open=False))

    if on_denied == "raise":
        with pytest.raises(ztp.Denied):
            epoch()
        assert seen == watched.taken == [0, 2, 4, 6]
    else:
        epoch()
        assert seen == watched.taken == [0, 2, 4, 6, *range(8, COUNT, 4)]


def test_bad_arguments(engine: ztp.Engine) -> None:
    rows = rows_of(engine)
    with pytest.raises(ValueError, match="39 rows"):
        ztp.sklearn.chunks(rows, list(range(39)))
    with pytest.raises(ValueError, match="size"):
        ztp.sklearn.chunks(rows, size=0)
    with pytest.raises(ValueError, match="on_denied"):
        ztp.sklearn.chunks(rows, on_denied="never")  # type: ignore[arg-type]


class Counter:
    """An estimator that counts."""

    def __init__(self) -> None:
        self.chunks: list[Any] = []

    def partial_fit(self, X: Any, y: Any = None, classes: Any = None) -> None:
        self.chunks.append(X)


@pytest.mark.parametrize("on_stop", ["raise", "end"])
def test_training_stops_within_one_chunk_of_a_revocation(engine: ztp.Engine, on_stop: Any) -> None:
    well = True

    class Revoked(Counter):
        def partial_fit(self, X: Any, y: Any = None, classes: Any = None) -> None:
            nonlocal well
            super().partial_fit(X, y, classes)
            if len(self.chunks) == 7:
                well = False
                engine.revoke()

    estimator = Revoked()
    saved: list[int] = []
    data = ztp.sklearn.chunks(rows_of(engine), list(range(COUNT)), list(range(COUNT)), size=4)

    def fit() -> Any:
        return ztp.sklearn.partial_fit(
            estimator,
            data,
            lambda: engine.decide(ME, "train", TEAM, well=well),
            epochs=3,
            on_stop=on_stop,
            classes=[0, 1],
            checkpoint=lambda trained: saved.append(len(trained.chunks)),
        )

    if on_stop == "raise":
        with pytest.raises(ztp.Denied):
            fit()
    else:
        assert fit() is estimator
    assert len(estimator.chunks) == 7 and saved == [5, 7]  # after the first epoch, and when it stopped


def test_chunks_that_are_no_tuples(engine: ztp.Engine) -> None:
    may = engine.bind("train", principal=ME, resource=TEAM, well=True)
    assert ztp.sklearn.partial_fit(Counter(), [[1], [2]], may, epochs=2).chunks == [[1], [2], [1], [2]]


def test_a_real_estimator_is_trained_saved_and_loaded(engine: ztp.Engine, tmp_path: Path) -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    datasets = pytest.importorskip("sklearn.datasets")
    digits = datasets.load_digits()
    owners = [("a", "secret", "b", "closed")[row % 4] for row in range(len(digits.data))]
    rows = ztp.guard.Rows(engine, "read", owners, resource_type="Dataset", principal=ME)
    data = ztp.sklearn.chunks(rows, digits.data, digits.target, size=64, shuffle=True, seed=0)
    model = linear.SGDClassifier(random_state=0)
    checkpoint = ztp.sklearn.guard_checkpoint(
        tmp_path / "model.pkl", engine, MODEL, principal=ME, save="save", load="load", load_digest="sha256",
        lineage=[data],
    )  # fmt: skip
    may = engine.bind("train", principal=ME, resource=TEAM, well=True)
    ztp.sklearn.partial_fit(model, data, may, epochs=5, classes=range(10), checkpoint=checkpoint.save)
    record = json.loads(checkpoint.record.read_text())[0]
    assert record["derives"] == [{"type": "Dataset", "id": "a"}, {"type": "Dataset", "id": "b"}]
    loaded = checkpoint.load()
    denied = [row for row, owner in enumerate(owners) if owner in ("secret", "closed")]
    assert (loaded.predict(digits.data) == model.predict(digits.data)).all()
    assert loaded.score(digits.data[denied], digits.target[denied]) > 0.85  # rows that it has never seen
    engine.facts.upsert(dataset("a", hold=True))
    with pytest.raises(ztp.Denied):
        checkpoint.load()


def test_the_example(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    path = Path(__file__).parents[1] / "examples" / "fit_digits.py"
    spec = importlib.util.spec_from_file_location("fit_digits", path)
    assert spec is not None and spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    example.train(tmp_path)
    printed = capsys.readouterr().out
    assert 'Dataset::"north", may not be read' in printed
    assert "not loaded:" in printed and "saved after epoch 2" not in printed
    assert (tmp_path / "digits.pkl").exists()
