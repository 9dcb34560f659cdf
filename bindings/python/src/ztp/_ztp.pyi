"""What of ztp is C++: engines, requests, decisions, leases. Import `ztp` instead."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, SupportsIndex, final

from ._types import EntityLike, Obligation, Rule, Time, Value

@final
class UnknownType:
    """The type of `UNKNOWN`."""

    def __reduce__(self) -> str: ...

UNKNOWN: UnknownType
"""A value that should be there and is not known. What depends on it denies."""

@final
class Lease:
    """"Still allowed": what a training loop asks at every step.

    It holds until its time is up, policy or facts change, leases are revoked (by the engine, or by an epoch page from
    another process), or the clock goes back. A lease that ended never holds again. Any thread may ask.
    """

    def valid(self) -> bool:
        """Does what was allowed still hold, by the system's clock? Once False, always False."""

    def check(self, now: Time = None, /) -> bool:
        """The same at `now`. A time before one that was asked of earlier ends the lease."""

    def __bool__(self) -> bool: ...
    @property
    def valid_until(self) -> datetime | None:
        """When it ends by itself; None: it does not."""

    def __reduce__(self) -> Any: ...

@final
class Decision:
    """An answer of an engine; true if it is an allow. print() shows it with its explanation, and so does a notebook."""

    @property
    def allow(self) -> bool:
        """May it be done? False in every case of doubt."""

    @property
    def reason(self) -> str | None:
        """What the first deciding rule says after `because`; "halted", "limit"; or None."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that decided, in source order."""

    @property
    def obligations(self) -> tuple[Obligation, ...]:
        """What must be done because it was allowed."""

    @property
    def unknown(self) -> tuple[str, ...]:
        """The facts that are missing, sorted."""

    @property
    def on_unknown(self) -> bool:
        """A denial because something is not known: `unknown` says what."""

    @property
    def limit(self) -> bool:
        """A denial because the step budget or memory was spent."""

    @property
    def halted(self) -> bool:
        """A denial because the epoch page is halted, torn, or was not kept up."""

    @property
    def valid_until(self) -> datetime | None:
        """The first instant at which it may be another; None: none is known."""

    @property
    def decided_at(self) -> datetime:
        """The time that it was decided for."""

    @property
    def generation(self) -> int:
        """`Engine.generation`, of the policy and facts that it was decided by."""

    @property
    def lease(self) -> Lease | None:
        """"Still allowed"; None unless it was allowed."""

    def json(self, *, explain: bool = False) -> str:
        """As JSON, one line: AuthZEN's answer with `context`; with `explain` each rule in scope with its clauses too.

        StaleError: policy or facts have changed since.
        """

    def explanation(self) -> str:
        """Why, for people: each rule in scope with its clauses and the values that they read. StaleError: as `json`."""

    def __bool__(self) -> bool: ...
    def _repr_html_(self) -> str: ...
    def __reduce__(self) -> Any: ...

@final
class Bound:
    """A request that is prepared once and decided often, by whatever policy and facts are in force. Made by `Engine.bind`.

    A call gives values in place of what was bound, for this call alone. Any thread may call it.
    """

    def __call__(
        self, principal: EntityLike | None = None, resource: EntityLike | None = None, now: Time = None, **values: Value
    ) -> Decision:
        """Decides it."""

    def allows(
        self, principal: EntityLike | None = None, resource: EntityLike | None = None, now: Time = None, **values: Value
    ) -> bool:
        """The same, answered with a bool: the quickest way there is."""

    @property
    def engine(self) -> Any:
        """The engine that decides."""

    @property
    def action(self) -> str:
        """The action's name."""

    @property
    def principal(self) -> EntityLike | None:
        """As it was bound; None: each call gives it."""

    @property
    def resource(self) -> EntityLike | None:
        """As it was bound; None: each call gives it."""

    @property
    def values(self) -> dict[str, Value]:
        """Parameters and inputs as they were bound: a dict of its own."""

    def __reduce__(self) -> Any: ...

class Signers:
    """Whose signatures count."""

    def _open(self, keys: str, threshold: int, state: str, /) -> None: ...

class Epoch:
    """The handle of an epoch page."""

    def _open(self, path: str, mode: int | None, write: bool = False, /) -> None: ...
    def revoke(self) -> None:
        """Ends every lease, at once and in every process: who wants to go on must ask again."""

    def halt(self) -> None:
        """Until release(), every decision is a denial and no lease holds."""

    def release(self) -> None:
        """Ends halt()."""

    def keep_until(self, until: Time, /) -> None:
        """A dead man's handle: from `until` on, unless it is set again before, every decision is a denial.

        None: no such handle.
        """

    def close(self) -> None:
        """Gives up this hold of the page. Engines that were given it keep theirs."""

    @property
    def value(self) -> int | None:
        """How often it was revoked, halted or released; None if it is torn or halted: everything is denied."""

