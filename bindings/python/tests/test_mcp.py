"""The gate in real MCP servers, asked by real clients in the same process: over memory, and over HTTP with tokens."""

from __future__ import annotations

import importlib
import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp.server.mcpserver")

import anyio  # noqa: E402
from mcp import Client  # noqa: E402
from mcp.client.streamable_http import streamable_http_client  # noqa: E402
from mcp.server.mcpserver import MCPServer  # noqa: E402
from mcp.shared.exceptions import MCPError  # noqa: E402

import ztp  # noqa: E402
import ztp.mcp  # noqa: E402

EXAMPLES = Path(__file__).resolve().parents[3] / "policies/examples"
POLICY = """ztp 1
package acme.tools
import std.ai
entity Agent { tools: Set<Glob> }
entity Tool { hold: Bool = false, logged: Bool = false }
input token?: AccessToken proven
action call on Tool by Agent with { limit: Int vouched = 0 }
action read on Tool by Agent
obligation log(name: String)
permit own {
  principal a: Agent action call resource t: Tool
  when any(pattern in a.tools: "tools.write" like pattern) and action.limit < 10
  when not t.logged
}
permit scoped {
  principal Agent action call resource t: Tool
  when has token and "tools.write" in token.scopes
}
permit logged { principal Agent action call resource t: Tool when t.logged oblige log("a") }
forbid held { action call resource t: Tool when t.hold because "the tool is on hold" }
"""
HELD = (ztp.mcp.DENIED, "the tool is on hold")


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ran: list[str] = []
        self.cancelled: list[str] = []
        self.started = threading.Event()
        (folder / "facts.json").write_text(
            json.dumps(
                [
                    {"uid": {"type": "Agent", "id": "helper"}, "attrs": {"tools": ["tools.*"]}},
                    {"uid": {"type": "Agent", "id": "client"}, "attrs": {"tools": []}},
                    *({"uid": {"type": "Tool", "id": name}, "attrs": attrs} for name, attrs in [
                        ("search", {}), ("slow", {}), ("ghost", {}), ("purge", {"hold": True}), ("note", {"logged": True})]),
                ]
            )
        )  # fmt: skip
        self.engine = ztp.Engine.load(ztp.compile_text(POLICY, "tools.ztp"), folder / "facts.json")

    def server(self, **options: Any) -> Any:
        methods = {
            "tools/call": ztp.mcp.Method.by_name("call", "Tool", limit=lambda call: call.arguments.get("limit", 0)),
        }
        options.setdefault("principal", ("Agent", "helper"))
        gate = ztp.mcp.Gate(self.engine, methods, **{"watch": 0.005, **options})
        server = MCPServer("tools", middleware=[gate])

        async def search(limit: int = 0) -> str:
            self.ran.append("search")
            return "found"

        async def slow() -> str:
            self.ran.append("slow")
            self.started.set()
            try:
                await anyio.sleep(20)
            except anyio.get_cancelled_exc_class():
                self.cancelled.append("slow")
                raise
            return "done"

        server.add_tool(slow, name="slow")
        for name in ("search", "purge", "note", "unknown"):
            server.add_tool(search, name=name)
        server.prompt(name="ask")(lambda: "a prompt")
        return server

    def hold(self, tool: str) -> None:
        self.engine.facts.upsert({"uid": {"type": "Tool", "id": tool}, "attrs": {"hold": True}})


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def outcome(client: Any, tool: str, **arguments: Any) -> Any:
    """The text of an answer, or code and message of the error."""
    try:
        result = await client.call_tool(tool, arguments)
    except MCPError as error:
        return error.code, error.message
    return result.content[0].text


def test_a_tool_runs_only_where_it_may(world: World) -> None:
    logged: list[str] = []

    async def main() -> None:
        async with Client(world.server(oblige={"log": lambda name: logged.append(name)})) as client:
            assert len((await client.list_tools()).tools) == 5
            assert await outcome(client, "search", limit=3) == "found"
            assert await outcome(client, "purge") == HELD
            assert await outcome(client, "search", limit=10) == (ztp.mcp.DENIED, "denied")
            assert (await outcome(client, "search", limit="x")) == (-32603, "it cannot be decided")
            assert (await outcome(client, "unknown"))[0] == ztp.mcp.DENIED  # the facts do not know it
            assert "ghost" in await outcome(client, "ghost")  # may be called, and is not there: as the server has it
            assert await outcome(client, "note") == "found"
            assert logged == ["a"]
            with pytest.raises(MCPError) as error:  # no method of the gate
                await client.get_prompt("ask")
            assert error.value.code == ztp.mcp.DENIED
        async with Client(world.server()) as client:
            assert await outcome(client, "note") == (ztp.mcp.DENIED, "denied")  # who would log it?
        async with Client(world.server(principal=lambda call: None)) as client:
            assert await outcome(client, "search") == (ztp.mcp.UNAUTHENTICATED, "the peer has no identity")

    anyio.run(main)
    assert world.ran == ["search", "search"]


