"""What strangers may send to the Mixer: refused with a status of their own fault, in one form, with bounded memory."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.fleet import TOKEN, RunningMixer, running_mixer
from tests.fakes.fleet_processes import Fleet, fleet_of
from tests.fakes.waiting import PATIENCE

_BODY = 1 << 16
_BYTES = "application/octet-stream"
_RUN = "abcdefgh12345678"


@pytest.fixture(scope="module")
def mixer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMixer]:
    api = {"body_bytes": _BODY, "body_seconds": 0.5}
    with running_mixer(tmp_path_factory.mktemp("mixer"), api=api) as running:
        yield running


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A Mixer as people start it: its memory is its own."""
    api = {"body_bytes": 4 << 20, "body_seconds": 1.0}
    with fleet_of(tmp_path_factory.mktemp("process"), api=api) as running:
        yield running


def ask(
    mixer: RunningMixer, method: str, path: str, body: bytes = b"", *, token: str | None = TOKEN, **headers: str
) -> tuple[int, bytes]:
    """Status and body of one request; underscores in the names of headers are hyphens."""
    host, port = mixer.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=2 * PATIENCE)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        if token is not None:
            connection.putheader("Authorization", f"Bearer {token}")
        if body and "Content_Length" not in headers and "Transfer_Encoding" not in headers:
            connection.putheader("Content-Length", str(len(body)))
        if body and "Content_Type" not in headers:
            connection.putheader("Content-Type", "application/json")
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders(body)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def raw(mixer: RunningMixer, data: bytes, wait: float = 5) -> bytes:
    """What comes back for these bytes."""
    host, port = mixer.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=wait) as connection:
        connection.sendall(data)
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
        except (TimeoutError, ConnectionResetError):
            pass
        return answer


