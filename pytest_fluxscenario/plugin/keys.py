"""Where the plugin keeps its things on pytest's config."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_fluxscenario.cas.store import Store
    from pytest_fluxscenario.plugin.options import Options
    from pytest_fluxscenario.plugin.recorder import Recorder
    from pytest_fluxscenario.plugin.reference import Stored
    from pytest_fluxscenario.plugin.session import Session
    from pytest_fluxscenario.plugin.telemetry import SessionTelemetry

#: What was asked for.
OPTIONS: pytest.StashKey[Options] = pytest.StashKey()
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
#: The plugin's session in this process, where scenarios run in it.
SESSION: pytest.StashKey[Session] = pytest.StashKey()
#: There where evidence of an earlier run was found and none of this one was written: why that could not be changed, or
#: nothing.
OLDER: pytest.StashKey[str] = pytest.StashKey()
#: When the session began, in nanoseconds; there only where something is exported.
BEGAN: pytest.StashKey[int] = pytest.StashKey()
#: What this process exports; not there before it is needed, or where it is not wanted.
TELEMETRY: pytest.StashKey[SessionTelemetry] = pytest.StashKey()
#: Where a worker finds the span of its session, and where it tells what could not be delivered.
TRACE_KEY = "fluxscenario_trace"
TOLD_LOST = "fluxscenario_lost"
#: What keeps the evidence, in the process that does; not there before a scenario is seen.
RECORDER: pytest.StashKey[Recorder] = pytest.StashKey()
#: The store of the session, opened once; None where there is none.
STORE: pytest.StashKey[Store | None] = pytest.StashKey()
#: What is run from it; not there where nothing is.
STORED: pytest.StashKey[Stored] = pytest.StashKey()
