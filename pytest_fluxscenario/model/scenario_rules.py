"""The rules of a scenario that no single type can say (scenario.md). What is decoded has a good shape already.

- ``id`` is a name, ``profile_version`` is SemVer without ``v``; ids hold no invisible character
- ``skip`` and ``xfail`` give a reason; a tag can be a marker; a class that nobody knows is a warning
- a step is an ``action`` with ``actor``, ``payload`` and ``expectation``, or an ``approve`` with none of them
- an ``error`` has no route, every other expectation names one; words of closed sets are known (model.expectation_rules)
- ``faults`` are known kinds; a source is a role or ``controller``; ``expires_at`` says its offset (model.step_rules)
- every reference names a parameter or something earlier; rows of parameters have the same keys (model.reference_rules)

Nearly every scenario is sound, and thousands are read at once: ``_sound`` proves the plain ones in about 3
microseconds, and whatever it cannot prove is examined in full. It may be wrong in one direction only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from pytest_fluxscenario.base.names import scenario_id_fault
from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import invisible
from pytest_fluxscenario.model.labels import marker_fault, version_fault
from pytest_fluxscenario.model.request import Actor
from pytest_fluxscenario.model.scenario import Expectation, Scenario
from pytest_fluxscenario.model.vocabulary import CLASSES, GATE_TYPES, GENERATED_CLASSES, MATCHERS, ROUTES, STATUSES

# What a plain scenario may say, for the proof only: looked up by hash.
_PLAIN_STATUSES: Final = frozenset(STATUSES)
_PLAIN_ROUTES: Final = frozenset((*ROUTES, None))
_PLAIN_GATE_TYPES: Final = frozenset((*GATE_TYPES, None, UNSET))
_PLAIN_VALUES: Final = frozenset({bool, type(None), UnsetType})
_PLAIN_CLASSES: Final = frozenset((*CLASSES, *GENERATED_CLASSES))
_REST: Final = Expectation.__struct_fields__.index("gate_type")
_AFTER_TEXTS: Final = Expectation.__struct_fields__.index("missing_artifacts") - _REST
_NO_REST: Final = (UNSET,) * (len(Expectation.__struct_fields__) - _REST)
_DOLLAR: Final = ord("$")
_encode = msgspec.json.Encoder().encode
_astuple = msgspec.structs.astuple


def scenario_problems(
    scenario: Scenario,
    locate: Callable[[Pointer, bool], Place],
    *,
    matchers: Collection[str] = MATCHERS,
) -> list[Problem]:
    """Everything that is wrong in ``scenario`` across its fields, by place; empty where nothing is.

    ``locate`` gives the place of a pointer into the scenario, or of its key; it is called only for faults. ``matchers``
    are the matchers that exist, those of plugins too. A problem of severity ``warning`` does not make a scenario
    unusable. A string with a reference is judged again when the reference has been replaced: hand that scenario in too.
    """
    if _sound(scenario):
        return []
    # Imported here: what explains faults is not needed where there are none.
    from pytest_fluxscenario.model.findings import Findings
    from pytest_fluxscenario.model.reference_rules import check_references
    from pytest_fluxscenario.model.step_rules import check_faults, check_given, check_header, check_step

    findings = Findings("scenario", locate)
    check_header(scenario, findings)
    check_faults(scenario.faults, (), findings)
    if scenario.given is not None:
        check_given(scenario.given, findings)
    for index, step in enumerate(scenario.steps):
        check_step(step, ("steps", index), findings, matchers)
    check_references(scenario, findings)
    return findings.problems()


def _sound(scenario: Scenario) -> bool:
    """Whether ``scenario`` is of the plain kind and nothing can be wrong with it."""
    encoded = _encode(scenario)
    if (
        (_DOLLAR in encoded and b"${" in encoded)
        or (not encoded.isascii() and invisible(encoded.decode()))
        or scenario.parameters is not None
        or scenario.given is not None
        or scenario.faults is not None
        or scenario.skip is not None
        or scenario.xfail is not None
        or scenario_id_fault(scenario.id)
        or version_fault(scenario.profile_version)
    ):
        return False
    for tag in scenario.tags:
        if marker_fault(tag):
            return False
    if scenario.classes and not _PLAIN_CLASSES.issuperset(scenario.classes):
        return False
    for step in scenario.steps:
        expectation = step.expectation
        if (
            expectation is None
            or step.action is None
            or step.payload.__class__ is not dict
            or step.actor.__class__ is not Actor
            or step.approve is not None
            or step.capture is not None
            or step.faults is not None
        ):
            return False
        values = _astuple(expectation)
        status, route, gate_id = values[:_REST]
        if status.__class__ is dict or route.__class__ is dict or gate_id.__class__ is dict:
            return False
        if status not in _PLAIN_STATUSES or (route not in _PLAIN_ROUTES and (route is not UNSET or status != "error")):
            return False
        rest = values[_REST:]
        if rest != _NO_REST and not _sound_rest(rest):
            return False
    return True


def _sound_rest(values: tuple[Any, ...]) -> bool:
    """Whether the fields of an expectation from ``gate_type`` on hold plain values only."""
    for value in values[:_AFTER_TEXTS]:
        if value.__class__ is dict:
            return False
    if values[0] not in _PLAIN_GATE_TYPES:
        return False
    for value in values[_AFTER_TEXTS:]:
        if value.__class__ in _PLAIN_VALUES:
            continue
        if value.__class__ is not tuple:
            return False
        for item in value:
            if item.__class__ is not str:
                return False
    return True
