"""A gear that is a server: each message is the body of a POST to its one address."""

from __future__ import annotations

import http.client
import select
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.gears.port import GearError, GearStepError
from pytest_fluxscenario.gears.wire import (
    MOST_BYTES,
    TRACEPARENT,
    Ask,
    apart,
    encode,
    failed,
    read_reply,
)

_OK: Final = 200


@dataclass
class HttpChannel:
    """A connection that is kept.

    Where a server has closed it meanwhile, only what cannot do harm when it comes twice is sent again.
    """

    name: str
    url: str
    timeout: float
    #: Sent as a bearer token; None where the server wants none.
    token: str | None = field(default=None, repr=False)
    begins: bool = True
    _connection: http.client.HTTPConnection | None = None
    _count: int = 0
    #: Of the message that is under way.
    _trace: str = ""

    def ask(self, message: Ask) -> dict[str, Any]:
        """The ``ok`` of its answer. Raises GearError."""
        message, self._trace = apart(message)
        self._count += 1
        body = encode(msgspec.structs.replace(message, id=self._count))
        self._look()
        fresh = self._connection is None
        until = seconds() + self.timeout
        try:
            data = self._post(body, until)
        except (ConnectionError, http.client.RemoteDisconnected) as error:
            self.close()
            # Whether a decision was made before the connection went is unknown: deciding twice would be another run.
            if fresh or message.op not in ("hello", "begin", "end"):
                raise self._unreachable(error) from error
            data = self._again(body, until)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise self._unreachable(error) from error
        try:
            return read_reply(data, self.name, self._count)
        except GearStepError:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _look(self) -> None:
        """Leave a connection that the server has closed, or on which it speaks unasked."""
        sock = None if self._connection is None else self._connection.sock
        if sock is not None and select.select((sock,), (), (), 0)[0]:
            self.close()

    def _again(self, body: bytes, until: float) -> bytes:
        try:
            return self._post(body, until)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> GearError:
        # Of the system's errors the words, without their number.
        why = shown(getattr(error, "strerror", None) or error) or type(error).__name__
        hint = "start it, or name another address" if isinstance(error, ConnectionRefusedError) else ""
        return failed(self.name, f"cannot be reached: {why}", hint)

    def _post(self, body: bytes, until: float) -> bytes:
        """What the server answers; one that says a byte now and then has no more time than one that says nothing."""
        watch = threading.Timer(max(0.0, until - seconds()), self._cut)
        watch.daemon = True
        watch.start()
        late = TimeoutError(f"no answer within {self.timeout:g} s")
        try:
            data = self._exchange(body)
        except Exception:
            if seconds() >= until:
                raise late from None
            raise
        finally:
            watch.cancel()
        if seconds() >= until:
            # What was cut off may look like all of it.
            raise late
        return data

    def _cut(self) -> None:
        connection = self._connection
        sock = None if connection is None else connection.sock
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _exchange(self, body: bytes) -> bytes:
        parts = urlsplit(self.url)
        if self._connection is None:
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            self._connection = kind(parts.hostname or "", parts.port, timeout=self.timeout)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if self._trace:
            headers[TRACEPARENT] = self._trace
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._connection.request("POST", target, body, headers)
        answer = self._connection.getresponse()
        data = answer.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            self.close()
        if answer.status != _OK:
            self.close()
            said = shown(data[:300].decode("utf-8", "replace"))
            raise failed(self.name, f"answered with HTTP {answer.status}: {said}")
        return data
