"""The processes of one runtime, started and ended by a warden of their own (``warden.py``)."""

from __future__ import annotations

import marshal
import os
import socket
import subprocess
import sys
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.runtimes.leftovers import end_leftovers
from pytest_fluxscenario.runtimes.port import HookUnavailable
from pytest_fluxscenario.runtimes.warden import HEADER

#: Seconds that the end of a call's processes may take (faults.md: timeout + 0.5 s in all).
GRACE = 0.4
#: Seconds that a warden may need to come up, on a machine that is busy.
_STARTUP = 30.0


@dataclass(slots=True)
class Child:
    """One started command, and the ends of its pipes that are ours."""

    number: int
    stdin: int
    stdout: int
    stderr: int
    #: How it ended, as ``waitpid`` tells it; None while it runs, or where it was ended from here.
    status: int | None = None
    #: ``errno`` where it could not be started.
    refused: int = 0
    #: Nothing of it is left, its children included.
    over: bool = False
    #: Its warden has gone, so that nobody knows.
    lost: bool = False

    def close_stdin(self) -> None:
        """Nothing more will be said to it."""
        if self.stdin >= 0:
            os.close(self.stdin)
            self.stdin = -1

    def close(self) -> None:
        """Close what is open."""
        self.close_stdin()
        for descriptor in (self.stdout, self.stderr):
            if descriptor >= 0:
                os.close(descriptor)
        self.stdout = self.stderr = -1


@dataclass(slots=True)
class Tree:
    """Starts commands one at a time; all that they start is ended with them."""

    #: Removed when the tree is closed.
    folder: str
    #: Stands in the environment of every process here, so that they can be known when their warden was killed.
    token: str
    #: What an interpreter needs to start.
    environment: Mapping[str, str]
    _control: socket.socket | None = field(default=None, init=False)
    _warden: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _number: int = field(default=0, init=False)
    _read: bytearray = field(default_factory=bytearray, init=False)

    @property
    def descriptor(self) -> int:
        """Readable when there is news for ``listen``."""
        return -1 if self._control is None else self._control.fileno()

    def start(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: str, limits: Sequence[tuple[int, int]]
    ) -> Child:
        """Start a command; ``arguments[0]`` is a path. Raises HookUnavailable where no process can be started."""
        try:
            if self._control is None:
                self._begin()
            return self._start(arguments, environment, folder, limits)
        except OSError as error:
            self.close()
            why = shown(error.strerror or type(error).__name__)
            raise HookUnavailable.of("hook.process", Place(""), f"no process can be started: {why}") from error

    def listen(self, child: Child) -> None:
        """Take the news that have come, without waiting for any."""
        control = self._control
        if control is None:
            child.lost = True
            return
        try:
            data = control.recv(4096, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            child.lost = True
            return
        self._read += data
        while len(self._read) >= HEADER.size:
            kind, number, value = HEADER.unpack_from(self._read)
            del self._read[: HEADER.size]
            if number != child.number:
                continue
            if kind == b"X":
                child.status = value
            elif kind == b"F":
                child.refused = value
            elif kind == b"D":
                child.over = True

    def kill(self, child: Child) -> None:
        """Order the end of a child; ``listen`` tells when it has come."""
        if self._control is not None and not child.over:
            try:
                self._control.sendall(HEADER.pack(b"K", child.number, 0))
            except OSError:
                child.lost = True

    def end(self, child: Child, *, waited: bool = False) -> None:
        """End a child and all that it has started, and close its pipes; what was ``waited`` for is given up at once."""
        child.close()
        if self._control is None:
            # It was given up before, with all that the warden had started.
            return
        self.kill(child)
        deadline = seconds() + (0.0 if waited else GRACE)
        while not (child.over or child.lost):
            left = deadline - seconds()
            if left <= 0 or not _wait(self.descriptor, left):
                break
            self.listen(child)
        if not child.over:
            self.abandon()

    def abandon(self) -> None:
        """Give up a warden that does not answer, and end what can be found of its processes."""
        if self._warden is not None:
            # Before it learns that the session is gone: the folder stays.
            self._warden.kill()
            self._warden.wait()
            self._warden = None
        self._close_control()
        end_leftovers(self.token, GRACE)

    def close(self) -> None:
        """End everything, and remove the folder; may be called again."""
        self._close_control()
        warden, self._warden = self._warden, None
        if warden is None:
            return
        try:
            warden.wait(GRACE)
        except subprocess.TimeoutExpired:
            warden.kill()
            warden.wait()
        if warden.returncode:
            end_leftovers(self.token, GRACE)

    def _close_control(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        self._read.clear()

    def _begin(self) -> None:
        if self._warden is not None:
            self.abandon()
        ours, theirs = socket.socketpair()
        try:
            number = theirs.fileno()
            program = os.path.join(os.path.dirname(__file__), "warden.py")
            self._warden = subprocess.Popen(
                [sys.executable, "-I", "-S", program, str(number), self.folder],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**self.environment},
                pass_fds=(number,),
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self._control = ours
        ours.settimeout(_STARTUP)
        if not ours.recv(HEADER.size):
            raise ChildProcessError(10, "the process that would watch over it ends at once")
        ours.settimeout(None)

    def _start(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: str, limits: Sequence[tuple[int, int]]
    ) -> Child:
        control = self._control
        assert control is not None  # noqa: S101 - ``start`` has begun it
        ends: list[int] = []
        try:
            for _ in range(3):
                ends.extend(os.pipe())
            self._number += 1
            child = Child(self._number, ends[1], ends[2], ends[4])
            body = marshal.dumps((list(arguments), dict(environment), folder, list(limits)))
            header = HEADER.pack(b"S", self._number, len(body))
            theirs = [ends[0], ends[3], ends[5]]
            sent = control.sendmsg([header, body], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", theirs))])
            control.sendall((header + body)[sent:])
        except BaseException:
            for descriptor in ends:
                os.close(descriptor)
            raise
        for descriptor in theirs:
            os.close(descriptor)
        for descriptor in (child.stdin, child.stdout, child.stderr):
            os.set_blocking(descriptor, False)
        return child


def _wait(descriptor: int, left: float) -> bool:
    from select import POLLIN, poll

    waiting = poll()
    waiting.register(descriptor, POLLIN)
    return bool(waiting.poll(left * 1000))
