"""Mutants of what stands in no single rule: idempotency, and the verdicts of hooks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from pytest_fluxscenario.analysis.mutation.mutant import Example, Mutant
from pytest_fluxscenario.analysis.mutation.process import Process


class IdempotencyIgnored:
    """A request that is sent twice is decided twice."""

    name: Final = "idempotency-ignored"
    does: Final = "makes idempotency keys mean nothing"
    example: Final = Example({}, "keys", {"idempotent": False})

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One."""
        yield Mutant(
            self.name,
            "keys",
            (),
            "idempotency keys mean nothing",
            "two steps with one idempotency_key, the second with expectation: {idempotent_replay: true}",
            "idempotency_key: …",
            "",
            replace(process, idempotent=False),
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
            asked = frozenset(
                action.id for action in process.profile.actions if hook.input_artifact_type in action.produces_artifacts
            )
            yield Mutant(
                self.name,
                hook.id,
                ("hooks", number),
                f"{hook.input_artifact_type} is admitted without asking the hook {hook.id}",
                f"a step that would create {hook.input_artifact_type} and that {hook.id} finds not valid: "
                "{status: nok, route: InstructAgent}",
                f"- id: {hook.id}",
                "",
                process.with_hooks((*hooks[:number], *hooks[number + 1 :])),
                asked,
                "" if asked else f"no action produces {hook.input_artifact_type}",
            )
