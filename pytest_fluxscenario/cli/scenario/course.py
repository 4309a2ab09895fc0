"""The course of one run without pytest: its files run, its evidence kept, its end told, and what it exits with."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.interrupts import Interrupts
from pytest_fluxscenario.cli.console.render import Outputs, plural
from pytest_fluxscenario.cli.project.references import Taken, remember
from pytest_fluxscenario.cli.project.selection import Chosen
from pytest_fluxscenario.cli.project.settings import Settings
from pytest_fluxscenario.cli.running.recording import Recording
from pytest_fluxscenario.cli.running.report import Report
from pytest_fluxscenario.cli.running.session import Session
from pytest_fluxscenario.cli.running.told import tell_run
from pytest_fluxscenario.cli.running.traced import Traced
from pytest_fluxscenario.evidence.redact import Redactor


@dataclass(frozen=True, slots=True)
class Course:
    """A run that is about to begin."""

    options: argparse.Namespace
    outputs: Outputs
    settings: Settings
    redactor: Redactor
    traced: Traced
    report: Report
    session: Session
    #: Where the command was started, and when.
    start: str
    begun: float

    def run(self, files: Sequence[Chosen], taken: Sequence[Taken], gear: str) -> int:
        """The exit status of a run of these files; ``taken`` is what came from the store, ``gear`` another control.

        Raises UsageError where the word that was asked for leaves no scenario, and what running raises.
        """
        report, session = self.report, self.session
        recording = self._recording(taken, gear)
        interrupted = not _run_all(session, files, recording)
        if not interrupted:
            self._check_anything_ran()
        remember(session.suite.resolver.store, taken, files, session.used)
        covered = session if self.settings.coverage or self.settings.fail_under is not None else None
        tell_run(report, recording, self.start, seconds() - self.begun, covered)
        if recording is not None and recording.writing:
            self.traced.root = recording.writer.root
        if interrupted:
            self.outputs.err.line("interrupted")
            return exits.INTERRUPTED
        if report.damaged:
            return exits.DAMAGE
        bad = report.failures or report.problems or (recording is not None and recording.faults)
        return exits.NO if bad else exits.DONE

    def _recording(self, taken: Sequence[Taken], gear: str) -> Recording | None:
        """What keeps the evidence; None where none is."""
        folder = self.settings.evidence
        if folder is None:
            return None
        refs = tuple(one.run_ref() for one in taken)
        return Recording(folder, self.redactor, self.session.tally, refs, gear, self.traced)

    def _check_anything_ran(self) -> None:
        """Raise UsageError where no scenario was left to run."""
        report, left = self.report, self.session.deselected
        if not report.problems and not any(report.counts.values()):
            hint = f"{plural(len(left), 'scenario')} without it" if left else ""
            word = shown(self.options.keyword or "", 80)
            raise nothing(self.options.paths, f"no scenario holds '{word}'", hint)


def _run_all(session: Session, files: Sequence[Chosen], recording: Recording | None) -> bool:
    """Run the files; gives False where the run was interrupted."""
    _spare_the_collector()
    with Interrupts() as interrupts:
        try:
            session.run(files, recording, interrupts)
        except KeyboardInterrupt:
            return False
        finally:
            session.suite.close()
            if recording is not None:
                recording.finish()
    return True


def nothing(paths: list[str], message: str, hint: str) -> UsageError:
    """The error that these paths name nothing to run."""
    error: UsageError = UsageError.of("target.nothing", Place(shown(" ".join(paths))), message, hint)
    return error


def _spare_the_collector() -> None:
    """Modules live until the end: no collection need walk through them. What a run leaves in cycles still is."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
