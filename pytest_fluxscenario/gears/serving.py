"""The other side: a control of one's own, served as a gear (docs/gears.md).

``make`` gives a control for each run that begins. Everything else is here: reading messages, keeping runs apart, and
answering each message with a line, whatever happens.
"""

from __future__ import annotations

import hmac
import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import IO, Any, Final

import msgspec
from msgspec import UNSET

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.control.port import Control
from pytest_fluxscenario.gears.port import About
from pytest_fluxscenario.gears.wire import MOST_BYTES, PROTOCOL, Ask, Hello, Reply, encode
from pytest_fluxscenario.model.request import Given
from pytest_fluxscenario.model.shapes import decode

#: Runs that are kept: a client that never says that one has ended must not fill the memory.
_MOST_RUNS: Final = 10_000


@dataclass(slots=True)
class Faults:
    """The faults of the message that is being answered: hook id to fault."""

    current: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Opening:
    """What a run begins with, as ``make`` is told; where nobody said ``begin``, ``ask`` names nothing but the run."""

    ask: Ask
    faults: Faults


@dataclass
class Desk:
    """Answers messages; one at a time, so that a control need not be safe for threads."""

    about: About
    make: Callable[[Opening], Control]
    _runs: OrderedDict[str, tuple[Control, Faults]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def answer(self, data: bytes) -> bytes:
        """The answer to one message, as JSON; whatever the message is and whatever the control raises."""
        if len(data) > MOST_BYTES:
            return encode(Reply(error=f"the message is larger than {MOST_BYTES >> 20} MiB"))
        try:
            message = decode(Ask, data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return encode(Reply(error=f"no message of {PROTOCOL}: {shown(error, 300)}"))
        return encode(self.reply(message))

    def reply(self, message: Ask) -> Reply:
        """The answer to one message."""
        return msgspec.structs.replace(self._reply(message), id=message.id)

    def _reply(self, message: Ask) -> Reply:
        if message.protocol != PROTOCOL:
            return Reply(error=f"speaks '{shown(message.protocol, 80)}', and {PROTOCOL} is spoken here")
        with self._lock:
            try:
                return Reply(ok=self._do(message))
            except FluxError as error:
                return Reply(error=str(error))
            except Exception as error:  # noqa: BLE001 - a control may raise anything, and the client must hear of it
                return Reply(error=f"{type(error).__name__}: {shown(error, 1000)}")

    def _do(self, message: Ask) -> dict[str, Any]:
        if message.op == "hello":
            about = self.about
            hello = Hello(about.name, about.version, PROTOCOL, tuple(sorted(about.features)))
            return dict(msgspec.to_builtins(hello))
        if message.op == "decide":
            if message.request is UNSET:
                raise ValueError("'decide' has no request")
            control, faults = self._run(message.request.run_id or "")
            faults.current = {} if message.faults is UNSET else message.faults
            try:
                return dict(msgspec.to_builtins(control.decide(message.request)))
            finally:
                faults.current = {}
        if message.run_id is UNSET:
            raise ValueError(f"'{message.op}' names no run")
        if message.op == "begin":
            self._runs.pop(message.run_id, None)
            control, _ = self._open(message.run_id, message)
            control.begin(message.run_id, Given() if message.given is UNSET else message.given)
        elif message.op == "approve":
            if message.approval is UNSET:
                raise ValueError("'approve' has no approval")
            self._run(message.run_id)[0].approve(message.run_id, message.approval)
        else:
            self._runs.pop(message.run_id, None)
        return {}

    def _run(self, run_id: str) -> tuple[Control, Faults]:
        return self._runs.get(run_id) or self._open(run_id, Ask("begin", run_id=run_id))

    def _open(self, run_id: str, message: Ask) -> tuple[Control, Faults]:
        faults = Faults()
        control = self.make(Opening(message, faults))
        self._runs[run_id] = control, faults
        while len(self._runs) > _MOST_RUNS:
            self._runs.popitem(last=False)
        return control, faults


def serve_stdio(desk: Desk, source: IO[bytes] | None = None, sink: IO[bytes] | None = None) -> None:
    """Answer each line of standard input with a line on standard output, until it ends.

    Nothing else may be written to standard output meanwhile.
    """
    reading, writing = source or sys.stdin.buffer, sink or sys.stdout.buffer
    while line := reading.readline(MOST_BYTES + 2):
        writing.write(desk.answer(line.rstrip(b"\n")) + b"\n")
        writing.flush()
        while not line.endswith(b"\n") and len(line) > MOST_BYTES:
            # The rest of a line that is too long was answered with the line.
            line = reading.readline(MOST_BYTES)


class GearServer(ThreadingHTTPServer):
    """Answers each POST on any path; ``token``, where there is one, must come as a bearer token."""

    daemon_threads = True

    def __init__(self, desk: Desk, address: tuple[str, int], token: str | None = None) -> None:
        """Bind the address; port 0 takes a free one. Raises OSError."""
        super().__init__(address, _Handler)
        self.desk, self.token = desk, token


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60.0
    #: Small answers are not held back for more of them.
    disable_nagle_algorithm = True
    server: GearServer

    def do_POST(self) -> None:
        """One message."""
        token = self.server.token
        said = self.headers.get("Authorization", "")
        length = self.headers.get("Content-Length", "")
        if token is not None and not hmac.compare_digest(said.encode(), f"Bearer {token}".encode()):
            return self._send(401, encode(Reply(error="a bearer token is wanted")))
        if self.headers.get_content_type() != "application/json":
            # A web page may send a form or plain text anywhere; it may not send this.
            return self._send(415, encode(Reply(error="the content type is not application/json")))
        if not (length.isascii() and length.isdigit() and len(length) < 12):
            return self._send(411, encode(Reply(error="the length of the body is not said")))
        if int(length) > MOST_BYTES:
            return self._send(413, encode(Reply(error=f"the message is larger than {MOST_BYTES >> 20} MiB")))
        return self._send(200, self.server.desk.answer(self.rfile.read(int(length))))

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status != 200:
            # A body that was not read would be taken for the next request.
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Nothing: the client says what went wrong."""
