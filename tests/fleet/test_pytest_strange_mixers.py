"""What answers is no Mixer, or one that cannot: one line that says what to do, in bounded time, and nothing passes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from pytest_fluxscenario.evidence.circumstances import tool
from pytest_fluxscenario.remote.api import Health, RackCounts, Trouble
from tests.fakes.fleet import TOKEN
from tests.fakes.packs import scenario
from tests.fakes.project import Project, text_of
from tests.fakes.project_fixture import project

__all__ = ["project"]

_HTML = b"<!doctype html><title>Sign in</title>"


def _http(status: str, body: bytes, more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\n{more}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


@contextmanager
def _answering(*answers: bytes | None) -> Iterator[str]:
    """An address where connections are given these answers in turn, the last again and again; None says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []

        def serve() -> None:
            for number in range(1_000):
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                kept.append(connection)
                answer = answers[min(number, len(answers) - 1)]
                if answer is not None:
                    connection.recv(1 << 16)
                    connection.sendall(answer)
                    connection.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        for connection in kept:
            connection.close()


@pytest.fixture
def small(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("FLUXRIG_API_TOKEN", TOKEN)
    project.ini("fluxscenario_mixer_wait = 0.5")
    project.add("a.json", scenario("one"), scenario("two"))
    return project


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (_http("200 OK", _HTML), "the answer is not that of a Mixer of this version"),
        (_http("200 OK", b"{}"), "the answer is not that of a Mixer of this version"),
        (_http("302 Found", _HTML, "Location: /login\r\n"), "answers 302, and is no Mixer (is the address that of"),
        (_http("404 Not Found", _HTML), "answers 404, and is no Mixer (is the address that of a Mixer?"),
        (_http("500 Oops", _HTML), "answers 500, and is no Mixer (is the address that of a Mixer?"),
        (_http("502 Bad Gateway", _HTML), "who answers for the Mixer says 502 (is it running?"),
        (
            _http("503 Busy", msgspec.json.encode(Trouble("snake.away", "the Snake is away", "wait"))),
            "the Snake is away (wait)",
        ),
        (
            b"INFO {}\r\n",
            "the Mixer cannot be reached: what answers there speaks no HTTP (is the port right, and does it",
        ),
        (
            b"",
            "the Mixer cannot be reached: the connection ended without an answer (does it speak https",
        ),
        (None, "the Mixer cannot be reached: no answer within 0.5 seconds (is it running?"),
    ],
    ids=["html", "empty", "login", "404", "500", "502", "503", "nats", "closed", "hangs"],
)
def test_who_answers_otherwise_is_told_before_anything_runs(small: Project, answer: bytes | None, said: str) -> None:
    with _answering(answer) as url:
        result = small.run(f"--fluxscenario-mixer={url}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: {url}: {said}" in text_of(result)
    assert "Traceback" not in text_of(result)


def test_tls_to_a_port_without_it_is_told(small: Project) -> None:
    with _answering(_http("400 Bad Request", b"")) as url:
        result = small.run(f"--fluxscenario-mixer={url.replace('http:', 'https:')}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert ": who answers there does not speak TLS (is the address right," in text_of(result)


_HEALTHY = _http("200 OK", msgspec.json.encode(Health("ok", tool(), True, RackCounts(active=1), 0)))


@pytest.mark.parametrize(
    ("answer", "said", "more"),
    [
        (_http("500 Oops", _HTML), "answers 500, and is no Mixer", ()),
        (_http("503 Busy", _HTML), "who answers for the Mixer says 503", ("-n2",)),
        (_http("200 OK", _HTML), "the answer is not that of a Mixer of this version", ()),
        pytest.param(None, "the Mixer cannot be reached: no answer within", (), marks=pytest.mark.slow),
    ],
    ids=["500", "503-n2", "html", "hangs"],
)
def test_a_mixer_that_fails_after_its_first_answer_fails_every_scenario(
    small: Project, answer: bytes | None, said: str, more: tuple[str, ...]
) -> None:
    with _answering(_HEALTHY, answer) as url:
        result = small.run_with(more, f"--fluxscenario-mixer={url}")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert f"{url}: {said}" in text_of(result)
    assert "Traceback" not in text_of(result)
    assert set(small.outcomes().values()) == {"error"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "--fluxscenario-mixer is empty (off runs the scenarios here)"),
        (" http://127.0.0.1:8090", "is no address of a Mixer (write it like http://127.0.0.1:8090)"),
        ("http://mix er", "is no address of a Mixer (write it like http://127.0.0.1:8090)"),
        ("http://127.0.0.1:8090/#racks", "is no address of a Mixer (write it like http://127.0.0.1:8090)"),
    ],
)
def test_what_is_no_address_is_refused(small: Project, given: str, said: str) -> None:
    result = small.run(f"--fluxscenario-mixer={given}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in text_of(result)


def test_off_runs_here_what_the_ini_file_sends_away(small: Project) -> None:
    small.ini("fluxscenario_mixer = http://127.0.0.1:1")
    assert small.run().ret == pytest.ExitCode.USAGE_ERROR
    assert small.run("--fluxscenario-mixer=off").ret == 0
    assert len(small.records()) == 2


def test_a_mixer_that_is_gone_is_waited_for_and_that_is_said(small: Project) -> None:
    small.ini("fluxscenario_mixer_wait = 1")
    with _answering(_HEALTHY, b"") as url:
        result = small.run(f"--fluxscenario-mixer={url}")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    said = (
        "fluxscenario: waiting for the Mixer, for up to 1 seconds: the Mixer cannot be reached: the connection ended*"
    )
    result.stdout.fnmatch_lines([said])
