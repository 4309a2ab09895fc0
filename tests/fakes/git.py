"""A git repository in a temporary folder, with nothing of the settings of whoever runs the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest_fluxscenario
from tests.fakes.imports import import_file

_HOME = Path(pytest_fluxscenario.__file__).parent.parent


@dataclass
class Repository:
    """Runs git, and ``fluxrig`` as git and its hooks find it."""

    root: Path
    #: How many commits there were: each has another time.
    _commits: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        self.bin = self.root.parent / "bin"
        self.bin.mkdir(exist_ok=True)
        program = self.bin / "fluxrig"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m pytest_fluxscenario.cli.main "$@"\n')
        program.chmod(0o755)
        if not (self.root / ".git").exists():
            self.git("init", "-q", "-b", "main")

    def environment(self) -> dict[str, str]:
        """The environment of everything that is run here."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "FLUX", "PYTEST_", "XDG"))
        }
        time = f"{1_760_000_000 + self._commits} +0000"
        return kept | {
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(_HOME),
            "HOME": str(self.root.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "One",
            "GIT_AUTHOR_EMAIL": "one@example.com",
            "GIT_COMMITTER_NAME": "One",
            "GIT_COMMITTER_EMAIL": "one@example.com",
            "GIT_AUTHOR_DATE": time,
            "GIT_COMMITTER_DATE": time,
            "GIT_EDITOR": "true",
            "LC_ALL": "C.UTF-8",
        }

    def run(self, *command: str, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        """A program in the repository, or in another folder."""
        return subprocess.run(
            command,
            cwd=cwd or self.root,
            env=self.environment() | more,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def git(self, *args: str, cwd: Path | None = None) -> str:
        """A command of git that works; gives what it printed."""
        answer = self.run("git", *args, cwd=cwd)
        assert answer.returncode == 0, (args, answer.stdout, answer.stderr)
        return answer.stdout

    def fluxrig(self, *args: str, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        """``fluxrig``, whatever comes of it."""
        return self.run("fluxrig", *args, cwd=cwd, **more)

    def file(self, name: str, content: str | bytes) -> Path:
        """A file of the working tree."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def spec(self, name: str, tag: str, text: str, store: str = "store") -> None:
        """Import a spec."""
        path = self.file(f".git/{name}.yaml", text)
        import_file(str(self.root / store), "specs", str(path), name, tag)

    def commit(self, message: str = "more") -> None:
        """Commit everything that lies there; hooks are not asked."""
        self._commits += 1
        self.git("add", "-A")
        self.git("commit", "-q", "--no-verify", "-m", message)


def has_git() -> bool:
    """Whether there is a git to run."""
    return shutil.which("git") is not None
