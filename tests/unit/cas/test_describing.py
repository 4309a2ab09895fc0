from __future__ import annotations

from pathlib import Path

import pytest

from pytest_fluxscenario.base.errors import DamageError, StoreError
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.describing import Describer, Description, document_name
from pytest_fluxscenario.cas.scenarios import RunsOn
from pytest_fluxscenario.cas.store import Store, open_store
from tests.fakes.imports import import_file, import_tree
from tests.fakes.packs import scenario, write, write_pack


def opened(tmp_path: Path) -> Store:
    store = open_store(str(tmp_path / "store"))
    assert store is not None
    return store


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("a.yaml", "title: A card\nname: card\n", "A card"),
        ("a.yaml", "spec: {id: x, title: A spec}\n", "A spec"),
        ("a.yaml", "id: x\ndescription: |\n  Two\n  lines.\n", "Two lines."),
        ("a.json", '{"profile": {"id": "x", "name": "P\\u202e"}}', "P\\u202e"),
        ("a.yaml", "name: [1]\ndescription: told\n", "told"),
        ("a.yaml", "- id: x\n- id: y\n", ""),
        ("a.yaml", "{id: x, title: flow}\n", "flow"),
        ("a.yaml", f"title: {'x' * 200}\n", "x" * 79 + "…"),
    ],
)
def test_size_and_title_of_a_document(tmp_path: Path, name: str, text: str, title: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    imported = import_file(str(tmp_path / "store"), "specs", str(tmp_path / name), "thing")
    assert Describer(opened(tmp_path)).describe("specs", imported.hash) == Description(len(text.encode()), title)


def test_a_pack_is_all_its_files(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "pack")
    imported = import_tree(str(tmp_path / "store"), str(folder))
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    assert Describer(opened(tmp_path)).describe("profiles", imported.hash) == Description(
        sum(sizes), "Small", len(sizes)
    )


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    imported = import_tree(str(tmp_path / "store"), str(write_pack(tmp_path / "pack")))
    store = opened(tmp_path)
    describer = Describer(store)
    with pytest.raises(StoreError):
        describer.describe("profiles", "0" * 64)
    Path(store.blobs.path(imported.hash)).write_bytes(b"{}")
    with pytest.raises(DamageError):
        describer.describe("profiles", imported.hash)


def test_the_scenarios_of_a_pack_are_counted_and_each_blob_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_pack(tmp_path / "pack")
    write(folder / "scenarios" / "two.json", scenario("one"), scenario("two"))
    write(folder / "more" / "three.scenario.json", scenario("three"))
    write(folder / "more" / "data.json", scenario("no-scenario-file"))
    write(folder / "scenarios" / "deep" / "four.json", scenario("no-scenario-file-either"))
    (folder / "scenarios" / "broken.yaml").write_text("a: [\n", encoding="utf-8")
    store, tags = str(tmp_path / "store"), ("v1.0.0", "v1.1.0")
    first = import_tree(store, str(folder), tag=tags[0])
    (folder / "README.md").write_text("More.\n", encoding="utf-8")
    second = import_tree(store, str(folder), tag=tags[1])
    read: list[str] = []
    plain = Blobs.read

    def count(self: Blobs, digest: str) -> bytes:
        read.append(digest)
        return plain(self, digest)

    monkeypatch.setattr(Blobs, "read", count)
    describer = Describer(opened(tmp_path))
    described = [describer.describe("profiles", one.hash) for one in (first, second, first)]
    assert [one.scenarios for one in described] == [3, 3, 3]
    assert described[0].runs_on == (RunsOn("small:v1.0.0"),)
    # The manifest again, for the title.
    assert len(read) == len(set(read)) + 1


@pytest.mark.parametrize(
    ("data", "suffix"),
    [(b'{"a": 1}', "json"), (b"\xef\xbb\xbf [1]", "json"), (b"{a: 1}", "yaml"), (b"a: 1", "yaml"), (b"", "yaml")],
)
def test_the_form_of_a_document_without_a_name(data: bytes, suffix: str) -> None:
    assert document_name(data) == f"document.{suffix}"
