"""Floods of connections: strangers share a few places, who has the token is answered or asked to come again."""

from __future__ import annotations

import asyncio
import errno
import http.client
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from textwrap import dedent

import pytest

from pytest_fluxscenario.cli.console.render import Outputs
from pytest_fluxscenario.cli.fleet.run_follow import Follower
from pytest_fluxscenario.evidence.circumstances import tool
from pytest_fluxscenario.fleet.mixer.web import connections as under_test
from pytest_fluxscenario.fleet.mixer.web.connections import Connections, Listening, descriptors_of, strangers_of
from pytest_fluxscenario.remote.api import RunInfo, Submission
from pytest_fluxscenario.remote.client import Client, UnreachableError, patiently
from tests.fakes.certificates import Authority
from tests.fakes.fleet import TOKEN, RunningMixer, running_mixer
from tests.fakes.packs import scenario
from tests.fakes.waiting import PATIENCE, until
from tests.fleet.test_mixer_runs import all_of, parcel_of, send

#: The least that can be configured; strangers have as many places beside them.
_PLACES = 16
_HEAD = f"GET /v1/{{}} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"


@pytest.fixture(scope="module")
def one_mixer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMixer]:
    api = {"connections": _PLACES, "body_seconds": 5.0}
    with running_mixer(tmp_path_factory.mktemp("mixer"), api=api) as running:
        yield running


@pytest.fixture
def mixer(one_mixer: RunningMixer) -> RunningMixer:
    """With nothing open, and as if nothing had been said."""
    held = one_mixer.mixer.connections

    async def hang_up() -> None:
        for connection in [*held._idle.values(), *held._busy.values(), *held._strangers.values()]:
            # The other side may have ended it just now.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    one_mixer.do(hang_up())
    until(lambda: held.open == 0)
    held._told.clear()
    return one_mixer


def _address(url: str) -> tuple[str, int]:
    host, port = url.partition("://")[2].split(":")
    return host, int(port)


@contextmanager
def flood(url: str, count: int, data: bytes = b"", source: str = "") -> Iterator[list[socket.socket]]:
    """So many connections, on each of which ``data`` was said."""
    with ExitStack() as ends:
        opened = []
        for _ in range(count):
            one = socket.create_connection(_address(url), 10, (source, 0) if source else None)
            opened.append(ends.enter_context(closing(one)))
            if data:
                one.sendall(data)
        yield opened


def _ended(one: socket.socket) -> bool:
    one.settimeout(0)
    try:
        return one.recv(1 << 16) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def _health(mixer: RunningMixer) -> str:
    """What somebody is answered who comes now."""
    with closing(Client(mixer.url, TOKEN, timeout=PATIENCE)) as client:
        return client.health().status


