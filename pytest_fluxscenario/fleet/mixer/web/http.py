"""Serves an application over HTTP: uvicorn, with a bound on how long a request may take to begin."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.mixer.web.connections import Connections, Listening
from pytest_fluxscenario.fleet.mixer.web.patient import patient
from pytest_fluxscenario.fleet.repeating import Repeating
from pytest_fluxscenario.fleet.snake.tls import load_pair, written

_BACKLOG = 1024
#: Bytes of a request line and its headers.
_HEAD = 16 << 10


class _Server(uvicorn.Server):  # type: ignore[misc]  # where the extra is not installed, the library has no types
    """Leaves signals to the Mixer, which ends in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing is captured."""
        yield


@dataclass(slots=True)
class HttpServer:
    """One address; ``start`` returns when it is listened on."""

    app: Any
    host: str
    #: 0 for one that is free.
    port: int
    #: Seconds that the head of a request may take.
    patience: float = 10.0
    #: Files with the certificate that it shows, and its key; empty for none, and then without TLS.
    cert: str = ""
    key: str = ""
    #: Those that are open.
    connections: Connections = field(default_factory=Connections)
    _server: _Server | None = None
    _task: asyncio.Task[None] | None = None
    _socket: socket.socket | None = field(default=None, repr=False)
    _renewing: Repeating | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Where it listens."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.cert else 'http'}://{host}:{self.port}"

    def bind(self) -> None:
        """Take the address. Raises FluxError where that cannot be done, UsageError for files that cannot be used."""
        if self.cert:
            load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), self.cert, self.key)
        try:
            listening = socket.create_server(
                (self.host, self.port),
                family=socket.AF_INET6 if ":" in self.host else socket.AF_INET,
                backlog=_BACKLOG,
                reuse_port=False,
            )
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            # Not of every error the number is one of the system's: of a name that is not known it is another.
            known = error.errno in errno.errorcode
            message = (
                f"cannot be listened on: {os.strerror(error.errno or 0) if known else shown(error.strerror or error)}"
            )
            hint = f"{'is another Mixer running? ' if taken else ''}name another address under 'api'"
            raise FluxError.of("http.listen", Place(f"{self.host}:{self.port}"), message, hint) from None
        self._socket = Listening.of(listening, self.connections)
        self.port = self._socket.getsockname()[1]

    async def start(self) -> None:
        """Serve, from now on."""
        if self._socket is None:
            self.bind()
        config = uvicorn.Config(
            self.app,
            http=patient(self.patience, self.connections),
            backlog=_BACKLOG,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            h11_max_incomplete_event_size=_HEAD,
            timeout_graceful_shutdown=1,
            ssl_certfile=self.cert or None,
            ssl_keyfile=self.key or None,
        )
        self._server = server = _Server(config)
        sockets = [] if self._socket is None else [self._socket]
        self._task = asyncio.create_task(server.serve(sockets), name="http")
        while not server.started and not self._task.done():  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.005)
        if self.cert:
            renew = self._renewal(config.ssl)
            failed = "the certificate that was renewed cannot be shown, and the one before is"
            self._renewing = Repeating(renew, 1, failed, "the certificate that was renewed is shown").start()

    def _renewal(self, context: ssl.SSLContext) -> Callable[[], Awaitable[None]]:
        """Shows a certificate that was renewed in its file. It raises UsageError for one that cannot be used."""
        before = written(self.cert, self.key)

        async def look() -> None:
            nonlocal before
            if (now := written(self.cert, self.key)) != before:
                load_pair(context, self.cert, self.key)
                before = now

        return look

    async def stop(self) -> None:
        """End; what is being answered is given a second."""
        renewing, self._renewing = self._renewing, None
        if renewing is not None:
            await renewing.stop()
        server, task = self._server, self._task
        self._server = self._task = None
        if server is not None and task is not None:
            server.should_exit = True
            await task
        if self._socket is not None:
            self._socket.close()
            self._socket = None
