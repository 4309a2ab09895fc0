"""What a session on a Mixer says while nothing comes: for whom it waits, and how far its run is."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.remote.trouble import offers

if TYPE_CHECKING:
    import pytest

    from pytest_fluxscenario.remote.api import RackCounts, Records
    from pytest_fluxscenario.remote.client import MixerError

#: Seconds of nothing after which something is said, and the longest time until it is said again.
_FIRST: Final = 5.0
_LONGEST: Final = 60.0


@dataclass(slots=True)
class Waiting:
    """Says a line after some seconds, and again after twice as many; a pipe is told what a terminal is told."""

    config: pytest.Config
    #: Seconds after which the session gives up.
    patience: float
    #: Whether what tests print has to be let through: where they run in this process.
    captured: bool = True
    first: float = _FIRST
    _pause: float = field(default=0.0, init=False)
    _next: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.moved()

    def moved(self) -> None:
        """Something has come."""
        self._pause = min(self.first, max(0.1, self.patience / 3))
        self._next = monotonic() + self._pause

    def is_due(self) -> bool:
        """Whether there is something to say."""
        return monotonic() >= self._next

    def for_run(self, said: Records, gear: str = "") -> None:
        """The Mixer answers, and there is nothing new in it; ``gear`` is what is waited for, where that is known."""
        if not self.is_due() or said.state != "running":
            return
        gives_up = f"it gives up after {self.patience:g} seconds without one"
        if not said.racks.active:
            self._say(f"waiting for an active rack ({others(said.racks)}); {gives_up}")
        elif gear and not said.gears.get(gear):
            self._say(f"waiting for an active rack with the gear '{shown(gear, 80)}'; {gives_up}")
        elif self.config.get_verbosity() >= 0:
            racks = "1 rack" if said.racks.active == 1 else f"{said.racks.active} racks"
            self._say(f"{said.done} of {said.total} done, {racks} active")

    def for_mixer(self, error: MixerError) -> None:
        """The Mixer does not answer."""
        if self.is_due():
            self._say(f"waiting for the Mixer, for up to {self.patience:g} seconds: {error.problems[0].message}")

    def _say(self, text: str) -> None:
        self._pause = min(_LONGEST, self._pause * 2)
        self._next = monotonic() + self._pause
        manager = self.config.pluginmanager
        terminal: Any = manager.getplugin("terminalreporter")
        if terminal is None:
            return
        capture: Any = manager.getplugin("capturemanager") if self.captured else None
        with nullcontext() if capture is None else capture.global_and_fixture_disabled():
            terminal.ensure_newline()
            if getattr(terminal, "_width_of_current_line", 0):
                # With xdist there are dots that are of no file.
                terminal.line("")
            terminal.write_line(f"fluxscenario: {shown(text, 1000)}")


def others(racks: RackCounts) -> str:
    """The racks that are there and not active."""
    counts = {"pending": racks.pending, "suspended": racks.suspended, "offline": racks.offline}
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "none has said hello"


def no_rack(said: Records, patience: float) -> tuple[str, str]:
    """What is wrong, and what to do, where no rack was active."""
    racks = said.racks
    if racks.pending:
        hint = "let one in: fluxrig rack approve NAME (see: fluxrig rack list)"
    elif racks.suspended:
        hint = "let one take work again: fluxrig rack activate NAME (see: fluxrig rack list)"
    else:
        hint = "start one: fluxrig rack start -c configs/rack.yaml"
    return f"no rack was active for {patience:g} seconds, so nothing runs: {others(racks)}", hint


def no_gear(said: Records, gear: str, patience: float) -> tuple[str, str]:
    """What is wrong, and what to do, where no active rack offered a gear."""
    there = offers(said.gears)
    message = f"no active rack offered the gear '{shown(gear, 80)}' for {patience:g} seconds; offered is {there}"
    return message, "name one that is offered, or add it to 'gears' of a rack; fluxrig rack list shows them"
