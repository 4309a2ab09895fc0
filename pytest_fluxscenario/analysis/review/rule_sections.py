"""The parts of a packet that say what is reviewed, and what its rules are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pytest_fluxscenario.analysis.review.blocks import (
    Block,
    Code,
    Folded,
    Inline,
    Items,
    Line,
    Picture,
    Section,
    Spot,
    Table,
    Text,
    Word,
    names,
    said,
)
from pytest_fluxscenario.analysis.review.source_blocks import source_blocks
from pytest_fluxscenario.analysis.review.sources import CODE_FOLDER as _CODE
from pytest_fluxscenario.analysis.review.words import duration
from pytest_fluxscenario.model.review import SourceView
from pytest_fluxscenario.model.review_rules import ActionView, GateView, RulesView


def rule_sections(rules: RulesView, sources: Mapping[str, SourceView]) -> Iterator[Section]:
    """The process, its roles, actions, gates, artifacts, approvals and hooks."""
    yield Section("map", "The process", list(_map(rules)))
    yield Section("roles", "Who may do what", [_roles(rules)])
    yield Section("gates", "Gates and routes", list(_gates(rules)))
    yield Section("materialization", "Modes and scopes", list(_modes(rules)))
    yield Section("approvals", "Approvals", list(_approvals(rules)))
    yield Section("artifacts", "Artifacts", list(_types(rules, sources)))
    yield Section("hooks", "Hooks and runtimes", list(_hooks(rules, sources)))


def _map(rules: RulesView) -> Iterator[Block]:
    gates = {gate.id: gate for gate in rules.gates}
    yield Text(
        [
            "Each action with the gates on its way in, tried from top to bottom: the first one that holds stops the",
            " request, and its route says what follows.",
        ]
    )
    yield Picture(Items([_map_item(action, gates) for action in rules.actions]))
    completing = [action.id for action in rules.actions if action.completes]
    if completing:
        needs: Line = [", once the run holds ", *names(rules.completion)] if rules.completion else []
        yield Text(["The run is complete after ", *names(completing), *needs, "."])
    else:
        yield Text(["No action completes the run."])


def _map_item(action: ActionView, gates: dict[str, GateView]) -> tuple[Line, Items]:
    head: list[Inline] = [Code(action.id), f" by {', '.join(action.roles) or 'nobody'}"]
    if action.description:
        head.append(f": {action.description}")
    below: list[Line] = [_gate_line(gates[name]) for name in action.gates]
    if not below:
        below.append([Word("no gate", "warn"), " stands before it"])
    if action.hooks:
        below.append(["hooks look at what it leaves: ", *names(action.hooks)])
    if action.leaves:
        below.append(["leaves ", *names(action.leaves)])
    if action.mode:
        tone: Inline = Word("real", "bad") if action.mode == "real" else action.mode
        below.append(said("materializes: ", tone, " for ", names(action.scope, "nothing")))
    if action.completes:
        below.append([Word("completes the run", "good")])
    if action.next:
        below.append(["then ", *names(action.next)])
    return head, Items(below)


def _gate_line(gate: GateView) -> Line:
    return [f"{gate.route} by ", Code(gate.id), f": {gate.stops}"]


def _roles(rules: RulesView) -> Table:
    return Table(
        ("Role", "may ask for"),
        [([Code(role.id)], names(role.actions, _silent(role.id))) for role in rules.roles],
    )


def _silent(role: str) -> str:
    return "nothing: approvals enter by the trusted surface" if role == "approver" else "nothing"


def _gates(rules: RulesView) -> Iterator[Block]:
    if not rules.gates:
        yield Text([Word("There is no gate.", "warn")])
        return
    head = ("Gate", "before", "stops a request", "route", "what it says, and what to do", "then")
    rows: list[Sequence[Line]] = [
        (
            [Code(gate.id), f" {gate.type}", Spot(gate.where)],
            [Code(gate.action)],
            [gate.stops, f"; a failing hook: {gate.hook_failure}" if gate.hook else ""],
            [gate.route],
            [gate.reason, f" {gate.instruction}" if gate.instruction else ""],
            names(gate.next),
        )
        for gate in rules.gates
    ]
    yield Table(head, rows)
    unused = [route for route in rules.routes if route not in _reached(rules)]
    yield Text(["Routes of the profile: ", *names(rules.routes, "none"), "."])
    if unused:
        yield Text(["No gate, hook or action leads to ", *names(unused), "."])


def _reached(rules: RulesView) -> set[str]:
    found = {gate.route for gate in rules.gates} | {gate.hook_failure for gate in rules.gates}
    found |= {hook.on_failure for hook in rules.hooks} | {"Blocked"}
    for action in rules.actions:
        mode = {"mock": "MaterializeMock", "shadow": "MaterializeMock", "real": "MaterializeAllowed"}
        found.add("Complete" if action.completes else mode.get(action.mode, "Continue"))
        if action.mode == "real":
            found.add("AwaitApproval")
        if action.leaves or action.completes:
            found.add("InstructAgent")
    return found


def _modes(rules: RulesView) -> Iterator[Block]:
    acting = [action for action in rules.actions if action.mode]
    yield Text(["Modes that the manifest allows: ", *names(rules.modes, "none"), "."])
    if acting:
        rows: list[Sequence[Line]] = [
            (
                [Code(action.id), Spot(action.where)],
                [Word("real", "bad") if action.mode == "real" else action.mode],
                names(action.scope, "nothing"),
                _needs(action),
            )
            for action in acting
        ]
        yield Table(("Action", "mode", "for the values of", "needs of the environment"), rows)
    else:
        yield Text(["Nothing materializes."])
    forbidden: Line = said(" Forbidden: ", names(rules.forbidden_capabilities), ".")
    offered = (names(rules.capabilities, "no capability"), "; connected to ", names(rules.connectors, "nothing"), ".")
    yield Text(said("The environment has to offer ", *offered, forbidden if rules.forbidden_capabilities else ""))


def _needs(action: ActionView) -> Line:
    return names((*action.capabilities, *action.connectors), "nothing")


def _approvals(rules: RulesView) -> Iterator[Block]:
    if not rules.approvals:
        yield Text([Word("Nobody is asked to approve anything.", "warn")])
        return
    kinds = {"gate": "opens the gate", "real": "covers the real materialization", "use": "lets the pack be used"}
    rows: list[Sequence[Line]] = []
    for one in rules.approvals:
        what: Line = [kinds[one.kind], " ", Code(one.gate)] if one.gate else [kinds[one.kind]]
        rows.append((said(names(one.scopes), Spot(one.where)), [one.role], what, names([one.action]), [one.when]))
    yield Table(("Scope", "by", "what it does", "action", "when"), rows)
    yield Text(["Approvals enter by the trusted surface only: no request can bring one."])


def _types(rules: RulesView, sources: Mapping[str, SourceView]) -> Iterator[Block]:
    if not rules.types:
        yield Text(["No records are kept."])
        return
    rows: list[Sequence[Line]] = []
    for kind in rules.types:
        needed = names(kind.required_by, "" if kind.for_completion else "nothing")
        if kind.for_completion:
            needed = said(needed, ", " if needed else "", "the complete run")
        counts = f" for {duration(kind.expires_after)}" if kind.expires_after is not None else ""
        rows.append(
            (
                [Code(kind.id), counts, Spot(kind.where)],
                names(kind.fields, "none"),
                ["anybody"] if kind.sources is None else [", ".join(kind.sources) or "nobody"],
                [Code(kind.schema)] if kind.schema else ["none"],
                names(kind.left_by, "nothing"),
                needed,
            )
        )
    yield Table(("Record", "required fields", "source", "schema", "left by", "required by"), rows)
    for path in dict.fromkeys(kind.schema for kind in rules.types if kind.schema):
        yield from source_blocks(sources, path, "Schema")


def _hooks(rules: RulesView, sources: Mapping[str, SourceView]) -> Iterator[Block]:
    runtime = rules.runtime
    if runtime is None or not rules.hooks:
        yield Text(["The pack has no hooks: nothing but its rules decides."])
        return
    how = f", a process {'for each call' if runtime.lifetime == 'call' else 'that is kept'}"
    command = Code(" ".join(runtime.command))
    yield Text(
        [Code(runtime.kind), " ", command, f"; at most {runtime.timeout_ms} ms a call{how}.", Spot(runtime.where)]
    )
    rows: list[Sequence[Line]] = []
    for hook in rules.hooks:
        used = names(hook.gates) or ([f"records of {hook.input}"] if hook.input else ["nothing"])
        calls = f"{hook.calls}, of which {hook.failures} failed" if hook.failures else str(hook.calls)
        failure = hook.on_failure or "as the gate says"
        told = [hook.description], used, [failure], [calls]
        rows.append(([Code(hook.id), f" {hook.type}", Spot(hook.where)], *told))
    yield Table(("Hook", "what it says of itself", "used by", "when it fails", "calls in the run"), rows)
    if any(hook.failures for hook in rules.hooks):
        yield Text(["Failures that scenarios inject to see what follows are counted with the others."])
    yield Text(["No hook may say ", *names(sorted({*runtime.forbidden, *rules.forbidden_outputs}), "nothing"), "."])
    for path in runtime.code:
        if path.startswith(_CODE) or path in runtime.command:
            yield from source_blocks(sources, path, "Code")
    files: list[Line] = [[Code(path), " ", Code(digest)] for path, digest in runtime.code.items()]
    if files:
        yield Folded(["What its calls may run or read: ", Code(runtime.code_hash)], [Items(files)])
