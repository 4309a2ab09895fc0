"""Which spec a scenario means: what is found, and what is said where nothing is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_fluxscenario.base.errors import DamageError, DocumentError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.cas.store import open_store
from pytest_fluxscenario.packs.spec_refs import SpecResolver
from pytest_fluxscenario.packs.specs import Spec
from tests.fakes.imports import import_file

_SPEC = "type: object\nrequired: [pan]\n"
FILE = "packs/small/scenarios/a.json"


class World:
    """A working tree with a store."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, text: str = _SPEC) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def file(self, name: str, tag: str, text: str = _SPEC) -> str:
        """File a spec; gives its hash."""
        return import_file(str(self.root / "store"), "specs", str(self.write("in.yaml", text)), name, tag).hash

    def resolver(self) -> SpecResolver:
        return SpecResolver(str(self.root), open_store(str(self.root / "store"), "store"))

    def ask(self, ref: str, file: str | None = FILE) -> Spec:
        return self.resolver().resolve(ref, file, lambda: Place("a.json", 3, 11))

    def refused(self, ref: str, file: str | None = FILE) -> list[str]:
        with pytest.raises(DocumentError) as caught:
            self.ask(ref, file)
        return [str(problem) for problem in caught.value.problems]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_tag_the_highest_tag_and_a_hash(world: World) -> None:
    digests = [world.file("card", tag, _SPEC + f"title: {tag}\n") for tag in ("v1.9.0", "v1.10.0", "v0.1.0")]
    for ref, known, digest in (
        ("card:v1.9.0", "card:v1.9.0", digests[0]),
        ("card:latest", "card:v1.10.0", digests[1]),
        (f"sha256:{digests[2]}", f"sha256:{digests[2]}", digests[2]),
    ):
        found = world.ask(ref)
        assert (found.ref.ref, found.ref.hash) == (known, f"sha256:{digest}")
        assert found.document.source.name.startswith("store/")


def test_what_is_imported_during_a_session_changes_nothing(world: World) -> None:
    world.file("card", "v1.0.0")
    resolver = world.resolver()
    world.file("card", "v2.0.0", _SPEC + "title: Two\n")
    assert resolver.resolve("card:latest", FILE, lambda: Place("a.json")).ref.ref == "card:v1.0.0"


@pytest.mark.parametrize("ref", ["../../../specs/card.yaml", "./card.yaml", "../scenarios/card.yaml"])
def test_a_path_is_relative_to_the_scenario(world: World, ref: str) -> None:
    path = world.write(os.path.normpath(f"packs/small/scenarios/{ref}"))
    found = world.ask(ref)
    assert found.ref.ref == path.relative_to(world.root).as_posix()
    assert found.ref.hash == f"sha256:{world.file('card', 'v1.0.0')}"
    assert world.ask(ref, str(world.root / FILE)).ref == found.ref


def test_a_spec_is_loaded_once_for_all_that_name_it(world: World) -> None:
    world.write("specs/card.yaml")
    world.file("card", "v1.0.0")
    resolver = world.resolver()
    here = Place("a.json")
    by_path = [
        resolver.resolve(ref, file, lambda: here)
        for ref, file in (("./card.yaml", "specs/a.json"), ("../specs/card.yaml", "other/a.json"))
    ]
    by_ref = [resolver.resolve(ref, "a.json", lambda: here) for ref in ("card:v1.0.0", "card:latest")]
    assert by_path[0] is by_path[1]
    assert by_ref[0] is by_ref[1]


