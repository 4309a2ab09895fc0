"""Keeps the evidence of a session: the only process that writes it, whoever runs the scenarios."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import pytest

from pytest_fluxscenario.base.clock import SystemClock, timestamp
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown_lines
from pytest_fluxscenario.evidence.circumstances import tool
from pytest_fluxscenario.evidence.coverage import Coverage
from pytest_fluxscenario.evidence.redact_manifest import redacted_refs
from pytest_fluxscenario.evidence.writer import About, EvidenceWriter
from pytest_fluxscenario.model.evidence import ManifestError, ProfileRef, RunRef, ScenarioOutcome, SpecRef
from pytest_fluxscenario.plugin.evidence.message import (
    ATTRIBUTE,
    MISSING,
    Message,
    index_of,
    let_go,
    profile_of,
    seen_of,
)

if TYPE_CHECKING:
    from pytest_fluxscenario.evidence.redact import Redactor


#: What pytest says where a mark is strict.
_XPASS: Final = "[XPASS(strict)] "


@dataclass(frozen=True, slots=True)
class Ran:
    """What is remembered of a scenario that ran."""

    profile: ProfileRef
    hash: str
    #: It passed, or failed as it was expected to.
    fine: bool


class Recorder:
    """Listens to reports, and writes the evidence folder."""

    def __init__(
        self,
        folder: str | None,
        redactor: Redactor,
        refs: tuple[RunRef, ...] = (),
        *,
        keep_messages: bool = False,
        gear: str = "",
        keep_ran: bool = False,
    ) -> None:
        """``refs`` is what is run from the store, ``gear`` what it runs against; empty for the engine.

        ``keep_messages`` says that somebody reads the message of a report after the recorder, ``keep_ran`` that
        somebody asks what ran.
        """
        self.folder = folder
        self._keep_messages = keep_messages
        self._keep_ran = keep_ran
        #: Item id to what ran, where somebody asks for it afterwards.
        self.ran: dict[str, Ran] = {}
        self._redactor = redactor
        #: What could not be written, or does not agree; the session fails for it.
        self.faults: list[str] = []
        # Where the session was started: what a test does to the working folder must not change a message.
        self._start = os.getcwd()
        self.coverage = Coverage()
        self.profiles: dict[ProfileRef, int] = {}
        #: What the machine lacks, to how many scenarios were skipped for it.
        self.missing: dict[str, int] = {}
        self._writer = EvidenceWriter(
            folder or "",
            About(timestamp(SystemClock().now()), tool(), redacted_refs(refs, redactor), redactor.text(gear)),
        )
        self._writing = False
        self._ids: set[str] = set()
        #: What the evidence calls a scenario to the scenario's own id.
        self._names: dict[str, str] = {}
        self._redactions: dict[str, dict[str, int]] = {}
        self._refs: dict[tuple[str, ...], ProfileRef] = {}

    @property
    def writer(self) -> EvidenceWriter:
        """The writer, for what the summary says."""
        return self._writer

    @property
    def gear(self) -> str:
        """What the scenarios ran against, redacted; empty for the engine."""
        return self._writer.about.gear

    @property
    def scenarios(self) -> int:
        """How many will run, or have run."""
        return len(self._ids)

    @property
    def written(self) -> bool:
        """Whether there is a folder with evidence."""
        return self._writing

    def begin(self, ids: Iterable[str]) -> None:
        """The scenarios that will run are known; called again as further workers collect the same."""
        new = [item_id for item_id in ids if item_id not in self._ids]
        self._ids.update(new)
        shown_ids = [self._redactor.text(item_id) for item_id in new]
        self._check_distinct(new, shown_ids)
        if self.folder is None or self._writing:
            self._writer.expect(shown_ids)
            return
        if not self._ids and not self._writer.errors:
            return
        try:
            self._writer.begin(shown_ids)
            self._writing = True
        except FluxError as error:
            self.folder = None
            self._fault(error, "name another folder with --fluxscenario-evidence, or write none with 'off'")

    def deselected(self, ids: Iterable[str]) -> None:
        """Scenarios that were collected and will not run."""
        for item_id in ids:
            self._writer.outcome(self._redactor.text(item_id), "not_run", "deselected")

    def report(self, report: pytest.TestReport) -> None:
        """One phase of one test; what is no scenario is passed over."""
        if report.when != "call" and report.outcome == "passed":
            return
        message: Message | None = getattr(report, ATTRIBUTE, None)
        if message is None and report.nodeid not in self._ids:
            return
        item_id = self._redactor.text(report.nodeid)
        outcome, note = _outcome(report, message)
        if message is not None:
            profile = self._take(item_id, message)
            if self._keep_ran:
                self.ran[report.nodeid] = Ran(profile, message["scenario_hash"], outcome in ("passed", "xfailed"))
            if not self._keep_messages:
                let_go(report)
        elif report.nodeid in self.ran and outcome is not None:
            self.ran[report.nodeid] = replace(self.ran[report.nodeid], fine=False)
        if getattr(report, MISSING, False):
            shown_note = self._redactor.text(shown_lines(note))
            self.missing[shown_note] = self.missing.get(shown_note, 0) + 1
        if str(report.outcome) == "rerun":
            self._writer.retry(item_id)
        elif outcome is not None:
            self._writer.outcome(item_id, outcome, self._redactor.text(shown_lines(note)))

    def collect_error(self, file: str, text: str) -> None:
        """A scenario file or a folder that could not be collected; every worker tells of the same."""
        file = self._redactor.text(file)
        if not any(known.file == file for known in self._writer.errors):
            self._writer.errors.append(ManifestError(file, self._redactor.text(shown_lines(text))))

    @property
    def files(self) -> frozenset[str]:
        """The files of the scenarios that were collected."""
        return frozenset(item_id.split("::", 1)[0] for item_id in self._ids)

    def lacks(self, source: str, text: str) -> None:
        """What a pack was to show was not shown: the session fails for it."""
        text = self.redacted(text)
        self.faults.append(text)
        self._writer.errors.append(ManifestError(self.redacted(source), text))

    def redacted(self, text: str) -> str:
        """``text`` without what must not be shown."""
        return self._redactor.text(text)

    def finish(self) -> None:
        """The session ends: the manifest says what it is worth."""
        totals: dict[str, int] = {}
        for counts in self._redactions.values():
            for name, count in counts.items():
                totals[name] = totals.get(name, 0) + count
        if not self._writing:
            return
        try:
            self._writer.finish(self.coverage.profiles(), totals, self._redactor)
        except FluxError as error:
            self._fault(error, "the records that were written remain, and the manifest says incomplete")

    def _check_distinct(self, ids: list[str], names: list[str]) -> None:
        """Two scenarios under one name would be one in the evidence, and the one hide the other."""
        for item_id, name in zip(ids, names, strict=True):
            if self._names.setdefault(name, item_id) != item_id:
                error = FluxError.of("evidence.id", Place(name), "redaction gives this name to more than one scenario")
                self._fault(error, "name scenarios and files without what is redacted")

    def _take(self, item_id: str, message: Message) -> ProfileRef:
        profile = self._refs.get(message["profile"])
        if profile is None:
            profile = self._refs[message["profile"]] = profile_of(message)
        index = index_of(message)
        if index is not None:
            self.coverage.declare(profile, index)
        self.coverage.add(profile, *seen_of(message))
        if not self._writer.holds(item_id):
            self.profiles[profile] = self.profiles.get(profile, 0) + 1
        self._redactions[message["worker"]] = message["redactions"]
        try:
            self._writer.record(
                item_id,
                message["ref"],
                message["line"],
                worker=message["worker"],
                scenario_hash=message["scenario_hash"],
                profile=profile,
                specs=[SpecRef(self._redactor.text(ref), digest) for ref, digest in message["specs"]],
            )
        except FluxError as error:
            self._fault(error, "")
        return profile

    def _fault(self, error: FluxError, hint: str) -> None:
        error = error.seen_from(self._start)
        text = f"{error} ({hint})" if hint else str(error)
        text = self._redactor.text(shown_lines(text))
        if text not in self.faults:
            self.faults.append(text)
            self._writer.errors.append(ManifestError(os.path.basename(self._writer.folder), text))


#: What keeps the evidence, in the process that does; not there before a scenario is seen.
RECORDER: pytest.StashKey[Recorder] = pytest.StashKey()


def _outcome(report: pytest.TestReport, message: Message | None) -> tuple[ScenarioOutcome | None, str]:
    """What one phase says became of its scenario; None where it says nothing."""
    expected = hasattr(report, "wasxfail")
    if report.when == "call":
        if not report.failed and not expected and message is not None and message["verdict"] != "passed":
            return ("error" if message["verdict"] == "error" else "failed"), f"a plugin reports it as {report.outcome}"
        if report.passed and message is None:
            return "error", "a plugin reports it as passed, but it was not run"
        if report.passed:
            return "passed", f"passed against the mark xfail: {report.wasxfail}" if expected else ""
        if report.skipped:
            if getattr(report, MISSING, False):
                return "not_run", _reason(report)
            return ("xfailed", str(report.wasxfail)) if expected else ("skipped", _reason(report))
        if message is not None and message["verdict"] == "passed" and str(report.longrepr).startswith(_XPASS):
            return "failed", f"passed against the strict mark xfail: {str(report.longrepr).removeprefix(_XPASS)}"
        return ("error" if message is None or message["verdict"] == "error" else "failed"), ""
    if report.when == "setup" and report.skipped:
        return ("xfailed", str(report.wasxfail)) if expected else ("skipped", _reason(report))
    if report.failed and report.when in ("setup", "teardown"):
        return "error", f"the {report.when} of a fixture failed"
    if report.failed:
        return "crashed", "the worker ended while the scenario ran"
    return None, ""


def _reason(report: pytest.TestReport) -> str:
    longrepr = report.longrepr
    return str(longrepr[2]).removeprefix("Skipped: ") if isinstance(longrepr, tuple) else ""
