"""The connections of the API, which are bounded: who shows the token has a place, and strangers share a few.

A stranger is a connection on which no request with the token has come yet. Where all their places are taken, the one
that came first ends, of the address that holds most of them: who speaks at once always gets to speak. Of those with the
token an idle one makes room; where none is idle, the next is asked to come again. They are counted when they are
accepted, so that one that never ends its TLS handshake counts too.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import resource
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Self

from pytest_fluxscenario.base.clock import seconds

_LOG: Final = logging.getLogger("fluxrig.mixer")
#: Where the scope of a request keeps the connection that it came on.
CONNECTION: Final = "fluxrig.connection"
#: Descriptors for all that is no connection of the API: database, Snake, content, evidence, log.
_OTHERS: Final = 128
#: Connections that were ended and are not closed yet; then no more are accepted for a moment.
_ENDING: Final = 64
_LEAST: Final = 16
_MOST_STRANGERS: Final = 1024
#: Seconds between two lines that say the same.
_SAY: Final = 60.0


def strangers_of(most: int) -> int:
    """Places for connections without the token, beside ``most`` with it."""
    return min(_MOST_STRANGERS, max(_LEAST, most // 8))


def descriptors_of(most: int) -> int:
    """Descriptors that a Mixer with so many connections may need."""
    return most + strangers_of(most) + _ENDING + _OTHERS


def allow_descriptors(most: int) -> None:
    """Raise the limit of this process as far as so many connections need, and as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = descriptors_of(most) if hard == resource.RLIM_INFINITY else min(descriptors_of(most), hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def fitting(most: int) -> int:
    """As many connections as the limit of descriptors leaves, at most ``most``; says so where they are fewer."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY or descriptors_of(most) <= limit:
        return most
    fewer = max(_LEAST, (limit - _ENDING - _OTHERS) * 8 // 9)
    said = (
        "this process may open %d files, so %d connections are let in, and not the %d of 'connections' (ulimit -n %d)"
    )
    _LOG.warning(said, limit, fewer, most, descriptors_of(most))
    return fewer


class Connection(socket.socket):
    """One that was accepted."""

    address: str = ""
    #: How many of its requests are being answered.
    asked: int = 0
    left: Callable[[Connection], None] | None = None

    def close(self) -> None:
        """Give its number back."""
        left, self.left = self.left, None
        if left is not None:
            left(self)
        super().close()


@dataclass(slots=True)
class Connections:
    """All that are open. They are told apart by their descriptors."""

    #: With the token.
    most: int = 1024
    _strangers: dict[int, Connection] = field(default_factory=dict)
    #: Of those with the token, which waits for its next request; the one that waits longest is the first.
    _idle: dict[int, Connection] = field(default_factory=dict)
    _busy: dict[int, Connection] = field(default_factory=dict)
    #: Ended here, and not closed yet.
    _ending: dict[int, Connection] = field(default_factory=dict)
    _told: dict[str, float] = field(default_factory=dict)

    @property
    def open(self) -> int:
        """How many descriptors they hold."""
        return len(self._strangers) + len(self._idle) + len(self._busy) + len(self._ending)

    @property
    def is_behind(self) -> bool:
        """Whether those that were ended have to be closed before others come."""
        return len(self._ending) >= _ENDING

    def come(self, connection: Connection) -> None:
        """One was accepted."""
        if len(self._strangers) >= strangers_of(self.most):
            said = "more than %d connections without the token at a time: those that say nothing are ended"
            self._say(said, strangers_of(self.most))
            self._end(self._strangers, self._crowd())
        connection.left = self._gone
        self._strangers[connection.fileno()] = connection

    def find(self, descriptor: int) -> Connection | None:
        """The connection with that descriptor, unless it was ended."""
        for place in (self._strangers, self._idle, self._busy):
            if descriptor in place:
                return place[descriptor]
        return None

    def begin(self, connection: Connection) -> bool:
        """A request with the token has come on it; False where no place is left."""
        number = connection.fileno()
        if number in self._strangers and len(self._idle) + len(self._busy) >= self.most and not self._idle:
            self._say("all %d connections of 'connections' are in use: others are asked to come again", self.most)
            return False
        if number in self._strangers:
            if len(self._idle) + len(self._busy) >= self.most:
                self._end(self._idle, next(iter(self._idle)))
            del self._strangers[number]
        elif number not in self._idle and number not in self._busy:
            # It has ended meanwhile: nobody hears the answer.
            return True
        self._idle.pop(number, None)
        self._busy[number] = connection
        connection.asked += 1
        return True

    def done(self, connection: Connection) -> None:
        """A request that was begun was answered."""
        connection.asked -= 1
        number = connection.fileno()
        if connection.asked <= 0 and self._busy.pop(number, None) is not None:
            self._idle[number] = connection

    def spare(self) -> bool:
        """End one that nobody would miss; False where there is none."""
        if self._strangers:
            self._end(self._strangers, self._crowd())
        elif self._idle:
            self._end(self._idle, next(iter(self._idle)))
        else:
            return False
        return True

    def is_short(self) -> None:
        """Say that the system gives no more descriptors."""
        self._say(
            "no more files can be opened: connections wait, or are ended (ulimit -n %d)", descriptors_of(self.most)
        )

    def _crowd(self) -> int:
        """The first stranger of the address that has most of them."""
        many = Counter(one.address for one in self._strangers.values()).most_common(1)[0][0]
        return next(number for number, one in self._strangers.items() if one.address == many)

    def _end(self, place: dict[int, Connection], number: int) -> None:
        self._ending[number] = connection = place.pop(number)
        # The other side may have been faster.
        with contextlib.suppress(OSError):
            # Whoever reads from it is told that it ended, and closes it.
            connection.shutdown(socket.SHUT_RDWR)

    def _gone(self, connection: Connection) -> None:
        number = connection.fileno()
        for place in (self._strangers, self._idle, self._busy, self._ending):
            if place.get(number) is connection:
                del place[number]

    def _say(self, text: str, number: int) -> None:
        """The same at most once a minute."""
        now = seconds()
        if now - self._told.get(text, -_SAY) >= _SAY:
            self._told[text] = now
            _LOG.warning(text, number)


class Listening(socket.socket):
    """What accepts them."""

    connections: Connections
    #: Held so that one can be taken, and ended, where no descriptor is left: what waits would be asked for without end.
    _held: int = -1

    @classmethod
    def of(cls, listening: socket.socket, connections: Connections) -> Self:
        """In place of ``listening``, which is given up."""
        made = cls(listening.family, listening.type, listening.proto, fileno=listening.detach())
        made.connections = connections
        made._hold()
        return made

    def accept(self) -> tuple[socket.socket, Any]:
        """The next one, counted. Raises BlockingIOError also where none is to be accepted now, and OSError."""
        if self.connections.is_behind:
            raise BlockingIOError
        try:
            accepted, address = super().accept()
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE) or not self._relieved():
                raise
            raise BlockingIOError from None
        connection = Connection(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        connection.address = str(address[0])
        self.connections.come(connection)
        return connection, address

    def close(self) -> None:
        """Listen no more."""
        if self._held >= 0:
            os.close(self._held)
            self._held = -1
        super().close()

    def _relieved(self) -> bool:
        self.connections.is_short()
        if self.connections.spare():
            return True
        if self._held < 0:
            return False
        os.close(self._held)
        self._held = -1
        # Somebody else may have been faster.
        with contextlib.suppress(OSError):
            super().accept()[0].close()
        self._hold()
        return True

    def _hold(self) -> None:
        try:
            self._held = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._held = -1