@final
class Proof:
    """What verified evidence proves: the value of a proven input, for as long as it counts."""

    def check(self, now: Time = None, /) -> None:
        """RefusedError: it no longer counts."""

    def json(self) -> str:
        """What it proves, as one line of JSON."""

    @property
    def source(self) -> str:
        """Of the configuration."""

    @property
    def kind(self) -> str:
        """"x509-svid", "sign-in", …"""

    @property
    def subject(self) -> str:
        """Whom it is about."""

    @property
    def issuer(self) -> str:
        """Who says so; may be empty."""

    @property
    def anchor(self) -> str:
        """By which root certificate or key."""

    @property
    def digest(self) -> str:
        """"sha256:…" of the evidence: what an audit shows."""

    @property
    def issued_at(self) -> datetime | None:
        """None: it does not say."""

    @property
    def expires_at(self) -> datetime:
        """When it ends by itself."""

class Trust:
    """The handle of a trust configuration."""

    def _open(self, path: str | None, json: str | None, /) -> None: ...
    def reload(self) -> None:
        """Reads its files again. Proofs of sources that have changed no longer count."""

    def replace(self, source: str, member: str, content: str | bytes, /) -> None:
        """Other bytes for a member of a source: "keys", "bundle", "crls"; within a source "host.crls"."""

    def _verify(self, source: str, evidence: str | bytes, now: Time, /) -> Proof: ...
    def _nonce(self, now: Time, lifetime: int, /) -> str: ...
    def _expect_nonce(self, nonce: str | bytes, now: Time, lifetime: int, /) -> None: ...
    def _revoke(
        self,
        digest: str,
        id: str,
        session: str,
        subject: str,
        issuer: str,
        reason: str,
        issued_until: Time,
        forget_at: Time,
        now: Time,
        /,
    ) -> None: ...
    def _receive(self, event: str | bytes, now: Time, /) -> int: ...

class Engine:
    """The engine, as far as it is C++."""

    def _use_trust(self, trust: Trust | None, /) -> None: ...

    def _open(
        self,
        bundle: bytes | None,
        path: str | None,
        facts: tuple[str, ...],
        flags: int,
        epoch: Epoch | None,
        on_decision: Callable[[Decision], object] | None,
        trust: Trust | None,
        now: Time,
        signers: Signers | None,
        /,
    ) -> None: ...
    def _replace(
        self,
        bundle: bytes | None,
        path: str | None,
        facts: tuple[str, ...] | None,
        flags: int,
        trust: Trust | None,
        now: Time,
        signers: Signers | None,
        /,
    ) -> None: ...
    def _bind(
        self,
        action: str,
        principal: EntityLike | None,
        resource: EntityLike | None,
        can: Iterable[str] | None,
        values: dict[str, Any],
        /,
    ) -> Bound: ...
    def _decide_json(self, text: str | bytes, now: Time, explain: bool, /) -> str: ...
    def _entity_json(self, type: str, id: str, /) -> str | None: ...
    def _write_facts(self, path: str, /) -> None: ...
    def decide(
        self,
        principal: EntityLike,
        action: str,
        resource: EntityLike,
        *,
        now: Time = None,
        can: Iterable[str] | None = None,
        **values: Value,
    ) -> Decision:
        """Decides one request by the policy and facts in force.

        principal, resource: ``ztp.Entity("Team", "vision")``, ``("Team", "vision")``, ``'Team::"vision"'`` or
        ``{"type": "Team", "id": "vision"}``, with ``"properties"`` for a type declared `carried`.
        now: None is the clock; else an aware datetime, or microseconds since 1970.
        can: the obligations that the caller can carry out; None: all.
        values: the action's parameters and the inputs, by name. None: it is missing; ``ztp.UNKNOWN``: it should be there
        and is not known.
        """

    def revoke(self) -> None:
        """Ends every lease that this engine gave, at once."""

    @property
    def generation(self) -> int:
        """How often policy or facts were changed, or leases revoked."""

    @property
    def policy_digest(self) -> str:
        """"sha256:…" of the bundle in force."""

    @property
    def _facts_version(self) -> str: ...
    @property
    def _facts_count(self) -> int: ...

@final
class Change:
    """The handle of changes of facts; one thread's at a time."""

    def __new__(cls, engine: Engine, /) -> Change: ...
    def upsert_json(self, json: str, now: Time, /) -> None: ...
    def delete(self, entity: EntityLike, /) -> None: ...
    def add_parent(self, child: EntityLike, parent: EntityLike, /) -> None: ...
    def add_origin(self, child: EntityLike, origin: EntityLike, /) -> None: ...
    def commit(self) -> None: ...

def decide_table(
    engine: Engine,
    action: str,
    principal: EntityLike | None,
    resource: EntityLike | None,
    can: Iterable[str] | None,
    values: dict[str, Any],
    uses: tuple[tuple[int, str | None, str | None, str], ...],
    kind: str,
    source: Any,
    rows: SupportsIndex,
    now: Time,
    /,
) -> tuple[bytearray, bytearray, bytearray, bytearray, dict[int, Rule], Lease | None]: ...
def parse_entity(text: str, /) -> tuple[str, str]: ...
def now() -> int:
    """The system's clock, in microseconds since 1970."""

def version() -> str:
    """libztp's."""

def _before_fork() -> None: ...
def _after_fork_in_parent() -> None: ...
def _after_fork_in_child() -> None: ...
