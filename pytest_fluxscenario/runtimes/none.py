"""The runtime of a session that can run no hook: it refuses to answer, so that nothing passes unproven."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome, HookUnavailable


@dataclass(frozen=True, slots=True)
class NoHooks:
    """Raises HookUnavailable for every call."""

    #: Where the pack that names the hooks lies.
    where: str

    def call(self, call: HookCall) -> HookOutcome:
        """Never answers."""
        message = f"the hook '{shown(call.hook_id, 80)}' is needed for this decision, and nothing here runs it"
        hint = "let the call fail with 'faults:', or give the facts with the fixture fluxscenario_hooks"
        raise HookUnavailable.of("hook.unavailable", Place(self.where), message, hint)
