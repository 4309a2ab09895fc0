"""``check`` finds every bit that flips in a small store, and every byte that is cut from its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_fluxscenario.cas.checking import Checked, check_store
from tests.fakes.imports import import_file, import_tree

_LINE = b"process: {id: review, version: '1.0.0'}\n"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A pack, and a spec that says nothing of itself, filed under a name that is given."""
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "process.manifest.yaml").write_bytes(_LINE)
    import_tree(str(tmp_path / "store"), str(tmp_path / "pack"))
    (tmp_path / "thing.yaml").write_bytes(b"a: 1\n")
    import_file(str(tmp_path / "store"), "specs", str(tmp_path / "thing.yaml"), "card", "v0.10.0-rc.1")
    return tmp_path / "store"


def check(store: Path) -> Checked:
    checked = check_store(str(store), "store")
    assert checked is not None
    return checked


def watched(store: Path) -> Iterator[Path]:
    yield store / "index.json"
    yield store / "index.sum"
    yield from sorted((store / "blobs").glob("*/*"))


def test_every_flipped_bit_is_found_and_the_file_is_named(store: Path) -> None:
    assert check(store).problems == ()
    flips = 0
    for path in watched(store):
        data = path.read_bytes()
        shown = f"store/{path.relative_to(store).as_posix()}"
        for position in range(len(data) * 8):
            flipped = bytearray(data)
            flipped[position // 8] ^= 1 << position % 8
            path.write_bytes(flipped)
            checked = check(store)
            flips += 1
            assert checked.damaged, f"{shown}: bit {position}"
            assert any(problem.place.file == shown for problem in checked.problems), f"{shown}: bit {position}"
        path.write_bytes(data)
    assert check(store).problems == ()
    assert flips > 5_000


def test_every_truncation_is_found(store: Path) -> None:
    for path in watched(store):
        data = path.read_bytes()
        for length in range(len(data)):
            path.write_bytes(data[:length])
            assert check(store).damaged, f"{path.name}: {length} bytes"
        path.write_bytes(data)
    assert not check(store).damaged


def test_a_line_ending_that_is_changed_everywhere_is_found(store: Path) -> None:
    for path in watched(store):
        data = path.read_bytes()
        if b"\n" in data and path.name != "index.json":
            path.write_bytes(data.replace(b"\n", b"\r\n"))
            assert check(store).damaged, path.name
            path.write_bytes(data)
