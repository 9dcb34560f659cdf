"""Guards: work that stops when the policy no longer allows it, on data that it allows, leaving what it allows.

    import ztp, ztp.guard

    engine = ztp.Engine.load("policy.ztpb", "facts.jsonl")
    rows = ztp.guard.Rows(engine, "train", owners, principal=me, resource_type="Dataset")   # which rows may be read
    may_train = engine.bind("train", principal=me, resource=data)
    checkpoint = ztp.guard.Checkpoint("model.bin", engine, model, ..., lineage=[rows])      # whole, with its lineage

    for row in ztp.guard.steps(rows, may_train, checkpoint=lambda: checkpoint.save(state)):
        ...

| what | for |
| --- | --- |
| `lease(ask)` | a context manager whose `check()` raises `ztp.Denied` once it is no longer allowed |
| `steps(items, ask)` | a loop that stops within one step of a revocation |
| `guarded(bound, ...)` | the decorator: functions, coroutines, generators |
| `Rows`, `GuardedSequence` | rows that are decided before they are read, in batches |
| `Shards` | parts of a stream that are decided before they are opened |
| `Lineage`, `Checkpoint` | what a model was made from; states saved and loaded where it is allowed |

Nothing here needs a framework; `ztp.torch` and `ztp.sklearn` are the same in the words of those. All names of actions,
entity types and attributes are the policy's and are given by the caller.
"""

from __future__ import annotations

from .guard_checkpoint import Checkpoint, CheckpointError
from .guard_lease import Ask, Guard, Obliged, Steps, guarded, lease, steps
from .guard_lineage import Lineage, Source
from .guard_rows import GuardedSequence, Marks, Rows, Values
from .guard_shards import Shards

__all__ = [
    "Ask",
    "Checkpoint",
    "CheckpointError",
    "Guard",
    "GuardedSequence",
    "Lineage",
    "Marks",
    "Obliged",
    "Rows",
    "Shards",
    "Source",
    "Steps",
    "Values",
    "guarded",
    "lease",
    "steps",
]
