"""Every call of a gRPC server, decided before its handler runs, and again while it lasts.

    import grpc, ztp, ztp.grpc

    engine = ztp.Engine.load("policy.ztpb", "facts.jsonl", trust="trust.json")
    gate = ztp.grpc.Gate(
        engine,
        {
            "acme.Data/Read": ztp.grpc.Method.from_metadata("read", "Dataset", "x-dataset"),
            "acme.Data/Open": ztp.grpc.Method("read", lambda call: ("Dataset", call.request.name)),
        },
        principal="Workload",
        evidence=[ztp.grpc.Evidence("peer", "mesh", required=True)],
    )
    server = grpc.server(pool, interceptors=[gate.interceptor()])            # or
    server = grpc.aio.server(interceptors=[gate.aio_interceptor()])
    server.add_secure_port(address, grpc.ssl_server_credentials(…, require_client_auth=True))

The principal is the peer's SPIFFE ID, the action what the method's name is mapped to; a method that is not mapped is
denied. A denial is PERMISSION_DENIED with the `because` of the rule that denied, and nothing else; a call without an
identity, or whose evidence is refused, is UNAUTHENTICATED. Each call holds a lease, which every message asks; once it
has ended it is decided again, and what is denied then is ended, also where no message comes.

**Boundary**: whom gRPC authenticated, and metadata, to a request; a decision to a status. Needs `grpcio`; nothing is
decided here.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import grpc
import grpc.aio

from . import Engine
from ._gate import Ask, Decider, Grant, Refusal

if TYPE_CHECKING:
    from ._types import EntityLike
    from .guard_lease import Obliged

__all__ = ["Call", "Evidence", "Gate", "Method"]

_log = logging.getLogger(__name__)


class Call:
    """What is known of a call: who makes it, and what it brings along."""

    __slots__ = ("_metadata", "_peer", "method", "request")

    #: "acme.Data/Read"
    method: str
    #: The message, where the client sends one; None where it sends a stream.
    request: Any

    def __init__(self, method: str, request: Any, context: Any) -> None:
        self.method = method
        self.request = request
        self._metadata: dict[str, list[str | bytes]] = {}
        for key, value in context.invocation_metadata() or ():
            self._metadata.setdefault(key, []).append(value)
        self._peer: Mapping[str, Iterable[bytes]] = context.auth_context() or {}

    def metadata(self, key: str) -> str | bytes | None:
        """An entry, `key` in lower case; bytes where it ends with "-bin". None: it is not there, or more than once."""
        values = self._metadata.get(key, ())
        return values[0] if len(values) == 1 else None

    @property
    def spiffe_id(self) -> str | None:
        """Of the certificate that the peer showed in the TLS handshake, where it has exactly one."""
        return self._property("peer_spiffe_id")

    @property
    def certificates(self) -> str | None:
        """The peer's certificates as PEM, its own first: evidence of the kind x509-svid."""
        leaf = self._property("x509_pem_cert")
        if leaf is None:
            return None
        chain = self._property("x509_pem_cert_chain") or ""
        return chain if chain.startswith(leaf) else leaf + chain

    @property
    def bearer_token(self) -> str | None:
        """Of `authorization: Bearer …`."""
        header = self.metadata("authorization")
        if not isinstance(header, str) or header[:7].lower() != "bearer ":
            return None
        return header[7:] or None

    def _property(self, name: str) -> str | None:
        values = list(self._peer.get(name, ()))
        return values[0].decode() if len(values) == 1 else None


class Method(Ask):
    """What a method asks of the policy: Method(action, resource, values).

    resource: an entity, or a function of the call that says it (None: the call does not say it).
    values: parameters and inputs by name: values, or functions of the call.

    Functions may be called by any thread, and again while a call lasts; what they raise is a denial.
    """

    @classmethod
    def from_metadata(cls, action: str, type: str, key: str, **values: Any) -> Method:
        """The resource's id is a metadata entry of the call."""

        def resource(call: Call) -> EntityLike | None:
            id = call.metadata(key)
            return (type, id) if isinstance(id, str) else None

        return cls(action, resource, values)


@dataclass(frozen=True)
class Evidence:
    """What a call brings along to prove an input. It is verified when the call is decided, and again when it is decided
    again: what counts once (a nonce, a WIT-SVID's proof) is no evidence of a call that lasts."""

    #: A proven input of the policy, and the source of the trust configuration that proves it.
    input: str
    source: str
    #: The peer's certificates, the bearer token, or a metadata entry: ("metadata", "x-device").
    origin: Literal["peer", "bearer"] | tuple[Literal["metadata"], str] = "peer"
    #: A call without it is UNAUTHENTICATED; else the input is not bound.
    required: bool = False

    def of(self, call: Call) -> str | bytes | None:
        if self.origin == "peer":
            return call.certificates
        if self.origin == "bearer":
            return call.bearer_token
        return call.metadata(self.origin[1])


