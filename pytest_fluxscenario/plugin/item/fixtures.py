"""The fixtures that a pack's conftest.py may override, to run the same scenarios against something else.

A scenario for which none is overridden, and no autouse fixture applies, runs without fixtures, which is faster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_fluxscenario.base.clock import Clock
    from pytest_fluxscenario.control.port import Control
    from pytest_fluxscenario.model.request import Environment
    from pytest_fluxscenario.runner.case import Case, StepHooks
    from pytest_fluxscenario.runtimes.port import HookRuntime

#: What the names of the plugin's fixtures begin with.
PREFIX = "fluxscenario_"
#: The fixtures by which a scenario runs differently.
OVERRIDABLE = (
    "fluxscenario_control",
    "fluxscenario_environment",
    "fluxscenario_clock",
    "fluxscenario_hooks",
)


@pytest.fixture
def fluxscenario_case(request: pytest.FixtureRequest) -> Case:
    """The scenario that is about to run, and the profile it runs on, as ``.subject.pack.profile``."""
    case = getattr(request.node, "case", None)
    if case is None:
        pytest.fail("fluxscenario_case is a fixture of scenarios; a test function has none", pytrace=False)
    return case  # type: ignore[no-any-return]  # items of this plugin have a Case there


@pytest.fixture
def fluxscenario_environment(fluxscenario_case: Case) -> Environment | Mapping[str, Any]:
    """What the world offers: an Environment, or a mapping with ``capabilities`` and ``connectors``."""
    return fluxscenario_case.environment


@pytest.fixture
def fluxscenario_clock() -> Clock | Any:
    """The time of the scenario: a datetime, or an object with ``now()``; 2026-01-01T00:00:00Z unless overridden."""
    from pytest_fluxscenario.base.clock import StandingClock

    return StandingClock()


@pytest.fixture
def fluxscenario_hooks() -> HookRuntime | Mapping[str, Any] | None:
    """What calls hooks: an object with ``call()``, or Python functions by hook id; none unless overridden."""
    return None


@pytest.fixture
def fluxscenario_step_hooks(request: pytest.FixtureRequest, fluxscenario_hooks: Any) -> StepHooks:
    """The runtime to give to a control: ``fluxscenario_hooks`` with the faults that the scenario injects."""
    from pytest_fluxscenario.plugin.item.adapt import as_hooks

    hooks = request.getfixturevalue("fluxscenario_case").hooks(as_hooks(fluxscenario_hooks))
    request.node.hooks = hooks
    return hooks  # type: ignore[no-any-return]  # Case.hooks gives StepHooks


@pytest.fixture
def fluxscenario_control(
    fluxscenario_case: Case,
    fluxscenario_environment: Any,
    fluxscenario_clock: Any,
    fluxscenario_step_hooks: StepHooks,
) -> Control:
    """The control under test: an object with ``begin``, ``decide`` and ``approve``; the engine unless overridden."""
    from pytest_fluxscenario.plugin.item.adapt import as_clock, as_environment

    environment = as_environment(fluxscenario_environment)
    return fluxscenario_case.control(fluxscenario_step_hooks, environment, as_clock(fluxscenario_clock))
