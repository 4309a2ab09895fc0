"""What the Mixer does for whoever asks, by REST or on its page: racks, what is filed, runs."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_fluxscenario.base.canonical import canonical_ref
from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.names import parse_ref
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.index import Kind, Resolved
from pytest_fluxscenario.cas.store import Store, open_store
from pytest_fluxscenario.fleet.mixer.content import Content
from pytest_fluxscenario.fleet.mixer.refusal import Conflict, NotThere, Refused, refused
from pytest_fluxscenario.fleet.mixer.registry import Registry, Standing
from pytest_fluxscenario.fleet.mixer.runs.evidence import RunEvidence
from pytest_fluxscenario.fleet.mixer.runs.runs import Runs
from pytest_fluxscenario.fleet.mixer.startup import STORE_HINT, Startup
from pytest_fluxscenario.remote.api import Again, Filed, Health, RackInfo, RefSubmission, RunInfo, Submission
from pytest_fluxscenario.telemetry import words
from pytest_fluxscenario.telemetry.spans import Value, span

if TYPE_CHECKING:
    from pytest_fluxscenario.telemetry.provider import Telemetry

_KEY = re.compile(r"[!-~]{1,255}")
#: What a verb does to a rack: the standing that it gives, and those in which it means anything.
VERBS: dict[str, tuple[Standing, tuple[Standing, ...]]] = {
    "approve": ("active", ("pending", "active")),
    "suspend": ("suspended", ("active", "suspended")),
    "activate": ("active", ("suspended", "active")),
}


@dataclass(slots=True)
class Service:
    """The parts of a Mixer that answer. Methods raise Refused, DatabaseError, SnakeError."""

    registry: Registry
    runs: Runs
    content: Content
    evidence: RunEvidence
    startup: Startup
    #: Name and version of this package.
    tool: str
    #: Whether the link to the racks is up.
    connected: Callable[[], bool]
    #: Called when a rack was let in, suspended or forgotten: with its name and the verb.
    changed: Callable[[str, str], Awaitable[None]]
    #: Called when a run was cancelled.
    cancelled: Callable[[RunInfo], Awaitable[None]]
    #: What the Mixer exports; None for nothing.
    telemetry: Telemetry | None = None

    def health(self) -> Health:
        """Whether the Mixer can do its work."""
        up = self.connected()
        counts, running = self.registry.counts(), self.runs.table.running
        return Health("ok" if up else "degraded", self.tool, up, counts, running, self.startup.text)

    async def tell_rack(self, name: str, verb: str) -> RackInfo:
        """Approve, suspend or activate a rack."""
        standing, only = VERBS[verb]
        await self.registry.stand(name, standing, only)
        await self.changed(name, verb)
        return self.registry.info(name)

    async def remove_rack(self, name: str) -> None:
        """Forget a rack."""
        await self.registry.remove(name)
        await self.changed(name, "remove")

    def filed(self, kind: Kind) -> list[Filed]:
        """The versions that the store has now. Raises StoreError, DamageError."""
        store = self._store()
        if store is None:
            return []
        found: list[Filed] = []
        for name, tags in sorted(store.index.names.get(kind, {}).items()):
            ordered = list(store.index.tags(kind, name))
            found.extend(Filed(name, tag, f"sha256:{tags[tag]}", tag == ordered[-1]) for tag in ordered)
        return found

    async def submit(self, run: str, submission: Submission, trace: str = "") -> RunInfo:
        """Begin a run of what was sent, for what ``trace`` names. Raises Refused also for another version."""
        if submission.tool != self.tool:
            message = f"this is {shown(submission.tool, 80)}, and the Mixer is {self.tool}"
            raise refused(Conflict, "run.version", message, "install the same version on all machines")
        return await self._submit(run, submission, "", trace)

    async def again(self, run: str, again: Again, trace: str = "") -> RunInfo:
        """Run a scenario of a run once more."""
        about: dict[str, Value] = {words.RUN: run, words.ATTEMPT: again.attempt, words.ITEMS: 1}
        with span(self.telemetry, "take a run", trace, "server", about) as opened:
            return await self.runs.again(run, again, opened.trace)

    async def submit_ref(self, asked: RefSubmission, key: str = "", trace: str = "") -> RunInfo:
        """Begin a run of what the store has, or of what the Mixer was started with, for what ``trace`` names.

        The same ``key`` again is the same run, whatever the ref means by then. Raises Conflict where it was used to ask
        for something else.
        """
        if not key:
            return await self._submit(secrets.token_hex(16), await asyncio.to_thread(self._packed, asked), "", trace)
        if not _KEY.fullmatch(key):
            raise refused(Refused, "run.key", "the Idempotency-Key cannot be used", "1 to 255 visible ASCII characters")
        run, digest = sha256(key.encode())[:32], canonical_ref(["ref", asked.ref, asked.pool, asked.gear])
        known = await self.runs.known(run, digest)
        if known is not None:
            return known
        return await self._submit(run, await asyncio.to_thread(self._packed, asked), digest, trace)

    async def _submit(self, run: str, submission: Submission, digest: str, trace: str) -> RunInfo:
        about: dict[str, Value] = {words.RUN: run, words.POOL: submission.pool, words.ITEMS: len(submission.cases)}
        with span(self.telemetry, "take a run", trace, "server", about) as opened:
            return await self.runs.submit(run, submission, digest, opened.trace)

    def _packed(self, asked: RefSubmission) -> Submission:
        parcel, text, refs = self.startup.pack(self._store(), asked.ref, asked.gear)
        for digest, read in parcel.content.items():
            self.content.write(digest, read())
        return Submission(self.tool, tuple(parcel.cases), pool=asked.pool, source=text, refs=refs)

    async def archive(self, run: str) -> str:
        """A ZIP file with the evidence of a run, which the caller removes. Raises NotThere, FluxError."""
        found = await self.runs.table.get(run)
        return await asyncio.to_thread(self.evidence.archive, found, iter(found.records))

    async def record_lines(self, run: str) -> str:
        """A file with the records of a run, one a line, which the caller removes. Raises NotThere, WriteError."""
        found = await self.runs.table.get(run)
        return await asyncio.to_thread(self.evidence.lines, found)

    async def cancel(self, run: str) -> RunInfo:
        """Drop what of a run has not begun."""
        info = await self.runs.cancel(run)
        await self.cancelled(info)
        return info

    def resolve(self, kind: Kind, text: str) -> Resolved:
        """What a ref means now. Raises Refused, NotThere, StoreError."""
        store, ref = self._store(), parse_ref(text)
        if isinstance(ref, str):
            raise refused(Refused, "store.ref", ref)
        if store is None:
            raise refused(NotThere, "store.none", "the Mixer has no store", STORE_HINT)
        return store.resolve(kind, ref)

    def _store(self) -> Store | None:
        """The store as it is now: a run is of what was filed when it began."""
        known = self.startup.store
        return open_store(self.startup.folder, known=known)
