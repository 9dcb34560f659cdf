"""Loops that stop when they are no longer allowed: leases, steps, guarded functions.

A decision carries a lease: the time until which the same question has the same answer, as long as policy and facts stay
as they are and nobody revokes. Whoever works for longer asks the lease at every step, which costs less than 100 ns, and
asks the engine again once when the lease has ended: a new allow goes on, anything else stops the work.

**Boundary**: this file knows decisions and leases; it knows nothing of rows, files or frameworks.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, Union

from . import Decision, Denied, Lease

if TYPE_CHECKING:
    from . import Bound

__all__ = ["Ask", "Guard", "Obliged", "Steps", "guarded", "lease", "steps"]

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

#: What can be guarded by: a lease or a decision (which cannot be asked again once they ended), or a question, which
#: can: a bound request, or any function that returns a decision. A function is the place to fetch new evidence.
Ask = Union[Lease, Decision, Callable[[], Decision]]

#: Who carries out obligations: by name, each called with the obligation's arguments.
Obliged = Mapping[str, Callable[..., object]]


def _never() -> bool:
    return False


def carry_out(decision: Decision, oblige: Obliged | None) -> None:
    """Carries out what an allow obliges to; an obligation that nobody here carries out is a denial.

    A guard cannot know what `audit("full")` means, and must not go on as if nothing had been asked.
    """
    handlers: Obliged = oblige or {}
    for obligation in decision.obligations:
        if obligation.name not in handlers:
            raise Denied(
                decision,
                f"allowed only with the obligation {obligation.name}, which nobody here carries out: "
                f"give the guard oblige={{{obligation.name!r}: …}}",
            )
    for obligation in decision.obligations:
        handlers[obligation.name](**obligation.args)


class Guard:
    """What is allowed now, and asks again when it may no longer be.

        with ztp.guard.lease(engine.bind("train", principal=me, resource=data)) as g:
            for batch in batches:
                g.check()                       # raises ztp.Denied within one step of a revocation
                train(batch)

    One thread's at a time, like an iterator.
    """

    __slots__ = ("_ask", "_oblige", "check", "decision", "valid")

    #: Does the lease still hold? The lease's own method, and so as quick as it is; another one after `renew`.
    valid: Callable[[], bool]
    #: Raises `ztp.Denied` if it does not hold and the engine, asked again, does not allow. Changes with `renew` too.
    check: Callable[[], None]
    #: The last decision; None before the first, and where only a lease was given.
    decision: Decision | None

    def __init__(self, ask: Ask, *, oblige: Obliged | None = None) -> None:
        self._ask: Callable[[], Decision] | None = None
        self._oblige = oblige
        self.decision = None
        self._hold(_never)
        if isinstance(ask, Lease):
            self._hold(ask.valid)
        elif isinstance(ask, Decision):
            self.decision = ask
            if ask.allow and ask.lease is not None:
                carry_out(ask, oblige)
                self._hold(ask.lease.valid)
        elif callable(ask):
            self._ask = ask
        else:
            raise TypeError(f"a guard needs a lease, a decision or a question, not {type(ask).__name__}")

    def _hold(self, valid: Callable[[], bool]) -> None:
        self.valid = valid

        def check() -> None:
            if not valid():
                self._recheck()

        self.check = check

    def _recheck(self) -> None:
        if not self.valid():  # who kept an older `check` may have been overtaken by a renewal
            self.renew()

    def renew(self) -> Decision:
        """Asks now. Raises `ztp.Denied` unless it is allowed, and carries out what the allow obliges to."""
        self._hold(_never)
        if self._ask is None:
            raise Denied(self.decision, "the lease has ended, and there is nobody to ask again")
        decision = self.decision = self._ask()
        if not decision.allow:
            raise Denied(decision)
        carry_out(decision, self._oblige)
        if decision.lease is not None:  # if it has ended by now, this one step was allowed, and the next asks again
            self._hold(decision.lease.valid)
        return decision

    def __enter__(self) -> Guard:
        self.check()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ask = None  # what is left of it holds no longer than the lease does
        self._hold(_never)

    def __bool__(self) -> bool:
        return self.valid()

    def __repr__(self) -> str:
        return f"<ztp.guard.Guard {'holds' if self.valid() else 'does not hold'}: {self.decision!r}>"


def lease(ask: Ask, *, oblige: Obliged | None = None) -> Guard:
    """A guard as a context manager: asks on entry, raises `ztp.Denied` there or at a `check()`, is void afterwards."""
    return Guard(ask, oblige=oblige)


class Steps(Generic[T]):
    """An iterable's items, as long as it is allowed. Made by `steps`, which says more."""

    def __init__(
        self,
        items: Iterable[T],
        ask: Ask | Guard,
        *,
        on_stop: Literal["raise", "end"] = "raise",
        checkpoint: Callable[[], object] | None = None,
        oblige: Obliged | None = None,
    ) -> None:
        if on_stop not in ("raise", "end"):
            raise ValueError(f"on_stop is 'raise' or 'end', not {on_stop!r}")
        self._items = items
        self._on_stop = on_stop
        self._checkpoint = checkpoint
        self.guard: Guard = ask if isinstance(ask, Guard) else Guard(ask, oblige=oblige)
        #: What stopped the loop, if something did: for the form that ends quietly.
        self.stopped: Denied | None = None
        #: Why the checkpoint hook did not save, if the policy did not let it: the last one before is what is left.
        self.not_saved: Denied | None = None

    def __iter__(self) -> Iterator[T]:
        self.stopped = self.not_saved = None
        guard = self.guard
        try:
            guard.check()  # before the first item is read
            valid = guard.valid
            for item in self._items:
                if not valid():
                    guard.check()
                    valid = guard.valid
                yield item
        except Denied as denied:  # by the guard, or by a guard of the rows that are read
            self._stop(denied)
            if self._on_stop == "raise":
                raise
            self.stopped = denied.with_traceback(None)  # which would keep loaders and their workers alive

    def _stop(self, denied: Denied) -> None:
        self.stopped = denied
        if self._checkpoint is not None:
            try:
                self._checkpoint()
            except Denied as not_saved:
                self.not_saved = not_saved

    def __len__(self) -> int:
        return len(self._items)  # type: ignore[arg-type]  # a TypeError where it has none, as everywhere


