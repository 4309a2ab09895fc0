"""What ``fluxrig scenario run`` says: progress on a terminal, failures step by step, a last line; or JSON."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import Any

from pytest_fluxscenario.base.errors import DamageError, FluxError
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console.render import COLOURS, Outputs, problem_json
from pytest_fluxscenario.cli.running.failures import Explainer, Failure, tell_failure
from pytest_fluxscenario.cli.running.items import Ended
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.evidence.redact import Redactor
from pytest_fluxscenario.model.evidence import ProfileRef

_LETTERS = {"passed": ".", "failed": "F", "error": "E", "skipped": "s", "xfailed": "x"}
_ORDER = ("failed", "error", "passed", "skipped", "xfailed")


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
    _explainer: Explainer = field(init=False)
    _column: int = 0
    _width: int = field(default_factory=lambda: shutil.get_terminal_size().columns)

    def __post_init__(self) -> None:
        self._explainer = Explainer(self.redactor)

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
            self.failures.append(self._explainer.explain(ended, self.limits))
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
            tell_failure(failure, out)
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
