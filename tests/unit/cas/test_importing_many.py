"""Several artifacts in one call: one lock, one write of the index, all or none (store.md, "Import")."""

from __future__ import annotations

import errno
import os
import shutil
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_fluxscenario.base.errors import StoreError
from pytest_fluxscenario.base.fs import WriteError, replace_file
from pytest_fluxscenario.cas import importing
from pytest_fluxscenario.cas.archive import gather_archive
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.checking import check_store
from pytest_fluxscenario.cas.gathering import gather_folder
from pytest_fluxscenario.cas.importing import file_all, read_file, read_folder
from pytest_fluxscenario.cas.index import TagError
from pytest_fluxscenario.cas.lock import locked
from pytest_fluxscenario.cas.parcels import Parcel, tree_parcel
from pytest_fluxscenario.cas.store import open_store
from tests.fakes.imports import import_file
from tests.fakes.packs import write_pack


def parcel(tmp_path: Path, text: str, tag: str | None = None, name: str = "thing.yaml") -> Parcel:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_file("specs", str(path), None, tag)


def tags(tmp_path: Path) -> dict[str, list[str]]:
    store = open_store(str(tmp_path / "store"))
    assert store is not None
    return {
        f"{kind}/{name}": sorted(filed) for kind, names in store.index.names.items() for name, filed in names.items()
    }


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}


def test_each_gets_the_tag_that_it_would_get_alone(tmp_path: Path) -> None:
    parcels = [
        parcel(tmp_path, "a: 1\n"),
        parcel(tmp_path, "a: 2\n"),
        parcel(tmp_path, "a: 1\n"),
        parcel(tmp_path, "a: 3\n", "v3.0.0"),
        parcel(tmp_path, "a: 4\n"),
        parcel(tmp_path, "id: other\nversion: '2.2.0'\n"),
        read_folder(str(write_pack(tmp_path / "pack"))),
    ]
    imported = file_all(str(tmp_path / "store"), parcels)
    assert [(one.name, one.tag, one.new) for one in imported] == [
        ("thing", "v0.1.0", True),
        ("thing", "v0.2.0", True),
        ("thing", "v0.1.0", False),
        ("thing", "v3.0.0", True),
        ("thing", "v3.1.0", True),
        ("other", "v2.2.0", True),
        ("small", "v1.0.0", True),
    ]
    assert tags(tmp_path) == {
        "specs/thing": ["v0.1.0", "v0.2.0", "v3.0.0", "v3.1.0"],
        "specs/other": ["v2.2.0"],
        "profiles/small": ["v1.0.0"],
    }


def test_all_or_none_and_every_tag_that_is_taken_is_told(tmp_path: Path) -> None:
    file_all(
        str(tmp_path / "store"), [parcel(tmp_path, "a: 1\n", "v1.0.0"), parcel(tmp_path, "b: 1\n", "v1.0.0", "b.yaml")]
    )
    before = files(tmp_path / "store")
    parcels = [
        parcel(tmp_path, "a: 2\n", "v1.0.0"),
        parcel(tmp_path, "c: 1\n", "v1.0.0", "c.yaml"),
        parcel(tmp_path, "b: 2\n", "v1.0.0", "b.yaml"),
    ]
    with pytest.raises(TagError) as caught:
        file_all(str(tmp_path / "store"), parcels)
    assert [problem.place.file for problem in caught.value.problems] == [
        str(tmp_path / name) for name in ("thing.yaml", "b.yaml")
    ]
    assert caught.value.exit_status == 1
    assert files(tmp_path / "store") == before


def test_two_contents_for_one_tag_in_one_call(tmp_path: Path) -> None:
    with pytest.raises(TagError, match=r"thing:v1\.0\.0 exists with other content"):
        file_all(str(tmp_path / "store"), [parcel(tmp_path, f"a: {number}\n", "v1.0.0") for number in range(2)])


def test_a_thousand_files_take_one_lock_and_one_write_of_the_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = {"lock": 0, "index.json": 0}

    @contextmanager
    def counted(store: str, name: str, patience: float) -> Iterator[None]:
        count["lock"] += 1
        with locked(store, name, patience):
            yield

    def written(path: str, data: bytes, *, lasts: bool) -> None:
        count[os.path.basename(path)] = count.get(os.path.basename(path), 0) + 1
        replace_file(path, data, lasts=lasts)

    import_file(str(tmp_path / "store"), "specs", parcel(tmp_path, "a: 0\n").place.file)
    monkeypatch.setattr(importing, "locked", counted)
    monkeypatch.setattr(importing, "replace_file", written)
    monkeypatch.setattr(os, "fsync", lambda _: None)
    told: list[int] = []
    parcels = [parcel(tmp_path, f"id: spec-{number}\n") for number in range(1_000)]
    imported = file_all(str(tmp_path / "store"), parcels, progress=told.append)
    assert (count["lock"], count["index.json"]) == (1, 1)
    assert told == list(range(1, 1_001))
    assert len({one.hash for one in imported}) == 1_000
    assert len(tags(tmp_path)) == 1_001


