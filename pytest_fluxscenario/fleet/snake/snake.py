"""The Mixer's end of the Snake: a server of its own, or a cluster that is there already."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from pytest_fluxscenario.base.fs import make_folder, replace_file
from pytest_fluxscenario.fleet.configuration import split_address
from pytest_fluxscenario.fleet.messages.errors import UNKNOWN, SnakeError
from pytest_fluxscenario.fleet.messages.keys import Key
from pytest_fluxscenario.fleet.snake.access import Access
from pytest_fluxscenario.fleet.snake.config import SnakeConfig
from pytest_fluxscenario.fleet.snake.credentials import read_credentials
from pytest_fluxscenario.fleet.snake.nats_link import NatsTransport, connect
from pytest_fluxscenario.fleet.snake.permissions import MIXER, Accounts
from pytest_fluxscenario.fleet.snake.server import NatsServer, ServerSettings
from pytest_fluxscenario.fleet.snake.tls import client_context, own_context
from pytest_fluxscenario.fleet.snake.transport import Transport

_LOG: Final = logging.getLogger("fluxrig.mixer")
#: Seconds that a cluster of others is given to answer when a Mixer starts.
_FOREIGN: Final = 10.0


class Snake(Protocol):
    """What a Mixer needs of it."""

    @property
    def url(self) -> str:
        """Where racks find it."""
        ...

    async def open(self, accounts: Accounts) -> Transport:
        """The Mixer's connection. Raises SnakeError."""
        ...

    async def reload(self, accounts: Accounts) -> None:
        """Let others in, or no longer. Raises SnakeError, WriteError."""
        ...

    async def close(self) -> None:
        """End what was opened; may be called again."""
        ...


@dataclass(slots=True)
class OwnServer:
    """A NATS server that the Mixer starts, keeps running and ends."""

    config: SnakeConfig
    #: Below the Mixer's data.
    folder: str
    key: Key
    _server: NatsServer | None = None
    _link: NatsTransport | None = None

    @property
    def url(self) -> str:
        """Where it listens, once it is open."""
        return self._server.url if self._server is not None else ""

    async def open(self, accounts: Accounts) -> Transport:
        """Start the server, and connect. Raises SnakeError; UsageError for files of TLS that cannot be used."""
        config = self.config
        host, port = split_address(config.listen) or ("127.0.0.1", 4222)
        own = bool(config.tls_cert)
        if own:
            # Before the server says the same in words of its own, in its log.
            own_context(config.tls_cert, config.tls_key)
            client_context(config.tls_ca, "", "")
        settings = ServerSettings(self.folder, host, port, config.tls_cert, config.tls_key, config.tls_ca)
        self._server = NatsServer(settings, accounts)
        await self._server.start()
        await self._server.keep()
        access = Access(self._server.here, MIXER, self.key.seed, cert=config.tls_cert, key=config.tls_key, own=own)
        self._link = await connect(access)
        return self._link

    async def reload(self, accounts: Accounts) -> None:
        """Write the accounts anew, and have the server read them."""
        if self._server is not None:
            await self._server.reload(accounts)

    async def close(self) -> None:
        """End the connection, then the server."""
        link, self._link = self._link, None
        if link is not None:
            await link.close()
        server, self._server = self._server, None
        if server is not None:
            await server.stop()


@dataclass(slots=True)
class Cluster:
    """A server or cluster of others; who may do what there is theirs to say.

    What they would have to say is written into a file that their configuration can include.
    """

    config: SnakeConfig
    #: Below the Mixer's data.
    folder: str
    key: Key
    _written: bytes = b""
    _link: NatsTransport | None = field(default=None)

    @property
    def url(self) -> str:
        """As it was configured."""
        return self.config.url

    async def open(self, accounts: Accounts) -> Transport:
        """Connect. Raises SnakeError; UsageError for files that cannot be used; WriteError."""
        self._write(accounts)
        config = self.config
        access = Access(
            config.url,
            MIXER,
            self.key.seed,
            config.tls_ca,
            config.tls_cert,
            config.tls_key,
            read_credentials(config.credentials) if config.credentials else None,
        )
        try:
            self._link = await connect(access, _FOREIGN)
        except SnakeError as error:
            said = error.problems[0]
            if not config.credentials and said.code == UNKNOWN:
                hint = f"the cluster has to know its key: the accounts for its configuration are in {self._path}"
                raise SnakeError((replace(said, hint=hint),)) from None
            raise
        return self._link

    async def reload(self, accounts: Accounts) -> None:
        """Write down what the cluster should know, and say so where that has changed."""
        if self._write(accounts):
            _LOG.warning("who may connect has changed: give the cluster %s, and let it read it again", self._path)

    def _write(self, accounts: Accounts) -> bool:
        """Whether that was another file than before."""
        text = "users = " + json.dumps(accounts.users(own=False), indent=1) + "\n"
        before, self._written = self._written, text.encode()
        if before != self._written:
            make_folder(self.folder)
            replace_file(self._path, self._written)
        return before != self._written

    @property
    def _path(self) -> str:
        return os.path.join(self.folder, "accounts.conf")

    async def close(self) -> None:
        """End the connection."""
        link, self._link = self._link, None
        if link is not None:
            await link.close()


def make_snake(config: SnakeConfig, data: str, key: Key) -> Snake:
    """What the configuration asks for."""
    folder = os.path.join(data, "nats")
    return Cluster(config, folder, key) if config.url else OwnServer(config, folder, key)
