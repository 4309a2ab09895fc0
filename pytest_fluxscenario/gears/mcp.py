"""A gear that is an MCP server with the tool ``fst.control``, by the official SDK (the extra ``mcp``).

The tool takes a control request and gives its answer. What only tests need (a run that starts with something,
approvals, faults) goes to a second tool, ``fst.gear``; a server without it can do none of that, and says nothing false.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from msgspec import UNSET

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.gears.port import GearError
from pytest_fluxscenario.gears.stdio import tied
from pytest_fluxscenario.gears.wire import TRACEPARENT, Ask, apart, failed, read_plain, read_shape, result_of

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal
    from mcp import Client

CONTROL_TOOL: Final = "fst.control"
GEAR_TOOL: Final = "fst.gear"
#: Seconds that a stream may be silent; the library's own.
_HELD: Final = 300.0
_T = TypeVar("_T")


@dataclass
class McpChannel:
    """A session with a server: a program that is started (``command``), or an address."""

    name: str
    timeout: float
    url: str = ""
    command: Sequence[str] = ()
    token: str | None = field(default=None, repr=False)
    _held: ExitStack | None = None
    _portal: BlockingPortal | None = None
    _client: Client | None = None
    #: Whether the server has the second tool.
    _full: bool = False
    _count: int = 0

    @property
    def begins(self) -> bool:
        """Only whoever has the second tool is told of runs."""
        return self._full

    def ask(self, message: Ask) -> dict[str, Any]:
        """The ``ok`` of its answer. Raises GearError."""
        client = self._open()
        message, trace = apart(message)
        if message.op == "decide" and message.request is not UNSET and message.faults is UNSET:
            return self._call(client, CONTROL_TOOL, msgspec.to_builtins(message.request), trace)
        if self._full:
            self._count += 1
            numbered = msgspec.structs.replace(message, id=self._count)
            reply = self._call(client, GEAR_TOOL, msgspec.to_builtins(numbered), trace)
            return result_of(read_shape(reply, self.name), self.name, self._count)
        if message.op == "hello":
            info = client.server_info
            return {"name": self.name if info is None else info.name, "version": "" if info is None else info.version}
        # What it starts with and approvals are asked for only from a gear that names the feature.
        return {}

    def close(self) -> None:
        """End the session, and a program that was started."""
        held, self._held, self._client, self._portal = self._held, None, None, None
        if held is not None:
            with suppress(Exception):
                # A server that is gone already cannot be left in an orderly way.
                held.close()

    def _open(self) -> Client:
        if self._client is not None:
            return self._client
        try:
            from anyio.from_thread import start_blocking_portal
            from mcp import Client
        except ImportError as error:
            hint = "pip install 'pytest-fluxscenario[mcp]'"
            raise failed(self.name, "needs the extra 'mcp', which is not installed", hint) from error
        self._held = held = ExitStack()
        try:
            self._portal = held.enter_context(start_blocking_portal())
            client = Client(self._server(held), read_timeout_seconds=self.timeout)
            self._client = held.enter_context(self._portal.wrap_async_context_manager(client))
            tools = {tool.name for tool in self._portal.call(self._timed, client.list_tools).tools}
        except Exception as error:
            self.close()
            raise failed(self.name, f"cannot be reached: {_why(error)}") from error
        if CONTROL_TOOL not in tools:
            # Left before anything is raised: leaving it with an error would wrap that in groups.
            self.close()
            named = ", ".join(sorted(shown(tool, 80) for tool in tools)[:10]) or "none"
            raise failed(self.name, f"has no tool {CONTROL_TOOL}; its tools: {named}")
        self._full = GEAR_TOOL in tools
        return client

    def _portal_of(self) -> BlockingPortal:
        if self._portal is None:
            raise ValueError("there is no event loop")
        return self._portal

    def _server(self, held: ExitStack) -> Any:
        from httpx2 import AsyncClient, Timeout
        from mcp.client.stdio import StdioServerParameters, stdio_client
        from mcp.client.streamable_http import streamable_http_client

        if self.command:
            command, *arguments = tied(self.command)
            program = StdioServerParameters(command=command, args=arguments, env=dict(os.environ), cwd=os.getcwd())
            # What it says on its standard error is for its own log.
            return stdio_client(program, errlog=held.enter_context(open(os.devnull, "w", encoding="utf-8")))
        if not self.token:
            return self.url
        # A server may hold a stream open on which it has nothing to say; each answer has a bound of its own.
        patience = Timeout(self.timeout, read=_HELD)
        client = AsyncClient(headers={"Authorization": f"Bearer {self.token}"}, timeout=patience)
        # Of a client that it is given the library leaves the end to the giver.
        held.enter_context(self._portal_of().wrap_async_context_manager(client))
        return streamable_http_client(self.url, http_client=client)

    def _call(self, client: Client, tool: str, arguments: dict[str, Any], trace: str) -> dict[str, Any]:
        if self._portal is None:
            raise failed(self.name, "is closed")
        try:
            answer = self._portal.call(self._timed, partial(client.call_tool, tool, arguments, meta=_meta(trace)))
        except Exception as error:
            self.close()
            raise failed(self.name, f"gave no answer: {_why(error)}") from error
        texts = [part.text for part in answer.content if part.type == "text"]
        if answer.is_error:
            raise failed(self.name, f"says: {shown(' '.join(texts), 1000)}")
        return self._read(texts, answer.structured_content)

    def _read(self, texts: list[str], structured: Any) -> dict[str, Any]:
        """The one answer of a tool, which may stand there twice: as text and as structured content."""
        try:
            found = read_plain("".join(texts).encode("utf-8", "surrogatepass"), self.name) if texts else structured
        except GearError:
            # Beside structured content any text is for people.
            if structured is None:
                raise
            found = structured
        if structured is not None and found != structured:
            raise failed(self.name, "answered with two things: its text is not its structured content")
        if not isinstance(found, dict):
            raise failed(self.name, "answered with JSON that is no object")
        return found

    async def _timed(self, ask: Callable[..., Awaitable[_T]], *arguments: Any) -> _T:
        """The library keeps times of its own; whatever they are, nothing takes longer than one answer may."""
        from anyio import fail_after

        with fail_after(self.timeout):
            return await ask(*arguments)


def _meta(trace: str) -> Any:
    """What goes along with a call: MCP keeps ``traceparent`` in ``_meta`` for this."""
    return {TRACEPARENT: trace} if trace else None


def _why(error: BaseException) -> str:
    """What went wrong, out of the groups that tasks wrap it in."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {shown(error, 500)}".rstrip(": ")
