"""`Engine`: a policy and facts, and what is asked of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, Union

from . import _table, _ztp
from ._compile import compile
from ._epoch import Epoch
from ._errors import MisuseError
from ._facts import Facts
from ._signers import Signers
from ._trust import Trust
from ._types import EntityLike, Time, Value

if TYPE_CHECKING:
    from typing_extensions import Self, TypeAlias

__all__ = ["Engine"]

Path: TypeAlias = Union[str, "os.PathLike[str]"]
TableT = TypeVar("TableT")

_ASSUME_PROVEN = 1
_ACCEPT_NOW = 2


def _is_source(path: str) -> bool:
    return path.endswith(".ztp") or os.path.isdir(path)


def _bundle(policy: str | bytes) -> tuple[bytes | None, str | None]:
    """A policy as the extension takes it: a bundle's bytes, or the path of its file."""
    if isinstance(policy, bytes):
        return policy, None
    if _is_source(policy):
        return compile(policy), None
    return None, policy


def _check_signed(signers: Signers | None, policy: str | bytes) -> None:
    if signers is None:
        return
    if isinstance(policy, bytes) or _is_source(policy):
        raise MisuseError("signers were given: a bundle's file can be signed, sources and bytes cannot")


def _policy(policy: Path | bytes) -> str | bytes:
    return policy if isinstance(policy, bytes) else os.fspath(policy)


def _paths(facts: Path | Iterable[Path]) -> tuple[str, ...]:
    if isinstance(facts, (str, os.PathLike)):
        facts = (facts,)
    return tuple(os.fspath(path) for path in facts)


