"""Looks how far a run is while xdist's controller waits for its workers, which cannot speak to the terminal."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pytest_fluxscenario.remote.client import Client, MixerError, UnreachableError

if TYPE_CHECKING:
    from pytest_fluxscenario.plugin.mixer.waiting import Waiting

_LOOK: Final = 0.5
#: A number that no record has: only how far the run is, is asked.
_NO_RECORDS: Final = 1 << 52


@dataclass(slots=True)
class MixerWatch:
    """A thread of the controller, which runs no test: where tests run, the one that waits says so itself."""

    client: Client
    run: str
    waiting: Waiting
    _ended: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Begin; may be called again."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._go, name="fluxscenario-mixer", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Say nothing more."""
        self._ended.set()

    def stop(self, wait: float) -> None:
        """End, and wait for that; no longer than so many seconds for a Mixer that does not answer."""
        self.end()
        if self._thread is not None:
            self._thread.join(wait)

    def _go(self) -> None:
        while not self._ended.wait(_LOOK):
            if not self.waiting.is_due():
                continue
            try:
                said = self.client.records(self.run, _NO_RECORDS, 0)
                if not self._ended.is_set():
                    self.waiting.for_run(said)
            except UnreachableError as error:
                if not self._ended.is_set():
                    self.waiting.for_mixer(error)
            except MixerError:
                # Not submitted yet, or what every worker tells.
                self.waiting.moved()
        with suppress(OSError):
            self.client.close()