class Gate:
    """Decides every call of the servers whose interceptor it is. Any thread's.

    engine: it decides, and its trust verifies evidence.
    methods: by name, "acme.Data/Read". What is not here is denied.
    principal: the entity type whose id is the peer's SPIFFE ID, or a function of the call that says who asks (None: the
        call is UNAUTHENTICATED).
    oblige: who carries out obligations, by name, before the handler runs. A permit with any other does not allow.
    watch: how often, in seconds, the leases of open calls are looked at: how long an idle one goes on at most.
    """

    def __init__(
        self,
        engine: Engine,
        methods: Mapping[str, Method],
        *,
        principal: str | Callable[[Call], EntityLike | None],
        evidence: Iterable[Evidence] = (),
        oblige: Obliged | None = None,
        watch: float = 0.05,
    ) -> None:
        def identify(call: Call) -> EntityLike | None:
            return None if call.spiffe_id is None else (str(principal), call.spiffe_id)

        self._decider = Decider(engine, principal if callable(principal) else identify, evidence, oblige)
        self._methods = dict(methods)
        self._watch = watch
        self._lock = threading.Lock()
        self._open: set[Grant] = set()
        self._closing = threading.Event()
        self._watcher: threading.Thread | None = None

    def interceptor(self) -> grpc.ServerInterceptor:
        """For `grpc.server`, before all others. An idle stream that is ended gets CANCELLED there, as nothing else can be
        said from outside its handler; where a message comes it gets the denial."""
        return _Interceptor(self)

    def aio_interceptor(self) -> grpc.aio.ServerInterceptor:
        """For `grpc.aio.server`, before all others. Handlers are coroutine functions or async generators; any other is not
        run, and its calls are answered with INTERNAL."""
        return _AioInterceptor(self)

    @property
    def open_calls(self) -> int:
        """Calls that are going on."""
        with self._lock:
            return len(self._open)

    def close(self) -> None:
        """Once the servers are stopped: nobody looks at idle calls any more."""
        self._closing.set()
        if self._watcher is not None:
            self._watcher.join()

    # ---- Calls that are going on

    def _grant(self, method: Method, call: Call, cancel: Callable[[], object]) -> Grant:
        """Decides it, and looks at it from now on. Raises Refusal."""
        grant = Grant(self._decider, method, call, cancel)
        grant.check()
        with self._lock:
            self._open.add(grant)
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._look, name="ztp.grpc", daemon=True)
                self._watcher.start()
        return grant

    def _end(self, grant: Grant) -> None:
        with self._lock:
            self._open.discard(grant)

    def _look(self) -> None:
        while not self._closing.wait(self._watch):
            with self._lock:
                grants = list(self._open)
            for grant in grants:
                try:
                    grant.check()
                except Refusal:
                    self._end(grant)
                    grant.cancel()


def _name(path: str) -> str:
    return path.removeprefix("/")


def _rebuilt(handler: Any, run: Callable[..., Any]) -> Any:
    """A handler of the same kind with another behaviour."""
    make = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[bool(handler.request_streaming), bool(handler.response_streaming)]
    return make(run, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer)


def _behaviour(handler: Any) -> Callable[..., Any]:
    kinds = (handler.unary_unary, handler.unary_stream, handler.stream_unary, handler.stream_stream)
    behaviour: Callable[..., Any] = next(kind for kind in kinds if kind is not None)
    return behaviour


_DENIED = Refusal("permission_denied", "denied")
_CANNOT = Refusal("internal", "it cannot be decided")


# ---- grpc.server


def _abort(context: Any, refusal: Refusal) -> NoReturn:
    context.abort(grpc.StatusCode[refusal.kind.upper()], refusal.message)
    raise refusal  # abort has raised


def _refusing(refusal: Refusal) -> Any:
    """A handler for calls of every kind: it waits for no message."""
    return grpc.stream_stream_rpc_method_handler(lambda _, context: _abort(context, refusal))


