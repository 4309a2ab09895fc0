"""The last active ref of a store: remembered where that is possible, and never a reason to fail."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_fluxscenario.base.errors import DamageError
from pytest_fluxscenario.base.names import HashRef, TagRef
from pytest_fluxscenario.cas.active import ACTIVE_FILE, read_active, write_active
from pytest_fluxscenario.cas.checking import check_store
from pytest_fluxscenario.cas.index import Resolved
from pytest_fluxscenario.cas.store import Store, open_store
from tests.fakes.imports import import_file

_HASH = "a" * 64
_FLOW = Resolved("scenarios", "flow", "v1.0.0", _HASH)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    (tmp_path / "flow.json").write_text("{}\n", encoding="utf-8")
    import_file(str(tmp_path / "store"), "scenarios", str(tmp_path / "flow.json"), "flow", "v1.0.0")
    opened = open_store(str(tmp_path / "store"), "store")
    assert opened is not None
    return opened


def put(store: Store, data: bytes) -> None:
    Path(store.folder, ACTIVE_FILE).write_bytes(data)


def test_what_is_written_is_read(store: Store) -> None:
    assert read_active(store) is None
    write_active(store, _FLOW)
    assert read_active(store) == TagRef("flow", "v1.0.0")
    write_active(store, Resolved("profiles", None, None, _HASH))
    assert read_active(store) == HashRef(_HASH)


def test_the_same_again_is_not_written_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    write_active(store, _FLOW)
    calls: list[str] = []
    monkeypatch.setattr("pytest_fluxscenario.cas.active.replace_file", lambda path, _: calls.append(path))
    write_active(store, _FLOW)
    assert calls == []
    write_active(store, Resolved("scenarios", "flow", "v1.1.0", _HASH))
    assert len(calls) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"flow",
        b"flow:v1.0.0",
        b"flow:v1.0.0\n\n",
        b"flow:v1.0.0\r\n",
        b"flow:latest\n",
        b"../x:v1.0.0\n",
        b"sha256:12\n",
        b"\xff\xfe\n",
        b"x" * 300,
    ],
)
def test_what_was_not_written_here_is_damage_until_the_next_run(store: Store, data: bytes) -> None:
    put(store, data)
    with pytest.raises(DamageError, match=r"^store/\.active: ") as raised:
        read_active(store)
    assert raised.value.exit_status == 3
    write_active(store, _FLOW)
    assert read_active(store) == TagRef("flow", "v1.0.0")


def test_a_link_is_not_followed_out_of_the_store(store: Store, tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"flow:v1.0.0\n")
    os.symlink(tmp_path / "mine", os.path.join(store.folder, ACTIVE_FILE))
    with pytest.raises(DamageError, match="is a link out of the root"):
        read_active(store)
    write_active(store, Resolved("scenarios", "flow", "v2.0.0", _HASH))
    assert (tmp_path / "mine").read_bytes() == b"flow:v1.0.0\n"
    assert read_active(store) == TagRef("flow", "v2.0.0")


def test_a_store_that_cannot_be_written_to_is_no_error(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refused)
        write_active(store, _FLOW)
    assert read_active(store) is None
    Path(store.folder, ACTIVE_FILE).mkdir()
    write_active(store, _FLOW)
    with pytest.raises(DamageError, match="is a directory"):
        read_active(store)


def test_it_is_no_part_of_what_the_store_holds(store: Store) -> None:
    before = {name: Path(store.folder, name).read_bytes() for name in ("index.json", "index.sum", ".gitignore")}
    assert b"/.active\n" in before[".gitignore"]
    write_active(store, _FLOW)
    assert {name: Path(store.folder, name).read_bytes() for name in before} == before
    checked = check_store(store.folder)
    assert checked is not None
    assert checked.problems == ()
