"""Which profile is under test, seen through pytest (scenario.md)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes.imports import import_tree
from tests.fakes.packs import scenario, step, write, write_pack
from tests.fakes.project import Project, text_of


def store_pack(project: Project, version: str = "1.0.0", reason: str = "It is not said what to do.") -> str:
    """A version of the pack in the project's store; gives its ref by hash."""
    outside = project.root.parent / f"{project.root.name}-{version}-{len(reason)}"
    folder = write_pack(outside, version=version, reason=reason)
    return f"sha256:{import_tree(str(project.root / 'store'), str(folder)).hash}"


def source(project: Project) -> tuple[str, str, str]:
    """Origin, source and version of the one profile of the last run."""
    profile = project.manifest()["profiles"][0]
    return profile["origin"], profile["source"], profile["version"]


def outside(project: Project, *scenarios: dict[str, object]) -> Path:
    """A scenario file that no pack lies around."""
    return write(project.root / "elsewhere" / "a.scenario.json", *scenarios)


def test_the_pack_around_the_file_is_taken(project: Project) -> None:
    project.add("a.json", scenario())
    write_pack(project.root / "packs" / "other", version="2.0.0")
    project.run().assert_outcomes(passed=1)
    assert source(project) == ("tree", "packs/small", "1.0.0")


def test_a_pack_of_the_tree_is_taken_by_id_and_version(project: Project) -> None:
    write_pack(project.root / "packs" / "newer", version="2.0.0")
    outside(project, scenario(profile_version="2.0.0"))
    project.run().assert_outcomes(passed=1)
    assert source(project) == ("tree", "packs/newer", "2.0.0")


def test_two_packs_of_one_version_that_differ_are_an_error(project: Project) -> None:
    write_pack(project.root / "packs" / "twin", reason="Another reason.")
    outside(project, scenario())
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["elsewhere/a.scenario.json:3:17: two packs say that they are 'small' 1.0.0, and differ: packs/*twin*"]
    )


def test_two_packs_of_one_version_that_are_the_same_are_none(project: Project) -> None:
    write_pack(project.root / "packs" / "twin")
    outside(project, scenario())
    project.run().assert_outcomes(passed=1)


def test_the_store_is_asked_last(project: Project) -> None:
    store_pack(project, "1.5.0")
    outside(project, scenario(profile_version="1.5.0"))
    project.run().assert_outcomes(passed=1)
    assert source(project) == ("store", "small:v1.5.0", "1.5.0")


@pytest.mark.parametrize("way", ["option", "ini", "environment", "upward"])
def test_the_store_can_be_named(project: Project, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store_pack(project, "1.5.0")
    path = outside(project, scenario(profile_version="1.5.0"))
    args: list[str | Path] = []
    if way != "upward":
        (project.root / "store").rename(project.root / "kept")
    if way == "option":
        args = ["--fluxscenario-store", "kept"]
    elif way == "ini":
        project.ini("fluxscenario_store = kept")
    elif way == "environment":
        monkeypatch.setenv("FLUXRIG_STORE", str(project.root / "kept"))
    else:
        monkeypatch.chdir(path.parent)
    project.run(*args).assert_outcomes(passed=1)
    assert source(project) == ("store", "small:v1.5.0", "1.5.0")


def test_a_store_that_is_named_and_not_there_is_an_error(project: Project, plugin_args: tuple[str, ...]) -> None:
    project.add("one.json", scenario())
    result = project.run_with(plugin_args, "--fluxscenario-store=nowhere")
    result.assert_outcomes(errors=1)
    said = "nowhere: there is no such folder, and so no store (name a folder with an index.json, or none)"
    result.stdout.fnmatch_lines([said])
    (project.root / "nowhere").mkdir()
    result = project.run_with(plugin_args, "--fluxscenario-store=nowhere")
    result.stdout.fnmatch_lines(["nowhere: there is no store in this folder (*"])


def test_a_profile_is_named_by_tag_latest_hash_or_path(project: Project) -> None:
    store_pack(project, "1.9.0")
    digest = store_pack(project, "1.10.0")
    more = {"profile_version": "1.10.0"}
    project.add("a.json", scenario("tag", profile="small:v1.10.0", **more))
    project.add("b.json", scenario("latest", profile="small:latest"))
    project.add("c.json", scenario("hash", profile=digest, **more))
    project.add("d.json", scenario("folder", profile="../../small"))
    project.add("e.json", scenario("file", profile="../process.manifest.yaml"))
    project.run().assert_outcomes(passed=5)
    used = {record["result"]["scenario"]["id"]: record["result"]["profile"] for record in project.records()}
    assert {name: (one["origin"], one["version"]) for name, one in used.items()} == {
        "tag": ("store", "1.10.0"),
        "latest": ("store", "1.10.0"),
        "hash": ("store", "1.10.0"),
        "folder": ("tree", "1.0.0"),
        "file": ("tree", "1.0.0"),
    }
    assert used["tag"]["hash"] == used["latest"]["hash"] == used["hash"]["hash"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"profile": "small:v9.0.0"}, "v9.0.0"),
        ({"profile": "smal:latest"}, "did you mean 'small'?"),
        ({"profile": "sha256:" + "0" * 64}, "0000"),
        ({"profile": "sha256:short"}, "64 lowercase hex digits"),
        ({"profile": "small:v1.5.0"}, "but the scenario's profile_version is '1.0.0'"),
        ({"profile": "small:v1.5.0", "profile_id": "other"}, "but the scenario's profile_id is 'other'"),
    ],
)
def test_a_ref_that_means_nothing_is_told(project: Project, more: dict[str, str], words: str) -> None:
    store_pack(project, "1.5.0")
    project.add("a.json", scenario(**more))
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"packs/small/scenarios/a.json:22:14: *{words}*"])
    assert "Traceback" not in text_of(result)