def steps(
    items: Iterable[T],
    ask: Ask | Guard,
    *,
    on_stop: Literal["raise", "end"] = "raise",
    checkpoint: Callable[[], object] | None = None,
    oblige: Obliged | None = None,
) -> Steps[T]:
    """The steps of a loop, each only while it is allowed.

        for batch in ztp.guard.steps(loader, engine.bind("train", principal=me, resource=data)):
            ...

    Before each item the lease is asked (less than 100 ns). When it has ended, `ask` is asked again, once: allowed, the
    loop goes on under the new lease; denied, it stops before the next step: nothing is computed after a revocation was
    seen. `checkpoint()` is called when it stops, whatever the form; then `ztp.Denied` is raised with the decision
    (`on_stop="raise"`), or the loop ends like one that is done and `.stopped` says why (`on_stop="end"`):

        run = ztp.guard.steps(loader, ask, on_stop="end", checkpoint=lambda: ckpt.save(model.state_dict()))
        for batch in run: ...
        if run.stopped: print(run.stopped.decision)

    A denial of a row that a guarded data set raises stops the loop in the same way. `ask` may be a `Guard` that other
    parts of the loop check too.
    """
    return Steps(items, ask, on_stop=on_stop, checkpoint=checkpoint, oblige=oblige)


def guarded(
    bound: Bound,
    *,
    principal: object = None,
    resource: object = None,
    values: Mapping[str, object] | None = None,
    oblige: Obliged | None = None,
) -> Callable[[F], F]:
    """A function that runs only where the policy allows it, decided anew at each call.

        @ztp.guarded(engine.bind("read", principal=me), resource=lambda path, **_: ("Dataset", path.stem))
        def load(path): ...

    `principal`, `resource` and each of `values` are constants, or functions that get the call's arguments; what is left
    out is as `bound` has it. Denied: `ztp.Denied`, and the function was not called. Coroutine functions are decided
    when they start to run. Generator functions are decided when the first item is asked for, and the lease is checked
    before each item: an item of a generator is a step.
    """

    def question(args: tuple[Any, ...], named: dict[str, Any]) -> Callable[[], Decision]:
        def resolve(value: object) -> object:
            return value(*args, **named) if callable(value) else value

        request: dict[str, Any] = {name: resolve(value) for name, value in (values or {}).items()}
        if principal is not None:
            request["principal"] = resolve(principal)
        if resource is not None:
            request["resource"] = resolve(resource)
        return functools.partial(bound, **request)

    def allow(args: tuple[Any, ...], named: dict[str, Any]) -> None:
        decision = question(args, named)()
        if not decision.allow:
            raise Denied(decision)
        carry_out(decision, oblige)

    def decorate(function: F) -> F:
        wrapper: Any
        if inspect.isasyncgenfunction(function):

            @functools.wraps(function)
            async def wrapper(*args: Any, **named: Any) -> AsyncIterator[Any]:
                guard = Guard(question(args, named), oblige=oblige)
                guard.check()
                async for item in function(*args, **named):
                    guard.check()
                    yield item

        elif inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def wrapper(*args: Any, **named: Any) -> Any:
                allow(args, named)
                return await function(*args, **named)

        elif inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def wrapper(*args: Any, **named: Any) -> Iterator[Any]:
                guard = Guard(question(args, named), oblige=oblige)
                guard.check()
                for item in function(*args, **named):
                    guard.check()
                    yield item

        else:

            @functools.wraps(function)
            def wrapper(*args: Any, **named: Any) -> Any:
                allow(args, named)
                return function(*args, **named)

        return wrapper  # type: ignore[no-any-return]

    return decorate
