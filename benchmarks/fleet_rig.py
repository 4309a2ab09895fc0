"""A fleet of real processes to be measured: a Mixer with its NATS server, racks, and what each of them has used.

Processor time and memory are read from ``/proc``: of each process itself and of the children that it has waited for, so
that the processes of hooks count as their rack's. Nothing is left running, however a measurement ends.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pytest_fluxscenario.remote.client import TOKEN_VARIABLE, Client
from pytest_fluxscenario.runtimes.leash import leashed

_TICK: Final = os.sysconf("SC_CLK_TCK")
#: Seconds that a part may take to begin, and to end before it is killed.
_BEGIN: Final = 60.0
_END: Final = 15.0


def processor_seconds(pid: int) -> float:
    """Of a process and the children that it has waited for, so far; 0 of one that is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    # The name of the program, in parentheses, may hold anything.
    fields = text.rpartition(")")[2].split()
    return sum(int(one) for one in fields[11:15]) / _TICK


def peak_mb(pid: int) -> float:
    """The most memory that a process has held at a time (its pages, shared ones in full)."""
    return _kilobytes(f"/proc/{pid}/status", "VmHWM:") / 1024


def proportional_mb(pid: int) -> float:
    """What a process holds now, its share of what it shares."""
    return _kilobytes(f"/proc/{pid}/smaps_rollup", "Pss:") / 1024


def _kilobytes(path: str, name: str) -> float:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((float(line.split()[1]) for line in text.splitlines() if line.startswith(name)), 0.0)


def child_of(parent: int, program: str) -> int:
    """The process of that name that ``parent`` has started. Raises LookupError."""
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            head, _, rest = Path(f"/proc/{entry}/stat").read_text(encoding="utf-8").rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if head.partition("(")[2] == program and int(rest.split()[1]) == parent:
            return int(entry)
    raise LookupError(f"{parent} has started no {program}")


@dataclass(slots=True)
class Fleet:
    """A Mixer and racks, which have said hello."""

    folder: Path
    url: str
    token: str
    #: Part to its process.
    parts: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def pids(self) -> dict[str, int]:
        """The processes by part; the NATS server is one, as ``snake``."""
        found = {name: process.pid for name, process in self.parts.items()}
        return {**found, "snake": child_of(found["mixer"], "nats-server")}

    @property
    def environ(self) -> dict[str, str]:
        """Variables of who speaks to the Mixer."""
        return {**os.environ, TOKEN_VARIABLE: self.token, "PYTHONUNBUFFERED": "1"}

    def client(self) -> Client:
        """A client of the Mixer."""
        return Client(self.url, self.token)

    def used(self) -> dict[str, float]:
        """Processor seconds by kind of part: ``mixer``, ``snake`` and ``racks``, all of them together."""
        pids = self.pids
        racks = sum(processor_seconds(pid) for name, pid in pids.items() if name not in ("mixer", "snake"))
        return {"mixer": processor_seconds(pids["mixer"]), "snake": processor_seconds(pids["snake"]), "racks": racks}

    def suspend_all_but(self, count: int) -> None:
        """Let the first ``count`` racks take work, and no other."""
        client = self.client()
        for number, rack in enumerate(client.racks()):
            wanted = "active" if number < count else "suspended"
            if rack.state != wanted:
                client.tell_rack(rack.name, "activate" if wanted == "active" else "suspend")
        client.close()


@contextmanager
def fleet(folder: Path, racks: int = 1, slots: int = 1) -> Iterator[Fleet]:
    """A fleet below ``folder``; it is ended when this is left."""
    folder.mkdir(parents=True)
    token = secrets.token_hex(32)
    mixer = {
        "store": str(folder / "store"),
        "data": str(folder / "mixer"),
        "api": {"listen": "127.0.0.1:0"},
        "snake": {"listen": "127.0.0.1:0"},
        "racks": {"auto_adopt": True},
    }
    made = Fleet(folder, "", token)
    try:
        said = _start(made, "mixer", ("pytest_fluxscenario.cli.mixer",), mixer, "Ctrl-C ends it")
        made.url, snake = said.split("mixer: ", 1)[1].split()[0], said.split("Snake ", 1)[1].split(",")[0]
        joining = str(folder / "mixer" / "keys" / "joining.nk")
        for number in range(racks):
            name = f"rack-{number + 1}"
            rack = {"name": name, "data": str(folder / name), "slots": slots}
            rack["snake"] = {"url": snake, "joining": joining}
            _start(made, name, ("pytest_fluxscenario.cli.main", "rack", "start"), rack)
        client = made.client()
        _until(lambda: client.health().racks.active == racks, f"{racks} racks are active", made)
        client.close()
        yield made
    finally:
        _end(list(made.parts.values()))


def _start(made: Fleet, name: str, command: tuple[str, ...], config: Mapping[str, object], said: str = "") -> str:
    """Start a part, and wait until it has said that; gives all that it has said."""
    path, log = made.folder / f"{name}.yaml", made.folder / f"{name}.log"
    path.write_text(json.dumps(config), encoding="utf-8")
    with log.open("wb") as errors:
        made.parts[name] = subprocess.Popen(
            # Ended with this process too, should it be killed.
            leashed((sys.executable, "-m", *command, "-c", str(path))),
            env=made.environ,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            start_new_session=True,
        )
    _until(lambda: said in log.read_text(encoding="utf-8"), f"{name} says '{said}'", made)
    return log.read_text(encoding="utf-8")


def _until(true: Callable[[], bool], what: str, made: Fleet) -> None:
    end = time.monotonic() + _BEGIN
    while not true():
        for name, process in made.parts.items():
            if process.poll() is not None:
                raise RuntimeError(f"{name} has ended: {(made.folder / f'{name}.log').read_text(encoding='utf-8')}")
        if time.monotonic() > end:
            raise TimeoutError(f"waited {_BEGIN:g} seconds until {what}")
        time.sleep(0.02)


def _end(parts: list[subprocess.Popen[bytes]]) -> None:
    # Racks first: they have nothing to wait for then.
    for process in reversed(parts):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    end = time.monotonic() + _END
    for process in reversed(parts):
        try:
            process.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