@pytest.mark.parametrize("said", [b"", b"GET /v1/health HTTP/1.1\r\nHost: 127", b"PUT /v1/runs/x HTTP/1.1\r\n"])
def test_strangers_who_say_nothing_make_room(
    mixer: RunningMixer, said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with flood(mixer.url, 400, said) as opened:
        assert _health(mixer) == "ok"
        until(lambda: mixer.mixer.connections.open <= strangers_of(_PLACES) + _PLACES)
        until(lambda: sum(map(_ended, opened)) >= 400 - strangers_of(_PLACES))
        # Who came last is still listened to.
        opened[-1].settimeout(PATIENCE)
        opened[-1].sendall(b"\r\n\r\n")
        if said.startswith(b"GET"):
            assert opened[-1].recv(16).startswith(b"HTTP/1.1 4")
    assert "more than 16 connections without the token at a time" in caplog.text
    assert len([one for one in caplog.records if one.name == "fluxrig.mixer"]) == 1


def test_who_has_the_token_and_finds_no_place_is_asked_to_come_again(tmp_path: Path, mixer: RunningMixer) -> None:
    parcel = parcel_of(tmp_path, scenario("a"))
    client = mixer.client()
    run = send(client, parcel).run
    client.close()
    said: list[UnreachableError] = []
    with flood(mixer.url, _PLACES, _HEAD.format(f"runs/{run}/records?wait=30").encode()) as polls:
        until(lambda: len(mixer.mixer.connections._busy) == _PLACES)
        plain = http.client.HTTPConnection(*_address(mixer.url), timeout=PATIENCE)
        plain.request("GET", f"/v1/runs/{run}", headers={"Authorization": f"Bearer {TOKEN}"})
        answer = plain.getresponse()
        assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
        assert b'"http.many"' in answer.read()
        plain.close()
        with pytest.raises(UnreachableError, match="all 16 connections of the Mixer are in use") as raised:
            client.run(run)
        assert raised.value.pause == 1.0
        # Whoever looks after it is answered, and racks go on.
        assert _health(mixer) == "ok"
        mixer.start()
        service = mixer.mixer.service
        assert service is not None
        until(lambda: service.runs.table.running == 0)
        for one in polls:
            one.settimeout(PATIENCE)
            assert one.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
        until(lambda: not mixer.mixer.connections._busy)
        again = client.submit("another-session", Submission(tool(), tuple(parcel.cases)))
        with flood(mixer.url, _PLACES, _HEAD.format(f"runs/{again.run}/attend").encode()) as attending:
            until(lambda: len(mixer.mixer.connections._busy) == _PLACES)
            client.close()

            def told(error: UnreachableError) -> None:
                said.append(error)
                attending[0].close()
                until(lambda: len(mixer.mixer.connections._busy) < _PLACES)

            # One of them goes, and there is a place.
            assert patiently(client, PATIENCE, lambda: client.run(again.run), told).run == again.run
            assert len(said) == 1
    assert len(all_of(client, again.run)) == 1


def test_idle_connections_make_room_and_their_clients_do_not_notice(mixer: RunningMixer) -> None:
    clients = [mixer.client() for _ in range(3 * _PLACES)]
    for client in clients:
        assert client.health().status == "ok"
    until(lambda: len(mixer.mixer.connections._idle) == _PLACES)
    for client in clients:
        assert client.health().status == "ok"


def test_one_address_does_not_take_the_places_of_another(mixer: RunningMixer) -> None:
    with flood(mixer.url, 3) as first, flood(mixer.url, 200, source="127.0.0.2"):
        until(lambda: mixer.mixer.connections.open <= strangers_of(_PLACES))
        assert not any(map(_ended, first))
        first[0].settimeout(PATIENCE)
        first[0].sendall(_HEAD.format("health").encode())
        assert first[0].recv(16).startswith(b"HTTP/1.1 200 ")


def test_handshakes_that_never_end_are_counted_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path / "ca")
    pair = authority.issue("server")
    monkeypatch.setenv("SSL_CERT_FILE", authority.ca)
    api = {"connections": _PLACES, "tls_cert": pair.cert, "tls_key": pair.key}
    with running_mixer(tmp_path, api=api) as mixer, flood(mixer.url, 200, b"\x16\x03\x01\x02\x00\x01") as opened:
        assert _health(mixer) == "ok"
        until(lambda: mixer.mixer.connections.open <= strangers_of(_PLACES) + _PLACES)
        until(lambda: sum(map(_ended, opened)) >= 200 - strangers_of(_PLACES) - 1)
        clients = [mixer.client() for _ in range(_PLACES + 2)]
        for client in clients:
            assert client.health().status == "ok"


