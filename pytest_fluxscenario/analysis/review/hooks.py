"""The hooks of a pack, and what they run from."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_fluxscenario.analysis.review.rules import spot
from pytest_fluxscenario.base.canonical import canonical_ref
from pytest_fluxscenario.model.review_rules import HookView, RuntimeView
from pytest_fluxscenario.packs.hooks import WrittenHooks
from pytest_fluxscenario.packs.reading.whole import Whole

#: Hook to how often it was called, and how often that failed.
Calls = Mapping[str, tuple[int, int]]


def code_hash(code: Mapping[str, str]) -> str:
    """``sha256:`` over the files that a call may run, as evidence names it in ``entrypoint_hash``."""
    return canonical_ref(dict(code)) if code else ""


def callers_of(written: WrittenHooks | None) -> Mapping[str, tuple[str, ...]]:
    """Artifact type to the hooks that look at its records: those that conditions ask are not among them."""
    found: dict[str, tuple[str, ...]] = {}
    for hook in written.hooks.hooks if written else ():
        if hook.input_artifact_type and hook.type != "condition.evaluate":
            found[hook.input_artifact_type] = (*found.get(hook.input_artifact_type, ()), hook.id)
    return found


def runtime_of(written: WrittenHooks, code: Mapping[str, str]) -> RuntimeView:
    """How the hooks are called; ``code`` is path to 64 hex digits."""
    runtime, contract = written.hooks.runtime, written.hooks.contract
    return RuntimeView(
        id=runtime.id,
        kind=runtime.kind,
        command=runtime.command,
        timeout_ms=runtime.timeout_ms,
        lifetime=runtime.lifetime,
        where=spot(written.document.at(("runtime",))),
        code_hash=code_hash(code),
        code={path: f"sha256:{digest}" for path, digest in sorted(code.items())},
        forbidden=contract.forbidden_output_fields,
        allowed=contract.allowed_output_fields,
    )


def hooks_of(whole: Whole, calls: Calls) -> tuple[HookView, ...]:
    """The hooks, in the order of their manifest."""
    if whole.hooks is None:
        return ()
    asking: dict[str, list[str]] = {}
    for gate in whole.profile.gates:
        if gate.hook is not None:
            asking.setdefault(gate.hook, []).append(gate.id)
    return tuple(
        HookView(
            id=hook.id,
            where=spot(whole.hooks.document.at(("hooks", at))),
            type=hook.type,
            description=hook.description,
            input=hook.input_artifact_type or "",
            on_failure="" if hook.type == "condition.evaluate" else hook.on_failure or "Blocked",
            gates=tuple(asking.get(hook.id, ())),
            calls=calls.get(hook.id, (0, 0))[0],
            failures=calls.get(hook.id, (0, 0))[1],
        )
        for at, hook in enumerate(whole.hooks.hooks.hooks)
    )