def test_json_in_the_store_is_read_as_json(world: World) -> None:
    world.file("card", "v1.0.0", '{\t"type": "object",\n\t"required": ["pan"]}')
    assert [fault.message for fault in world.ask("card:v1.0.0").faults("a", {})] == ["'pan' is a required property"]


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("crad:v1.0.0", "the store has no spec 'crad', in store/index.json (did you mean 'card'?)"),
        ("card:v1.0.1", "a spec 'card' has no tag v1.0.1, in store/index.json (it has v1.0.0)"),
        ("pack:v1.0.0", "the store has no spec 'pack', in store/index.json (a profile of that name exists)"),
        ("card:1.0.0", "in 'card:1.0.0' a tag begins with 'v': v1.0.0 (a path has a slash in it: ./card.yaml)"),
        (
            "card.yaml",
            "'card.yaml' is no ref: write name:tag, name:latest or sha256:hash (a path has a slash in it: ./card.yaml)",
        ),
        ("", "'' is no ref: write name:tag, name:latest or sha256:hash (a path has a slash in it: ./card.yaml)"),
        ("sha256:abc", "a hash is 64 lowercase hex digits (a path has a slash in it: ./card.yaml)"),
        ("./crad.yaml", "the spec './crad.yaml' is not there: it means packs/small/scenarios/crad.yaml ("),
        (
            "../../../../outside.yaml",
            "the spec '../../../../outside.yaml' leads out of the root (name a file that lies",
        ),
        ("/etc/passwd", "the spec '/etc/passwd' leads out of the root (name a file that lies in the root)"),
        ("./link.yaml", "the spec './link.yaml' leads out of the root (name a file that lies in the root)"),
        (
            "./fields.yaml",
            "the spec './fields.yaml' holds no schemas, so it can check no payload (write it as a JSON S",
        ),
        (
            "fields:v1.0.0",
            "the spec 'fields:v1.0.0' holds no schemas, so it can check no payload (write it as a JSON S",
        ),
    ],
)
def test_what_leads_nowhere_is_told_at_the_field(world: World, ref: str, message: str) -> None:
    world.file("card", "v1.0.0")
    world.file("fields", "v1.0.0", "fields: [pan]\n")
    import_file(str(world.root / "store"), "profiles", str(world.write("profile.yaml")), "pack", "v1.0.0")
    world.write("packs/small/scenarios/card.yaml")
    world.write("packs/small/scenarios/fields.yaml", "fields: [pan]\n")
    (world.root / "packs/small/scenarios/link.yaml").symlink_to("/etc/hostname")
    (told,) = world.refused(ref)
    assert told.startswith(f"a.json:3:11: {message}")


def test_the_nearest_file_is_named(world: World) -> None:
    world.write("packs/small/scenarios/card.yaml")
    assert world.refused("./crad.yaml")[0].endswith("(did you mean 'card.yaml'?)")


def test_a_hash_that_the_store_has_not(world: World) -> None:
    world.file("card", "v1.0.0")
    assert "0000" in world.refused("sha256:" + "0" * 64)[0]


def test_no_store_and_no_specs_say_how_to_file_one(world: World) -> None:
    assert world.refused("card:v1.0.0") == [
        (
            "a.json:3:11: the spec 'card:v1.0.0' is a ref, but there is no store to look it up in (file one: fluxrig "
            "spec import FILE --name NAME --tag v1.0.0; or name a file, with a slash in it)"
        )
    ]
    import_file(str(world.root / "store"), "profiles", str(world.write("profile.yaml")), "pack", "v1.0.0")
    assert "fluxrig spec import FILE" in world.refused("card:v1.0.0")[0]


def test_what_is_wrong_in_a_spec_is_told_at_its_place_and_at_the_field(world: World) -> None:
    world.write("packs/small/scenarios/card.yaml", "type: object\nminProperties: -1\nrequired: 7\n")
    for ref, name in (
        ("./card.yaml", "packs/small/scenarios/card.yaml"),
        ("card:v1.0.0", "store/card/v1.0.0/document.yaml"),
    ):
        world.file("card", "v1.0.0", "type: object\nminProperties: -1\nrequired: 7\n")
        first, *more = world.refused(ref)
        assert first == f"a.json:3:11: the spec '{ref}' cannot be used"
        assert sorted(one.partition(": ")[0] for one in more) == [f"{name}:2:16", f"{name}:3:11"]


@pytest.mark.parametrize("kind", ["folder", "pipe", "large", "not_yaml"])
def test_what_cannot_be_read_never_hangs(world: World, kind: str) -> None:
    path = world.root / "packs/small/scenarios/card.yaml"
    path.parent.mkdir(parents=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_text("x" * (2 << 20) if kind == "large" else "a: [", encoding="utf-8")
    first, *more = world.refused("./card.yaml")
    assert first == "a.json:3:11: the spec './card.yaml' cannot be used"
    assert more[0].startswith("packs/small/scenarios/card.yaml")


def test_a_damaged_blob_is_damage(world: World) -> None:
    digest = world.file("card", "v1.0.0")
    (world.root / "store" / "blobs" / digest[:2] / digest).write_text("type: array\n", encoding="utf-8")
    resolver = world.resolver()
    for _ in range(2):
        with pytest.raises(DamageError):
            resolver.resolve("card:v1.0.0", FILE, lambda: Place("a.json"))


def test_a_scenario_of_the_store_names_no_path(world: World) -> None:
    world.write("card.yaml")
    world.file("card", "v1.0.0")
    assert world.refused("./card.yaml", None) == [
        (
            "a.json:3:11: the spec './card.yaml' is a path, and a scenario in the store lies in no folder (file the "
            "spec too, and name it by its ref: name:tag)"
        )
    ]
    assert world.ask("card:v1.0.0", None).ref.ref == "card:v1.0.0"
