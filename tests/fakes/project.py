"""A project in a temporary folder: runs of pytest in it, and what they leave."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.fakes.packs import write, write_pack
from tests.fakes.quiet import QUIET


@dataclass
class Project:
    """Wraps pytester."""

    pytester: pytest.Pytester

    def __post_init__(self) -> None:
        self.root = self.pytester.path
        self.pack = write_pack(self.root / "packs" / "small")
        self.ini()

    def ini(self, *lines: str) -> None:
        """The ini file, with further lines."""
        self.pytester.makeini("\n".join(("[pytest]", *lines)))

    def add(self, name: str, *documents: Any) -> Path:
        """A scenario file of the pack: ``name`` is below its ``scenarios`` folder."""
        return write(self.pack / "scenarios" / name, *documents)

    def text(self, name: str, text: str) -> Path:
        """A file below the root, as it is written here."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *args: str | Path) -> pytest.RunResult:
        """A run in this process."""
        return self.pytester.runpytest_inprocess(*QUIET, *args)

    def spawn(self, *args: str | Path) -> pytest.RunResult:
        """A run in a process of its own."""
        return self.pytester.runpytest_subprocess(*QUIET, *args)

    def run_with(self, plugin_args: tuple[str, ...], *args: str | Path) -> pytest.RunResult:
        """A run with or without workers, in this process where there are none."""
        run = self.spawn if "-n2" in plugin_args else self.run
        return run(*plugin_args, *args)

    @property
    def evidence(self) -> Path:
        """Where evidence lies by default."""
        return self.root / ".fluxscenario" / "evidence"

    def manifest(self, folder: Path | None = None) -> dict[str, Any]:
        """The manifest of the last run."""
        data: dict[str, Any] = json.loads(((folder or self.evidence) / "manifest.json").read_text(encoding="utf-8"))
        return data

    def records(self, folder: Path | None = None) -> list[dict[str, Any]]:
        """The records of the last run, in their order."""
        lines = ((folder or self.evidence) / "records.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def outcomes(self, folder: Path | None = None) -> dict[str, str]:
        """What the manifest says became of each scenario, by the name of its item."""
        return {one["id"].split("::")[1]: one["outcome"] for one in self.manifest(folder)["scenarios"]}


def text_of(result: pytest.RunResult) -> str:
    """Everything that a run printed."""
    return result.stdout.str() + "\n" + result.stderr.str()


def junit_of(project: Project) -> ET.Element:
    """The root of the run's JUnit file."""
    return ET.parse(project.root / "junit.xml").getroot()  # noqa: S314 - this run wrote it
