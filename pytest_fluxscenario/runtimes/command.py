"""From the command of a pack to a program of this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import Final

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.runtimes.code import PackCode
from pytest_fluxscenario.runtimes.port import NODE, TYPESCRIPT, HookUnavailable, RuntimeMissing

_PYTHON: Final = ("python3", "python")
_TYPES: Final = (".ts", ".mts", ".cts")
_STRIP: Final = "--experimental-strip-types"
#: Not ``-I``, which would ignore the seed: with the allowlist of the environment these say the same and more.
_PYTHON_VARIABLES: Final = {
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
    "PYTHONUTF8": "1",
}


@dataclass(frozen=True, slots=True)
class Program:
    """What is started."""

    #: The first is a path; the others are as the pack wrote them.
    arguments: tuple[str, ...]
    #: Variables that the interpreter takes.
    variables: dict[str, str]
    #: Whether a bound on its address space leaves it able to start.
    bounded: bool


def python_program(code: PackCode, folder: str) -> Program:
    """A ``python_stdio`` command: ``python3`` and ``python`` mean this interpreter.

    Raises HookUnavailable for a program that is not there or cannot be run.
    """
    first, *rest = code.runtime.command
    path = sys.executable if first in _PYTHON and sys.executable else _find(code, first, folder)
    return Program((path, *rest), dict(_PYTHON_VARIABLES), True)


def node_program(code: PackCode, folder: str) -> Program:
    """A ``js_ts_stdio`` command: ``node`` is the one on PATH.

    Raises RuntimeMissing where there is none, or one that is too old for TypeScript; HookUnavailable as above.
    """
    first, *rest = code.runtime.command
    if first != NODE:
        return Program((_find(code, first, folder), *rest), {}, False)
    path = find_node(code.settings.path)
    if path is None:
        message = "the hooks of this pack run on Node.js, and there is no 'node' on PATH"
        lacks = RuntimeMissing.of("hook.runtime-missing", code.place, message, "install it, or put it on PATH")
        raise lacks.of_need(NODE)
    flags = _type_flags(code, path) if any(part.endswith(_TYPES) for part in rest) else ()
    return Program((path, *flags, *rest), {}, False)


def find_node(path: str) -> str | None:
    """The ``node`` on a search path."""
    return shutil.which(NODE, path=path)


def node_version(node: str) -> str:
    """What a node says of its version."""
    said = subprocess.run([node, "--version"], capture_output=True, timeout=30, check=False).stdout
    return said.decode("utf-8", "replace")


def type_flags(said: str) -> tuple[str, ...] | None:
    """What makes a node of that version take types away: from 22.18 and 23.6 on it does by itself. None: it cannot."""
    found = re.match(r"v([0-9]{1,4})\.([0-9]{1,4})\.", said)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    if version >= (23, 6) or (22, 18) <= version < (23, 0):
        return ()
    return (_STRIP,) if version >= (22, 6) else None


def _type_flags(code: PackCode, path: str) -> tuple[str, ...]:
    said = node_version(path)
    flags = type_flags(said)
    if flags is not None:
        return flags
    message = f"the hooks of this pack are TypeScript, which the node on PATH ({shown(said.strip(), 40)}) does not run"
    lacks = RuntimeMissing.of("hook.runtime-missing", code.place, message, "use node 22.6 or newer")
    raise lacks.of_need(TYPESCRIPT)


def _find(code: PackCode, first: str, folder: str) -> str:
    if "/" not in first:
        found = shutil.which(first, path=code.settings.path)
        if found is not None:
            return os.path.abspath(found)
        message = f"the command '{shown(first, 80)}' of the hooks is not on PATH"
        raise HookUnavailable.of("hook.command-missing", code.place, message, "install it, or name another one")
    path = os.path.normpath(os.path.join(folder, first))
    inside = os.path.relpath(path, folder).replace(os.sep, "/")
    if inside not in code.digests:
        message = f"the command '{shown(first, 80)}' of the hooks is no file of the pack's logic"
        raise HookUnavailable.of("hook.command-missing", code.place, message, "put it into logic/")
    if not os.access(path, os.X_OK):
        message = f"the command '{shown(first, 80)}' of the hooks may not be executed"
        raise HookUnavailable.of("hook.not-executable", code.place, message, "chmod +x, or name its interpreter")
    return path
