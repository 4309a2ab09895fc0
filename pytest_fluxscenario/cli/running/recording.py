"""The evidence of a run without pytest: the same runner and writer as with it, so the same records (evidence.md)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_fluxscenario.base.clock import SystemClock, seconds, timestamp
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.text import shown_lines
from pytest_fluxscenario.cli.running.items import Ended, Item
from pytest_fluxscenario.evidence.circumstances import circumstances, hook_notes, tool
from pytest_fluxscenario.evidence.coverage_count import Tally
from pytest_fluxscenario.evidence.record import make_result, write_record
from pytest_fluxscenario.evidence.redact import Redactor
from pytest_fluxscenario.evidence.redact_manifest import redacted_refs
from pytest_fluxscenario.evidence.writer import About, EvidenceWriter
from pytest_fluxscenario.model.evidence import ManifestError, RunRef, SpecRef
from pytest_fluxscenario.runner.case import Case, StepHooks
from pytest_fluxscenario.runner.run import Outcome, RunSettings, run_scenario
from pytest_fluxscenario.telemetry.watching import UNWATCHED, Watch

if TYPE_CHECKING:
    from pytest_fluxscenario.cli.running.traced import Traced


class Recording:
    """Writes the evidence folder of one run."""

    def __init__(
        self,
        folder: str,
        redactor: Redactor,
        tally: Tally,
        refs: tuple[RunRef, ...] = (),
        gear: str = "",
        traced: Traced | None = None,
    ) -> None:
        """``tally`` counts what the run shows, ``refs`` is what is run from the store, ``gear`` what it is run on.

        ``traced`` exports the run.
        """
        self.writer = EvidenceWriter(
            folder, About(timestamp(SystemClock().now()), tool(), redacted_refs(refs, redactor), redactor.text(gear))
        )
        #: What could not be written; the run fails for it.
        self.faults: list[FluxError] = []
        self._start = os.getcwd()
        #: Digests of the records, by item.
        self.refs: dict[str, str] = {}
        self.writing = False
        self._redactor = redactor
        self._tally = tally
        self._traced = traced

    def begin(self, items: Sequence[Item], deselected: Sequence[str]) -> None:
        """Make the folder; its manifest says ``incomplete`` from now on."""
        redact = self._redactor.text
        try:
            # With files that cannot be read and nothing else, what an earlier run left must not look like this one's.
            if items or self.writer.errors:
                self.writer.begin(redact(item.id) for item in items)
                self.writing = True
        except FluxError as error:
            hint = "name another folder with --evidence, or write none with 'off'"
            self._fault(FluxError(replace(problem, hint=hint) for problem in error.problems))
        for item_id in deselected:
            self.writer.outcome(redact(item_id), "not_run", "deselected")

    def run(self, item: Item, case: Case, settings: RunSettings) -> Outcome:
        """Run one item and append its record."""
        hooks = case.hooks()
        with UNWATCHED if self._traced is None else self._traced.watching(item, case, hooks) as watch:
            return self._run(item, case, hooks, settings, watch)

    def _run(self, item: Item, case: Case, hooks: StepHooks, settings: RunSettings, watch: Watch) -> Outcome:
        environment = case.environment
        started, begun = timestamp(SystemClock().now()), seconds()
        control = case.control(hooks, environment)
        outcome = run_scenario(
            case.scenario,
            control,
            hooks,
            settings,
            references=item.prepared.references,
            observer=watch.beside(None),
            spec=case.subject.spec,
        )
        watch.ran(outcome)
        volatile = circumstances(started, round(seconds() - begun, 6), notes=hook_notes(outcome), control=control)
        result = make_result(case, environment, outcome)
        # Only the engine is known to answer with nothing but what the scenario holds.
        floats = item.prepared.floats or case.subject.gear is not None
        written = write_record(item.id, result, volatile, self._redactor, floats=floats)
        self._tally.count(case, control, hooks, environment, outcome)
        self.refs[item.id] = written.ref
        watch.wrote(written.ref)
        try:
            self.writer.record(
                written.id,
                written.ref,
                written.line,
                worker="main",
                scenario_hash=case.ref.hash,
                profile=item.subject.ref,
                specs=[SpecRef(self._redactor.text(spec.ref), spec.hash) for spec in result.specs],
            )
        except FluxError as error:
            self._fault(error)
        return outcome

    def ended(self, ended: Ended) -> None:
        """What became of an item is known."""
        redact = self._redactor.text
        outcome = "not_run" if ended.missing else ended.outcome
        self.writer.outcome(redact(ended.item.id), outcome, redact(shown_lines(ended.note)))

    def broken(self, file: str, error: FluxError) -> None:
        """A file that could not be used is part of the evidence."""
        redact = self._redactor.text
        self.writer.errors.append(ManifestError(redact(file), redact(shown_lines(str(error)))))

    def finish(self) -> None:
        """Put the log in order and say what the run is worth."""
        if not self.writing:
            return
        try:
            self.writer.finish(self._tally.coverage.profiles(), self._redactor.counts, self._redactor)
        except FluxError as error:
            self._fault(error)

    def _fault(self, error: FluxError) -> None:
        error = error.seen_from(self._start)
        if not any(str(known) == str(error) for known in self.faults):
            self.faults.append(error)
            name = os.path.basename(self.writer.folder)
            self.writer.errors.append(ManifestError(name, self._redactor.text(shown_lines(str(error)))))
