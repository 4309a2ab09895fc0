from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.base.errors import DamageError, FluxError, ProfileError
from pytest_fluxscenario.base.names import HashRef, TagRef
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.cas.packing import pack_tree
from pytest_fluxscenario.cas.store import open_store
from pytest_fluxscenario.cas.trees import build_tree
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.packs.resolve import Resolver
from tests.fakes.imports import import_file, import_tree

WritePack = Callable[..., Path]
HERE = Place("scenarios/a.scenario.yaml", 2, 13)


class World:
    """A working tree with a store, and a scenario that asks in it."""

    def __init__(self, root: Path, write_pack: WritePack, files: dict[str, str]) -> None:
        self.root = root
        self._write = write_pack
        self._files = files

    def pack(self, where: str, name: str = "change_review", version: str = "1.2.0", purpose: str = "Review.") -> Path:
        changed = {
            path: self._files[path]
            .replace("id: change_review", f"id: {name}")
            .replace('version: "1.2.0"', f'version: "{version}"')
            .replace("Review one change.", purpose)
            for path in ("process.manifest.yaml", "profile.yaml")
        }
        return self._write(self.root / where, changed)

    def file(self, where: str) -> Path:
        """Import the pack in that folder."""
        import_tree(str(self.root / "store"), str(self.root / where))
        return self.root / where

    def resolver(self, *, store: bool = True) -> Resolver:
        return Resolver(str(self.root), open_store(str(self.root / "store"), "store") if store else None)

    def ask(
        self,
        resolver: Resolver | None = None,
        name: str = "change_review",
        version: str = "1.2.0",
        ref: str | None = None,
        file: str = "scenarios/a.scenario.yaml",
    ) -> Pack:
        return (resolver or self.resolver()).resolve(name, version, ref, file, HERE)

    def refused(self, **question: Any) -> str:
        with pytest.raises(FluxError) as caught:
            self.ask(**question)
        return str(caught.value)


@pytest.fixture
def world(tmp_path: Path, write_pack: WritePack, pack_files: dict[str, str]) -> World:
    return World(tmp_path, write_pack, pack_files)


# 1. What the scenario names.


def test_a_path_is_relative_to_the_scenario(world: World) -> None:
    world.pack("scenarios/near", purpose="Near.")
    world.pack("packs/far", purpose="Far.")
    assert world.ask(ref="./near").where == "scenarios/near"
    assert world.ask(ref="../packs/far").where == "packs/far"
    assert world.ask(ref="../packs/far/process.manifest.yaml").profile.purpose == "Far."
    assert world.ask(ref="../packs/far/").origin == "tree"


def test_a_path_may_name_a_profile_that_stands_alone(world: World, flat_core: dict[str, Any]) -> None:
    flat_core["gates"] = [gate for gate in flat_core["gates"] if gate["id"] != "risky"]
    (world.root / "profiles").mkdir()
    (world.root / "profiles" / "core.json").write_text(json.dumps(flat_core))
    pack = world.ask(ref="../profiles/core.json")
    assert (pack.where, pack.hooks, pack.profile.id) == ("profiles/core.json", None, "change_review")


def test_a_path_may_name_an_archive(world: World) -> None:
    folder = world.pack("pack", purpose="Packed.")
    (world.root / "archives").mkdir()
    (world.root / "archives" / "p.fstpack").write_bytes(pack_tree(build_tree(str(folder), "pack")))
    pack = world.ask(ref="../archives/p.fstpack")
    assert (pack.where, pack.origin, pack.profile.purpose) == ("archives/p.fstpack", "tree", "Packed.")
    assert pack.behaviour_hash == world.ask(ref="../pack").behaviour_hash
    # An archive that only lies there is no pack of the working tree.
    assert world.ask().where == "pack"
    world.file("pack")
    assert world.ask(ref="../archives/p.fstpack").warnings == ()
    world.pack("pack", purpose="Other.")
    (world.root / "archives" / "p.fstpack").write_bytes(pack_tree(build_tree(str(folder), "pack")))
    (warning,) = world.ask(ref="../archives/p.fstpack").warnings
    assert str(warning.place) == "archives/p.fstpack/process.manifest.yaml:3:12"
    (world.root / "archives" / "p.fstpack").write_bytes(b"PK")
    assert "archives/p.fstpack: the archive cannot be read" in world.refused(ref="../archives/p.fstpack")


