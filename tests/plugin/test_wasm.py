"""Hooks in WebAssembly in a session (docs/hooks.md, "WebAssembly")."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from pytest_fluxscenario.cas.packing import pack_tree
from pytest_fluxscenario.cas.trees import build_tree
from tests.fakes.packs import needs_hook, write_hook
from tests.fakes.project import Project, text_of
from tests.fakes.wasm import OK, command, say

wasmtime: Any = pytest.importorskip("wasmtime")


@pytest.fixture
def hooked(project: Project) -> Project:
    """A project whose pack has a hook in WebAssembly, and a scenario that needs it."""
    write_hook(project.pack, "", kind="wasm", command=["logic/main.wasm"])
    (project.pack / "logic" / "main.wasm").write_bytes(wasmtime.wat2wasm(command(say("why", 512, 2) + say(OK))))
    project.add("a.json", needs_hook())
    return project


def test_the_module_is_asked(hooked: Project) -> None:
    (hooked.root / "small.fstpack").write_bytes(pack_tree(build_tree(str(hooked.pack), "pack")))
    for named in ("packs", "small.fstpack"):
        result = hooked.spawn(named)
        result.assert_outcomes(passed=1)
        assert "Exception ignored" not in text_of(result), "what wasmtime holds is given back before the end"
        ((call,),) = [record["result"]["hooks"]["calls"] for record in hooked.records()]
        assert (call["status"], call["runtime_kind"]) == ("ok", "wasm")
        assert call["entrypoint_hash"].startswith("sha256:")


def test_without_wasmtime_nothing_looks_green(hooked: Project) -> None:
    hooked.pytester.makeconftest("import sys\nsys.modules['wasmtime'] = None\n")
    assert "wasmtime" in sys.modules, "the other process must not have it"
    result = hooked.spawn("-rs")
    result.assert_outcomes(skipped=1)
    assert "wasmtime is not installed" in text_of(result)
    assert hooked.manifest()["verdict"] == "incomplete"
