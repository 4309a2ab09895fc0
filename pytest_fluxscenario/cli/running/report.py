"""What ``fluxrig scenario run`` says: progress on a terminal, failures step by step, a last line; or JSON."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import Any

from msgspec import UNSET

from pytest_fluxscenario.base.errors import DamageError, FluxError
from pytest_fluxscenario.base.place import Pointer
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import shown, shown_lines
from pytest_fluxscenario.cli.console.render import COLOURS, Outputs, one_line, problem_json
from pytest_fluxscenario.cli.running.items import Ended, File, Item
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.places import Places, read_places
from pytest_fluxscenario.evidence.redact import Redactor
from pytest_fluxscenario.model.evidence import ProfileRef, StepResult
from pytest_fluxscenario.runner.explain import explain_step, headline

_LETTERS = {"passed": ".", "failed": "F", "error": "E", "skipped": "s", "xfailed": "x"}
_ORDER = ("failed", "error", "passed", "skipped", "xfailed")


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
class Report:
    """Listens to a session; keeps what failed, and counts the rest."""

    outputs: Outputs
    redactor: Redactor
    json: bool
    verbose: bool
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_ORDER, 0))
    failures: list[Failure] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    profiles: dict[ProfileRef, int] = field(default_factory=dict)
    #: Whether a file could not be used, or a hook not run, because a store is damaged.
    damaged: bool = False
    items: list[dict[str, Any]] = field(default_factory=list)
    #: What was run from the store, in words.
    taken: tuple[str, ...] = ()
    limits: Limits = Limits()
    #: What the machine lacks, to how many items were skipped for it.
    missing: dict[str, int] = field(default_factory=dict)
    _places: Places | None = None
    _places_of: File | None = None
    _column: int = 0
    _width: int = field(default_factory=lambda: shutil.get_terminal_size().columns)

    def ended(self, ended: Ended) -> None:
        """An item has run, or was skipped."""
        outcome = ended.outcome
        self.counts[outcome] += 1
        if ended.missing:
            note = self._clean(ended.note)
            self.missing[note] = self.missing.get(note, 0) + 1
        if ended.run is not None:
            ref = ended.item.subject.ref
            self.profiles[ref] = self.profiles.get(ref, 0) + 1
            self.damaged = self.damaged or ended.run.damaged
        if outcome in ("failed", "error"):
            self.failures.append(self._failure(ended))
        if self.json:
            self.items.append(self._item_json(ended))
        elif self.verbose:
            self._tell(ended)
        elif self.outputs.out.terminal:
            self._dot(outcome)

    def broken(self, file: str, error: FluxError) -> None:  # noqa: ARG002 - the places of the problems name the file
        """A file could not be used."""
        self.damaged = self.damaged or isinstance(error, DamageError)
        self.problems.extend(map(self._redacted, error.problems))

    def warned(self, problem: Problem) -> None:
        """A warning of a file or a pack."""
        self.warnings.append(self._redacted(problem))

    def finish(self, duration: float, evidence: str | None) -> None:
        """Tell what failed, and the last line; ``evidence`` is what to say of the evidence."""
        out = self.outputs.out
        if self._column:
            out.line()
        self.outputs.problems(self.warnings)
        out.flush()
        self.outputs.problems(self.problems)
        for failure in self.failures:
            self._tell_failure(failure)
        if self.failures:
            out.line()
        for failure in self.failures:
            out.line(f"{failure.outcome.upper()} {failure.id} - {failure.headline}", "red")
        for taken in self.taken:
            out.line(self._clean(taken), "dim")
        for ref, count in sorted(self.profiles.items(), key=lambda entry: (entry[0].id, entry[0].version)):
            noun = "scenario" if count == 1 else "scenarios"
            where = shown(f"{ref.origin} {ref.source}")
            out.line(self._clean(f"{count} {noun} on {ref.id} {ref.version} ({ref.hash[:19]}…, {where})"), "dim")
        for note, count in self.missing.items():
            out.line(f"{count} {'scenario was' if count == 1 else 'scenarios were'} skipped: {note}", "yellow")
        if evidence is not None:
            out.line(evidence, "dim")
        bad = bool(self.failures or self.problems)
        colour = "red" if bad else "green" if any(self.counts.values()) else "yellow"
        out.line(f"{self._summary()} in {duration:.2f} s", colour)

    def _verdict(self) -> str:
        if self.failures or self.problems:
            return "failed"
        # Where nothing was run last there is nothing to run: no verdict that looks like one of scenarios.
        return "passed" if any(self.counts.values()) else "incomplete"

    def _summary(self) -> str:
        words = {"error": "without a verdict"}
        said = [f"{self.counts[name]} {words.get(name, name)}" for name in _ORDER if self.counts[name]]
        if self.problems:
            said.append(f"{len(self.problems)} problem{'s' if len(self.problems) > 1 else ''} in files")
        return ", ".join(said) or "nothing ran"

    def _tell(self, ended: Ended) -> None:
        out = self.outputs.out
        note = f" ({self._clean(ended.note)})" if ended.note else ""
        out.write(f"{ended.outcome:<8}", COLOURS[ended.outcome])
        out.line(f" {self._clean(ended.item.id)}{note}")
        for step in ended.run.steps if ended.run is not None else ():
            out.write(f"    {step.verdict:<8}", COLOURS[step.verdict])
            out.line(f" {step.index} {self._clean(step.name)}")

    def _dot(self, outcome: str) -> None:
        out = self.outputs.out
        out.write(_LETTERS[outcome], COLOURS[outcome])
        self._column += 1
        if self._column >= self._width:
            out.line()
            self._column = 0
        if self._column % 16 == 0:
            out.flush()

    def _failure(self, ended: Ended) -> Failure:
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
            line = self._line(item, run.pointer(step))
            steps.append(StepFailure(redact(item.file.name), line, redact(_differs(step)), told))
        said: list[str] = []
        for hook_id, text in run.errors:
            said.append(self._clean(f"stderr of the hook {hook_id}"))
            said.extend(f"  {line}" for line in redact(shown_lines(text)).split("\n"))
        headed = one_line(redact(headline(run, self.redactor.data)))
        return Failure(item_id, ended.outcome, headed, tuple(steps), tuple(said))

    def _line(self, item: Item, pointer: Pointer) -> int:
        prepared = item.prepared
        if self._places_of != item.file:
            # Kept for the next failure: a file of many scenarios would be read again for each.
            self._places_of, self._places = item.file, self._read_places(item.file)
        if self._places is None:
            return prepared.line
        return max(self._places.at(prepared.document, prepared.pointer + pointer).line, 1)

    def _read_places(self, file: File) -> Places | None:
        """The places of a file; None where it has changed since it was read."""
        try:
            source = file.read()
            return read_places(source, self.limits) if source.digest == file.digest else None
        except FluxError:
            return None

    def _tell_failure(self, failure: Failure) -> None:
        out = self.outputs.out
        out.line()
        out.line(failure.id, "bold")
        for step in failure.steps:
            for line in step.lines:
                out.line(line, "red" if line.startswith("E") else "")
            out.line(f"{shown(step.file)}:{step.line}: {one_line(step.summary)}", "bold")
        for line in failure.said:
            out.line(line, "dim")

    def _item_json(self, ended: Ended) -> dict[str, Any]:
        clean = self._clean
        item, run = ended.item, ended.run
        entry: dict[str, Any] = {
            "id": clean(item.id),
            "outcome": ended.outcome,
            "file": clean(item.file.name),
            "line": item.prepared.line,
        }
        if ended.note:
            entry["note"] = clean(ended.note)
        if run is not None:
            entry["steps"] = [
                {"index": step.index, "name": clean(step.name), "verdict": step.verdict} for step in run.steps
            ]
        if ended.outcome in ("failed", "error"):
            failure = self.failures[-1]
            entry["message"] = failure.headline
            entry["failures"] = [
                {"file": step.file, "line": step.line, "message": step.summary, "text": "\n".join(step.lines)}
                for step in failure.steps
            ]
            if failure.said:
                entry["stderr"] = "\n".join(failure.said)
        return entry

    def to_json(self, duration: float) -> dict[str, Any]:
        """Everything as one document."""
        return {
            "verdict": self._verdict(),
            "counts": self.counts,
            "duration": round(duration, 6),
            "scenarios": self.items,
            "problems": [problem_json(problem) for problem in self.problems],
            "warnings": [problem_json(problem) for problem in self.warnings],
            "profiles": [
                {
                    "id": ref.id,
                    "version": ref.version,
                    "hash": ref.hash,
                    "origin": ref.origin,
                    "source": ref.source,
                    "scenarios": count,
                }
                for ref, count in sorted(
                    self.profiles.items(), key=lambda entry: (entry[0].id, entry[0].version, entry[0].source)
                )
            ],
        }

    def _clean(self, text: str) -> str:
        return shown(self.redactor.text(text), 2000)

    def _redacted(self, problem: Problem) -> Problem:
        if not self.redactor.active:
            return problem
        redact = self.redactor.text
        place = type(problem.place)(
            redact(problem.place.file), problem.place.line, problem.place.column, problem.place.pointer
        )
        return Problem(problem.code, place, redact(problem.message), redact(problem.hint), problem.severity)


def _differs(step: StepResult) -> str:
    if step.fault is not UNSET or step.verdict == "skipped":
        return "no verdict"
    return ", ".join(mismatch.field for mismatch in step.mismatches) or step.verdict
