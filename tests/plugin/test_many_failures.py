"""A file of many scenarios that all fail is read for their places once, not once for each of them."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_fluxscenario.documents.places import read_places
from pytest_fluxscenario.evidence.verify import verify
from tests.fakes.packs import failing
from tests.fakes.project import Project

_MANY = 300


def test_many_failures_in_one_file_are_quick(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    path = project.add("a.json", *[failing(f"s{number:03}") for number in range(_MANY)])
    read = 0

    def counted(*args: Any) -> Any:
        nonlocal read
        read += 1
        return read_places(*args)

    monkeypatch.setattr("pytest_fluxscenario.runner.suite.read_places", counted)
    result = project.run()
    # Where each reads the file anew, the time grows with the square of their number.
    assert read == 1
    result.assert_outcomes(failed=_MANY)
    lines = path.read_text(encoding="utf-8").splitlines()
    places = [line for line in result.outlines if line.startswith("packs/small/scenarios/a.json:")]
    assert len(places) == _MANY
    for place in places:
        # The step begins on that line, and its name stands on the next.
        assert lines[int(place.split(":")[1])].strip() == '"name": "wrong",'
    assert verify(str(project.evidence)).problems == ()
