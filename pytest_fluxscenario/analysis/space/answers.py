"""What hooks may say: nothing is taken for granted, or the pack's own code is asked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice, product
from typing import Any, Final, Literal, Protocol

from pytest_fluxscenario.analysis.space.places import put
from pytest_fluxscenario.base.values import same
from pytest_fluxscenario.control.answers import Decision
from pytest_fluxscenario.control.engine import Engine
from pytest_fluxscenario.control.rules import RENDER, Rules
from pytest_fluxscenario.control.state import Run
from pytest_fluxscenario.model.request import Environment, Request
from pytest_fluxscenario.runtimes.faulted import FaultedHooks
from pytest_fluxscenario.runtimes.none import NoHooks
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome, HookRuntime, HookUnavailable

#: Answers of one hook; what its gates compare is rarely more than a few values.
_MOST: Final = 64
#: How a failing call is injected (scenario.md, ``faults``); every kind of failure has the same effect.
FAULT: Final = "crash"


@dataclass(frozen=True, slots=True)
class Said:
    """What one hook says to one request."""

    hook: str
    #: ``assumed``: any hook may. ``real``: the pack's own code did. ``fault``: the call fails, as ``faults`` lets it.
    origin: Literal["assumed", "real", "fault"]
    outcome: HookOutcome

    @property
    def failed(self) -> bool:
        """Whether the call gave nothing at all."""
        return self.outcome.result is None

    @property
    def facts(self) -> Mapping[str, Any]:
        """The facts that it gave."""
        facts = (self.outcome.result or {}).get("facts")
        return facts if isinstance(facts, dict) else {}


class Hooks(Protocol):
    """What a call of a hook may come back with."""

    def options(self, call: HookCall) -> Sequence[Said]:
        """Every answer that may come, the best first; at least one."""
        ...

    @property
    def gaps(self) -> Mapping[str, str]:
        """Hooks of which not every answer is known, with the reason."""
        ...


@dataclass(frozen=True, slots=True)
class AnyHooks:
    """Hooks that may say whatever the rules can tell apart: what is proved with them holds for any code."""

    results: Mapping[str, tuple[dict[str, Any], ...]]
    #: Hooks with more combinations of facts than are tried, with the reason.
    gaps: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, rules: Rules) -> AnyHooks:
        """For each hook, each value of the facts that gates ask it for, and each verdict on an artifact."""
        facts: dict[str, dict[str, list[Any]]] = {hook: {} for hook in rules.hooks}
        for rule in rules.actions.values():
            for gate in rule.gates:
                for path, value in gate.condition.facts if gate.gate.hook else ():
                    values = facts.setdefault(gate.gate.hook or "", {}).setdefault(path, [])
                    if not any(same(value, one) for one in values):
                        values.append(value)
        results, gaps = {}, {}
        for hook, asked in facts.items():
            kind = rules.hooks[hook].type if hook in rules.hooks else ""
            results[hook] = tuple(_results(asked, kind))
            if math.prod(len(values) + 1 for values in asked.values()) > _MOST:
                gaps[hook] = f"has more than {_MOST} combinations of facts"
        return cls(results, gaps)

    def options(self, call: HookCall) -> Sequence[Said]:
        """Each result, then a failure."""
        said = [
            Said(call.hook_id, "assumed", HookOutcome("ok", result, (), "assumed", "assumed"))
            for result in self.results.get(call.hook_id, ())
        ]
        return (*said, _failing(call))


@dataclass(slots=True)
class RealHooks:
    """The pack's own hooks, asked once for each call; beside what they say, every call may fail."""

    runtime: HookRuntime
    #: Hooks that could not be asked, with the reason.
    gaps: dict[str, str] = field(default_factory=dict)
    _known: dict[bytes, tuple[Said, ...]] = field(default_factory=dict, repr=False)

    def options(self, call: HookCall) -> Sequence[Said]:
        """The real answer where one can be had, then a failure."""
        line = call.line()
        known = self._known.get(line)
        if known is None:
            try:
                outcome = self.runtime.call(call)
            except HookUnavailable as error:
                self.gaps.setdefault(call.hook_id, f"could not be asked: {error}")
                known = (_failing(call),)
            else:
                real = Said(call.hook_id, "real", outcome)
                known = (real,) if outcome.status == FAULT else (real, _failing(call))
            self._known[line] = known
        return known


@dataclass(frozen=True, slots=True)
class Decider:
    """Asks the real engine, for every answer that hooks may give."""

    rules: Rules
    environment: Environment
    hooks: Hooks

    def decide(self, run: Run, request: Request, now: datetime) -> Iterator[tuple[tuple[Said, ...], Decision]]:
        """Each decision with what the hooks said, in the order in which they were asked; the run is left as it is."""
        pending: list[tuple[Said, ...]] = [()]
        while pending:
            said = pending.pop()
            try:
                decision = self.with_said(said).decide(run, request, now)
            except UndecidedError as asked:
                pending.extend((*said, one) for one in reversed(self.hooks.options(asked.call)))
                continue
            yield said, decision

    def with_said(self, said: Sequence[Said]) -> Engine:
        """The engine with hooks that say this and nothing else."""
        return Engine(self.rules, self.environment, _Chosen({one.hook: one for one in said}))


@dataclass(frozen=True, slots=True)
class _Chosen:
    said: Mapping[str, Said]

    def call(self, call: HookCall) -> HookOutcome:
        """What was chosen for the hook. Raises UndecidedError where nothing was."""
        if call.hook_id not in self.said:
            raise UndecidedError(call)
        return self.said[call.hook_id].outcome


class UndecidedError(Exception):
    """A hook is asked whose answer is not chosen yet."""

    def __init__(self, call: HookCall) -> None:
        super().__init__(call.hook_id)
        self.call = call


def _failing(call: HookCall) -> Said:
    return Said(call.hook_id, "fault", FaultedHooks(NoHooks("."), {call.hook_id: FAULT}).call(call))


def _results(asked: Mapping[str, Sequence[Any]], kind: str) -> Iterator[dict[str, Any]]:
    """What a hook of a kind may say; the answers that stop nothing first."""
    choices = [[_other(values), *values] for values in asked.values()]
    for values in islice(product(*choices), _MOST):
        facts: dict[str, Any] = {}
        for path, value in zip(asked, values, strict=True):
            facts = put(facts, path, value)
        result: dict[str, Any] = {"status": "ok"}
        if asked:
            result["facts"] = facts
        if kind == RENDER:
            result["rendered"] = "text"
        if kind == "artifact.validate":
            yield {**result, "valid": True}
            yield {**result, "valid": False}
        else:
            yield result


def _other(values: Sequence[Any]) -> Any:
    """A value that is none of those asked for."""
    candidates = (False, True, "other", "another", 0)
    boolean = any(isinstance(value, bool) for value in values)
    ordered = candidates if boolean else (*candidates[2:], *candidates[:2])
    return next((one for one in ordered if not any(same(one, value) for value in values)), None)
