"""The figures of the store: ``python -m benchmarks.store [FOLDER]``; about a minute.

Each is told as wall time and as the processor's time of this process, for a machine that others use too. The folder
decides what a sync costs: name one on the disk that is of interest, or one in memory.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from pytest_fluxscenario.cas.checking import check_store
from pytest_fluxscenario.cas.importing import import_file
from pytest_fluxscenario.cas.index import Index
from pytest_fluxscenario.cas.sums import add_to_sums

_ROUNDS = 7
_BLOBS = _TAGS = 10_000


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000


def _tell(what: str, times: list[tuple[float, float]]) -> float:
    wall, cpu = median(one for one, _ in times), median(one for _, one in times)
    print(f"{what:<52} {wall:9.1f} ms wall {cpu:9.1f} ms processor")
    return cpu


def _fill(store: Path) -> None:
    """Blobs of 4 KB, each with a tag."""
    tags = {}
    for number in range(_BLOBS):
        data = f"{number:08}".encode() * 512
        digest = hashlib.sha256(data).hexdigest()
        (store / "blobs" / digest[:2]).mkdir(parents=True, exist_ok=True)
        (store / "blobs" / digest[:2] / digest).write_bytes(data)
        tags[f"v0.{number}.0"] = digest
    index = Index({"specs": {"thing": tags}})
    (store / "index.json").write_bytes(index.to_bytes())
    (store / ".gitattributes").write_bytes(b"* -text\n")
    add_to_sums(str(store), index, ())


def _plain(store: Path) -> None:
    """What a check cannot do without: read every blob, and hash it."""
    blobs = str(store / "blobs")
    for shard in os.listdir(blobs):
        for name in os.listdir(f"{blobs}/{shard}"):
            with open(f"{blobs}/{shard}/{name}", "rb") as file:
                if hashlib.sha256(file.read()).hexdigest() != name:
                    raise ValueError(name)


def main(folder: str | None = None) -> None:
    """Measure, and print a line for each figure."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        store = Path(made) / "store"
        _fill(store)
        plain = _tell(f"read and hash {_BLOBS} blobs of 4 KB", [_timed(lambda: _plain(store)) for _ in range(_ROUNDS)])
        checks = [_timed(lambda: check_store(str(store))) for _ in range(_ROUNDS)]
        check = _tell(f"check of {_BLOBS} blobs with a tag each", checks)
        print(f"{'':<52} {check / plain:9.2f} times reading and hashing")
        document = Path(made) / "thing.yaml"
        times = []
        for number in range(_ROUNDS):
            document.write_text(f"number: {number}\n", encoding="utf-8")
            times.append(_timed(lambda: import_file(str(store), "specs", str(document), "thing")))
        _tell(f"import into an index of {_TAGS} tags", times)


if __name__ == "__main__":
    main(*sys.argv[1:2])
