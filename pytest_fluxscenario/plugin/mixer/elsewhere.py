"""Scenarios that racks run: submitted when they are collected, and each item waits for its own record (fleet.md).

What comes back goes the way of a local attempt: the same record, properties, failure text and evidence.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final, TypeVar

import pytest

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.evidence.circumstances import tool
from pytest_fluxscenario.gears.choosing import name_for
from pytest_fluxscenario.gears.settings import ENGINE
from pytest_fluxscenario.plugin.item.attempt import Attempt
from pytest_fluxscenario.plugin.item.base import ScenarioMixin
from pytest_fluxscenario.plugin.item.marks import expected_of
from pytest_fluxscenario.plugin.item.racks import RACKS
from pytest_fluxscenario.plugin.mixer.coming import Coming, Key
from pytest_fluxscenario.plugin.mixer.records import attempt_of, without_verdict
from pytest_fluxscenario.plugin.mixer.sent import Sent
from pytest_fluxscenario.plugin.mixer.waiting import Waiting, no_gear, no_rack
from pytest_fluxscenario.plugin.mixer.where import SKIPPED, why_here, will_run
from pytest_fluxscenario.plugin.session.keys import HERE, MIXER_RUN, RUN_KEY, TOLD_HERE
from pytest_fluxscenario.plugin.session.roles import workers_of
from pytest_fluxscenario.plugin.session.session import Session
from pytest_fluxscenario.remote.api import MOST_HASHES, Again, ItemDone, Records, Submission
from pytest_fluxscenario.remote.attendance import Attendance
from pytest_fluxscenario.remote.case import PortableSettings
from pytest_fluxscenario.remote.client import Client, MixerError, patiently
from pytest_fluxscenario.remote.frames import in_batches
from pytest_fluxscenario.remote.parcel import Parcel
from pytest_fluxscenario.runtimes.port import RuntimeMissing
from pytest_fluxscenario.telemetry import words
from pytest_fluxscenario.telemetry.spans import Span, Value, span
from pytest_fluxscenario.telemetry.trace import PARENT_VARIABLE, traceparent

if TYPE_CHECKING:
    from pytest_fluxscenario.plugin.evidence.telemetry import SessionTelemetry

#: Seconds for which the Mixer is asked to wait for a record.
_POLL: Final = 5.0
#: Seconds that an answer may always take: thousands of scenarios are not taken in at once.
_LEAST_TIMEOUT: Final = 5.0
_T = TypeVar("_T")


def take_elsewhere(config: pytest.Config, session: Session, traced: SessionTelemetry | None) -> None:
    """Let racks run what this process collects."""
    from pytest_fluxscenario.plugin.mixer.run import client_of, wait_of

    run = getattr(config, "workerinput", {}).get(RUN_KEY) or config.stash.get(MIXER_RUN, None)
    if run is None:
        return
    client, patience = client_of(session.options), wait_of(session.options)
    client.timeout = min(client.timeout, max(_LEAST_TIMEOUT, patience))
    # Without telemetry here: racks may have it, and belong to the trace of whoever has started the session.
    parent = traceparent(os.environ.get(PARENT_VARIABLE, ""))
    client.trace = parent if traced is None else traced.trace
    elsewhere = config.stash[RACKS] = Elsewhere(session, client, str(run), patience, traced)
    config.add_cleanup(client.close)
    config.add_cleanup(elsewhere.attendance.close)
    config.pluginmanager.register(elsewhere, "fluxscenario-elsewhere")


@dataclass(eq=False)
class Elsewhere:
    """The run of this session on a Mixer, as one process of it sees it."""

    session: Session
    client: Client
    run: str
    #: Seconds to wait for a rack, or for the Mixer to come back.
    patience: float
    #: What this process exports; None where nothing is.
    traced: SessionTelemetry | None = None
    #: What racks run.
    _sent: Sent = field(default_factory=Sent)
    #: Those that need this process and ask for the gear of a rack: why they cannot have both.
    _unsent: dict[str, str] = field(default_factory=dict)
    #: Why nothing more will come.
    _broken: FluxError | None = None
    #: Gear to why nothing that asks for it will come.
    _absent: dict[str, FluxError] = field(default_factory=dict)
    #: While it is held, the Mixer goes on with the run.
    attendance: Attendance = field(init=False)
    waiting: Waiting = field(init=False)
    coming: Coming = field(init=False)

    def __post_init__(self) -> None:
        self.attendance = Attendance(self.client, self.run)
        self.coming = Coming(workers_of(self.session.config))
        self.waiting = Waiting(self.session.config, self.patience)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Submit what was selected; what goes wrong is told by every item that waits for it."""
        if not will_run(session):
            return
        here = dict[str, int]()
        there: list[ScenarioMixin] = []
        self._sent.collected(session.items)
        for item in session.items:
            if isinstance(item, ScenarioMixin):
                why = why_here(item)
                if not why:
                    if self._sent.add(item, self._gear(item)):
                        there.append(item)
                elif why != SKIPPED and self._gear(item) != ENGINE:
                    # The engine would answer here, and a verdict of its own would be told as the gear's.
                    self._unsent[item.nodeid] = why
                elif why != SKIPPED:
                    here[why] = here.get(why, 0) + 1
        try:
            if there:
                self.coming.sent(self._sent)
                self._send(there)
        except FluxError as error:
            self._broken = error
        self.session.config.stash.setdefault(HERE, {}).update(here)
        workeroutput = getattr(self.session.config, "workeroutput", None)
        if workeroutput is not None:
            workeroutput[TOLD_HERE] = here

    def has(self, item: ScenarioMixin) -> bool:
        """Whether a rack runs that item, or nobody may: the engine here never answers for another gear."""
        return item in self._sent or self._gear(item) != ENGINE

    def _gear(self, item: ScenarioMixin) -> str:
        return name_for(self.session.options.gear, item.subject.pack)

    def attempt(self, item: ScenarioMixin) -> Attempt:
        """What a rack makes of the item, which is waited for.

        Raises FluxError where nothing will come, RuntimeMissing where the rack lacks what a hook runs on.
        """
        with self._span(item) as waiting:
            attempt, done = self._waited(item)
            waiting.set({words.RACK: done.rack, words.OUTCOME: done.outcome, words.VERDICT: attempt.outcome.verdict})
            if attempt.outcome.verdict != "passed":
                waiting.fail(f"the scenario {attempt.outcome.verdict}")
        return attempt

    def _span(self, item: ScenarioMixin) -> AbstractContextManager[Span]:
        """Around the time for which an item waits: what happens in it are spans of Mixer and racks."""
        traced = self.traced
        if traced is None:
            return span(None, "")
        about: dict[str, Value] = {
            words.CASE_NAME: shown(traced.text(item.nodeid), 300),
            words.ATTEMPT: len(item.told) + 1,
            words.RUN: self.run,
            words.WORKER: self.session.worker,
        }
        return span(traced.telemetry, "wait for a record", traced.trace, "client", about)

    def _waited(self, item: ScenarioMixin) -> tuple[Attempt, ItemDone]:
        gear = self._gear(item)
        if item not in self._sent:
            why = self._unsent.get(item.nodeid, _UNSEEN)
            message = f"asks for the gear '{shown(gear, 80)}' of a rack, and can only run here: {why}"
            hint = "--fluxscenario-gear engine asks the engine"
            raise MixerError.of("mixer.gear", Place(item.nodeid), message, hint)
        if self.coming.workers > 1 and self._sent.is_repeated(item):
            raise MixerError.of("mixer.repeated", Place(item.nodeid), _REPEATED, "run it without xdist (-n0)")
        key = self.coming.next_of(self._sent.name(item))
        if key[1] > 1 and not self.coming.has(key):
            self._ask(lambda: self.client.again(self.run, Again(*key)))
        self._wait_for(key, gear)
        done = self.coming.look(key)
        if done.outcome == "missing":
            raise RuntimeMissing.of("hook.missing", Place(""), shown(done.reason, 1000))
        if done.outcome == "ran":
            attempt = attempt_of(self.session, item, self._sent.name(item), gear, done)
        else:
            attempt = without_verdict(self.session, item, done)
        self.coming.give(key)
        return attempt, done

    def _send(self, items: Iterable[ScenarioMixin]) -> None:
        parcel = Parcel(self.session.options.gear)
        # What it masks here is no part of the evidence.
        masked = self.session.redactor.uncounted().text
        for item in items:
            expected = expected_of(item)
            reason = None if expected is None else masked(expected.reason)
            strict = expected is not None and expected.strict
            parcel.add(
                self._sent.name(item), item.prepared, item.subject, item.parent.file, xfail=reason, strict=strict
            )
        options = self.session.options
        settings = PortableSettings(
            options.on_failure,
            self.session.redactor.patterns,
            options.limits,
            names=not options.redact_env,
            # What is not set here hooks do not see here either.
            hook_env=tuple(name for name in options.hook_env if name in os.environ),
        )
        parts = parcel.parts()
        hashes = tuple(parcel.content)
        for start in range(0, len(hashes), MOST_HASHES):
            lacking = self._ask(partial(self.client.lacks, hashes[start : start + MOST_HASHES]))
            for several in in_batches(parcel.content[digest]() for digest in lacking):
                self._ask(partial(self.client.give_several, several))
        source = f"pytest on {os.uname().nodename}"
        submission = Submission(tool(), (), settings, source=source, patience=self.patience, parts=parts)
        self._ask(lambda: self.client.submit(self.run, submission))
        self.attendance.keep()

    def _wait_for(self, key: Key, gear: str) -> None:
        alone_since = monotonic()
        self.waiting.moved()
        while not self.coming.has(key):
            broken = self._broken or self._absent.get(gear)
            if broken is not None:
                raise type(broken)(broken.problems)
            self.attendance.keep()
            wanted = self.coming.wanted(key)
            said: Records = self._ask(partial(self.client.wanted, self.run, wanted, _wait(self.patience)))
            self.coming.take(said.records)
            if said.gears.get(gear) or any(self._sent.gear(done.item) == gear for done in said.records):
                alone_since = monotonic()
            elif monotonic() - alone_since >= self.patience:
                told = no_rack(said, self.patience) if not said.racks.active else no_gear(said, gear, self.patience)
                self._absent[gear] = MixerError.of("mixer.no-rack", Place(self.client.url), *told)
            if said.state != "running" and not self.coming.has(key) and not said.records:
                message = f"the run {self.run} is {said.state}, and this scenario was not run in it"
                self._break("mixer.ended", message, _ENDED if said.state == "cancelled" else "")
            if not self.coming.has(key):
                self.waiting.for_run(said, gear)

    def _break(self, code: str, message: str, hint: str = "") -> None:
        self._broken = MixerError.of(code, Place(self.client.url), message, hint)

    def _ask(self, ask: Callable[[], _T]) -> _T:
        try:
            return patiently(self.client, self.patience, ask, self.waiting.for_mixer)
        except FluxError as error:
            self._broken = error
            raise


_UNSEEN: Final = "it was left out, or not there, when the scenarios were given to the Mixer"
_REPEATED: Final = "stands several times among the tests as one item, and no worker knows which time is its own"
_ENDED: Final = "somebody has cancelled it, or nothing was heard of this session for too long"


def _wait(patience: float) -> float:
    return max(0.1, min(_POLL, patience / 2))
