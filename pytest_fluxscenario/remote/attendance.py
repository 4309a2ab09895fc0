"""Being there for a run: a connection of its own that ends with this process, however that ends (fleet.md)."""

from __future__ import annotations

import http.client
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.remote.api import API

if TYPE_CHECKING:
    import socket

    from pytest_fluxscenario.remote.client import Client

#: Seconds that the Mixer has for the beginning of its answer, and until it is asked again.
_ANSWER: Final = 5.0


@dataclass(slots=True)
class Attendance:
    """Of one run. It needs no thread: the kernel holds the connection, also while this process sleeps."""

    client: Client
    run: str
    _connection: http.client.HTTPConnection | None = field(default=None, init=False, repr=False)
    #: Taken before the answer: the connection forgets it where the answer has no length.
    _socket: socket.socket | None = field(default=None, init=False, repr=False)
    _response: http.client.HTTPResponse | None = field(default=None, init=False, repr=False)
    _tried: float = field(default=-_ANSWER, init=False)

    def keep(self) -> None:
        """See that the Mixer knows; where it does not answer, it is asked again in some seconds."""
        if self._is_held() or seconds() - self._tried < _ANSWER:
            return
        self.close()
        self._tried = seconds()
        # Whoever asks for records is there too: nothing hangs on this one connection.
        with suppress(OSError, http.client.HTTPException):
            self._begin()

    def close(self) -> None:
        """Be there no more."""
        response, connection = self._response, self._connection
        self._response = self._connection = self._socket = None
        if response is not None:
            response.close()
        if connection is not None:
            connection.close()

    def _begin(self) -> None:
        connection = self._connection = self.client.connect(_ANSWER)
        path = f"{API}/runs/{quote(self.run, safe='')}/attend"
        connection.request("GET", path, headers=self.client.headers())
        held = connection.sock
        self._response = connection.getresponse()
        if self._response.status == http.client.OK:
            held.settimeout(0)
            self._socket = held
        else:
            self.close()

    def _is_held(self) -> bool:
        if self._socket is None:
            return False
        try:
            # Nothing but signs of life comes.
            return bool(self._socket.recv(1 << 16))
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
