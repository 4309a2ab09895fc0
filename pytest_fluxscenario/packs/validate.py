"""The stages of validation that look at the profile (pack.md, "Validation").

``packs/stages.py`` runs them in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.model.vocabulary import CONTRACT_ACTION, ROLES, ROUTES
from pytest_fluxscenario.packs.dialects import WrittenProfile
from pytest_fluxscenario.packs.manifest import WrittenManifest, action_id_fault, id_fault, version_fault

#: Where the records of the trusted surface are of this type (control.md, "Records"), a profile has none of that name.
APPROVAL_TYPE: Final = "approval_record"
_SOURCES: Final = (*ROLES, "controller")
#: A list that holds another word was meant to hold one of these: what it lacks is then nobody's second fault.
_ROLES: Final = frozenset(ROLES)
_ROUTES: Final = frozenset(ROUTES)


def check_header(written: WrittenProfile, manifest: WrittenManifest | None, problems: Problems) -> None:
    """The stage "profile shape", after the shape itself: id, version, roles, and that they are the manifest's."""
    profile = written.profile
    if fault := id_fault(profile.id):
        problems.add("pack.id", written.at("id"), f"'{shown(profile.id, 80)}' {fault}")
    if version := version_fault(profile.version):
        problems.add("pack.version", written.at("version"), *version)
    for at, role in enumerate(profile.roles):
        _check_word(role, ROLES, "pack.unknown-role", written.at("roles", at), problems)
    if manifest is None:
        return
    process = manifest.manifest.process
    for name, ours, theirs in (("id", profile.id, process.id), ("version", profile.version, process.version)):
        if ours != theirs:
            other = manifest.document.at(("process", name))
            message = f"the {name} of the profile is '{shown(ours, 80)}', that of the process '{shown(theirs, 80)}'"
            problems.add("pack.profile-disagrees", written.at(name), message, f"the manifest says so at {other}")


def check_agreement(core: WrittenProfile, other: WrittenProfile, problems: Problems) -> None:
    """Whether the executed file (``core``) and the other say the same of what decides (pack.md, "The profile")."""

    def disagree(place: Place, what: str, theirs: Place) -> None:
        message = f"{what}, which disagrees with the profile that is executed"
        problems.add("pack.dialects-disagree", place, message, f"see {theirs}")

    for name in ("id", "version"):
        ours, theirs = getattr(core.profile, name), getattr(other.profile, name)
        if ours != theirs:
            disagree(other.at(name), f"the {name} is '{shown(theirs, 80)}' and not '{shown(ours, 80)}'", core.at(name))
    for section, noun in (("actions", "action"), ("gates", "gate"), ("artifact_types", "artifact type")):
        executed = {item.id: at for at, item in enumerate(getattr(core.profile, section))}
        described = {item.id: at for at, item in enumerate(getattr(other.profile, section))}
        for name, at in described.items():
            if name not in executed:
                disagree(other.at(section, at, "id"), f"this has the {noun} '{shown(name, 80)}'", core.at(section))
        for name, at in executed.items():
            if name not in described:
                disagree(other.at(section), f"this has no {noun} '{shown(name, 80)}'", core.at(section, at, "id"))
        if section == "gates":
            for name, at in executed.items():
                if name in described:
                    _compare_gates(core, at, other, described[name], disagree)


def _compare_gates(
    core: WrittenProfile, at: int, other: WrittenProfile, there: int, disagree: Callable[[Place, str, Place], None]
) -> None:
    ours, theirs = core.profile.gates[at], other.profile.gates[there]
    for name in ("type", "before_action", "route"):
        want, got = getattr(ours, name), getattr(theirs, name)
        if want != got:
            what = f"the {name} of the gate '{shown(ours.id, 80)}' is '{shown(got, 80)}' and not '{shown(want, 80)}'"
            disagree(other.at("gates", there, name), what, core.at("gates", at, name))


def check_actions(written: WrittenProfile, problems: Problems) -> None:
    """The stage "actions": unique ids, next actions that exist, roles that can act."""
    profile = written.profile
    ids = dict.fromkeys(action.id for action in profile.actions)
    _check_unique([action.id for action in profile.actions], "actions", "pack.duplicate-action", written, problems)
    for at, action in enumerate(profile.actions):
        place = written.at("actions", at, "id")
        if fault := action_id_fault(action.id):
            problems.add("pack.id", place, f"'{shown(action.id, 80)}' {fault}")
        elif action.id == CONTRACT_ACTION:
            message = f"'{CONTRACT_ACTION}' is answered by the control itself, and cannot be declared"
            problems.add("pack.reserved-action", place, message)
        for step, name in enumerate(action.next_actions):
            _check_action(name, ids, written.at("actions", at, "next_actions", step), problems)
        for step, role in enumerate(action.allowed_roles):
            where = written.at("actions", at, "allowed_roles", step)
            known = _check_word(role, ROLES, "pack.unknown-role", where, problems)
            if known and role not in profile.roles and _says(written, at) and _ROLES.issuperset(profile.roles):
                message = f"the role '{role}' is not in the profile's roles, so it can never act"
                problems.add("pack.role-not-listed", where, message, "add it to roles", "warning")


