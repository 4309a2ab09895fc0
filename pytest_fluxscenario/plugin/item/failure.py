"""How a failed scenario is shown: each failed step at its own line, expected against actual, the gate, and a hint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from _pytest._code.code import ExceptionChainRepr, ReprEntry, ReprFileLocation, ReprTraceback
from msgspec import UNSET

from pytest_fluxscenario.base.text import shown_lines
from pytest_fluxscenario.runner.explain import explain_step, headline

if TYPE_CHECKING:
    from pytest_fluxscenario.plugin.item.base import ScenarioMixin
    from pytest_fluxscenario.runner.run import Outcome


class ScenarioFailed(Exception):  # noqa: N818 - it is how pytest is told of a verdict, not an error
    """A scenario did not pass; carries what happened."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.verdict)
        self.outcome = outcome


def failure_repr(item: ScenarioMixin, outcome: Outcome) -> ExceptionChainRepr:
    """The outcome as pytest shows a failure; it survives the way from an xdist worker."""
    redactor = item.flux.redactor
    redact = redactor.text
    entries: list[Any] = []
    bad = [step for step in outcome.steps if step.verdict in ("failed", "error")]
    short = redact(shown_lines(headline(outcome, redactor.data)))
    for step in bad or outcome.steps[:1]:
        pointer, source = outcome.pointer(step), item.parent
        place = item.flux.suite.place(source.read, source.shown, item.prepared, pointer, source.digest)
        told = explain_step(step, item.subject.pack.profile, outcome.fault, redactor.data)
        lines = [redact(shown_lines(line)) for line in told]
        location = ReprFileLocation(item.parent.shown, max(place.line, 1), _one_line(redact(_summary(step))))
        entries.append(ReprEntry(lines, None, None, location, "long"))
    crash = ReprFileLocation(item.parent.shown, entries[0].reprfileloc.lineno, _one_line(short))
    return ExceptionChainRepr([(ReprTraceback(entries, None, "long"), crash, None)])


def _summary(step: Any) -> str:
    if step.fault is not UNSET or step.verdict == "skipped":
        return "no verdict"
    return ", ".join(mismatch.field for mismatch in step.mismatches) or step.verdict


def _one_line(text: str) -> str:
    return shown_lines(text).replace("\n", "; ")
