"""One line to a child, and what it says, within bounds: it may say nothing, too much, or never listen."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from select import POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, poll
from typing import Final, Literal

from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.runtimes.process import GRACE, Child, Tree

#: faults.md, "Hooks".
LINE_BYTES: Final = 1 << 20
OUTPUT_BYTES: Final = 8 << 20
STDERR_BYTES: Final = 64 << 10
_CHUNK: Final = 1 << 16

#: ``line`` a whole line is there and the child goes on; ``ended`` it has ended by itself; the others: it was ended.
How = Literal["line", "ended", "timeout", "long_line", "much_output", "lost"]


@dataclass(slots=True)
class Heard:
    """What a child said."""

    how: How = "ended"
    out: bytearray = field(default_factory=bytearray)
    #: The last 64 KiB of its standard error.
    errors: bytearray = field(default_factory=bytearray)
    #: Whether a line has come to its end. Kept, as to look again for each byte of a long one takes for ever.
    whole_line: bool = False
    _total: int = 0
    #: Where the last line begins.
    _line: int = 0

    def take(self, data: bytes) -> How | None:
        """More of its standard output; tells where that is too much."""
        begin = len(self.out)
        self.out += data
        end = self.out.find(b"\n", begin)
        # A line that begins and ends in one piece is shorter than the limit, as every piece is.
        length = (len(self.out) if end < 0 else end) - self._line
        if end >= 0:
            self._line = self.out.rfind(b"\n", begin) + 1
            self.whole_line = True
        return "long_line" if length > LINE_BYTES else self._count(data)

    def take_errors(self, data: bytes) -> How | None:
        """More of its standard error; only the end of it is kept."""
        self.errors += data
        if len(self.errors) > 2 * STDERR_BYTES:
            del self.errors[:-STDERR_BYTES]
        return self._count(data)

    def _count(self, data: bytes) -> How | None:
        self._total += len(data)
        return "much_output" if self._total > OUTPUT_BYTES else None

    @property
    def error_text(self) -> str:
        """The end of its standard error as text, whatever its bytes are."""
        return bytes(self.errors[-STDERR_BYTES:]).decode("utf-8", "replace")


def talk(tree: Tree, child: Child, line: bytes, timeout: float, *, kept: bool = False) -> Heard:
    """Say ``line`` to the child and hear it out, for at most ``timeout`` seconds and the time that its end takes.

    A child that is not ``kept`` gets an end of file behind the line, is heard until it ends, and is over afterwards,
    with everything that it started; so is a kept one unless it answers with a line.
    """
    exchange = _Exchange(tree, child, line, seconds() + timeout, kept)
    try:
        exchange.run()
    except BaseException:
        tree.end(child)
        raise
    if exchange.heard.how != "line":
        tree.end(child, waited=exchange.late)
    return exchange.heard


class _Exchange:
    def __init__(self, tree: Tree, child: Child, line: bytes, deadline: float, kept: bool) -> None:
        self.heard = Heard()
        self._tree, self._child, self._kept = tree, child, kept
        self._left = memoryview(line + b"\n")
        self._deadline = deadline
        #: Set when its end was waited for in vain.
        self.late = False
        #: Set when the child is being ended.
        self._why: How | None = None
        self._poll = poll()
        self._open = {child.stdout, child.stderr}

    def run(self) -> None:
        child, tree = self._child, self._tree
        for descriptor in (child.stdout, child.stderr, tree.descriptor):
            self._poll.register(descriptor, POLLIN)
        self._write()
        if child.stdin >= 0 and self._left:
            self._poll.register(child.stdin, POLLOUT)
        while not (child.over or child.lost):
            left = self._deadline - seconds()
            if left <= 0:
                if self._why is not None or child.status is not None:
                    # Its processes do not end; the tree is given up.
                    self.late = True
                    break
                self._stop("timeout")
                continue
            for descriptor, event in self._poll.poll(left * 1000 + 1):
                self._event(descriptor, event)
            if self._answered():
                self.heard.how = "line"
                return
        self._rest()
        if self._why is not None:
            self.heard.how = self._why
        elif child.lost or (child.status is None and not child.refused):
            self.heard.how = "lost"

    def _event(self, descriptor: int, event: int) -> None:
        child = self._child
        if descriptor == self._tree.descriptor:
            running = child.status is None
            self._tree.listen(child)
            if running and child.status is not None:
                # What it left behind is being ended, which has its own time.
                self._deadline = seconds() + GRACE
        elif descriptor == child.stdin:
            if event & (POLLERR | POLLHUP | POLLNVAL):
                self._deaf()
            else:
                self._write()
        elif descriptor in self._open:
            self._hear(descriptor)

    def _write(self) -> None:
        """Say what can be said without waiting."""
        try:
            while self._left:
                self._left = self._left[os.write(self._child.stdin, self._left) :]
        except BlockingIOError:
            return
        except OSError:
            self._deaf()
            return
        if not self._kept:
            self._deaf()
        else:
            self._unregister(self._child.stdin)

    def _deaf(self) -> None:
        """It hears no more, by its own choice or because all is said."""
        self._left = self._left[:0]
        self._unregister(self._child.stdin)
        self._child.close_stdin()

    def _unregister(self, descriptor: int) -> None:
        with suppress(KeyError, ValueError):
            self._poll.unregister(descriptor)

    def _hear(self, descriptor: int) -> bool:
        """Take one piece of what it says; whether there was any."""
        try:
            data = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._open.discard(descriptor)
            self._unregister(descriptor)
            return False
        take = self.heard.take if descriptor == self._child.stdout else self.heard.take_errors
        why = None if self._why is not None else take(data)
        if why is not None:
            self._stop(why)
        return True

    def _stop(self, why: How) -> None:
        self._why = why
        self._deadline = seconds() + GRACE
        self._tree.kill(self._child)

    def _answered(self) -> bool:
        return self._kept and self._why is None and self._child.status is None and self.heard.whole_line

    def _rest(self) -> None:
        """What stands in the pipes when nobody is left to write more."""
        for descriptor in tuple(self._open):
            while self._why is None and self._hear(descriptor):
                pass
