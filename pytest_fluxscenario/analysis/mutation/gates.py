"""Mutants of gates: one that is not there, says less, asks for less, or stands elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import pairwise
from typing import Final

from pytest_fluxscenario.analysis.mutation.mutant import Example, Mutant, because, expected, listed, one_less
from pytest_fluxscenario.analysis.mutation.others import asking
from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.analysis.mutation.shadows import exclusive, never_fails, shadow_of

#: A route that stops to the next weaker one: whoever could not go on may now be told to try again.
_WEAKER: Final[Mapping[str, str]] = {"Blocked": "AwaitApproval", "AwaitApproval": "AskUser", "AskUser": "InstructAgent"}


class GateDropped:
    """A gate is not there."""

    name: Final = "gate-dropped"
    does: Final = "leaves out a gate"
    example: Final = Example({"gates": [{"id": "a"}, {"id": "b"}]}, "a", {"gates": [{"id": "b"}]})

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each gate."""
        gates = process.profile.gates
        for at, gate in enumerate(gates):
            yield Mutant(
                self.name,
                gate.id,
                ("gates", at),
                f"the gate {gate.id} is left out",
                f"a step that it stops: {expected(gate)}",
                f"- id: {gate.id}",
                "",
                partial(process.without_gate, at),
                frozenset({gate.before_action}),
                partial(shadow_of, process, at),
            )


class RouteWeakened:
    """A gate stops with a weaker route."""

    name: Final = "route-weakened"
    does: Final = "gives a gate the next weaker route"
    example: Final = Example(
        {"gates": [{"id": "a", "route": "AskUser"}]}, "a", {"gates": [{"id": "a", "route": "InstructAgent"}]}
    )

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each gate whose route has a weaker one, and one for each such route of a hook's failure."""
        yield from self._of_gates(process)
        yield from self._of_hooks(process)

    def _of_gates(self, process: Process) -> Iterator[Mutant]:
        for at, gate in enumerate(process.profile.gates):
            weaker = _WEAKER.get(gate.route)
            if weaker is not None:
                yield Mutant(
                    self.name,
                    gate.id,
                    ("gates", at, "route"),
                    f"the gate {gate.id} stops with {weaker}",
                    f"a step that it stops: {expected(gate)}",
                    f"route: {gate.route}",
                    f"route: {weaker}",
                    partial(process.with_gate, at, route=weaker),
                    frozenset({gate.before_action}),
                    partial(shadow_of, process, at),
                )
            failed = gate.on_hook_failure or "Blocked"
            weaker = _WEAKER.get(failed) if gate.hook is not None else None
            if weaker is not None:
                yield Mutant(
                    self.name,
                    f"{gate.id}.on_hook_failure",
                    ("gates", at, "on_hook_failure" if gate.on_hook_failure else "hook"),
                    f"the gate {gate.id} stops with {weaker} when its hook fails",
                    f"a step with faults: {{{gate.hook}: timeout}}, and expectation: "
                    f"{{status: nok, route: {failed}, gate_id: {gate.id}}}",
                    f"on_hook_failure: {failed}",
                    f"on_hook_failure: {weaker}",
                    partial(process.with_gate, at, on_hook_failure=weaker),
                    frozenset({gate.before_action}),
                    partial(never_fails, process, at),
                )

    def _of_hooks(self, process: Process) -> Iterator[Mutant]:
        for number, hook in enumerate(process.hooks.hooks if process.hooks else ()):
            failed = hook.on_failure or "Blocked"
            weaker = _WEAKER.get(failed)
            # A gate says itself what the failure of its hook does.
            if weaker is not None and hook.type != "condition.evaluate":
                asked = asking(process, hook)
                yield Mutant(
                    self.name,
                    f"{hook.id}.on_failure",
                    ("hooks", number, "on_failure") if hook.on_failure else ("hooks", number),
                    f"a failure of the hook {hook.id} stops with {weaker}",
                    f"a step with faults: {{{hook.id}: timeout}}, and expectation: {{status: nok, route: {failed}}}",
                    f"on_failure: {failed}",
                    f"on_failure: {weaker}",
                    partial(process.with_hook, number, on_failure=weaker),
                    asked,
                    because("" if asked else f"nothing asks the hook {hook.id}"),
                )


class OrderChanged:
    """Two gates of one action that follow each other change places."""

    name: Final = "gates-swapped"
    does: Final = "swaps two gates that follow each other before one action"
    example: Final = Example({"gates": [{"id": "a"}, {"id": "b"}]}, "a+b", {"gates": [{"id": "b"}, {"id": "a"}]})

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each two neighbours."""
        gates = process.profile.gates
        before: dict[str, list[int]] = {}
        for at, gate in enumerate(gates):
            before.setdefault(gate.before_action, []).append(at)
        for places in before.values():
            for first, second in pairwise(places):
                yield Mutant(
                    self.name,
                    f"{gates[first].id}+{gates[second].id}",
                    ("gates", second),
                    f"the gate {gates[second].id} stands before {gates[first].id}",
                    f"a step that both would stop: {expected(gates[first])}",
                    f"- id: {gates[first].id}\n- id: {gates[second].id}",
                    f"- id: {gates[second].id}\n- id: {gates[first].id}",
                    partial(process.with_swapped, first, second),
                    frozenset({gates[first].before_action}),
                    partial(_never_meet, process, first, second),
                )


class ArtifactDropped:
    """A gate asks for one artifact less."""

    name: Final = "required-artifact-dropped"
    does: Final = "takes one artifact out of what a gate requires"
    example: Final = Example(
        {"gates": [{"id": "a", "required_artifacts": ["plan", "quote"]}]},
        "a.plan",
        {"gates": [{"id": "a", "required_artifacts": ["quote"]}]},
    )

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each artifact of a gate that requires several; without its only one a gate is as good as dropped."""
        for at, gate in enumerate(process.profile.gates):
            required = gate.required_artifacts
            for number, name, kept, twice in one_less(required) if len(required) > 1 else ():
                yield Mutant(
                    self.name,
                    f"{gate.id}.{name}",
                    ("gates", at, "required_artifacts", number),
                    f"the gate {gate.id} does not ask for {name}",
                    f"a step in a run that lacks {name} and holds {listed(kept)}: {expected(gate)}",
                    f"required_artifacts: {listed(required)}",
                    f"required_artifacts: {listed(kept)}",
                    partial(process.with_gate, at, required_artifacts=kept),
                    frozenset({gate.before_action}),
                    because(twice) if twice else partial(shadow_of, process, at),
                )


def _never_meet(process: Process, first: int, second: int) -> str:
    gates = process.profile.gates
    return shadow_of(process, second, first) or shadow_of(process, first) or exclusive(gates[first], gates[second])
