"""The hooks of a pack as drafts call them: for real, each call once, and no more often than is worth waiting for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome, HookRuntime, HookUnavailable

#: Different calls of one hook. Each starts a process where the hook is a program.
MOST_CALLS: Final = 300


@dataclass(slots=True)
class PatientHooks:
    """Asks a runtime once for each call, and gives up on a hook that cannot run.

    What a machine does to a hook (no such program, no answer in time, a crash) is no fact about the rules: nothing is
    drafted from it. How a failing hook is dealt with is drafted from the faults that a scenario injects.
    """

    runtime: HookRuntime
    #: Hooks that gave no result, and those that were called as often as they may be.
    broken: set[str] = field(default_factory=set)
    tired: set[str] = field(default_factory=set)
    _known: dict[bytes, HookOutcome] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def call(self, call: HookCall) -> HookOutcome:
        """The outcome of the call, or of the same call before. Raises HookUnavailable where there is none to be had."""
        line = call.line()
        known = self._known.get(line)
        if known is not None:
            return known
        if call.hook_id in self.broken:
            raise _unavailable(call, "gave no result before")
        count = self._counts[call.hook_id] = self._counts.get(call.hook_id, 0) + 1
        if count > MOST_CALLS:
            self.tired.add(call.hook_id)
            raise _unavailable(call, f"was called {MOST_CALLS} times")
        try:
            outcome = self.runtime.call(call)
        except HookUnavailable:
            self.broken.add(call.hook_id)
            raise
        if outcome.status != "ok":
            self.broken.add(call.hook_id)
            raise _unavailable(call, "gave no result")
        self._known[line] = outcome
        return outcome


def _unavailable(call: HookCall, why: str) -> HookUnavailable:
    error: HookUnavailable = HookUnavailable.of("draft.hook", Place("hooks"), f"the hook '{call.hook_id}' {why}")
    return error
