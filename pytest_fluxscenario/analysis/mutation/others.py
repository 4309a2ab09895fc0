"""Mutants of what stands in no single rule: idempotency, and the answers of hooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from pytest_fluxscenario.analysis.mutation.mutant import Example, Mutant, because
from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.analysis.mutation.variations import FailureIgnored, KeyPart, KeysIgnored
from pytest_fluxscenario.base.values import same
from pytest_fluxscenario.control.conditions import compile_condition
from pytest_fluxscenario.model.pack import Hook
from pytest_fluxscenario.packs.conditions import asks_facts

_KEYS: Final[tuple[tuple[KeyPart, str, str], ...]] = (
    (
        "keys",
        "idempotency keys mean nothing",
        "two steps with one idempotency_key, the second with expectation: {idempotent_replay: true}",
    ),
    (
        "replays",
        "a request that is sent twice under one idempotency key is decided twice",
        "a step sent twice with one idempotency_key, and expectation: {idempotent_replay: true}",
    ),
    (
        "conflicts",
        "another request under a known idempotency key is decided as if it had none",
        "two different steps with one idempotency_key, the second with expectation: {idempotency_conflict: true}",
    ),
)
#: What a fact can be that no gate asks for.
_OTHERS: Final = (None, "", 0, "none of these")


class IdempotencyIgnored:
    """A request that is sent twice is decided twice, or one that differs is not a conflict."""

    name: Final = "idempotency-ignored"
    does: Final = "makes idempotency keys mean nothing; only for replays; only for conflicts"
    example: Final = Example({}, "keys", {"variation": KeysIgnored("keys")})

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """Three."""
        for part, what, catch in _KEYS:
            yield Mutant(
                self.name,
                part,
                (),
                what,
                catch,
                "idempotency_key: …",
                "" if part == "keys" else f"idempotency_key: …, without {part}",
                partial(replace, process, variation=KeysIgnored(part)),
            )


class HookIgnored:
    """Nobody asks a hook that validates artifacts."""

    name: Final = "validation-ignored"
    does: Final = "leaves out a hook that validates artifacts"
    example: Final = Example(
        {"hooks": [{"id": "iban", "type": "artifact.validate", "input_artifact_type": "account"}]},
        "iban",
        {"hooks": []},
    )

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each ``artifact.validate`` hook that can be asked."""
        hooks = process.hooks.hooks if process.hooks else ()
        for number, hook in enumerate(hooks):
            if hook.type != "artifact.validate" or hook.input_artifact_type is None:
                continue
            asked = asking(process, hook)
            yield Mutant(
                self.name,
                hook.id,
                ("hooks", number),
                f"{hook.input_artifact_type} is admitted without asking the hook {hook.id}",
                f"a step that would create {hook.input_artifact_type} and that {hook.id} finds not valid: "
                "{status: nok, route: InstructAgent}",
                f"- id: {hook.id}",
                "",
                partial(process.with_hooks, (*hooks[:number], *hooks[number + 1 :])),
                asked,
                because("" if asked else f"no action produces {hook.input_artifact_type}"),
            )


class HookFailureIgnored:
    """A hook that fails stops nothing."""

    name: Final = "hook-failure-ignored"
    does: Final = "takes a hook that fails for one that finds nothing wrong"
    example: Final = Example(
        {"hooks": [{"id": "iban", "type": "artifact.validate", "input_artifact_type": "account"}]},
        "iban",
        {"variation": FailureIgnored("iban", {"valid": True})},
    )

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each hook."""
        hooks = process.hooks.hooks if process.hooks else ()
        for number, hook in enumerate(hooks):
            asked = asking(process, hook)
            yield Mutant(
                self.name,
                hook.id,
                ("hooks", number),
                f"a failure of the hook {hook.id} stops nothing",
                f"a step that asks it, with faults: {{{hook.id}: timeout}}, and an expectation of the route",
                f"- id: {hook.id}",
                f"- id: {hook.id}, whether or not it fails",
                partial(replace, process, variation=FailureIgnored(hook.id, _fine(process, hook))),
                asked,
                because("" if asked else f"nothing asks the hook {hook.id}"),
            )


def _fine(process: Process, hook: Hook) -> Mapping[str, Any]:
    """What a hook says where it finds nothing wrong: of facts, that none is as a gate asks."""
    if hook.type == "artifact.validate":
        return {"valid": True}
    if hook.type == "template.render":
        return {"rendered": ""}
    asked: dict[str, list[Any]] = {}
    for gate in process.profile.gates:
        if gate.hook == hook.id and asks_facts(gate.condition):
            for name, value in compile_condition(gate.condition).facts:
                asked.setdefault(name, []).append(value)
    facts = {
        name: next((other for other in _OTHERS if not any(same(other, value) for value in values)), "?")
        for name, values in asked.items()
    }
    return {"facts": facts}


def asking(process: Process, hook: Hook) -> frozenset[str]:
    """The actions before or with which a hook is asked."""
    if hook.type == "condition.evaluate":
        return frozenset(gate.before_action for gate in process.profile.gates if gate.hook == hook.id)
    kind = hook.input_artifact_type
    return frozenset(action.id for action in process.profile.actions if kind in action.produces_artifacts)