class Engine(_ztp.Engine):
    """A policy and the facts in force. Made by `load`; any thread may use it at any time.

        engine = ztp.Engine.load("policy.ztpb", "facts.jsonl")
        decision = engine.decide(("Workload", "trainer-7"), "train", ("Dataset", "faces"), purpose="research")
        if not decision:
            raise ztp.Denied(decision)

    Single decisions take well below a microsecond, and keep the GIL; batches, loading and changes give it up. It may be
    used after a fork. Pickled, as for the workers of a data loader, it is loaded again from the files that it was loaded
    from: without the changes that were made since, and with leases of its own, which an epoch page ends too.
    """

    _flags: int
    _policy: str | bytes
    _paths: tuple[str, ...]
    _epoch: Epoch | None
    _on_decision: Callable[[_ztp.Decision], object] | None
    _trust: Trust | None
    _signers: Signers | None

    @classmethod
    def load(
        cls,
        policy: Path | bytes,
        facts: Path | Iterable[Path] = (),
        *,
        epoch: Epoch | Path | None = None,
        assume_proven: bool = False,
        accept_now: bool = False,
        on_decision: Callable[[_ztp.Decision], object] | None = None,
        trust: Trust | Path | None = None,
        now: Time = None,
        signers: Signers | None = None,
    ) -> Self:
        """An engine of these files.

        policy: the path of a bundle (.ztpb), of a .ztp file or a folder of them, which are compiled, or a bundle's bytes.
        facts: the path of a facts file (JSON, JSON Lines, .ztpf), or several. None: no entities.
        epoch: a page by which other processes can halt it and end its leases, or its path, to be opened for reading.
        assume_proven, accept_now: for tests and replay only. Proven values may be given as plain data; `context.now` of a
        request's JSON sets its clock.
        on_decision: called with each single decision, before whoever asked gets it. What it raises goes to them instead.
        trust: whose evidence proves inputs, and attributes of the facts, or the path of its configuration.
        now: when the evidence in `facts` is verified; None is the clock.
        signers: who must have signed the bundle and the facts' files, now and at each reload. Sources and bytes that are
        given in place of files are then refused (MisuseError).
        """
        engine = cls.__new__(cls)
        engine._flags = (_ASSUME_PROVEN if assume_proven else 0) | (_ACCEPT_NOW if accept_now else 0)
        engine._policy, engine._paths = _policy(policy), _paths(facts)
        page = Epoch.open(epoch) if isinstance(epoch, (str, os.PathLike)) else epoch
        engine._epoch, engine._on_decision = page, on_decision
        engine._trust = Trust.load(trust) if isinstance(trust, (str, os.PathLike)) else trust
        engine._signers = signers
        _check_signed(signers, engine._policy)
        engine._open(
            *_bundle(engine._policy),
            engine._paths,
            engine._flags,
            page,
            on_decision,
            engine._trust,
            now,
            signers,
        )
        return engine

    def __init__(self) -> None:
        raise TypeError("an engine is made by ztp.Engine.load")

    # ---- Decisions ----

    def decide_json(self, request: str | bytes, *, now: Time = None, explain: bool = False) -> str:
        """An AuthZEN request as JSON in, a decision as JSON out. One that cannot be read is answered with a denial."""
        return self._decide_json(request, now, explain)

    def bind(
        self,
        action: str,
        *,
        principal: EntityLike | None = None,
        resource: EntityLike | None = None,
        can: Iterable[str] | None = None,
        **values: Value,
    ) -> _ztp.Bound:
        """A request that is prepared once and decided often, by whatever is in force then. The arguments are `decide`'s."""
        return self._bind(action, principal, resource, can, values)

    def decide_batch(
        self,
        action: str,
        table: object,
        *,
        principal: EntityLike | None = None,
        resource: EntityLike | None = None,
        principal_type: str | None = None,
        resource_type: str | None = None,
        values: Mapping[str, Any] | None = None,
        can: Iterable[str] | None = None,
        now: Time = None,
    ) -> _table.BatchResult:
        """Decides a request for each row of a table, without the GIL.

            result = engine.decide_batch("read", table, principal=me, resource="dataset", resource_type="Dataset",
                                         values={"purpose": "research"})
            table.filter(result.allow)

        table: whatever has `__arrow_c_stream__` or `__arrow_c_array__` (polars, pyarrow, DuckDB, …), whose columns are
        read where they lie; a pandas DataFrame; or a dict of sequences.
        principal, resource: a column's name, whose texts are ids of `principal_type` or `resource_type`; or one entity
        for all rows.
        values: for each parameter or input a column's name, or one value for all rows. A str that is no column's name is
        a value; `ztp.Column(name)` and `ztp.Constant(value)` say which is meant. Of a proven input: a `ztp.Proof` for all
        rows, or a column of them in a dict of sequences. It counts in the rows that it is about.
        can: the obligations that the caller carries out for every row. A row whose allow has another, or any where `can`
        is not given, is not allowed: what it obliges to would be nobody's. `decide` says what that is.
        """
        return _table.decide_batch(
            self, action, table, principal, resource, principal_type, resource_type, values or {}, can, now
        )

    def filter(
        self,
        table: TableT,
        action: str,
        *,
        principal: EntityLike | None = None,
        resource: EntityLike | None = None,
        principal_type: str | None = None,
        resource_type: str | None = None,
        values: Mapping[str, Any] | None = None,
        can: Iterable[str] | None = None,
        now: Time = None,
    ) -> TableT:
        """The rows for which `decide_batch` says allow, in a table of the same kind."""
        result = _table.decide_batch(
            self, action, table, principal, resource, principal_type, resource_type, values or {}, can, now
        )
        return _table.allowed_rows(table, result)

    # ---- Evidence ----

    @property
    def trust(self) -> Trust | None:
        """Whose evidence is taken; None: nobody's."""
        return self._trust

    def use_trust(self, trust: Trust | None) -> None:
        """Takes evidence by this configuration from now on. TrustError: it does not fit the policy. Ends every lease."""
        self._use_trust(trust)
        self._trust = trust

    def verify(self, source: str, evidence: str | bytes, *, now: Time = None) -> _ztp.Proof:
        """What evidence proves, as that of one source of `trust`: the value of a proven input.

        RefusedError: its `check` says what it did not pass.
        """
        if self._trust is None:
            raise MisuseError("the engine takes no evidence: give it a trust configuration")
        return self._trust.verify(source, evidence, now=now)

    # ---- What is in force ----

    @property
    def facts(self) -> Facts:
        """The stored entities, to be looked at and changed."""
        return Facts(self)

    def reload(self) -> None:
        """Reads the files again. Decisions go on meanwhile by what was in force; on an error that stays so."""
        if isinstance(self._policy, bytes):
            raise MisuseError("the policy did not come from a file: there is nothing to read again")
        self._replace(*_bundle(self._policy), self._paths, self._flags, self._trust, None, self._signers)

    def replace(
        self,
        *,
        policy: Path | bytes | None = None,
        facts: Path | Iterable[Path] | None = None,
        now: Time = None,
    ) -> None:
        """Puts another policy, other facts or both in force, together. Ends every lease.

        Without facts those in force stay, if they are for the other policy too; FactsError: they are not, so give them.
        """
        new_policy = self._policy if policy is None else _policy(policy)
        new_paths = self._paths if facts is None else _paths(facts)
        if policy is not None:
            _check_signed(self._signers, new_policy)
        bundle = (None, None) if policy is None else _bundle(new_policy)
        self._replace(
            *bundle, None if facts is None else new_paths, self._flags, self._trust, now, self._signers
        )
        self._policy, self._paths = new_policy, new_paths

    # ---- Python's own ----

    def __reduce__(self) -> tuple[object, ...]:
        if isinstance(self._policy, bytes):
            raise TypeError(
                "an engine of a bundle's bytes cannot be pickled: load it from files, which the other process reads too"
            )
        return _reloaded, (
            type(self),
            self._policy,
            self._paths,
            self._epoch,
            self._flags,
            self._on_decision,
            self._trust,
            self._signers,
        )

    def __repr__(self) -> str:
        policy = "bytes" if isinstance(self._policy, bytes) else self._policy
        return f"<ztp.Engine {policy} {len(self.facts)} entities generation {self.generation}>"


def _reloaded(
    cls: type[Engine],
    policy: str,
    paths: tuple[str, ...],
    epoch: Epoch | None,
    flags: int,
    on_decision: Callable[[_ztp.Decision], object] | None,
    trust: Trust | None,
    signers: Signers | None,
) -> Engine:
    return cls.load(
        policy,
        paths,
        epoch=epoch,
        assume_proven=bool(flags & _ASSUME_PROVEN),
        accept_now=bool(flags & _ACCEPT_NOW),
        on_decision=on_decision,
        trust=trust,
        signers=signers,
    )
