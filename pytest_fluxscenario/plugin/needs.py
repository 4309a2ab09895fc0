"""Whether the scenarios of a folder need pytest's fixtures: only where one is overridden, or applies by itself."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_fluxscenario.plugin import fixtures

_KNOWN = pytest.StashKey[dict[pytest.Collector, bool]]()


def needs_fixtures(file: pytest.File) -> bool:
    """Whether a fixture of this plugin is overridden for ``file``, or an autouse fixture applies to it."""
    folder = file.parent
    assert isinstance(folder, pytest.Collector)
    known = file.session.stash.setdefault(_KNOWN, {})
    if folder not in known:
        known[folder] = _needs(file)
    return known[folder]


def _needs(file: pytest.File) -> bool:
    manager: Any = getattr(file.session, "_fixturemanager", None)
    try:
        if any(True for _ in manager._getautousenames(file)):  # noqa: SLF001 - pytest has no public way to ask
            return True
        return any(_overridden(manager.getfixturedefs(name, file)) for name in fixtures.OVERRIDABLE)
    except (AttributeError, TypeError):
        # A pytest that answers otherwise: fixtures for everything are slower and never wrong.
        return True


def _overridden(definitions: Any) -> bool:
    return bool(definitions) and definitions[-1].func.__module__ != fixtures.__name__
