"""Two hosts with a network between them, for real: namespaces of the kernel, and a link that can break."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.certificates import Authority
from tests.fakes.operators import Operators
from tests.fakes.packs import failing, needs_hook, write, write_hook, write_pack

_SLOW = """\
import json, sys, time
call = json.loads(sys.stdin.readline())
time.sleep(0.3)
print(json.dumps({"status": "ok", "facts": {"risky": False}}))
"""
_HERE, _THERE = "10.213.77.1", "10.213.77.2"


@dataclass(frozen=True)
class Hosts:
    """Two namespaces; the one that is called ``there`` can be cut off."""

    here: str
    there: str

    def cut(self, *, off: bool) -> None:
        _ip("-n", self.there, "link", "set", "eth0", "down" if off else "up")


def _ip(*arguments: str) -> None:
    subprocess.run(("ip", *arguments), check=True, capture_output=True)


@contextmanager
def _hosts() -> Iterator[Hosts]:
    hosts = Hosts(f"flux-a-{os.getpid()}", f"flux-b-{os.getpid()}")
    try:
        _ip("netns", "add", hosts.here)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no network namespaces can be made here: {getattr(error, 'stderr', error)!r}")
    try:
        _ip("netns", "add", hosts.there)
        _ip("-n", hosts.here, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", hosts.there)
        for name, address in ((hosts.here, _HERE), (hosts.there, _THERE)):
            _ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                _ip("-n", name, "link", "set", device, "up")
        yield hosts
    finally:
        for name in (hosts.here, hosts.there):
            subprocess.run(("ip", "netns", "del", name), check=False, capture_output=True)


def _host(folder: Path, name: str) -> Operators:
    folder.mkdir()
    return Operators(folder, prefix=("ip", "netns", "exec", name))


@pytest.mark.slow
def test_a_rack_and_pytest_on_another_host_over_tls_and_a_link_that_breaks(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    with _hosts() as hosts:
        mixer, far = _host(tmp_path / "here", hosts.here), _host(tmp_path / "there", hosts.there)
        try:
            pair = authority.issue("mixer", [_HERE])
            tls = {"tls_cert": pair.cert, "tls_key": pair.key}
            said = mixer.mixer(
                api={"listen": f"{_HERE}:8090", **tls},
                snake={"listen": "0.0.0.0:4222", **tls},
                work={"ack_wait": 3},
            )
            assert not mixer.ended("mixer"), said
            assert f"https://{_HERE}:8090" in said
            assert "speaks in clear" not in said
            for name in ("joining.nk", "ca.pem"):
                source = mixer.folder / "data" / "keys" / name if name == "joining.nk" else Path(authority.ca)
                shutil.copy(source, far.folder / name)
            far.url, far.environ["SSL_CERT_FILE"] = mixer.url, str(far.folder / "ca.pem")
            snake = {"url": f"tls://{_HERE}:4222", "joining": "joining.nk", "ca": "ca.pem"}
            for name in ("one", "two"):
                far.rack(name, **snake)
            far.until(lambda: far.fluxrig("rack", "list").count(" active ") == 2)
            pack = write_hook(write_pack(far.folder / "packs" / "small"), _SLOW)
            write(pack / "scenarios" / "all.scenario.json", *[needs_hook(f"s{at:02}") for at in range(30)], failing())
            running = far.pytest("packs")
            far.until(lambda: _done(far) >= 4)
            hosts.cut(off=True)
            time.sleep(7)
            hosts.cut(off=False)
            assert running.wait(180) == 1, far.said("pytest")
            said = far.said("pytest")
            assert "31 of 31 done" in said
            assert "30 passed" in said
            for name in ("one", "two"):
                assert "Traceback" not in far.said(name)
        finally:
            far.end()
            mixer.end()
        # Nothing else was needed of the other host's files.
        assert not (far.folder / "data").exists()


def _done(people: Operators) -> int:
    """Scenarios that the racks have recorded."""
    listed = re.findall(r"^\w+\s+active\s+\S+\s+(\d+)", people.fluxrig("rack", "list"), re.MULTILINE)
    return sum(map(int, listed))
