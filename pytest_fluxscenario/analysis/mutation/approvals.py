"""Mutants of approvals: what counts as one, and what is materialized without one (control.md, "Records" and 10)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from pytest_fluxscenario.analysis.mutation.mutant import Example, Mutant, because
from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.analysis.mutation.shadows import shadow_of
from pytest_fluxscenario.analysis.mutation.variations import ApprovalLoosened, ApprovalPart
from pytest_fluxscenario.base.place import Pointer
from pytest_fluxscenario.model.response import RequiredApproval

_GATE: Final = {"id": "a", "type": "approval", "required_approval": {"role": "approver", "scope": "pay"}}
_SAID: Final[dict[ApprovalPart, tuple[str, str]]] = {
    "role": ("an approval of {scope} counts from any role", "a step after approve: {{role: another, scope: {scope}}}"),
    "scope": (
        "an approval by {role} of anything counts for {scope}",
        "a step after approve: {{role: {role}, scope: another}}",
    ),
    "values": (
        "an approval of {scope} counts for other values than those that it names",
        "a step after approve: {{role: {role}, scope: {scope}, values: …}} with other values in its payload",
    ),
    "expiry": (
        "an approval of {scope} counts for ever",
        "a step after approve: {{role: {role}, scope: {scope}, expires_at: a time that is over}}",
    ),
    "decision": (
        "a denial counts as an approval of {scope}",
        "a step after approve: {{role: {role}, scope: {scope}, decision: denied}}",
    ),
}


@dataclass(frozen=True)
class ApprovalWeakened:
    """More records count as an approval than should."""

    name: str
    does: str
    part: ApprovalPart

    @property
    def example(self) -> Example:
        """One approval gate; the profile stays as it is."""
        loosened = ApprovalLoosened(self.part, RequiredApproval("approver", "pay"))
        return Example({"gates": [_GATE]}, "approver.pay", {"variation": loosened})

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each approval that a gate, or an action that materializes for real, asks for."""
        for asked, use in _asked(process).items():
            what, catch = _SAID[self.part]
            names = {"role": asked.role, "scope": asked.scope}
            yield Mutant(
                self.name,
                f"{asked.role}.{asked.scope}",
                use.pointer,
                what.format(**names),
                f"{catch.format(**names)}: {{status: nok, route: AwaitApproval}}",
                f"required_approval: {{role: {asked.role}, scope: {asked.scope}}}",
                f"required_approval: {{role: {asked.role}, scope: {asked.scope}}}, whatever the {self.part}",
                partial(replace, process, variation=ApprovalLoosened(self.part, asked)),
                frozenset(use.actions),
                partial(_behind, process, use),
            )


class RealUnapproved:
    """What is materialized for real is covered by no approval."""

    name: Final = "real-approval-dropped"
    does: Final = "materializes for real without an approval that covers exactly the scope values"
    example: Final = Example(
        {"actions": [{"id": "pay", "materialization_mode": "real", "materialization_scope_fields": ["payee"]}]},
        "pay",
        {"unapproved": [0]},
    )

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each action whose mode is ``real``."""
        listed = process.manifest.requires.materialization_modes
        for at, action in enumerate(process.profile.actions):
            if action.materialization_mode == "real":
                yield Mutant(
                    self.name,
                    action.id,
                    ("actions", at, "materialization_mode"),
                    f"{action.id} materializes for real without an approval of its scope values",
                    f"a step of {action.id} that passes its gates, with an approval of other values or of none: "
                    "{status: nok, route: AwaitApproval}",
                    "materialization_mode: real",
                    "materialization_mode: real, without an approval",
                    partial(replace, process, unapproved=frozenset({at})),
                    frozenset({action.id}),
                    because("" if "real" in listed else "the pack does not require the mode real"),
                )


@dataclass(slots=True)
class _Use:
    """Where one approval is asked for."""

    pointer: Pointer
    actions: set[str]
    #: Positions of gates; None where an action that materializes for real asks as well.
    gates: list[int] | None


def _asked(process: Process) -> dict[RequiredApproval, _Use]:
    """What approvals are asked for, in the order of the profile: those of gates, then of actions without one."""
    found: dict[RequiredApproval, _Use] = {}
    real = {
        action.id: number
        for number, action in enumerate(process.profile.actions)
        if action.materialization_mode == "real"
    }
    for at, gate in enumerate(process.profile.gates):
        if gate.type == "approval" and gate.required_approval is not None:
            use = found.setdefault(gate.required_approval, _Use(("gates", at, "required_approval"), set(), []))
            use.actions.add(gate.before_action)
            if gate.before_action in real:
                use.gates = None
            elif use.gates is not None:
                use.gates.append(at)
    gated = {name for use in found.values() for name in use.actions}
    for name, number in real.items():
        if name in gated:
            # What covers it is the approval that the gate asks for.
            continue
        own = RequiredApproval("approver", name)
        use = found.setdefault(own, _Use(("actions", number, "materialization_mode"), set(), None))
        use.actions.add(name)
        use.gates = None
    return found


def _behind(process: Process, use: _Use) -> str:
    """Why no approval of that kind is ever looked at."""
    shadows = [shadow_of(process, at) for at in use.gates or ()]
    return shadows[0] if shadows and all(shadows) else ""
