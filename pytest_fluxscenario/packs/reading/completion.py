"""How a run ends, and what is approved on the way (control.md, 10 and 11)."""

from __future__ import annotations

from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.packs.reading.whole import Whole


def check_completion(whole: Whole, problems: Problems) -> None:
    """Warn where no run can be completed, or where one can be with nothing checked before."""
    completing = [(at, action) for at, action in enumerate(whole.profile.actions) if action.completes_run]
    if not completing:
        message = "no action completes a run: none has completes_run"
        place = (
            whole.written.at("completion_report")
            if whole.profile.completion_report.required
            else (whole.written.at("actions", key=True))
        )
        problems.add("pack.never-completes", place, message, "add completes_run: true to the last action", "warning")
    for at, action in completing:
        guarded = any(
            gate.type == "process_conformance" and not gate.condition for _, gate in whole.gates_of(action.id)
        )
        if not guarded:
            message = (
                f"'{shown(action.id, 80)}' completes the run, and no conformance gate that always applies is before it"
            )
            hint = "add a process_conformance gate with the records that completion relies on"
            problems.add("pack.completion-unguarded", whole.written.at("actions", at), message, hint, "warning")


def check_approvals(whole: Whole, problems: Problems) -> None:
    """Warn of approvals that a role gives to itself, of real modes without a gate, and of use that nobody approves."""
    for at, gate in enumerate(whole.profile.gates):
        asked = gate.required_approval
        if gate.type != "approval" or asked is None:
            continue
        if asked.role in whole.askers(whole.actions[gate.before_action][1]):
            place = whole.written.at("gates", at, "required_approval", "role")
            message = f"the role '{shown(asked.role, 80)}' approves what it may ask for itself"
            problems.add("pack.self-approval", place, message, "ask for the approval of another role", "warning")
    for at, action in enumerate(whole.profile.actions):
        approvals = [gate for _, gate in whole.gates_of(action.id) if gate.type == "approval"]
        if action.materialization_mode == "real" and not approvals:
            message = f"'{shown(action.id, 80)}' materializes for real, and no approval gate is before it"
            scope = shown(action.id, 80)
            hint = f"without one, only an approval of '{scope}' by the role approver lets it through"
            place = whole.written.at("actions", at, "materialization_mode")
            problems.add("pack.real-without-gate", place, message, hint, "warning")
    _check_use(whole, problems)


def _check_use(whole: Whole, problems: Problems) -> None:
    if whole.manifest is None:
        return
    promised = whole.manifest.manifest.approval_for_use
    if "approval_for_use" not in whole.manifest.document.data:
        place = whole.manifest.document.at(())
        message = "the manifest does not say who approves that the pack is installed and used"
        hint = "add approval_for_use: {install_action, approve_use_action, required_approval}"
        problems.add("pack.use-not-approved", place, message, hint, "warning")
    elif promised.approve_use_action in whole.actions:
        at = whole.actions[promised.approve_use_action][0]
        gates = [gate for _, gate in whole.gates_of(promised.approve_use_action) if gate.type == "approval"]
        if not any(gate.required_approval == promised.required_approval and not gate.condition for gate in gates):
            message = (
                f"'{shown(promised.approve_use_action, 80)}' approves the use of the pack without the approval that "
            )
            message += "the manifest asks for"
            hint = "add an approval gate with the required_approval of approval_for_use"
            problems.add("pack.use-not-approved", whole.written.at("actions", at), message, hint, "warning")
