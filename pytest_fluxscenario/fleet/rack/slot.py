"""One place of a rack where scenarios run, one after the other, in a thread of its own.

The kernel ends what hooks have started when the thread that started it ends (``runtimes``), so that it is always the
same one. A scenario that does not come to an end keeps its thread; the rack goes on with another slot.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from msgspec import structs

from pytest_fluxscenario.base.errors import DamageError, FluxError, StoreError
from pytest_fluxscenario.base.text import shown, shown_lines
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.writing import write_blob
from pytest_fluxscenario.fleet.messages.message import Evidence, Work
from pytest_fluxscenario.gears.choosing import Offered
from pytest_fluxscenario.gears.settings import GearSettings
from pytest_fluxscenario.remote.bench import Bench
from pytest_fluxscenario.remote.content import bring, contents
from pytest_fluxscenario.runtimes.code import HookSettings
from pytest_fluxscenario.runtimes.make import Runtimes

if TYPE_CHECKING:
    from pytest_fluxscenario.telemetry.provider import Telemetry

#: Gives content by its hash.
Fetch = Callable[[str], bytes]
_Job = tuple[Sequence[Work], str, str, Callable[[Work], Fetch], list[Evidence], Callable[[], None]]


@dataclass(slots=True)
class Slot:
    """Begins with its first scenario."""

    rack: str
    blobs: Blobs
    hook_env: tuple[str, ...] = ()
    redact_env: tuple[str, ...] = ()
    #: What it runs scenarios against beside the engine, by name, as the environment of this machine has it.
    gears: Callable[[Mapping[str, str]], Mapping[str, GearSettings]] = lambda _: {}
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    #: What the rack exports; None for nothing.
    telemetry: Telemetry | None = None
    #: What runs here does not come to an end.
    stuck: bool = False
    #: Packs and specs that are known to be among the blobs.
    _whole: set[str] = field(default_factory=set, init=False)
    _jobs: queue.SimpleQueue[_Job | None] = field(default_factory=queue.SimpleQueue, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    async def run(
        self,
        works: Sequence[Work],
        fetching: Callable[[Work], Fetch],
        run: str = "",
        trace: str = "",
        said: list[Evidence] | None = None,
    ) -> list[Evidence]:
        """What came of scenarios of ``run``, one after the other, that are run for what ``trace`` names.

        ``fetching`` makes what gives the content of one of them; it is called in the slot's thread. What comes is added
        to ``said`` as it comes.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        said = [] if said is None else said

        def ended() -> None:
            if not future.done():
                future.set_result(None)

        def tell() -> None:
            # The loop may be gone when a scenario ends that nobody waits for any more.
            if not loop.is_closed():
                loop.call_soon_threadsafe(ended)

        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="slot", daemon=True)
            self._thread.start()
        self._jobs.put((works, run, trace, fetching, said, tell))
        await future
        return said

    def close(self) -> None:
        """End when what is under way has ended."""
        if self._thread is not None:
            self._jobs.put(None)

    def join(self, wait: float) -> None:
        """Wait until it has ended."""
        if self._thread is not None:
            self._thread.join(wait)

    def _serve(self) -> None:
        runtimes = Runtimes(HookSettings.of(self.environ, self.hook_env))
        # Its own: a gear answers one scenario at a time, and ends with the thread that started it.
        gears = Offered(self.gears(self.environ))
        bench = Bench(self.blobs, self.rack, self.redact_env, self.environ, runtimes, self.telemetry, gears)
        before = ""
        try:
            while (job := self._jobs.get()) is not None:
                works, run, trace, fetching, said, tell = job
                for work in works:
                    if self.stuck:
                        # Nobody waits for the rest: another slot has it.
                        break
                    said.append(self._one(bench, work, trace, fetching(work), begins=run != before))
                    before = run
                tell()
        finally:
            bench.close()

    def _one(self, bench: Bench, work: Work, trace: str, fetch: Fetch, *, begins: bool) -> Evidence:
        case = work.case
        said = Evidence(rack=self.rack, item=case.item, attempt=work.attempt, outcome="refused", gear=case.gear)
        try:
            if begins:
                # Another run than before: as a session does, each begins with hooks and gears of its own.
                bench.afresh()
            bring(work.case, self.blobs, fetch, self._whole, work.document)
            try:
                done = bench.run(work.case, work.settings, work.earlier, work.document, trace)
            except (DamageError, StoreError):
                self._repair(work, fetch)
                done = bench.run(work.case, work.settings, work.earlier, trace=trace)
        except FluxError as error:
            return structs.replace(said, reason=shown_lines(str(error))[:4000])
        except Exception as error:  # noqa: BLE001 - whatever it is, the scenario is accounted for, and the rack goes on
            return structs.replace(said, reason=f"the rack raised {type(error).__name__}: {shown(str(error), 1000)}")
        if done.missing:
            return structs.replace(said, outcome="missing", reason=done.missing, done=done)
        return structs.replace(said, outcome="ran", done=done)

    def _repair(self, work: Work, fetch: Fetch) -> None:
        """What the rack has kept is damaged: it is given again."""
        # The pack first: a tree says what else there is.
        for digest in chain((work.case.pack.hash,), contents(work.case, self.blobs)):
            if not self.blobs.holds(digest):
                write_blob(self.blobs, fetch(digest))
