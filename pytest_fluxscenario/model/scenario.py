"""A scenario file as it is written (scenario.md).

A string may hold ``${name}`` (a parameter, a captured value) or ``${steps.<name>.<field>}``; a value that is only such
a reference may stand where another type is asked for, and is checked again when it has been replaced.

No type here has a ``Meta(pattern=…)``: msgspec 0.19 to 0.22 crash in a fifth of all interpreter exits when a decoder of
such a type exists (docs/adr/0001-msgspec-shapes.md). Patterns stand in the published schema, and model.scenario_rules
holds decoded scenarios to them.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from pytest_fluxscenario.model.references import WHOLE_PATTERN
from pytest_fluxscenario.model.request import Actor, Approval, Environment, Given
from pytest_fluxscenario.model.vocabulary import (
    CLASSES,
    FAULT_KINDS,
    GATE_TYPES,
    GENERATED_CLASSES,
    MATCHERS,
    ROUTES,
    STATUSES,
    Decision,
)

#: A string that is one reference and nothing else.
Reference = Annotated[
    str,
    Meta(
        title="Reference",
        description="A reference: ${parameter}, ${captured} or ${steps.<name>.<field>}.",
        extra_json_schema={"pattern": WHOLE_PATTERN},
    ),
]
#: ``{matches: regex}``, ``{contains: x}``, ``{any_of: [..]}``, ``{present: true}``, ``{in_order: [..]}``, or
#: ``{x-…: …}`` of a plugin.
Matcher = Annotated[
    dict[str, Any],
    Meta(
        title="Matcher",
        min_length=1,
        max_length=1,
        description="A matcher instead of a value: " + ", ".join(MATCHERS) + ", or x-… of a plugin.",
        extra_json_schema={"propertyNames": {"pattern": "^(" + "|".join(MATCHERS) + r"|x-[a-z0-9-]+)(?!\n)$"}},
    ),
]
_Name = Annotated[str, Meta(min_length=1)]
_Names = tuple[str | Matcher, ...]
_TEXT_DESCRIPTION = "null expects the absence."

_MaybeText = str | Matcher | None | UnsetType
_MaybeNames = Annotated[_Names | Matcher | Reference | None, Meta(description=_TEXT_DESCRIPTION)] | UnsetType
_MaybeFlag = bool | Matcher | Reference | None | UnsetType
_MaybeObject = dict[str, Any] | Reference | None | UnsetType


#: What ``skip`` of a draft begins with: a scenario that nobody has reviewed says nothing of its pack.
DRAFTED: Final = "drafted by fluxrig and not reviewed yet"


def is_draft(skip: str | None) -> bool:
    """Whether a reason to skip a scenario says that it is a draft which waits for its review."""
    return skip is not None and skip.startswith(DRAFTED)


def _words(words: tuple[str, ...]) -> dict[str, Any]:
    """The closed set in the published schema; a reference or a matcher may stand there too."""
    return {"examples": list(words), "description": "One of: " + ", ".join(words) + "."}


class Expectation(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What must come back; a field that is left out is not compared."""

    status: Annotated[str | Matcher, Meta(extra_json_schema=_words(STATUSES))]
    #: May be left out only where ``error`` is expected, which has no route.
    route: Annotated[str | Matcher | None, Meta(extra_json_schema=_words(ROUTES))] | UnsetType = UNSET
    gate_id: _MaybeText = UNSET
    gate_type: Annotated[str | Matcher | None, Meta(extra_json_schema=_words(GATE_TYPES))] | UnsetType = UNSET
    reason: _MaybeText = UNSET
    instruction: _MaybeText = UNSET
    missing_artifacts: _MaybeNames = UNSET
    #: ``{role, scope}``.
    required_approval: _MaybeObject = UNSET
    #: Types of the artifacts created.
    created_artifacts: _MaybeNames = UNSET
    next_allowed_actions: _MaybeNames = UNSET
    completion_report_exists: _MaybeFlag = UNSET
    idempotent_replay: _MaybeFlag = UNSET
    idempotency_conflict: _MaybeFlag = UNSET
    #: The plan: ``{mode, action, scope, preflight}``.
    materialization: _MaybeObject = UNSET
    #: Hook ids, or id to status.
    hook_calls: tuple[str, ...] | dict[str, Any] | Reference | UnsetType | None = UNSET


class Approve(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One call of the trusted surface as a step writes it: an ``Approval`` whose values may be one reference."""

    role: str
    scope: str
    decision: Decision = "approved"
    by: str | None = None
    expires_at: str | None = None
    values: dict[str, Any] | Reference | None = None

    def approval(self) -> Approval:
        """It as the trusted surface takes it; values that nobody has put in are left out."""
        values = self.values if isinstance(self.values, dict) else None
        return Approval(self.role, self.scope, self.decision, self.by, self.expires_at, values)


class Step(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One control request with its expectation, or one call of the trusted surface (``approve``)."""

    name: _Name
    action: _Name | None = None
    actor: Actor | Reference | None = None
    payload: dict[str, Any] | Reference | None = None
    idempotency_key: _Name | None = None
    expectation: Expectation | None = None
    approve: Approve | None = None
    #: Hook id to how its call fails, in this step only.
    faults: dict[str, Annotated[str, Meta(extra_json_schema=_words(FAULT_KINDS))]] | None = None
    #: Name for later steps to the path of a value in this step's response.
    capture: dict[str, str] | None = None


class Scenario(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One scenario."""

    id: _Name
    profile_id: _Name
    profile_version: _Name
    steps: Annotated[tuple[Step, ...], Meta(min_length=1)]
    name: str | None = None
    description: str | None = None
    #: Become pytest markers.
    tags: tuple[_Name, ...] = ()
    classes: tuple[Annotated[_Name, Meta(extra_json_schema={"examples": [*CLASSES, *GENERATED_CLASSES]})], ...] = ()
    #: ``name:tag`` of a spec in the store.
    spec: str | None = None
    #: A ref or a path, instead of the look-up by id and version.
    profile: str | None = None
    skip: str | None = None
    xfail: str | None = None
    #: The scenario runs once for each.
    parameters: Annotated[tuple[dict[str, Any], ...], Meta(min_length=1)] | None = None
    environment: Environment | None = None
    given: Given | None = None
    #: Hook id to how its calls fail, in every step.
    faults: dict[str, Annotated[str, Meta(extra_json_schema=_words(FAULT_KINDS))]] | None = None
