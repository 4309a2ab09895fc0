"""Small facts that the plugin keeps on pytest's config, and those that its processes tell one another.

What a module makes it keeps itself, under a key beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

#: The id of the session's run on a Mixer; not there where scenarios run here.
MIXER_RUN: pytest.StashKey[str] = pytest.StashKey()
#: Why scenarios run here all the same, and how many for that reason.
HERE: pytest.StashKey[dict[str, int]] = pytest.StashKey()
#: Where a worker finds the id of the run, and where it tells which scenarios run here.
RUN_KEY = "fluxscenario_run"
TOLD_HERE = "fluxscenario_here"
#: Where a worker tells its controller which scenarios it collected and will not run.
LEFT_OUT = "fluxscenario_left_out"
#: Folders that could not be collected, with what pytest says of each: nobody knows what scenarios they hold.
FAILED_FOLDERS: pytest.StashKey[list[tuple[str, str]]] = pytest.StashKey()
#: There once a scenario was seen, in the process that keeps the evidence: whether it was written, or could not be.
SETTLED: pytest.StashKey[Callable[[], bool]] = pytest.StashKey()
#: There where evidence of an earlier run was found and none of this one was written: why that could not be changed, or
#: nothing.
OLDER: pytest.StashKey[str] = pytest.StashKey()
#: When the session began, in nanoseconds; there only where something is exported.
BEGAN: pytest.StashKey[int] = pytest.StashKey()
#: Where a worker finds the span of its session, and where it tells what could not be delivered.
TRACE_KEY = "fluxscenario_trace"
TOLD_LOST = "fluxscenario_lost"
#: The index of the store from which something is run; not there where nothing is.
ASKED_INDEX: pytest.StashKey[Path] = pytest.StashKey()
