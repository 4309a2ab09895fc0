"""What decides in a pack, as the packet says it."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_fluxscenario.analysis.review.order import layers
from pytest_fluxscenario.analysis.review.words import either, stops
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.model.pack import Manifest
from pytest_fluxscenario.model.profile import Action, Gate
from pytest_fluxscenario.model.response import RequiredApproval
from pytest_fluxscenario.model.review_rules import ActionView, ApprovalView, GateView, RoleView, RulesView, TypeView
from pytest_fluxscenario.packs.conditions import asks_facts
from pytest_fluxscenario.packs.reading.whole import Whole


def rules_of(whole: Whole, callers: Mapping[str, tuple[str, ...]]) -> RulesView:
    """The rules; ``callers`` is each artifact type with the hooks that look at its records."""
    profile, manifest = whole.profile, whole.manifest.manifest if whole.manifest else None
    depth = layers({action.id: action.next_actions for action in profile.actions})
    ordered = sorted(enumerate(profile.actions), key=lambda entry: (depth[entry[1].id], entry[0]))
    askers = {action.id: whole.askers(action) for action in profile.actions}
    return RulesView(
        roles=tuple(
            RoleView(role, tuple(action.id for _, action in ordered if role in askers[action.id]))
            for role in profile.roles
        ),
        actions=tuple(_action(whole, at, action, depth[action.id], callers) for at, action in ordered),
        gates=tuple(_gate(whole, at, gate) for at, gate in enumerate(profile.gates)),
        types=_types(whole),
        routes=profile.routes,
        approvals=(*_approvals(whole), *_of_use(whole, manifest)),
        completion=profile.completion_report.required,
        runtime=None,
        hooks=(),
        modes=whole.modes,
        capabilities=manifest.requires.capabilities if manifest else (),
        connectors=manifest.requires.connectors if manifest else (),
        forbidden_capabilities=manifest.forbidden.capabilities if manifest else (),
        forbidden_outputs=manifest.forbidden.hook_outputs if manifest else (),
    )


def spot(place: Place) -> str:
    """``file:line``, as the packet names places."""
    return f"{place.file}:{place.line}" if place.line else place.file


def _action(whole: Whole, at: int, action: Action, layer: int, callers: Mapping[str, tuple[str, ...]]) -> ActionView:
    return ActionView(
        id=action.id,
        where=spot(whole.written.at("actions", at)),
        description=action.description,
        roles=whole.askers(action),
        gates=tuple(gate.id for _, gate in whole.gates_of(action.id)),
        capabilities=action.required_capabilities,
        connectors=action.required_connectors,
        leaves=action.produces_artifacts,
        mode=action.materialization_mode or "",
        scope=action.materialization_scope_fields,
        next=action.next_actions,
        completes=action.completes_run,
        hooks=tuple(dict.fromkeys(hook for kind in action.produces_artifacts for hook in callers.get(kind, ()))),
        layer=layer,
    )


def _gate(whole: Whole, at: int, gate: Gate) -> GateView:
    asks = gate.hook is not None and asks_facts(gate.condition)
    return GateView(
        id=gate.id,
        where=spot(whole.written.at("gates", at)),
        type=gate.type,
        action=gate.before_action,
        route=gate.route,
        stops=stops(gate),
        condition=gate.condition,
        reason=gate.reason,
        instruction=gate.instruction,
        requires=gate.required_artifacts,
        approval=gate.required_approval,
        next=gate.next_allowed_actions,
        hook=str(gate.hook) if asks else "",
        hook_failure=(gate.on_hook_failure or "Blocked") if asks else "",
    )


def _types(whole: Whole) -> tuple[TypeView, ...]:
    profile = whole.profile
    required: dict[str, list[str]] = {}
    for gate in profile.gates:
        for name in gate.required_artifacts:
            required.setdefault(name, []).append(gate.id)
    return tuple(
        TypeView(
            id=kind.id,
            where=spot(whole.written.at("artifact_types", at)),
            fields=kind.required_fields,
            sources=kind.allowed_sources,
            schema=kind.schema or "",
            expires_after=kind.expires_after,
            left_by=tuple(whole.producers.get(kind.id, ())),
            required_by=tuple(required.get(kind.id, ())),
            for_completion=kind.id in profile.completion_report.required,
        )
        for at, kind in enumerate(profile.artifact_types)
    )


def _approvals(whole: Whole) -> list[ApprovalView]:
    found = []
    for at, gate in enumerate(whole.profile.gates):
        if gate.type == "approval" and gate.required_approval is not None:
            asked, where = gate.required_approval, spot(whole.written.at("gates", at))
            when = stops(gate).rpartition("until ")[0].rstrip(", ") or "always"
            found.append(ApprovalView("gate", where, gate.before_action, gate.id, asked.role, (asked.scope,), when))
    for at, action in enumerate(whole.profile.actions):
        if action.materialization_mode == "real":
            where = spot(whole.written.at("actions", at, "materialization_mode"))
            asked_by = [
                gate.required_approval
                for _, gate in whole.gates_of(action.id)
                if gate.type == "approval" and gate.required_approval is not None
            ]
            # control.md, 10: the approval of a gate before it will do, and one of the action itself.
            known = list(dict.fromkeys((*_pairs(asked_by), ("approver", action.id))))
            roles = either(dict.fromkeys(role for role, _ in known))
            when = f"always, naming exactly {_values(action.materialization_scope_fields)}"
            scopes = tuple(dict.fromkeys(scope for _, scope in known))
            found.append(ApprovalView("real", where, action.id, "", roles, scopes, when))
    return found


def _pairs(asked: list[RequiredApproval]) -> list[tuple[str, str]]:
    return [(one.role, one.scope) for one in asked]


def _values(names: tuple[str, ...]) -> str:
    """The names of fields whose values an approval has to name."""
    return f"the values of {', '.join(names)}" if names else "no value"


def _of_use(whole: Whole, manifest: Manifest | None) -> list[ApprovalView]:
    use = manifest.approval_for_use if manifest else None
    if use is None or use.required_approval is None or whole.manifest is None:
        return []
    where = spot(whole.manifest.document.at(("approval_for_use",)))
    asked = use.required_approval
    return [
        ApprovalView("use", where, use.approve_use_action, "", asked.role, (asked.scope,), "before the pack is used")
    ]
