"""What ``gc`` removes, and what it never does."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pytest_fluxscenario.base.clock import StandingClock
from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DamageError, StoreError
from pytest_fluxscenario.base.fs import sync_folder
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.checking import check_store
from pytest_fluxscenario.cas.garbage import Collected, collect_garbage
from pytest_fluxscenario.cas.lock import locked
from pytest_fluxscenario.cas.writing import write_blob
from tests.fakes.imports import import_file, import_tree

NOW = datetime(2026, 1, 31, tzinfo=UTC)
OLD, YOUNG = NOW - timedelta(days=15), NOW - timedelta(days=13)
TEMPORARY = ".index.json.17.0123abcd.tmp"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with a pack and a spec, all of it old."""
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "process.manifest.yaml").write_text("process: {id: review, version: '1.0.0'}\n")
    import_tree(str(tmp_path / "store"), str(tmp_path / "pack"))
    (tmp_path / "card.yaml").write_text("a: 1\n")
    import_file(str(tmp_path / "store"), "specs", str(tmp_path / "card.yaml"))
    age(tmp_path / "store", OLD)
    return tmp_path / "store"


def age(path: Path, moment: datetime) -> None:
    for one in [path, *path.rglob("*")]:
        os.utime(one, (moment.timestamp(), moment.timestamp()))


def orphan(store: Path, data: bytes, moment: datetime) -> Path:
    blobs = Blobs(str(store / "blobs"), "store/blobs")
    path = Path(blobs.path(write_blob(blobs, data)))
    age(path, moment)
    return path


def gc(store: Path, grace: timedelta = timedelta(days=14), *, dry_run: bool = False) -> Collected:
    collected = collect_garbage(str(store), "store", grace, dry_run=dry_run, clock=StandingClock(NOW))
    assert collected is not None
    return collected


def files(store: Path) -> set[str]:
    return {str(path.relative_to(store)) for path in store.rglob("*") if path.is_file()}


def test_what_is_named_is_never_removed(store: Path) -> None:
    before = files(store)
    assert gc(store, timedelta()) == Collected((), 0)
    assert files(store) == before


def test_old_orphans_go_and_young_ones_stay(store: Path) -> None:
    before = files(store)
    old, young = orphan(store, b"old", OLD), orphan(store, b"young", YOUNG)
    collected = gc(store)
    assert [one.file for one in collected.removed] == [f"store/blobs/{old.parent.name}/{old.name}"]
    assert (collected.bytes, collected.young) == (3, 1)
    assert files(store) == before | {str(young.relative_to(store))}
    assert len(gc(store, timedelta(days=1)).removed) == 1
    assert files(store) == before


def test_a_dry_run_says_the_same_and_removes_nothing(store: Path) -> None:
    orphan(store, b"old", OLD)
    before = files(store)
    said = gc(store, dry_run=True)
    assert files(store) == before
    assert gc(store) == said


def test_what_dead_writers_left_goes_too_and_nothing_else(store: Path) -> None:
    before = files(store)
    shard = next((store / "blobs").iterdir())
    for folder in (store, shard):
        (folder / TEMPORARY).write_bytes(b"half")
        (folder / "notes.txt").write_bytes(b"mine")
    age(store, OLD)
    assert len(gc(store).removed) == 2
    assert files(store) == before | {"notes.txt", f"blobs/{shard.name}/notes.txt"}


def shards(store: Path) -> set[str]:
    return {path.name for path in (store / "blobs").iterdir()}


def test_folders_that_are_empty_go_when_they_are_old(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = shards(store)
    old, young = orphan(store, b"old", OLD), orphan(store, b"kept", YOUNG)
    age(old.parent, OLD)
    empty = [store / "blobs" / name for name in ("00", "01")]
    for path, moment in zip(empty, (OLD, YOUNG), strict=True):
        path.mkdir()
        age(path, moment)
    (store / "blobs" / "notes").mkdir()
    age(store / "blobs" / "notes", OLD)
    synced: list[str] = []

    def sync(path: str) -> None:
        synced.append(path)
        sync_folder(path)

    monkeypatch.setattr("pytest_fluxscenario.cas.garbage.sync_folder", sync)
    assert len(gc(store, dry_run=True).removed) == 1
    assert shards(store) >= before | {old.parent.name, "00", "01"}
    gc(store)
    # One was made a moment ago by somebody who will write to it; another is none of the store's.
    assert shards(store) == before | {young.parent.name, "01", "notes"}
    assert synced[-1] == str(store / "blobs")
    synced.clear()
    gc(store)
    assert synced == []


def test_a_link_in_the_place_of_a_folder_stays(store: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    age(tmp_path / "elsewhere", OLD)
    for name, target in (("00", tmp_path / "elsewhere"), ("01", tmp_path / "nowhere")):
        (store / "blobs" / name).symlink_to(target)
        os.utime(store / "blobs" / name, (0, 0), follow_symlinks=False)
    gc(store)
    assert (tmp_path / "elsewhere").is_dir()
    assert shards(store) >= {"00", "01"}


def test_the_line_of_an_entry_that_was_never_filed_goes_with_its_blob(store: Path, tmp_path: Path) -> None:
    before = {name: (store / name).read_bytes() for name in ("index.json", "index.sum")}
    (tmp_path / "card.yaml").write_text("a: 2\n")
    imported = import_file(str(store), "specs", str(tmp_path / "card.yaml"))
    (store / "index.json").write_bytes(before["index.json"])
    gc(store)
    assert (store / "index.sum").read_bytes() != before["index.sum"]
    age(store / "blobs" / imported.hash[:2] / imported.hash, OLD)
    gc(store)
    assert (store / "index.sum").read_bytes() == before["index.sum"]
    checked = check_store(str(store))
    assert checked is not None
    assert checked.problems == ()


def test_nothing_is_removed_while_the_index_is_damaged(store: Path) -> None:
    path = orphan(store, b"old", OLD)
    index = store / "index.json"
    whole = index.read_text()
    # The hash of the spec: its blob now looks like an orphan.
    index.write_text(whole.replace(sha256(b"a: 1\n"), "0" * 64))
    before = files(store)
    with pytest.raises(DamageError, match="is not as it was imported"):
        gc(store)
    index.write_text("{")
    with pytest.raises(DamageError):
        gc(store)
    index.write_text(whole)
    (store / "index.sum").write_text("nonsense\n")
    with pytest.raises(DamageError):
        gc(store)
    assert files(store) == before
    assert path.exists()


@pytest.mark.parametrize("gone", [False, True])
def test_nothing_is_removed_while_a_tree_cannot_be_read(store: Path, gone: bool) -> None:
    tree = next(path for path in (store / "blobs").rglob("*/*") if path.read_bytes().startswith(b'{"files"'))
    tree.unlink() if gone else tree.write_bytes(b"{")
    before = files(store)
    with pytest.raises(DamageError):
        gc(store, timedelta())
    assert files(store) == before


def test_no_store_is_none(tmp_path: Path) -> None:
    assert collect_garbage(str(tmp_path / "nothing")) is None
    assert not (tmp_path / "nothing").exists()


def test_it_waits_for_whoever_imports(store: Path) -> None:
    with locked(str(store), "store"), pytest.raises(StoreError, match="locked by another process"):
        collect_garbage(str(store), "store", patience=0.05)


def test_an_old_blob_that_is_imported_again_is_kept(store: Path, tmp_path: Path) -> None:
    path = orphan(store, b"a: 2\n", OLD)
    (tmp_path / "card.yaml").write_text("a: 2\n")
    import_file(str(store), "specs", str(tmp_path / "card.yaml"))
    gc(store)
    assert path.exists()
