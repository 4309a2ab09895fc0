"""What a hook's result is worth (control.md, "Hooks"): it computes facts, and never grants authority."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import UNSET, UnsetType

from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.base.values import ABSENT, keys, lookup, type_name
from pytest_fluxscenario.control.rules import RENDER, Rules
from pytest_fluxscenario.control.state import Run
from pytest_fluxscenario.model.response import HookCallRecord
from pytest_fluxscenario.model.vocabulary import AUTHORITY_FIELDS
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome, HookRuntime

_RESULT_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "status": str,
    "valid": (bool, type(None)),
    "diagnostics": list,
    "facts": dict,
    "artifacts": (list, dict),
    "rendered": (str, type(None)),
}
_AUTHORITY = frozenset(AUTHORITY_FIELDS)


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """A judged result."""

    #: The call failed, or its result was refused whole.
    failed: bool
    facts: Mapping[str, Any]
    valid: bool
    diagnostics: tuple[str, ...]


@dataclass(slots=True)
class HookCaller:
    """Calls hooks for one decision, and keeps what the answer reports of the calls."""

    rules: Rules
    run: Run
    runtime: HookRuntime
    records: list[HookCallRecord] = field(default_factory=list)

    def ask(
        self, hook_id: str, artifact_type: str | None, payload: dict[str, Any], facts: Collection[str] = ()
    ) -> HookAnswer:
        """Call a hook and judge its result, which has to say each of ``facts`` (names, may be dotted paths).

        Raises HookUnavailable where nothing can run it.
        """
        profile = self.rules.profile
        call = HookCall(hook_id, self.run.run_id, profile.id, profile.version, artifact_type, payload)
        outcome = self.runtime.call(call)
        status, diagnostics = self._judge(outcome)
        if status == "ok" and outcome.result is not None:
            said = outcome.result.get("facts", {})
            unsaid = [name for name in facts if lookup(said, name) is ABSENT]
            if unsaid:
                named = ", ".join(shown(name, 80) for name in unsaid)
                status, diagnostics = "invalid_result", (f"the result has no fact {named}",)
        rendered: str | UnsetType = UNSET
        hook = self.rules.hooks.get(hook_id)
        if status == "ok" and outcome.result is not None and hook is not None and hook.type == RENDER:
            text = outcome.result.get("rendered")
            if isinstance(text, str):
                rendered = sha256_ref(text.encode())
            else:
                status, diagnostics = "invalid_result", ("the result has no text in 'rendered'",)
        self.records.append(
            HookCallRecord(
                hook_id,
                status,
                outcome.runtime_id,
                outcome.runtime_kind,
                outcome.entrypoint_hash,
                outcome.input_hash,
                outcome.output_hash,
                diagnostics,
                rendered,
            )
        )
        result = outcome.result if status == "ok" and outcome.result is not None else {}
        return HookAnswer(status != "ok", result.get("facts", {}), result.get("valid") is True, diagnostics)

    @property
    def calls(self) -> tuple[HookCallRecord, ...]:
        """The calls made so far, in order."""
        return tuple(self.records)

    def _judge(self, outcome: HookOutcome) -> tuple[str, tuple[str, ...]]:
        """The status of a call, and what to say of it."""
        result = outcome.result
        if outcome.status != "ok":
            return outcome.status, outcome.diagnostics
        if not isinstance(result, dict):
            return "no_result", (f"the result is {type_name(result)}, not an object",)
        forbidden = (_AUTHORITY | self.rules.forbidden_fields) & {*result, *keys(result.get("facts"))}
        if forbidden:
            named = ", ".join(sorted(shown(name, 80) for name in forbidden))
            return "forbidden_field", (f"the result claims authority that no hook has: {named}",)
        allowed = self.rules.allowed_fields
        # What every call needs is allowed by every contract.
        known = _RESULT_TYPES.keys() if allowed is None else allowed | {"status", "diagnostics"}
        foreign = sorted(set(result) - known)
        if foreign:
            said = f"the result has a field that the contract does not allow: {shown(foreign[0], 80)}"
            return "forbidden_field", (said,)
        for name, kind in _RESULT_TYPES.items():
            if name in result and not isinstance(result[name], kind):
                return "invalid_result", (f"'{name}' in the result is {type_name(result[name])}",)
        diagnostics = tuple(shown(text) for text in result.get("diagnostics", ()))
        status = result.get("status")
        if status == "ok":
            return "ok", diagnostics
        if status == "error":
            return "error", diagnostics or ("the hook reported an error",)
        return "invalid_result", (f"'status' in the result is neither 'ok' nor 'error': {shown(status, 80)}",)
