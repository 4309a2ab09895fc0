"""Hooks on Node.js (``js_ts_stdio``), as it is found on the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pytest_fluxscenario.runtimes.code import HookSettings
from pytest_fluxscenario.runtimes.port import HookUnavailable, RuntimeMissing
from tests.fakes.hooks import CALL, hook, once

_NODE = shutil.which("node")
_needs_node = pytest.mark.skipif(_NODE is None, reason="there is no node on PATH")
_JS = """\
const line = require('fs').readFileSync(0, 'utf8').split('\\n')[0];
const call = JSON.parse(line);
console.log(JSON.stringify({status: 'ok', facts: {hook: call.hook_id, home: process.env.HOME.length > 0}}));
"""
_TS = "const facts: Record<string, boolean> = {typed: true};\nconsole.log(JSON.stringify({status: 'ok', facts}));\n"


def _write(folder: Path, name: str, text: str) -> None:
    (folder / "logic").mkdir(parents=True, exist_ok=True)
    (folder / "logic" / name).write_text(text)


def _fake_node(folder: Path, version: str) -> HookSettings:
    """A program that says that it is node of some version, and tells what it was given."""
    folder.mkdir()
    script = f'#!/bin/sh\n[ "$1" = --version ] && echo {version} && exit\n'
    script += 'echo \'{"status": "ok", "facts": {"arguments": "\'$*\'"}}\'\n'
    (folder / "node").write_text(script)
    (folder / "node").chmod(0o755)
    return HookSettings(path=f"{folder}{os.pathsep}{os.environ['PATH']}")


@_needs_node
def test_javascript_runs(tmp_path: Path) -> None:
    _write(tmp_path, "main.js", _JS)
    with hook(tmp_path, "", kind="js_ts_stdio", command=["node", "logic/main.js"]) as runtime:
        found = runtime.call(CALL)
        assert runtime.call(CALL) == found
    assert found.result == {"status": "ok", "facts": {"hook": "assess", "home": True}}
    assert (found.runtime_kind, found.errors) == ("js_ts_stdio", "")


@_needs_node
def test_a_node_that_is_kept_answers_every_call(tmp_path: Path) -> None:
    loop = "let calls = 0;\nrequire('readline').createInterface({input: process.stdin}).on('line', () => {\n"
    loop += "  console.log(JSON.stringify({status: 'ok', facts: {calls: ++calls}}));\n});\n"
    _write(tmp_path, "main.js", loop)
    command = ["node", "logic/main.js"]
    with hook(tmp_path, "", kind="js_ts_stdio", command=command, lifetime="session") as runtime:
        assert [runtime.call(CALL).result for _ in range(3)] == [
            {"status": "ok", "facts": {"calls": number}} for number in (1, 2, 3)
        ]


@_needs_node
def test_a_hog_of_memory_ends(tmp_path: Path) -> None:
    _write(tmp_path, "main.js", f"new Uint8Array(1.5 * 2 ** 30);\n{_JS}")
    found = once(tmp_path, "", kind="js_ts_stdio", command=["node", "logic/main.js"], timeout_ms=20_000)
    assert found.status == "crash"


@_needs_node
def test_typescript_runs_where_node_can(tmp_path: Path) -> None:
    said = subprocess.check_output([str(_NODE), "--version"], text=True)
    version = tuple(int(part) for part in said.strip().lstrip("v").split(".")[:2])
    _write(tmp_path, "main.ts", _TS)
    if version >= (22, 6):
        found = once(tmp_path, "", kind="js_ts_stdio", command=["node", "logic/main.ts"])
        assert found.result == {"status": "ok", "facts": {"typed": True}}
    else:
        with pytest.raises(RuntimeMissing, match="TypeScript"):
            once(tmp_path, "", kind="js_ts_stdio", command=["node", "logic/main.ts"])


@pytest.mark.parametrize(
    ("version", "arguments"),
    [
        ("v22.6.0", "--experimental-strip-types logic/main.ts"),
        ("v22.17.1", "--experimental-strip-types logic/main.ts"),
        ("v22.18.0", "logic/main.ts"),
        ("v23.5.0", "--experimental-strip-types logic/main.ts"),
        ("v23.6.0", "logic/main.ts"),
        ("v25.1.0", "logic/main.ts"),
    ],
)
def test_the_flag_for_types_is_given_where_it_is_needed(tmp_path: Path, version: str, arguments: str) -> None:
    _write(tmp_path / "pack", "main.ts", _TS)
    settings = _fake_node(tmp_path / "bin", version)
    found = once(tmp_path / "pack", "", settings=settings, kind="js_ts_stdio", command=["node", "logic/main.ts"])
    assert found.result == {"status": "ok", "facts": {"arguments": arguments}}


@pytest.mark.parametrize("version", ["v20.20.2", "v22.5.9", "v8.0.0", "nonsense"])
def test_a_node_without_types_is_told_with_its_version(tmp_path: Path, version: str) -> None:
    _write(tmp_path / "pack", "main.ts", _TS)
    settings = _fake_node(tmp_path / "bin", version)
    with pytest.raises(RuntimeMissing) as caught:
        once(tmp_path / "pack", "", settings=settings, kind="js_ts_stdio", command=["node", "logic/main.ts"])
    assert str(caught.value) == (
        "packs/small/hooks.yaml: the hooks of this pack are TypeScript, which the node on PATH"
        f" ({version}) does not run (use node 22.6 or newer)"
    )


def test_no_node_is_a_missing_runtime_and_another_program_is_not(tmp_path: Path) -> None:
    nowhere = HookSettings(path=str(tmp_path))
    with pytest.raises(RuntimeMissing, match="there is no 'node' on PATH"):
        once(tmp_path, "", settings=nowhere, kind="js_ts_stdio", command=["node", "logic/main.py"])
    with pytest.raises(HookUnavailable, match="the command 'deno' of the hooks is not on PATH") as caught:
        once(tmp_path, "", settings=nowhere, kind="js_ts_stdio", command=["deno", "logic/main.py"])
    assert not isinstance(caught.value, RuntimeMissing)
