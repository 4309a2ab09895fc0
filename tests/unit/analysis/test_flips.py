"""Two versions of a real pack, and the same scenarios on both (cli.md, ``scenario diff``)."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.model.flips import Flips
from tests.fakes.hooks import answering
from tests.fakes.packs import failing, needs_hook, scenario, step, write, write_hook
from tests.unit.analysis.flipping import GATE, Versions

_ROOT = Path(__file__).resolve().parents[3]
_ASKS = step("ask", payload={}, expect={"status": "nok", "route": "AskUser"})
_DIRECTOR = "  - id: director_approves_large_orders\n"


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path)


def said(flips: Flips) -> list[tuple[str, int, str, str, str]]:
    return [
        (found.id.partition("::")[2], one.index, one.direction, one.old.text, one.new.text)
        for found in flips.scenarios
        for one in found.steps
    ]


def test_the_same_pack_answers_alike(versions: Versions) -> None:
    flips = versions.flips(scenario("one", _ASKS, step()), failing(), new="old")
    assert flips.scenarios == ()
    assert flips.counts.scenarios == 2
    assert flips.whole


def test_a_gate_that_is_gone_is_loosened_and_its_return_tightened(versions: Versions) -> None:
    versions.change(GATE, "")
    one = scenario("one", step("first"), _ASKS)
    flips = versions.flips(one)
    assert said(flips) == [("one", 2, "loosened", "nok AskUser (gate what_required)", "ok Continue")]
    found = flips.scenarios[0]
    assert (found.old, found.new, found.line) == ("passed", "failed", 1)
    text = (versions.root / "tried.scenario.json").read_text(encoding="utf-8").splitlines()
    assert text[found.steps[0].line - 1 :][:2] == ["    {", '      "name": "ask",']
    assert (flips.counts.loosened, flips.counts.tightened, flips.counts.no_longer_pass) == (1, 0, 1)
    back = versions.flips(one, old="new", new="old")
    assert said(back) == [("one", 2, "tightened", "ok Continue", "nok AskUser (gate what_required)")]
    assert (back.counts.tightened, back.counts.now_pass) == (1, 1)


def test_answers_are_compared_whatever_is_expected(versions: Versions) -> None:
    """Also after a step that failed: the scenario is wrong on both sides, and the gate is gone on one."""
    versions.change(GATE, "")
    wrong = step("x", expect={"status": "nok", "route": "Blocked"})
    flips = versions.flips(failing("bad"), scenario("wrong", wrong, _ASKS))
    assert [entry[:3] for entry in said(flips)] == [("wrong", 2, "loosened")]
    assert (flips.scenarios[0].old, flips.scenarios[0].new) == ("failed", "failed")
    assert flips.counts.no_longer_pass == 0


def test_the_version_and_the_profile_that_a_scenario_names_are_not_heeded(versions: Versions) -> None:
    versions.change(GATE, "")
    elsewhere = scenario("one", _ASKS, profile_version="7.0.0", profile="./nowhere")
    assert len(versions.flips(elsewhere).scenarios) == 1


def test_a_scenario_for_another_process_and_one_that_is_skipped_are_left_out_and_told(versions: Versions) -> None:
    other = scenario("other", profile_id="large")
    flips = versions.flips(scenario("one"), other, scenario("not", skip="for now"), scenario("bad", xfail="known"))
    assert [(one.id.partition("::")[2], one.why) for one in flips.left_out] == [
        ("other", "is for the process 'large'"),
        ("not", "is marked skip: for now"),
    ]
    assert flips.counts.scenarios == 2
    assert flips.whole


def test_two_processes_are_not_compared(versions: Versions) -> None:
    for file in ("profile.yaml", "process.manifest.yaml"):
        versions.change("id: small", "id: large", file=file)
    with pytest.raises(UsageError, match="two processes: old is 'small' and new is 'large'"):
        versions.flips(scenario())


def test_each_row_is_a_scenario_of_its_own(versions: Versions) -> None:
    versions.change(GATE, "")
    rows = scenario("rows", step(payload="${payload}"), parameters=[{"payload": {"what": "x"}}, {"payload": {}}])
    assert [entry[:3] for entry in said(versions.flips(rows))] == [("rows[1]", 1, "loosened")]


def test_an_answer_that_gives_nothing_to_capture_still_tells_of_the_gate(versions: Versions) -> None:
    versions.change(GATE, "")
    take = step("take", payload={}, capture={"made": "created_artifacts.0"})
    flips = versions.flips(scenario("one", take, step("use", "work.check", payload={"id": "${made}"}), step("end")))
    assert said(flips) == [("one", 1, "loosened", "nok AskUser (gate what_required)", "ok Continue")]
    flip = flips.scenarios[0].steps[0]
    assert "no 'created_artifacts.0' to capture" in flip.old.fault
    assert flip.unreached == 2
    assert (flips.scenarios[0].old, flips.scenarios[0].new) == ("error", "error")


def test_hooks_are_those_of_each_side(versions: Versions) -> None:
    for side, risky in (("old", "True"), ("new", "False")):
        write_hook(versions.root / side, answering(f"{{'risky': {risky}}}"))
    assert [entry[1:] for entry in said(versions.flips(needs_hook()))] == [
        (1, "loosened", "nok Blocked (gate check_needs_facts)", "ok Continue")
    ]


def test_a_hook_that_only_one_side_can_run_is_a_difference_and_none_a_scenario_that_says_nothing(
    versions: Versions,
) -> None:
    assert [one.why.partition(": ")[0] for one in versions.flips(needs_hook()).left_out] == [
        "gets no answer on either side"
    ]
    write_hook(versions.root / "new")
    flips = versions.flips(needs_hook("hooked"))
    assert said(flips) == [("hooked", 1, "changed", "no answer", "ok Continue")]
    assert "no-such-program" in flips.scenarios[0].steps[0].old.fault


def test_what_comes_after_a_hook_that_neither_side_can_run_was_not_compared(versions: Versions) -> None:
    hooked = needs_hook("hooked")
    ahead = {**hooked, "steps": [step("first"), *hooked["steps"], step("last")]}
    flips = versions.flips(ahead)
    assert [one.why.partition(": ")[0] for one in flips.left_out] == ["comes to its end on neither side"]
    assert "no-such-program" in flips.left_out[0].why
    assert not flips.whole
    assert flips.counts.scenarios == 0
    assert not versions.flips(hooked).whole
    # What differs before it is told all the same.
    versions.change(GATE, "")
    ahead["steps"][0] = step("first", payload={})
    assert [entry[2] for entry in said(versions.flips(ahead))] == ["loosened"]


def test_a_fault_of_a_hook_that_new_no_longer_has_never_happens_there(versions: Versions) -> None:
    write_hook(versions.root / "old")
    versions.change("  - id: check_needs_facts\n", "  - id: check_needs_facts_no_more\n")
    flips = versions.flips(needs_hook("faulty", faults={"assess": "timeout"}))
    assert [entry[3:] for entry in said(flips)] == [
        ("nok InstructAgent (gate check_needs_facts)", "nok InstructAgent (gate check_needs_facts_no_more)")
    ]


def test_what_new_cannot_begin_with_differs_as_a_whole(versions: Versions) -> None:
    versions.change("  - id: facts_record\n    allowed_sources: [agent]\n", "")
    versions.change("    produces_artifacts: [facts_record]\n", "")
    given = {"artifacts": [{"type": "facts_record", "payload": {}, "source": "agent"}]}
    flips = versions.flips(scenario("held", given=given))
    assert said(flips) == [("held", 0, "changed", "no answer", "no answer")]
    assert "no artifact type 'facts_record'" in flips.scenarios[0].steps[0].new.fault


def test_a_payload_that_the_spec_refuses_says_nothing_on_either_side(versions: Versions) -> None:
    versions.change(GATE, "")
    spec = {"spec": {"id": "card", "version": "1.0.0"}, "schemas": {"work.start": {"required": ["other"]}}}
    write(versions.root / "card.json", spec)
    flips = versions.flips(scenario("one", _ASKS, spec="./card.json"), scenario("two"))
    assert [one.id.partition("::")[2] for one in flips.left_out] == ["one"]
    assert flips.scenarios == ()


def test_without_documents_the_scenarios_of_both_packs_run_each_once(versions: Versions) -> None:
    versions.change(GATE, "")
    write(versions.root / "old" / "scenarios" / "a.json", scenario("both", _ASKS), scenario("gone", step("x")))
    later = scenario("both_again", step("ask", payload={}), profile_version="2.0.0", description="as before")
    write(versions.root / "new" / "scenarios" / "b.json", later)
    flips = versions.flips()
    assert flips.counts.scenarios == 2
    assert [found.id for found in flips.scenarios] == ["new/scenarios/b.json::both_again"]


def test_secrets_are_taken_out_of_all_that_is_told(tmp_path: Path) -> None:
    def redact(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: redact(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [redact(item) for item in value]
        return value.replace("hunter2", "[redacted]") if isinstance(value, str) else value

    versions = Versions(tmp_path, redact)
    versions.change("reason: It is not said what to do.", "reason: The word is hunter2.")
    flips = versions.flips(scenario("hunter2", {**_ASKS, "name": "hunter2"}), scenario("x", skip="hunter2"))
    assert flips.counts.differing == 1
    assert "hunter2" not in str(flips)
    assert "The word is [redacted]." in str(flips)


def test_purchase_without_its_director_lets_large_orders_through(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    for side in ("old", "new"):
        shutil.rmtree(tmp_path / side)
        shutil.copytree(_ROOT / "tests" / "packs" / "purchase", tmp_path / side)
        versions.change("  core_profile_path: core-profile.json\n", "", side=side, file="process.manifest.yaml")
    profile = tmp_path / "new" / "profile.yaml"
    before, _, behind = profile.read_text(encoding="utf-8").partition(_DIRECTOR)
    profile.write_text(before + behind[behind.index("  - id: ") :], encoding="utf-8")
    for side in ("old", "new"):
        folder = tmp_path / side / "scenarios"
        for path in folder.iterdir():
            if path.name != "approval_required.scenario.yaml":
                path.unlink()
    flips = versions.flips()
    loosened = [entry for entry in said(flips) if entry[2] == "loosened"]
    assert loosened == [
        (
            name,
            number,
            "loosened",
            "nok AwaitApproval (gate director_approves_large_orders)",
            "ok MaterializeAllowed",
        )
        for name, number in (
            ("approval_required_director", 1),
            ("approval_required_director", 3),
            ("approval_required_director", 5),
            ("approval_required_director_himself", 1),
            ("approval_required_director_himself", 3),
        )
    ]
    assert flips.counts.tightened == 0
    assert flips.counts.loosened == 5
