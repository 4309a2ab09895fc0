"""REST over TLS, as a browser's machine or pytest elsewhere meets it: a private authority, and a proxy."""

from __future__ import annotations

import http.client
import json
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.fleet.mixer.exposure import in_clear
from pytest_fluxscenario.remote.client import Client, MixerError, UnreachableError
from tests.fakes.certificates import Authority
from tests.fakes.fleet import TOKEN, config_of, running_mixer
from tests.fakes.operators import Operators
from tests.fakes.packs import scenario, write, write_pack
from tests.fakes.waiting import until


def _said(url: str) -> MixerError:
    with closing(Client(url, TOKEN)) as client, pytest.raises(MixerError) as raised:
        client.health()
    return raised.value


def _status(url: str) -> str:
    with closing(Client(url, TOKEN)) as client:
        return client.health().status


def test_a_client_believes_whom_ssl_cert_file_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, other = Authority(tmp_path / "ca"), Authority(tmp_path / "other", "other")
    pair = authority.issue("server")
    with running_mixer(tmp_path, api={"tls_cert": pair.cert, "tls_key": pair.key}) as running:
        assert running.url.startswith("https://127.0.0.1:")
        monkeypatch.setenv("SSL_CERT_FILE", authority.ca)
        assert running.client().health().status == "ok"
        monkeypatch.setenv("SSL_CERT_FILE", other.ca)
        error = _said(running.url)
        assert "nobody who is trusted here has signed the server's certificate (name who has: SSL_CERT_FILE)" in str(
            error
        )
        # It is not waited for: it does not become better.
        assert not isinstance(error, UnreachableError)
        assert "(does it speak https://? else start it" in str(_said(running.url.replace("https://", "http://")))
        # Renewed by another authority, in the same files.
        fresh = other.issue("fresh")
        shutil.copy(fresh.key, pair.key)
        shutil.copy(fresh.cert, pair.cert)

        def renewed() -> bool:
            try:
                return _status(running.url) == "ok"
            except MixerError:
                return False

        until(renewed)


def test_a_client_that_speaks_tls_to_a_mixer_without_is_told_so(tmp_path: Path) -> None:
    with running_mixer(tmp_path) as running:
        error = _said(running.url.replace("http://", "https://"))
        assert "who answers there does not speak TLS" in str(error)
        assert not isinstance(error, UnreachableError)


def test_pytest_runs_over_https_with_a_private_authority(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    pair = authority.issue("server")
    people = Operators(tmp_path)
    pack = write_pack(tmp_path / "packs" / "small")
    write(pack / "scenarios" / "all.scenario.json", scenario("one"), scenario("two"))
    with running_mixer(tmp_path, api={"tls_cert": pair.cert, "tls_key": pair.key}) as running:
        running.start()
        people.url = running.url
        try:
            assert people.pytest("packs", SSL_CERT_FILE=authority.ca).wait(120) == 0, people.said("pytest")
            assert "2 of 2 done" in people.said("pytest")
            assert people.pytest("packs", SSL_CERT_FILE="").wait(120) != 0
            said = people.said("pytest")
            assert "name who has: SSL_CERT_FILE" in said
            assert "Traceback" not in said
        finally:
            people.end()


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    pair = Authority(tmp_path / "ca").issue("server")
    Path(pair.key).chmod(0o604)
    with (
        pytest.raises(UsageError, match=r"server\.key: can be read or written by others"),
        running_mixer(tmp_path, api={"tls_cert": pair.cert, "tls_key": pair.key}),
    ):
        pass


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("fleet.example", "https://fleet.example", 200),
        ("FLEET.example:443", None, 200),
        ("127.0.0.1", None, 200),
        ("127.0.0.2", None, 421),
        ("other.example", None, 421),
        ("fleet.example", "https://other.example", 403),
    ],
)
def test_behind_a_proxy_a_mixer_is_called_by_the_name_that_api_hosts_gives_it(
    tmp_path: Path, host: str, origin: str | None, status: int
) -> None:
    with running_mixer(tmp_path, api={"hosts": ("fleet.example",)}) as running:
        connection = http.client.HTTPConnection("127.0.0.1", int(running.url.rpartition(":")[2]), timeout=60)
        headers = {"Host": host, "Authorization": f"Bearer {TOKEN}", **({"Origin": origin} if origin else {})}
        connection.request("GET", "/v1/health", headers=headers)
        assert connection.getresponse().status == status
        connection.close()


def test_a_mixer_on_all_addresses_answers_to_the_address_that_was_connected_to(tmp_path: Path) -> None:
    with running_mixer(tmp_path, api={"listen": "0.0.0.0:0"}) as running:
        port = running.url.rpartition(":")[2]
        assert _status(f"http://127.0.0.2:{port}") == "ok"


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({}, []),
        ({"api": {"listen": "127.0.0.9:0"}, "snake": {"listen": "[::1]:0"}}, []),
        ({"api": {"listen": "0.0.0.0:0"}}, ["REST on 0.0.0.0:0 speaks in clear, its token too (give it"]),
        ({"api": {"listen": "0.0.0.0:0", "tls_cert": "c", "tls_key": "k"}}, []),
        ({"snake": {"listen": "10.0.0.1:4222"}}, ["the Snake on 10.0.0.1:4222 speaks in clear (give it"]),
        ({"snake": {"listen": "10.0.0.1:4222", "tls_cert": "c", "tls_key": "k"}}, []),
        ({"snake": {"url": "nats://a:4222"}}, ["the link to the NATS cluster is in clear (write tls://"]),
        ({"snake": {"url": "tls://a:4222"}}, []),
        ({"snake": {"url": "nats://127.0.0.1:4222"}}, []),
    ],
)
def test_what_others_could_read_is_said(tmp_path: Path, sections: dict[str, Any], said: list[str]) -> None:
    found = in_clear(config_of(tmp_path, **json.loads(json.dumps(sections))))
    assert len(found) == len(said)
    assert all(one.startswith(start) for one, start in zip(found, said, strict=True))
