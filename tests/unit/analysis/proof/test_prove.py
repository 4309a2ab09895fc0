"""Each property holds for the engine as it is, and is refuted for one that is broken in just that."""

from __future__ import annotations

import pytest

from pytest_fluxscenario.analysis.proof.counterexample import counterexample_of
from pytest_fluxscenario.analysis.proof.findings import PROPERTIES
from pytest_fluxscenario.analysis.proof.prove import Proof, prove
from pytest_fluxscenario.analysis.space.explore import Bounds, Explorer
from pytest_fluxscenario.analysis.space.space import Space
from tests.fakes.holes import BROKEN, HOOKS, PROFILE
from tests.fakes.processes import BUNDLED, ROOT, made_space, space_in


def _space() -> Space:
    return made_space(PROFILE, HOOKS, hook_inputs={"valid": "draft"}, draft_write=({"text": "a", "checked": True},))


def _proved(space: Space) -> Proof:
    return prove(Explorer(space))


@pytest.mark.parametrize("pack", BUNDLED)
def test_the_bundled_packs_are_proved(pack: str) -> None:
    proof = _proved(space_in(ROOT / pack))
    assert {name: finding.message for name, finding in proof.findings.found.items()} == {}
    assert proof.gaps == ()
    assert proof.verdict == "proved"
    assert [name for name in PROPERTIES if not proof.findings.checked[name]] == []
    assert proof.silent_gates == proof.closed_actions == ()


def test_the_small_process_is_proved_and_everything_is_looked_at() -> None:
    proof = _proved(_space())
    assert {name: finding.message for name, finding in proof.findings.found.items()} == {}
    assert proof.verdict == "proved"
    assert [name for name in PROPERTIES if not proof.findings.checked[name]] == []


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_engine_is_refuted(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    patch, expected = BROKEN[what]
    patch(monkeypatch)
    space = _space()
    proof = _proved(space)
    assert proof.verdict == "refuted"
    assert expected <= set(proof.findings.found), {one: two.message for one, two in proof.findings.found.items()}
    for name in expected:
        # What is told is what really comes back, and where no hook was assumed the scenario shows it as it is.
        shown = counterexample_of(space, proof.findings.found[name])
        assert shown.runs or shown.assumed, name


def test_what_stopped_at_a_bound_is_no_proof() -> None:
    for bounds in (Bounds(states=3), Bounds(depth=1), Bounds(seconds=1e-9)):
        proof = prove(Explorer(_space(), bounds))
        assert proof.findings.found == {}
        assert proof.verdict == "undecided"
        assert {proof.verdict_of(name) for name in PROPERTIES} == {"undecided"}
        assert proof.guarantees == ()
        assert len(proof.gaps) == 1


def test_a_guarantee_says_what_no_way_can_do_without() -> None:
    deed, end = _proved(_space()).guarantees
    assert (deed.action, deed.route, end.action, end.route) == ("deed.do", "MaterializeAllowed", "work.end", "Complete")
    assert [(one.role, one.scope) for one in deed.always] == [("approver", "deed")]
    assert [one.scope for one in end.always] == ["deed", "end"]
    assert end.artifacts == ("draft", "deed")
