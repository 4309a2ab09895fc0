"""What a JUnit testcase says of its scenario (evidence.md, "JUnit")."""

from __future__ import annotations

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.evidence.redact import Redactor
from pytest_fluxscenario.model.evidence import Result

_WORDS = {"passed": "passed", "failed": "failure", "error": "failure", "skipped": "skipped"}


def junit_properties(item_id: str, result: Result, ref: str, redactor: Redactor) -> list[tuple[str, str]]:
    """The properties of one testcase, as plain text."""
    verdicts = [step.verdict for step in result.steps]
    properties = [
        ("fluxscenario.id", item_id),
        ("fluxscenario.profile", f"{result.profile.id} {result.profile.version}"),
        ("fluxscenario.profile_hash", result.profile.hash),
        ("fluxscenario.evidence", ref),
        ("fluxscenario.steps.passed", str(verdicts.count("passed"))),
        ("fluxscenario.steps.failed", str(verdicts.count("failed") + verdicts.count("error"))),
        *[(f"step[{_WORDS[step.verdict]}]", f"{step.index} {shown(step.name)}") for step in result.steps],
    ]
    if redactor.active:
        return [(name, redactor.text(value)) for name, value in properties]
    return properties
