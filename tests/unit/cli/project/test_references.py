"""``fluxrig scenario run`` with refs, and ``scenario import --suite`` (cli.md; store.md, "Run by ref")."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.cas.store import blobs_of, open_store
from pytest_fluxscenario.cas.trees import read_tree
from pytest_fluxscenario.cli.main import main
from tests.fakes.imports import import_file, import_tree
from tests.fakes.packs import failing, needs_hook, scenario, trap, write
from tests.unit.cli.conftest import Rig

_FLOW = "store/index.json::flow:v1.0.0"


@pytest.fixture
def filed(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """A project whose pack and scenarios lie in the store only; this process works in it."""
    monkeypatch.chdir(rig.root)
    monkeypatch.delenv("FLUXRIG_STORE", raising=False)
    rig.add("one.json", scenario("one"), scenario("two", parameters=[{"a": 1}, {"a": 2}]))
    import_tree("store", "packs/small")
    put(scenario("happy"), failing("sad"))
    shutil.rmtree("packs")
    return rig


def put(*documents: Any, name: str = "flow", tag: str = "v1.0.0") -> None:
    write(Path("draft.json"), *documents)
    import_file("store", "scenarios", "draft.json", name, tag)
    Path("draft.json").unlink()


def run(*args: str) -> int:
    return main(["scenario", "run", *args])


def active() -> str | None:
    path = Path("store/.active")
    return path.read_text(encoding="utf-8") if path.exists() else None


def ids(rig: Rig) -> list[str]:
    return [one["id"] for one in rig.evidence()[0]["scenarios"]]


# ---- what runs -----------------------------------------------------------------------------------


def test_a_ref_runs_and_is_remembered(filed: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("flow:latest") == 1
    out = capsys.readouterr().out
    assert "\nflow:latest is scenarios flow:v1.0.0 (sha256:" in out
    assert "\nstore/flow/v1.0.0/scenario.json:" in out
    assert ids(filed) == [f"{_FLOW}::happy", f"{_FLOW}::sad"]
    assert active() == "flow:v1.0.0\n"


@pytest.mark.parametrize(
    "refs", [("flow:latest",), ("small:v1.0.0",), ("flow:v1.0.0", "small:latest"), (f"{_FLOW}::happy",)]
)
def test_records_are_those_of_pytest(filed: Rig, refs: tuple[str, ...]) -> None:
    run(*refs, "--evidence", "alone")
    options = [ref if ref.startswith("store/") else f"store/index.json::{ref}" for ref in refs]
    filed.pytest("--fluxscenario-evidence=tested", *options)
    (mine, records), (theirs, tested) = filed.evidence("alone"), filed.evidence("tested")
    assert [(one["id"], one["ref"], one["result"]) for one in records] == [
        (one["id"], one["ref"], one["result"]) for one in tested
    ]
    assert records
    assert (mine["root"], mine["verdict"], mine["scenarios"]) == (
        theirs["root"],
        theirs["verdict"],
        theirs["scenarios"],
    )
    assert sorted(map(str, mine["refs"])) == sorted(map(str, theirs["refs"]))


def test_paths_and_refs_run_together(filed: Rig) -> None:
    write(filed.root / "scenarios" / "local.json", scenario("local"))
    assert run("scenarios", "flow:v1.0.0::happy", "-v") == 0
    assert ids(filed) == ["scenarios/local.json::local", f"{_FLOW}::happy"]


def test_what_exists_is_a_path(filed: Rig) -> None:
    write(filed.root / "flow:v1.0.0" / "mine.scenario.json", scenario("mine"))
    assert run("flow:v1.0.0") == 0
    assert ids(filed) == ["flow:v1.0.0/mine.scenario.json::mine"]
    assert active() is None


def test_a_part_of_a_hash_is_enough(filed: Rig) -> None:
    store = open_store("store")
    assert store is not None
    digest = store.index.names["profiles"]["small"]["v1.0.0"]
    assert run(f"sha256:{digest[:12]}", "-k", "two") == 0
    start = f"store/index.json::sha256:{digest}::scenarios/one.json"
    assert ids(filed) == [f"{start}::one", f"{start}::two[0]", f"{start}::two[1]"]
    assert active() == f"sha256:{digest}\n"


def test_one_of_a_pack_is_named_by_its_file(filed: Rig) -> None:
    assert run("small:latest::scenarios/one.json::two[1]") == 0
    assert ids(filed) == ["store/index.json::small:v1.0.0::scenarios/one.json::two[1]"]
    assert run("small:latest::scenarios/one.json") == 0
    assert len(ids(filed)) == 3
    # The id of an item, as either command prints it.
    assert run("store/index.json::small:v1.0.0::scenarios/one.json::one") == 0
    assert active() == "small:v1.0.0\n"


def test_the_same_twice_runs_once(filed: Rig) -> None:
    assert run("flow:v1.0.0::happy", "flow:latest::happy") == 0
    assert len(filed.evidence()[1]) == 1
    assert run("flow:v1.0.0::happy", "flow:latest") == 1
    assert len(filed.evidence()[1]) == 2


def test_a_store_elsewhere_gives_the_same_records(filed: Rig, tmp_path: Path) -> None:
    run("flow:v1.0.0")
    here = filed.evidence()[1]
    shutil.move("store", tmp_path / "registry")
    run("flow:v1.0.0", "--store", str(tmp_path / "registry"))
    there = filed.evidence()[1]
    assert [one["ref"] for one in there] == [one["ref"] for one in here]
    assert there[0]["id"] == f"{tmp_path}/registry/index.json::flow:v1.0.0::happy"


# ---- the last active one -------------------------------------------------------------------------


def test_an_empty_ref_goes_on_with_what_was_run_last(filed: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    run("flow:latest", "small:latest")
    assert active() == "small:v1.0.0\n"
    put(scenario("newer"), tag="v1.1.0")
    run("flow:v1.0.0", "-k", "happy")
    capsys.readouterr()
    assert run("") == 1
    assert "\nscenarios flow:v1.0.0 (sha256:" in capsys.readouterr().out
    assert ids(filed) == [f"{_FLOW}::happy", f"{_FLOW}::sad"]


def test_where_nothing_was_run_it_is_said(filed: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("") == 0
    said = capsys.readouterr()
    assert said.err == "no ref was run before, so nothing is run from the store\n"
    assert said.out.startswith("nothing ran in ")
    assert not Path(".fluxscenario").exists()
    assert run("", "--json") == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "incomplete"
    write(filed.root / "scenarios" / "local.json", scenario("local"))
    assert run("", "scenarios") == 0
    assert "1 passed" in capsys.readouterr().out
    shutil.rmtree("store")
    assert run("") == 0


def test_what_gave_nothing_to_run_is_not_remembered(filed: Rig) -> None:
    put({"id": "broken"}, name="broken")
    assert run("broken:latest") == 1
    assert run("flow:latest", "-k", "nothing-of-it") == 2
    assert active() is None


def test_a_broken_memory_is_damage(filed: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    Path("store/.active").write_text("what\n", encoding="utf-8")
    assert run("") == 3
    assert capsys.readouterr().err.startswith("store/.active: holds no ref (remove the file")


# ---- what cannot be run --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("flow", "flow: there is no such file or folder (for its newest version in the store write flow:latest)"),
        ("flow:1", "flow:1: in 'flow:1' a tag is SemVer"),
        ("flow:v2.0.0", "store/index.json: a scenario 'flow' has no tag v2.0.0 (it has v1.0.0)"),
        ("flw:latest", "store/index.json: the store has no scenario and no profile 'flw' (did you mean 'flow'?)"),
        ("flow:v1.0.0::sda", "store/index.json::flow:v1.0.0: has no scenario 'sda' (did you mean 'sad'?)"),
        ("small:v1.0.0::scenarios/on.json", "small:v1.0.0: has no file 'scenarios/on.json' (did you mean"),
        ("sha256:0123", "store: 'sha256:0123' is too short to stand for a hash (give 12 digits or more)"),
        ("sha256:000000000000", "store: no blobs have a hash that begins with 000000000000"),
        ("some/flow:latest", "some/flow:latest: there is no such file or folder"),
        ("FLOW:latest", "FLOW:latest: in 'FLOW:latest' a name is "),
        ("\x1b[31m:latest", "\\x1b[31m:latest: in "),
    ],
)
def test_a_ref_that_names_nothing(filed: Rig, ref: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(ref) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(said)
    assert printed.err.count("\n") == 1
    assert printed.out == ""


def test_without_a_store_a_ref_is_refused(filed: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree("store")
    assert run("flow:latest") == 2
    assert capsys.readouterr().err.startswith("flow:latest: there is no store to look it up in (import something: ")


def test_an_id_of_another_store_is_refused(filed: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree("store", "other/store")
    assert run("other/store/index.json::flow:v1.0.0") == 2
    assert "is not in the store of this run (add --store other/store)" in capsys.readouterr().err
    assert run("other/store/index.json::flow:v1.0.0::happy", "--store", "other/store") == 0


@pytest.mark.parametrize("how", ["flipped", "missing", "index"])
def test_damage_exits_with_3(filed: Rig, how: str, capsys: pytest.CaptureFixture[str]) -> None:
    store = open_store("store")
    assert store is not None
    blob = Path(store.blobs.path(store.index.names["scenarios"]["flow"]["v1.0.0"]))
    if how == "flipped":
        blob.write_bytes(blob.read_bytes().replace(b"happy", b"hbppy"))
    elif how == "missing":
        blob.unlink()
    else:
        index = Path("store/index.json")
        index.write_bytes(index.read_bytes()[:-10])
    assert run("flow:v1.0.0") == 3
    printed = capsys.readouterr()
    assert printed.err.startswith("store/")
    assert "passed" not in printed.out


@pytest.mark.parametrize("how", ["flipped", "missing"])
def test_a_blob_of_a_pack_that_is_damaged(filed: Rig, how: str, capsys: pytest.CaptureFixture[str]) -> None:
    store = open_store("store")
    assert store is not None
    tree = json.loads(store.read(store.index.names["profiles"]["small"]["v1.0.0"]))
    blob = Path(store.blobs.path(tree["files"]["scenarios/one.json"]["hash"]))
    if how == "missing":
        blob.unlink()
    else:
        blob.write_bytes(blob.read_bytes() + b" ")
    assert run("small:v1.0.0", "flow:v1.0.0::happy") == 3
    assert f"store/blobs/{blob.parent.name}/{blob.name}: " in capsys.readouterr().err
    assert filed.evidence()[0]["verdict"] == "failed"


# ---- suites --------------------------------------------------------------------------------------


def test_a_folder_becomes_a_suite(filed: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("payments/scenarios/a.json"), scenario("a"))
    write(Path("payments/deep/b.scenario.json"), scenario("b"), scenario("c"))
    Path("payments/notes.json").write_text("{}", encoding="utf-8")
    assert main(["scenario", "import", "payments", "--suite", "--tag", "v1.0.0"]) == 0
    assert capsys.readouterr().out.startswith("payments:v1.0.0 sha256:")
    shutil.rmtree("payments")
    assert run("payments:v1.0.0") == 0
    assert [one.partition("v1.0.0::")[2] for one in ids(filed)] == [
        "deep/b.scenario.json::b",
        "deep/b.scenario.json::c",
        "scenarios/a.json::a",
    ]
    # What the verbs of the store do with packs they do with suites.
    assert main(["scenario", "export", "payments:latest", "again"]) == 0
    assert sorted(str(path) for path in Path("again").rglob("*.json")) == [
        "again/deep/b.scenario.json",
        "again/scenarios/a.json",
    ]
    assert main(["scenario", "import", "again", "--suite", "--name", "payments"]) == 0
    write(Path("again/scenarios/a.json"), failing("a"))
    assert main(["scenario", "import", "again", "--suite", "--name", "payments"]) == 0
    capsys.readouterr()
    assert main(["scenario", "history", "payments", "--json"]) == 0
    assert [row["tag"] for row in json.loads(capsys.readouterr().out)] == ["v1.1.0", "v1.0.0"]
    assert main(["scenario", "diff", "payments:v1.0.0", "payments:v1.1.0"]) == 1
    assert capsys.readouterr().out.startswith("~ file scenarios/a.json: ")
    assert main(["scenario", "show", "payments:v1.1.0"]) == 0
    assert capsys.readouterr().out.count("\n") == 2


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("draft.json", "draft.json: is no folder, and a suite is made of one (leave --suite out)"),
        ("empty", "empty: there is no scenario file in this folder"),
        ("emty", "emty: is no folder, and a suite is made of one (did you mean 'empty'?)"),
        ("-", "-: is no folder"),
    ],
)
def test_what_cannot_be_a_suite(filed: Rig, path: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("draft.json"), scenario("a"))
    Path("empty").mkdir()
    assert main(["scenario", "import", path, "--suite"]) == 2
    assert capsys.readouterr().err.startswith(said)


@pytest.mark.parametrize("how", ["changed", "gone"])
@pytest.mark.parametrize("path", ["hooks.yaml", "logic/main.py"])
@pytest.mark.parametrize("marks", [{}, {"xfail": "later"}], ids=["plain", "xfail"])
def test_damaged_code_does_not_run_and_is_damage(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, how: str, path: str, marks: dict[str, str]
) -> None:
    monkeypatch.chdir(rig.root)
    trace = rig.root / "trace"
    trap(rig.root / "packs" / "small", trace)
    rig.add("one.json", needs_hook("hooked", **marks), needs_hook("again", **marks))
    filed = import_tree("store", "packs/small")
    shutil.rmtree("packs")
    blobs = blobs_of("store")
    blob = Path(blobs.path(read_tree(blobs, filed.hash).entries[path].hash))
    if how == "gone":
        blob.unlink()
    else:
        blob.write_bytes(blob.read_bytes() + f"\nopen({str(trace)!r}, 'w')\n".encode())
    assert run("small:v1.0.0") == 3
    assert run("small:v1.0.0", "--evidence", "off") == 3
    assert not trace.exists()
