"""Contents that are read where they lie: what is filed is what was hashed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DocumentError, FluxError, StoreError
from pytest_fluxscenario.cas.checking import check_store
from pytest_fluxscenario.cas.contents import Held, Lying, read_content
from pytest_fluxscenario.cas.importing import file_all, read_folder
from pytest_fluxscenario.cas.store import open_store
from pytest_fluxscenario.documents.source import Root
from tests.fakes.packs import write_pack


def lying(path: Path, most: int = 1 << 20) -> Lying:
    return Lying.look(str(path), "shown", Root(str(path.parent)), most)


def test_a_file_is_hashed_and_read_again(tmp_path: Path) -> None:
    for data in (b"", b"x", b"xy" * 3_000_000):
        (tmp_path / "file").write_bytes(data)
        content = lying(tmp_path / "file", 1 << 23)
        assert (content.digest, content.size) == (sha256(data), len(data))
        pieces = list(content.pieces())
        assert b"".join(pieces) == data
        assert max(map(len, pieces), default=0) <= 1 << 20


def test_a_file_that_is_too_large_or_a_link_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    assert lying(tmp_path / "file", 5).size == 5
    with pytest.raises(DocumentError, match="shown: holds 5 bytes"):
        lying(tmp_path / "file", 4)
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "link").symlink_to(tmp_path / "file")
    with pytest.raises(DocumentError, match="link out of the root"):
        lying(tmp_path / "inner" / "link")


@pytest.mark.parametrize("change", [b"", b"process: {}\n", b"longer than it was before, by far and more\n" * 9])
def test_a_file_that_changes_before_it_is_filed_is_refused(tmp_path: Path, change: bytes) -> None:
    pack = write_pack(tmp_path / "pack")
    file_all(str(tmp_path / "store"), [read_folder(str(write_pack(tmp_path / "other", version="0.9.0")))])
    before = open_store(str(tmp_path / "store"))
    parcel = read_folder(str(pack))
    victim = pack / "profile.yaml"
    victim.write_bytes(change)
    with pytest.raises(StoreError, match=f"{victim.name}: has changed while it was read"):
        file_all(str(tmp_path / "store"), [parcel])
    victim.unlink()
    with pytest.raises(FluxError, match=f"{victim.name}: cannot be read"):
        file_all(str(tmp_path / "store"), [parcel])
    assert open_store(str(tmp_path / "store")) == before
    checked = check_store(str(tmp_path / "store"))
    assert checked is not None
    assert checked.problems == ()


def test_no_more_is_read_into_memory_than_shows_that_it_is_too_much() -> None:
    content = Held(b"12345", sha256(b"12345"))
    assert read_content(content, "x", 5).data == b"12345"
    assert read_content(content, "x", 3).data == b"1234"
