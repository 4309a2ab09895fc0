"""Which stored scenarios run on which versions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DamageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.cas.contents import Held
from pytest_fluxscenario.cas.describing import Describer
from pytest_fluxscenario.cas.importing import file_all
from pytest_fluxscenario.cas.index import Kind
from pytest_fluxscenario.cas.parcels import Parcel
from pytest_fluxscenario.cas.store import open_store
from pytest_fluxscenario.cas.trees import build_tree
from pytest_fluxscenario.cas.usage import Usage
from tests.fakes.imports import import_file
from tests.fakes.packs import scenario, write


class Filed:
    """A store in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = str(folder / "store")

    def add(self, kind: Kind, name: str, tag: str, *documents: Any) -> str:
        path = write(self.folder / f"{name}.json", *documents)
        return import_file(self.store, kind, str(path), name, tag).hash

    def usage(self) -> Usage:
        store = open_store(self.store)
        assert store is not None
        return Usage.of(store.index, Describer(store))


@pytest.fixture
def filed(tmp_path: Path) -> Filed:
    filed = Filed(tmp_path)
    filed.add("profiles", "small", "v1.0.0", {"id": "small", "n": 1})
    filed.add("profiles", "small", "v1.10.0", {"id": "small", "n": 2})
    filed.add("specs", "card", "v1.0.0", {"type": "object"})
    filed.add("specs", "card", "v1.9.0", {"type": "array"})
    return filed


def test_by_id_and_version_by_ref_by_latest_and_by_hash(filed: Filed) -> None:
    digest = sha256((filed.folder / "small.json").read_bytes())
    filed.add("scenarios", "by-id", "v0.1.0", scenario("a"))
    filed.add("scenarios", "by-ref", "v0.1.0", scenario("b", profile="small:v1.0.0", spec="card:v1.0.0"))
    filed.add("scenarios", "by-latest", "v0.1.0", scenario("c", profile="small:latest", spec="card:latest"))
    filed.add("scenarios", "by-hash", "v0.1.0", scenario("d", profile=f"sha256:{digest}"))
    filed.add("scenarios", "by-path", "v0.1.0", scenario("e", profile="../small", spec="./card.yaml"))
    filed.add("scenarios", "elsewhere", "v0.1.0", scenario("f", profile="other:latest", spec="no ref"))
    usage = filed.usage()
    assert usage.used_by("profiles", "small", "v1.0.0", "0" * 64) == ("by-id:v0.1.0", "by-ref:v0.1.0")
    assert usage.used_by("profiles", "small", "v1.10.0", digest) == ("by-hash:v0.1.0", "by-latest:v0.1.0")
    assert usage.used_by("specs", "card", "v1.0.0", "0" * 64) == ("by-ref:v0.1.0",)
    assert usage.used_by("specs", "card", "v1.9.0", "0" * 64) == ("by-latest:v0.1.0",)
    assert usage.used_by("specs", "small", "v1.0.0", digest) == ()
    assert usage.faults == ()


def test_every_version_of_a_scenario_counts_the_newest_first_and_once(filed: Filed) -> None:
    for tag in ("v1.9.0", "v1.10.0", "v0.1.0"):
        filed.add("scenarios", "suite", tag, scenario("a", description=tag), scenario("b"), scenario("c"))
    filed.add("scenarios", "atlas", "v1.0.0", scenario("a"))
    used = filed.usage().used_by("profiles", "small", "v1.0.0", "0" * 64)
    assert used == ("atlas:v1.0.0", "suite:v1.10.0", "suite:v1.9.0", "suite:v0.1.0")


def test_a_suite_of_several_files(filed: Filed, tmp_path: Path) -> None:
    write(tmp_path / "suite" / "a.json", scenario("a"))
    write(tmp_path / "suite" / "deep" / "b.json", scenario("b", spec="card:v1.0.0"))
    (tmp_path / "suite" / "README.md").write_text("profile_id: small\n", encoding="utf-8")
    tree = build_tree(str(tmp_path / "suite"), "suite")
    blobs = [Held(data, sha256(data)) for data in (*tree.files.values(), tree.document)]
    file_all(filed.store, [Parcel("scenarios", Place("suite"), "suite", "v1.0.0", None, blobs)])
    usage = filed.usage()
    assert usage.used_by("profiles", "small", "v1.0.0", "0" * 64) == ("suite:v1.0.0",)
    assert usage.used_by("specs", "card", "v1.0.0", "0" * 64) == ("suite:v1.0.0",)


def test_what_cannot_be_read_is_told_and_the_others_count(filed: Filed) -> None:
    filed.add("scenarios", "good", "v0.1.0", scenario("a"))
    digest = filed.add("scenarios", "bad", "v0.1.0", scenario("b"))
    filed.add("scenarios", "bad", "v0.2.0", scenario("b"))
    Path(filed.store, "blobs", digest[:2], digest).write_bytes(b"{}")
    usage = filed.usage()
    assert usage.used_by("profiles", "small", "v1.0.0", "0" * 64) == ("good:v0.1.0",)
    (fault,) = usage.faults
    assert isinstance(fault, DamageError)
    assert digest in str(fault)
