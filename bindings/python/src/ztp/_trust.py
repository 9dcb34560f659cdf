"""Whom to believe about what, and what was proven."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

from . import _ztp
from ._errors import MisuseError
from ._types import Time

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Trust"]

_MICROSECOND = timedelta(microseconds=1)


class Trust(_ztp.Trust):
    """A trust configuration: sources of evidence with their keys, what was verified by them, and what was revoked.

        engine = ztp.Engine.load("policy.ztpb", "facts.json", trust="trust.json")
        peer = engine.verify("mesh", certificates)          # once; RefusedError says which check it did not pass
        decision = engine.decide(agent, "call", tool, peer=peer)

    A proof is the value of a proven input, for as long as it counts: until it expires, its keys are replaced, or it is
    revoked. Any thread may use it at any time. Pickled, it is loaded again from its file, without what was revoked.
    """

    path: str | None

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """From a file; files that it names are relative to it. TrustError has a problem for each mistake."""
        trust = cls.__new__(cls)
        trust.path = os.fspath(path)
        trust._open(trust.path, None)
        return trust

    @classmethod
    def read(cls, json: str) -> Self:
        """From JSON in memory, which names no files."""
        trust = cls.__new__(cls)
        trust.path = None
        trust._open(None, json)
        return trust

    def __init__(self) -> None:
        raise TypeError("a trust configuration is made by ztp.Trust.load or ztp.Trust.read")

    def verify(self, source: str, evidence: str | bytes, *, now: Time = None) -> _ztp.Proof:
        """What evidence proves, as that of one source. The second time it costs a SHA-256."""
        return self._verify(source, evidence, now)

    def nonce(self, lifetime: timedelta = timedelta(minutes=5), *, now: Time = None) -> str:
        """A nonce for a source that demands one: good once, for an hour at most."""
        return self._nonce(now, lifetime // _MICROSECOND)

    def expect_nonce(
        self, nonce: str | bytes, lifetime: timedelta = timedelta(minutes=5), *, now: Time = None
    ) -> None:
        """A nonce that somebody else gave out is good once, for so long."""
        self._expect_nonce(nonce, now, lifetime // _MICROSECOND)

    def revoke(
        self,
        *,
        digest: str = "",
        id: str = "",
        session: str = "",
        subject: str = "",
        issuer: str = "",
        issued_until: Time = None,
        forget_at: Time = None,
        reason: str = "",
        now: Time = None,
    ) -> None:
        """Ends what was proven, at once, and every lease. All names that are given must fit, and one is.

        issued_until: what was issued later counts; None: nothing does. forget_at: by then all of it has expired.
        """
        self._revoke(digest, id, session, subject, issuer, reason, issued_until, forget_at, now)

    def receive(self, event: str | bytes, *, now: Time = None) -> int:
        """The same by a signed security event (RFC 8417, OpenID CAEP); how many revocations it came to."""
        return self._receive(event, now)

    def __reduce__(self) -> tuple[object, ...]:
        if self.path is None:
            raise MisuseError("a trust configuration that was read from memory cannot be pickled: load it from a file")
        return type(self).load, (self.path,)

    def __repr__(self) -> str:
        return f"<ztp.Trust {self.path or 'of a text'}>"
