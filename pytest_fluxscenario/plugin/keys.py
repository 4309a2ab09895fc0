"""Where the plugin keeps its things on pytest's config."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_fluxscenario.plugin.options import Options
    from pytest_fluxscenario.plugin.session import Session

OPTIONS = pytest.StashKey["Options"]()
SESSION = pytest.StashKey["Session"]()