def _deep(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "code"),
    [
        ("GET", "/v1/racks", {"token": None}, 401, "http.token"),
        ("GET", "/v1/racks", {"token": "wrong"}, 401, "http.token"),
        ("GET", "/v1/racks", {"token": None, "Authorization": "Basic eDp4"}, 401, "http.token"),
        ("POST", "/v1/racks/one/approve", {"token": None, "Authorization": f"Basic {TOKEN}"}, 401, "http.token"),
        ("GET", "/v1/racks", {"Host": "evil.example"}, 421, "http.host"),
        ("GET", "/v1/racks", {"Host": ""}, 421, "http.host"),
        ("GET", "/v1/racks", {"Origin": "https://evil.example"}, 403, "http.origin"),
        ("GET", "/v1/racks", {"Origin": "null"}, 403, "http.origin"),
        ("GET", "/v1/racks", {"Sec_Fetch_Site": "cross-site"}, 403, "http.origin"),
        ("PATCH", "/v1/racks", {}, 405, "http.method"),
        ("DELETE", "/v1/runs", {}, 405, "http.method"),
        ("GET", "/v2/racks", {}, 404, "http.none"),
        ("GET", "/v1/racks/%2e%2e%2fetc", {}, 400, "http.path"),
        ("GET", "/v1/racks/a%00b", {}, 400, "http.path"),
        ("GET", "/v1/racks/" + "a" * 2000, {}, 400, "http.path"),
        ("GET", "/v1/racks/nobody", {}, 404, "rack.none"),
        ("GET", "/v1/runs/x", {}, 400, "run.id"),
        ("GET", f"/v1/runs/{_RUN}", {}, 404, "run.none"),
        ("GET", f"/v1/runs/{_RUN}/records?after=-1", {}, 400, "http.query"),
        ("GET", f"/v1/runs/{_RUN}/records?after=1.5", {}, 400, "http.query"),
        ("GET", f"/v1/runs/{_RUN}/records?after={(1 << 53) + 1}", {}, 400, "http.query"),
        ("PUT", "/v1/racks", {"token": "wrong", "body": b"x" * 60_000}, 401, "http.token"),
        ("PUT", f"/v1/runs/{_RUN}", {"body": b"x" * 900_000}, 413, "http.size"),
        ("OPTIONS", "/v1/nowhere", {}, 404, "http.none"),
        ("GET", f"/v1/runs/{_RUN}/records?wait=1e9", {}, 400, "http.query"),
        ("GET", f"/v1/runs/{_RUN}/records?wait=31", {}, 400, "http.query"),
        ("GET", "/v1/runs?after=%27", {}, 400, "http.query"),
        ("GET", "/v1/content/abc", {}, 400, "content.hash"),
        ("GET", "/v1/content/" + "0" * 64, {}, 404, "content.none"),
        ("GET", "/runs/abcdefgh12345678/scenarios/999999999999", {}, 404, "run.none"),
        ("PUT", f"/v1/runs/{_RUN}", {"body": b"{}", "Content_Type": "text/plain"}, 415, "http.type"),
        (
            "PUT",
            f"/v1/runs/{_RUN}",
            {"body": b"{}", "Content_Type": "multipart/form-data"},
            415,
            "http.type",
        ),
        ("PUT", f"/v1/runs/{_RUN}", {"body": b"{}", "Content_Encoding": "gzip"}, 415, "http.encoding"),
        ("PUT", f"/v1/runs/{_RUN}", {}, 400, "http.body"),
        ("PUT", f"/v1/runs/{_RUN}", {"body": b"{"}, 400, "http.json"),
        ("PUT", f"/v1/runs/{_RUN}", {"body": b'{"tool": "a", "tool": "b"}'}, 400, "http.json"),
        ("PUT", f"/v1/runs/{_RUN}", {"body": b'{"a": NaN}'}, 400, "http.json"),
        ("PUT", f"/v1/runs/{_RUN}", {"body": b"\xff\xfe"}, 400, "http.json"),
        ("PUT", f"/v1/runs/{_RUN}", {"body": b'"\\ud800"'}, 400, "http.json"),
        ("PUT", f"/v1/runs/{_RUN}", {"body": _deep(100)}, 400, "http.json"),
        ("PUT", f"/v1/runs/{_RUN}", {"body": _deep(30_000)}, 400, "http.json"),
        ("PUT", f"/v1/runs/{_RUN}", {"body": b'{"a":' * 10_000 + b"1" + b"}" * 10_000}, 400, "http.json"),
        ("PUT", f"/v1/runs/{_RUN}", {"body": b"[]"}, 400, "http.body"),
        ("PUT", f"/v1/runs/{_RUN}", {"body": b'{"tool": 1, "cases": []}'}, 400, "http.body"),
        ("PUT", f"/v1/runs/{_RUN}", {"body": b"x" * (_BODY + 1)}, 413, "http.size"),
        ("PUT", f"/v1/runs/{_RUN}", {"Content_Length": str(1 << 50)}, 413, "http.size"),
        ("PUT", f"/v1/runs/{_RUN}", {"Transfer_Encoding": "chunked", "body": b"0\r\n\r\n"}, 411, "http.length"),
        (
            "PUT",
            "/v1/content/" + "0" * 64,
            {"body": b"x", "Content_Type": _BYTES},
            400,
            "content.hash",
        ),
        ("GET", "/v1/racks", {"body": b"{}"}, 400, "http.body"),
        ("POST", "/v1/content/missing", {"body": b'{"hashes": ["../../etc/passwd"]}'}, 400, "content.hash"),
        ("POST", "/v1/content", {"body": b"{}"}, 415, "http.type"),
        ("POST", "/v1/content", {"body": b"\0\0\0\7x", "Content_Type": _BYTES}, 400, "content.frames"),
        ("POST", "/v1/runs", {"body": b'{"ref": "no ref"}'}, 404, "store.none"),
        ("POST", "/v1/racks/one/dance", {}, 404, "rack.verb"),
    ],
)
def test_each_has_its_answer(
    mixer: RunningMixer, method: str, path: str, more: dict[str, Any], status: int, code: str
) -> None:
    got, answer = ask(mixer, method, path, **more)
    said = json.loads(answer)
    assert (got, said["code"]) == (status, code), said
    assert set(said) == {"code", "message", "hint"}
    assert "\n" not in said["message"]
    assert "Traceback" not in answer.decode()


def test_what_a_path_is_asked_in_stands_in_the_answer(mixer: RunningMixer) -> None:
    request = (
        f"TRACE /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
    )
    head = raw(mixer, request.encode()).decode().partition("\r\n\r\n")[0].lower()
    assert head.startswith("http/1.1 405 ")
    assert "\r\nallow: get, head" in head or "\r\nallow: head, get" in head


def test_a_slow_body_is_given_up(mixer: RunningMixer) -> None:
    begun = time.monotonic()
    status, answer = ask(mixer, "PUT", f"/v1/runs/{_RUN}", b"{", Content_Length="100")
    assert (status, json.loads(answer)["code"]) == (408, "http.slow")
    assert time.monotonic() - begun < PATIENCE


def test_a_slow_head_is_given_up(mixer: RunningMixer) -> None:
    begun = time.monotonic()
    assert raw(mixer, b"GET /v1/health HTTP/1.1\r\nHost: 127", wait=2 * PATIENCE) == b""
    assert time.monotonic() - begun < PATIENCE


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 1000,
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil\r\n\r\n",
        b"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /v1/\xff\xfe HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"CONNECT evil:80 HTTP/1.1\r\nHost: evil\r\n\r\n",
        b"GET http://evil/ HTTP/1.1\r\nHost: evil\r\n\r\n",
        b"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nA: b\r\n c\r\nA\r\n\r\n",
    ],
)
def test_what_is_no_request_ends_with_the_connection(mixer: RunningMixer, data: bytes) -> None:
    answer = raw(mixer, data)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:100]
    assert ask(mixer, "GET", "/v1/health")[0] == 200