@pytest.mark.parametrize(
    ("ref", "fragment"),
    [
        ("../../outside", "leads out of the root"),
        ("/etc/passwd", "leads out of the root"),
        ("./link", "leads out of the root"),
        ("../packs/fra", "is not there: it means packs/fra (did you mean '../packs/far'?)"),
        ("../empty/", "there is no such file"),
        ("nothing", "is no ref"),
        ("Big:v1.0.0", "a name is 1 to 64"),
        ("x:1.0.0", "a tag begins with 'v'"),
        ("sha256:abc", "64 lowercase hex digits"),
        ("change_review:v9.0.0", "has no tag v9.0.0, in store/index.json (it has v1.2.0)"),
        ("change_revue:latest", "did you mean 'change_review'"),
        ("sha256:" + "0" * 64, "there is no blob"),
    ],
)
def test_what_the_scenario_names_is_not_there(world: World, ref: str, fragment: str) -> None:
    world.pack("packs/far")
    world.file("packs/far")
    (world.root / "empty").mkdir()
    (world.root / "scenarios").mkdir()
    (world.root / "scenarios" / "link").symlink_to("/etc")
    told = world.refused(ref=ref)
    assert fragment in told
    assert told.startswith(str(HERE)) or ref == "../empty/"


def test_a_ref_needs_a_store(world: World) -> None:
    resolver = world.resolver(store=False)
    assert "there is no store" in world.refused(resolver=resolver, ref="change_review:latest")


def test_refs_into_the_store(world: World) -> None:
    world.pack("one", purpose="First.")
    world.file("one")
    world.pack("two", version="1.10.0", purpose="Tenth.")
    imported = import_tree(str(world.root / "store"), str(world.root / "two"))
    named = world.ask(ref="change_review:v1.2.0")
    assert (named.profile.purpose, named.origin, named.store_ref) == ("First.", "store", "change_review:v1.2.0")
    assert named.where == "store/change_review/v1.2.0"
    latest = world.ask(ref="change_review:latest")
    assert (latest.store_ref, latest.profile.version) == ("change_review:v1.10.0", "1.10.0")
    hashed = world.ask(version="1.10.0", ref=f"sha256:{imported.hash}")
    assert (hashed.store_ref, hashed.tree_hash) == (None, imported.hash)
    assert hashed.behaviour_hash == latest.behaviour_hash


def test_the_store_may_hold_a_profile_alone(world: World, flat_core: dict[str, Any], authoring: str) -> None:
    flat_core["gates"] = [gate for gate in flat_core["gates"] if gate["id"] != "risky"]
    (world.root / "core.json").write_text(json.dumps(flat_core))
    (world.root / "core.yaml").write_text(authoring.replace("fact_true: risky", "").replace("    hook: assess\n", ""))
    for name in ("json", "yaml"):
        path = str(world.root / f"core.{name}")
        imported = import_file(str(world.root / "store"), "profiles", path, f"core-{name}")
        pack = world.ask(ref=f"core-{name}:latest")
        assert (pack.hooks, pack.tree_hash, pack.origin) == (None, imported.hash, "store")


def test_what_is_named_must_be_what_the_scenario_says(world: World) -> None:
    world.pack("packs/far", version="1.3.0")
    assert "but the scenario's profile_version is '1.2.0'" in world.refused(ref="../packs/far")
    assert "but the scenario's profile_id is 'other'" in world.refused(name="other", ref="../packs/far")


# 2. and 3. The working tree.


def test_the_pack_around_the_file_comes_first(world: World) -> None:
    world.pack("a", purpose="Other.")
    world.pack("b", purpose="Around.")
    assert world.ask(file="b/scenarios/x.json").profile.purpose == "Around."
    assert world.ask(file=str(world.root / "b" / "scenarios" / "x.json")).profile.purpose == "Around."


def test_the_pack_around_the_file_is_left_for_another_that_is_meant(world: World) -> None:
    world.pack("around", name="something_else")
    world.pack("elsewhere", purpose="Meant.")
    assert world.ask(file="around/scenarios/x.json").profile.purpose == "Meant."
    world.pack("older", version="1.1.0", purpose="Older.")
    assert world.ask(file="older/scenarios/x.json").profile.purpose == "Meant."


def test_two_packs_that_are_one_are_no_matter(world: World) -> None:
    world.pack("a")
    world.pack("b")
    assert world.ask().where == "a"


def test_two_packs_that_differ_are_an_error_that_names_both(world: World) -> None:
    world.pack("a", purpose="One.")
    world.pack("b", purpose="Two.")
    told = world.refused()
    assert told.startswith("scenarios/a.scenario.yaml:2:13: two packs say that they are 'change_review' 1.2.0")
    assert "differ: a and b" in told


