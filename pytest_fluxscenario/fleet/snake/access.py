"""Where a NATS server or cluster is, and how one connects to it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.snake.credentials import Credentials
from pytest_fluxscenario.fleet.snake.tls import client_context, own_context

_HINT: Final = "write it like nats://127.0.0.1:4222 or tls://mixer.example:4222"


@dataclass(frozen=True, slots=True)
class Access:
    """Where the server is, and who connects."""

    #: One server, or several of a cluster with commas between them.
    url: str
    #: Shown in the server's log, and the beginning of the subjects for answers.
    name: str
    #: Secret nkey; empty for a server that wants none.
    seed: str = field(default="", repr=False)
    #: File with the certificates of who may have signed the server's; empty for those of the system.
    ca: str = ""
    #: Files with the certificate that this side shows, and its key; empty for none.
    cert: str = ""
    key: str = ""
    #: Instead of ``seed``.
    credentials: Credentials | None = None
    #: The server is one that shows ``cert``, too: it is believed, whatever it is called.
    own: bool = False

    @property
    def encrypted(self) -> bool:
        """Whether nothing may be said without TLS."""
        return self.url.startswith("tls://")

    def servers(self) -> list[str]:
        """The addresses, each for itself."""
        return split_url(self.url)

    def context(self) -> ssl.SSLContext:
        """For TLS. Raises UsageError for files that cannot be used."""
        if self.own:
            return own_context(self.cert, self.key)
        return client_context(self.ca, self.cert, self.key)

    def who(self) -> Credentials:
        """What the server is shown."""
        return self.credentials or Credentials(self.seed)


def split_url(text: str) -> list[str]:
    """The addresses of a list with commas."""
    return [part.strip() for part in text.split(",")]


def url_fault(text: str) -> tuple[str, str] | None:
    """Why ``text`` cannot say where NATS is, and what to do; None where it can."""
    schemes = set()
    for url in split_url(text):
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.username is not None or parts.password is not None:
            return "an address of NATS holds no secret: it would be shown", "put it into a file: snake.credentials"
        rest = parts.path or parts.query or parts.fragment
        if parts.scheme not in ("nats", "tls") or not parts.hostname or rest or port == 0:
            return f"'{shown(url)}' is no address of NATS", _HINT
        schemes.add(parts.scheme)
    if len(schemes) > 1:
        return "some of the addresses are nats://, and others tls://", "all servers of a cluster are asked alike"
    return None
