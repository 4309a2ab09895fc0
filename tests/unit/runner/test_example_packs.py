"""The packs under tests/packs, read as what they are: examples. What their files promise is so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from jsonschema import Draft202012Validator

from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.model.profile import Profile, profile_hash
from pytest_fluxscenario.packs.dialects import is_authoring, read_profile
from pytest_fluxscenario.packs.document import read_document
from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.runtimes.port import RuntimeMissing
from tests.fakes.runs import ROOT, Runs, opened, scenario_files

PACKS = ("tests/packs/purchase", "tests/packs/vendor_onboarding")


@dataclass
class Seen:
    """What the scenarios of one pack have shown."""

    profile: Profile
    fired: set[str] = field(default_factory=set)
    passed: set[str] = field(default_factory=set)
    allowed: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    admitted: set[str] = field(default_factory=set)
    not_admitted: set[str] = field(default_factory=set)
    #: Hook id and the status of its call.
    calls: set[tuple[str, str]] = field(default_factory=set)


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    with opened() as made:
        yield made


@pytest.fixture(scope="module", params=PACKS)
def seen(request: pytest.FixtureRequest, runs: Runs) -> Seen:
    found: Seen | None = None
    for name in scenario_files(request.param):
        for case in runs.cases(name):
            found = found or Seen(case.subject.pack.profile)
            try:
                outcome = runs.run(case)
            except RuntimeMissing as missing:
                pytest.skip(str(missing))
            assert outcome.verdict == "passed", (name, case.ref.id, outcome)
            for step in outcome.steps:
                if not step.request or not step.response:
                    continue
                answer, action = step.response, step.request.action
                found.calls.update((call.hook_id, call.status) for call in answer.hook_calls)
                if answer.status == "ok":
                    found.allowed.add(action)
                    found.passed.update(gate.id for gate in found.profile.gates if gate.before_action == action)
                    found.admitted.update(answer.created_artifact_types or ())
                    continue
                found.refused.add(action)
                if answer.gate_id:
                    found.fired.add(answer.gate_id)
                elif answer.reason and answer.reason.startswith("The artifact "):
                    found.not_admitted.add(answer.reason.split()[2])
    assert found is not None
    return found


def test_every_gate_fires_and_is_passed(seen: Seen) -> None:
    gates = {gate.id for gate in seen.profile.gates}
    assert (gates - seen.fired, gates - seen.passed) == (set(), set())


def test_every_action_is_allowed_and_refused(seen: Seen) -> None:
    actions = {action.id for action in seen.profile.actions}
    assert (actions - seen.allowed, actions - seen.refused) == (set(), set())


def test_every_artifact_is_admitted_and_refused(seen: Seen) -> None:
    types = {kind.id for kind in seen.profile.artifact_types}
    assert (types - seen.admitted, types - seen.not_admitted) == (set(), set())


def test_every_hook_answers_and_fails_in_every_way(seen: Seen) -> None:
    hooks = {hook for hook, _ in seen.calls}
    every = {"ok", "timeout", "crash", "error", "invalid_json", "forbidden_field"}
    assert {hook: {status for one, status in seen.calls if one == hook} for hook in hooks} == dict.fromkeys(
        hooks, every
    )


@pytest.mark.parametrize("pack", PACKS)
def test_the_profile_lists_its_scenarios_and_is_written_in_the_authoring_dialect(pack: str) -> None:
    document = read_document(FolderFiles(str(ROOT / pack), pack), "profile.yaml")
    assert is_authoring(document.data)
    assert [f"{pack}/{name}" for name in document.data["scenarios"]] == scenario_files(pack)


def test_the_core_profile_is_what_the_profile_says() -> None:
    files = FolderFiles(str(ROOT / PACKS[0]), PACKS[0])
    written = read_profile(read_document(files, "profile.yaml"))
    core = read_profile(read_document(files, "core-profile.json"))
    assert written.authoring
    assert not core.authoring
    assert written.profile == core.profile
    assert profile_hash(written.profile) == profile_hash(core.profile)


def test_the_hash_of_the_documents_is_that_of_the_page_they_were_made_from() -> None:
    written = read_profile(read_document(FolderFiles(str(ROOT / PACKS[0]), PACKS[0]), "core-profile.json"))
    assert written.profile.docs_hash == sha256_ref((ROOT / PACKS[0] / "README.md").read_bytes())


@pytest.mark.parametrize("pack", PACKS)
def test_calls_and_results_of_hooks_are_what_their_schemas_say(pack: str, runs: Runs) -> None:
    folder = ROOT / pack / "schemas" / "hooks"
    schemas = {path.name: Draft202012Validator(json.loads(path.read_text("utf-8"))) for path in folder.iterdir()}
    named: set[str] = set()
    for name in scenario_files(pack):
        for case in runs.cases(name):
            try:
                runs.run(case)
            except RuntimeMissing as missing:
                pytest.skip(str(missing))
    for (where, _), (call, outcome) in runs.heard.items():
        assert outcome.status == "ok", (call, outcome)
        assert outcome.result is not None
        if where != pack or outcome.result["status"] != "ok":
            continue
        schemas[f"{call.hook_id}.input.json"].validate(call.payload)
        schemas[f"{call.hook_id}.output.json"].validate(outcome.result)
        named.add(call.hook_id)
    assert {f"{hook}.{way}.json" for hook in named for way in ("input", "output")} == set(schemas)


def test_the_letter_is_the_template_with_its_gaps_filled(runs: Runs) -> None:
    template = (ROOT / PACKS[1] / "templates" / "welcome.txt").read_text("utf-8")
    [happy] = runs.cases(f"{PACKS[1]}/scenarios/happy_path.scenario.yaml")
    try:
        assert runs.run(happy).verdict == "passed"
    except RuntimeMissing as missing:
        pytest.skip(str(missing))
    texts = {
        str(outcome.result["rendered"])
        for (where, _), (call, outcome) in runs.heard.items()
        if where == PACKS[1] and call.hook_id == "welcome_text" and outcome.result is not None
    }
    filled = template.replace("{{legal_name}}", "Seating Direct GmbH").replace("{{vendor_number}}", "V-004711")
    assert "{{" not in filled
    assert texts == {filled}