def test_a_broken_manifest_around_the_file_is_an_error_and_elsewhere_none(world: World) -> None:
    world.pack("good")
    (world.root / "bad").mkdir()
    (world.root / "bad" / "process.manifest.yaml").write_text("process: [\n")
    assert world.ask(file="x.json").where == "good"
    assert world.refused(file="bad/x.json").startswith("bad/process.manifest.yaml:")


def test_a_pack_that_cannot_be_used_is_told_with_its_own_places(world: World) -> None:
    folder = world.pack("good")
    profile = folder / "profile.yaml"
    profile.write_text(profile.read_text().replace("route: AskUser", "route: AskUsr"))
    resolver = world.resolver()
    told = world.refused(resolver=resolver)
    assert told.startswith("good/profile.yaml:40:12: 'AskUsr' is no route")
    assert world.refused(resolver=resolver) == told


# 4. The store.


def test_the_store_comes_last(world: World) -> None:
    folder = world.pack("pack", purpose="Filed.")
    world.file("pack")
    assert world.ask().origin == "tree"
    (folder / "process.manifest.yaml").unlink()
    pack = world.ask()
    assert (pack.origin, pack.store_ref, pack.profile.purpose) == ("store", "change_review:v1.2.0", "Filed.")


@pytest.mark.parametrize("gone", [False, True], ids=["changed", "gone"])
def test_damage_of_the_store_passes_through(world: World, gone: bool) -> None:
    folder = world.pack("pack")
    world.file("pack")
    (folder / "process.manifest.yaml").unlink()
    for blob in (world.root / "store" / "blobs").rglob("*/*"):
        blob.write_bytes(blob.read_bytes() + b" ")
        if gone:
            blob.unlink()
    resolver = world.resolver()
    for _ in range(2):
        with pytest.raises(DamageError):
            world.ask(resolver)


# 5. Nothing.


def test_nothing_lists_what_exists_and_where_it_was_looked_for(world: World) -> None:
    world.pack("packs/one", version="1.1.0")
    world.pack("packs/two", name="other")
    world.file("packs/two")
    told = world.refused(version="9.9.9", file="packs/two/scenarios/x.json")
    assert told == (
        "scenarios/a.scenario.yaml:2:13: there is no profile 'change_review' 9.9.9: "
        "other 1.2.0 (packs/two) is the pack around the file; "
        "the working tree has change_review 1.1.0 (packs/one); the store store has other:v1.2.0 "
        "('change_review' is there as 1.1.0 (packs/one))"
    )
    assert "(did you mean 'change_review'?)" in world.refused(name="change_revue")


def test_nothing_at_all(world: World) -> None:
    told = world.refused(resolver=world.resolver(store=False))
    assert "no pack lies around the file; the working tree has no other pack; there is no store" in told
    assert told.endswith("(put the file into the pack's folder, or file the pack: fluxrig profile import PATH)")


@pytest.mark.parametrize("name", ["../x", "Big", "x" * 200, "con", "\u202e"])
def test_names_that_cannot_be_names_are_only_not_found(world: World, name: str) -> None:
    world.pack("pack")
    world.file("pack")
    told = world.refused(name=name)
    assert "there is no profile" in told
    assert "\u202e" not in told


def test_a_long_list_is_cut(world: World) -> None:
    for number in range(12):
        world.pack(f"p{number:02}", name=f"process_{number}")
    told = world.refused()
    assert "and 4 more" in told
    assert len(told) < 2_000


# Warnings.


def test_a_pack_that_changed_without_a_new_version(world: World) -> None:
    folder = world.pack("pack")
    world.file("pack")
    resolver = world.resolver()
    assert world.ask(resolver).warnings == ()
    (folder / "logic" / "main.py").write_text("pass\n")
    resolver = world.resolver()
    for file in ("x.json", "pack/scenarios/y.json", "pack/scenarios/z.json"):
        pack = world.ask(resolver, file=file)
        assert [warning.code for warning in pack.warnings] == ["pack.changed-without-version"]
    (warning,) = resolver.warnings
    assert str(warning.place) == "pack/process.manifest.yaml:3:12"
    assert warning.severity == "warning"
    assert "its version is still 1.2.0" in warning.message


def test_a_readme_is_no_change(world: World) -> None:
    folder = world.pack("pack")
    world.file("pack")
    (folder / "README.md").write_text("New words.")
    resolver = world.resolver()
    assert world.ask(resolver).warnings == ()
    assert resolver.warnings == []


