"""The HTTP server of the Mixer: how long a connection is kept on which nothing comes."""

from __future__ import annotations

import asyncio
from typing import Any

from pytest_fluxscenario.fleet.http import HttpServer

_HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
_PATIENCE = 0.3


async def _answer(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"here"})


def test_a_connection_is_ended_for_half_a_head_and_not_between_two_requests() -> None:
    async def main() -> None:
        server = HttpServer(_answer, "127.0.0.1", 0, _PATIENCE)
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        async with asyncio.timeout(10):
            for pause in (2 * _PATIENCE, 0.0):
                writer.write(_HEAD + b"\r\n")
                assert (await reader.readuntil(b"here")).startswith(b"HTTP/1.1 200 ")
                await asyncio.sleep(pause)
            writer.write(_HEAD)
            assert await reader.read() == b""
        writer.close()
        await server.stop()

    asyncio.run(main())
