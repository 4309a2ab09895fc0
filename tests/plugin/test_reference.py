"""``--fluxscenario-ref``: scenarios, suites and packs of the store run as tests (store.md, "Run by ref")."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.cas.importing import file_all
from pytest_fluxscenario.cas.store import open_store
from pytest_fluxscenario.cas.suites import read_suite
from pytest_fluxscenario.cli.main import main
from tests.fakes.imports import import_file, import_tree
from tests.fakes.packs import failing, needs_hook, scenario, step, write, write_hook, write_pack
from tests.fakes.project import Project, text_of

# With workers these take long; that a ref is pinned for them is tried each time.
_MODES: Any = [(), pytest.param(("-n2",), marks=pytest.mark.slow)]

_FLOW = "store/index.json::flow:v1.0.0"
_SMALL = "store/index.json::small:v1.0.0"


def put(project: Project, *documents: Any, name: str = "flow", tag: str | None = "v1.0.0") -> None:
    """File a document of scenarios, and leave nothing of it in the working tree."""
    path = write(project.root / "draft.json", *documents)
    import_file(str(project.root / "store"), "scenarios", str(path), name, tag)
    path.unlink()


def put_pack(project: Project) -> None:
    import_tree(str(project.root / "store"), str(project.pack))


@pytest.fixture
def filed(project: Project) -> Project:
    """A project whose pack and scenarios lie in the store only."""
    project.add("one.json", scenario("one"), scenario("two", parameters=[{"a": 1}, {"a": 2}]))
    project.add("more.scenario.json", scenario("three"))
    put_pack(project)
    put(project, scenario("happy"), failing("sad", classes=["blocked"]))
    shutil.rmtree(project.pack)
    return project


def active(project: Project) -> str | None:
    path = project.root / "store" / ".active"
    return path.read_text(encoding="utf-8") if path.exists() else None


def ids(project: Project) -> list[str]:
    return [one["id"] for one in project.manifest()["scenarios"]]


# ---- what is run ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "plugin_args", [(), ("-n0",), pytest.param(("-n2",), marks=pytest.mark.slow)], ids=["plain", "n0", "n2"]
)
def test_a_document_runs_by_its_ref(filed: Project, plugin_args: tuple[str, ...]) -> None:
    result = filed.run_with(plugin_args, "--fluxscenario-ref", "flow:latest")
    result.assert_outcomes(passed=1, failed=1)
    assert ids(filed) == [f"{_FLOW}::happy", f"{_FLOW}::sad"]
    result.stdout.fnmatch_lines(["fluxscenario: flow:latest is scenarios flow:v1.0.0 (sha256:*"])
    # The line is that of the step in the document as it is stored: fluxrig scenario show prints it.
    store = open_store(str(filed.root / "store"))
    assert store is not None
    lines = store.read(store.index.names["scenarios"]["flow"]["v1.0.0"]).decode().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if '"wrong"' in text) - 1
    result.stdout.fnmatch_lines([f"store/flow/v1.0.0/scenario.json:{line}: status, route"])
    assert active(filed) == "flow:v1.0.0\n"
    assert main(["evidence", "verify", str(filed.evidence)]) == 0


@pytest.mark.parametrize("plugin_args", _MODES, ids=["plain", "n2"])
def test_a_pack_runs_its_own_scenarios_on_itself(filed: Project, plugin_args: tuple[str, ...]) -> None:
    filed.run_with(plugin_args, "--fluxscenario-ref=small:v1.0.0").assert_outcomes(passed=4)
    parts = ("more.scenario.json::three", "one.json::one", "one.json::two[0]", "one.json::two[1]")
    assert ids(filed) == [f"{_SMALL}::scenarios/{part}" for part in parts]
    result = filed.records()[0]["result"]
    assert result["scenario"]["file"] == "small:v1.0.0/scenarios/more.scenario.json"
    assert (result["profile"]["origin"], result["profile"]["source"]) == ("store", "small:v1.0.0")
    assert not (filed.root / "code-of-the-pack-ran").exists()


def test_the_pack_around_a_stored_scenario_is_the_stored_one(project: Project) -> None:
    """Not the one of the working tree, which has changed since."""
    project.add("one.json", scenario("one"))
    put_pack(project)
    text = (project.pack / "profile.yaml").read_text(encoding="utf-8")
    project.text("packs/small/profile.yaml", text.replace("completes_run: true", "completes_run: false"))
    project.run("--fluxscenario-ref=small:v1.0.0").assert_outcomes(passed=1)
    assert project.manifest()["profiles"][0]["origin"] == "store"
    # A scenario alone has no pack around it, so the working tree comes first.
    put(project, scenario("alone"))
    project.run("--fluxscenario-ref=flow:v1.0.0").assert_outcomes(passed=1, warnings=1)
    assert project.manifest()["profiles"][0]["origin"] == "tree"
    project.run("--fluxscenario-ref=flow:v1.0.0", "--fluxscenario-strict").assert_outcomes(errors=1)


def test_a_suite_is_a_tree_of_files(filed: Project) -> None:
    folder = filed.root / "suite"
    write(folder / "a.scenario.json", scenario("one"))
    write(folder / "deep" / "b.scenario.json", scenario("one"))
    parcel = read_suite(str(folder), ["deep/b.scenario.json", "a.scenario.json"])
    file_all(str(filed.root / "store"), [parcel])
    shutil.rmtree(folder)
    filed.run("--fluxscenario-ref=suite:v0.1.0").assert_outcomes(passed=2)
    start = "store/index.json::suite:v0.1.0"
    assert ids(filed) == [f"{start}::a.scenario.json::one", f"{start}::deep/b.scenario.json::one"]
    assert [one["result"]["scenario"]["file"] for one in filed.records()] == [
        "suite:v0.1.0/a.scenario.json",
        "suite:v0.1.0/deep/b.scenario.json",
    ]


def test_scenarios_come_before_a_pack_of_the_same_name(filed: Project) -> None:
    put(filed, scenario("other"), name="small", tag="v1.0.0")
    filed.run("--fluxscenario-ref=small:v1.0.0").assert_outcomes(passed=1)
    assert ids(filed) == [f"{_SMALL}::other"]


def test_a_hash_says_itself_what_it_names(filed: Project) -> None:
    store = open_store(str(filed.root / "store"))
    assert store is not None
    pack, flow = store.index.names["profiles"]["small"]["v1.0.0"], store.index.names["scenarios"]["flow"]["v1.0.0"]
    filed.run(f"--fluxscenario-ref=sha256:{pack}").assert_outcomes(passed=4)
    assert filed.records()[0]["result"]["profile"]["source"] == f"sha256:{pack}"
    assert filed.manifest()["refs"][0]["kind"] == "profiles"
    filed.run(f"--fluxscenario-ref=sha256:{flow}", "-k", "happy").assert_outcomes(passed=1, deselected=1)
    assert filed.records()[0]["result"]["scenario"]["file"] == f"sha256:{flow}"


def test_latest_is_the_highest_tag_and_is_pinned(filed: Project) -> None:
    put(filed, scenario("newer"), tag="v1.10.0")
    put(filed, scenario("older"), tag="v1.9.0")
    filed.run("--fluxscenario-ref=flow:latest").assert_outcomes(passed=1)
    assert ids(filed) == ["store/index.json::flow:v1.10.0::newer"]
    assert filed.manifest()["refs"] == [
        {
            "asked": "flow:latest",
            "ref": "flow:v1.10.0",
            "kind": "scenarios",
            "hash": filed.manifest()["refs"][0]["hash"],
        }
    ]


@pytest.mark.parametrize("plugin_args", _MODES, ids=["plain", "n2"])
def test_what_is_imported_meanwhile_does_not_run(project: Project, plugin_args: tuple[str, ...]) -> None:
    put_pack(project)
    put(project, scenario("happy", profile="small:latest"))
    index = project.root / "store" / "index.json"
    old = index.read_bytes()
    shutil.rmtree(project.pack)
    write_pack(project.pack, version="1.1.0")
    put_pack(project)
    put(project, scenario("newer", profile="small:latest"), tag="v1.1.0")
    shutil.rmtree(project.pack)
    new = index.read_text(encoding="utf-8")
    index.write_bytes(old)
    # The store gets both as the session begins: after the ref was resolved, before anything is collected.
    project.text(
        "conftest.py",
        "import pathlib\n"
        f"NEW = {new!r}\n"
        "def pytest_report_header(config):\n"
        "    pathlib.Path(config.rootpath, 'store/index.json').write_text(NEW, encoding='utf-8')\n",
    )
    project.run_with(plugin_args, "--fluxscenario-ref=flow:latest").assert_outcomes(passed=1)
    assert index.read_text(encoding="utf-8") == new
    assert ids(project) == [f"{_FLOW}::happy"]
    assert project.manifest()["profiles"][0]["source"] == "small:v1.0.0"


def test_what_is_secret_in_a_ref_is_redacted(filed: Project) -> None:
    filed.ini("fluxscenario_redact =", "    flow:v[0-9.]+")
    filed.run("--fluxscenario-ref=flow:v1.0.0", "-k", "happy").assert_outcomes(passed=1, deselected=1)
    text = (filed.evidence / "manifest.json").read_text(encoding="utf-8")
    assert '"ref": "[redacted]"' in text
    assert "flow:v1" not in text.replace('"flow:v[0-9.]+"', "")
    assert main(["evidence", "verify", str(filed.evidence)]) == 1  # incomplete, and intact


def test_evidence_show_says_what_was_run(filed: Project, capsys: pytest.CaptureFixture[str]) -> None:
    filed.run("--fluxscenario-ref=flow:latest")
    capsys.readouterr()
    main(["evidence", "show", str(filed.evidence)])
    assert "\nran       flow:latest is flow:v1.0.0 of the scenarios, sha256:" in capsys.readouterr().out


# ---- ids -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("plugin_args", _MODES, ids=["plain", "n2"])
def test_an_id_can_be_pasted(filed: Project, plugin_args: tuple[str, ...]) -> None:
    wanted = f"{_SMALL}::scenarios/one.json::two[1]"
    filed.run_with(plugin_args, wanted).assert_outcomes(passed=1)
    assert ids(filed) == [wanted]
    filed.run_with(plugin_args, "store/index.json::small:latest::scenarios/one.json::two").assert_outcomes(passed=2)
    assert active(filed) is None


def test_last_failed_finds_them_again(filed: Project) -> None:
    filed.run("--fluxscenario-ref=flow:v1.0.0").assert_outcomes(passed=1, failed=1)
    filed.run("--fluxscenario-ref=", "--lf").assert_outcomes(failed=1, deselected=1)
    filed.run("--lf", f"{_FLOW}").assert_outcomes(failed=1, deselected=1)


def test_reruns_read_the_store_again(filed: Project) -> None:
    result = filed.run("--fluxscenario-ref=flow:v1.0.0", "--reruns", "1")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*1 rerun*"])
    assert next(one for one in filed.records() if one["id"].endswith("sad"))["volatile"]["attempt"] == 2


@pytest.mark.parametrize("plugin_args", _MODES, ids=["plain", "n2"])
def test_a_folder_and_a_ref_run_both_and_each_once(filed: Project, plugin_args: tuple[str, ...]) -> None:
    filed.text("test_plain.py", "def test_plain(): pass\n")
    for path in (".", "test_plain.py"):
        filed.run_with(plugin_args, path, "--fluxscenario-ref=flow:v1.0.0").assert_outcomes(passed=2, failed=1)


def test_with_a_ref_only_testpaths_do_not_run(filed: Project) -> None:
    filed.ini("testpaths = tests")
    filed.text("tests/test_plain.py", "def test_plain(): pass\n")
    filed.run("--fluxscenario-ref=flow:v1.0.0").assert_outcomes(passed=1, failed=1)


def test_the_ini_key_stands_in_for_testpaths(filed: Project) -> None:
    filed.ini("fluxscenario_ref = flow:v1.0.0", "testpaths = tests")
    filed.text("tests/test_plain.py", "def test_plain(): pass\n")
    filed.run().assert_outcomes(passed=1, failed=1)
    filed.run("tests").assert_outcomes(passed=1)
    filed.run("--fluxscenario-ref=small:v1.0.0").assert_outcomes(passed=4)
    filed.ini("fluxscenario_ref =", "testpaths = tests")
    filed.run().assert_outcomes(passed=1)


def test_a_ref_with_a_slash_is_a_path(filed: Project) -> None:
    write(filed.root / "drafts" / "mine.json", scenario("mine"))
    filed.run("--fluxscenario-ref=drafts/mine.json").assert_outcomes(passed=1)
    assert ids(filed) == ["drafts/mine.json::mine"]
    filed.run("--fluxscenario-ref=./drafts/mine.json::mine").assert_outcomes(passed=1)
    assert active(filed) is None
    filed.ini("fluxscenario_ref = drafts/mine.json")
    filed.run().assert_outcomes(passed=1)
    filed.text("mine.json", "{}")
    filed.run("--fluxscenario-ref=mine.json").stderr.fnmatch_lines(
        ["ERROR: *no ref: *(for the path write ./mine.json)"]
    )
    result = filed.run("--fluxscenario-ref=drafts/other.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: file or directory not found: drafts/other.json"])


def test_the_store_is_ignored_unless_it_is_asked(filed: Project) -> None:
    (filed.root / "store" / "blobs" / "test_blob.py").write_text("def test_blob(): assert False\n", encoding="utf-8")
    filed.text("store/test_store.py", "def test_store(): assert False\n")
    assert filed.run().ret == pytest.ExitCode.NO_TESTS_COLLECTED
    filed.run(".", "--fluxscenario-ref=flow:v1.0.0").assert_outcomes(passed=1, failed=1)
    filed.run("--fluxscenario-ref=flow:v1.0.0").assert_outcomes(passed=1, failed=1)


def test_a_store_elsewhere_has_ids_that_can_be_pasted_too(
    filed: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    moved = tmp_path_factory.mktemp("shared") / "registry"
    shutil.move(filed.root / "store", moved)
    filed.run(f"--fluxscenario-store={moved}", "--fluxscenario-ref=flow:v1.0.0").assert_outcomes(passed=1, failed=1)
    elsewhere = filed.records()
    assert ids(filed)[0] == f"{moved}/index.json::flow:v1.0.0::happy"
    filed.run(f"--rootdir={filed.root}", f"--fluxscenario-store={moved}", ids(filed)[0]).assert_outcomes(passed=1)
    shutil.move(moved, filed.root / "store")
    filed.run("--fluxscenario-ref=flow:v1.0.0").assert_outcomes(passed=1, failed=1)
    assert [one["ref"] for one in filed.records()] == [one["ref"] for one in elsewhere]


# ---- the words of scenarios ------------------------------------------------------------------------


def test_marks_captures_faults_and_options_work_alike(filed: Project) -> None:
    hooked = step("check", "work.check", expect={"status": "nok", "route": "InstructAgent"}, faults={"assess": "crash"})
    taken = [step("start", capture={"run": "run_id"}), step("again", payload={"what": "of ${run}"})]
    put(
        filed,
        scenario("skipped", skip="not today"),
        failing("known", xfail="ticket 1"),
        scenario("hooked", hooked, tags=["slow"]),
        scenario("captured", *taken),
        failing("wrong"),
        tag="v2.0.0",
    )
    result = filed.run("--fluxscenario-ref=flow:v2.0.0", "-rs")
    result.assert_outcomes(passed=2, skipped=1, xfailed=1, failed=1)
    result.stdout.fnmatch_lines(["SKIPPED [[]1[]] store/flow/v2.0.0/scenario.json: not today"])
    filed.run("--fluxscenario-ref=flow:v2.0.0", "-m", "slow").assert_outcomes(passed=1, deselected=4)
    filed.run("--fluxscenario-ref=flow:v2.0.0", "-k", "captured or wrong").assert_outcomes(
        passed=1, failed=1, deselected=3
    )
    filed.run("--fluxscenario-ref=flow:v2.0.0", "-k", "wrong", "--fluxscenario-on-failure=stop")
    assert [one["verdict"] for one in filed.records()[0]["result"]["steps"]] == ["passed", "failed", "skipped"]


def test_fixtures_of_the_project_apply(filed: Project) -> None:
    filed.text(
        "conftest.py",
        "import pytest\n"
        "@pytest.fixture\n"
        "def fluxscenario_hooks(): return {'assess': lambda call: {'status': 'ok', 'facts': {'risky': True}}}\n",
    )
    blocked = step("check", "work.check", expect={"status": "nok", "route": "Blocked"})
    put(filed, scenario("asks", blocked), tag="v2.0.0")
    filed.run("--fluxscenario-ref=flow:v2.0.0").assert_outcomes(passed=1)
    filed.run(".", "--fluxscenario-ref=flow:v2.0.0").assert_outcomes(passed=1)


def test_only_collecting_runs_and_remembers_nothing(filed: Project) -> None:
    result = filed.run("--collect-only", "-q", "--fluxscenario-ref=flow:latest")
    result.stdout.fnmatch_lines([f"{_FLOW}::happy", f"{_FLOW}::sad"])
    assert not filed.evidence.exists()
    assert active(filed) is None


def test_a_relative_profile_is_refused(filed: Project) -> None:
    put(filed, scenario("lost", profile="../packs/small"), tag="v2.0.0")
    result = filed.run("--fluxscenario-ref=flow:v2.0.0")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["store/flow/v2.0.0/scenario.json:*: the profile '../packs/small' is a path, but a scenario in the store *"]
    )
    put(filed, scenario("found", profile="small:latest"), tag="v2.1.0")
    filed.run("--fluxscenario-ref=flow:v2.1.0").assert_outcomes(passed=1)


def test_a_spec_is_one_of_the_store_too(filed: Project) -> None:
    filed.text("card.json", '{"schemas": {"work.start": {"type": "object", "required": ["what"]}}}')
    import_file(str(filed.root / "store"), "specs", str(filed.root / "card.json"), "card", "v1.0.0")
    put(filed, scenario("checked", spec="card:v1.0.0"), tag="v2.0.0")
    filed.run("--fluxscenario-ref=flow:v2.0.0").assert_outcomes(passed=1)
    assert filed.manifest()["specs"][0]["ref"] == "card:v1.0.0"
    put(filed, scenario("lost", spec="../../../card.json"), tag="v2.1.0")
    result = filed.run("--fluxscenario-ref=flow:v2.1.0")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["store/flow/v2.1.0/scenario.json:*: the spec '../../../card.json' is a path, and a *"])


def test_a_profile_that_a_plugin_names_is_one_of_the_project(filed: Project) -> None:
    filed.text(
        "conftest.py",
        "def pytest_fluxscenario_resolve_profile(scenario, path, config):\n"
        "    assert path.endswith('store/index.json')\n"
        "    return 'small:v1.0.0' if scenario.id == 'happy' else './nowhere'\n",
    )
    result = filed.run("--fluxscenario-ref=flow:v1.0.0")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*the profile './nowhere' is not there: it means nowhere*"])


# ---- the last active one -------------------------------------------------------------------------


@pytest.mark.parametrize("plugin_args", _MODES, ids=["plain", "n2"])
def test_an_empty_ref_goes_on_with_the_last_active_one(filed: Project, plugin_args: tuple[str, ...]) -> None:
    filed.run("--fluxscenario-ref=flow:latest")
    put(filed, scenario("newer"), tag="v1.1.0")
    result = filed.run_with(plugin_args, "--fluxscenario-ref=")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["fluxscenario: scenarios flow:v1.0.0 (sha256:*…), run last"])
    assert filed.manifest()["refs"][0]["asked"] == ""


@pytest.mark.parametrize("plugin_args", _MODES, ids=["plain", "n2"])
def test_where_nothing_was_active_nothing_runs_and_it_is_said(filed: Project, plugin_args: tuple[str, ...]) -> None:
    said = "fluxscenario: no ref was run before, so nothing is run from the store"
    filed.text("test_plain.py", "def test_plain(): pass\n")
    result = filed.run_with(plugin_args, "-q", "--fluxscenario-ref=")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines([said])
    result = filed.run_with(plugin_args, "test_plain.py", "--fluxscenario-ref=")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([said])
    shutil.rmtree(filed.root / "store")
    assert filed.run("--fluxscenario-ref=").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_what_did_not_load_or_was_left_out_is_not_remembered(filed: Project) -> None:
    put(filed, {"id": "broken"}, name="broken")
    filed.run("--fluxscenario-ref=broken:latest").assert_outcomes(errors=1)
    filed.run("--fluxscenario-ref=flow:latest", "-k", "nothing-of-it")
    assert active(filed) is None


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_store_that_cannot_be_written_to_is_no_error(filed: Project) -> None:
    (filed.root / "store").chmod(0o555)
    try:
        filed.run("--fluxscenario-ref=flow:latest", "-k", "happy").assert_outcomes(passed=1, deselected=1)
    finally:
        (filed.root / "store").chmod(0o755)


def test_a_broken_memory_is_told(filed: Project) -> None:
    filed.text("store/.active", "flow:latest\n")
    result = filed.run("--fluxscenario-ref=")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: store/.active: holds no ref (remove the file, or run a ref: *"])
    filed.text("store/.active", "gone:v1.0.0\n")
    filed.run("--fluxscenario-ref=").stderr.fnmatch_lines(["ERROR: *has no scenario and no profile 'gone'*"])


# ---- what cannot be run --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("flow", "'flow' is no ref: *(for its newest version write flow:latest)"),
        ("flo", "'flo' is no ref: *(did you mean 'flow'?)"),
        ("flo:latest", "store/index.json: the store has no scenario and no profile 'flo' (did you mean 'flow'?)"),
        ("flow:v9.0.0", "store/index.json: a scenario 'flow' has no tag v9.0.0 (it has v1.0.0)"),
        ("flow:9", "in 'flow:9' a tag is SemVer *"),
        ("sha256:0123456789ab", "a hash is 64 lowercase hex digits*"),
        ("sha256:" + "0" * 64, "store/blobs/00/00*: there is no blob 0000*"),
        ("..:v1.0.0", "in '..:v1.0.0' a name is *"),
    ],
)
def test_a_ref_that_names_nothing_is_a_usage_error(filed: Project, ref: str, said: str) -> None:
    result = filed.run("--fluxscenario-ref", ref)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *{said}"])
    assert "Traceback" not in text_of(result)
    assert len([line for line in result.errlines if line.startswith("ERROR")]) == 1


def test_it_is_one_before_a_worker_is_started(filed: Project) -> None:
    result = filed.run_with(("-n2",), "--fluxscenario-ref=flo:latest")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *has no scenario and no profile 'flo'*"])
    assert "worker" not in text_of(result)


def test_without_a_store_a_ref_is_refused(project: Project) -> None:
    result = project.run("--fluxscenario-ref=flow:latest")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --fluxscenario-ref: there is no store to look up 'flow:latest' in (*"])


def test_a_profile_alone_and_a_pack_without_scenarios_have_nothing_to_run(project: Project) -> None:
    put_pack(project)
    import_file(str(project.root / "store"), "profiles", str(project.pack / "profile.yaml"), "alone", "v1.0.0")
    project.run("--fluxscenario-ref=alone:latest").stdout.fnmatch_lines(
        ["store/alone/v1.0.0: is a profile alone, without scenarios (*"]
    )
    result = project.run("--fluxscenario-ref=small:latest")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["store/small/v1.0.0: holds no scenario file (*"])


def test_an_id_of_another_store_is_refused(filed: Project) -> None:
    shutil.copytree(filed.root / "store", filed.root / "other" / "store")
    result = filed.run("other/store/index.json::flow:v1.0.0")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *not the store of the session (add --fluxscenario-store=other/store)"])
    filed.run("other/store/index.json::flow:v1.0.0::happy", "--fluxscenario-store=other/store").assert_outcomes(
        passed=1
    )


def test_a_part_of_what_a_folder_holds_too_is_refused(filed: Project) -> None:
    """pytest would drop one of the two without a word."""
    result = filed.run(".", f"{_FLOW}::happy")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *lies in a folder that is named too*"])
    filed.ini("norecursedirs = hidden")
    shutil.move(filed.root / "store", filed.root / "hidden" / "store")
    store = "--fluxscenario-store=hidden/store"
    result = filed.run(".", store, "--fluxscenario-ref=flow:v1.0.0")
    result.stderr.fnmatch_lines(["ERROR: --fluxscenario-ref: pytest does not look into *hidden, where the store is*"])
    filed.run(store, "--fluxscenario-ref=flow:v1.0.0", "-k", "happy").assert_outcomes(passed=1, deselected=1)


@pytest.mark.parametrize("plugin_args", _MODES, ids=["plain", "n2"])
@pytest.mark.parametrize("how", ["flipped", "missing", "in-a-pack"])
def test_a_damaged_blob_never_looks_green(filed: Project, how: str, plugin_args: tuple[str, ...]) -> None:
    store = open_store(str(filed.root / "store"))
    assert store is not None
    kind, name = ("profiles", "small") if how == "in-a-pack" else ("scenarios", "flow")
    digest = store.index.names[kind][name]["v1.0.0"]  # type: ignore[index]  # one of the kinds
    if how == "in-a-pack":
        digest = next(json.loads(store.read(digest))["files"][path]["hash"] for path in ("scenarios/one.json",))
    path = Path(store.blobs.path(digest))
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-2] + b"~\n")
    result = filed.run_with(plugin_args, f"--fluxscenario-ref={name}:v1.0.0")
    assert result.parseoutcomes()["errors"] == 1
    assert result.ret not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    result.stdout.fnmatch_lines([f"*store/blobs/{digest[:2]}/{digest}: *"])
    if filed.evidence.exists():
        assert filed.manifest()["verdict"] == "failed"


def test_a_damaged_hook_of_the_store_is_no_failure_that_was_expected(project: Project) -> None:
    write_hook(project.pack)
    project.add("one.json", needs_hook("hooked", xfail="later"), needs_hook("sound", xfail="later"))
    put_pack(project)
    shutil.rmtree(project.pack)
    assert project.run("--fluxscenario-ref=small:v1.0.0").ret == pytest.ExitCode.OK
    store = open_store(str(project.root / "store"))
    assert store is not None
    tree = json.loads(store.read(store.index.names["profiles"]["small"]["v1.0.0"]))
    blob = Path(store.blobs.path(tree["files"]["logic/main.py"]["hash"]))
    blob.write_bytes(blob.read_bytes() + b"\n")
    result = project.run("--fluxscenario-ref=small:v1.0.0")
    result.assert_outcomes(failed=2)
    assert set(project.outcomes().values()) == {"error"}
    assert project.manifest()["verdict"] == "failed"
    result.stdout.fnmatch_lines(["*bytes of the blob have another hash*"])


def test_a_blob_that_is_damaged_before_a_rerun_is_told_without_a_traceback(filed: Project) -> None:
    filed.text(
        "conftest.py",
        """