def test_a_pack_that_changed_under_its_version_is_a_warning(project: Project, plugin_args: tuple[str, ...]) -> None:
    store_pack(project, reason="What it said before.")
    project.add("a.json", scenario())
    result = project.run_with(plugin_args)
    result.assert_outcomes(passed=1, warnings=2 if "-n2" in plugin_args else 1)
    result.stdout.fnmatch_lines(["*packs/small/process.manifest.yaml:3:12: the pack 'small' changed*1.0.0*the store*"])
    strict = project.run_with(plugin_args, "--fluxscenario-strict")
    strict.assert_outcomes(errors=1)
    assert strict.ret == pytest.ExitCode.TESTS_FAILED
    strict.stdout.fnmatch_lines(["packs/small/process.manifest.yaml:3:12: the pack 'small' changed*"])


def test_strict_is_an_ini_key_too(project: Project) -> None:
    store_pack(project, reason="What it said before.")
    project.add("a.json", scenario())
    project.ini("fluxscenario_strict = true")
    project.run().assert_outcomes(errors=1)


def test_an_unknown_class_is_a_warning(project: Project) -> None:
    project.add("a.json", scenario(classes=["hapy_path"]))
    result = project.run()
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*a.json:*unknown class 'hapy_path' (did you mean 'happy_path'?)*"])
    project.run("--fluxscenario-strict").assert_outcomes(errors=1)


def test_a_project_that_makes_errors_of_warnings_gets_no_traceback(project: Project) -> None:
    project.ini("filterwarnings = error")
    project.add("a.json", scenario(classes=["hapy_path"]))
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["packs/small/scenarios/a.json:*: unknown class 'hapy_path'*"])
    assert ".py" not in text_of(result).split("ERRORS")[1]


def test_a_blob_that_is_not_what_its_hash_says_is_told(project: Project) -> None:
    store_pack(project, "1.5.0")
    for blob in (project.root / "store" / "blobs").rglob("*"):
        if blob.is_file() and b"finish_requires_start" in blob.read_bytes():
            blob.chmod(0o644)
            blob.write_bytes(blob.read_bytes().replace(b"Nothing was begun", b"Nothing was begum"))
    outside(project, scenario(profile_version="1.5.0"))
    project.add("b.json", scenario("fine"))
    result = project.run()
    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines(["store/blobs/*"])
    assert "Traceback" not in text_of(result)


@pytest.mark.parametrize(
    ("damage", "words"),
    [("{broken", "store/index.json:1:*"), (None, "store/index.json: the index is missing, but blobs exist*")],
)
def test_an_index_that_is_broken_or_gone_is_told(project: Project, damage: str | None, words: str) -> None:
    store_pack(project, "1.5.0")
    index = project.root / "store" / "index.json"
    index.unlink() if damage is None else index.write_text(damage, encoding="utf-8")
    outside(project, scenario(profile_version="1.5.0"))
    result = project.run()
    assert result.ret != pytest.ExitCode.OK
    result.stdout.fnmatch_lines([words])
    assert "Traceback" not in text_of(result)


def test_an_unknown_profile_lists_what_there_is(project: Project) -> None:
    store_pack(project, "1.5.0")
    outside(project, scenario(profile_version="7.0.0"))
    result = project.run()
    result.stdout.fnmatch_lines(
        [
            (
                "elsewhere/a.scenario.json:3:17: there is no profile 'small' 7.0.0: no pack lies around the file;"
                " the working tree has small 1.0.0 (packs/small); the store store has small:v1.5.0"
                " ('small' is there as 1.0.0 (packs/small), 1.5.0 (store))"
            )
        ]
    )


def test_the_index_of_the_controller_is_the_workers(project: Project) -> None:
    """``latest`` is resolved once: an import while workers start changes nothing."""
    store_pack(project, "1.5.0")
    newer = write_pack(project.root.parent / f"{project.root.name}-newer", version="1.6.0")
    outside(project, scenario("a", step(), profile="small:latest"), scenario("b", step(), profile="small:latest"))
    project.text(
        "conftest.py",
        "def pytest_collection(session):\n"
        "    if hasattr(session.config, 'workerinput'):\n"
        "        from pytest_fluxscenario.cas.importing import file_all, read_folder\n"
        f"        file_all({str(project.root / 'store')!r}, [read_folder({str(newer)!r})])\n",
    )
    project.spawn("-n2").assert_outcomes(passed=2)
    assert [one["version"] for one in project.manifest()["profiles"]] == ["1.5.0"]
    index = json.loads((project.root / "store" / "index.json").read_text(encoding="utf-8"))
    assert "v1.6.0" in index["profiles"]["small"]


@pytest.mark.parametrize("strict", [False, True])
def test_a_scenario_that_was_not_raised_with_its_pack_is_told(project: Project, strict: bool) -> None:
    old = write_pack(project.root / "packs" / "old")
    new = write_pack(project.root / "packs" / "new", version="2.0.0")
    for pack in (old, new):
        write(pack / "scenarios" / "all.json", scenario("one"))
    result = project.run("packs/new", *(["--fluxscenario-strict"] if strict else []))
    assert "lies in the pack small 2.0.0 and runs on 1.0.0 (packs/old)" in text_of(result)
    if strict:
        result.assert_outcomes(errors=1)
    else:
        result.assert_outcomes(passed=1, warnings=1)
    assert "lies in the pack" not in text_of(project.run("packs/old"))
