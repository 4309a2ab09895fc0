"""A gear behind HTTP: the engine served by this package, and servers that do not answer as they should."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pytest_fluxscenario.gears.http import HttpChannel
from pytest_fluxscenario.gears.port import GearError
from pytest_fluxscenario.gears.serving import GearServer
from pytest_fluxscenario.gears.wire import MOST_BYTES, Ask
from tests.unit.gears.test_serving import desk


@pytest.fixture
def server() -> Iterator[GearServer]:
    made = GearServer(desk(), ("127.0.0.1", 0), "secret")
    thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def url(server: HTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}/gear?x=1"


def test_one_connection_serves_many_messages(server: GearServer) -> None:
    channel = HttpChannel("mine", url(server), 10.0, "secret")
    with closing(channel):
        assert channel.ask(Ask("hello"))["name"] == "noted"
        first = channel._connection
        assert channel.ask(Ask("begin", run_id="one")) == {}
        assert channel._connection is first


@pytest.mark.parametrize("token", [None, "", "secre", "secret2", "\xe9"])
def test_without_the_token_nothing_is_answered(server: GearServer, token: str | None) -> None:
    with closing(HttpChannel("mine", url(server), 10.0, token)) as channel, pytest.raises(GearError, match="HTTP 401"):
        channel.ask(Ask("hello"))


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "text/plain"}, b"{}", 415),
        ({"Content-Type": "application/json", "Content-Length": str(MOST_BYTES + 1)}, b"", 413),
        ({"Content-Type": "application/json", "Content-Length": "-1"}, b"", 411),
        ({"Content-Type": "application/json", "Content-Length": "1e3"}, b"", 411),
        ({"Content-Type": "application/json"}, b"\xff", 200),
    ],
)
def test_odd_requests_get_an_answer_of_their_own(
    server: GearServer, headers: dict[str, str], body: bytes, status: int
) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)) as connection:
        connection.request("POST", "/", body, {"Authorization": "Bearer secret", **headers})
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:9]) == (status, b'{"error":')


class _Odd(BaseHTTPRequestHandler):
    """Answers as its path says."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/gone":
            self.connection.close()
            return
        self.send_response(302 if self.path == "/moved" else 500 if self.path == "/broken" else 200)
        self.end_headers()
        body = b"x" * (MOST_BYTES + 2) if self.path == "/huge" else b"<html>"
        try:
            self.wfile.write(body)
        except OSError:
            return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/page", "no message of fst.gear.v1"),
        ("/moved", "HTTP 302"),
        ("/broken", "HTTP 500"),
        ("/huge", "more than 8 MiB"),
        ("/gone", "cannot be reached"),
    ],
)
def test_a_server_that_answers_otherwise_is_told(path: str, said: str) -> None:
    with HTTPServer(("127.0.0.1", 0), _Odd) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            channel = HttpChannel("mine", f"http://127.0.0.1:{server.server_address[1]}{path}", 10.0)
            with closing(channel), pytest.raises(GearError, match=said):
                channel.ask(Ask("hello"))
        finally:
            server.shutdown()
            thread.join()


def test_nobody_there_and_nobody_answering_are_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(GearError, match="cannot be reached"):
            HttpChannel("mine", f"http://127.0.0.1:{port}/", 0.2).ask(Ask("hello"))
    with pytest.raises(GearError, match="cannot be reached"):
        HttpChannel("mine", f"http://127.0.0.1:{port}/", 5.0).ask(Ask("hello"))


def test_a_decision_is_not_sent_twice(server: GearServer) -> None:
    channel = HttpChannel("mine", url(server), 10.0, "secret")
    with closing(channel):
        channel.ask(Ask("hello"))
        assert channel._connection is not None
        assert channel._connection.sock is not None
        channel._connection.sock.shutdown(socket.SHUT_RDWR)
        with pytest.raises(GearError, match="cannot be reached"):
            channel.ask(Ask("begin", run_id="one"))
        channel.ask(Ask("hello"))
        assert channel._connection is not None
        assert channel._connection.sock is not None
        channel._connection.sock.shutdown(socket.SHUT_RDWR)
        assert channel.ask(Ask("hello"))["name"] == "noted"
