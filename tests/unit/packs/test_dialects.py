from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import ProfileError
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.model.profile import Profile, profile_hash
from pytest_fluxscenario.packs.dialects import WrittenProfile, is_authoring, read_profile
from pytest_fluxscenario.packs.document import parse_document


def read(text: str, name: str = "profile.yaml") -> WrittenProfile:
    data = text.encode()
    return read_profile(parse_document(Source(name, data, sha256(data)), Limits()))


def profile(text: str, name: str = "profile.yaml") -> Profile:
    return read(text, name).profile


def faults(text: str) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        read(text)
    return [str(problem) for problem in caught.value.problems]


def test_both_dialects_headed_and_flat_have_one_hash(
    pack_files: dict[str, str], authoring: str, flat_core: dict[str, Any]
) -> None:
    core = profile(pack_files["profile.yaml"])
    same = profile(authoring)
    flat = profile(json.dumps(flat_core), "core-profile.json")
    assert same == core
    assert flat == core
    assert len({profile_hash(core), profile_hash(same), profile_hash(flat)}) == 1


def test_the_normalised_form_says_what_the_file_left_open(pack_files: dict[str, str]) -> None:
    core = profile(pack_files["profile.yaml"])
    actions = {action.id: action for action in core.actions}
    assert actions["diff.inspect"].allowed_roles == ("agent", "system")
    assert actions["change.close"].completes_run
    gates = {gate.id: gate for gate in core.gates}
    assert gates["publish_approved"].condition == {}
    assert gates["files_missing"].condition == {"payload_missing": ["files"]}
    assert core.artifact_types[0].expires_after == 86_400


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("purpose: Review one change.", "purpose: Review two changes."),
        ("payload_missing: [files]", "payload_missing: [names]"),
        ("route: Blocked\n  - id: secrets", "route: AskUser\n  - id: secrets"),
        ("expires_after: 86400", "expires_after: 86401"),
        ("required: [verdict]", "required: [report]"),
    ],
)
def test_another_meaning_is_another_hash(pack_files: dict[str, str], old: str, new: str) -> None:
    text = pack_files["profile.yaml"]
    assert old in text
    assert profile_hash(profile(text.replace(old, new))) != profile_hash(profile(text))


def test_saying_a_default_changes_nothing(pack_files: dict[str, str]) -> None:
    text = pack_files["profile.yaml"]
    said = text.replace("completes_run: true", "completes_run: true\n    required_connectors: []")
    assert profile_hash(profile(said)) == profile_hash(profile(text))


def test_one_slip_does_not_change_the_dialect_that_is_meant(pack_files: dict[str, str], authoring: str) -> None:
    text = pack_files["profile.yaml"].replace("  - id: diff.inspect", "  - name: diff.inspect")
    assert faults(text)[0].startswith("profile.yaml:18:")
    assert any("'name'" in fault for fault in faults(text))
    slipped = authoring.replace("message: There is no diff yet.", "reason: There is no diff yet.")
    assert any("'reason'" in fault for fault in faults(slipped))


def test_an_unknown_field_names_the_nearest_on_its_line(pack_files: dict[str, str]) -> None:
    text = pack_files["profile.yaml"].replace("next_actions: [report.write]", "next_action: [report.write]")
    (fault,) = faults(text)
    assert fault.startswith("profile.yaml:21:5: ")
    assert "'next_action'" in fault
    assert "'next_actions'" in fault


def test_every_fault_of_the_shape_is_told(pack_files: dict[str, str]) -> None:
    text = pack_files["profile.yaml"]
    text = text.replace('version: "1.2.0"', "version: 1.2").replace("type: approval\n", "type: aproval\n")
    text = text.replace("completes_run: true", "completes_run: yes")
    told = faults(text)
    assert [fault.split(":")[1] for fault in told] == ["3", "31", "68"]
    assert '"1.2"' in told[0]


@pytest.mark.parametrize(
    ("written", "seconds"), [("30s", 30), ("15m", 900), ("12h", 43_200), ("7d", 604_800), ("45", 45)]
)
def test_times_after_which_records_expire(pack_files: dict[str, str], written: str, seconds: int) -> None:
    text = pack_files["profile.yaml"].replace("86400", written)
    assert profile(text).artifact_types[0].expires_after == seconds


@pytest.mark.parametrize("written", ["0", "-5", "1w", "s", "1.5h", '""', "12 h", "01d"])
def test_no_time_after_which_records_expire(pack_files: dict[str, str], written: str) -> None:
    (fault,) = faults(pack_files["profile.yaml"].replace("86400", written))
    assert fault.startswith("profile.yaml:12:20: ")
    assert "30s, 15m, 12h, 7d" in fault


def test_a_materialization_route_is_a_mode(authoring: str) -> None:
    actions = {action.id: action for action in profile(authoring).actions}
    assert actions["report.write"].materialization_mode == "mock"
    assert actions["change.publish"].materialization_mode == "real"
    shadow = authoring.replace(
        "materialization_route: MaterializeMock",
        "materialization_route: MaterializeMock\n    materialization_mode: shadow",
    )
    assert {action.id: action for action in profile(shadow).actions}["report.write"].materialization_mode == "shadow"


@pytest.mark.parametrize(
    ("new", "fragment"),
    [
        ("MaterializeMock\n    materialization_mode: real", "does not go with the materialization_mode real"),
        ("MaterialiseMock", "did you mean 'MaterializeMock'"),
    ],
)
def test_a_materialization_route_that_cannot_be(authoring: str, new: str, fragment: str) -> None:
    (fault,) = faults(authoring.replace("route: MaterializeMock", "route: " + new))
    assert fault.startswith("profile.yaml:39:28: ")
    assert fragment in fault


def test_creating_what_is_required_completes_the_run(authoring: str) -> None:
    actions = {action.id: action.completes_run for action in profile(authoring).actions}
    assert actions == {"diff.inspect": False, "report.write": False, "change.close": True, "change.publish": False}
    held = authoring.replace("creates_artifacts: [verdict]", "creates_artifacts: [verdict]\n    completes_run: false")
    assert not any(action.completes_run for action in profile(held).actions)


def test_faults_of_conditions_are_told_together_with_their_places(pack_files: dict[str, str]) -> None:
    text = pack_files["profile.yaml"]
    text = text.replace("payload_missing: [files]", "payload_mising: [files]")
    text = text.replace("fact_true: risky}", "fact_true: [risky]}")
    told = faults(text)
    assert [fault.split(": ")[0] for fault in told] == ["profile.yaml:39:33", "profile.yaml:57:28"]
    assert "did you mean 'payload_missing'" in told[0]
    assert "asks for a name, not a list" in told[1]


def test_places_of_the_normalised_form_are_those_of_the_file(authoring: str, flat_core: dict[str, Any]) -> None:
    written = read(authoring)
    assert written.authoring
    assert written.at("id").line == 2
    assert written.at("artifact_types", 0, "id").line == 21
    assert written.at("actions", 0, "produces_artifacts", 0).line == 33
    assert written.at("gates", 0, "reason").line == 53
    flat = read(json.dumps(flat_core, indent=1), "core-profile.json")
    assert not flat.authoring
    assert flat.at("version").line == 3


def test_the_dialect_is_told_by_its_words(authoring: str) -> None:
    assert not is_authoring({})
    assert not is_authoring({"roles": ["agent"], "actions": [{"id": "a"}]})
    assert is_authoring({"roles": [{"id": "agent"}], "actions": [{"name": "a"}]})
    assert is_authoring({"actions": [{"name": "a"}]})
