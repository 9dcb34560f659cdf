"""Whose policies and facts are taken."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Union

from . import _ztp

if TYPE_CHECKING:
    from typing_extensions import Self, TypeAlias

__all__ = ["Signers"]

Path: TypeAlias = Union[str, "os.PathLike[str]"]


class Signers(_ztp.Signers):
    """Those who may write policies and facts, by their public keys, and what was taken from them so far.

        signers = ztp.Signers.load(["alice.pub", "bob.pub"], threshold=2, state="/var/lib/gate/signed.json")
        engine = ztp.Engine.load("policy.ztpb", "facts.ztpf", signers=signers)

    An engine that is given them loads, and reloads, only files that enough of them have signed (`ztp sign`: FILE.sig beside
    FILE), that have not expired, and that are no older than what was taken before: RefusedError says which check a file did
    not pass. Any thread may use it at any time; engines may share it. Pickled, it is loaded again from its files.
    """

    keys: tuple[str, ...]
    threshold: int
    state: str | None

    @classmethod
    def load(cls, keys: Path | Iterable[Path], threshold: int = 1, state: Path | None = None) -> Self:
        """keys: files of public keys (PEM), as `ztp keygen` and openssl write them.

        threshold: so many of them must have signed. state: a file that keeps the newest versions across restarts, and that
        nobody else may write; without, they are forgotten with this object.
        """
        if isinstance(keys, (str, os.PathLike)):
            keys = (keys,)
        signers = cls.__new__(cls)
        signers.keys = tuple(os.fspath(path) for path in keys)
        signers.threshold = threshold
        signers.state = None if state is None else os.fspath(state)
        texts = []
        for path in signers.keys:
            with open(path, encoding="ascii") as file:
                texts.append(file.read())
        signers._open("\n".join(texts), threshold, signers.state or "")
        return signers

    def __init__(self) -> None:
        raise TypeError("signers are made by ztp.Signers.load")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self).load, (self.keys, self.threshold, self.state)

    def __repr__(self) -> str:
        return f"<ztp.Signers {self.threshold} of {len(self.keys)} files of keys>"
