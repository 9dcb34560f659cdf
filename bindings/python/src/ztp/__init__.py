"""ztp: decide requests by a compiled policy.

    import ztp

    engine = ztp.Engine.load("policy.ztp", "facts.json")
    decision = engine.decide(("Workload", "trainer-7"), "train", ("Dataset", "faces"), purpose="research")
    if not decision:
        raise ztp.Denied(decision)          # str(decision) says why
    while decision.lease.valid():           # "still allowed", at every step
        step()

| | |
| --- | --- |
| `Engine` | a policy and facts: `decide`, `decide_json`, `bind`, `decide_batch`, `filter`, `facts`, `reload`, `revoke` |
| `Bound` | a request that is prepared once and decided often |
| `Decision`, `Rule`, `Obligation` | an answer, and what it rests on |
| `Lease` | "still allowed": false from the moment that it is not |
| `Trust`, `Proof` | whom to believe about what; what signed evidence proves |
| `Epoch` | revocation across the processes of a machine |
| `compile`, `compile_text` | sources to a bundle |
| `Error` and its kinds, `Denied` | what can go wrong, and what guards raise |

Guards for training loops, data loaders and checkpoints are in `ztp.guard`, `ztp.torch` and `ztp.sklearn`; for servers in
`ztp.grpc` and `ztp.mcp`.
"""

from __future__ import annotations

import os as _os
from typing import TYPE_CHECKING as _TYPE_CHECKING

from . import _ztp
from ._compile import PolicyWarning, compile, compile_text
from ._engine import Engine
from ._epoch import Epoch
from ._errors import (
    Denied,
    EnvironmentFault,
    Error,
    FactsError,
    InternalError,
    LimitError,
    MisuseError,
    NotFoundError,
    NotProvenError,
    PolicyError,
    RefusedError,
    RequestError,
    StaleError,
    TrustError,
    UnsupportedError,
)
from ._facts import Change, Facts
from ._signers import Signers
from ._table import BatchResult, Column, Constant
from ._trust import Trust
from ._types import Entity, EntityLike, Obligation, Problem, Rule, Time, Value
from ._ztp import UNKNOWN, Bound, Decision, Lease, Proof

__all__ = [
    "FOREVER",
    "UNKNOWN",
    "BatchResult",
    "Bound",
    "Change",
    "Column",
    "Constant",
    "Decision",
    "Denied",
    "Engine",
    "Entity",
    "EntityLike",
    "EnvironmentFault",
    "Epoch",
    "Error",
    "Facts",
    "FactsError",
    "InternalError",
    "Lease",
    "LimitError",
    "MisuseError",
    "NotFoundError",
    "NotProvenError",
    "Obligation",
    "PolicyError",
    "PolicyWarning",
    "Problem",
    "Proof",
    "RefusedError",
    "RequestError",
    "Rule",
    "Signers",
    "StaleError",
    "Time",
    "Trust",
    "TrustError",
    "UnsupportedError",
    "Value",
    "compile",
    "compile_text",
]

if _TYPE_CHECKING:
    from . import guard as guard
    from .guard import guarded as guarded


def __getattr__(name: str) -> object:
    """Guards are loaded when they are first asked for: `ztp.torch` imports PyTorch."""
    if name == "guarded":
        from .guard import guarded

        return guarded
    if name in ("guard", "sklearn", "torch"):
        from importlib import import_module

        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__version__ = _ztp.version()

#: Microseconds that stand for "without end", in `BatchResult.valid_until`.
FOREVER = 2**63 - 1

if hasattr(_os, "register_at_fork"):
    # A child has no copy of the threads that are at work in the engine: it is made when none is.
    _os.register_at_fork(
        before=_ztp._before_fork,
        after_in_parent=_ztp._after_fork_in_parent,
        after_in_child=_ztp._after_fork_in_child,
    )
