"""Names that a scenario expects and its pack does not have: such a scenario can never pass."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from pytest_fluxscenario.base.place import Pointer
from pytest_fluxscenario.base.problems import Problems, Severity
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.model.pack import Hooks
from pytest_fluxscenario.model.profile import Gate, Profile
from pytest_fluxscenario.model.request import Actor
from pytest_fluxscenario.model.scenario import Expectation, Scenario, Step
from pytest_fluxscenario.model.vocabulary import CONTRACT_ACTION
from pytest_fluxscenario.runner.prepare import Loaded


def check_names(loaded: Loaded, profile: Profile, hooks: Hooks | None, problems: Problems) -> bool:
    """Hold the names that a scenario expects against the pack; says whether the scenario is one of this pack.

    What holds a reference or a matcher is left alone: what it will be is not known yet.
    """
    scenario = loaded.scenario
    if scenario.profile is not None:
        return False
    if (scenario.profile_id, scenario.profile_version) != (profile.id, profile.version):
        if "${" not in scenario.profile_id + scenario.profile_version:
            said = f"{shown(scenario.profile_id, 80)} {shown(scenario.profile_version, 40)}"
            message = f"the scenario is one of {said}, and not of this pack ({profile.id} {profile.version})"
            name = "profile_id" if scenario.profile_id != profile.id else "profile_version"
            problems.add("pack.scenario-profile", loaded.locate((name,)), message, "", "warning")
        return False
    _Check(loaded, scenario, profile, hooks, problems).all()
    return True


_ACTION: Final = "pack.scenario-action"
_NOUNS: Final = {
    _ACTION: "action",
    "pack.scenario-artifact": "artifact type",
    "pack.scenario-gate": "gate",
}


@dataclass(frozen=True, slots=True)
class _Check:
    loaded: Loaded
    scenario: Scenario
    profile: Profile
    hooks: Hooks | None
    problems: Problems

    def all(self) -> None:
        types = [kind.id for kind in self.profile.artifact_types]
        self._faults(self.scenario.faults, ())
        for at, artifact in enumerate(self.scenario.given.artifacts if self.scenario.given else ()):
            self._known(artifact.type, types, ("given", "artifacts", at, "type"), "pack.scenario-artifact")
        for at, step in enumerate(self.scenario.steps):
            self._faults(step.faults, ("steps", at))
            if step.expectation is not None:
                self._step(step, step.expectation, ("steps", at), types)

    def _step(self, step: Step, expected: Expectation, at: Pointer, types: Collection[str]) -> None:
        actions = [action.id for action in self.profile.actions]
        known = (*actions, CONTRACT_ACTION)
        if expected.status == "ok" and step.action is not None:
            self._known(step.action, known, (*at, "action"), "pack.scenario-action")
            role = step.actor.role if isinstance(step.actor, Actor) else ""
            if role and "${" not in role and (role == "approver" or role not in self.profile.roles):
                why = "sends no requests" if role == "approver" else "is not among the profile's roles"
                self._never((*at, "actor", "role"), "pack.scenario-role", f"the role '{shown(role, 80)}' {why}")
        for name in ("missing_artifacts", "created_artifacts"):
            self._list(getattr(expected, name), types, (*at, "expectation", name), "pack.scenario-artifact")
        self._list(expected.next_allowed_actions, known, (*at, "expectation", "next_allowed_actions"), _ACTION)
        gate_id = expected.gate_id
        if not isinstance(gate_id, str) or "${" in gate_id:
            return
        gate = next((one for one in self.profile.gates if one.id == gate_id), None)
        place = (*at, "expectation", "gate_id")
        if gate is None:
            self._known(gate_id, [one.id for one in self.profile.gates], place, "pack.scenario-gate")
        else:
            self._gate(gate, step, expected, place)

    def _gate(self, gate: Gate, step: Step, expected: Expectation, place: Pointer) -> None:
        if step.action is not None and "${" not in step.action and gate.before_action != step.action:
            message = f"the gate '{shown(gate.id, 80)}' stands before {shown(gate.before_action, 80)}"
            self._never(place, "pack.scenario-gate", f"{message}, not before {shown(step.action, 80)}")
        elif isinstance(expected.gate_type, str) and expected.gate_type != gate.type and "${" not in expected.gate_type:
            self._never(place, "pack.scenario-gate", f"the gate '{shown(gate.id, 80)}' is of type {gate.type}")

    def _list(self, names: Any, known: Collection[str], at: Pointer, code: str) -> None:
        for index, name in enumerate(names if isinstance(names, tuple) else ()):
            if isinstance(name, str):
                self._known(name, known, (*at, index), code)

    def _known(self, name: str, known: Collection[str], at: Pointer, code: str) -> None:
        if name not in known and "${" not in name:
            noun = _NOUNS[code]
            self._never(at, code, f"the pack has no {noun} '{shown(name, 80)}'", did_you_mean(name, known))

    def _never(self, at: Pointer, code: str, message: str, hint: str = "") -> None:
        whole = f"{message}, so this can never pass"
        self._add(code, at, whole, hint, "warning")

    def _faults(self, faults: dict[str, str] | None, at: Pointer) -> None:
        known = [hook.id for hook in self.hooks.hooks] if self.hooks else []
        for hook in faults or ():
            if hook not in known:
                message = f"the pack has no hook '{shown(hook, 80)}' that could fail"
                self._add("scenario.unknown-hook", (*at, "faults", hook), message, did_you_mean(hook, known), key=True)

    def _add(
        self, code: str, at: Pointer, message: str, hint: str, severity: Severity = "error", *, key: bool = False
    ) -> None:
        self.problems.add(code, self.loaded.locate(at, key), message, hint, severity)
