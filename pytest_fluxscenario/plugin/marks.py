"""Tags, ``skip`` and ``xfail`` as pytest's markers (scenario.md)."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest

from pytest_fluxscenario.base.text import meant, nearest, shown

if TYPE_CHECKING:
    from pytest_fluxscenario.model.scenario import Scenario


class TagError(Exception):
    """A tag that ``--strict-markers`` does not let pass."""

    def __init__(self, tag: str, position: int, registered: list[str]) -> None:
        super().__init__(f"the tag '{shown(tag, 80)}' is not a registered marker, and markers are strict")
        self.position = position
        close = nearest(tag, sorted(set(registered)))
        self.hint = (
            f"{meant(close)} or register it under markers" if close else "register it under markers in the ini file"
        )


def marks_of(scenario: Scenario, config: pytest.Config) -> list[pytest.MarkDecorator]:
    """The markers of a scenario. Raises TagError."""
    marks = [_mark(tag, position, config) for position, tag in enumerate(scenario.tags)]
    if scenario.skip is not None:
        marks.append(pytest.mark.skip(reason=scenario.skip))
    if scenario.xfail is not None:
        marks.append(pytest.mark.xfail(reason=scenario.xfail))
    return marks


def _mark(tag: str, position: int, config: pytest.Config) -> pytest.MarkDecorator:
    registered = [line.split(":", 1)[0].split("(", 1)[0].strip() for line in config.getini("markers")]
    with warnings.catch_warnings():
        # pytest would point at this line; a tag that is not strict needs no registration.
        warnings.simplefilter("ignore", pytest.PytestUnknownMarkWarning)
        try:
            mark: pytest.MarkDecorator = getattr(pytest.mark, tag)
        except (pytest.fail.Exception, AttributeError):
            raise TagError(tag, position, registered) from None
    return mark
