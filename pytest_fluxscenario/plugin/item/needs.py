"""Which fixtures the scenarios of a folder need: those that are overridden there, and what applies by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter, Signature
from typing import Any

import pytest

from pytest_fluxscenario.plugin.item import fixtures

_KNOWN = pytest.StashKey[dict[pytest.Collector, "Needs | None"]]()


@dataclass(slots=True, eq=False)
class Needs:
    """What the items of one folder ask pytest for."""

    #: Its parameters are the fixtures that are overridden: the others need not be made by pytest.
    function: Callable[..., None]
    #: What pytest found out about them for the first item; the same for all items of the folder.
    fixtureinfo: Any = None


def needs_of(file: pytest.Collector) -> Needs | None:
    """The needs of the items of ``file``; None where no fixture is overridden, and none applies by itself."""
    folder = file.parent
    if folder is None:  # only a session has no parent
        return None
    known = file.session.stash.setdefault(_KNOWN, {})
    if folder not in known:
        known[folder] = _needs(file)
    return known[folder]


def _needs(file: pytest.Collector) -> Needs | None:
    manager: Any = getattr(file.session, "_fixturemanager", None)
    try:
        applies = any(True for _ in manager._getautousenames(file))  # noqa: SLF001 - pytest has no public way to ask
        overridden = [name for name in fixtures.OVERRIDABLE if _overridden(manager.getfixturedefs(name, file))]
    except (AttributeError, TypeError):
        # A pytest that answers otherwise: all fixtures are slower and never wrong.
        applies, overridden = True, list(fixtures.OVERRIDABLE)
    return Needs(_function(overridden)) if applies or overridden else None


def _overridden(definitions: Any) -> bool:
    return bool(definitions) and definitions[-1].func.__module__ != fixtures.__name__


def _function(names: list[str]) -> Callable[..., None]:
    """A function whose parameters are ``names``: by them pytest knows what to make; the item runs the scenario."""

    def scenario(**_given: Any) -> None:
        raise AssertionError("a scenario is run by its item")

    parameters = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in names]
    scenario.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # read by inspect.signature
    return scenario
