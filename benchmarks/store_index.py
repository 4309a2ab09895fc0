"""An index of ten thousand tags: one import more, and the check of it all."""

from __future__ import annotations

import hashlib
import itertools
import os
from pathlib import Path

from benchmarks.timing import rounds, tell
from pytest_fluxscenario.cas.checking import check_store
from pytest_fluxscenario.cas.importing import file_all, read_file
from pytest_fluxscenario.cas.index import Index
from pytest_fluxscenario.cas.sums import add_to_sums

_ROUNDS = 11
_BLOBS = 10_000


def fill(store: Path, tagged: int = _BLOBS) -> None:
    """Blobs of 4 KB, so many of them with a tag."""
    tags = {}
    for number in range(_BLOBS):
        data = f"{number:08}".encode() * 512
        digest = hashlib.sha256(data).hexdigest()
        (store / "blobs" / digest[:2]).mkdir(parents=True, exist_ok=True)
        (store / "blobs" / digest[:2] / digest).write_bytes(data)
        if number < tagged:
            tags[f"v0.{number}.0"] = digest
    index = Index({"specs": {"thing": tags}})
    (store / "index.json").write_bytes(index.to_bytes())
    (store / ".gitattributes").write_bytes(b"* -text\nindex.sum merge=union\n")
    (store / ".gitignore").write_bytes(b"/.lock\n.*.tmp\n")
    add_to_sums(str(store), index, ())


def plain(store: Path) -> None:
    """What a check cannot do without: read every blob, and hash it."""
    blobs = str(store / "blobs")
    for shard in os.listdir(blobs):
        for name in os.listdir(f"{blobs}/{shard}"):
            with open(f"{blobs}/{shard}/{name}", "rb") as file:
                if hashlib.sha256(file.read()).hexdigest() != name:
                    raise ValueError(name)


def measure_import(folder: Path) -> None:
    """One file more."""
    store, document = folder / "store", folder / "thing.yaml"
    fill(store)
    numbers = itertools.count()

    def one() -> None:
        document.write_text(f"number: {next(numbers)}\n", encoding="utf-8")
        file_all(str(store), [read_file("specs", str(document), "thing")])

    print(f"an index of {_BLOBS} tags of one name, {_ROUNDS} rounds")
    tell(rounds({"import of one file": one}, _ROUNDS))


def measure_check(folder: Path) -> None:
    """With a tag for each blob, and with one tag."""
    for tagged in (_BLOBS, 1):
        store = folder / f"store-{tagged}"
        fill(store, tagged)
        works = {"read and hash": lambda store=store: plain(store), "check": lambda store=store: _check(store)}
        print(f"{_BLOBS} blobs of 4 KB, {tagged} tagged, {_ROUNDS} rounds")
        tell(rounds(works, _ROUNDS), ("read and hash",))


def _check(store: Path) -> None:
    checked = check_store(str(store))
    if checked is None or checked.damaged or checked.blobs != _BLOBS:
        raise RuntimeError(checked)