def test_a_stored_copy_that_cannot_be_used_is_a_warning(world: World) -> None:
    folder = world.pack("pack")
    profile = folder / "profile.yaml"
    good = profile.read_text()
    profile.write_text("no: profile\n")
    world.file("pack")
    profile.write_text(good)
    (warning,) = world.ask().warnings
    assert "cannot be used" in warning.message


def test_the_warnings_of_a_pack_are_collected_once(world: World) -> None:
    folder = world.pack("pack")
    with (folder / "process.manifest.yaml").open("a") as manifest:
        manifest.write("vendor: 1\n")
    resolver = world.resolver()
    world.ask(resolver, file="a.json")
    world.ask(resolver, file="b/c.json")
    assert [warning.code for warning in resolver.warnings] == ["pack.unknown-field"]


# Cost.


def test_asking_again_costs_a_look_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.pack("pack")
    resolver = world.resolver()
    first = world.ask(resolver)
    monkeypatch.setattr("pytest_fluxscenario.packs.loaded.load_pack", lambda *_: pytest.fail("loaded again"))
    assert world.ask(resolver) is first
    assert world.ask(resolver, file="elsewhere/b.json") is first
    looked: list[object] = []
    with monkeypatch.context() as patch:
        for name in ("lstat", "open", "scandir", "stat"):
            patch.setattr(os, name, lambda *given, **_: looked.append(given))
        resolver.resolve("change_review", "1.2.0", None, "scenarios/a.scenario.yaml", HERE)
    assert looked == []


def test_code_of_a_pack_is_never_run(world: World) -> None:
    folder = world.pack("pack")
    (folder / "logic" / "main.py").write_text(f"open({str(world.root / 'ran')!r}, 'w')\n")
    (folder / "conftest.py").write_text("raise SystemExit\n")
    world.file("pack")
    world.ask()
    world.ask(ref="change_review:latest")
    assert not (world.root / "ran").exists()


def test_errors_are_profile_errors(world: World) -> None:
    with pytest.raises(ProfileError):
        world.ask()


def test_what_the_store_has_under_another_name_is_not_taken_for_it(world: World) -> None:
    world.pack("packs/one", version="2.0.0")
    import_tree(str(world.root / "store"), str(world.root / "packs/one"), name="other", tag="v1.0.0")
    (world.root / "packs").rename(world.root / ".packs")
    said = world.refused(name="other", version="1.0.0")
    assert "the profile 'other:v1.0.0' is 'change_review' 2.0.0, but the scenario's profile_id is 'other'" in said


# ---- scenarios of the store ------------------------------------------------------------------------


def test_around_a_stored_scenario_lies_the_stored_pack(world: World) -> None:
    filed = world.pack("packs/one")
    world.file("packs/one")
    tree = build_tree(str(filed), "one").hash
    world.pack("packs/one", purpose="Review it twice.")
    resolver = world.resolver()
    pack = resolver.resolve_loose("change_review", "1.2.0", None, TagRef("change_review", "v1.2.0"), HERE)
    assert (pack.origin, pack.tree_hash, pack.store_ref) == ("store", tree, "change_review:v1.2.0")
    assert resolver.resolve_loose("change_review", "1.2.0", None, HashRef(tree), HERE).tree_hash == tree
    # Without a pack around it the working tree comes before the store, as for any scenario.
    assert resolver.resolve_loose("change_review", "1.2.0", None, None, HERE).origin == "tree"
    # Another version than that of the pack around it.
    world.pack("packs/two", version="1.3.0")
    other = world.resolver().resolve_loose("change_review", "1.3.0", None, TagRef("change_review", "v1.2.0"), HERE)
    assert (other.origin, other.profile.version) == ("tree", "1.3.0")


def test_a_stored_scenario_names_a_profile_by_ref_only(world: World) -> None:
    world.pack("packs/one")
    world.file("packs/one")
    resolver = world.resolver()
    assert resolver.resolve_loose("change_review", "1.2.0", "change_review:v1.2.0", None, HERE).origin == "store"
    with pytest.raises(ProfileError, match="is a path, but a scenario in the store lies in no folder") as raised:
        resolver.resolve_loose("change_review", "1.2.0", "packs/one", None, HERE)
    assert raised.value.problems[0].place == HERE


def test_what_exists_is_listed_for_a_stored_scenario_too(world: World) -> None:
    world.pack("packs/one")
    world.file("packs/one")
    with pytest.raises(ProfileError) as raised:
        world.resolver().resolve_loose("other", "1.0.0", None, TagRef("change_review", "v1.2.0"), HERE)
    text = str(raised.value)
    assert "change_review:v1.2.0 is the pack around the file" in text
    assert "the working tree has change_review 1.2.0 (packs/one)" in text
