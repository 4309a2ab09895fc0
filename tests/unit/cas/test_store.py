from __future__ import annotations

from pathlib import Path

import pytest

from pytest_fluxscenario.base.errors import DamageError, StoreError
from pytest_fluxscenario.base.names import TagRef
from pytest_fluxscenario.cas import store as store_module
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.index import Index
from pytest_fluxscenario.cas.store import find_store, open_store
from tests.fakes.imports import import_file


@pytest.fixture
def store(tmp_path: Path) -> Path:
    document = tmp_path / "card.yaml"
    document.write_text("spec: {id: card, version: '1.0.0'}\n")
    import_file(str(tmp_path / "store"), "specs", str(document))
    return tmp_path / "store"


def test_no_store_is_none(tmp_path: Path) -> None:
    assert open_store(str(tmp_path / "nothing")) is None
    (tmp_path / "store" / "blobs" / "ab").mkdir(parents=True)
    assert open_store(str(tmp_path / "store")) is None


def test_a_store_reads_what_was_imported(store: Path) -> None:
    opened = open_store(str(store), "store")
    assert opened is not None
    found = opened.resolve("specs", TagRef("card", "latest"))
    assert found.tag == "v1.0.0"
    assert opened.read(found.hash).startswith(b"spec:")


def test_a_missing_index_is_damage_and_not_an_empty_store(store: Path) -> None:
    (store / "index.json").unlink()
    with pytest.raises(DamageError, match=r"store/index.json: the index is missing, but blobs exist"):
        open_store(str(store), "store")


def test_an_index_without_blobs_is_a_store(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_bytes(Index().to_bytes())
    opened = open_store(str(tmp_path))
    assert opened is not None
    assert opened.index.names == {"profiles": {}, "scenarios": {}, "specs": {}}


@pytest.mark.parametrize("kind", ["link", "folder", "broken"])
def test_an_index_that_cannot_be_used_is_damage(store: Path, tmp_path: Path, kind: str) -> None:
    index = store / "index.json"
    index.rename(tmp_path / "elsewhere.json")
    if kind == "link":
        index.symlink_to(tmp_path / "elsewhere.json")
    elif kind == "folder":
        index.mkdir()
    else:
        index.write_text("{")
    with pytest.raises(DamageError) as caught:
        open_store(str(store), "store")
    assert caught.value.place.file == "store/index.json"
    assert caught.value.exit_status == 3


def test_a_session_keeps_the_index_that_it_was_given(store: Path, tmp_path: Path) -> None:
    opened = open_store(str(store))
    assert opened is not None
    later = tmp_path / "card.yaml"
    later.write_text("spec: {id: card, version: '2.0.0'}\n")
    import_file(str(store), "specs", str(later))
    fixed = open_store(str(store), "store", opened.index_bytes)
    fresh = open_store(str(store))
    assert fixed is not None
    assert fresh is not None
    assert fixed.resolve("specs", TagRef("card", "latest")).tag == "v1.0.0"
    assert fresh.resolve("specs", TagRef("card", "latest")).tag == "v2.0.0"
    assert opened.resolve("specs", TagRef("card", "latest")).tag == "v1.0.0"


def test_the_nearest_store_upward_is_found_but_not_above_the_root(store: Path, tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_store(str(below)) == str(store)
    assert find_store(str(below), str(tmp_path)) == str(store)
    assert find_store(str(below), str(tmp_path / "a")) is None
    (tmp_path / "a" / "store").mkdir()
    assert find_store(str(below), str(tmp_path)) == str(store)
    (tmp_path / "a" / "store" / "index.json").write_bytes(Index().to_bytes())
    assert find_store(str(below), str(tmp_path)) == str(tmp_path / "a" / "store")


def test_a_store_without_its_index_is_found_too(store: Path, tmp_path: Path) -> None:
    (store / "index.json").unlink()
    assert find_store(str(tmp_path)) == str(store)


def test_reading_needs_no_write_access(store: Path) -> None:
    (store / ".lock").unlink()
    opened = open_store(str(store))
    assert opened is not None
    opened.read(opened.resolve("specs", TagRef("card", "v1.0.0")).hash)
    assert not (store / ".lock").exists()


def test_blobs_are_shown_below_the_store(store: Path) -> None:
    opened = open_store(str(store), "data/store")
    assert opened is not None
    assert opened.blobs == Blobs(str(store / "blobs"), "data/store/blobs")


def test_a_store_that_somebody_begins_meanwhile_is_not_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def begun(folder: str) -> bool:
        (tmp_path / "index.json").write_bytes(Index().to_bytes())
        return True

    monkeypatch.setattr(store_module, "has_blobs", begun)
    store = open_store(str(tmp_path))
    assert store is not None
    assert store.index.to_bytes() == Index().to_bytes()


def test_an_index_that_is_still_the_same_is_not_read_once_more(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_bytes(Index().to_bytes())
    store = open_store(str(tmp_path))
    assert open_store(str(tmp_path), known=store) is store
    (tmp_path / "index.json").write_bytes(Index({"specs": {"a": {"v1.0.0": "a" * 64}}}).to_bytes())
    later = open_store(str(tmp_path), known=store)
    assert later is not None
    assert later.index.tags("specs", "a") == ("v1.0.0",)


def test_a_blob_that_the_index_names_is_damage_when_it_is_gone(store: Path) -> None:
    opened = open_store(str(store))
    assert opened is not None
    digest = opened.resolve("specs", TagRef("card", "latest")).hash
    Path(opened.blobs.path(digest)).unlink()
    with pytest.raises(DamageError, match="there is no blob"):
        opened.read(digest)
    with pytest.raises(StoreError, match="there is no blob") as unknown:
        opened.read("0" * 64)
    assert not isinstance(unknown.value, DamageError)


def test_blobs_that_are_no_folder_are_damage(store: Path) -> None:
    opened = open_store(str(store))
    assert opened is not None
    (store / "blobs").rename(store / "aside")
    (store / "blobs").write_bytes(b"")
    with pytest.raises(DamageError, match="there is no blob"):
        opened.read(opened.resolve("specs", TagRef("card", "latest")).hash)
