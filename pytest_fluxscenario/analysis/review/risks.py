"""Known risks: what a reader of the rules should look at, derived from the rules, the run and the mutants.

Nothing here is a fault. Each has a place and a reason, and stands in this order: what the process may do for real, what
stands in its way, what foreign code decides, what was not shown.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_fluxscenario.analysis.review.words import either, every_one
from pytest_fluxscenario.model.review import RiskView
from pytest_fluxscenario.model.review_rules import GateView, RulesView


def risks_of_rules(rules: RulesView) -> Iterator[RiskView]:
    """What the rules themselves show."""
    yield from _materializations(rules)
    yield from _open_actions(rules)
    yield from _approvals(rules)
    yield from _records(rules)
    yield from _hooks(rules)


def _materializations(rules: RulesView) -> Iterator[RiskView]:
    gates = {gate.id: gate for gate in rules.gates}
    for action in rules.actions:
        if action.mode != "real":
            continue
        scope = every_one(action.scope) or "nothing"
        why = f"what it does happens; an approval has to name exactly the values of {scope}, which are all it covers"
        yield RiskView("real-mode", action.where, f"{action.id} is materialized for real", why)
        if not any(gates[name].type == "approval" for name in action.gates):
            why = f"the approver is asked only for the scope {action.id}, by the preflight; no rule says when and why"
            yield RiskView("real-without-gate", action.where, f"no approval gate stands before {action.id}", why)


def _open_actions(rules: RulesView) -> Iterator[RiskView]:
    for action in rules.actions:
        if not action.gates:
            what = f"no gate stands before {action.id}, which {either(action.roles) or 'nobody'} may ask for"
            why = "at any time, in any order, with any payload that its records admit"
            if action.completes:
                why += "; it completes the run as soon as all records are there"
            yield RiskView("no-gate", action.where, what, why)


def _approvals(rules: RulesView) -> Iterator[RiskView]:
    modes = {action.id: action.mode for action in rules.actions}
    shared: dict[tuple[str, str], list[GateView]] = {}
    for gate in rules.gates:
        if gate.approval is None or gate.type != "approval":
            continue
        asked = gate.approval
        shared.setdefault((asked.role, asked.scope), []).append(gate)
        if modes.get(gate.action) != "real":
            what = f"one approval of {asked.scope} opens {gate.id} for every later {gate.action} of the run"
            why = "a gate cannot ask that an approval names values or expires; only a real mode asks for values"
            yield RiskView("approval-open", gate.where, what, why)
        else:
            what = f"nothing asks that an approval of {asked.scope} expires"
            why = "one that names no end counts as long as the run goes on"
            yield RiskView("approval-no-expiry", gate.where, what, why)
    for (role, scope), gates in shared.items():
        actions = list(dict.fromkeys(gate.action for gate in gates))
        if len(actions) > 1:
            what = f"{every_one(actions)} share the approval {scope} by {role}"
            yield RiskView("approval-shared", gates[0].where, what, "who approves one of them has approved the others")
    for one in rules.approvals:
        before = [gate for gate in rules.gates if gate.type == "approval" and gate.action == one.action]
        if one.kind == "real" and len(before) > 1:
            what = f"only one approval of {one.action} has to name its values: {either(one.scopes)}"
            why = "one of the others that names none opens its gate for every later request of the run"
            yield RiskView("approval-values-once", one.where, what, why)
    enforced = {action.id for action in rules.actions}
    use = [one for one in rules.approvals if one.kind == "use"]
    for one in use:
        if one.action and one.action not in enforced:
            what = f"the approval {either(one.scopes)} for the use of the pack is asked for outside of these rules"
            why = f"the profile has no action {one.action}: whoever installs packs has to ask for it"
            yield RiskView("use-outside", one.where, what, why)
    if not use:
        what = "the manifest does not say who approves the use of the pack"
        yield RiskView("use-unsaid", "", what, "approval_for_use is left out")


def _records(rules: RulesView) -> Iterator[RiskView]:
    validated = {hook.input for hook in rules.hooks if hook.type == "artifact.validate"}
    for kind in rules.types:
        if kind.sources is None:
            what = f"a record of {kind.id} may come from anybody"
            yield RiskView("any-source", kind.where, what, "the type has no allowed_sources")
        if not (kind.fields or kind.schema or kind.id in validated) and kind.left_by:
            what = f"any payload makes a record of {kind.id}"
            why = "it has no required field, no schema and no hook that validates it"
            asked = [*kind.required_by, *(["the completion report"] if kind.for_completion else [])]
            yield RiskView("any-payload", kind.where, what, why + (f"; {every_one(asked)} rely on it" if asked else ""))


def _hooks(rules: RulesView) -> Iterator[RiskView]:
    runtime = rules.runtime
    if runtime is not None and runtime.kind != "wasm":
        what = f"hooks run as programs ({runtime.kind}: {' '.join(runtime.command)}), which are not isolated"
        why = (
            "they can read files, use the network and change what their user can; run packs that you would run by hand"
        )
        yield RiskView("hook-not-isolated", runtime.where, what, why)
    for gate in rules.gates:
        if not gate.hook:
            continue
        what = f"{gate.id} stops what the hook {gate.hook} says, and lets the rest through"
        why = f"code of the pack decides; when it fails, the request is stopped with {gate.hook_failure}"
        yield RiskView("hook-decides", gate.where, what, why)
        if gate.hook_failure != "Blocked":
            what = f"when the hook {gate.hook} fails, {gate.id} answers {gate.hook_failure}, not Blocked"
            why = "the request is stopped, but with a route that invites to try again"
            yield RiskView("weak-hook-failure", gate.where, what, why)
    for hook in rules.hooks:
        if hook.type == "artifact.validate":
            what = f"the hook {hook.id} decides which records of {hook.input} are valid"
            why = f"code of the pack decides; when it fails, nothing is recorded and the answer is {hook.on_failure}"
            yield RiskView("hook-decides", hook.where, what, why)
        if hook.on_failure not in ("", "Blocked"):
            what = f"when the hook {hook.id} fails, the answer is {hook.on_failure}, not Blocked"
            why = "the request is stopped, but with a route that invites to try again"
            yield RiskView("weak-hook-failure", hook.where, what, why)
