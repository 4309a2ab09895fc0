"""A gear that is a program: one message a line on its standard input, one answer a line on its standard output."""

from __future__ import annotations

import errno
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any, Final

import msgspec

from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.gears.port import GearError, GearStepError
from pytest_fluxscenario.gears.wire import MOST_BYTES, Ask, encode, failed, read_reply
from pytest_fluxscenario.runtimes.kept import kept

_PIECE: Final = 1 << 16
#: What a gear is given to end by itself once nobody speaks to it any more, in seconds.
_FAREWELL: Final = 2.0
#: ... and who watches over it, to end what it has started.
_ENDING: Final = 5.0
_ERRORS_KEPT: Final = 2000


@dataclass
class StdioChannel:
    """A program that lives as long as the session, in a process group of its own."""

    name: str
    command: Sequence[str]
    #: Seconds for one answer.
    timeout: float
    begins: bool = True
    _process: subprocess.Popen[bytes] | None = None
    _errors: IO[bytes] | None = None
    _left: bytearray = field(default_factory=bytearray)
    _count: int = 0

    def ask(self, message: Ask) -> dict[str, Any]:
        """The ``ok`` of its answer.

        Raises GearError; after one that leaves the two out of step the program is ended.
        """
        process = self._live()
        self._count += 1
        numbered = msgspec.structs.replace(message, id=self._count)
        try:
            line = self._exchange(process, encode(numbered) + b"\n")
        except BaseException:
            # Ctrl-C, too: what comes next on its output would be the answer to another question.
            self._close(0.0)
            raise
        try:
            return read_reply(line, self.name, self._count)
        except GearStepError:
            self._close(0.0)
            raise

    def close(self) -> None:
        """End the program and all that it started."""
        self._close(_FAREWELL)

    def _close(self, farewell: float) -> None:
        process, self._process = self._process, None
        self._left.clear()
        if process is not None:
            _end(process, farewell)
        if self._errors is not None:
            self._errors.close()
            self._errors = None

    def _live(self) -> subprocess.Popen[bytes]:
        if self._process is not None:
            return self._process
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the program
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the command that the user named
                tied(self.command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            self.close()
            hint = "name a program that is there and may be executed"
            raise failed(self.name, f"cannot be started: {_why(error)}", hint) from error
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
        return self._process

    def _exchange(self, process: subprocess.Popen[bytes], data: bytes) -> bytes:
        """Send a line, and give the next one that comes back."""
        if process.stdin is None or process.stdout is None:
            raise failed(self.name, "has no pipes")
        source, sink = process.stdout.fileno(), process.stdin.fileno()
        if self._left or self._waits(source):
            raise self._too_much()
        view, until = memoryview(data), seconds() + self.timeout
        with selectors.DefaultSelector() as selector:
            selector.register(source, selectors.EVENT_READ)
            selector.register(sink, selectors.EVENT_WRITE)
            while True:
                ready = selector.select(max(0.0, until - seconds()))
                if not ready:
                    raise failed(self.name, f"did not answer within {self.timeout:g} s{self._said()}")
                for key, _ in ready:
                    if key.fd == sink:
                        view = self._write(sink, view)
                        if not view:
                            selector.unregister(sink)
                    elif self._heard(source):
                        if view:
                            raise self._too_much()
                        line, self._left = self._line()
                        return line

    def _waits(self, source: int) -> bool:
        """Whether something is there before anything was asked; the end of its output is told by the answer."""
        with suppress(BlockingIOError):
            self._left += os.read(source, _PIECE)
        return bool(self._left)

    def _too_much(self) -> GearError:
        return failed(self.name, "wrote more than one line for one message", "write one line for each message")

    def _write(self, sink: int, view: memoryview) -> memoryview:
        try:
            return view[os.write(sink, view[:_PIECE]) :]
        except OSError as error:
            raise failed(self.name, f"reads no more{self._said()}") from error

    def _heard(self, source: int) -> bool:
        """Whether a whole line is there."""
        with suppress(BlockingIOError):
            piece = os.read(source, _PIECE)
            if not piece:
                raise failed(self.name, f"ended without an answer{self._said()}")
            self._left += piece
            if len(self._left) > MOST_BYTES:
                raise failed(self.name, f"answered with more than {MOST_BYTES >> 20} MiB")
            return b"\n" in piece
        return False

    def _line(self) -> tuple[bytes, bytearray]:
        line, _, rest = self._left.partition(b"\n")
        return bytes(line), bytearray(rest)

    def _said(self) -> str:
        """The end of what it wrote to its standard error."""
        if self._errors is None:
            return ""
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - _ERRORS_KEPT))
        text = shown(self._errors.read().decode("utf-8", "replace").strip(), _ERRORS_KEPT)
        return f"; its standard error ends with: {text}" if text else ""


def _why(error: OSError | ValueError) -> str:
    return shown(getattr(error, "strerror", None) or error, 200)


def tied(command: Sequence[str]) -> list[str]:
    """What to start for ``command``: it ends with this process, also where that is killed, and all that it started.

    Raises OSError where there is no such program, ValueError for a name that no file can have.
    """
    program = shutil.which(command[0])
    if program is None:
        there = os.path.exists(command[0])
        raise (
            OSError(errno.EACCES, "it may not be executed")
            if there
            else OSError(errno.ENOENT, "there is no such program")
        )
    return kept((os.path.abspath(program), *command[1:]))


def _end(process: subprocess.Popen[bytes], farewell: float) -> None:
    """Close its input, and end what is still there after a while: the program, and whatever it has started."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(farewell)
    if process.poll() is None:
        # To who watches over it: it knows what the program has started.
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_ENDING)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
