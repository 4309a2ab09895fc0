"""A gear behind HTTP: the engine served by this package, and servers that do not answer as they should."""

from __future__ import annotations

import http.client
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pytest_fluxscenario.gears.http import HttpChannel
from pytest_fluxscenario.gears.port import GearError
from pytest_fluxscenario.gears.serving import GearServer
from pytest_fluxscenario.gears.wire import MOST_BYTES, Ask
from pytest_fluxscenario.model.request import Actor, Request
from tests.fakes.fleet_processes import free_port
from tests.fakes.waiting import PATIENCE
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
    channel = HttpChannel("mine", url(server), PATIENCE, "secret")
    with closing(channel):
        assert channel.ask(Ask("hello"))["name"] == "noted"
        first = channel._connection
        assert channel.ask(Ask("begin", run_id="one")) == {}
        assert channel._connection is first


@pytest.mark.parametrize("token", [None, "", "secre", "secret2", "\xe9"])
def test_without_the_token_nothing_is_answered(server: GearServer, token: str | None) -> None:
    with (
        closing(HttpChannel("mine", url(server), PATIENCE, token)) as channel,
        pytest.raises(GearError, match="HTTP 401"),
    ):
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
    with closing(http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=PATIENCE)) as connection:
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
        ("/page", "what is no strict JSON"),
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
            channel = HttpChannel("mine", f"http://127.0.0.1:{server.server_address[1]}{path}", PATIENCE)
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
        HttpChannel("mine", f"http://127.0.0.1:{free_port()}/", PATIENCE).ask(Ask("hello"))


#: Answers a hello with that id.
_HELLO = '{"id": %d, "ok": {"name": "raw"}}'


@contextmanager
def raw(answer: Callable[[socket.socket, int, bytes], bool]) -> Iterator[str]:
    """The address of a server; ``answer`` is told connection, number of the request and its body: whether to go on."""
    listening = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        number = 0
        while not ended.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                while True:
                    head = b""
                    while b"\r\n\r\n" not in head:
                        piece = connection.recv(1)
                        if not piece:
                            raise OSError
                        head += piece
                    size = int(head.lower().partition(b"content-length:")[2].split()[0])
                    body = connection.recv(size, socket.MSG_WAITALL)
                    number += 1
                    if not answer(connection, number, body):
                        break

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    ended.set()
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join(5)


def _said(body: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def _decide() -> Ask:
    return Ask("decide", request=Request("a", Actor("a", "agent"), {}, "run-1"))


def test_a_decision_is_not_sent_twice() -> None:
    asked: list[bytes] = []

    def answer(connection: socket.socket, number: int, body: bytes) -> bool:
        asked.append(body)
        if number == 1:
            connection.sendall(_said(_HELLO % 1))
            return True
        if number in (2, 3):
            # Read, perhaps decided, and gone.
            return False
        connection.sendall(_said(_HELLO % 3))
        return True

    with raw(answer) as address, closing(HttpChannel("mine", address, PATIENCE)) as channel:
        channel.ask(Ask("hello"))
        with pytest.raises(GearError, match="cannot be reached"):
            channel.ask(_decide())
        assert len(asked) == 2
        # What does no harm is asked again, on a connection that was there; this one is new.
        with pytest.raises(GearError, match="cannot be reached"):
            channel.ask(Ask("hello"))


def test_a_connection_that_was_closed_meanwhile_is_begun_anew() -> None:
    def answer(connection: socket.socket, number: int, _body: bytes) -> bool:
        connection.sendall(_said(_HELLO % number))
        return False

    with raw(answer) as address, closing(HttpChannel("mine", address, PATIENCE)) as channel:
        for _ in range(3):
            channel.ask(Ask("hello"))
            connection = channel._connection
            assert connection is not None
            assert connection.sock is None or connection.sock.recv(1, socket.MSG_PEEK) == b""
            # Nothing was sent on it: a decision can be.
        assert channel.ask(_decide())["name"] == "raw"


@pytest.mark.parametrize("slow", ["head", "body"])
def test_a_byte_now_and_then_is_no_answer_in_time(slow: str) -> None:
    def answer(connection: socket.socket, _number: int, _body: bytes) -> bool:
        said = _said(_HELLO % 1 + " " * 400)
        begin = 0 if slow == "head" else said.index(b"{")
        connection.sendall(said[:begin])
        for at in range(begin, len(said)):
            time.sleep(0.2)
            connection.sendall(said[at : at + 1])
        return True

    begun = time.monotonic()
    with raw(answer) as address, closing(HttpChannel("mine", address, 0.4)) as channel:
        with pytest.raises(GearError, match=r"no answer within 0\.4 s"):
            channel.ask(Ask("hello"))
        # All of it would take eighty seconds.
        assert time.monotonic() - begun < 40


def test_what_a_server_says_unasked_is_no_answer() -> None:
    def answer(connection: socket.socket, number: int, _body: bytes) -> bool:
        # The answer to the next message stands there before it was asked.
        ahead = _HELLO.replace("raw", "ahead") % (number + 1)
        connection.sendall(_said(_HELLO % number))
        heard.wait(PATIENCE)
        connection.sendall(_said(ahead))
        return True

    heard = threading.Event()
    with raw(answer) as address, closing(HttpChannel("mine", address, PATIENCE)) as channel:
        channel.ask(Ask("hello"))
        connection = channel._connection
        assert connection is not None
        heard.set()
        assert connection.sock is None or select.select([connection.sock], [], [], PATIENCE)[0]
        assert channel.ask(_decide()) == {"name": "raw"}
