"""Where an item of a session on a Mixer runs: on a rack, here, or nowhere (fleet.md)."""

from __future__ import annotations

from typing import Final

import pytest

from pytest_fluxscenario.plugin.item.base import ScenarioMixin
from pytest_fluxscenario.plugin.item.execute import is_stepped
from pytest_fluxscenario.plugin.item.item import FixtureScenarioItem
from pytest_fluxscenario.plugin.item.marks import is_left_out

#: It runs nowhere.
SKIPPED: Final = "skipped"


def will_run(session: pytest.Session) -> bool:
    """Whether what was collected will run: racks begin at once, also for a session that then ends."""
    config = session.config
    if hasattr(config, "workerinput"):
        # Its controller decides.
        return not config.option.setuponly
    stopped = session.testsfailed and not config.option.continue_on_collection_errors
    return not (stopped or config.option.setuponly)


def why_here(item: ScenarioMixin) -> str:
    """Why an item runs here all the same; empty where a rack can run it."""
    if is_left_out(item):
        return SKIPPED
    if isinstance(item, FixtureScenarioItem) and (why := item.why_here()):
        return why
    if is_stepped(item):
        return "a plugin watches their steps"
    if item.flux.settings.matchers and b'"x-' in item.prepared.encoded:
        return "they use matchers of the project"
    return ""