def test_a_tool_that_runs_ends_when_it_is_revoked(world: World) -> None:
    async def main() -> None:
        async with Client(world.server()) as client, anyio.create_task_group() as group:

            async def revoke() -> None:
                while not world.started.is_set():
                    await anyio.sleep(0.002)
                world.engine.revoke()  # its lease ends, and it is allowed all the same
                await anyio.sleep(0.05)
                assert world.cancelled == []
                world.hold("slow")

            group.start_soon(revoke)
            with anyio.fail_after(10):
                assert await outcome(client, "slow") == HELD

    anyio.run(main)
    assert world.cancelled == ["slow"]


def test_what_a_revoked_tool_found_is_not_sent(world: World) -> None:
    async def main() -> None:
        server = world.server(watch=3600)  # nobody looks meanwhile

        async def holding() -> str:
            world.hold("search")
            return "a secret"

        server.remove_tool("search")
        server.add_tool(holding, name="search")
        async with Client(server) as client:
            assert await outcome(client, "search") == HELD

    anyio.run(main)


@pytest.fixture
def tokens(world: World) -> Iterator[Any]:
    """Makes access tokens that the engine's trust takes."""
    sys.path.append(str(EXAMPLES))
    try:
        evidence_kit = importlib.import_module("evidence_kit")
    finally:
        sys.path.remove(str(EXAMPLES))
    key = evidence_kit.Key(world.folder, "login")
    trust = {
        "ztp_trust": 1,
        "sources": {
            "tokens": {
                "kind": "access-token",
                "issuers": "https://login.acme.org",
                "audiences": "https://tools.acme.org",
                "algorithms": ["ES256"],
                "keys": {"keys": [{**key.jwk(), "kid": "k"}]},
                "proves": "token",
            }
        },
    }
    (world.folder / "trust.json").write_text(json.dumps(trust))
    world.engine.use_trust(ztp.Trust.load(world.folder / "trust.json"))

    def make(**changes: Any) -> str:
        now = int(time.time())
        claims = {"iss": "https://login.acme.org", "sub": "u-ann", "aud": "https://tools.acme.org", "client_id": "client",
                  "scope": "tools.write", "iat": now - 5, "exp": now + 600, "jti": "t", **changes}  # fmt: skip
        return str(key.token(claims, kid="k", typ="at+jwt"))

    yield make


def test_a_token_over_http_is_evidence(world: World, tokens: Any) -> None:
    uvicorn, httpx2 = pytest.importorskip("uvicorn"), pytest.importorskip("httpx2")
    server = world.server(
        principal=("Agent", "client"), evidence=[ztp.mcp.Evidence("token", "tokens", required=True)]
    )
    app = server.streamable_http_app()
    web = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=web.run)
    thread.start()
    try:
        while not web.started:
            time.sleep(0.005)
        port = web.servers[0].sockets[0].getsockname()[1]

        async def ask(token: str | None) -> Any:
            headers = {} if token is None else {"authorization": f"Bearer {token}"}
            async with httpx2.AsyncClient(headers=headers) as http:
                transport = streamable_http_client(f"http://127.0.0.1:{port}/mcp", http_client=http)
                async with Client(transport) as client:
                    return await outcome(client, "search")

        for token, expected in [
            (tokens(), "found"),
            (None, (ztp.mcp.UNAUTHENTICATED, "token is missing")),
            (tokens(aud="https://files.acme.org"), (ztp.mcp.UNAUTHENTICATED, "token: audience")),
            (tokens(exp=int(time.time()) - 60), (ztp.mcp.UNAUTHENTICATED, "token: expired")),
            (tokens(scope="tools.read"), (ztp.mcp.DENIED, "denied")),
        ]:
            assert anyio.run(ask, token) == expected
        assert world.ran == ["search"]
    finally:
        web.should_exit = True
        thread.join(20)
