"""What a ref names of the store, and the documents in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_fluxscenario.base.errors import DamageError, StoreError
from pytest_fluxscenario.base.names import HashRef, TagRef
from pytest_fluxscenario.cas.importing import file_all
from pytest_fluxscenario.cas.index import Resolved
from pytest_fluxscenario.cas.store import Store, open_store
from pytest_fluxscenario.cas.suites import read_suite
from pytest_fluxscenario.runner.stored import bare_name_hint, describe_found, find_stored, read_stored
from tests.fakes.imports import import_file, import_tree
from tests.fakes.packs import scenario, write, write_pack


@pytest.fixture
def store(tmp_path: Path) -> Store:
    folder = str(tmp_path / "store")
    pack = write_pack(tmp_path / "small")
    write(pack / "scenarios" / "one.json", scenario("one"))
    write(pack / "extra" / "two.scenario.json", scenario("two"))
    write(pack / "extra" / "notes.json", {})
    import_tree(folder, str(pack))
    write(tmp_path / "flow.json", scenario("flow"))
    import_file(folder, "scenarios", str(tmp_path / "flow.json"), "flow", "v1.0.0")
    (tmp_path / "text.yaml").write_text("{a: 1}\n", encoding="utf-8")
    import_file(folder, "scenarios", str(tmp_path / "text.yaml"), "text", "v1.0.0")
    import_file(folder, "specs", str(tmp_path / "text.yaml"), "card", "v1.0.0")
    file_all(folder, [read_suite(str(tmp_path / "small"), ["extra/notes.json", "extra/two.scenario.json"], "suite")])
    opened = open_store(folder, "my/store")
    assert opened is not None
    return opened


def found(store: Store, name: str, tag: str = "latest") -> Resolved:
    return find_stored(store, TagRef(name, tag))


def test_a_document_is_itself(store: Store) -> None:
    (one,) = read_stored(store, found(store, "flow"))
    assert (one.path, one.id, one.file) == ("", "flow:v1.0.0", "flow:v1.0.0")
    assert one.name == "my/store/flow/v1.0.0/scenario.json"
    assert one.around is None
    source = one.read()
    assert (source.name, source.digest) == (one.name, one.hash)
    (text,) = read_stored(store, found(store, "text"))
    assert text.name == "my/store/text/v1.0.0/scenario.yaml"


def test_of_a_pack_its_scenario_files_are_taken(store: Store) -> None:
    documents = read_stored(store, found(store, "small"))
    assert [one.path for one in documents] == ["extra/two.scenario.json", "scenarios/one.json"]
    assert [one.id for one in documents] == [
        "small:v1.0.0::extra/two.scenario.json",
        "small:v1.0.0::scenarios/one.json",
    ]
    assert documents[1].file == "small:v1.0.0/scenarios/one.json"
    assert documents[1].name == "my/store/small/v1.0.0/scenarios/one.json"
    assert {one.around for one in documents} == {TagRef("small", "v1.0.0")}


def test_of_a_suite_every_file_is_taken(store: Store) -> None:
    documents = read_stored(store, found(store, "suite"))
    assert [one.path for one in documents] == ["extra/notes.json", "extra/two.scenario.json"]
    assert {one.around for one in documents} == {None}


def test_a_hash_says_itself_what_it_is(store: Store) -> None:
    pack = find_stored(store, HashRef(found(store, "small").hash))
    assert pack.kind == "profiles"
    documents = read_stored(store, pack)
    assert documents[0].around == HashRef(pack.hash)
    assert documents[0].name == f"my/store/sha256/{pack.hash[:12]}/extra/two.scenario.json"
    assert find_stored(store, HashRef(found(store, "suite").hash)).kind == "scenarios"
    assert find_stored(store, HashRef(found(store, "flow").hash)).kind == "scenarios"
    with pytest.raises(StoreError, match="there is no blob") as raised:
        find_stored(store, HashRef("0" * 64))
    assert not isinstance(raised.value, DamageError)


def test_what_the_store_says_it_has_and_has_not_is_damage(store: Store) -> None:
    one = found(store, "flow")
    Path(store.blobs.path(one.hash)).unlink()
    with pytest.raises(DamageError, match="there is no blob"):
        read_stored(store, one)
    document = read_stored(store, found(store, "small"))[0]
    Path(store.blobs.path(document.hash)).write_bytes(b"{}")
    with pytest.raises(DamageError, match="have another hash"):
        document.read()


def test_hints(store: Store) -> None:
    with pytest.raises(StoreError, match=r"no scenario and no profile 'card' .a spec of that name exists"):
        found(store, "card")
    with pytest.raises(StoreError, match="did you mean 'flow'"):
        found(store, "flw")
    assert bare_name_hint(store, "small") == "for its newest version write small:latest"
    assert bare_name_hint(store, "smal") == "did you mean 'small'?"
    empty = Store(store.folder, "empty", type(store.index)(), b"")
    with pytest.raises(StoreError, match="import one: fluxrig scenario import PATH"):
        found(empty, "flow")


def test_what_a_ref_resolved_to_in_words() -> None:
    digest = "0123456789abcdef" * 4
    tagged, hashed = Resolved("scenarios", "flow", "v1.0.0", digest), Resolved("profiles", None, None, digest)
    assert describe_found("flow:latest", tagged) == "flow:latest is scenarios flow:v1.0.0 (sha256:0123456789ab…)"
    assert describe_found("flow:v1.0.0", tagged) == "scenarios flow:v1.0.0 (sha256:0123456789ab…)"
    assert describe_found("", tagged) == "scenarios flow:v1.0.0 (sha256:0123456789ab…), run last"
    assert describe_found(f"sha256:{digest}", hashed) == "pack sha256:0123456789ab…"
