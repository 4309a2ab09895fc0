"""The port through which a control calls hooks (control.md, "Hooks")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

from pytest_fluxscenario.base.canonical import canonical
from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.base.errors import DamageError, FluxError

HOOK_CALL_PROTOCOL = "fst.hook.call.v1"
#: What hooks run on, and not every machine has.
NODE: Final = "node"
TYPESCRIPT: Final = "typescript"
WASM: Final = "wasm"
NEEDS: Final = (NODE, TYPESCRIPT, WASM)


@dataclass(frozen=True, slots=True)
class HookCall:
    """One call of one hook."""

    hook_id: str
    run_id: str
    profile_id: str
    profile_version: str
    #: The artifact type that the hook looks at; None for a condition on the request itself.
    input_artifact_type: str | None
    payload: dict[str, Any]

    def line(self) -> bytes:
        """The call as its one line of canonical JSON, without the line feed."""
        return canonical(
            {
                "protocol_version": HOOK_CALL_PROTOCOL,
                "hook_id": self.hook_id,
                "run_id": self.run_id,
                "profile_id": self.profile_id,
                "profile_version": self.profile_version,
                "input_artifact_type": self.input_artifact_type,
                "payload": self.payload,
            }
        )


@dataclass(frozen=True, slots=True)
class HookOutcome:
    """What came of a call."""

    #: ``ok`` where an object came back, otherwise how the call failed: ``timeout``, ``crash``, ``invalid_json`` …
    status: str
    #: The object that came back, not yet judged; None where the call failed.
    result: dict[str, Any] | None = None
    #: Why it failed; the same fault gives the same text.
    diagnostics: tuple[str, ...] = ()
    runtime_id: str = ""
    runtime_kind: str = ""
    #: ``sha256:`` refs; empty where there was nothing to hash.
    entrypoint_hash: str = ""
    input_hash: str = ""
    output_hash: str = ""
    #: What it wrote to its standard error: for people, and no part of any result.
    errors: str = ""


class HookRuntime(Protocol):
    """Calls hooks."""

    def call(self, call: HookCall) -> HookOutcome:
        """Call one hook. Raises HookUnavailable where no answer can be had at all; a failed call is an outcome."""
        ...


class PackRuntime(HookRuntime, Protocol):
    """Calls the hooks of one pack, and may hold processes and folders for it."""

    def close(self) -> None:
        """End every process and remove every file that it has made; may be called again."""
        ...


class HookUnavailable(FluxError):  # noqa: N818 - it says what is the case; ``error`` is a status of a call
    """A hook is needed, and nothing here can run it: no verdict is possible."""


class HookDamaged(HookUnavailable):
    """A file of the pack's logic is not what the store says: the hook does not run."""

    exit_status = 3


def without_file(error: FluxError) -> HookUnavailable:
    """What a hook whose file cannot be had is told with."""
    kind = HookDamaged if isinstance(error, DamageError) else HookUnavailable
    return kind(error.problems)


class RuntimeMissing(HookUnavailable):
    """The machine lacks what hooks of this kind run on: a scenario that needs one is skipped, and says so."""

    #: What that is, one of ``NEEDS``; empty where another machine is not known to have it either.
    needs: str = ""

    def of_need(self, needs: str) -> RuntimeMissing:
        """The same error, which says what the machine lacks."""
        self.needs = needs
        return self


def input_hash(call: HookCall) -> str:
    """``sha256:`` of the line of the call."""
    return sha256_ref(call.line())
