"""What a pack declares and never uses, and what it uses and never declares."""

from __future__ import annotations

from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.packs.conditions import asks_facts
from pytest_fluxscenario.packs.reading.whole import Whole

#: Routes that the engine takes by itself, whatever a profile says (control.md).
_ALWAYS = frozenset({"Blocked", "InstructAgent"})
_REAL = "real"


def check_unused(whole: Whole, problems: Problems) -> None:
    """Warn of artifact types, roles, routes, hooks, scope fields and requirements that nothing uses."""
    profile = whole.profile
    used = {name for gate in profile.gates for name in gate.required_artifacts}
    used |= {*whole.producers, *profile.completion_report.required}
    for at, kind in enumerate(profile.artifact_types):
        if kind.id not in used:
            _tell("pack.unused-artifact-type", kind.id, whole.written.at("artifact_types", at, "id"), problems)
    roles = {role for action in profile.actions for role in action.allowed_roles}
    roles |= {source for kind in profile.artifact_types for source in kind.allowed_sources or ()}
    roles |= {gate.required_approval.role for gate in profile.gates if gate.required_approval}
    use = whole.manifest.manifest.approval_for_use.required_approval if whole.manifest else None
    roles |= {use.role} if use else set()
    if any(action.materialization_mode == _REAL for action in profile.actions):
        roles.add("approver")
    for at, role in enumerate(profile.roles):
        if role not in roles:
            _tell("pack.unused-role", role, whole.written.at("roles", at), problems)
    routes = _routes(whole)
    for at, route in enumerate(profile.routes):
        if route not in routes:
            _tell("pack.unused-route", route, whole.written.at("routes", at), problems)
    for at, action in enumerate(profile.actions):
        if action.materialization_scope_fields and action.materialization_mode is None:
            place = whole.written.at("actions", at, "materialization_scope_fields")
            name = shown(action.id, 80)
            message = f"materialization_scope_fields of '{name}' have no effect: it has no materialization_mode"
            problems.add("pack.no-effect", place, message, "", "warning")
    _check_hooks(whole, problems)
    _check_requirements(whole, problems)


def _routes(whole: Whole) -> set[str | None]:
    """Every route that an answer may have."""
    profile = whole.profile
    routes: set[str | None] = {*_ALWAYS, *(gate.route for gate in profile.gates)}
    routes |= {gate.on_hook_failure for gate in profile.gates}
    routes |= {hook.on_failure for hook in whole.hooks.hooks.hooks} if whole.hooks else set()
    for action in profile.actions:
        mode = action.materialization_mode
        if action.completes_run:
            routes.add("Complete")
        elif mode is None:
            routes.add("Continue")
        else:
            routes.add("MaterializeAllowed" if mode == _REAL else "MaterializeMock")
        if mode == _REAL:
            routes.add("AwaitApproval")
    return routes


def _check_hooks(whole: Whole, problems: Problems) -> None:
    if whole.hooks is None:
        return
    asked = {gate.hook for gate in whole.profile.gates if asks_facts(gate.condition)}
    for at, hook in enumerate(whole.hooks.hooks.hooks):
        place = whole.hooks.document.at(("hooks", at, "id"))
        name = shown(hook.id, 80)
        if hook.type == "condition.evaluate" and hook.id not in asked:
            problems.add("pack.unused-hook", place, f"no gate asks the hook '{name}' for facts", "", "warning")
        elif hook.type == "artifact.validate" and hook.input_artifact_type not in whole.producers:
            kind = shown(hook.input_artifact_type, 80)
            message = f"the hook '{name}' is never called: no action produces '{kind}'"
            problems.add("pack.unused-hook", place, message, "", "warning")


def _check_requirements(whole: Whole, problems: Problems) -> None:
    """The manifest's ``requires`` against what actions need, both ways."""
    if whole.manifest is None:
        return
    requires, document = whole.manifest.manifest.requires, whole.manifest.document
    actions = whole.profile.actions
    for section, noun, code, listed, fields in (
        ("capabilities", "capability", "pack.unused-capability", requires.capabilities, "required_capabilities"),
        ("connectors", "connector", "pack.unused-connector", requires.connectors, "required_connectors"),
    ):
        needed = {name for action in actions for name in getattr(action, fields)}
        for at, name in enumerate(listed):
            if name not in needed:
                _tell(code, name, document.at(("requires", section, at)), problems)
        for at, action in enumerate(actions):
            for step, name in enumerate(getattr(action, fields)):
                if name not in listed:
                    place = whole.written.at("actions", at, fields, step)
                    message = (
                        f"'{shown(action.id, 80)}' requires the {noun} '{shown(name, 80)}', which the manifest does "
                    )
                    message += "not list: it is stopped wherever nothing else offers it"
                    problems.add("pack.not-required", place, message, f"add it to requires.{section}", "warning")
    modes = {action.materialization_mode for action in actions} - {None}
    if not modes <= {*whole.modes}:
        return  # the list was meant to hold another one, which is told of at the action
    for at, mode in enumerate(requires.materialization_modes):
        if mode not in modes:
            _tell(
                "pack.unused-materialization-mode",
                mode,
                document.at(("requires", "materialization_modes", at)),
                problems,
            )


def _tell(code: str, name: str, place: Place, problems: Problems) -> None:
    noun = code.removeprefix("pack.unused-").replace("-", " ")
    problems.add(code, place, f"nothing uses the {noun} '{shown(name, 80)}'", "use it, or remove it", "warning")
