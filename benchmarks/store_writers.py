"""Thirty-two processes that import into one name at once, and one that does the same work alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from pytest_fluxscenario.cas.checking import check_store
from pytest_fluxscenario.cas.store import open_store

_PROCESSES, _IMPORTS = 32, 100

#: Says that it is ready, waits for a line, imports.
_WRITER = """\
import sys
from pathlib import Path
from pytest_fluxscenario.cas.importing import file_all, read_file

folder, worker, count = sys.argv[1:]
path = Path(folder, f"{worker}.yaml")
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(count)):
    path.write_text(f"worker: {worker}\\nnumber: {number}\\n")
    [filed] = file_all(str(Path(folder, "store")), [read_file("specs", str(path), "shared")], 600)
    print(filed.tag, flush=True)
"""


def measure(folder: Path) -> None:
    """Many, then one."""
    for processes, imports in ((_PROCESSES, _IMPORTS), (1, _PROCESSES * _IMPORTS)):
        inside = folder / str(processes)
        inside.mkdir()
        wall, tags = _write(inside, processes, imports)
        count = processes * imports
        store = open_store(str(inside / "store"))
        held = dict(store.index.names["specs"]["shared"]) if store else {}
        checked = check_store(str(inside / "store"))
        # A title that a reader could not read, or a version that is lost, is no figure.
        if len(set(tags)) != count or set(tags) != set(held) or checked is None or checked.problems:
            raise RuntimeError(checked)
        print(f"{processes} processes x {imports} imports: {wall * 1000 / count:.2f} ms each, {len(held)} versions")


def _write(folder: Path, processes: int, imports: int) -> tuple[float, list[str]]:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    writers = [
        subprocess.Popen(
            [sys.executable, "-P", "-c", _WRITER, str(folder), str(number), str(imports)],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(processes)
    ]
    for writer in writers:
        if writer.stdout is None or writer.stdout.readline() != "ready\n":
            raise RuntimeError(writer.args)
    os.sync()
    begin = time.perf_counter()
    for writer in writers:
        if writer.stdin is not None:
            writer.stdin.write("\n")
            writer.stdin.flush()
    said = [writer.communicate()[0] for writer in writers]
    wall = time.perf_counter() - begin
    return wall, [line for out in said for line in out.split()]
