"""Who measures the runs of scenarios in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from pytest_fluxscenario.plugin.item.base import ScenarioMixin
    from pytest_fluxscenario.runner.case import Case, StepHooks
    from pytest_fluxscenario.telemetry.watching import Watch


class Watcher(Protocol):
    """Measures each of them."""

    def watching(self, item: ScenarioMixin, case: Case, hooks: StepHooks) -> Watch:
        """Around one run of a scenario."""


#: Not there where nothing is exported.
WATCHER: pytest.StashKey[Watcher] = pytest.StashKey()
