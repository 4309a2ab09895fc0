"""What items ask before they run here: whether a rack runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from pytest_fluxscenario.plugin.item.attempt import Attempt
    from pytest_fluxscenario.plugin.item.base import ScenarioMixin


class Racks(Protocol):
    """Runs scenarios of this process on another machine."""

    def has(self, item: ScenarioMixin) -> bool:
        """Whether a rack runs that item, or nobody may."""

    def attempt(self, item: ScenarioMixin) -> Attempt:
        """What a rack makes of the item, which is waited for. Raises FluxError, RuntimeMissing."""


#: Not there where all scenarios run here.
RACKS: pytest.StashKey[Racks] = pytest.StashKey()
