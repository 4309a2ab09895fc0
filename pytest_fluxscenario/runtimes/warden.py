"""The process between a session and the hooks of one pack: starts them, holds them to limits, ends all they started.

A program of its own (``python -I -S warden.py DESCRIPTOR FOLDER``) that imports nothing of this package. It may limit
itself, and so all that it starts, and can become the parent of whatever its hooks leave behind
(PR_SET_CHILD_SUBREAPER) without touching the session's process. When the session ends, however it ends, so does the
descriptor: the warden kills what is left, removes the folder, and goes.

``warden.py keep PARENT PROGRAM ARGUMENT…`` watches over one program instead, which has the standard streams for itself:
when that ends, on SIGTERM, and when whoever started it does, nothing that it has started is left.

A message is a header (kind, number of the call, length) and a body. To the warden: ``S`` start, with stdin, stdout and
stderr as descriptors, and ``K`` end that call. From it: ``R`` ready, ``F`` not started (errno), ``X`` the first process
has ended (wait status), ``D`` nothing of the call is left.
"""

from __future__ import annotations

import marshal
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
from array import array
from collections.abc import Callable
from contextlib import suppress

HEADER = struct.Struct("!cIi")
_SPACE = socket.CMSG_SPACE(3 * array("i").itemsize)
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 36, 38
#: Seconds after which a warden that cannot end its hooks gives up: another user's process, or one stuck in the kernel.
_PATIENCE = 10.0
_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE)


class _Gone(Exception):  # noqa: N818 - not an error: the session has ended
    """The session has closed its end."""


def _prctl() -> Callable[..., int]:
    """The system call of that name; does nothing where there is none."""
    try:
        from ctypes import CDLL

        function: Callable[..., int] = CDLL(None).prctl
    except (ImportError, OSError, AttributeError):
        return lambda *_: -1
    return function


