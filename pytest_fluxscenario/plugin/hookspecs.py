"""The hooks that this plugin offers to a project's conftest.py and to other plugins.

Resolving a profile, watching steps, adding matchers, taking secrets out and adding to a record: a pack's owner can do
each of these without
touching the plugin. Hooks are called in the process that runs the scenario, which under xdist is a worker. A hook
that raises makes the
scenario an error: nothing passes when something that was asked for did not happen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_fluxscenario.model.evidence import StepResult
    from pytest_fluxscenario.model.scenario import Scenario, Step


@pytest.hookspec(firstresult=True)
def pytest_fluxscenario_resolve_profile(scenario: Scenario, path: str, config: pytest.Config) -> str | None:
    """Name the profile under test.

    Called once for each scenario that is collected and names no ``profile`` itself. Give a ref (``name:tag``,
    ``sha256:…``), or the path of a pack's folder with a ``/`` in it, relative to the scenario's file at ``path``; give
    None to leave it to the usual order. For a scenario of the store ``path`` is that of the index, and a path that is
    given begins at the root.
    """


def pytest_fluxscenario_before_step(item: pytest.Item, index: int, step: Step) -> None:
    """A step is about to be sent to the control; ``index`` counts from 1."""


def pytest_fluxscenario_after_step(item: pytest.Item, result: StepResult) -> None:
    """A step has its verdict; ``result`` holds request, response, expectation and mismatches."""


def pytest_fluxscenario_matchers(
    config: pytest.Config,  # noqa: ARG001 - a hook's parameters are its interface
) -> Mapping[str, Callable[[Any, Any], bool]]:
    """Add matchers for expectations.

    Give names, which begin with ``x-``, with a function each: it is called with the matcher's argument and the actual
    value, and says
    whether they fit. Only True counts as a fit. Asked for when a session begins, and again when the first scenario
    file is read.
    """
    return {}


def pytest_fluxscenario_redact(
    config: pytest.Config,  # noqa: ARG001 - a hook's parameters are its interface
) -> list[str]:
    """Add regular expressions whose matches are taken out of everything that is written or printed.

    Asked for when a session begins, and again when the first scenario file is read.
    """
    return []


def pytest_fluxscenario_evidence_record(item: pytest.Item, notes: dict[str, str]) -> None:
    """Add notes to the record of a scenario that has just run.

    Put text under names into ``notes``; it stands in the record's ``volatile`` part, which the record's ref does not
    cover.
    """
