"""A client of the NATS library, which says nothing in clear where TLS was asked for.

Where there is none, what is said tells what to do.
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import nats.errors
from nats.aio.client import Client

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.snake.access import Access
from pytest_fluxscenario.fleet.snake.permissions import JOINING
from pytest_fluxscenario.remote.certificates import certificate_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

#: Seconds for one step of connecting, and between the library's own pings.
_TRY: Final = 2
_LIBRARY_PING: Final = 60
#: What comes after what was wrong.
_EMPTY: Final = (nats.errors.UnexpectedEOF, nats.errors.NoServersError, ConnectionResetError, TimeoutError)
_HINT: Final = "is the Mixer running, or the server that it names, and are these its address and credentials?"


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


def new_client(
    access: Access, say: Callable[[Exception], None], ended: Callable[[], None]
) -> tuple[OpenClient, Coroutine[Any, Any, None]]:
    """A client, and what connects it: once, to one of the servers.

    ``say`` is told what goes wrong, when it does; ``ended`` is called, perhaps more than once, when it is over.
    The library's reconnecting is not used (``nats_session``). Raises UsageError for files of TLS that cannot be used.
    """
    client = OpenClient()
    client.access = access
    if access.encrypted:
        access.context()

    async def on_error(error: Exception) -> None:
        if "permissions violation" in str(error).lower():
            client.denials += 1
            client.denied = f"the server does not permit it: {shown(str(error).removeprefix('nats: '), 200)}"
        else:
            say(error)

    async def on_end() -> None:
        ended()

    connecting = client.connect(
        access.servers(),
        name=access.name,
        inbox_prefix=f"_INBOX.{access.name}".encode(),
        error_cb=on_error,
        disconnected_cb=on_end,
        closed_cb=on_end,
        connect_timeout=_TRY,
        allow_reconnect=False,
        # Without a number the library goes on for ever; with one it tries each address once more.
        max_reconnect_attempts=1,
        reconnect_time_wait=0.01,
        # Its own pings come later than ours.
        ping_interval=_LIBRARY_PING,
        **access.who().options(),
    )
    return client, connecting


@dataclass(slots=True)
class Tries:
    """What became of the tries to connect."""

    access: Access
    #: What was wrong at last.
    last: Exception | None = None
    _hopeless: list[Exception] = field(default_factory=list)

    def failed(self, error: Exception) -> None:
        """Another one went wrong."""
        if tries(error):
            self._hopeless.append(error)
        # What a server says of who connects says more than that it then hung up.
        if self.last is None or not isinstance(error, _EMPTY):
            self.last = error

    @property
    def hopeless(self) -> bool:
        """Whether more of them would end alike."""
        return bool(self._hopeless) and len(self._hopeless) >= tries(self._hopeless[-1]) * len(self.access.servers())

    @property
    def unknown(self) -> bool:
        """Whether a server says that it does not know who connects."""
        return self.hopeless and _is_refusal(self._hopeless[-1])

    def why(self) -> tuple[str, str]:
        """What was wrong, and what to do."""
        said = self._hopeless[-1] if self._hopeless else self.last
        return _why(said or TimeoutError(), self.access)


def tries(error: Exception) -> int:
    """How often that is met at each server before it is given up; 0 for what becomes better by itself."""
    if isinstance(error, InClearError) or certificate_fault(error, "", "") is not None:
        return 1
    # Whoever was let in a moment ago is not known to all servers yet.
    return 4 if _is_refusal(error) else 0


def _is_refusal(error: BaseException) -> bool:
    return isinstance(error, nats.errors.AuthorizationError) or "Authorization" in str(error)


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
    if _is_refusal(error):
        hint = "an account is known by its key: has the Mixer, or who owns the cluster, let this one in?"
        if access.name == JOINING:
            hint = "is the file in 'joining' of this Mixer? it is keys/joining.nk below its 'data'"
        return "Authorization Violation: the server does not know who connects", hint
    if isinstance(error, TimeoutError):
        return "no answer in time", _HINT
    return shown(str(error) or type(error).__name__, 300), _HINT
