"""A desk as an MCP server, with the tools ``fst.control`` and ``fst.gear`` (the extra ``mcp``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import anyio
import mcp_types as types
import msgspec
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from msgspec import UNSET

from pytest_fluxscenario.gears.mcp import CONTROL_TOOL, GEAR_TOOL
from pytest_fluxscenario.gears.serving import Desk
from pytest_fluxscenario.gears.wire import PROTOCOL, Ask


def serve_mcp(desk: Desk) -> None:
    """Answer on standard input and output until it ends."""
    tools = _Tools(desk)
    server: Any = Server(desk.about.name, version=desk.about.version, on_list_tools=tools.list, on_call_tool=tools.call)

    async def run() -> None:
        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())

    anyio.run(run)


@dataclass(frozen=True, slots=True)
class _Tools:
    """What an MCP client may call."""

    desk: Desk

    async def list(self, _context: Any, _params: Any) -> types.ListToolsResult:
        """Both tools."""
        anything: dict[str, Any] = {"type": "object"}
        more = f"What tests need beside it ({PROTOCOL})."
        return types.ListToolsResult(
            tools=[
                types.Tool(name=CONTROL_TOOL, description="Decide one control request.", input_schema=anything),
                types.Tool(name=GEAR_TOOL, description=more, input_schema=anything),
            ]
        )

    async def call(self, _context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        """One answer of the desk, as text and as structured content."""
        arguments = params.arguments or {}
        if params.name == GEAR_TOOL:
            answer: Any = msgspec.to_builtins(self.desk.reply(msgspec.convert(arguments, Ask)))
        else:
            reply = self.desk.reply(msgspec.convert({"op": "decide", "request": arguments}, Ask))
            if reply.error is not UNSET:
                text = types.TextContent(type="text", text=reply.error)
                return types.CallToolResult(content=[text], is_error=True)
            answer = {} if reply.ok is UNSET else reply.ok
        text = types.TextContent(type="text", text=msgspec.json.encode(answer).decode())
        return types.CallToolResult(content=[text], structured_content=answer)
