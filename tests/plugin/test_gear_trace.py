"""A gear is told which step its work belongs to, where the session exports telemetry, and nothing where it does not."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.collector import collecting
from tests.fakes.packs import scenario, step
from tests.fakes.project import Project

#: Gears that note what they are told, and decide nothing.
_PROGRAM = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps([asked["op"], asked.get("trace")]), file=open(sys.argv[1], "a"), flush=True)
    said = {"error": "no"} if asked["op"] == "decide" else {"ok": {"name": "noting"}}
    print(json.dumps({"id": asked["id"], **said}), flush=True)
"""
_MCP = """
import json, sys, anyio, mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

async def list_tools(context, params):
    control = types.Tool(name="fst.control", description="d", input_schema={"type": "object"})
    return types.ListToolsResult(tools=[control])

async def call_tool(context, params):
    meta = params.model_dump(by_alias=True).get("_meta") or {}
    print(json.dumps(["decide", meta.get("traceparent")]), file=open(sys.argv[1], "a"), flush=True)
    return types.CallToolResult(content=[types.TextContent(type="text", text="no")], is_error=True)

server = Server("noting", version="1", on_list_tools=list_tools, on_call_tool=call_tool)

async def run():
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())

anyio.run(run)
"""


@contextmanager
def _served(heard: Path) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert "trace" not in asked
            with heard.open("a") as file:
                print(json.dumps([asked["op"], self.headers.get("traceparent")]), file=file)
            said: dict[str, Any] = {"error": "no"} if asked["op"] == "decide" else {"ok": {"name": "noting"}}
            body = json.dumps({"id": asked["id"], **said}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Not to the test's output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/gear"
        server.shutdown()


@pytest.mark.parametrize("kind", ["stdio", "http", "mcp"])
def test_a_gear_is_told_of_the_step(project: Project, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    heard = project.root / "heard"
    project.text("gear.py", _MCP if kind == "mcp" else _PROGRAM)
    project.add("a.json", scenario("one", step("first")), scenario("two", step("second")))
    with _served(heard) as url, collecting() as collector:
        gear = url if kind == "http" else f"{kind}:{sys.executable} gear.py {heard}"
        assert project.spawn(f"--fluxscenario-gear={gear}").ret == pytest.ExitCode.TESTS_FAILED
        assert [trace for _, trace in map(json.loads, heard.read_text().splitlines()) if trace] == []
        heard.unlink()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        assert project.spawn(f"--fluxscenario-gear={gear}").ret == pytest.ExitCode.TESTS_FAILED
        told = [(op, trace.split("-")) for op, trace in map(json.loads, heard.read_text().splitlines()) if trace]
    # The flags are the exporter's.
    said = [(op, (trace, span)) for op, (_, trace, span, _) in told]

    def named(name: str) -> tuple[str, str]:
        span = collector.named(name)
        return span.trace, span.id

    expected = [
        ("begin", named("scenario one")),
        ("decide", named("step first")),
        ("begin", named("scenario two")),
        ("decide", named("step second")),
    ]
    # A server without the second tool is told of decisions alone.
    assert said == [one for one in expected if kind != "mcp" or one[0] == "decide"]
