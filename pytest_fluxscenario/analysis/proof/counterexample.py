"""A finding as a scenario: the steps that show it, with the answers that were really observed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from pytest_fluxscenario.analysis.drafts.observe import expectation_of, literal
from pytest_fluxscenario.analysis.proof.findings import PROPERTIES, Finding
from pytest_fluxscenario.analysis.proof.replay import KEY, OTHER_KEY
from pytest_fluxscenario.analysis.space.answers import FAULT, RealHooks, Said
from pytest_fluxscenario.analysis.space.space import Space
from pytest_fluxscenario.analysis.space.states import Granted, Outcome
from pytest_fluxscenario.base.canonical import canonical
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.control.approvals import approval_record
from pytest_fluxscenario.control.engine import Engine, new_run
from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.model.request import Actor, Approval, Request
from pytest_fluxscenario.model.response import Response
from pytest_fluxscenario.model.scenario import Approve, Scenario, Step
from pytest_fluxscenario.runner.case import StepHooks
from pytest_fluxscenario.runner.run import RUN_ID, RunSettings, run_scenario
from pytest_fluxscenario.runtimes.none import NoHooks
from pytest_fluxscenario.runtimes.port import HookRuntime


@dataclass(frozen=True, slots=True)
class Sent:
    """One step, as it was taken from the start."""

    #: A request, or an approval, whose answer is None.
    what: Request | Approval
    said: tuple[Said, ...]
    response: Response | None


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A finding with its steps taken, and the scenario of them."""

    finding: Finding
    sent: tuple[Sent, ...]
    scenario: Scenario
    #: Whether the scenario was run, and passed: it shows what was found.
    runs: bool

    @property
    def assumed(self) -> tuple[str, ...]:
        """Hooks whose answers were assumed, so that only a run that gives those shows it."""
        return tuple(dict.fromkeys(one.hook for step in self.sent for one in step.said if one.origin == "assumed"))

    def comments(self, profile_hash: str) -> Iterator[str]:
        """What stands above the scenario in its file."""
        yield f"Found by fluxrig pack prove in the profile {self.scenario.profile_id} {self.scenario.profile_version}"
        yield f"({profile_hash}), against the property '{self.finding.property}':"
        yield f"{PROPERTIES[self.finding.property]}."
        yield f"{self.finding.message[0].upper()}{self.finding.message[1:]}."
        yield "It expects what was observed: when the rules are repaired, it fails. Expect then what should be."
        if self.assumed:
            yield "Hooks are assumed to answer so; give it with the fixture fluxscenario_hooks, or it may not pass:"
            for number, step in enumerate(self.sent, 1):
                for one in step.said:
                    if one.origin == "assumed":
                        yield f"  step {number}: {one.hook} says {canonical(one.outcome.result).decode()}"


def counterexample_of(space: Space, finding: Finding) -> Counterexample:
    """Take the steps of a finding with the engine, write them as a scenario, and run that."""
    sent = tuple(_take(space, _steps(finding)))
    name = f"counterexample-{finding.property}"
    steps = tuple(_step(number, one) for number, one in enumerate(sent, 1))
    profile = space.profile
    scenario = Scenario(name, literal(profile.id), profile.version, steps, description=literal(_sentence(finding)))
    return Counterexample(finding, sent, scenario, _runs(space, scenario))


def _sentence(finding: Finding) -> str:
    return f"{finding.message[0].upper()}{finding.message[1:]}."


def _steps(finding: Finding) -> Iterator[tuple[Request | Approval, tuple[Said, ...]]]:
    *before, last = finding.moves
    for move in before:
        yield (move.approval, ()) if isinstance(move, Granted) else (move.ask.request, move.said)
    if isinstance(last, Outcome) and finding.keyed:
        keyed = msgspec.structs.replace(last.ask.request, idempotency_key=KEY)
        yield keyed, last.said
        yield keyed, last.said
        yield msgspec.structs.replace(keyed, payload={**keyed.payload, OTHER_KEY: True}), last.said
    elif isinstance(last, Outcome):
        yield last.ask.request, last.said
    else:
        yield last.approval, ()


def _take(space: Space, steps: Iterator[tuple[Request | Approval, tuple[Said, ...]]]) -> Iterator[Sent]:
    run = new_run(space.rules, RUN_ID)
    for what, said in steps:
        if isinstance(what, Approval):
            run.approvals.append(approval_record(run, what, space.now))
            run.written += 1
            yield Sent(what, (), None)
            continue
        decision = space.decider.with_said(said).decide(run, what, space.now)
        run.apply(decision.effects)
        yield Sent(what, said, decision.response)


def _step(number: int, sent: Sent) -> Step:
    what = sent.what
    if isinstance(what, Approval):
        approval = msgspec.convert(literal(msgspec.to_builtins(what)), Approve)
        return Step(f"{number} {shown(what.scope, 80)} {what.decision}", approve=approval)
    actor: Actor = msgspec.convert(literal(msgspec.to_builtins(what.actor)), Actor)
    faults = {one.hook: FAULT for one in sent.said if one.origin == "fault"}
    return Step(
        f"{number} {shown(what.action, 80)}",
        literal(what.action),
        actor,
        literal(what.payload),
        what.idempotency_key,
        None if sent.response is None else expectation_of(sent.response),
        faults=faults or None,
    )


def _runs(space: Space, scenario: Scenario) -> bool:
    """Whether the scenario passes as it is; hooks that are called for real are, others are not there."""
    hooks = space.decider.hooks
    base: HookRuntime = hooks.runtime if isinstance(hooks, RealHooks) else NoHooks(".")
    step_hooks = StepHooks(base)
    control = EngineControl(Engine(space.rules, space.decider.environment, step_hooks))
    return run_scenario(scenario, control, step_hooks, RunSettings(), references=True).verdict == "passed"
