"""A fleet of the real commands, as people start them: each a process, in one folder with a project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.fleet import TOKEN
from tests.fakes.quiet import QUIETER
from tests.fakes.waiting import PATIENCE


@dataclass
class Operators:
    """Starts Mixer, racks and pytest; ``end`` ends what still runs."""

    folder: Path
    environ: dict[str, str] = field(default_factory=lambda: {**os.environ, "FLUXRIG_API_TOKEN": TOKEN})
    #: Where REST is; ``mixer`` sets it.
    url: str = ""
    started: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    #: What puts a command on another host.
    prefix: tuple[str, ...] = ()

    def mixer(self, *, wait: bool = True, environ: dict[str, str] | None = None, **sections: Any) -> str:
        """Start a Mixer; gives what it said when it listened, or ended."""
        config = {"api": {"listen": "127.0.0.1:0"}, "racks": {"auto_adopt": True, "beat": 0.2}, **sections}
        (self.folder / "mixer.yaml").write_text(json.dumps(config))
        self._start("mixer", "pytest_fluxscenario.cli.mixer", "-c", "mixer.yaml", environ=environ)
        if wait:
            self.until(lambda: "Ctrl-C ends it" in self.said("mixer") or self.ended("mixer"))
        said = self.said("mixer")
        if "mixer: http" in said:
            self.url = said.partition("mixer: ")[2].split()[0]
        return said

    def rack(self, name: str, **snake: Any) -> None:
        """Start a rack."""
        config = {"name": name, "data": name, "slots": 2, "snake": snake}
        (self.folder / f"{name}.yaml").write_text(json.dumps(config))
        module = ("pytest_fluxscenario.cli.main", "rack", "start", "-c", f"{name}.yaml")
        self._start(name, *module)

    def pytest(self, *arguments: str, evidence: str = "evidence", **environ: str) -> subprocess.Popen[bytes]:
        """Start a session over the Mixer; what it says is in ``said("pytest")``."""
        mixer = f"--fluxscenario-mixer={self.url}"
        options = (*QUIETER, mixer, f"--fluxscenario-evidence={evidence}", *arguments)
        return self._start("pytest", "pytest", *options, environ={**self.environ, **environ})

    def fluxrig(self, *arguments: str) -> str:
        """What a command says, at once."""
        command = (*self.prefix, sys.executable, "-m", "pytest_fluxscenario.cli.main", *arguments)
        environ = {**self.environ, "FLUXRIG_API_URL": self.url}
        ended = subprocess.run(command, check=False, cwd=self.folder, env=environ, capture_output=True, text=True)
        return ended.stdout + ended.stderr

    def said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def ended(self, name: str) -> bool:
        return self.started[name].poll() is not None

    def until(self, true: Callable[[], object], wait: float = PATIENCE) -> None:
        end = time.monotonic() + wait
        while not true():
            assert time.monotonic() < end, {name: self.said(name)[-2000:] for name in self.started}
            time.sleep(0.02)

    def end(self) -> None:
        for process in self.started.values():
            process.terminate()
        for process in self.started.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, name: str, *module: str, environ: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        command = (*self.prefix, sys.executable, "-m", *module)
        with (self.folder / f"{name}.log").open("wb") as log:
            self.started[name] = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environ or self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self.started[name]
