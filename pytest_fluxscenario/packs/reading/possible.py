"""Actions that can never be allowed, whatever comes before them (control.md, "The order of decision")."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_fluxscenario.base.place import Pointer
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.model.profile import Action
from pytest_fluxscenario.packs.reading.whole import CONTROLLER, Whole


def check_possible(whole: Whole, problems: Problems) -> frozenset[str]:
    """Warn of each action that can never be allowed, at the cause; gives those that can.

    What fails only because of another action that was told of is not told again.
    """
    sound = {action.id: action for action in whole.profile.actions if not _obstacles(whole, action, problems)}
    possible, types = _grow(whole, sound)
    stuck = {name: action for name, action in sound.items() if name not in possible}
    _tell_unproduced(whole, problems)
    _tell_circles(whole, stuck, types, problems)
    return possible


def _obstacles(whole: Whole, action: Action, problems: Problems) -> bool:
    """Whether something of the action itself stops every request; told here, but for gates (``reading.gates``)."""
    at = whole.actions[action.id][0]
    name = shown(action.id, 80)
    before = len(problems.found)
    stopped = any(
        gate.type == "decision" and not gate.condition and not gate.required_artifacts
        for _, gate in whole.gates_of(action.id)
    )
    if not whole.askers(action):
        message = f"nobody can ask for '{name}': none of its roles is one of the profile that sends requests"
        hint = "allow agent, task_user or system, and list the role in roles"
        problems.add("pack.nobody-may-ask", whole.written.at("actions", at), message, hint, "warning")
    mode = action.materialization_mode
    if mode is not None and mode not in whole.modes:
        place = whole.written.at("actions", at, "materialization_mode")
        message = f"'{name}' can never materialize: the mode '{mode}' is not one that the manifest lists"
        listed = ", ".join(whole.modes)
        hint = f"add {mode} to requires.materialization_modes ({listed})"
        problems.add("pack.mode-not-listed", place, message, hint, "warning")
    sources = whole.sources(action)
    for step, kind in enumerate(action.produces_artifacts):
        allowed = whole.types[kind].allowed_sources
        if sources and allowed is not None and not set(allowed) & set(sources):
            place = whole.written.at("actions", at, "produces_artifacts", step)
            came = "the controller, as it completes or materializes" if CONTROLLER in sources else " or ".join(sources)
            message = f"'{name}' can never record '{shown(kind, 80)}': its source is {came}, and the type allows "
            message += ", ".join(shown(one, 40) for one in allowed) or "none"
            hint = "correct the allowed_sources of the type, or the roles of the action"
            problems.add("pack.source-not-allowed", place, message, hint, "warning")
    return stopped or len(problems.found) > before


def _grow(whole: Whole, sound: Mapping[str, Action]) -> tuple[frozenset[str], frozenset[str]]:
    """The actions that can be allowed at some time, and the types that can be recorded: from nothing, step by step."""
    possible: set[str] = set()
    types: set[str] = set()
    waiting = {name: {kind for kind, _, _ in whole.required(action)} for name, action in sound.items()}
    waiters: dict[str, list[str]] = {}
    for name, needs in waiting.items():
        for kind in needs:
            waiters.setdefault(kind, []).append(name)
    ready = [name for name, needs in waiting.items() if not needs]
    while ready:
        name = ready.pop()
        possible.add(name)
        for kind in sound[name].produces_artifacts:
            if kind in types:
                continue
            types.add(kind)
            for waiter in waiters.get(kind, ()):
                waiting[waiter].discard(kind)
                if not waiting[waiter]:
                    ready.append(waiter)
    return frozenset(possible), frozenset(types)


def _tell_unproduced(whole: Whole, problems: Problems) -> None:
    """Types that a gate or the completion requires and no action produces."""
    places: list[tuple[str, Pointer, str]] = [
        (name, ("gates", at, "required_artifacts", step), f"the gate '{shown(gate.id, 80)}' requires")
        for at, gate in enumerate(whole.profile.gates)
        for step, name in enumerate(gate.required_artifacts)
    ]
    places += [
        (name, ("completion_report", "required", step), "completion requires")
        for step, name in enumerate(whole.profile.completion_report.required)
    ]
    for name, pointer, who in places:
        if name not in whole.producers:
            message = f"{who} '{shown(name, 80)}', which no action produces"
            hint = "let an action produce it"
            problems.add("pack.never-produced", whole.written.at(*pointer), message, hint, "warning")


def _tell_circles(whole: Whole, stuck: Mapping[str, Action], types: frozenset[str], problems: Problems) -> None:
    """Actions that wait for one another, or for themselves: each circle once."""
    seen: set[str] = set()
    for start in stuck:
        path: dict[str, None] = {}
        name: str | None = start
        while name is not None and name not in seen:
            seen.add(name)
            path[name] = None
            name = _waits_for(whole, stuck, name, types)
        if name is None or name not in path:
            continue  # it ends, or leads into a circle that was told
        steps = list(path)
        circle = steps[steps.index(name) :]
        kind, step, gate = next(
            one for one in whole.required(stuck[name]) if _is_waited_for(whole, stuck, one[0], types)
        )
        pointer = (
            ("completion_report", "required", step) if gate is None else ("gates", gate, "required_artifacts", step)
        )
        if len(circle) == 1:
            message = f"'{shown(name, 80)}' waits for '{shown(kind, 80)}', which only it produces itself"
        else:
            chain = " waits for ".join(f"'{shown(one, 80)}'" for one in [*circle[:8], name])
            message = f"actions wait for one another, so none can ever be allowed: {chain}"
        hint = "let another action produce it, or give the gate a condition"
        problems.add("pack.deadlock", whole.written.at(*pointer), message, hint, "warning")


def _is_waited_for(whole: Whole, stuck: Mapping[str, Action], kind: str, types: frozenset[str]) -> bool:
    return kind not in types and any(one in stuck for one in whole.producers.get(kind, ()))


def _waits_for(whole: Whole, stuck: Mapping[str, Action], name: str, types: frozenset[str]) -> str | None:
    for kind, _, _ in whole.required(stuck[name]):
        if kind not in types:
            for producer in whole.producers.get(kind, ()):
                if producer in stuck:
                    return producer
    return None
