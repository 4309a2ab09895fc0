"""Payloads held against the spec of their scenario, before they are sent (scenario.md, ``spec``).

A payload without references is known before the run begins. All of those are checked first, so that the author sees
every one that does not fit, and nothing is sent while one does not. The others are checked when they are known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from pytest_fluxscenario.base.place import Pointer, json_pointer
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.model.evidence import StepResult
from pytest_fluxscenario.model.scenario import Scenario, Step
from pytest_fluxscenario.packs.specs import PayloadFault, Spec, UncheckedError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Longest text of one fault, and of its path, in characters.
_FAULT: Final = 260
_PATH: Final = 100
#: Longest text of all faults of a payload, in bytes.
_ALL: Final = 2_000


@dataclass(slots=True)
class PayloadCheck:
    """The check of the payloads of one run."""

    spec: Spec
    #: Takes secrets out of a text, before it is cut.
    redact: Callable[[str], str]
    #: Index of a step that was refused to the part of the scenario that is wrong.
    where: dict[int, Pointer] = field(default_factory=dict)

    def refuse_written(self, scenario: Scenario) -> Mapping[int, StepResult]:
        """The steps whose payloads do not fit as they are written: index to result."""
        found: dict[int, StepResult] = {}
        for index, step in enumerate(scenario.steps, 1):
            if b"${" in msgspec.json.encode(step):
                continue
            refused = self.refuse(index, step)
            if refused is not None:
                found[index] = refused
        return found

    def refuse(self, index: int, step: Step) -> StepResult | None:
        """The result of a step that must not be sent; None for one that may. ``index`` is 1-based."""
        if step.action is None or not isinstance(step.payload, dict):
            return None
        ref = shown(self.redact(self.spec.ref.ref), 160)
        at: Pointer = ("steps", index - 1, "payload")
        try:
            faults = self.spec.faults(step.action, step.payload)
        except UncheckedError as error:
            self.where[index] = at
            return _refused(index, step, f"not sent: the payload cannot be held against the spec {ref}: {error}")
        if not faults:
            return None
        self.where[index] = (*at, *faults[0].pointer)
        told = "; ".join(map(self._told, faults))
        return _refused(index, step, f"not sent: the payload does not fit the spec {ref}: {told}")

    def _told(self, fault: PayloadFault) -> str:
        path = shown(self.redact("payload" + json_pointer(fault.pointer)), _PATH)
        return f"{path}: {shown(self.redact(fault.message), _FAULT)}"


def _refused(index: int, step: Step, fault: str) -> StepResult:
    # Without a request: none was sent, and coverage counts those that were.
    return StepResult(index, step.name, "error", fault=_cut(fault, _ALL))


def _cut(text: str, most: int) -> str:
    """``text`` in at most so many bytes, and the mark of what was cut out."""
    data = text.encode("utf-8", "replace")
    return text if len(data) <= most else data[: most - 3].decode("utf-8", "ignore") + "…"
