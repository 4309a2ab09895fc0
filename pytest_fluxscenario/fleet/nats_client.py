"""A connection of the NATS library: begun in a bounded time, and never in clear where TLS was asked for.

Where there is none, what is said tells what to do.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import nats.errors
from nats.aio.client import Client

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.access import Access
from pytest_fluxscenario.fleet.errors import SnakeError
from pytest_fluxscenario.remote.certificates import certificate_fault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

#: Seconds between tries, and for one of them.
_BETWEEN: Final = 0.25
_TRY: Final = 2.0
_HINT: Final = "is the Mixer running, and are these its address and credentials?"


class InClearError(nats.errors.Error):  # type: ignore[misc]  # where the extra is not installed, the library has no types
    """The server does not speak TLS, and nothing may be said to it without."""


class OpenClient(Client):  # type: ignore[misc]  # as above
    """Says nothing in clear where its address is ``tls://``.

    The library leaves it to the server whether there is TLS, so that who stands between could have it left out.
    """

    access: Access
    #: How often the server did not permit something, and what it said last.
    denials = 0
    denied = ""

    @property
    def ssl_context(self) -> ssl.SSLContext:
        """Made anew for each connection: files are renewed while others run."""
        try:
            return self.access.context()
        except UsageError as error:
            # What the library tries again after.
            raise nats.errors.Error(str(error)) from None

    def _connect_command(self) -> bytes:
        writer = getattr(self._transport, "_io_writer", None)
        if self.access.encrypted and (writer is None or writer.get_extra_info("ssl_object") is None):
            raise InClearError("nats: no TLS")
        command: bytes = super()._connect_command()
        return command


async def open_client(access: Access, wait: float) -> OpenClient:
    """A connection, which comes back by itself when it is lost.

    Raises SnakeError where there is none within ``wait`` seconds, with what was wrong last; UsageError for files of
    TLS that cannot be used.
    """
    said: list[BaseException] = []
    hopeless: list[BaseException] = []
    client = OpenClient()
    client.access = access
    if access.encrypted:
        access.context()

    async def on_error(error: Exception) -> None:
        if not client.is_connected and (tries := _tries(error)):
            hopeless.append(error)
            if len(hopeless) >= tries * len(access.servers()):
                raise error
        if "permissions violation" in str(error).lower():
            client.denials += 1
            client.denied = f"the server does not permit it: {shown(str(error).removeprefix('nats: '), 200)}"
            return
        # What a server says of who connects says more than that it then hung up.
        if not said or not isinstance(error, nats.errors.UnexpectedEOF | ConnectionResetError | TimeoutError):
            said[:] = [error]

    options: dict[str, Any] = access.who().options()
    try:
        async with asyncio.timeout(wait):
            await client.connect(
                access.servers(),
                name=access.name,
                inbox_prefix=f"_INBOX.{access.name}".encode(),
                error_cb=on_error,
                connect_timeout=_TRY,
                max_reconnect_attempts=-1,
                reconnect_time_wait=_BETWEEN,
                # Seconds: what was connected to while the server ended is found by it alone.
                ping_interval=2,
                max_outstanding_pings=2,
                **options,
            )
    except (TimeoutError, OSError, nats.errors.Error, ValueError) as error:
        message, hint = _why((hopeless or said or [error])[-1], access)
        await _leave(client.close)
        url = shown(access.url, 300)
        raise SnakeError.of(
            "snake.unreachable", Place(url), f"there is no connection to NATS: {message}", hint
        ) from None
    return client


def _tries(error: Exception) -> int:
    """How often that is met at each server before it is given up; 0 for what becomes better by itself."""
    if isinstance(error, InClearError) or certificate_fault(error, "", "") is not None:
        return 1
    # Whoever was let in a moment ago is not known to all servers yet.
    return 4 if "Authorization" in str(error) else 0


async def _leave(close: Callable[[], Awaitable[None]]) -> None:
    try:
        async with asyncio.timeout(1):
            await close()
    except (TimeoutError, OSError, nats.errors.Error):
        pass


def _why(error: BaseException, access: Access) -> tuple[str, str]:
    """What was wrong, and what to do."""
    host = urlsplit(access.servers()[0]).hostname or ""
    if isinstance(error, InClearError):
        return "the server does not speak TLS, and its address is tls://", "give it a certificate, or write nats://"
    if (fault := certificate_fault(error, host, "'ca' of 'snake'")) is not None:
        if not access.encrypted:
            return "the server speaks TLS, and its address is nats://", "write tls://"
        return fault
    if isinstance(error, ConnectionRefusedError):
        return "connection refused", _HINT
    if isinstance(error, socket.gaierror):
        return (
            f"the name '{shown(host, 80)}' is not known here",
            "write the name or the address of the server's machine",
        )
    if isinstance(error, nats.errors.AuthorizationError) or "Authorization" in str(error):
        hint = "an account is known by its key: has the Mixer, or who owns the cluster, let this one in?"
        return "Authorization Violation: the server does not know who connects", hint
    if isinstance(error, TimeoutError):
        return "no answer in time", _HINT
    return shown(str(error) or type(error).__name__, 300), _HINT
