"""How far a long command is: one line of a terminal that is written over, and nothing in a pipe."""

from __future__ import annotations

from typing import Final

from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.cli.console.render import Output

#: Seconds between two signs of progress.
_BEAT: Final = 0.1


class Progress:
    """Tells what is given to it: now and then, or with a ``beat`` of 0 always."""

    def __init__(self, err: Output, *, beat: float = _BEAT) -> None:
        self._err = err
        self._beat = beat
        self._next = seconds() + beat
        self._shown = False

    def tell(self, text: str) -> None:
        """Show ``text`` in the place of what stands there, unless the last was shown just before."""
        if self._err.terminal and seconds() >= self._next:
            self._next = seconds() + self._beat
            self._err.write(f"\r\x1b[K{text}")
            self._err.flush()
            self._shown = True

    def end(self) -> None:
        """Wipe it away."""
        if self._shown:
            self._err.write("\r\x1b[K")
            self._err.flush()
