"""A live MCP server behind an address, which wants a token with every request."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import closing
from typing import Any

import pytest
import uvicorn
from mcp.server import MCPServer

from pytest_fluxscenario.gears.mcp import McpChannel
from pytest_fluxscenario.gears.port import GearError
from pytest_fluxscenario.gears.wire import Ask
from pytest_fluxscenario.model.request import Actor, Request

_Scope = MutableMapping[str, Any]
_App = Callable[[_Scope, Callable[[], Awaitable[_Scope]], Callable[[_Scope], Awaitable[None]]], Awaitable[None]]
_TOKEN = "secret"
_ASK = Ask("decide", request=Request("pay", Actor("agent-1", "agent"), {}, "run-1"))


def _wants_token(app: _App, seen: list[str]) -> _App:
    async def guarded(scope: _Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            said = dict(scope["headers"]).get(b"authorization", b"").decode()
            seen.append(said)
            if said != f"Bearer {_TOKEN}":
                await send({"type": "http.response.start", "status": 401, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return
        await app(scope, receive, send)

    return guarded


@pytest.fixture
def served() -> Iterator[tuple[str, list[str]]]:
    """Where it is, and what it was shown with each request."""
    gear = MCPServer("live")

    @gear.tool(name="fst.control", structured_output=False)
    def control(action: str, run_id: str) -> str:
        return f'{{"status": "ok", "run_id": "{run_id}", "route": "{action}"}}'

    seen: list[str] = []
    app = _wants_token(gear.streamable_http_app(), seen)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, ws="none", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/mcp", seen
    finally:
        server.should_exit = True
        thread.join(30)


def test_the_token_goes_with_every_request(served: tuple[str, list[str]]) -> None:
    url, seen = served
    with closing(McpChannel("live", 20.0, url=url, token=_TOKEN)) as channel:
        assert channel.ask(_ASK) == {"status": "ok", "run_id": "run-1", "route": "pay"}
    assert len(seen) > 2
    assert set(seen) == {f"Bearer {_TOKEN}"}


@pytest.mark.parametrize("token", [None, "other"])
def test_without_the_token_there_is_no_answer(served: tuple[str, list[str]], token: str | None) -> None:
    with (
        closing(McpChannel("live", 20.0, url=served[0], token=token)) as channel,
        pytest.raises(GearError, match="cannot be reached"),
    ):
        channel.ask(_ASK)