def test_a_full_disk_files_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file_all(str(tmp_path / "store"), [parcel(tmp_path, "a: 1\n")])
    before = tags(tmp_path)
    real, calls = os.write, {"writes": 0}

    def full(descriptor: int, data: bytes) -> int:
        calls["writes"] += 1
        if calls["writes"] > 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(WriteError, match="No space left on device"):
        file_all(str(tmp_path / "store"), [parcel(tmp_path, f"a: {number}\n") for number in range(2, 9)])
    assert len(list((tmp_path / "store" / "blobs").glob("*/*"))) == 1
    assert tags(tmp_path) == before


def test_what_is_written_as_a_tree_is_no_document(tmp_path: Path) -> None:
    text = '{"files":{},"schema":"flux.tree.v1"}'
    with pytest.raises(StoreError, match="is a tree document of a store"):
        parcel(tmp_path, text, name="x.json")


def test_a_blob_that_is_collected_before_the_index_names_it_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blobs are written before the lock is taken; who collects garbage may hold it before."""
    one = parcel(tmp_path, "a: 1\n")
    file_all(str(tmp_path / "store"), [parcel(tmp_path, "a: 0\n")])

    @contextmanager
    def late(store: str, name: str, patience: float) -> Iterator[None]:
        (tmp_path / "store" / "blobs" / one.hash[:2] / one.hash).unlink()
        with locked(store, name, patience):
            yield

    monkeypatch.setattr(importing, "locked", late)
    file_all(str(tmp_path / "store"), [one])
    checked = check_store(str(tmp_path / "store"))
    assert checked is not None
    assert checked.problems == ()


def test_a_pack_that_holds_the_same_file_twice_and_one_that_is_filed(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "pack")
    (folder / "copy.yaml").write_bytes((folder / "profile.yaml").read_bytes())
    file_all(str(tmp_path / "store"), [read_folder(str(folder)), read_folder(str(folder), tag="v9.0.0")])
    checked = check_store(str(tmp_path / "store"))
    assert checked is not None
    assert (checked.problems, checked.entries) == ((), 2)


@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_the_size_of_a_file_does_not_matter_for_memory(tmp_path: Path, kind: str) -> None:
    """Also of an archive, whose files are unpacked as they are filed."""
    pack = write_pack(tmp_path / "pack")
    (pack / "large.bin").write_bytes(os.urandom(1 << 20) * 24)
    source = str(pack)
    if kind == "archive":
        source = str(tmp_path / "pack.fstpack")
        with zipfile.ZipFile(source, "w") as archive:
            for path in pack.rglob("*"):
                archive.write(path, path.relative_to(pack))
    tracemalloc.start()
    try:
        tree = gather_archive(source, "pack") if kind == "archive" else gather_folder(source, "pack")
        file_all(str(tmp_path / "store"), [tree_parcel(tree, "pack", "pack")])
        checked = check_store(str(tmp_path / "store"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert checked is not None
    assert checked.problems == ()
    assert checked.bytes > 24 << 20
    assert peak < 6 << 20


def test_a_folder_of_blobs_that_is_collected_meanwhile_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = parcel(tmp_path, "a: 1\n"), parcel(tmp_path, "a: 2\n")
    shard = tmp_path / "store" / "blobs" / one.hash[:2]
    file_all(str(tmp_path / "store"), [parcel(tmp_path, "a: 0\n")])
    shard.mkdir()
    real, calls = os.listdir, 0

    def collected(path: str) -> list[str]:
        nonlocal calls
        calls += 1
        held = real(path)
        if path == str(shard):
            shard.rmdir()
        return held

    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", collected)
        file_all(str(tmp_path / "store"), [one])
    assert calls
    # And one that is taken away with a blob in it, once that was seen.
    orphan = tmp_path / "store" / "blobs" / two.hash[:2] / two.hash
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"a: 2\n")
    look = Blobs.holds

    def gone(blobs: Blobs, digest: str) -> bool:
        found = look(blobs, digest)
        shutil.rmtree(orphan.parent, ignore_errors=True)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Blobs, "holds", gone)
        file_all(str(tmp_path / "store"), [two])
    checked = check_store(str(tmp_path / "store"))
    assert checked is not None
    assert checked.problems == ()
