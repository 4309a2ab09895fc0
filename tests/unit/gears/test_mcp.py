"""A live MCP server with the one tool of the protocol: what it cannot do is known, and nothing is made up."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pytest_fluxscenario.gears.mcp import McpChannel
from pytest_fluxscenario.gears.port import GearError
from pytest_fluxscenario.gears.wire import Ask, read_hello
from pytest_fluxscenario.model.request import Actor, Request
from tests.fakes.alive import has_ended, is_alive
from tests.unit.gears.test_stdio import ESCAPES

SERVER = """
import anyio, mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

ANSWERS = {"prose": "I would say yes.", "list": "[]"}

def said(text, error=False):
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=error)

async def list_tools(context, params):
    return types.ListToolsResult(tools=[types.Tool(name=NAME, description="d", input_schema={"type": "object"})])

async def call_tool(context, params):
    asked = params.arguments
    if asked["action"] == "fail":
        return said("the server is at a loss", True)
    return said(ANSWERS.get(asked["action"], '{"status": "ok", "run_id": "%s"}' % asked["run_id"]))

server = Server("live", version="7", on_list_tools=list_tools, on_call_tool=call_tool)

async def run():
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())

anyio.run(run)
"""


def served(tool: str) -> McpChannel:
    return McpChannel("live", 20.0, command=(sys.executable, "-c", SERVER.replace("NAME", repr(tool))))


@pytest.fixture(scope="module")
def channel() -> Iterator[McpChannel]:
    with closing(served("fst.control")) as channel:
        yield channel


def ask(channel: McpChannel, action: str) -> dict[str, object]:
    return channel.ask(Ask("decide", request=Request(action, Actor("agent-1", "agent"), {}, "run-1")))


def test_its_tool_decides_and_it_claims_no_more(channel: McpChannel) -> None:
    about = read_hello(channel.ask(Ask("hello")), "live")
    assert (about.name, about.version, about.features) == ("live", "7", frozenset())
    assert ask(channel, "any") == {"status": "ok", "run_id": "run-1"}


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("fail", "says: the server is at a loss"),
        ("prose", "what is no strict JSON"),
        ("list", "JSON that is no object"),
    ],
)
def test_what_is_no_answer_is_told(channel: McpChannel, action: str, said: str) -> None:
    with pytest.raises(GearError, match=said):
        ask(channel, action)
    assert ask(channel, "any")["status"] == "ok"


def test_a_server_without_the_tool_is_no_gear() -> None:
    with closing(served("fst.other")) as other, pytest.raises(GearError, match=r"has no tool fst\.control.*fst\.other"):
        other.ask(Ask("hello"))


def test_a_program_that_is_no_server_is_told() -> None:
    channel = McpChannel("none", 2.0, command=(sys.executable, "-c", "print('hello')"))
    with closing(channel), pytest.raises(GearError, match="cannot be reached"):
        channel.ask(Ask("hello"))


def test_nothing_that_its_program_has_started_is_left(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    escapes = f"import os, sys, time\n{ESCAPES.format(path=str(path))}{SERVER.replace('NAME', repr('fst.control'))}"
    with closing(McpChannel("live", 20.0, command=(sys.executable, "-c", escapes))) as channel:
        ask(channel, "work.start")
        pid = int(path.read_text())
        assert is_alive(pid)
    assert has_ended(pid)
