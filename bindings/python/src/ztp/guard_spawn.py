"""An engine's facts on their way to a spawned worker.

A pickled engine is loaded again from its files. What changed in the process since would be missing in the worker, which
would deny rows that its parent allows. So the facts in force are written once, and workers map that file.

**Boundary**: this file moves facts; who may read what is the engine's.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from multiprocessing.context import get_spawning_popen
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import Engine

__all__ = ["facts_for_worker", "spawning"]

#: The generation of an engine that is as it was loaded.
FIRST = 1

#: Files that are kept: a worker may still be starting when the next one is written.
KEPT = 4


class _Written:
    """Facts files of one engine, by the generation that they are of."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="ztp-facts-")
        self.paths: dict[int, str] = {}


_written: weakref.WeakKeyDictionary[Engine, _Written] = weakref.WeakKeyDictionary()


def spawning() -> bool:
    """Is something being pickled for a process that is about to start, and not for a file or a copy?"""
    return get_spawning_popen() is not None


def facts_for_worker(engine: Engine) -> str | None:
    """A facts file of what is in force; None where nothing has changed since the engine was loaded."""
    generation = engine.generation
    if generation == FIRST:
        return None
    written = _written.setdefault(engine, _Written())
    path = written.paths.get(generation)
    if path is None:
        path = os.path.join(written.folder.name, f"{generation}.ztpf")
        engine.facts.write(path)  # of this generation or a later one
        written.paths[generation] = path
        while len(written.paths) > KEPT:
            os.unlink(written.paths.pop(next(iter(written.paths))))
    return path
