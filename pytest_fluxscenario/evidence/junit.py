"""What a JUnit testcase says of its scenario (evidence.md, "JUnit")."""

from __future__ import annotations

from functools import lru_cache

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.evidence.redact import Redactor
from pytest_fluxscenario.model.evidence import Result

_STEP = {"passed": "step[passed]", "failed": "step[failure]", "error": "step[failure]", "skipped": "step[skipped]"}


def junit_properties(item_id: str, result: Result, ref: str, redactor: Redactor) -> list[tuple[str, str]]:
    """The properties of one testcase, as plain text."""
    verdicts = [step.verdict for step in result.steps]
    profile = result.profile
    properties = [
        ("fluxscenario.id", item_id),
        _property("fluxscenario.profile", f"{profile.id} {profile.version}"),
        _property("fluxscenario.profile_hash", profile.hash),
        ("fluxscenario.evidence", ref),
        _property("fluxscenario.steps.passed", str(verdicts.count("passed"))),
        _property("fluxscenario.steps.failed", str(verdicts.count("failed") + verdicts.count("error"))),
        *[_property(_STEP[step.verdict], f"{step.index} {shown(redactor.text(step.name))}") for step in result.steps],
    ]
    if redactor.active:
        return [(name, redactor.text(value)) for name, value in properties]
    return properties


@lru_cache(maxsize=4096)
def _property(name: str, value: str) -> tuple[str, str]:
    """One property; most are the same for thousands of testcases, and pytest keeps each of them until the end."""
    return name, value
