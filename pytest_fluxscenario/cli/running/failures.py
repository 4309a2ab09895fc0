"""What failed of a scenario that was run without pytest: each step with its line, as pytest shows it."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import UNSET

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Pointer
from pytest_fluxscenario.base.text import shown, shown_lines
from pytest_fluxscenario.cli.console.render import Output, one_line
from pytest_fluxscenario.cli.running.items import Ended, File, Item
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.places import Places, read_places
from pytest_fluxscenario.evidence.redact import Redactor
from pytest_fluxscenario.model.evidence import StepResult
from pytest_fluxscenario.runner.explain import explain_step, headline


@dataclass(frozen=True, slots=True)
class StepFailure:
    """One step that did not pass, as it is told."""

    file: str
    line: int
    #: Which fields differ.
    summary: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """One item that did not pass; its text is redacted and escaped."""

    id: str
    outcome: str
    headline: str
    steps: tuple[StepFailure, ...]
    #: What hooks wrote to their standard error, each under a line that names the hook.
    said: tuple[str, ...] = ()


@dataclass(slots=True)
class Explainer:
    """Makes failures of what ran; their text is redacted and escaped."""

    redactor: Redactor
    _places: Places | None = None
    _places_of: File | None = None

    def explain(self, ended: Ended, limits: Limits) -> Failure:
        """What failed of an item that ran, step by step; its file is read again with ``limits``, for the lines."""
        run, item = ended.run, ended.item
        assert run is not None  # noqa: S101 - what did not run has not failed
        redact = self.redactor.text
        item_id = self._clean(item.id)
        if run.verdict == "passed":
            return Failure(
                item_id, ended.outcome, f"passed against the strict mark xfail: {self._clean(str(item.xfail))}", ()
            )
        bad = [step for step in run.steps if step.verdict in ("failed", "error")]
        steps = []
        for step in bad or run.steps[:1]:
            lines = explain_step(step, item.subject.pack.profile, run.fault, self.redactor.data)
            told = tuple(redact(shown_lines(line)) for line in lines)
            line = self._line(item, run.pointer(step), limits)
            steps.append(StepFailure(redact(item.file.name), line, redact(_differs(step)), told))
        said: list[str] = []
        for hook_id, text in run.errors:
            said.append(self._clean(f"stderr of the hook {hook_id}"))
            said.extend(f"  {line}" for line in redact(shown_lines(text)).split("\n"))
        headed = one_line(redact(headline(run, self.redactor.data)))
        return Failure(item_id, ended.outcome, headed, tuple(steps), tuple(said))

    def _line(self, item: Item, pointer: Pointer, limits: Limits) -> int:
        prepared = item.prepared
        if self._places_of != item.file:
            # Kept for the next failure: a file of many scenarios would be read again for each.
            self._places_of, self._places = item.file, _read_places(item.file, limits)
        if self._places is None:
            return prepared.line
        return max(self._places.at(prepared.document, prepared.pointer + pointer).line, 1)

    def _clean(self, text: str) -> str:
        return shown(self.redactor.text(text), 2000)


def tell_failure(failure: Failure, out: Output) -> None:
    """Tell it as pytest does: the text of each step, and its line."""
    out.line()
    out.line(failure.id, "bold")
    for step in failure.steps:
        for line in step.lines:
            out.line(line, "red" if line.startswith("E") else "")
        out.line(f"{shown(step.file)}:{step.line}: {one_line(step.summary)}", "bold")
    for line in failure.said:
        out.line(line, "dim")


def _read_places(file: File, limits: Limits) -> Places | None:
    """The places of a file; None where it has changed since it was read."""
    try:
        source = file.read()
        return read_places(source, limits) if source.digest == file.digest else None
    except FluxError:
        return None


def _differs(step: StepResult) -> str:
    if step.fault is not UNSET or step.verdict == "skipped":
        return "no verdict"
    return ", ".join(mismatch.field for mismatch in step.mismatches) or step.verdict
