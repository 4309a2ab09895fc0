"""A fleet of real processes: a Mixer with its NATS server, and racks; each of them may be killed and started again."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pytest_fluxscenario.remote.client import Client, MixerError, patiently
from tests.fakes.waiting import PATIENCE, until

TOKEN = "a-token-of-the-tests"
_T = TypeVar("_T")


@dataclass
class Fleet:
    """Everything below one folder."""

    root: Path
    #: Fields of the Mixer's configuration, by section.
    more: dict[str, Any] = field(default_factory=dict)
    racks: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    mixer: subprocess.Popen[bytes] | None = None
    client: Client = field(init=False)

    def __post_init__(self) -> None:
        self.api, self.nats = free_port(), free_port()
        self.client = Client(f"http://127.0.0.1:{self.api}", TOKEN)
        config: dict[str, Any] = {
            "store": str(self.root / "store"),
            "data": str(self.data),
            "api": {"listen": f"127.0.0.1:{self.api}"},
            "snake": {"listen": f"127.0.0.1:{self.nats}"},
            "racks": {"auto_adopt": True, "beat": 0.2, "offline_after": 3},
            "work": {"ack_wait": 1.5, "tries": 100},
        }
        for section, fields in self.more.items():
            config[section] = {**config.get(section, {}), **fields}
        (self.root / "mixer.yaml").write_text(json.dumps(config))

    @property
    def data(self) -> Path:
        """The Mixer's folder."""
        return self.root / "data"

    def start_mixer(self) -> None:
        """Start the Mixer, or start it again, and return when it answers."""
        with (self.root / "mixer.log").open("ab") as log:
            command = [sys.executable, "-m", "pytest_fluxscenario.cli.mixer", "-c", str(self.root / "mixer.yaml")]
            environ = {**os.environ, "FLUXRIG_API_TOKEN": TOKEN}
            self.mixer = subprocess.Popen(
                command, cwd=self.root, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until(self._answers)

    def _answers(self) -> bool:
        assert self.mixer is not None
        assert self.mixer.poll() is None, self.log("mixer")
        try:
            return self.client.health().status == "ok"
        except MixerError:
            self.client.close()
            return False

    def kill_mixer(self) -> None:
        """Kill the Mixer; its NATS server ends with it."""
        assert self.mixer is not None
        self.mixer.kill()
        self.mixer.wait()

    def kill_broker(self) -> None:
        """Kill the NATS server, which the Mixer starts again."""
        for ports in (self.data / "nats").glob("*.ports"):
            try:
                os.kill(int(ports.stem.rpartition("_")[2]), signal.SIGKILL)
            except ProcessLookupError:
                # It has ended, and the next one has not said yet where it is.
                continue

    def start_rack(self, name: str, **more: Any) -> None:
        """Start a rack, or start it again."""
        snake = {
            "url": more.pop("url", f"nats://127.0.0.1:{self.nats}"),
            "joining": str(self.data / "keys" / "joining.nk"),
        }
        path = self.root / f"{name}.yaml"
        path.write_text(json.dumps({"name": name, "data": str(self.root / name), "slots": 2, "snake": snake, **more}))
        with (self.root / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", "pytest_fluxscenario.cli.main", "rack", "start", "-c", str(path)]
            self.racks[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def kill_rack(self, name: str) -> None:
        """Kill a rack."""
        self.racks[name].kill()
        self.racks[name].wait()

    def log(self, name: str) -> str:
        """What a rack or the Mixer has said."""
        return (self.root / f"{name}.log").read_text(errors="replace")

    def ask(self, what: Callable[[], _T]) -> _T:
        """What a Mixer answers; one that is started again meanwhile is waited for."""
        return patiently(self.client, PATIENCE, what)

    def done(self, run: str) -> int:
        """How many scenarios of a run are accounted for."""
        return self.ask(lambda: self.client.run(run)).done

    def active(self) -> set[str]:
        """The racks that are there."""
        return {rack.name for rack in self.ask(self.client.racks) if rack.state == "active"}

    def end(self) -> None:
        """Whatever runs still."""
        self.client.close()
        for rack in self.racks.values():
            rack.send_signal(signal.SIGCONT)
            rack.kill()
            rack.wait()
        if self.mixer is not None:
            self.mixer.terminate()
            try:
                self.mixer.wait(20)
            except subprocess.TimeoutExpired:
                self.mixer.kill()
                self.mixer.wait()


@contextmanager
def fleet_of(root: Path, *racks: str, **more: Any) -> Iterator[Fleet]:
    """A Mixer that runs, and racks that are started; all of it ends."""
    root.mkdir(parents=True, exist_ok=True)
    fleet = Fleet(root, more)
    try:
        fleet.start_mixer()
        for name in racks:
            fleet.start_rack(name)
        until(lambda: fleet.active() >= set(racks))
        yield fleet
    finally:
        fleet.end()


def free_port() -> int:
    """A port that nobody listens on now, that no connection is given by chance, and no other process of tests."""
    for port in range(20_000, 32_000):
        if not _is_mine(port):
            continue
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise AssertionError("no port is free")


def _is_mine(port: int) -> bool:
    """Whether it was given to nobody yet: a name that the kernel keeps for this process, for as long as that lasts."""
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind(f"\0fluxscenario tests {port}")
    except OSError:
        mark.close()
        return False
    mark.detach()
    return True
