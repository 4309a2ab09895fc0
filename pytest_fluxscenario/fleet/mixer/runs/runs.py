"""Runs: what is submitted is handed out, what comes back is stored once, and each scenario is accounted for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec import structs

from pytest_fluxscenario.base.clock import Clock, SystemClock, timestamp
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.messages.message import Evidence, Fetch, Findings
from pytest_fluxscenario.fleet.mixer.attending import Attending
from pytest_fluxscenario.fleet.mixer.awaiting import Awaiting
from pytest_fluxscenario.fleet.mixer.content import Content
from pytest_fluxscenario.fleet.mixer.history.asked import Asked, AskedTable
from pytest_fluxscenario.fleet.mixer.history.history import Run
from pytest_fluxscenario.fleet.mixer.history.outcomes import item_done, outcome_of
from pytest_fluxscenario.fleet.mixer.refusal import Conflict, NotThere, Refused, refused
from pytest_fluxscenario.fleet.mixer.runs.acceptance import Acceptance
from pytest_fluxscenario.fleet.mixer.runs.check import RUN_ID, check_run, check_submission
from pytest_fluxscenario.fleet.mixer.runs.handing import Handing
from pytest_fluxscenario.fleet.mixer.runs.info import info_of
from pytest_fluxscenario.fleet.mixer.runs.submitted import asked_of, check_same, digest_of
from pytest_fluxscenario.fleet.mixer.runs.table import RunTable
from pytest_fluxscenario.fleet.mixer.runs.weighing import Weighing
from pytest_fluxscenario.remote.api import Again, ItemDone, RunInfo, RunStateName, Submission

_LOG: Final = logging.getLogger("fluxrig.mixer")
#: How many runs are forgotten at a time.
_AT_A_TIME: Final = 64


@dataclass(slots=True)
class Runs:
    """All runs. Methods raise Refused for what cannot be done, DatabaseError and SnakeError."""

    table: RunTable
    handing: Handing
    content: Content
    pools: tuple[str, ...]
    #: Says which evidence counts.
    acceptance: Acceptance
    clock: Clock = SystemClock()  # noqa: RUF009 - a frozen value
    #: Who is there for which run.
    attending: Attending = field(default_factory=Attending)
    #: Who waits for what comes of runs.
    awaiting: Awaiting = field(default_factory=Awaiting)
    #: Of those who begin, end or add to a run.
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    #: Of those who store what came of scenarios.
    _storing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def resume(self) -> int:
        """Go on with the runs that were under way: hand out what the Snake was not given. Gives how many there are."""
        running = await self.table.history.running()
        for run_id in running:
            run = await self.table.read(run_id)
            if run is not None:
                await self._hand_out(run)
                if run.state == "running" and not run.is_open:
                    # All of it was stored, and then the Mixer was killed.
                    await self._end(run, "finished")
        return len(running)

    async def submit(self, run_id: str, submission: Submission, digest: str = "", trace: str = "") -> RunInfo:
        """Begin a run, for what ``trace`` names; the same once more is the same run.

        ``digest`` says what the same is, where it is not the scenarios.
        """
        check_run(run_id)
        digest = digest or digest_of(submission)
        async with self._lock:
            known = await self.table.read(run_id)
            if known is not None and known.digest != digest:
                await check_same(known, submission, self.content)
            if known is None:
                check_submission(submission, self.pools)
                asked = await asked_of(submission, self.content)
                known = _begin(run_id, timestamp(self.clock.now()), submission, digest, asked)
                await self.table.history.add(known)
                self.table.hold(known)
            known.trace = known.trace or trace
            # Also where an earlier attempt broke off half way.
            await self._hand_out(known)
            return info_of(known)

    async def known(self, run_id: str, digest: str) -> RunInfo | None:
        """The run of that id, which goes on; None where there is none. Raises Conflict where it is another one."""
        async with self._lock:
            run = await self.table.read(check_run(run_id))
            if run is None:
                return None
            if run.digest != digest:
                raise refused(Conflict, "run.other", f"the run {run_id} was asked for with something else")
            await self._hand_out(run)
            return info_of(run)

    async def again(self, run_id: str, again: Again, trace: str = "") -> RunInfo:
        """A further attempt of an item, for what ``trace`` names; the same once more is the same attempt."""
        async with self._lock:
            run = await self.table.get(run_id)
            first = run.asked.get((again.item, 1))
            if first is None:
                raise refused(NotThere, "run.item", f"the run has no scenario '{shown(again.item, 200)}'")
            if run.state == "cancelled":
                raise refused(Conflict, "run.cancelled", f"the run {run_id} was cancelled")
            if not 2 <= again.attempt <= 100 or not run.has_record((again.item, again.attempt - 1)):
                raise refused(
                    Refused, "run.attempt", f"attempt {again.attempt} has no attempt before it that has ended"
                )
            key = again.item, again.attempt
            if key not in run.asked:
                await self.table.history.ask(run, Asked(len(run.asked) + 1, first.case, again.attempt))
                run.asked.add(first.case, again.attempt)
                run.state, run.ended = "running", ""
            run.trace = trace or run.trace
            await self._hand_out(run)
            return info_of(run)

    async def cancel(self, run_id: str) -> RunInfo:
        """Drop what has not begun; what is under way may still come."""
        async with self._lock:
            run = await self.table.get(run_id)
            if run.state == "running":
                await self._end(run, "cancelled")
                # Before what the Snake may refuse: the run has ended, whatever becomes of its queue.
                await self.awaiting.tell()
                await self.handing.withdraw(run)
            return info_of(run)

    async def since(self, run_id: str, after: int, wait: float, most: int = 500) -> tuple[Run, list[bytes]]:
        """What came after that number, as JSON, as soon as there is something.

        Nothing after ``wait`` seconds, or at the end.
        """
        run = await self.table.get(run_id)
        self.attending.hear(run_id)
        found = await self.awaiting.since(run, after, wait, most)
        self.attending.hear(run_id)
        return run, found

    async def wanted(self, run_id: str, keys: Sequence[tuple[str, int]], wait: float) -> tuple[Run, list[bytes]]:
        """The records of these items and attempts that there are, as JSON, once there is that of the first."""
        run = await self.table.get(run_id)
        self.attending.hear(run_id)
        found = await self.awaiting.wanted(run, keys, wait)
        self.attending.hear(run_id)
        return run, found

    async def take(self, evidence: Iterable[tuple[str, Evidence | Findings]]) -> list[ItemDone]:
        """Store what came of scenarios, durably and once each; with it their runs. Gives what is new."""
        by_run: dict[str, list[Evidence | Findings]] = {}
        for run_id, one in evidence:
            by_run.setdefault(run_id, []).append(one)
        weighing, new = Weighing(self.acceptance, self.handing, self._lock), list[ItemDone]()
        for run_id, several in by_run.items():
            run = await self.table.read(run_id) if RUN_ID.fullmatch(run_id) else None
            if run is not None:
                new += await self._store(run, await weighing.that_count(run, several))
        return new

    async def forget_old(self, before: str, most: int) -> int:
        """Forget runs that were begun before that moment, and all but the ``most`` newest; gives how many.

        A run that is under way is not forgotten: where it is that old it is cancelled.
        """
        old = await self.table.history.old(before, most)
        for run_id, state in old:
            if state == "running" and (await self.table.get(run_id)).created < before:
                await self.cancel(run_id)
        ended = [run_id for run_id, state in old if state != "running"]
        for start in range(0, len(ended), _AT_A_TIME):
            async with self._lock:
                part = [run_id for run_id in ended[start : start + _AT_A_TIME] if not self.table.is_under_way(run_id)]
                await self.table.history.forget(part)
                for run_id in part:
                    self.table.drop(run_id)
        return len(ended)

    async def end(self) -> None:
        """The Mixer ends: who waits for records is answered, and asks again when it is back."""
        await self.awaiting.end()

    async def hand_out(self, run: Run) -> None:
        """Hand out what was not yet, where whoever submitted it broke off."""
        async with self._lock:
            await self._hand_out(run)

    async def hand_out_anew(self, run: Run, lost: Sequence[Asked]) -> None:
        """Hand out what neither Snake nor history has any more; what was lost too often is given up."""
        async with self._lock:
            lost = [asked for asked in lost if not run.has_record((asked.case.item, asked.attempt))]
            given_up = await self.handing.anew(run, lost) if run.state == "running" else []
        reason = f"it was handed out {self.handing.tries + 1} times, and each time nothing was left of it"
        said = [(asked.case.item, asked.attempt) for asked in given_up]
        await self._store(
            run, [Evidence(rack="", item=item, attempt=n, outcome="given-up", reason=reason) for item, n in said]
        )

    async def needs(self, run_id: str, fetch: Fetch) -> bool:
        """Whether content is asked for by whoever has work that needs it."""
        fits = self.acceptance.tickets.fits
        if not RUN_ID.fullmatch(run_id) or not fits(fetch.ticket, run_id, fetch.item, fetch.attempt):
            return False
        run = await self.table.read(run_id)
        asked = None if run is None else run.asked.get((fetch.item, fetch.attempt))
        if run is None or asked is None or run.has_record((fetch.item, fetch.attempt)):
            return False
        return await asyncio.to_thread(self.content.belongs, fetch.hash, asked.case)

    async def _store(self, run: Run, several: Sequence[Evidence]) -> list[ItemDone]:
        async with self._storing:
            new: list[ItemDone] = []
            taken: set[tuple[str, int]] = set()
            for one in several:
                key = one.item, one.attempt
                asked = run.asked.get(key)
                if asked is not None and not run.has_record(key) and key not in taken:
                    taken.add(key)
                    done = item_done(len(run.records) + len(new) + 1, one)
                    new.append(structs.replace(done, counts=outcome_of(asked.case, done)))
            await self._keep(run, new)
            return new

    async def _pass_over(self, run: Run) -> None:
        """Account for what is not to be run."""
        async with self._storing:
            skipped = [run.asked.at(number) for number in run.asked.skipped]
            left = [asked for asked in skipped if not run.has_record((asked.case.item, asked.attempt))]
            said = [(asked.case.item, shown(asked.case.skip, 2000)) for asked in left]
            first = len(run.records) + 1
            new = [
                ItemDone(number, item, 1, "", "skipped", why, counts="skipped")
                for number, (item, why) in enumerate(said, first)
            ]
            await self._keep(run, new)

    async def _keep(self, run: Run, new: Sequence[ItemDone]) -> None:
        if not new:
            return
        batch = run.records.packed(new)
        await self.table.history.record(run.run, batch)
        run.take(batch)
        if run.state == "running" and not run.is_open:
            await self._end(run, "finished")
        elif run.state == "cancelled":
            await self.table.history.end(info_of(run))
        await self.awaiting.tell()

    async def _end(self, run: Run, state: RunStateName) -> None:
        # Not before it began, where the clock was set back meanwhile.
        run.state, run.ended = state, max(run.created, timestamp(self.clock.now()))
        await self.table.history.end(info_of(run))

    async def _hand_out(self, run: Run) -> None:
        await self._pass_over(run)
        if run.state == "running":
            await self.handing.hand_out(run)


def _begin(run_id: str, created: str, submission: Submission, digest: str, asked: AskedTable) -> Run:
    source, pool, refs = shown(submission.source, 200), submission.pool, submission.refs
    patience = submission.patience
    return Run(
        run_id, created, "running", source, pool, digest, submission.settings, refs, patience=patience, asked=asked
    )
