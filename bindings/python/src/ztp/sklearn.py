"""Guards for scikit-learn, and for any loop over arrays: chunks of allowed rows, `partial_fit`, checkpoints.

    import ztp, ztp.guard, ztp.sklearn

    rows = ztp.guard.Rows(engine, "train", owners, principal=me, resource_type="Dataset")
    ckpt = ztp.sklearn.guard_checkpoint("model.pkl", engine, ("Model", "clf"), save="save", load="load", lineage=[rows])

    ztp.sklearn.partial_fit(SGDClassifier(), ztp.sklearn.chunks(rows, X, y, size=256), may_train, classes=range(10),
                            checkpoint=ckpt.save)

scikit-learn itself is not imported here: an estimator is what has `partial_fit`. Arrays are what can be indexed by a
list of row numbers: NumPy's, sparse matrices, data frames (by position), and plain lists.

**Boundary**: the words of scikit-learn for what `ztp.guard` does; it decides nothing itself.
"""

from __future__ import annotations

import functools
import pickle
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, Literal, TypeVar

from . import EntityLike
from .guard import Ask, Checkpoint, Guard, Lineage, Obliged, Rows, Source, Values, steps

if TYPE_CHECKING:
    import os

    from . import Engine

__all__ = ["chunks", "guard_checkpoint", "partial_fit"]

E = TypeVar("E")


class chunks:
    """Chunks of the allowed rows, each decided right before it is read: tuples with a part of each array.

        for X_part, y_part in ztp.sklearn.chunks(rows, X, y, size=256, shuffle=True, seed=epoch): ...

    Each iteration decides all rows anew and goes through the allowed ones once. A row that is denied since then raises
    `ztp.Denied`, or is left out (`on_denied="skip"`). No array is ever indexed with a row that is denied.
    """

    def __init__(
        self,
        rows: Rows,
        *arrays: Any,
        size: int = 256,
        shuffle: bool = False,
        seed: int | None = None,
        on_denied: Literal["raise", "skip"] = "raise",
    ) -> None:
        if size < 1:
            raise ValueError("size is at least 1")
        if on_denied not in ("raise", "skip"):
            raise ValueError(f"on_denied is 'raise' or 'skip', not {on_denied!r}")
        for array in arrays:
            if _length(array) != rows.count:
                raise ValueError(f"an array of {_length(array)} rows, and {rows.count} were given entities")
        self.rows = rows
        self.arrays = arrays
        self.size = size
        self._random = random.Random(seed) if shuffle else None
        self._on_denied = on_denied

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        indices: Sequence[int] = self.rows.refresh().indices
        if self._random is not None:
            indices = list(indices)
            self._random.shuffle(indices)
        for start in range(0, len(indices), self.size):
            wanted = self._admitted(indices[start : start + self.size])
            if wanted:
                yield tuple(_take(array, wanted) for array in self.arrays)

    def _admitted(self, wanted: Iterable[int]) -> list[int]:
        if self._on_denied == "skip":
            return [row for row in wanted if self.rows.admits(row)]
        return [self.rows.admit(row) for row in wanted]

    def __len__(self) -> int:
        return -(-len(self.rows.indices) // self.size)

    def origins(self) -> Iterator[tuple[str, str]]:
        """What was really read comes from: for a lineage."""
        return self.rows.origins()


def _length(array: Any) -> int:
    return int(array.shape[0]) if hasattr(array, "shape") else len(array)  # a sparse matrix has no len


def _take(array: Any, rows: list[int]) -> Any:
    if hasattr(array, "iloc"):
        return array.iloc[rows]
    if isinstance(array, (list, tuple)):
        return [array[row] for row in rows]
    return array[rows]


def partial_fit(
    estimator: E,
    data: Iterable[Any],
    ask: Ask | Guard,
    *,
    epochs: int = 1,
    on_stop: Literal["raise", "end"] = "raise",
    checkpoint: Callable[[E], object] | None = None,
    oblige: Obliged | None = None,
    **options: Any,
) -> E:
    """Trains by `estimator.partial_fit(*chunk)`, a chunk a step, as long as it is allowed.

    `data` gives chunks: `chunks`, guarded shards, or any iterable of `(X, y)` (or of `X` alone); each epoch goes
    through it once. `options` go to every call of `partial_fit` (`classes=`). When the lease has ended and the
    engine, asked again, denies, training stops before the next step: `checkpoint(estimator)` is called, and
    `ztp.Denied` is raised or the estimator is returned as it is (`on_stop="end"`). Otherwise `checkpoint` is called
    at the end of each epoch.
    """
    fit: Any = estimator
    guard = ask if isinstance(ask, Guard) else Guard(ask, oblige=oblige)
    save = functools.partial(checkpoint, estimator) if checkpoint is not None else None
    for _ in range(epochs):
        run = steps(data, guard, on_stop=on_stop, checkpoint=save)
        for chunk in run:
            fit.partial_fit(*(chunk if isinstance(chunk, tuple) else (chunk,)), **options)
        if run.stopped is not None:
            break
        if save is not None:
            save()
    return estimator


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
) -> Checkpoint[Any]:
    """A `ztp.guard.Checkpoint` of pickled states: estimators, or whatever a loop keeps.

    Unpickling runs what the file says. It happens only after the digest was found in the record and the policy allowed
    `load`, and is no safer than that record: keep both where only the trainer may write.
    """
    return Checkpoint(
        path,
        engine,
        model,
        write=_write,
        read=pickle.load,
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


def _write(state: Any, file: IO[bytes]) -> None:
    pickle.dump(state, file, protocol=5)
