"""What ``list`` and ``history`` tell: what a version is used by, and what a scenario runs on."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.packs import scenario, write
from tests.unit.cli.conftest import Rig


def put(rig: Rig, name: str, tag: str, **more: object) -> None:
    write(rig.root / "in" / f"{name}.json", scenario(name, **more))
    assert rig("scenario", "import", f"in/{name}.json", "--tag", tag).returncode == 0


def test_profiles_and_specs_say_who_uses_them_and_scenarios_what_they_use(rig: Rig) -> None:
    rig.add("own.json", scenario("x"), scenario("y"))
    rig("profile", "import", "packs/small")
    (rig.root / "card.yaml").write_text("type: object\n", encoding="utf-8")
    rig("spec", "import", "card.yaml", "--tag", "v1.0.0")
    for name in ("e", "d", "c", "b"):
        put(rig, name, "v0.1.0")
    put(rig, "a", "v0.1.0", spec="card:v1.0.0")
    put(rig, "a", "v0.2.0", spec="card:latest", profile="small:latest")
    (profile,) = rig.json("profile", "list")
    assert profile["scenarios"] == 2
    assert profile["used_by"] == ["a:v0.2.0", "a:v0.1.0", "b:v0.1.0", "c:v0.1.0", "d:v0.1.0", "e:v0.1.0"]
    assert rig.json("profile", "history", "small") == [profile]
    header, line = rig("profile", "list").stdout.splitlines()
    column = header.index("USED BY")
    assert line[column:] == "2 scenarios of its own, a:v0.2.0, b:v0.1.0, c:v0.1.0 and 3 more"
    (spec,) = rig.json("spec", "list")
    assert (spec["used_by"], "scenarios" in spec) == (["a:v0.2.0", "a:v0.1.0"], False)
    assert rig("spec", "list").stdout.splitlines()[1].endswith("  a:v0.2.0 and 1 more")
    newest, oldest = rig.json("scenario", "history", "a")
    assert newest["runs_on"] == [{"profile": "small:latest", "spec": "card:latest"}]
    assert (oldest["runs_on"], oldest["scenarios"]) == ([{"profile": "small:v1.0.0", "spec": "card:v1.0.0"}], 1)
    header, first, *_ = rig("scenario", "list").stdout.splitlines()
    assert header.endswith("RUNS ON")
    assert first.endswith("  small:latest with card:latest")


def test_nothing_that_uses_it_leaves_the_cell_empty(rig: Rig) -> None:
    (rig.root / "card.yaml").write_text("title: A card\n", encoding="utf-8")
    rig("spec", "import", "card.yaml")
    assert rig.json("spec", "list")[0]["used_by"] == []
    assert rig("spec", "list").stdout.splitlines()[1].endswith("  A card")


def test_damage_is_told_and_the_rest_is_listed(rig: Rig) -> None:
    rig("profile", "import", "packs/small")
    put(rig, "a", "v0.1.0")
    put(rig, "b", "v0.1.0")
    digest = rig.json("scenario", "history", "a")[0]["hash"].removeprefix("sha256:")
    Path(rig.root, "store", "blobs", digest[:2], digest).write_bytes(b"x")
    listed = rig("profile", "list")
    assert listed.returncode == 3
    assert listed.stdout.splitlines()[1].endswith("  b:v0.1.0")
    assert listed.stderr.count("\n") == 1
    assert f"{digest}: the 1 bytes of the blob have another hash" in listed.stderr
    scenarios = rig("scenario", "list")
    assert scenarios.returncode == 3
    assert scenarios.stdout.splitlines()[1].split() == ["a", "v0.1.0", "latest", digest[:12], "?", "?"]


def test_what_a_stranger_wrote_is_shown_escaped(rig: Rig) -> None:
    put(rig, "a", "v0.1.0", profile="\x1b[2J/\u202e", spec="\n")
    assert "\\x1b[2J/\\u202e with \\x0a" in rig("scenario", "list").stdout
