"""Packs whose hooks are programs that a test writes, and what they leave on the machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.load import load_pack
from pytest_fluxscenario.runtimes.code import HookSettings
from pytest_fluxscenario.runtimes.make import Runtimes
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome, HookRuntime
from tests.fakes.packs import write_hook, write_pack

CALL = HookCall("assess", "run-1", "small", "1.0.0", None, {"what": "a patch"})
#: Reads its line, and answers with the facts of ``facts``.
ANSWER = "import json, sys\ncall = json.loads(sys.stdin.readline())\n"


def answering(facts: str) -> str:
    """The program of a hook whose facts are the Python expression ``facts``, in which ``call`` is the call."""
    return f'{ANSWER}print(json.dumps({{"status": "ok", "facts": {facts}}}))\n'


@contextmanager
def hook(folder: Path, logic: str, *, settings: HookSettings | None = None, **runtime: Any) -> Iterator[HookRuntime]:
    """The runtime of a pack whose hook is the program ``logic``."""
    if not (folder / "profile.yaml").exists():
        write_pack(folder)
    write_hook(folder, logic, **runtime)
    runtimes = Runtimes(settings or HookSettings.of(os.environ))
    try:
        yield runtimes.of(load_pack(FolderFiles(str(folder), "packs/small")))
    finally:
        runtimes.close()


def once(folder: Path, logic: str, call: HookCall = CALL, **more: Any) -> HookOutcome:
    """The outcome of one call."""
    with hook(folder, logic, **more) as runtime:
        return runtime.call(call)


def descendants() -> set[int]:
    """All processes that this one has started, and those that they have; ended ones that nobody waited for too."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                parents[int(name)] = int(Path(f"/proc/{name}/stat").read_bytes().rpartition(b")")[2].split()[1])
            except OSError:
                continue
    found = {os.getpid()}
    while True:
        more = {number for number, parent in parents.items() if parent in found} - found
        if not more:
            return found - {os.getpid()}
        found |= more


def inside(folder: Path) -> set[int]:
    """The processes that stand in ``folder`` or below, wherever they are in the tree and whatever they have cleared.

    Every process of a hook begins in the folder of its pack.
    """
    found = set()
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                where = os.readlink(f"/proc/{name}/cwd")
            except OSError:
                continue
            if where.startswith(f"{folder}/"):
                found.add(int(name))
    return found


def carrying(mark: str) -> list[int]:
    """The processes with ``mark`` in their command line or environment, wherever they stand in the tree."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                text = b"".join(Path(f"/proc/{name}/{part}").read_bytes() for part in ("cmdline", "environ"))
            except OSError:
                continue
            if mark.encode() in text:
                found.append(int(name))
    return found


def descriptors() -> set[str]:
    """The open descriptors of this process, and what they are."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add(f"{name} {os.readlink(f'/proc/self/fd/{name}')}")
        except OSError:
            continue
    return found


def work_folders(temporary: Path) -> list[str]:
    """The folders of hooks that are left in a temporary folder."""
    return sorted(path.name for path in temporary.glob("fluxscenario-*"))
