"""Each operator does what its example says; and together they make each mutant once, in one order."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from pytest_fluxscenario.analysis.mutation.mutant import Operator
from pytest_fluxscenario.analysis.mutation.operators import OPERATORS, mutants_of
from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.analysis.mutation.schemas import WithoutSchema
from pytest_fluxscenario.analysis.mutation.variations import AS_IT_IS

from .processes import process_of

#: What no profile can say of single gates and actions.
_POSITIONS = ("negated", "deaf", "unapproved")
_NAMES = [operator.name for operator in OPERATORS]


def _mutated(operator: Operator) -> tuple[Process, Process]:
    """The process of the operator's example, and the mutant that the example is of."""
    before = process_of(operator.example.before)
    made = [mutant for mutant in operator.mutants(before) if mutant.target == operator.example.target]
    assert len(made) == 1, [mutant.id for mutant in operator.mutants(before)]
    return before, made[0].process


@pytest.mark.parametrize("operator", OPERATORS, ids=_NAMES)
def test_the_example_of_an_operator_is_what_it_does(operator: Operator) -> None:
    before, mutant = _mutated(operator)
    after = dict(operator.example.after)
    expected = {
        **{name: frozenset(after.pop(name, ())) for name in _POSITIONS},
        "variation": after.pop("variation", AS_IT_IS),
        "unchecked": after.pop("unchecked", []),
    }
    got = {
        **{name: getattr(mutant, name) for name in _POSITIONS},
        "variation": mutant.variation,
        "unchecked": [mutant.check.artifact_type] if isinstance(mutant.check, WithoutSchema) else [],
    }
    assert got == expected
    whole = process_of({**operator.example.before, **after})
    assert msgspec.to_builtins(mutant.profile) == msgspec.to_builtins(whole.profile)
    assert mutant.hooks == whole.hooks
    # Nothing else differs.
    same = replace(mutant, profile=before.profile, hooks=before.hooks, check=before.check, variation=AS_IT_IS)
    assert replace(same, negated=frozenset(), deaf=frozenset(), unapproved=frozenset()) == before


def test_the_names_of_operators_are_their_own() -> None:
    assert len(set(_NAMES)) == len(_NAMES)
    assert all(operator.does and operator.does[0].islower() for operator in OPERATORS)


def test_each_mutant_is_made_once_and_always_in_the_same_order() -> None:
    process = process_of(
        {
            "roles": ["agent", "system", "approver"],
            "artifact_types": [
                {"id": "quote", "required_fields": ["amount", "supplier"], "allowed_sources": ["agent"]}
            ],
            "actions": [
                {"id": "pay", "produces_artifacts": ["quote"], "next_actions": ["end"]},
                {"id": "end", "completes_run": True},
            ],
            "gates": [
                {"id": "a", "condition": {"payload_missing": ["amount"], "payload_equals": {"x": 1, "y": 2}}},
                {"id": "b", "type": "process_conformance", "required_artifacts": ["quote"], "before_action": "end"},
            ],
            "completion_report": {"required": ["quote"]},
        }
    )
    ids = [mutant.id for mutant in mutants_of(process)]
    assert len(set(ids)) == len(ids)
    assert ids == [mutant.id for mutant in mutants_of(process)]
    assert [name.partition(":")[0] for name in ids] == sorted(
        (name.partition(":")[0] for name in ids), key=_NAMES.index
    )
    assert "role-allowed:pay+approver" not in ids


def test_every_mutant_says_what_it_is_and_what_would_catch_it() -> None:
    for operator in OPERATORS:
        for mutant in operator.mutants(process_of(operator.example.before)):
            assert mutant.what
            assert mutant.catch
            assert mutant.before != mutant.after
            assert not mutant.what.endswith(".")


def test_no_mutant_is_made_of_what_is_not_there() -> None:
    ids = [mutant.id for mutant in mutants_of(process_of({}))]
    assert ids == [f"idempotency-ignored:{part}" for part in ("keys", "replays", "conflicts")]
