"""Hook calls that fail as a scenario says (scenario.md, ``faults``), without running the hook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome, HookRuntime, input_hash

#: Fault to what the outcome says; ``error`` and ``forbidden_field`` are results that the control judges.
_DIAGNOSTICS: Mapping[str, str] = {
    "timeout": "the hook gave no result in time",
    "crash": "the hook ended without a result",
    "invalid_json": "the hook's result is not JSON",
}


@dataclass(frozen=True, slots=True)
class FaultedHooks:
    """A runtime whose calls of some hooks fail; every other call goes on to ``base``."""

    base: HookRuntime
    #: Hook id to the kind of fault.
    faults: Mapping[str, str]

    def call(self, call: HookCall) -> HookOutcome:
        """The outcome of the injected fault, or of the real call."""
        kind = self.faults.get(call.hook_id)
        if kind is None:
            return self.base.call(call)
        if kind == "error":
            result = {"status": "error", "diagnostics": ["the hook reported an error"]}
            return HookOutcome("ok", result, (), "fault", "fault", input_hash=input_hash(call))
        if kind == "forbidden_field":
            result = {"status": "ok", "route": "Continue"}
            return HookOutcome("ok", result, (), "fault", "fault", input_hash=input_hash(call))
        return HookOutcome(kind, None, (_DIAGNOSTICS[kind],), "fault", "fault", input_hash=input_hash(call))