def check_artifact_types(written: WrittenProfile, problems: Problems) -> None:
    """The stage "artifact types": unique ids, known sources, and that what is produced or required is one of them."""
    profile = written.profile
    ids = dict.fromkeys(kind.id for kind in profile.artifact_types)
    _check_unique(
        [kind.id for kind in profile.artifact_types],
        "artifact_types",
        "pack.duplicate-artifact-type",
        written,
        problems,
    )
    for at, kind in enumerate(profile.artifact_types):
        place = written.at("artifact_types", at, "id")
        if fault := id_fault(kind.id):
            problems.add("pack.id", place, f"'{shown(kind.id, 80)}' {fault}")
        elif kind.id == APPROVAL_TYPE:
            message = f"'{APPROVAL_TYPE}' is the type of approvals, which only the trusted surface records"
            problems.add("pack.reserved-type", place, message, "give the type another id")
        for step, source in enumerate(kind.allowed_sources or ()):
            where = written.at("artifact_types", at, "allowed_sources", step)
            _check_word(source, _SOURCES, "pack.unknown-source", where, problems)
    for at, action in enumerate(profile.actions):
        for step, name in enumerate(action.produces_artifacts):
            _check_artifact(name, ids, written.at("actions", at, "produces_artifacts", step), problems)
    for step, name in enumerate(profile.completion_report.required):
        _check_artifact(name, ids, written.at("completion_report", "required", step), problems)


def check_gates(written: WrittenProfile, problems: Problems) -> None:
    """The stage "gates": unique ids; actions and artifacts that exist; what each type of gate needs."""
    profile = written.profile
    # Looked up once for each name of a gate: by hash, as a stranger's profile may have thousands of either.
    actions = dict.fromkeys(action.id for action in profile.actions)
    types = dict.fromkeys(kind.id for kind in profile.artifact_types)
    _check_unique([gate.id for gate in profile.gates], "gates", "pack.duplicate-gate", written, problems)
    for at, gate in enumerate(profile.gates):
        if fault := id_fault(gate.id):
            problems.add("pack.id", written.at("gates", at, "id"), f"'{shown(gate.id, 80)}' {fault}")
        _check_action(gate.before_action, actions, written.at("gates", at, "before_action"), problems)
        for step, name in enumerate(gate.required_artifacts):
            _check_artifact(name, types, written.at("gates", at, "required_artifacts", step), problems)
        for step, name in enumerate(gate.next_allowed_actions):
            if name != CONTRACT_ACTION:
                _check_action(name, actions, written.at("gates", at, "next_allowed_actions", step), problems)
        what = f"the {gate.type} gate '{shown(gate.id, 80)}'"
        if gate.type == "approval" and gate.required_approval is None:
            place = written.at("gates", at)
            problems.add("pack.gate-approval", place, f"{what} needs required_approval", "add {role, scope}")
        elif gate.type == "process_conformance" and not gate.required_artifacts:
            problems.add("pack.gate-artifacts", written.at("gates", at), f"{what} needs required artifacts")
        approval = gate.required_approval
        if approval is not None and approval.role not in ROLES:
            place = written.at("gates", at, "required_approval", "role")
            message = f"'{shown(approval.role, 80)}' is none of the known roles"
            problems.add("pack.unknown-role", place, message, did_you_mean(approval.role, ROLES), "warning")


def check_routes(written: WrittenProfile, problems: Problems) -> None:
    """The stage "routes": each is one of the eight; one that a gate uses is in the profile's list, where it has one."""
    profile = written.profile
    listed = profile.routes
    for at, route in enumerate(listed):
        _check_word(route, ROUTES, "pack.unknown-route", written.at("routes", at), problems)
    for at, gate in enumerate(profile.gates):
        for name, used in (("route", gate.route), ("on_hook_failure", gate.on_hook_failure)):
            if used is None:
                continue
            place = written.at("gates", at, name)
            known = _check_word(used, ROUTES, "pack.unknown-route", place, problems)
            if known and listed and used not in listed and _ROUTES.issuperset(listed):
                message = f"the route '{used}' is not in the profile's list of routes"
                problems.add("pack.route-not-listed", place, message, "add it to routes", "warning")


def check_scope_fields(written: WrittenProfile, problems: Problems) -> None:
    """The stage "materialization scope fields": an action that materializes says what it covers."""
    for at, action in enumerate(written.profile.actions):
        if action.materialization_mode is not None and not action.materialization_scope_fields:
            message = f"the action '{shown(action.id, 80)}' materializes, but has no materialization_scope_fields"
            hint = "list the payload fields that say what is materialized"
            problems.add("pack.scope-fields", written.at("actions", at), message, hint)


def _says(written: WrittenProfile, at: int) -> bool:
    """Whether the roles of an action are written in the file, and not the default."""
    return "allowed_roles" in written.document.data["actions"][at]


def _check_unique(ids: list[str], section: str, code: str, written: WrittenProfile, problems: Problems) -> None:
    first: dict[str, int] = {}
    noun = code.removeprefix("pack.duplicate-").replace("-", " ")
    for at, name in enumerate(ids):
        other = first.setdefault(name, at)
        if other != at:
            line = written.at(section, other, "id").line
            message = f"the {noun} '{shown(name, 80)}' is there already, in line {line}"
            problems.add(code, written.at(section, at, "id"), message)


def _check_word(word: str, known: Collection[str], code: str, place: Place, problems: Problems) -> bool:
    if word in known:
        return True
    noun = code.removeprefix("pack.unknown-")
    problems.add(code, place, f"'{shown(word, 80)}' is no {noun}", did_you_mean(word, known))
    return False


def _check_action(name: str, known: Collection[str], place: Place, problems: Problems) -> None:
    if name not in known:
        hint = did_you_mean(name, known)
        problems.add("pack.unknown-action", place, f"there is no action '{shown(name, 80)}'", hint)


def _check_artifact(name: str, known: Collection[str], place: Place, problems: Problems) -> None:
    if name not in known:
        hint = did_you_mean(name, known)
        problems.add("pack.unknown-artifact", place, f"there is no artifact type '{shown(name, 80)}'", hint)
