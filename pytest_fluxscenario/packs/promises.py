"""What a manifest promises beyond its shape: approvals for install and use, capabilities (pack.md, "Validation")."""

from __future__ import annotations

from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.model.vocabulary import CONTRACT_ACTION, ROLES
from pytest_fluxscenario.packs.dialects import WrittenProfile
from pytest_fluxscenario.packs.manifest import WrittenManifest, action_id_fault

_ACTIONS = ("install_action", "approve_use_action")


def check_approvals(written: WrittenManifest, problems: Problems) -> None:
    """The stage "approvals for install and use": where the manifest speaks of them, it says all of it.

    The two actions are those of whoever installs packs; the profile may declare them too, and need not.
    """
    said = written.document.data.get("approval_for_use")
    if said is None:
        return
    promised = written.manifest.approval_for_use
    for name in _ACTIONS:
        action = getattr(promised, name)
        place = written.document.at(("approval_for_use", name))
        if not action:
            message = f"approval_for_use names no {name}"
            problems.add("pack.approval-for-use", place, message, f"add {name}: and the id of an action")
        elif fault := action_id_fault(action):
            problems.add("pack.id", place, f"'{shown(action, 80)}' {fault}")
        elif action == CONTRACT_ACTION:
            message = f"'{CONTRACT_ACTION}' explains the process, and can neither install nor approve it"
            problems.add("pack.reserved-action", place, message)
    if promised.install_action and promised.install_action == promised.approve_use_action:
        place = written.document.at(("approval_for_use", "approve_use_action"))
        message = f"'{shown(promised.install_action, 80)}' both installs the pack and approves its use"
        problems.add("pack.approval-for-use", place, message, "name two actions: who installs does not approve")
    approval = promised.required_approval
    if approval is None:
        place = written.document.at(("approval_for_use",))
        message = "approval_for_use says not who must approve"
        problems.add("pack.approval-for-use", place, message, "add required_approval: {role: approver, scope: …}")
        return
    if approval.role not in ROLES:
        place = written.document.at(("approval_for_use", "required_approval", "role"))
        message = f"'{shown(approval.role, 80)}' is no role"
        problems.add("pack.unknown-role", place, message, did_you_mean(approval.role, ROLES))
    if not approval.scope.strip():
        place = written.document.at(("approval_for_use", "required_approval", "scope"))
        problems.add("pack.approval-for-use", place, "the approval for use covers nothing: its scope is empty")


def check_capabilities(written: WrittenManifest, profile: WrittenProfile | None, problems: Problems) -> None:
    """The stage "forbidden capabilities not requested": neither the manifest nor an action asks for one."""
    forbidden = frozenset(written.manifest.forbidden.capabilities)
    for at, name in enumerate(written.manifest.requires.capabilities):
        if name in forbidden:
            place = written.document.at(("requires", "capabilities", at))
            message = f"the capability '{shown(name, 80)}' is required and forbidden"
            problems.add("pack.forbidden-capability", place, message, "take it out of one of the two lists")
    for at, action in enumerate(profile.profile.actions if profile else ()):
        for step, name in enumerate(action.required_capabilities):
            if name in forbidden and profile is not None:
                place = profile.at("actions", at, "required_capabilities", step)
                message = (
                    f"the action '{shown(action.id, 80)}' requires '{shown(name, 80)}', which the manifest forbids"
                )
                problems.add("pack.forbidden-capability", place, message)
