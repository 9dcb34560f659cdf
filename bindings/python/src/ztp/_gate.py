"""What gates before servers have in common: calls are decided before they run, and again while they last.

**Boundary**: a call that somebody else read to a decision, or to a refusal that says as much as a stranger may know. Which
protocol it came by, `ztp.grpc` and `ztp.mcp` know.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from . import Decision, Engine, Lease, RefusedError
from .guard_lease import Obliged, carry_out

if TYPE_CHECKING:
    from ._types import EntityLike

_log = logging.getLogger("ztp.gate")

Kind = Literal["permission_denied", "unauthenticated", "invalid_argument", "internal"]


class Refusal(Exception):
    """The call may not go on; `message` is for its client."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.message = message


@dataclass(frozen=True)
class Ask:
    """What a method asks of the policy. Its functions may be called by any thread, and again while a call lasts; what
    they raise is a denial."""

    action: str
    #: What a call is about: an entity, or a function of the call that says it (None: the call does not say it).
    resource: EntityLike | Callable[[Any], EntityLike | None]
    #: Parameters and inputs by name: values, or functions of the call.
    values: Mapping[str, Any] = field(default_factory=dict)


class Decider:
    """Decides calls. Any thread's."""

    def __init__(
        self,
        engine: Engine,
        identify: Callable[[Any], EntityLike | None],
        evidence: Iterable[Any],
        oblige: Obliged | None,
    ) -> None:
        self._engine = engine
        self._identify = identify
        self._evidence = tuple(evidence)  # each with input, source, required, and of(call)
        self._oblige = dict(oblige or {})

    def decide(self, ask: Ask, call: Any) -> Decision:
        """An allow whose obligations have been carried out, or a Refusal is raised."""
        try:
            principal = self._identify(call)
            if principal is None:
                raise Refusal("unauthenticated", "the peer has no identity")
            resource = ask.resource(call) if callable(ask.resource) else ask.resource
            if resource is None:
                raise Refusal("invalid_argument", "the call does not say what it is about")
            values = {name: value(call) if callable(value) else value for name, value in ask.values.items()}
            values.update(self._prove(call))
            decision = self._engine.decide(principal, ask.action, resource, can=tuple(self._oblige), **values)
            if not decision.allow:
                because = decision.rules[0].because if decision.rules else None
                raise Refusal("permission_denied", because or "denied")
            carry_out(decision, self._oblige)
            return decision
        except Refusal:
            raise
        except Exception:  # what it says of this server, a stranger need not know
            _log.exception("a call of %s cannot be decided", call.method)
            raise Refusal("internal", "it cannot be decided") from None

    def _prove(self, call: Any) -> dict[str, Any]:
        proofs = {}
        for evidence in self._evidence:
            text = evidence.of(call)
            if text is None:
                if evidence.required:
                    raise Refusal("unauthenticated", f"{evidence.input} is missing")
                continue
            try:
                proofs[evidence.input] = self._engine.verify(evidence.source, text)
            except RefusedError as error:
                raise Refusal("unauthenticated", f"{evidence.input}: {error.check}") from None
        return proofs


class Grant:
    """One call's lease. Any thread's."""

    def __init__(self, decider: Decider, ask: Ask, call: Any, cancel: Callable[[], object]) -> None:
        """Not decided yet: the first `check` does it. `cancel` is for who watches."""
        self._decider = decider
        self._ask = ask
        self._call = call
        self._lock = threading.Lock()
        self._lease: Lease | None = None
        self.cancel = cancel
        self.refusal: Refusal | None = None

    def check(self) -> None:
        """Raises Refusal if it is not, or no longer, allowed; then for ever."""
        with self._lock:
            if self.refusal is not None:
                raise self.refusal.with_traceback(None)
            if self._lease is not None and self._lease.valid():
                return
            try:
                self._lease = self._decider.decide(self._ask, self._call).lease
            except Refusal as refusal:
                self.refusal = refusal
                raise
