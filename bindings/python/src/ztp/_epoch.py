"""Revocation across the processes of a machine."""

from __future__ import annotations

import os
from types import TracebackType
from typing import TYPE_CHECKING

from . import _ztp

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Epoch"]


class Epoch(_ztp.Epoch):
    """A file of one page that processes map: who may write it can end every lease of every process at once.

        with ztp.Epoch.create("/run/ztp/epoch") as epoch:
            engine = ztp.Engine.load("policy.ztpb", "facts.json", epoch=epoch)
            ...
            epoch.revoke()

    Every engine that was given it reads it at each decision, and every lease at each check, without a system call. Put it
    where files are memory (/run, /dev/shm). Pickled, it is opened again in the other process.
    """

    path: str
    write: bool

    @classmethod
    def create(cls, path: str | os.PathLike[str], mode: int = 0o644) -> Self:
        """Makes the file if it is not there, with these permission bits, and opens it for writing."""
        epoch = cls.__new__(cls)
        epoch.path, epoch.write = os.fspath(path), True
        epoch._open(epoch.path, mode)
        return epoch

    @classmethod
    def open(cls, path: str | os.PathLike[str], write: bool = False) -> Self:
        """NotFoundError, EnvironmentFault (permission), FactsError (it is no such page, or anyone may write it)."""
        epoch = cls.__new__(cls)
        epoch.path, epoch.write = os.fspath(path), write
        epoch._open(epoch.path, None, write)
        return epoch

    def __init__(self) -> None:
        raise TypeError("an epoch page is made by ztp.Epoch.create or ztp.Epoch.open")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[object, ...]:
        return type(self).open, (self.path, self.write)

    def __repr__(self) -> str:
        return f"<ztp.Epoch {self.path}>"
