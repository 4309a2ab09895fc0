"""A connection that does not wait for ever: one on which nothing, or half a head, has come in time is ended."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from pytest_fluxscenario.fleet.mixer.web.connections import CONNECTION, Connections


class Patient(H11Protocol):  # type: ignore[misc]  # where the extra is not installed, the library has no types
    """One connection; ``patient`` says for how many seconds, and among which connections."""

    #: The library has ``connections`` of its own.
    among: Connections
    within: float
    app_state: dict[str, Any]
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """It begins; each request of it says on which it came."""
        super().connection_made(transport)
        found = self.among.find(transport.get_extra_info("socket").fileno())
        self.app_state = {**self.app_state, CONNECTION: found}
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Something came: part of a head, or of what follows one."""
        super().data_received(data)
        if self._idle():
            self._wait()
        else:
            self._wait_no_more()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        self._wait_no_more()
        super().connection_lost(exc)

    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _wait(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.within, self._late)

    def _wait_no_more(self) -> None:
        # The head has come. Between two requests the library waits, for seconds of its own.
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        if self._idle() and not self.transport.is_closing():
            self.transport.close()


def patient(seconds: float, connections: Connections) -> type[Patient]:
    """The protocol of a server whose requests may take that long to begin: the library makes each connection itself."""

    class Bound(Patient):
        within = seconds
        among = connections

    return Bound