def _odd(chance: random.Random) -> bytes:
    """One hostile request."""
    pieces = [
        "/v1/",
        "runs",
        "racks",
        "content",
        "/",
        "..",
        "%00",
        "%0d%0a",
        "*",
        ">",
        "?after=",
        "&",
        "a" * 300,
        "\x7f",
    ]
    method = chance.choice(["GET", "PUT", "POST", "DELETE", "OPTIONS", "TRACE", "\x01"])
    path = "/" + "".join(chance.choice(pieces) for _ in range(chance.randrange(6)))
    bodies = [b"", b"{", b"[[[[", _deep(chance.randrange(1, 3000)), b'{"a":' * chance.randrange(500)]
    bodies.append(chance.randbytes(200))
    body = chance.choice(bodies)
    headers = [f"Host: {chance.choice(['127.0.0.1', 'localhost', 'evil', ''])}"]
    headers += chance.sample(
        [
            f"Authorization: Bearer {TOKEN}",
            "Authorization: Bearer \x00",
            "Origin: http://evil",
            "Content-Type: application/json",
            "Content-Type: multipart/form-data; boundary=x",
            f"Content-Length: {len(body)}",
            f"Content-Length: {chance.choice(['-1', '1e3', str(1 << 70), str(len(body) + 3)])}",
            "Transfer-Encoding: chunked",
            "Upgrade: websocket",
            "Expect: 100-continue",
            "Connection: close",
        ],
        chance.randrange(7),
    )
    head = f"{method} {path} HTTP/1.1\r\n" + "\r\n".join(headers) + "\r\nConnection: close\r\n\r\n"
    return head.encode("latin-1") + body


def _fire(mixer: Fleet, count: int, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - any chance will do, and the same each time
    seen: dict[bytes, int] = {}
    for number in range(count):
        data = _odd(chance)
        with socket.create_connection(("127.0.0.1", mixer.api), timeout=2 * PATIENCE) as connection:
            try:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                answer = connection.recv(64)
            except (ConnectionResetError, BrokenPipeError):
                answer = b""
        status = answer[9:12]
        seen[status] = seen.get(status, 0) + 1
        assert not status.startswith(b"5"), (number, data[:500], answer)
    assert mixer.client.health().status == "ok"
    assert len(seen) > 5, seen


def _resident(mixer: Fleet) -> int:
    """Bytes of memory of the process of a Mixer."""
    assert mixer.mixer is not None
    pages = Path(f"/proc/{mixer.mixer.pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def test_thousands_of_hostile_requests_are_no_fault_of_the_mixer(process: Fleet) -> None:
    _fire(process, 200, 1)
    before, said = _resident(process), process.log("mixer")
    _fire(process, 2_000, 2)
    assert _resident(process) - before < 16 << 20
    # Strangers fill no log.
    assert process.log("mixer") == said


@pytest.mark.slow
def test_a_hundred_thousand_hostile_requests(process: Fleet) -> None:
    _fire(process, 10_000, 1)
    before = _resident(process)
    _fire(process, 100_000, 2)
    assert _resident(process) - before < 32 << 20


def test_bodies_that_are_under_way_are_bounded_together(process: Fleet) -> None:
    head = (
        f"PUT /v1/content/{'0' * 64} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Type: application/octet-stream\r\nContent-Length: {4 << 20}\r\n\r\n"
    ).encode()
    before = _resident(process)
    open_ones = [socket.create_connection(("127.0.0.1", process.api), timeout=PATIENCE) for _ in range(20)]
    try:
        for connection in open_ones:
            connection.setblocking(False)
            with_head = head + b"x" * (3 << 20)
            with contextlib.suppress(BlockingIOError):
                connection.send(with_head)
        time.sleep(0.5)
        grown = _resident(process) - before
        statuses = []
        for connection in open_ones:
            connection.settimeout(PATIENCE)
            statuses.append(connection.recv(16)[9:12])
    finally:
        for connection in open_ones:
            connection.close()
    assert set(statuses) <= {b"408", b"429"}
    assert b"429" in statuses
    # Two bodies, and what lies between the sockets and the guard.
    assert grown < 32 << 20
    assert process.client.health().status == "ok"


def test_without_a_token_only_this_machine_is_answered(tmp_path: Path) -> None:
    from pytest_fluxscenario.base.errors import UsageError

    with running_mixer(tmp_path / "a", token="", api={"without_token": True}) as mixer:
        assert ask(mixer, "GET", "/v1/racks", token=None)[0] == 200
        assert ask(mixer, "GET", "/v1/racks", token=None, Host="evil.example")[0] == 421
    api = {"without_token": True, "listen": "0.0.0.0:0"}
    with (
        pytest.raises(UsageError, match="'without_token' is for this machine alone"),
        running_mixer(tmp_path / "b", token="", api=api),
    ):
        pass
