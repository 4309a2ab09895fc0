"""``pytest --fluxscenario-mixer``: collected here, run by racks, and told as a local run would be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest

from pytest_fluxscenario.fleet.mixer.awaiting import Awaiting
from pytest_fluxscenario.fleet.mixer.history.history import Run
from pytest_fluxscenario.remote.api import ItemDone
from tests.fakes.fleet import RunningMixer
from tests.fakes.mixer_fixture import mixer
from tests.fakes.packs import failing, needs_hook, scenario, step, write_hook
from tests.fakes.project import Project, junit_of, text_of
from tests.fakes.project_fixture import project

__all__ = ["mixer", "project"]


def _results(folder: Path) -> dict[str, bytes]:
    class _Line(msgspec.Struct):
        id: str
        result: msgspec.Raw

    lines = (folder / "records.jsonl").read_bytes().splitlines()
    decoded = [msgspec.json.decode(line, type=_Line) for line in lines]
    return {line.id: bytes(line.result) for line in decoded}


def _plain(root: ET.Element) -> list[Any]:
    """A JUnit file without what varies."""
    for element in root.iter():
        for name in ("time", "timestamp", "hostname"):
            element.attrib.pop(name, None)
    # Workers end in any order.
    return [*sorted(ET.tostring(element) for element in root.iter("testcase")), sorted(root[0].items())]


def _shown(text: str) -> list[str]:
    """What the terminal showed, without what varies or speaks of the Mixer."""
    lines = [line for line in text.splitlines() if "Mixer" not in line and " on http" not in line]
    kept = [re.sub(r"\d+\.\d+s|gw\d", "…", line).strip("= ") for line in lines]
    return [line for line in kept if not line.startswith(("rootdir", "created:", "bringing up", "[gw", "scheduling"))]


def _various(project: Project) -> None:
    write_hook(project.pack)
    rows = [{"what": "a"}, {"what": "b"}]
    project.add("good.json", scenario("one"), scenario("rows", step(payload={"what": "${what}"}), parameters=rows))
    project.add("bad.json", failing(), needs_hook(), scenario("skipped", skip="not now"))
    project.add("late.json", failing("known", xfail="known to fail"), scenario("faults", faults={"assess": "timeout"}))


def test_everything_is_as_in_a_local_run(project: Project, mixer: RunningMixer, plugin_args: tuple[str, ...]) -> None:
    _various(project)
    local = project.run_with(plugin_args, "--junitxml=junit.xml")
    evidence = project.root / "evidence"
    results, junit, outcomes = _results(evidence), _plain(junit_of(project)), project.outcomes(evidence)
    coverage = project.manifest(evidence)["coverage"]
    rack = mixer.start("one")
    mixer.start("two")
    there = project.run_with(plugin_args, "--junitxml=junit.xml", f"--fluxscenario-mixer={mixer.url}")
    assert there.ret == local.ret == pytest.ExitCode.TESTS_FAILED
    assert _results(evidence) == results
    assert len(results) == 7
    assert project.outcomes(evidence) == outcomes
    assert project.manifest(evidence)["coverage"] == coverage
    assert _plain(junit_of(project)) == junit
    if "-n2" not in plugin_args:
        assert _shown(there.stdout.str()) == _shown(local.stdout.str())
    assert 0 < len(rack.taken) < 7
    there.stdout.re_match_lines([r"fluxscenario: run [0-9a-f]{32} on http.*, 7 of 7 done on one \(\d\), two \(\d\)"])
    (run,) = mixer.client().runs()
    assert (run.state, run.total, run.done) == ("finished", 7, 7)


def test_what_needs_the_project_runs_here_and_is_told(project: Project, mixer: RunningMixer) -> None:
    project.add("a.json", scenario("there"))
    project.text(
        "packs/small/scenarios/fixed/conftest.py",
        "import pytest\n@pytest.fixture(autouse=True)\ndef always():\n    yield\n",
    )
    project.add("fixed/b.scenario.json", scenario("here"))
    rack = mixer.start()
    result = project.run(f"--fluxscenario-mixer={mixer.url}")
    assert result.ret == 0
    assert [item.rpartition("::")[2] for item in rack.taken] == ["there"]
    result.stdout.fnmatch_lines(
        ["fluxscenario: 1 scenario ran here and not on a rack: fixtures of the project apply to them"]
    )


def test_fixtures_of_installed_plugins_are_no_reason_to_stay(project: Project, mixer: RunningMixer) -> None:
    made = "import pytest\nmade = []\n@pytest.fixture(autouse=True)\ndef always():\n    made.append(1)\n    yield\n"
    project.text("lib/site-packages/installed.py", made + "def pytest_unconfigure():\n    print('made', len(made))\n")
    project.ini("pythonpath = lib/site-packages", "norecursedirs = lib")
    project.add("a.json", scenario("there"))
    rack = mixer.start()
    result = project.run("-p", "installed", f"--fluxscenario-mixer={mixer.url}")
    assert result.ret == 0
    assert len(rack.taken) == 1
    assert "made 1" in result.stdout.str()
    assert "ran here" not in result.stdout.str()


def test_what_fixtures_were_added_to_runs_here(project: Project, mixer: RunningMixer) -> None:
    always = "import pytest\n@pytest.fixture(autouse=True)\ndef always():\n    yield\n"
    project.text("lib/site-packages/installed.py", always)
    project.ini("pythonpath = lib/site-packages", "norecursedirs = lib")
    broken = "@pytest.fixture\ndef given(request):\n    request.node.funcargs['fluxscenario_clock'] = 'never'\n"
    added = "def pytest_collection_modifyitems(items):\n    items[0].fixturenames.append('given')\n"
    project.text("conftest.py", f"import pytest\n{broken}{added}")
    project.add("a.json", scenario("here"))
    project.add("other/b.scenario.json", scenario("there"))
    rack = mixer.start()
    result = project.run("-p", "installed", f"--fluxscenario-mixer={mixer.url}")
    result.assert_outcomes(passed=1, failed=1)
    assert [item.rpartition("::")[2] for item in rack.taken] == ["there"]
    result.stdout.fnmatch_lines(["fluxscenario: 1 scenario ran here and not on a rack: fixtures were added to them"])


def test_only_what_is_selected_is_submitted(project: Project, mixer: RunningMixer) -> None:
    project.add("a.json", scenario("one"), scenario("two"))
    rack = mixer.start()
    assert project.run(f"--fluxscenario-mixer={mixer.url}", "-k", "two").ret == 0
    assert [item.rpartition("::")[2] for item in rack.taken] == ["two"]
    assert project.run(f"--fluxscenario-mixer={mixer.url}", "--collect-only").ret == 0
    assert len(mixer.client().runs()) == 1


def test_what_cannot_be_sent_does_not_run_here_instead(project: Project, mixer: RunningMixer) -> None:
    gone = "import os\ndef pytest_collection_modifyitems():\n    os.remove('packs/small/profile.yaml')\n"
    project.text("conftest.py", gone)
    project.add("a.json", scenario("one"), scenario("two"))
    mixer.start()
    result = project.run(f"--fluxscenario-mixer={mixer.url}")
    result.assert_outcomes(failed=2)
    assert "profile_path 'profile.yaml' cannot be used: there is no such file" in text_of(result)
    assert set(project.outcomes().values()) == {"error"}
    assert mixer.client().runs() == []


def test_a_pack_is_sent_without_its_scenarios(project: Project, mixer: RunningMixer) -> None:
    project.add("a.json", scenario("one"))
    project.add("b.json", scenario("two"))
    write_hook(project.pack)
    rack = mixer.start()
    assert project.run(f"--fluxscenario-mixer={mixer.url}").ret == 0
    assert len(rack.taken) == 2
    sent = [path.read_bytes() for path in (mixer.folder / "data" / "content" / "blobs").rglob("*") if path.is_file()]
    assert (project.pack / "logic" / "main.py").read_bytes() in sent
    assert (project.pack / "scenarios" / "a.json").read_bytes() not in sent


def test_no_rack_is_said_after_a_bounded_wait(project: Project, mixer: RunningMixer) -> None:
    project.ini(f"fluxscenario_mixer = {mixer.url}", "fluxscenario_mixer_wait = 0.3")
    project.add("a.json", scenario("one"), scenario("two"))
    result = project.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    said = f"{mixer.url}: no rack was active for 0.3 seconds, so nothing runs: none has said hello"
    result.stdout.fnmatch_lines([f"{said} (start one: fluxrig rack start -c configs/rack.yaml)"])
    assert "Traceback" not in text_of(result)
    assert set(project.outcomes().values()) == {"error"}
    assert mixer.client().runs()[0].state == "cancelled"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"FLUXRIG_API_TOKEN": ""}, "the Mixer wants its token, and none was given (give its token in"),
        ({"FLUXRIG_API_TOKEN": "another"}, "this is not the token of the Mixer (give its token in"),
    ],
)
def test_without_its_token_nothing_begins(
    project: Project, mixer: RunningMixer, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], said: str
) -> None:
    for name, value in change.items():
        monkeypatch.setenv(name, value)
    project.add("a.json", scenario())
    result = project.run(f"--fluxscenario-mixer={mixer.url}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: {mixer.url}: {said}" in text_of(result)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1", "http://127.0.0.1:1: the Mixer cannot be reached: Connection refused (start it:"),
        ("nonsense", "--fluxscenario-mixer: 'nonsense' is no address of a Mixer (write it like http://127.0.0.1:8090)"),
        ("http://a:b@127.0.0.1", "an address holds no secret: it would be shown (give the token in FLUXRIG_API_TOKEN)"),
    ],
)
def test_an_address_that_leads_nowhere(project: Project, url: str, said: str) -> None:
    project.add("a.json", scenario())
    result = project.run(f"--fluxscenario-mixer={url}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in text_of(result)
    assert "Traceback" not in text_of(result)


def test_mixed_versions_are_refused_with_both_named(
    project: Project, mixer: RunningMixer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mixer.mixer.service is not None
    mixer.mixer.service.tool = "pytest-fluxscenario 9.9.9"
    project.add("a.json", scenario())
    result = project.run(f"--fluxscenario-mixer={mixer.url}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert re.search(r"this is pytest-fluxscenario \d\S+, and the Mixer is pytest-fluxscenario 9.9.9", text_of(result))


def test_a_session_that_ends_early_drops_what_is_left(project: Project, mixer: RunningMixer) -> None:
    project.add("a.json", failing("a-bad"), *[scenario(f"s{number:02}") for number in range(40)])
    mixer.start()
    result = project.run(f"--fluxscenario-mixer={mixer.url}", "-x")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (run,) = mixer.client().runs()
    assert run.state == "cancelled"
    assert run.done < run.total == 41


def test_what_is_redacted_here_is_redacted_there(
    project: Project, mixer: RunningMixer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARD", "card-4711-secret")
    project.ini("fluxscenario_redact = xyz[0-9]+", "fluxscenario_redact_env = CARD")
    project.add("a.json", scenario("one", step(payload={"what": "xyz123 card-4711-secret"})))
    assert project.run().ret == 0
    local, counts = _results(project.evidence), project.manifest()["redactions"]
    mixer.start()
    assert project.run(f"--fluxscenario-mixer={mixer.url}").ret == 0
    assert _results(project.evidence) == local
    assert project.manifest()["redactions"] == counts
    (run,) = mixer.client().runs()
    kept = mixer.client().records(run.run, 0, 0).records[0].record
    assert "xyz123" not in kept


def test_a_rerun_is_a_further_attempt_of_the_same_run(project: Project, mixer: RunningMixer) -> None:
    project.add("a.json", failing("bad"))
    mixer.start()
    result = project.spawn(f"--fluxscenario-mixer={mixer.url}", "--reruns", "2", "-p", "rerunfailures")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (run,) = mixer.client().runs()
    assert (run.total, run.done, run.state) == (3, 3, "finished")
    (record,) = project.records()
    assert record["volatile"]["attempt"] == 3
    assert len(record["volatile"]["earlier"]) == 2


@dataclass
class _Counted(Awaiting):
    """Counts what is given to whoever asks by name."""

    given: list[str] = field(default_factory=list)

    async def wanted(self, run: Run, keys: Sequence[tuple[str, int]], wait: float) -> list[bytes]:
        found = await super().wanted(run, keys, wait)
        self.given += [msgspec.json.decode(text, type=ItemDone).item for text in found]
        return found


@pytest.mark.parametrize("how", ["-n0", "-n2 --dist=loadscope", "-n2 --dist=worksteal"])
def test_records_go_to_the_process_that_runs_their_items(project: Project, mixer: RunningMixer, how: str) -> None:
    for name in "abcd":
        project.add(f"{name}.json", failing(f"{name}-bad"), *[scenario(f"{name}{number}") for number in range(15)])
    mixer.start()
    assert mixer.mixer.service is not None
    counted = mixer.mixer.service.runs.awaiting = _Counted()
    result = project.run(*how.split(), f"--fluxscenario-mixer={mixer.url}")
    result.assert_outcomes(passed=60, failed=4)
    assert len(set(counted.given)) == 64
    # Not once for each process; a few are of items that another one was given.
    assert len(counted.given) <= 64 * 1.5
