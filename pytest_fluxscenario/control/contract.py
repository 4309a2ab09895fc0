"""What ``fst.help.process_contract`` answers (control.md, 5): the process explained, and no gate satisfied."""

from __future__ import annotations

from typing import Any

from pytest_fluxscenario.control.rules import Rules
from pytest_fluxscenario.model.profile import Action
from pytest_fluxscenario.model.response import Contract


def process_contract(rules: Rules) -> Contract:
    """The contract of the process that a run is bound to."""
    profile = rules.profile
    return Contract(
        actions=tuple(_action(rules, action) for action in profile.actions),
        gates=tuple(
            {
                "id": gate.id,
                "type": gate.type,
                "before_action": gate.before_action,
                "route": gate.route,
                "reason": gate.reason,
                "required_artifacts": list(gate.required_artifacts),
            }
            for gate in profile.gates
        ),
        routes=profile.routes,
        artifacts=tuple(
            {"id": kind.id, "required_fields": list(kind.required_fields)} for kind in profile.artifact_types
        ),
        capabilities=rules.manifest.requires.capabilities,
        connectors=rules.manifest.requires.connectors,
        materialization_modes=tuple(sorted(rules.modes)),
    )


def _action(rules: Rules, action: Action) -> dict[str, Any]:
    fields = (name for kind in rules.actions[action.id].produces for name in kind.required_fields)
    return {
        "id": action.id,
        "description": action.description,
        "allowed_roles": list(action.allowed_roles),
        "payload_fields": sorted({*fields, *action.materialization_scope_fields}),
        "produces_artifacts": list(action.produces_artifacts),
        "materialization_mode": action.materialization_mode,
        "next_actions": list(action.next_actions),
        "completes_run": action.completes_run,
    }
