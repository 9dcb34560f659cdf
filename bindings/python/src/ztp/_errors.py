"""What goes wrong, as exceptions: a class for each code of the C interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._types import Problem

if TYPE_CHECKING:
    from . import _ztp

__all__ = [
    "Denied",
    "EnvironmentFault",
    "Error",
    "FactsError",
    "InternalError",
    "LimitError",
    "MisuseError",
    "NotFoundError",
    "NotProvenError",
    "PolicyError",
    "RefusedError",
    "RequestError",
    "StaleError",
    "TrustError",
    "UnsupportedError",
]


class Error(Exception):
    """Something could not be done. Nothing is allowed by one that is ignored: where there is an error, there is no
    decision.

    ``code`` is the kind, as in the C interface ("bad_policy"); ``problems`` are the things that are wrong, each with its
    place: a file can have many. ``str(error)`` is all of it, for people.
    """

    code: str = "internal"
    problems: tuple[Problem, ...] = ()

    def __init__(self, message: str = "", problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[type[Error], tuple[str, tuple[Problem, ...]]]:
        return type(self), (str(self), self.problems)


class MisuseError(Error):
    """The calling code is wrong: something closed was used, or two things that do not belong together."""

    code = "misuse"


class PolicyError(Error):
    """A bundle that is damaged or none, or sources with mistakes."""

    code = "bad_policy"


class FactsError(Error):
    """Facts that are not what the policy's schema wants, have a cycle, or were made for another policy."""

    code = "bad_facts"


class RequestError(Error):
    """A request that fits no declared action, or a value of a wrong type."""

    code = "bad_request"


class NotFoundError(Error, LookupError):
    """A file, a name or an entity that is not there."""

    code = "not_found"


class NotProvenError(Error):
    """A proven input or attribute that was given as plain data."""

    code = "not_proven"


class StaleError(Error):
    """Of a policy or facts that are no longer in force."""

    code = "stale"


class LimitError(Error):
    """Larger than is allowed."""

    code = "limit"


class EnvironmentFault(Error, OSError):
    """The operating system said no: permission, disk."""

    code = "environment"


class UnsupportedError(Error):
    """A format or feature that this version does not have."""

    code = "unsupported"


class RefusedError(Error):
    """Evidence that did not pass a check: ``check`` is its name ("signature", "expired", "audience", "revoked", …)."""

    code = "refused"

    @property
    def check(self) -> str:
        return self.problems[0].id if self.problems else ""


class TrustError(Error):
    """A trust configuration with mistakes, or one that does not fit the policy."""

    code = "bad_trust"


class InternalError(Error):
    """A fault of ztp itself."""

    code = "internal"


class Denied(Exception):
    """A guard's answer to a denial. ``decision`` says why; None: it was made in another process, or a lease has ended and
    there was nobody to ask again."""

    decision: _ztp.Decision | None

    def __init__(self, decision: _ztp.Decision | str | None, message: str | None = None) -> None:
        super().__init__(message if message is not None else str(decision))
        # A data loader raises what a worker raised again by its type and a text.
        self.decision = None if isinstance(decision, str) else decision


#: By the numbers of the C interface, which are pinned. 11 is MemoryError, and raised without this table.
_BY_CODE: dict[int, type[Error]] = {
    1: MisuseError,
    2: PolicyError,
    3: FactsError,
    4: RequestError,
    5: NotFoundError,
    6: NotProvenError,
    7: StaleError,
    8: LimitError,
    9: EnvironmentFault,
    10: UnsupportedError,
    12: InternalError,
    13: RefusedError,
    14: TrustError,
}


def make_error(code: int, message: str, problems: tuple[tuple[str, str, str, str, str, int, int, int, int], ...]) -> Error:
    """What the extension raises."""
    return _BY_CODE.get(code, InternalError)(message, tuple(Problem(*problem) for problem in problems))
