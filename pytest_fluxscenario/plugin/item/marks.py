"""Tags, ``skip`` and ``xfail`` as pytest's markers (scenario.md)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from pytest_fluxscenario.base.text import meant, nearest, shown
from pytest_fluxscenario.plugin.item.failure import ScenarioFailed

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


@dataclass(frozen=True, slots=True)
class Expected:
    """That a scenario fails is expected."""

    reason: str
    #: Whether it has failed where it passes.
    strict: bool


def expected_of(item: pytest.Item) -> Expected | None:
    """What marks expect of an item that will run; None for nothing, and where another exception would be expected."""
    if item.config.option.runxfail or not any(mark.name == "xfail" for mark in item.iter_markers()):
        return None
    try:
        from _pytest.skipping import evaluate_xfail_marks

        found = evaluate_xfail_marks(item)
    except ImportError:
        return None
    if found is None:
        return None
    raises: Any = found.raises
    fits = issubclass(ScenarioFailed, raises) if isinstance(raises, type | tuple) else raises is None
    return Expected(found.reason, bool(found.strict)) if fits else None


def is_left_out(item: pytest.Item) -> bool:
    """Whether marks say that the item will not run: ``skip``, ``skipif`` whose condition holds, ``xfail(run=False)``.

    So also where a condition cannot be evaluated, which pytest reports when it comes to the item.
    """
    names = {mark.name for mark in item.iter_markers()}
    if "skip" in names:
        return True
    if not names & {"skipif", "xfail"}:
        return False
    try:
        # Not public, and asked here only: pytest itself asks when the item is set up, and racks begin before that.
        from _pytest.skipping import evaluate_skip_marks, evaluate_xfail_marks

        expected = evaluate_xfail_marks(item)
        never = expected is not None and not expected.run and not item.config.option.runxfail
        return never or evaluate_skip_marks(item) is not None
    except ImportError:
        return True
    except (Exception, pytest.fail.Exception):  # noqa: BLE001 - a condition is code of the project
        return True


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
