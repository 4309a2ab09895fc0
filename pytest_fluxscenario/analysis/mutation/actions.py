"""Mutants of actions: asked for by more roles, anywhere, with less to say, or complete too early."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from pytest_fluxscenario.analysis.mutation.mutant import Example, Mutant, because, listed, one_less
from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.model.profile import Action

#: It never acts by requests, whatever a profile allows (control.md, 2).
_APPROVER: Final = "approver"


class RoleAllowed:
    """A role may ask for what it may not."""

    name: Final = "role-allowed"
    does: Final = "allows an action to a role that may not ask for it"
    example: Final = Example(
        {"roles": ["agent", "system"], "actions": [{"id": "pay", "allowed_roles": ["agent"]}]},
        "pay+system",
        {"actions": [{"id": "pay", "allowed_roles": ["agent", "system"]}]},
    )

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each action and role of the profile that it does not allow."""
        profile = process.profile
        for at, action in enumerate(profile.actions):
            for role in profile.roles:
                if role not in action.allowed_roles and role != _APPROVER:
                    roles = (*action.allowed_roles, role)
                    yield Mutant(
                        self.name,
                        f"{action.id}+{role}",
                        ("actions", at, "allowed_roles"),
                        f"the role {role} may ask for {action.id}",
                        f"a step with action: {action.id}, actor: {{role: {role}}}, and expectation: "
                        "{status: nok, route: Blocked}",
                        f"allowed_roles: {listed(action.allowed_roles)}",
                        f"allowed_roles: {listed(roles)}",
                        partial(process.with_action, at, allowed_roles=roles),
                        frozenset({action.id}),
                    )


class RequirementDropped:
    """An action does not need a capability or connector."""

    name: Final = "requirement-dropped"
    does: Final = "takes one capability or connector out of what an action requires"
    example: Final = Example(
        {"actions": [{"id": "pay", "required_capabilities": ["bank"]}]}, "pay.bank", {"actions": [{"id": "pay"}]}
    )

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each capability and connector of each action."""
        for at, action in enumerate(process.profile.actions):
            for field, noun in (("required_capabilities", "capability"), ("required_connectors", "connector")):
                required: tuple[str, ...] = getattr(action, field)
                for number, name, kept, twice in one_less(required):
                    yield Mutant(
                        self.name,
                        f"{action.id}.{name}",
                        ("actions", at, field, number),
                        f"{action.id} does not need the {noun} {name}",
                        f"a scenario whose environment lacks only the {noun} {name}, with a step that {action.id} "
                        "fails in: {status: nok, route: Blocked}",
                        f"{field}: {listed(required)}",
                        f"{field}: {listed(kept)}",
                        partial(process.with_action, at, **{field: kept}),
                        frozenset({action.id}),
                        because(twice),
                    )


class ScopeFieldDropped:
    """An action that materializes does not say all of what it covers."""

    name: Final = "scope-field-dropped"
    does: Final = "takes one field out of the scope of what an action materializes"
    example: Final = Example(
        {"actions": [{"id": "pay", "materialization_scope_fields": ["payee", "amount"]}]},
        "pay.payee",
        {"actions": [{"id": "pay", "materialization_scope_fields": ["amount"]}]},
    )

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each scope field."""
        for at, action in enumerate(process.profile.actions):
            fields = action.materialization_scope_fields
            for number, name, kept, twice in one_less(fields):
                yield Mutant(
                    self.name,
                    f"{action.id}.{name}",
                    ("actions", at, "materialization_scope_fields", number),
                    f"{action.id} materializes without looking at {name}",
                    f"a step of {action.id} that passes its gates without {name}: "
                    f"{{status: nok, route: Blocked}}; or an expectation of its materialization, with the scope",
                    f"materialization_scope_fields: {listed(fields)}",
                    f"materialization_scope_fields: {listed(kept)}",
                    partial(process.with_action, at, materialization_scope_fields=kept),
                    frozenset({action.id}),
                    because(_unused(action) or twice),
                )


class CompletionWeakened:
    """A run is complete without one of the artifacts that it has to hold."""

    name: Final = "completion-type-dropped"
    does: Final = "takes one artifact out of what completion requires"
    example: Final = Example(
        {"completion_report": {"required": ["plan", "quote"]}}, "plan", {"completion_report": {"required": ["quote"]}}
    )

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each type of the completion report."""
        required = process.profile.completion_report.required
        completing = frozenset(action.id for action in process.profile.actions if action.completes_run)
        for number, name, kept, twice in one_less(required):
            yield Mutant(
                self.name,
                name,
                ("completion_report", "required", number),
                f"a run is complete without {name}",
                f"a step that would complete a run which lacks only {name}: "
                f"{{status: nok, route: InstructAgent, missing_artifacts: [{name}]}}",
                f"required: {listed(required)}",
                f"required: {listed(kept)}",
                partial(process.with_completion, kept),
                completing,
                partial(_always_there, process, name, twice),
            )


class CompletionEarlier:
    """A run is complete one action earlier."""

    name: Final = "completion-earlier"
    does: Final = "lets an action that leads to completion complete the run itself"
    example: Final = Example(
        {"actions": [{"id": "pay", "next_actions": ["end"]}, {"id": "end", "completes_run": True}]},
        "pay",
        {
            "actions": [
                {"id": "pay", "next_actions": ["end"], "completes_run": True},
                {"id": "end", "completes_run": True},
            ]
        },
    )

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each action whose next actions complete the run."""
        actions = process.profile.actions
        completing = {action.id for action in actions if action.completes_run}
        for at, action in enumerate(actions):
            if not action.completes_run and completing & set(action.next_actions):
                yield Mutant(
                    self.name,
                    action.id,
                    ("actions", at),
                    f"{action.id} completes the run",
                    f"a step of {action.id} that is allowed: expectation: {{status: ok, route: …}}",
                    f"- id: {action.id}",
                    f"- id: {action.id}\n  completes_run: true",
                    partial(process.with_action, at, completes_run=True),
                    frozenset({action.id}),
                )


def _always_there(process: Process, name: str, twice: str) -> str:
    """Why a run that comes as far as completion always holds that type."""
    if twice:
        return twice
    completing = [action for action in process.profile.actions if action.completes_run]
    if completing and all(name in action.produces_artifacts for action in completing):
        return f"every action that completes a run makes its {name}"
    gates = process.profile.gates
    ways = [
        next(
            (
                gate.id
                for gate in gates
                if gate.before_action == action.id
                and gate.type == "process_conformance"
                and name in gate.required_artifacts
                and not any(operator != "always" for operator in gate.condition)
            ),
            None,
        )
        for action in completing
    ]
    if ways and all(ways):
        return f"the gate {ways[0]} stops every completing request that lacks {name}"
    return ""


def _unused(action: Action) -> str:
    return "" if action.materialization_mode is not None else f"{action.id} materializes nothing"
