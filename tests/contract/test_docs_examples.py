"""The examples of the documentation: files that it shows are written, scenarios run, commands give what it says.

Each document is a story of its own in a fresh project, told from top to bottom. A block of YAML, Python or ini whose
first line is ``# some/file.ext`` is that file. YAML or JSON that begins with ``id`` is a scenario and has to pass. In a
console block what follows ``$`` is run, and what follows that has come back, where ``…`` stands for anything. Blocks of
``sh`` are not run, but their commands have to exist.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

import pytest_fluxscenario
from pytest_fluxscenario.cli.main import _parser
from pytest_fluxscenario.cli.store import merge
from pytest_fluxscenario.control.engine import Engine
from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.control.rules import make_rules
from pytest_fluxscenario.model.request import Approval, Environment, Given, Request
from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.load import load_pack
from pytest_fluxscenario.runtimes.none import NoHooks
from tests.fakes.quiet import QUIET

_ROOT = Path(__file__).resolve().parents[2]
_BUNDLED = _ROOT / "scenarios" / "local_patch_review"
_DOCUMENTS = ("README.md", *sorted(path.relative_to(_ROOT).as_posix() for path in (_ROOT / "docs").glob("*.md")))
_FENCE = re.compile(r"^```(?P<language>[a-z]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (?P<name>[\w./-]+\.(?:yaml|py|ini))\n")
_MARK = "-- command --"
#: Written by hand into docs/faults.md to be wrong.
_BROKEN = "broken.scenario.yaml"


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    where: str
    language: str
    text: str

    @property
    def file(self) -> str | None:
        found = _FILE.match(self.text)
        return found["name"] if found else None

    @property
    def is_scenario(self) -> bool:
        first = next((line for line in self.text.splitlines() if not line.startswith("#")), "")
        return first.startswith("id:") if self.language == "yaml" else '"steps"' in self.text


def _blocks(document: str) -> list[Block]:
    text = (_ROOT / document).read_text(encoding="utf-8")
    return [
        Block(f"{document}:{text.count(chr(10), 0, found.start()) + 1}", found["language"], found["text"])
        for found in _FENCE.finditer(text)
    ]


class Story:
    """The project in which the examples of one document happen."""

    def __init__(self, root: Path, gate_url: str) -> None:
        self.root = root
        programs = root.parent / "bin"
        programs.mkdir()
        quiet = " ".join((*QUIET, "-p no:cacheprovider -p no:rerunfailures"))
        # The interpreter, too: another python3 on PATH has not what this one has.
        for name, how in (
            ("pytest", f"-P -m pytest {quiet}"),
            ("fluxrig", "-P -m pytest_fluxscenario.cli.main"),
            ("python3", ""),
        ):
            script = programs / name
            script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {how} "$@"\n', encoding="utf-8")
            script.chmod(script.stat().st_mode | stat.S_IXUSR)
        dropped = ("FLUXRIG_STORE", "PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST", "CI", "GITHUB_ACTIONS", "FORCE_COLOR")
        self._environment = {name: value for name, value in os.environ.items() if name not in dropped} | {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(Path(pytest_fluxscenario.__file__).parent.parent),
            "COLUMNS": "80",
            "LC_ALL": "C.UTF-8",
            "GATE_URL": gate_url,
        }
        root.mkdir()
        (root / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        shutil.copytree(_BUNDLED, root / "scenarios" / _BUNDLED.name, ignore=shutil.ignore_patterns("__pycache__"))
        for block in _blocks("docs/pack.md"):
            if block.file is not None:
                self.write(block.file, block.text)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def shell(self, script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", script],
            cwd=self.root,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
            timeout=120,
        )

    def passes(self, block: Block, number: int) -> None:
        """Run a scenario where its conftest.py, if it has one, has a say."""
        path = self.root / (block.file or f"example-{number}.scenario.{block.language}")
        if block.file is None:
            self.write(path.name, block.text)
        parents = path.relative_to(self.root).parents
        by_pytest = any((self.root / parent / "conftest.py").exists() for parent in parents)
        command = "pytest -q" if by_pytest else "fluxrig scenario run --evidence off"
        answer = self.shell(f"{command} {shlex.quote(str(path))}")
        assert answer.returncode == 0, f"{block.where}: {answer.stdout}"

    def comes_back(self, block: Block) -> None:
        """Run the commands of a console block, and hold what they print against what it shows."""
        told = [_lines(part) for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]]
        commands = [lines[0] for lines in told]
        script = "\n".join(f"echo '{_MARK}'\n{command}" for command in commands)
        printed = self.shell(script).stdout.split(f"{_MARK}\n")[1:]
        assert len(printed) == len(commands), block.where
        for (command, *expected), actual in zip(told, printed, strict=True):
            if expected:
                found = re.fullmatch(_pattern(expected), _normalised(actual) + "\n", re.DOTALL)
                assert found, f"{block.where}: {command}\n--- shown\n{chr(10).join(expected)}\n--- printed\n{actual}"


def _lines(text: str) -> list[str]:
    return text.rstrip("\n").split("\n")


def _normalised(text: str) -> str:
    """What differs from run to run, or with the width of a terminal, made alike."""
    text = re.sub(r"[0-9a-f]{12,64}", "H", text)
    text = re.sub(r"\d+\.\d+ ?s\b", "T", text)
    text = re.sub(r"([=_-])\1{2,}", r"\1", text)
    return "\n".join(re.sub(r"\s+", " ", line).strip() for line in _lines(text))


def _pattern(lines: list[str]) -> str:
    """A pattern of the lines of a document: ``…`` is anything in a line, or alone any lines."""
    parts = []
    for line in lines:
        if line.strip() == "…":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append("[^\n]*".join(re.escape(part) for part in _normalised(line).split("…")) + "\n")
    return "".join(parts)


class _Gate(BaseHTTPRequestHandler):
    """The service that the control of the README asks: an engine on the bundled pack."""

    control: EngineControl

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer: Any = None
        if self.path == "/begin":
            type(self).control = _engine()
            self.control.begin("run-1", msgspec.convert(body["given"], Given))
        elif self.path == "/decide":
            answer = msgspec.to_builtins(self.control.decide(msgspec.convert(body, Request)))
        else:
            self.control.approve("run-1", msgspec.convert(body, Approval))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


def _engine() -> EngineControl:
    pack = load_pack(FolderFiles(str(_BUNDLED), "gate"))
    requires = pack.manifest.requires
    rules = make_rules(pack.profile, pack.profile_hash, pack.manifest, pack.hooks)
    return EngineControl(Engine(rules, Environment(requires.capabilities, requires.connectors), NoHooks("gate")))


@pytest.fixture
def gate_url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Gate)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def story(tmp_path: Path, gate_url: str) -> Story:
    return Story(tmp_path / "project", gate_url)


@pytest.mark.parametrize("document", _DOCUMENTS)
def test_the_story_of_a_document_holds(document: str, story: Story) -> None:
    for number, block in enumerate(_blocks(document)):
        if block.file is not None:
            story.write(block.file, block.text)
        if block.is_scenario and block.file != _BROKEN:
            story.passes(block, number)
        elif block.language == "console":
            story.comes_back(block)


def test_the_control_of_the_readme_is_asked(story: Story) -> None:
    blocks = {block.file: block for block in _blocks("README.md") if block.file}
    story.write("service/conftest.py", blocks["service/conftest.py"].text)
    story.write("service/untested.scenario.yaml", blocks["untested.scenario.yaml"].text)
    for name in ("approval_required.scenario.yaml", "happy_path.scenario.json"):
        story.write(f"service/{name}", (_BUNDLED / "scenarios" / name).read_text(encoding="utf-8"))
    answer = story.shell("pytest -q service; GATE_URL=http://127.0.0.1:9 pytest -q service")
    assert "3 passed" in answer.stdout, answer.stdout
    assert "3 failed" in answer.stdout, answer.stdout
    assert "the control raised URLError" in answer.stdout


@pytest.mark.parametrize("document", _DOCUMENTS)
def test_commands_that_are_not_run_exist(document: str) -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (_ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert phony
    for block in _blocks(document):
        for line in _lines(block.text) if block.language == "sh" else ():
            program, *arguments = shlex.split(line, comments=True)
            if program == "make":
                assert set(arguments) <= set(phony[1].split()), block.where
            elif program == "fluxrig":
                _parser(arguments).parse_args(arguments)
            elif program == "git":
                # Its tests have git run it.
                assert line == merge.EXAMPLE, block.where
            else:
                assert line == "pip install pytest-fluxscenario", block.where


def test_every_language_of_a_block_is_one_that_is_looked_at() -> None:
    known = {"", "console", "sh", "json", "yaml", "python", "ini"}
    assert [block.where for name in _DOCUMENTS for block in _blocks(name) if block.language not in known] == []


def test_no_example_is_passed_over() -> None:
    """YAML is a file or a scenario, Python and ini are files, JSON is a scenario."""
    for block in (block for name in _DOCUMENTS for block in _blocks(name)):
        if block.language in {"yaml", "json"}:
            assert block.file or block.is_scenario, block.where
            assert yaml.safe_load(block.text), block.where
        elif block.language in {"python", "ini"}:
            assert block.file, block.where


def test_the_comparison_notices_a_difference() -> None:
    printed = "a  1\nsha256:0123456789abcdef done in 0.25 s\nlast\n"
    alike = (["a 1", "sha256:… done in 0.10 s", "last"], ["…", "last"], ["a 1", "…"], ["a …", "…", "last"])
    other = (["a 2", "…"], ["…", "more"], ["a 1", "last"], ["a 1", "sha256:… gone in 0.10 s", "last"], ["a 1"])
    assert all(re.fullmatch(_pattern(lines), _normalised(printed) + "\n", re.DOTALL) for lines in alike)
    assert not any(re.fullmatch(_pattern(lines), _normalised(printed) + "\n", re.DOTALL) for lines in other)