class _Interceptor(grpc.ServerInterceptor):  # type: ignore[misc,unused-ignore]  # grpc has no types of its own
    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def intercept_service(self, continuation: Callable[[Any], Any], details: Any) -> Any:
        name = _name(details.method)
        method = self._gate._methods.get(name)
        if method is None:
            return _refusing(_DENIED)
        handler = continuation(details)
        if handler is None:
            return None
        return _rebuilt(handler, self._run(name, method, handler))

    def _run(self, name: str, method: Method, handler: Any) -> Callable[[Any, Any], Any]:
        gate = self._gate
        behaviour = _behaviour(handler)

        def check(grant: Grant, context: Any) -> None:
            try:
                grant.check()
            except Refusal as refusal:
                _abort(context, refusal)

        def checked(grant: Grant, context: Any, messages: Iterable[Any]) -> Iterator[Any]:
            for message in messages:
                check(grant, context)
                yield message

        def run(request: Any, context: Any) -> Any:
            call = Call(name, None if handler.request_streaming else request, context)
            try:
                grant = gate._grant(method, call, context.cancel)
            except Refusal as refusal:
                _abort(context, refusal)
            if not context.add_callback(lambda: gate._end(grant)):
                gate._end(grant)
            if handler.request_streaming:
                request = checked(grant, context, request)
            response = behaviour(request, context)
            if handler.response_streaming:
                return checked(grant, context, response)
            check(grant, context)
            return response

        return run


# ---- grpc.aio.server


class _AioContext:
    """A context whose messages ask the lease."""

    def __init__(self, context: Any, grant: Grant) -> None:
        self._context = context
        self._grant = grant

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    async def read(self) -> Any:
        message = await self._context.read()
        if message is not grpc.aio.EOF:
            await _check(self._grant, self._context)
        return message

    async def write(self, message: Any) -> None:
        await _check(self._grant, self._context)
        await self._context.write(message)


async def _check(grant: Grant, context: Any) -> None:
    try:
        grant.check()
    except Refusal as refusal:
        await _aio_abort(context, refusal)


async def _aio_abort(context: Any, refusal: Refusal) -> NoReturn:
    await context.abort(grpc.StatusCode[refusal.kind.upper()], refusal.message)
    raise refusal  # abort has raised


async def _checked(grant: Grant, context: Any, messages: AsyncIterator[Any]) -> AsyncIterator[Any]:
    async for message in messages:
        await _check(grant, context)
        yield message


class _AioInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[misc,unused-ignore]
    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def intercept_service(self, continuation: Callable[[Any], Any], details: Any) -> Any:
        name = _name(details.method)
        method = self._gate._methods.get(name)
        if method is None:
            return self._refusing(_DENIED)
        handler = await continuation(details)
        if handler is None:
            return None
        behaviour = _behaviour(handler)
        if inspect.isasyncgenfunction(behaviour):
            return _rebuilt(handler, self._generate(name, method, handler, behaviour))
        if inspect.iscoroutinefunction(behaviour):
            return _rebuilt(handler, self._run(name, method, handler, behaviour))
        _log.error("the handler of %s is neither a coroutine function nor an async generator", name)
        return self._refusing(_CANNOT)

    @staticmethod
    def _refusing(refusal: Refusal) -> Any:
        async def refuse(_: Any, context: Any) -> None:
            await _aio_abort(context, refusal)

        return grpc.stream_stream_rpc_method_handler(refuse)

    @contextlib.asynccontextmanager
    async def _granted(self, name: str, method: Method, handler: Any, request: Any, context: Any) -> AsyncIterator[Grant]:
        """While it is allowed: the task that runs the handler is cancelled when it no longer is, and says why."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def cancel() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(task.cancel)

        call = Call(name, None if handler.request_streaming else request, context)
        try:
            grant = self._gate._grant(method, call, cancel)
        except Refusal as refusal:
            await _aio_abort(context, refusal)
        try:
            yield grant
        except asyncio.CancelledError:
            if grant.refusal is None:  # by the client, or the server
                raise
            if hasattr(task, "uncancel"):
                task.uncancel()
            await _aio_abort(context, grant.refusal)
        finally:
            self._gate._end(grant)

    def _run(self, name: str, method: Method, handler: Any, behaviour: Any) -> Callable[[Any, Any], Any]:
        async def run(request: Any, context: Any) -> Any:
            async with self._granted(name, method, handler, request, context) as grant:
                if handler.request_streaming:
                    request = _checked(grant, context, request)
                response = await behaviour(request, _AioContext(context, grant))
                await _check(grant, context)
                return response

        return run

    def _generate(self, name: str, method: Method, handler: Any, behaviour: Any) -> Callable[[Any, Any], Any]:
        async def run(request: Any, context: Any) -> AsyncIterator[Any]:
            async with self._granted(name, method, handler, request, context) as grant:
                if handler.request_streaming:
                    request = _checked(grant, context, request)
                async for response in behaviour(request, _AioContext(context, grant)):
                    await _check(grant, context)
                    yield response

        return run
