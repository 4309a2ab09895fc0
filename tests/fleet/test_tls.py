"""TLS between machines: what is wrong with certificates and keys is said in a line, and nothing is said in clear."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_fluxscenario.base.errors import FluxError, UsageError
from pytest_fluxscenario.base.fs import write_error
from pytest_fluxscenario.fleet.messages.errors import SnakeError
from pytest_fluxscenario.fleet.messages.keys import Key, new_key
from pytest_fluxscenario.fleet.rack.config import LinkConfig, RackConfig
from pytest_fluxscenario.fleet.rack.rack import make_rack
from pytest_fluxscenario.fleet.snake.access import Access
from pytest_fluxscenario.fleet.snake.config import SnakeConfig
from pytest_fluxscenario.fleet.snake.nats_link import connect
from pytest_fluxscenario.fleet.snake.permissions import Accounts
from pytest_fluxscenario.fleet.snake.server import NatsServer
from pytest_fluxscenario.fleet.snake.snake import OwnServer
from pytest_fluxscenario.fleet.snake.transport import Terms
from tests.fakes.certificates import Authority, Pair, new_certificate
from tests.fakes.waiting import PATIENCE
from tests.fleet.desk import until


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@asynccontextmanager
async def _serving(folder: Path, pair: Pair, ca: str = "", listen: str = "127.0.0.1:0") -> AsyncIterator[OwnServer]:
    """A Mixer's own server, and the Mixer's connection to it."""
    key = new_key()
    snake = OwnServer(SnakeConfig(listen, tls_cert=pair.cert, tls_key=pair.key, tls_ca=ca), str(folder / "nats"), key)
    try:
        link = await snake.open(Accounts(key.public, new_key().public))
        await link.prepare(Terms())
        yield snake
    finally:
        await snake.close()


async def _fault(access: Access) -> str:
    """What is said of a connection that is not made, in a bounded time."""
    begun = time.monotonic()
    with pytest.raises(SnakeError) as raised:
        await connect(access, PATIENCE)
    assert time.monotonic() - begun < PATIENCE
    said = str(raised.value)
    assert "\n" not in said
    return said.partition(": there is no connection to NATS: ")[2]


def _access(snake: OwnServer, **more: str) -> Access:
    return replace(Access(snake.url, "mixer", snake.key.seed), **more)  # type: ignore[arg-type]  # fields that are text


def test_who_believes_the_authority_is_connected_and_the_others_are_told_why(
    tmp_path: Path, authority: Authority
) -> None:
    other = Authority(tmp_path / "other", "other")

    async def main() -> None:
        async with _serving(tmp_path, authority.issue("server")) as snake:
            assert snake.url.startswith("tls://127.0.0.1:")
            link = await connect(_access(snake, ca=authority.ca), 10)
            await link.close()
            nobody = "nobody who is trusted here has signed the server's certificate (name who has: 'ca' of 'snake')"
            assert await _fault(_access(snake)) == nobody
            assert await _fault(_access(snake, ca=other.ca)) == nobody
            elsewhere = snake.url.replace("127.0.0.1", "localhost")
            said = await _fault(_access(snake, ca=authority.ca, url=elsewhere))
            assert said.startswith("the server's certificate is not for 'localhost' (use a name that it holds")
            plain = snake.url.replace("tls://", "nats://")
            said = await _fault(_access(snake, url=plain))
            assert said == "the server speaks TLS, and its address is nats:// (write tls://)"

    asyncio.run(main())


@pytest.mark.parametrize(
    ("days", "said"), [(-3, "the server's certificate has expired"), (3, "the server's certificate is not valid yet")]
)
def test_a_mixer_does_not_start_with_a_certificate_that_nobody_would_believe(
    tmp_path: Path, authority: Authority, days: int, said: str
) -> None:
    async def main() -> None:
        pair = authority.issue(f"at{days}", days=days)
        begun = time.monotonic()
        with pytest.raises(SnakeError, match=said):
            async with _serving(tmp_path, pair):
                pass
        assert time.monotonic() - begun < 60

    asyncio.run(main())


def test_a_server_on_all_addresses_with_a_certificate_for_other_names_knows_its_own_mixer(
    tmp_path: Path, authority: Authority
) -> None:
    async def main() -> None:
        async with _serving(tmp_path, authority.issue("far", ["mixer.example"]), listen="0.0.0.0:0") as snake:
            assert snake.url.startswith("tls://0.0.0.0:")

    asyncio.run(main())


def test_nothing_is_said_in_clear_to_a_server_that_claims_to_know_no_tls() -> None:
    """Whoever stands between could leave out of the server's first line that it speaks TLS."""
    heard: list[bytes] = []
    info = b'INFO {"server_id":"x","version":"2.11.0","max_payload":1048576,"headers":true,"nonce":"abc"}\r\n'

    async def claim(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(info)
        heard.append(await reader.read(100))
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(claim, "127.0.0.1", 0)
        url = f"tls://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        said = await _fault(Access(url, "one", new_key().seed))
        assert said.startswith("the server does not speak TLS, and its address is tls://")
        server.close()
        await server.wait_closed()

    asyncio.run(main())
    assert b"".join(heard) == b""


def test_a_server_that_only_listens_is_given_up_in_time() -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"tls://127.0.0.1:{silent.getsockname()[1]}"
            begun = time.monotonic()
            with pytest.raises(SnakeError, match="no answer in time"):
                await connect(Access(url, "one", new_key().seed), 0.5)
            assert time.monotonic() - begun < PATIENCE

    asyncio.run(main())


def test_with_tls_ca_whoever_connects_shows_a_certificate_of_that_authority(
    tmp_path: Path, authority: Authority
) -> None:
    other = Authority(tmp_path / "other", "other")

    async def main() -> None:
        async with _serving(tmp_path, authority.issue("both"), authority.ca) as snake:
            good, strange = authority.issue("rack", uses="client"), other.issue("stranger")
            link = await connect(_access(snake, ca=authority.ca, cert=good.cert, key=good.key), 10)
            await link.close()
            said = await _fault(_access(snake, ca=authority.ca))
            assert said == "the server wants a certificate of this side (name one and its key)"
            said = await _fault(_access(snake, ca=authority.ca, cert=strange.cert, key=strange.key))
            assert said.startswith("the server does not accept the certificate of this side (it must be valid now")

    asyncio.run(main())


def test_with_tls_ca_the_certificate_of_the_mixer_is_for_clients_too(tmp_path: Path, authority: Authority) -> None:
    async def main() -> None:
        with pytest.raises(SnakeError, match=r"does not accept the certificate of this side \(.*clientAuth"):
            async with _serving(tmp_path, authority.issue("only", uses="server"), authority.ca):
                pass

    asyncio.run(main())


def test_a_certificate_that_was_renewed_is_shown_without_a_new_start(tmp_path: Path, authority: Authority) -> None:
    other = Authority(tmp_path / "other", "other")
    pair = authority.issue("renewed")

    async def main() -> None:
        async with _serving(tmp_path, pair) as snake:
            fresh = other.issue("fresh")
            shutil.copy(fresh.cert, pair.cert)
            shutil.copy(fresh.key, pair.key)
            for _ in range(400):
                try:
                    link = await connect(_access(snake, ca=other.ca), 1)
                    break
                except SnakeError:
                    await asyncio.sleep(0.1)
            else:
                pytest.fail("the old certificate is still shown")
            await link.close()

    asyncio.run(main())


def test_a_renewal_that_cannot_be_written_now_is_tried_again(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = authority.issue("renewed-late")
    tries: list[str] = []

    def write(server: NatsServer) -> None:
        tries.append(server.url)
        raise write_error("nats.conf", OSError(errno.ENOSPC, "No space left on device"))

    async def main() -> None:
        async with _serving(tmp_path, pair):
            monkeypatch.setattr(NatsServer, "_write", write)
            os.utime(pair.cert, (0, 0))
            # With the second try it is shown that the first one has not ended who looks after the server.
            await until(lambda: len(tries) > 1)

    asyncio.run(main())


def _broken(folder: Path, authority: Authority, how: str) -> Pair:
    good, second = authority.issue(f"good-{how}"), authority.issue(f"second-{how}")
    if how == "missing":
        os.unlink(good.key)
    elif how == "open":
        os.chmod(good.key, 0o644)
    elif how == "other":
        return Pair(good.cert, second.key)
    elif how == "text":
        Path(good.cert).write_text("no certificate\n")
    elif how == "fifo":
        os.unlink(good.key)
        os.mkfifo(good.key, 0o600)
    elif how == "locked":
        Path(good.key).write_text(_LOCKED)
    return good


_LOCKED = """\
-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,5F8A3B0C1D2E4F60718293A4B5C6D7E8

AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
-----END EC PRIVATE KEY-----
"""


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("missing", r"\.key: cannot be read: No such file or directory"),
        ("open", r"\.key: can be read or written by others \(chmod 600 "),
        ("other", r"\.key: is not the key of the certificate \(which is .*\.crt\)"),
        ("text", r"\.crt: holds no certificate \(PEM"),
        ("fifo", r"\.key: is no file"),
        ("locked", r"\.key: holds no key that can be used \(PEM, without a password\)"),
    ],
)
def test_files_that_cannot_be_used_are_named_before_anything_starts(
    tmp_path: Path, authority: Authority, how: str, said: str
) -> None:
    pair = _broken(tmp_path, authority, how)

    async def mixer() -> None:
        async with _serving(tmp_path, pair):
            pass

    with pytest.raises(UsageError, match=said):
        asyncio.run(mixer())
    assert not (tmp_path / "nats").exists()
    link = LinkConfig("tls://127.0.0.1:4222", ca=authority.ca, cert=pair.cert, key=pair.key)
    with pytest.raises(UsageError, match=said):
        make_rack(RackConfig("one", str(tmp_path / "one"), snake=link), print)


def test_an_authority_that_is_not_there_is_named(tmp_path: Path) -> None:
    link = LinkConfig("tls://127.0.0.1:4222", ca=str(tmp_path / "no.pem"))
    with pytest.raises(FluxError, match=r"no\.pem: cannot be read: No such file"):
        make_rack(RackConfig("one", str(tmp_path / "one"), snake=link), print)


def test_a_certificate_that_signs_itself_is_enough(tmp_path: Path) -> None:
    made = new_certificate("127.0.0.1")
    pair = Pair(str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    Path(pair.cert).write_bytes(made[0])
    Path(pair.key).write_bytes(made[1])
    os.chmod(pair.key, 0o600)

    async def main() -> None:
        async with _serving(tmp_path, pair) as snake:
            link = await connect(_access(snake, ca=pair.cert), 10)
            await link.close()

    asyncio.run(main())


def test_keys_are_secrets_in_messages(authority: Authority) -> None:
    key: Key = new_key()
    assert key.seed not in repr(Access("tls://127.0.0.1:1", "one", key.seed, authority.ca))
