"""A project with the pack ``small``, and the command called in it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import pytest_fluxscenario
from pytest_fluxscenario.cli.main import main
from tests.fakes.packs import write, write_pack
from tests.fakes.quiet import QUIET

_HOME = Path(pytest_fluxscenario.__file__).parent.parent
#: What an outer environment must not decide.
_LEFT_OUT = ("FLUXRIG_STORE", "NO_COLOR", "PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST", "FORCE_COLOR")


@dataclass(frozen=True)
class Rig:
    """Calls ``fluxrig`` in one folder, and runs pytest there in processes of their own."""

    root: Path
    #: In this process, which is many times as fast as one for each command.
    inside: bool = True

    @property
    def apart(self) -> Rig:
        """The same in processes of their own: for what hangs on being one."""
        return replace(self, inside=False)

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
        return {**kept, "PYTHONPATH": str(_HOME), "TERM": "xterm", **(more or {})}

    def command(self, *args: str | Path) -> list[str]:
        return [sys.executable, "-P", "-m", "pytest_fluxscenario.cli.main", *map(str, args)]

    def __call__(
        self, *args: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        if self.inside:
            return _called([str(one) for one in args], env or {}, cwd or self.root)
        return subprocess.run(
            self.command(*args),
            cwd=cwd or self.root,
            env=self.environment(env),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def json(self, *args: str | Path) -> Any:
        return json.loads(self(*args, "--json").stdout)

    def pytest(self, *args: str | Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        plugins = () if _installed() else ("-p", "pytest_fluxscenario.plugin.entry")
        quiet = (*QUIET, "-p", "no:cacheprovider", "-p", "no:rerunfailures")
        return subprocess.run(
            [sys.executable, "-P", "-m", "pytest", *plugins, *quiet, *map(str, args)],
            cwd=self.root,
            env=self.environment(env),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def add(self, name: str, *documents: Any) -> Path:
        """A scenario file of the pack."""
        return write(self.root / "packs" / "small" / "scenarios" / name, *documents)

    def evidence(self, folder: str = ".fluxscenario/evidence") -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Manifest and records."""
        manifest = json.loads((self.root / folder / "manifest.json").read_bytes())
        lines = (self.root / folder / "records.jsonl").read_bytes().splitlines()
        return manifest, [json.loads(line) for line in lines]


def _called(args: list[str], env: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """What ``main`` gives and prints, as of a process."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name in _LEFT_OUT:
            patch.delenv(name, raising=False)
        for name, value in env.items():
            patch.setenv(name, value)
        patch.chdir(cwd)
        try:
            status = main(args)
        except SystemExit as usage:
            status = int(usage.code or 0)
    said = [stream.buffer.getvalue().decode() for stream in (out, err)]
    return subprocess.CompletedProcess(args, status, *said)


def _installed() -> bool:
    from importlib.metadata import entry_points

    return any(point.name == "fluxscenario" for point in entry_points(group="pytest11"))


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """The project."""
    root = tmp_path / "project"
    write_pack(root / "packs" / "small")
    (root / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    return Rig(root)
