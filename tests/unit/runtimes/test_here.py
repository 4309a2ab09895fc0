"""What hooks can run on here."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from pytest_fluxscenario.runtimes.here import runtimes_here

_WASM = ("wasm",) if find_spec("wasmtime") is not None else ()


@pytest.mark.parametrize(
    ("says", "found"),
    [
        ("echo v18.1.0", ("node",)),
        ("echo v22.5.1", ("node",)),
        ("echo v22.6.0", ("node", "typescript")),
        ("echo v24.1.0", ("node", "typescript")),
        ("echo nothing of use", ("node",)),
        ("exit 1", ("node",)),
    ],
)
def test_a_node_takes_types_from_22_6_on(tmp_path: Path, says: str, found: tuple[str, ...]) -> None:
    program = tmp_path / "node"
    program.write_text(f"#!/bin/sh\n{says}\n", encoding="utf-8")
    program.chmod(0o755)
    assert runtimes_here(str(tmp_path)) == (*found, *_WASM)


def test_a_node_that_cannot_be_started_takes_no_types(tmp_path: Path) -> None:
    program = tmp_path / "node"
    program.write_text("#!/no/such/program\n", encoding="utf-8")
    program.chmod(0o755)
    assert runtimes_here(str(tmp_path)) == ("node", *_WASM)


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    assert runtimes_here(str(tmp_path)) == _WASM