class Warden:
    """Serves one session."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._prctl = _prctl()
        self._prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        # Inherited: a program that runs as another user could not be ended.
        self._prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        os.umask(0o077)
        for number in _IGNORED:
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._woken, wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        #: The first process of the call that is under way; 0 where there is none.
        self._leader = 0
        self._number = 0

    def serve(self) -> None:
        """Until the session closes its end."""
        self._say(b"R", 0)
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        try:
            while True:
                ready = [descriptor for descriptor, _ in poll.poll()]
                if self._woken in ready:
                    os.read(self._woken, 4096)
                if self._leader:
                    self._look()
                if self._control.fileno() in ready:
                    self._obey()
        except (_Gone, BrokenPipeError, ConnectionResetError):
            pass
        finally:
            self._end()

    def _obey(self) -> None:
        kind, number, body, descriptors = self._receive()
        if kind == b"S":
            self._number = number
            self._start(body, descriptors)
        elif number == self._number and self._leader:
            self._end()
            self._say(b"D", 0)

    def _receive(self) -> tuple[bytes, int, bytes, list[int]]:
        data, ancillary, _, _ = self._control.recvmsg(HEADER.size, _SPACE, getattr(socket, "MSG_CMSG_CLOEXEC", 0))
        descriptors = array("i")
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
        data += self._exactly(HEADER.size - len(data)) if data else b""
        if not data:
            raise _Gone
        word, number, length = HEADER.unpack(data)
        return word, number, self._exactly(length), list(descriptors)

    def _exactly(self, length: int) -> bytes:
        pieces: list[bytes] = []
        while length:
            piece = self._control.recv(length)
            if not piece:
                raise _Gone
            pieces.append(piece)
            length -= len(piece)
        return b"".join(pieces)

    def _say(self, kind: bytes, value: int) -> None:
        self._control.sendall(HEADER.pack(kind, self._number, value))

    def _start(self, body: bytes, descriptors: list[int]) -> None:
        """Start the first process of a call; what may fail is said, whatever it is."""
        arguments, environment, folder, limits = marshal.loads(body)  # noqa: S302 - only the session can write here  # nosec B302
        try:
            os.chdir(folder)
            for kind, most in limits:
                if kind != resource.RLIMIT_CPU:
                    _bound(0, kind, most)
            self._leader = os.posix_spawn(
                arguments[0],
                arguments,
                environment,
                file_actions=[(os.POSIX_SPAWN_DUP2, given, target) for target, given in enumerate(descriptors)],
                setsid=True,
                setsigmask=(),
                setsigdef=(*_IGNORED, signal.SIGXFSZ),
            )
            for kind, most in limits:
                if kind == resource.RLIMIT_CPU:
                    # It counts what this process has used, too, if this one has the limit.
                    _bound(self._leader, kind, most)
        except OSError as error:
            self._end()
            self._say(b"F", error.errno or 1)
            self._say(b"D", 0)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _look(self) -> None:
        """Say so where the first process has ended, and end what it left behind."""
        if os.waitid(os.P_PID, self._leader, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return
        # Its number names its group as long as nobody has waited for it.
        _kill(-self._leader)
        _, status = os.waitpid(self._leader, 0)
        self._leader = 0
        self._say(b"X", status)
        self._end()
        self._say(b"D", 0)

    def _end(self) -> None:
        """End every process below this one: orphans become its children, so that none is out of reach."""
        if self._leader:
            _kill(-self._leader)
            _kill(self._leader)
            self._leader = 0
        _end_children()


def _end_children() -> None:
    deadline, pause = time.monotonic() + _PATIENCE, 0.0002
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG)[0]:
                continue
        except ChildProcessError:
            return
        for child in _children():
            _kill(child)
        time.sleep(pause)
        pause = min(2 * pause, 0.01)


def keep(parent: int, program: list[str]) -> int:
    """Run a program until it ends, SIGTERM comes or ``parent`` is gone; gives its exit status, as a shell would."""
    prctl = _prctl()
    prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    watched = {signal.SIGTERM, signal.SIGCHLD}
    # What is ignored some systems do not keep for whoever waits for it; what is started does not inherit this.
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    # It may have died before the kernel was asked.
    if os.getppid() != parent:
        return 1
    leader = os.fork()
    if not leader:
        _become(prctl, program, watched)
    # The ends of its pipes are its own: whoever speaks to it sees when it closes them.
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    status = int(signal.SIGKILL)
    while signal.sigwait(watched) == signal.SIGCHLD:
        # Of those that it has left behind, too.
        ended = {}
        with suppress(ChildProcessError):
            while (one := os.waitpid(-1, os.WNOHANG))[0]:
                ended[one[0]] = one[1]
        if leader in ended:
            status = ended[leader]
            break
    _end_children()
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _become(prctl: Callable[..., int], program: list[str], blocked: set[signal.Signals]) -> None:
    """In the child: be the program, which ends with the process that watches over it."""
    prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, blocked)
    try:
        os.execv(program[0], program)  # noqa: S606 - both come from whoever starts it  # nosec B606
    except OSError as error:
        os.write(2, f"cannot be started: {error.strerror}\n".encode())
    os._exit(127)


def _bound(process: int, kind: int, most: int) -> None:
    """Limit a process, 0 for this one; children inherit it, and nobody can raise it again."""
    hard = resource.getrlimit(kind)[1]
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    if process == 0:
        resource.setrlimit(kind, (bound, bound))
    elif hasattr(resource, "prlimit"):
        resource.prlimit(process, kind, (bound, bound))


def _kill(number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        (os.kill if number > 0 else _kill_group)(number, signal.SIGKILL)


def _kill_group(number: int, signal_number: int) -> None:
    os.killpg(-number, signal_number)


def _children() -> list[int]:
    """The processes whose parent this one is."""
    own, found = os.getpid(), list[int]()
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    for name in names:
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                # pid (any name, which may hold brackets) state parent …
                parent = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        if parent == own:
            found.append(int(name))
    return found


def main(descriptor: int, folder: str) -> None:
    """Serve the session at the other end of ``descriptor``; ``folder`` is removed in the end."""
    os.set_inheritable(descriptor, False)
    try:
        Warden(socket.socket(fileno=descriptor)).serve()
    finally:
        if folder:
            from shutil import rmtree

            rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    if sys.argv[1] == "keep":
        sys.exit(keep(int(sys.argv[2]), sys.argv[3:]))
    main(int(sys.argv[1]), sys.argv[2])
