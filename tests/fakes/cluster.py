"""NATS servers that are not the Mixer's: one, or several as a cluster, with JetStream, as somebody else runs them."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_fluxscenario.fleet.snake.server import find_program
from pytest_fluxscenario.runtimes.leash import leashed
from tests.fakes.fleet_processes import free_port


@dataclass
class Foreign:
    """The servers; ``start`` returns when all of them listen and, as a cluster, know who leads."""

    folder: Path
    size: int = 1
    #: More of each server's configuration, as its text: accounts, TLS.
    more: str = ""
    jetstream: bool = True
    _ports: list[int] = field(default_factory=list)
    _running: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return ",".join(f"nats://127.0.0.1:{port}" for port in self._ports)

    def start(self) -> None:
        self._ports, routes = [[free_port() for _ in range(self.size)] for _ in range(2)]
        for at in range(self.size):
            home = self.folder / f"n{at}"
            home.mkdir(parents=True, exist_ok=True)
            plain: dict[str, Any] = {"server_name": f"n{at}", "listen": f"127.0.0.1:{self._ports[at]}"}
            plain["max_payload"] = 9 << 20
            plain["http"] = "127.0.0.1:-1"
            if self.jetstream:
                plain["jetstream"] = {"store_dir": str(home / "js")}
            if self.size > 1:
                peers = [f"nats://127.0.0.1:{port}" for port in routes]
                plain["cluster"] = {"name": "foreign", "listen": f"127.0.0.1:{routes[at]}", "routes": peers}
            text = "\n".join(f"{name}: {json.dumps(value)}" for name, value in plain.items())
            (home / "nats.conf").write_text(f"{text}\n{self.more}\n")
            self.run(at)
        for at in range(self.size):
            self._wait(at, "Server is ready" if self.size == 1 or not self.jetstream else "metadata leader")

    def run(self, at: int) -> None:
        home = self.folder / f"n{at}"
        with (home / "log").open("ab") as log:
            # They end with this process, whatever ends it.
            command = leashed((find_program(), "-c", str(home / "nats.conf")))
            self._running[at] = subprocess.Popen(command, stdout=log, stderr=log, cwd=home)

    def kill(self, at: int) -> None:
        self._running[at].kill()
        self._running.pop(at).wait()

    def reload(self) -> None:
        for process in self._running.values():
            process.send_signal(1)

    def stop(self) -> None:
        for process in self._running.values():
            process.kill()
        for process in self._running.values():
            process.wait()
        self._running.clear()

    def _wait(self, at: int, said: str) -> None:
        log = self.folder / f"n{at}" / "log"
        for _ in range(2_400):
            text = log.read_text(errors="replace")
            if said in text and "[FTL]" not in text:
                return
            time.sleep(0.05)
        raise AssertionError(text)