def test_a_process_without_descriptors_goes_on_and_says_so_once(tmp_path: Path) -> None:
    (tmp_path / "serve.py").write_text(
        dedent(
            """
            import asyncio, logging, resource, sys
            from pytest_fluxscenario.fleet.mixer.web.connections import Listening
            from pytest_fluxscenario.fleet.mixer.web.http import HttpServer

            looked, accept = [], Listening.accept
            Listening.accept = lambda listening: looked.append(1) or accept(listening)

            async def app(scope, receive, send):
                await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
                await send({"type": "http.response.body", "body": b""})

            async def main():
                server = HttpServer(app, "127.0.0.1", 0)
                await server.start()
                resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48))
                print(server.port, flush=True)
                await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
                await server.stop()
                print(len(looked))

            logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
            asyncio.run(main())
            """
        )
    )
    with subprocess.Popen(
        [sys.executable, "serve.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        with flood(url, 150):
            for _ in range(3):
                plain = http.client.HTTPConnection(*_address(url), timeout=PATIENCE)
                plain.request("GET", "/")
                assert plain.getresponse().status == 200
                plain.close()
                time.sleep(0.2)
        out, said = server.communicate("", timeout=PATIENCE)
    assert said.splitlines() == [
        f"fluxrig.mixer: no more files can be opened: connections wait, or are ended (ulimit -n {descriptors_of(1024)})"
    ]
    # As often as somebody came, about, and not again and again for what cannot be had.
    assert int(out) < 1_000, out


def test_where_nothing_can_be_ended_who_comes_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    connections = Connections(_PLACES)
    listening = Listening.of(socket.create_server(("127.0.0.1", 0)), connections)
    accepted: list[int] = []
    plain = socket.socket.accept

    def short(self: socket.socket) -> object:
        if self is listening and len(accepted) < 3:
            accepted.append(0)
            if len(accepted) != 2:
                raise OSError(errno.EMFILE, "Too many open files")
        return plain(self)

    monkeypatch.setattr(socket.socket, "accept", short)
    with closing(listening), closing(socket.create_connection(listening.getsockname())) as stranger:
        with pytest.raises(BlockingIOError):
            listening.accept()
        stranger.settimeout(PATIENCE)
        assert stranger.recv(1) == b""
        assert connections.open == 0
        # And one that can be ended goes for the next.
        with closing(socket.create_connection(listening.getsockname())) as idle:
            monkeypatch.setattr(socket.socket, "accept", plain)
            taken, _ = listening.accept()
            monkeypatch.setattr(socket.socket, "accept", short)
            with closing(taken), pytest.raises(BlockingIOError):
                listening.accept()
            idle.settimeout(PATIENCE)
            assert idle.recv(1) == b""


def test_those_that_were_ended_are_closed_before_others_come() -> None:
    connections = Connections(_PLACES)
    listening = Listening.of(socket.create_server(("127.0.0.1", 0), backlog=256), connections)
    taken: list[socket.socket] = []
    with closing(listening), ExitStack() as ends:
        listening.setblocking(False)
        for _ in range(150):
            ends.enter_context(closing(socket.create_connection(listening.getsockname())))
        while not connections.is_behind:
            taken.append(ends.enter_context(closing(listening.accept()[0])))
        with pytest.raises(BlockingIOError):
            listening.accept()
        assert len(taken) == connections.open == strangers_of(_PLACES) + 64
        for one in taken[:64]:
            one.close()
        assert connections.open == strangers_of(_PLACES)
        listening.accept()[0].close()


def test_the_limit_of_descriptors_is_raised_as_far_as_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    limits, asked = [(256, 1 << 20)], []
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _kind, both: asked.append(both))
    under_test.allow_descriptors(1024)
    assert asked.pop() == (descriptors_of(1024), 1 << 20)
    limits.append((256, 512))
    under_test.allow_descriptors(1024)
    assert asked.pop() == (512, 512)
    limits.append((1 << 16, 1 << 20))
    under_test.allow_descriptors(1024)
    assert asked == []


def test_fewer_connections_than_configured_are_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (1024, 4096))
    fewer = under_test.fitting(4096)
    assert descriptors_of(fewer) <= 1024
    assert f"this process may open 1024 files, so {fewer} connections are let in, and not the 4096" in caplog.text
    caplog.clear()
    assert under_test.fitting(fewer) == fewer
    assert caplog.text == ""


def test_many_at_once_are_all_answered_in_the_end(mixer: RunningMixer) -> None:
    """More clients than there are places, as a large session would have them."""
    wrong: list[BaseException] = []

    def ask() -> None:
        with closing(Client(mixer.url, TOKEN)) as client:
            try:
                for _ in range(3):
                    patiently(client, PATIENCE, client.runs)
            except BaseException as error:  # noqa: BLE001 - it is told by the test
                wrong.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4 * _PLACES)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(PATIENCE)
    assert wrong == []


def test_who_is_not_answered_when_the_mixer_ends_asks_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    said: list[BaseException] = []
    asked = threading.Event()

    async def slow(*_: object) -> list[RunInfo]:
        asked.set()
        await asyncio.sleep(60)
        return []

    def ask(client: Client) -> None:
        try:
            client.runs()
        except BaseException as error:  # noqa: BLE001 - it is looked at by the test
            said.append(error)

    with running_mixer(tmp_path) as mixer:
        service = mixer.mixer.service
        assert service is not None
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(service.runs.table), "latest", slow)
            thread = threading.Thread(target=ask, args=(Client(mixer.url, TOKEN),))
            thread.start()
            assert asked.wait(PATIENCE)
    thread.join(PATIENCE)
    assert [type(error) for error in said] == [UnreachableError]
    assert "the Mixer ends (ask again when it is started)" in str(said[0])
    assert "Exception in ASGI application" not in caplog.text


def test_a_command_that_waits_for_a_place_says_so_once(
    tmp_path: Path, mixer: RunningMixer, capsys: pytest.CaptureFixture[str]
) -> None:
    client, asked = mixer.client(), list[str]()
    run = send(client, parcel_of(tmp_path, scenario("a"))).run
    client.close()
    with flood(mixer.url, _PLACES, _HEAD.format(f"runs/{run}/attend").encode()) as attending:
        until(lambda: len(mixer.mixer.connections._busy) == _PLACES)

        def ask() -> RunInfo:
            asked.append(run)
            if len(asked) == 3:
                attending[0].close()
                until(lambda: len(mixer.mixer.connections._busy) < _PLACES)
            return client.run(run)

        assert Follower(client, Outputs.of_process(), PATIENCE).ask(ask).run == run
    mixer.client().cancel(run)
    assert len(asked) == 3
    assert capsys.readouterr().err.splitlines() == [
        f"{mixer.url}: all 16 connections of the Mixer are in use; waiting for it for up to {PATIENCE:g} s"
    ]