import pathlib

def pytest_runtestloop(session):
    for _ in range(2):
        for item, after in zip(session.items, [*session.items[1:], None]):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        for blob in pathlib.Path("store/blobs").glob("*/*"):
            blob.write_bytes(blob.read_bytes() + b"~")
    return True
""",
    )
    result = filed.run("--fluxscenario-ref=flow:v1.0.0", "-p", "no:rerunfailures")
    result.stdout.fnmatch_lines(["*store/blobs/*: the * bytes of the blob have another hash*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*DamageError*")
    result.stdout.no_fnmatch_line("*.py:[0-9]*")
    assert result.ret == 1


def test_an_index_that_is_cut_is_an_error(filed: Project) -> None:
    index = filed.root / "store" / "index.json"
    index.write_bytes(index.read_bytes()[:-20])
    result = filed.run("--fluxscenario-ref=flow:v1.0.0")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: store/index.json:*"])


def test_a_document_with_faults_is_told_at_its_places(filed: Project) -> None:
    put(filed, {**scenario("one"), "stepz": []}, name="typo")
    filed.text("test_plain.py", "def test(): pass\n")
    result = filed.run("--fluxscenario-ref=typo:latest", "test_plain.py")
    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines(["store/typo/v1.0.0/scenario.json:*:*: *stepz*"])
    assert filed.manifest()["verdict"] == "failed"
    assert "Traceback" not in text_of(result)
