"""Puts recorder and summary together, in the process that keeps the evidence."""

from __future__ import annotations

import pytest

from pytest_fluxscenario.plugin.keys import OPTIONS, SESSION
from pytest_fluxscenario.plugin.local import Local
from pytest_fluxscenario.plugin.recorder import Recorder
from pytest_fluxscenario.plugin.reports import Reports
from pytest_fluxscenario.plugin.session import Session
from pytest_fluxscenario.plugin.summary import Summary


def session_of(config: pytest.Config) -> Session:
    """The plugin's session in this process, begun at the first call."""
    known = config.stash.get(SESSION, None)
    if known is None:
        known = config.stash[SESSION] = Session(config, config.stash[OPTIONS])
        if hasattr(config, "workerinput"):
            config.pluginmanager.register(Reports(known), "fluxscenario-reports")
        else:
            _register_local(config, known)
    return known


def begin_recording(config: pytest.Config) -> Recorder:
    """The recorder of an xdist controller, with its summary."""
    session = Session(config, config.stash[OPTIONS])
    recorder = Recorder(session.options.evidence, session.redactor)
    config.pluginmanager.register(Summary(config, recorder, session.redactor), "fluxscenario-summary")
    return recorder


def _register_local(config: pytest.Config, session: Session) -> None:
    recorder = Recorder(session.options.evidence, session.redactor)
    plugins = config.pluginmanager
    plugins.register(Reports(session), "fluxscenario-reports")
    plugins.register(Local(recorder), "fluxscenario-local")
    plugins.register(Summary(config, recorder, session.redactor), "fluxscenario-summary")
