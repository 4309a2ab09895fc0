"""All operators, in the order of their mutants."""

from __future__ import annotations

from typing import Final

from pytest_fluxscenario.analysis.mutation.actions import (
    CompletionEarlier,
    CompletionWeakened,
    RequirementDropped,
    RoleAllowed,
    ScopeFieldDropped,
)
from pytest_fluxscenario.analysis.mutation.approvals import ApprovalWeakened, RealUnapproved
from pytest_fluxscenario.analysis.mutation.artifacts import ExpiryDropped, FieldDropped, SchemaDropped, SourceWidened
from pytest_fluxscenario.analysis.mutation.conditions import (
    ConditionConstant,
    ConditionNegated,
    ConditionPartDropped,
    FactsIgnored,
)
from pytest_fluxscenario.analysis.mutation.gates import ArtifactDropped, GateDropped, OrderChanged, RouteWeakened
from pytest_fluxscenario.analysis.mutation.mutant import Mutant, Operator
from pytest_fluxscenario.analysis.mutation.others import HookFailureIgnored, HookIgnored, IdempotencyIgnored
from pytest_fluxscenario.analysis.mutation.process import Process

OPERATORS: Final[tuple[Operator, ...]] = (
    GateDropped(),
    RouteWeakened(),
    OrderChanged(),
    ArtifactDropped(),
    ConditionConstant(),
    ConditionNegated(),
    ConditionPartDropped(),
    FactsIgnored(),
    ApprovalWeakened("approval-role-ignored", "lets an approval count from any role", "role"),
    ApprovalWeakened("approval-scope-ignored", "lets an approval count for any scope", "scope"),
    ApprovalWeakened("approval-values-ignored", "lets an approval count for other values than it names", "values"),
    ApprovalWeakened("approval-expiry-ignored", "lets an approval count after it has expired", "expiry"),
    ApprovalWeakened("denial-ignored", "lets a denial count as an approval", "decision"),
    RealUnapproved(),
    RoleAllowed(),
    RequirementDropped(),
    ScopeFieldDropped(),
    CompletionWeakened(),
    CompletionEarlier(),
    FieldDropped(),
    SourceWidened(),
    ExpiryDropped(),
    SchemaDropped(),
    HookIgnored(),
    HookFailureIgnored(),
    IdempotencyIgnored(),
)


def mutants_of(process: Process) -> tuple[Mutant, ...]:
    """Every mutant of a process, in the order of the operators and of the profile."""
    return tuple(mutant for operator in OPERATORS for mutant in operator.mutants(process))
