"""A network between a server and its clients that can be cut, stalled and slowed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(eq=False)
class Proxy:
    """Listens for whoever wants the server; ``url`` is its address."""

    upstream: str
    #: Seconds that each piece takes.
    delay: float = 0.0
    #: How many connections there were.
    connections: int = 0
    #: Nothing goes through, in either direction, and nobody is told.
    stalled: bool = False
    #: Whoever connects is greeted by the server, and then left.
    rude: bool = False
    _moving: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None
    _pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = field(default_factory=set)

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"nats://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def stall(self) -> None:
        self.stalled = True
        self._moving.clear()

    def go_on(self) -> None:
        self.stalled = False
        self._moving.set()

    def cut(self) -> None:
        """End all connections, without a word that they would understand."""
        for pair in self._pairs:
            for writer in pair:
                writer.transport.abort()

    def half(self) -> None:
        """The server's side says no more; the client's may."""
        for near, _ in self._pairs:
            with contextlib.suppress(OSError):
                near.write_eof()

    async def start(self) -> None:
        self._moving.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        self.go_on()
        await asyncio.sleep(0.05)

    async def _serve(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        self.connections += 1
        parts = urlsplit(self.upstream)
        try:
            back, far = await asyncio.open_connection(parts.hostname, parts.port)
        except OSError:
            near.transport.abort()
            return
        if self.rude:
            near.write(await back.readline())
            await near.drain()
            # What the client says is heard, and not answered.
            with contextlib.suppress(OSError):
                await reader.readline()
            near.close()
            far.transport.abort()
            return
        pair = near, far
        self._pairs.add(pair)
        try:
            await asyncio.gather(self._move(reader, far), self._move(back, near))
        finally:
            self._pairs.discard(pair)
            for writer in pair:
                writer.transport.abort()

    async def _move(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A side that was told that nothing more comes is told nothing more.
        with contextlib.suppress(OSError, RuntimeError):
            while data := await reader.read(65_536):
                await asyncio.sleep(self.delay)
                await self._moving.wait()
                writer.write(data)
                await writer.drain()


@asynccontextmanager
async def proxy_to(upstream: str) -> AsyncIterator[Proxy]:
    """A proxy that runs."""
    proxy = Proxy(upstream)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
