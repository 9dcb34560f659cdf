"""Checkpoints that are whole or not there, and say what they were made from.

Beside a checkpoint `model.pt` lies its record, `model.pt.facts.json`: a facts file with the model as an entity, its
digest and the entities that it derives from. Whoever loads facts from it knows the model's lineage, and where the
policy has an `inherited` label, the engine works the label out: the join of everything the model was trained on.

**Vouched, not proven.** The record says what the process that wrote it saw; it is believed as far as the folder that it
lies in. A signature over it will make it evidence.

**Boundary**: this file moves bytes and asks; what the bytes are is `write`'s and `read`'s.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Generic, TypeVar

from . import Denied, Entity, EntityLike, Error, NotFoundError
from .guard_lease import Obliged, carry_out
from .guard_lineage import Lineage, Source
from .guard_rows import Values, _now, entity_key

if TYPE_CHECKING:
    from . import Decision, Engine

__all__ = ["Checkpoint", "CheckpointError"]

S = TypeVar("S")

#: A record is small; what is larger is not one.
MAX_RECORD = 64 << 20


class CheckpointError(Error):
    """A checkpoint whose record is missing, damaged, or about other bytes: it is not read."""


class Checkpoint(Generic[S]):
    """Saves and loads a model's state where the policy allows it, atomically, with its lineage.

        checkpoint = ztp.guard.Checkpoint("model.bin", engine, ("Model", "digits-v1"), write=write, read=read,
                                          principal=me, save="save", load="load",
                                          attributes={"owner": {"type": "Team", "id": "vision"}},
                                          lineage=[rows])
        checkpoint.save(state)
        state = checkpoint.load()

    All names are the policy's: `model` is the entity, `save` and `load` the actions that are asked about it (None: that
    is not asked), `digest` the attribute of its type that holds the SHA-256 of the file, `attributes` (or a function
    that gives them) whatever else its type declares, as in a facts file, and `parents` what it is a member of. A
    label that the policy inherits is left out: then it is the join of what the model derives from. `load_digest`
    names a parameter of `load` that is given the digest of the file that is there, so that a rule can hold it against
    the stored one: an older checkpoint that somebody put back is then no longer this model.

    **save** writes to a file beside the target, puts the model's facts, with this file's digest and all origins that
    `lineage` knows by now, in force in the engine, and asks `save` about exactly that. Denied: the file is removed, the
    facts are as they were, `ztp.Denied` is raised and the checkpoint before is untouched. Allowed: both files come into
    place by renaming, after they are on disk. Whenever the process or machine stops, a whole checkpoint with its record
    is there. (Facts changed, so leases end; guards ask again by themselves.)

    **load** reads the file once, finds the record about exactly these bytes, tells the engine the lineage if it has not
    heard of it (what the engine already has about the model stays: a hold, an owner), asks `load`, and only then gives
    the bytes to `read`. Origins of what was loaded belong to this checkpoint's lineage from then on: training that is
    resumed forgets nothing.

    One process saves to a path at a time.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        engine: Engine,
        model: EntityLike,
        *,
        write: Callable[[S, IO[bytes]], object],
        read: Callable[[IO[bytes]], S],
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
    ) -> None:
        if principal is None and (save is not None or load is not None):
            raise TypeError("who saves and loads? principal= is missing")
        self.path = Path(path)
        self.engine = engine
        self.model = entity_key(model)
        self.lineage = lineage if isinstance(lineage, Lineage) else Lineage(*lineage)
        self._write = write
        self._read = read
        self._principal = principal
        self._save_action = save
        self._load_action = load
        self._values = values
        self._attributes = attributes
        self._digest = digest
        self._load_digest = load_digest
        self._parents = [entity_key(parent) for parent in parents]
        self._oblige = oblige
        self._in_force: dict[str, Any] | None = None  # the model's facts that this object put there

    @property
    def record(self) -> Path:
        """The facts file beside the checkpoint."""
        return self.path.with_name(self.path.name + ".facts.json")

    @property
    def _next_record(self) -> Path:
        return self.path.with_name(self.path.name + ".facts.json.next")

    # ---- saving ----

    def save(self, state: S) -> Decision | None:
        """Saves if it is allowed; returns the decision (None where `save` names no action)."""
        self._settle()
        temporary, digest = self._write_beside(state)
        try:
            facts = self._facts(digest)
            decision = self._put_in_force(facts)
            _write_durably(self._next_record, (json.dumps([facts], indent=1) + "\n").encode())
            os.replace(temporary, self.path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        _sync_folder(self.path.parent)
        os.replace(self._next_record, self.record)
        _sync_folder(self.path.parent)
        return decision

    def _settle(self) -> None:
        """Ends a save that was cut short: its record comes into place before it is written over, its litter goes."""
        litter = re.compile(re.escape(f".{self.path.name}") + r"(\.facts\.json\.next)?\.[0-9a-f]{16}\.tmp")
        for path in self.path.parent.iterdir():
            if litter.fullmatch(path.name):
                path.unlink()
        facts = self._parse(self._next_record)
        if facts is None:
            return
        try:
            with open(self.path, "rb") as file:
                hashed = hashlib.sha256()
                while chunk := file.read(1 << 20):
                    hashed.update(chunk)
        except FileNotFoundError:
            return
        if facts["attrs"].get(self._digest) == "sha256:" + hashed.hexdigest():
            os.replace(self._next_record, self.record)
            _sync_folder(self.path.parent)

    def _put_in_force(self, facts: dict[str, Any]) -> Decision | None:
        before = self._in_force
        origins = [entity_key(origin) for origin in facts["derives"]]
        if self._tell_origins(origins):
            self._ask(self._save_action, facts, obliged=False)  # by what others said of it, before that is replaced
        self.engine.facts.upsert(facts)
        try:
            decision = self._ask(self._save_action, facts)
        except BaseException:
            if before is not None:
                self.engine.facts.upsert(before)
            else:
                self.engine.facts.delete(*self.model)
            raise
        self._in_force = facts
        return decision

    def _tell_origins(self, origins: Sequence[tuple[str, str]]) -> bool:
        """Adds to the model's lineage in the engine; false if the engine does not know the model, or there are none."""
        try:
            with self.engine.facts.change() as change:
                for origin in origins:
                    change.add_origin(Entity(*self.model), Entity(*origin))
        except NotFoundError:
            return False
        return bool(origins)

    def _write_beside(self, state: S) -> tuple[Path, str]:
        temporary = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}.tmp")
        try:
            with open(temporary, "xb") as file:
                hashed = _Hashed(file)
                self._write(state, hashed)  # type: ignore[arg-type]  # what writers of state need of a file
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        return temporary, hashed.digest()

    def _facts(self, digest: str) -> dict[str, Any]:
        attributes = _plain(dict(self._attributes() if callable(self._attributes) else self._attributes or {}))
        attributes[self._digest] = digest
        facts: dict[str, Any] = {"uid": _named(self.model), "attrs": attributes}
        if self._parents:
            facts["parents"] = [_named(parent) for parent in self._parents]
        facts["derives"] = [_named(origin) for origin in self._origins()]
        return facts

    def _origins(self) -> list[tuple[str, str]]:
        return sorted(origin for origin in self.lineage.origins() if origin != self.model)

    def _ask(self, action: str | None, facts: dict[str, Any], *, obliged: bool = True) -> Decision | None:
        if action is None or self._principal is None:  # both are given, or nothing is asked
            return None
        values = _now(self._values)
        if action == self._load_action and self._load_digest is not None:
            values[self._load_digest] = facts["attrs"][self._digest]
        decision = self.engine.decide(
            self._principal, action, Entity(*self.model), can=tuple(self._oblige or ()), **values
        )
        if not decision.allow:
            raise Denied(decision)
        if obliged:
            carry_out(decision, self._oblige)
        return decision

    # ---- loading ----

    def load(self) -> S:
        """The state, if the file is what its record says and the policy allows it."""
        data, facts = self._read_both()
        origins = [entity_key(origin) for origin in facts.get("derives", [])]
        added = not self._tell_origins(origins)
        if added:
            self.engine.facts.upsert(facts)
        try:
            self._ask(self._load_action, facts)
        except BaseException:
            if added:
                self.engine.facts.delete(*self.model)
            raise
        if added:
            self._in_force = facts
        self.lineage.add_all(origins)
        return self._read(io.BytesIO(data))

    def _read_both(self) -> tuple[bytes, dict[str, Any]]:
        """The file's bytes, read once so that what is hashed is what is loaded, and the record about them."""
        for _ in range(8):  # a save in another process may come between the readings, but not for ever
            data = self.path.read_bytes()
            digest = "sha256:" + hashlib.sha256(data).hexdigest()
            for path in (self.record, self._next_record):
                facts = self._parse(path)
                if facts is not None and facts["attrs"].get(self._digest) == digest:
                    return data, facts
        raise CheckpointError(f"{self.path}: no record beside it is about these bytes ({digest})")

    def _parse(self, path: Path) -> dict[str, Any] | None:
        try:
            with open(path, "rb") as file:
                text = file.read(MAX_RECORD + 1)
        except FileNotFoundError:
            return None
        try:
            if len(text) > MAX_RECORD:
                raise ValueError("too large")
            (facts,) = json.loads(text)
            if entity_key(facts["uid"]) != self.model:
                raise ValueError(f"it is about {facts['uid']}")
            if not isinstance(facts["attrs"], dict) or not isinstance(facts.get("derives", []), list):
                raise ValueError("attrs is an object and derives a list")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise CheckpointError(f"{path} is no record of {Entity(*self.model)}: {error}") from error
        return facts  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path} of {Entity(*self.model)}>"


class _Hashed:
    """A file to write to, whose bytes are hashed on the way. It cannot seek: what was hashed would no longer be so."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self._hash.update(view)
        self._file.write(view)
        self._size += len(view)
        return len(view)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        self._file.flush()

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def readable(self) -> bool:
        return False

    def digest(self) -> str:
        return "sha256:" + self._hash.hexdigest()


def _plain(value: Any) -> Any:
    """As facts files have it."""
    if isinstance(value, Entity):
        return {"type": value.type, "id": value.id}
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value}")
        return value.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return str(value)
    return value


def _named(key: tuple[str, str]) -> dict[str, str]:
    return {"type": key[0], "id": key[1]}


def _write_durably(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _sync_folder(folder: Path) -> None:
    """Makes the renames in it last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
