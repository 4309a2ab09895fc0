"""The HTTP server of the Mixer: how long a connection is kept on which nothing comes."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.fleet.mixer.web.http import HttpServer
from tests.fakes.waiting import PATIENCE

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
        async with asyncio.timeout(PATIENCE):
            for pause in (2 * _PATIENCE, 0.0):
                writer.write(_HEAD + b"\r\n")
                assert (await reader.readuntil(b"here")).startswith(b"HTTP/1.1 200 ")
                await asyncio.sleep(pause)
            writer.write(_HEAD)
            assert await reader.read() == b""
        writer.close()
        await server.stop()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("127.0.0.1", "Address already in use (is another Mixer running? name another address under 'api')"),
        ("nowhere.invalid", " (name another address under 'api')"),
        ("192.0.2.1", "Cannot assign requested address (name another address under 'api')"),
    ],
)
def test_an_address_that_cannot_be_had_is_told_in_words(host: str, said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(FluxError) as told:
            HttpServer(_answer, host, port).bind()
    assert str(told.value).startswith(f"{host}:{port}: cannot be listened on: ")
    assert str(told.value).endswith(said)
    assert "rror -" not in str(told.value)
