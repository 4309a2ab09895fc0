"""What hooks can run on here, for those who give work to several machines (fleet.md, "Rack")."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from importlib.util import find_spec

from pytest_fluxscenario.runtimes.command import find_node, node_version, type_flags
from pytest_fluxscenario.runtimes.port import NODE, TYPESCRIPT, WASM


def runtimes_here(path: str) -> tuple[str, ...]:
    """Those of ``NEEDS`` that this machine has; programs are looked for on the search path ``path``.

    It starts a program, and so takes a moment.
    """
    return tuple(_found(path))


def _found(path: str) -> Iterator[str]:
    node = find_node(path)
    if node is not None:
        yield NODE
        if _takes_types(node):
            yield TYPESCRIPT
    if find_spec("wasmtime") is not None:
        yield WASM


def _takes_types(node: str) -> bool:
    try:
        return type_flags(node_version(node)) is not None
    except (OSError, subprocess.SubprocessError):
        return False
