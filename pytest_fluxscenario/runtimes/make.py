"""Which runtime calls the hooks of which pack, and who ends what they started: one object for each session."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Final

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.model.pack import SESSION
from pytest_fluxscenario.packs.files import file_place
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.runtimes.code import HookSettings, PackCode
from pytest_fluxscenario.runtimes.none import NoHooks
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome, HookRuntime, HookUnavailable, PackRuntime

Maker = Callable[[PackCode], PackRuntime]

#: Kind of runtime to where it is made; a module is imported when the first hook of its kind is called.
MAKERS: Final[Mapping[str, tuple[str, str]]] = {
    "python_stdio": ("pytest_fluxscenario.runtimes.stdio", "python_stdio"),
    "js_ts_stdio": ("pytest_fluxscenario.runtimes.stdio", "js_ts_stdio"),
    "wasm": ("pytest_fluxscenario.runtimes.wasm", "wasm"),
}


@dataclass(slots=True)
class Runtimes:
    """The hook runtimes of one session. Nothing is started before a hook is called."""

    settings: HookSettings = field(default_factory=HookSettings)
    _made: list[LazyHooks] = field(default_factory=list, init=False)

    def of(self, pack: Pack) -> HookRuntime:
        """What calls the hooks of a pack."""
        if pack.hooks is None or pack.files is None:
            return NoHooks(pack.store_ref or pack.where or ".")
        place = file_place(pack.files, pack.manifest.process.hooks_path or "hooks.yaml")
        made = LazyHooks(PackCode(pack.hooks.runtime, pack.files, pack.code, place, self.settings))
        self._made.append(made)
        return made

    def afresh(self) -> None:
        """End what is kept from one call to the next: another session's calls are not to meet it."""
        for made in self._made:
            if made.code.runtime.lifetime == SESSION:
                made.close()

    def close(self) -> None:
        """End every process, and remove every file that a hook was given; may be called again."""
        for made in self._made:
            made.close()


@dataclass(slots=True)
class LazyHooks:
    """The runtime of one pack, made at its first call."""

    code: PackCode
    _runtime: PackRuntime | None = field(default=None, init=False)
    #: The process that made it.
    _owner: int = field(default=0, init=False)
    #: What a fork has left here: its processes and files belong to another.
    _foreign: list[PackRuntime] = field(default_factory=list, init=False, repr=False)

    def call(self, call: HookCall) -> HookOutcome:
        """Call one hook. Raises HookUnavailable, also where this version has no runtime of that kind."""
        self._disown()
        if self._runtime is None:
            kind = self.code.runtime.kind
            if kind not in MAKERS:
                message = f"this version does not run hooks of the kind '{shown(kind, 80)}'"
                raise HookUnavailable.of("hook.kind", self.code.place, message, f"known: {', '.join(MAKERS)}")
            module, name = MAKERS[kind]
            maker: Maker = getattr(import_module(module), name)
            self._runtime, self._owner = maker(self.code), os.getpid()
        return self._runtime.call(call)

    def close(self) -> None:
        """Close the runtime, where there is one."""
        self._disown()
        runtime, self._runtime = self._runtime, None
        if runtime is not None:
            runtime.close()

    def _disown(self) -> None:
        """Leave alone what a parent process talks to: two that speak to one hook would get each other's answers."""
        if self._runtime is not None and self._owner != os.getpid():
            self._foreign.append(self._runtime)
            self._runtime = None
