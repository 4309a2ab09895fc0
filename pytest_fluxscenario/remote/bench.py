"""Unpacking and running: a case that came from elsewhere, by the same runner and writer as a local run's.

So the ``result`` of its record has the bytes that it would have there (evidence.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from pytest_fluxscenario.base.clock import SystemClock, seconds, timestamp
from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.evidence.circumstances import circumstances, hook_notes
from pytest_fluxscenario.evidence.coverage_index import Index
from pytest_fluxscenario.evidence.record import make_result, write_record
from pytest_fluxscenario.evidence.redact import MASK, Redactor
from pytest_fluxscenario.gears.choosing import Offered
from pytest_fluxscenario.gears.settings import ENGINE
from pytest_fluxscenario.model.evidence import StepResult, Volatile
from pytest_fluxscenario.remote.case import Done, PortableCase, PortableSettings
from pytest_fluxscenario.remote.shelf import Shelf
from pytest_fluxscenario.runner.case import Case, StepHooks
from pytest_fluxscenario.runner.run import Outcome, RunSettings, run_scenario
from pytest_fluxscenario.runtimes.make import Runtimes
from pytest_fluxscenario.runtimes.port import RuntimeMissing
from pytest_fluxscenario.telemetry import words
from pytest_fluxscenario.telemetry.about import About
from pytest_fluxscenario.telemetry.spans import Value
from pytest_fluxscenario.telemetry.watching import UNWATCHED, Watch, watching

if TYPE_CHECKING:
    from pytest_fluxscenario.telemetry.provider import Telemetry


@dataclass(slots=True)
class Bench:
    """Runs cases out of one set of blobs, which holds what they need; each pack is made ready once."""

    blobs: Blobs
    #: Names the machine in records.
    name: str
    #: Variables of this machine whose values no record may hold, and where they are looked up.
    redact_env: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    #: Calls the hooks of packs; whoever makes a bench closes it.
    runtimes: Runtimes = field(default_factory=Runtimes)
    #: What is exported of it; None for nothing.
    telemetry: Telemetry | None = None
    #: What there is beside the built-in engine; closed with the bench.
    gears: Offered = field(default_factory=Offered)
    _shelf: Shelf = field(init=False)

    def __post_init__(self) -> None:
        self._shelf = Shelf(self.blobs, self.runtimes, self.gears)

    def run(
        self,
        case: PortableCase,
        settings: PortableSettings,
        earlier: tuple[str, ...] = (),
        document: bytes = b"",
        trace: str = "",
    ) -> Done:
        """Run one case, and write its record; ``earlier`` are the refs of what earlier attempts gave.

        ``document`` is the scenario, where it came along and is not among the blobs; ``trace`` the ``traceparent`` of
        what it is run for. Raises FluxError for a case that cannot be run as its sender would run it, also for a gear
        that is not here.
        """
        redactor = Redactor(settings.redact, self.redact_env, self.environ)
        whole = self._shelf.case(case, settings, document)
        self._check_variables(whole, settings)
        hooks = whole.hooks()
        how = RunSettings(settings.on_failure == "stop", {}, redactor.text)
        control = whole.control(hooks, whole.environment)
        try:
            with self._watching(case, settings, whole, hooks, redactor, len(earlier) + 1, trace) as watch:
                started, begun = timestamp(SystemClock().now()), seconds()
                outcome = run_scenario(
                    whole.scenario,
                    control,
                    hooks,
                    how,
                    references=case.references,
                    observer=watch.beside(None),
                    spec=whole.subject.spec,
                )
                watch.ran(outcome)
                duration = round(seconds() - begun, 6)
                about = circumstances(started, duration, self.name, earlier, hook_notes(outcome), control)
                done = self._done(case, whole, outcome, about, redactor)
                watch.wrote(done.ref)
        except RuntimeMissing as missing:
            said = redactor.text(str(missing))
            item, counts = redactor.text(case.item), redactor.counts
            return Done(item, "", "", "error", self.name, missing=said, lacks=missing.needs, redactions=counts)
        seen = self._shelf.counter.seen(whole, control, hooks, whole.environment, outcome)
        return msgspec.structs.replace(done, called=hooks.calls > 0, seen=f"{seen:x}")

    def give_up(self, case: PortableCase, settings: PortableSettings, reason: str) -> Done:
        """The record of a case that could not be run to its end: no verdict, and why. Raises like ``run``."""
        redactor = Redactor(settings.redact, self.redact_env, self.environ)
        # Nobody is asked, so that it is no matter whether this machine could reach its gear.
        whole = self._shelf.case(msgspec.structs.replace(case, gear=ENGINE), settings)
        steps = tuple(StepResult(number, step.name, "skipped") for number, step in enumerate(whole.scenario.steps, 1))
        outcome = Outcome("error", steps, reason)
        about = circumstances(timestamp(SystemClock().now()), 0.0, self.name)
        return self._done(case, whole, outcome, about, redactor)

    def points(self, case: PortableCase, settings: PortableSettings) -> Index:
        """The points of a case's profile, of which ``seen`` tells. Raises like ``run``."""
        return self._shelf.counter.chart(
            self._shelf.subject(msgspec.structs.replace(case, gear=ENGINE), settings.limits)
        ).index

    def afresh(self) -> None:
        """Another run begins: what hooks and gears remember of an earlier one must not decide in it."""
        self.runtimes.afresh()
        self.gears.afresh()

    def close(self) -> None:
        """End what hooks and gears have started, and remove their files."""
        self.runtimes.close()
        self.gears.close()

    def _watching(
        self,
        case: PortableCase,
        settings: PortableSettings,
        whole: Case,
        hooks: StepHooks,
        redactor: Redactor,
        attempt: int,
        trace: str,
    ) -> Watch:
        if self.telemetry is None:
            return UNWATCHED
        more: dict[str, Value] = {words.RACK: self.name, words.GEAR: case.gear}
        text = exported_text(settings, redactor)
        return watching(self.telemetry, lambda: About.of(case.item, whole, attempt, more), hooks, text, trace)

    def _check_variables(self, whole: Case, settings: PortableSettings) -> None:
        """Raise UsageError where hooks would see less than they see where the scenario comes from."""
        lacking = [name for name in settings.hook_env if name not in self.runtimes.settings.variables]
        # The hooks of a gear are its own to call.
        if lacking and whole.subject.pack.hooks is not None and whole.subject.gear is None:
            names = shown(", ".join(lacking), 200)
            message = f"hooks of the sender see the variable {names}, and those of the rack {self.name} do not"
            hint = "set it there, and name it under 'hook_env' of the rack's configuration"
            raise UsageError.of("remote.hook-env", Place(whole.subject.pack.where), message, hint)

    def _done(self, case: PortableCase, whole: Case, outcome: Outcome, volatile: Volatile, redactor: Redactor) -> Done:
        result = make_result(whole, whole.environment, outcome)
        # Only the engine is known to answer with nothing but what the scenario holds.
        floats = case.floats or whole.subject.gear is not None
        written = write_record(case.item, result, volatile, redactor, floats=floats)
        text = redactor.text
        return Done(
            item=written.id,
            record=written.line.decode().removesuffix("\n"),
            ref=written.ref,
            verdict=outcome.verdict,
            rack=self.name,
            fault=text(outcome.fault),
            where=tuple(outcome.where.items()),
            errors=tuple((hook_id, text(said)) for hook_id, said in outcome.errors),
            damaged=outcome.damaged,
            redactions=redactor.counts,
        )


def exported_text(settings: PortableSettings, redactor: Redactor) -> Callable[[str], str]:
    """What makes a name of a case fit to be exported by the machine that runs it."""
    return redactor.uncounted().text if settings.names else _hidden


def _hidden(text: str) -> str:
    return MASK if text else ""
