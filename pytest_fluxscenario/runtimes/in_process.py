"""Hooks that are Python functions of this process: for tests, and for a team's own ``fluxscenario_hooks`` fixture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_fluxscenario.base.canonical import canonical, plain
from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.base.values import type_name
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome, input_hash

HookFunction = Callable[[HookCall], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class InProcessHooks:
    """Calls the function registered for a hook, and gives it and takes from it JSON, as if it ran elsewhere."""

    functions: Mapping[str, HookFunction]

    def call(self, call: HookCall) -> HookOutcome:
        """The function's result as plain data.

        An exception, or a result that is no JSON, is a crash; a value that is no object an ``invalid_result``; a hook
        without a function an outcome ``missing``.
        """
        given = input_hash(call)
        function = self.functions.get(call.hook_id)
        if function is None:
            said = f"no function is registered for the hook '{shown(call.hook_id, 80)}'"
            return HookOutcome("missing", None, (said,), "in_process", "python", input_hash=given)
        try:
            # A copy: a hook that changes what it is given must not change what is decided on.
            result = function(replace(call, payload=plain(call.payload)))
            line = canonical(result)
        except Exception as error:  # noqa: BLE001 - foreign code may raise anything, and a crash is an outcome
            said = f"{type(error).__name__}: {shown(error)}"
            return HookOutcome("crash", None, (said,), "in_process", "python", input_hash=given)
        result = plain(result)
        if not isinstance(result, dict):
            said = f"the result is {type_name(result)}, not an object"
            return HookOutcome("invalid_result", None, (said,), "in_process", "python", input_hash=given)
        return HookOutcome("ok", result, (), "in_process", "python", input_hash=given, output_hash=sha256_ref(line))
