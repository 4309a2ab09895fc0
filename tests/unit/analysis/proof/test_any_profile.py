"""Whatever a profile says, the engine and the second reading of its text agree in every state."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_fluxscenario.analysis.mutation.operators import mutants_of
from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.analysis.proof.counterexample import counterexample_of
from pytest_fluxscenario.analysis.proof.prove import prove
from pytest_fluxscenario.analysis.space.explore import Bounds, Explorer
from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.load import load_pack
from tests.fakes.processes import ROOT, made_space, space_of_pack

_KINDS = ("one", "two", "three")
_ACTIONS = ("do.a", "do.b", "do.c")
_FIELDS = st.sampled_from(["x", "y", "x.z"])
_VALUES = st.sampled_from([True, 1, "v", None])
_ROLES = st.lists(st.sampled_from(["agent", "task_user"]), unique=True)
_CONDITION = st.fixed_dictionaries(
    {},
    optional={
        "payload_missing": st.lists(_FIELDS, min_size=1, max_size=2, unique=True),
        "payload_equals": st.dictionaries(_FIELDS, _VALUES, min_size=1, max_size=2),
        "payload_contains_any": st.lists(st.sampled_from(["k", "x"]), min_size=1, max_size=2, unique=True),
        "fact_true": st.just("f"),
        "fact_equals": st.dictionaries(st.sampled_from(["f", "g"]), _VALUES, min_size=1, max_size=1),
    },
)
_KIND = st.fixed_dictionaries(
    {},
    optional={
        "required_fields": st.lists(_FIELDS, max_size=2, unique=True),
        "allowed_sources": st.lists(st.sampled_from(["agent", "task_user", "controller"]), max_size=2, unique=True),
    },
)
_SCOPE = st.lists(_FIELDS, min_size=1, max_size=2, unique=True)
_ACTION = st.fixed_dictionaries(
    {"allowed_roles": _ROLES, "produces_artifacts": st.lists(st.sampled_from(_KINDS), max_size=2, unique=True)},
    optional={
        "completes_run": st.booleans(),
        "materialization_mode": st.sampled_from(["mock", "real"]),
        "materialization_scope_fields": _SCOPE,
        "required_capabilities": st.sampled_from([["repo.read"], ["no.such"]]),
    },
)
_GATE = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["decision", "approval", "process_conformance"]),
        "before_action": st.sampled_from(_ACTIONS),
        "condition": _CONDITION,
        "route": st.sampled_from(["Blocked", "AskUser"]),
        "required_artifacts": st.lists(st.sampled_from(_KINDS), min_size=1, max_size=2, unique=True),
        "required_approval": st.sampled_from([{"role": "approver", "scope": "s"}, {"role": "approver", "scope": "t"}]),
        "hook": st.just("look"),
    }
)


@st.composite
def profiles(draw: st.DrawFn) -> dict[str, Any]:
    gates = []
    for number, drawn in enumerate(draw(st.lists(_GATE, max_size=4))):
        spare = {"required_artifacts" if drawn["type"] == "approval" else "required_approval"}
        if drawn["type"] == "decision" and draw(st.booleans()):
            spare.add("required_artifacts")
        if not {"fact_true", "fact_equals"} & set(drawn["condition"]):
            spare.add("hook")
        gates.append({"id": f"g{number}", **{name: value for name, value in drawn.items() if name not in spare}})
    return {
        "artifact_types": [{"id": name, **draw(_KIND)} for name in _KINDS],
        "actions": [{"id": name, **draw(_ACTION)} for name in _ACTIONS],
        "gates": gates,
        "completion_report": {"required": draw(st.lists(st.sampled_from(_KINDS), max_size=2, unique=True))},
    }


_HOOKS = {"look": "condition.evaluate", "valid": "artifact.validate"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(profiles())
def test_only_a_dead_end_is_found_and_what_is_found_is_shown(profile: dict[str, Any]) -> None:
    space = made_space(profile, _HOOKS, hook_inputs={"valid": "one"})
    proof = prove(Explorer(space, Bounds(states=2_000)))
    assert {name: one.message for name, one in proof.findings.found.items() if name != "dead-ends"} == {}
    for finding in proof.findings.found.values():
        shown = counterexample_of(space, finding)
        assert shown.runs or shown.assumed


@pytest.mark.slow
@pytest.mark.parametrize("pack", ["scenarios/local_patch_review", "tests/packs/vendor_onboarding"])
def test_an_engine_that_takes_a_condition_for_its_opposite_is_refuted(pack: str) -> None:
    loaded = load_pack(FolderFiles(str(ROOT / pack), pack))
    negated = [one for one in mutants_of(Process.of(loaded)) if one.operator == "condition-negated"]
    assert len(negated) > 3
    for mutant in negated:
        assert prove(Explorer(space_of_pack(loaded, mutant.process.rules()))).verdict == "refuted", mutant.id
