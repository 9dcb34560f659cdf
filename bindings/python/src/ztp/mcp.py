"""Every tool call of an MCP server, decided before the tool runs, and again while it runs.

    import ztp, ztp.mcp
    from mcp.server.mcpserver import MCPServer

    engine = ztp.Engine.load("tools.ztpb", "facts.json", trust="trust.json")
    gate = ztp.mcp.Gate(
        engine,
        {"tools/call": ztp.mcp.Method.by_name("call", "Tool")},
        principal=lambda call: ("Agent", call.client_id) if call.client_id else None,
        evidence=[ztp.mcp.Evidence("token", "tokens", required=True)],        # its audience is this server
    )
    server = MCPServer("tools", middleware=[gate])                            # or: server.middleware.append(gate)

The action is what the protocol's method is mapped to, the resource the tool that is called (or the prompt, or the
resource's URI). What only says what there is (`tools/list` and the like) is not asked about; every other method that
is not mapped is denied. A denial is an error of the protocol, of the code `DENIED`, with the `because` of the rule that
denied and nothing else: the tool has not run. While a tool runs its lease is looked at; a call that is denied when it is
decided again is cancelled, and what it would have answered is not sent.

**Boundary**: what the SDK read of a request to a decision. Needs `mcp` 2; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import anyio
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.shared.exceptions import MCPError

from . import Engine
from ._gate import Ask, Decider, Grant, Kind, Refusal

if TYPE_CHECKING:
    from ._types import EntityLike
    from .guard_lease import Obliged

__all__ = ["DENIED", "UNAUTHENTICATED", "Call", "Evidence", "Gate", "Method"]

#: Codes of JSON-RPC errors, in the range that is the server's own.
DENIED = -32003
UNAUTHENTICATED = -32004

_CODES: dict[Kind, int] = {
    "permission_denied": DENIED,
    "unauthenticated": UNAUTHENTICATED,
    "invalid_argument": -32602,
    "internal": -32603,
}

#: What opens a connection, or says what there is.
_HARMLESS = frozenset(
    [
        "initialize",
        "ping",
        "server/discover",
        "logging/setLevel",
        "tools/list",
        "prompts/list",
        "resources/list",
        "resources/templates/list",
    ]
)


class Call:
    """What is known of a request before anything handles it."""

    __slots__ = ("_context", "client_id")

    #: Of the access token that the SDK's own token verifier took (`MCPServer(token_verifier=…)`); else None.
    client_id: str | None

    def __init__(self, context: Any) -> None:
        self._context = context
        token = get_access_token()
        self.client_id = None if token is None else token.client_id

    @property
    def method(self) -> str:
        """"tools/call" """
        return str(self._context.method)

    @property
    def params(self) -> Mapping[str, Any]:
        """As the client sent them: not validated yet."""
        return self._context.params or {}

    @property
    def name(self) -> str | None:
        """Of the tool or prompt, or the resource's URI; None: it has none."""
        name = self.params.get("uri" if self.method.startswith("resources/") else "name")
        return name if isinstance(name, str) else None

    @property
    def arguments(self) -> Mapping[str, Any]:
        """Of the tool or prompt, not validated; empty where there are none."""
        arguments = self.params.get("arguments")
        return arguments if isinstance(arguments, Mapping) else {}

    def header(self, key: str) -> str | None:
        """Of the HTTP request. None: it is not there, or more than once, or the transport has none."""
        headers = getattr(self._context.request, "headers", None)
        values = [] if headers is None else headers.getlist(key)
        return values[0] if len(values) == 1 else None

    @property
    def bearer_token(self) -> str | None:
        """Of `Authorization: Bearer …`."""
        header = self.header("authorization")
        if header is None or header[:7].lower() != "bearer ":
            return None
        return header[7:] or None


class Method(Ask):
    """What a method of the protocol asks of the policy: Method(action, resource, values), as in `ztp.grpc`."""

    @classmethod
    def by_name(cls, action: str, type: str, **values: Any) -> Method:
        """The resource's id is the name of the tool or prompt, or the URI."""
        return cls(action, lambda call: None if call.name is None else (type, call.name), values)


@dataclass(frozen=True)
class Evidence:
    """What a request brings along to prove an input. It is verified when the call is decided, and again when it is decided
    again."""

    #: A proven input of the policy, and the source of the trust configuration that proves it.
    input: str
    source: str
    #: The bearer token, or another header: ("header", "x-device").
    origin: Literal["bearer"] | tuple[Literal["header"], str] = "bearer"
    #: A call without it is UNAUTHENTICATED; else the input is not bound.
    required: bool = False

    def of(self, call: Call) -> str | None:
        return call.bearer_token if self.origin == "bearer" else call.header(self.origin[1])


class Gate:
    """Middleware of an MCP server (`mcp.server.context.ServerMiddleware`) that decides every request.

    engine: it decides, and its trust verifies evidence.
    methods: by name, "tools/call". What is not here, and does more than say what there is, is denied.
    principal: who asks: a function of the call (None: it is UNAUTHENTICATED), or always the same.
    oblige: who carries out obligations, by name, before the tool runs. A permit with any other does not allow.
    watch: how often, in seconds, the lease of a call is looked at while its tool runs.
    """

    def __init__(
        self,
        engine: Engine,
        methods: Mapping[str, Method],
        *,
        principal: EntityLike | Callable[[Call], EntityLike | None],
        evidence: Iterable[Evidence] = (),
        oblige: Obliged | None = None,
        watch: float = 0.05,
    ) -> None:
        def identify(_: Call) -> EntityLike | None:
            return None if callable(principal) else principal

        self._decider = Decider(engine, principal if callable(principal) else identify, evidence, oblige)
        self._methods = dict(methods)
        self._watch = watch

    async def __call__(self, ctx: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
        method = self._methods.get(ctx.method)
        if method is None:
            notifies = ctx.request_id is None and ctx.method.startswith("notifications/")
            if ctx.method in _HARMLESS or notifies:
                return await call_next(ctx)
            raise MCPError(DENIED, "denied")
        try:
            return await self._run(Grant(self._decider, method, Call(ctx), lambda: None), ctx, call_next)
        except Refusal as refusal:
            raise MCPError(_CODES[refusal.kind], refusal.message) from None

    async def _run(self, grant: Grant, ctx: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
        grant.check()
        result: Any = None
        error: BaseException | None = None

        async with anyio.create_task_group() as group:

            async def look() -> None:
                while True:
                    await anyio.sleep(self._watch)
                    try:
                        grant.check()
                    except Refusal:
                        group.cancel_scope.cancel()

            group.start_soon(look)
            try:
                result = await call_next(ctx)
            except Exception as raised:  # as it was, not in a group
                error = raised
            group.cancel_scope.cancel()
        grant.check()  # also where it was cancelled, and where an error would say something
        if error is not None:
            raise error
        return result
