"""Puts recorder and summary together, in the process that keeps the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_fluxscenario.gears.settings import ENGINE
from pytest_fluxscenario.plugin.configuration.options import OPTIONS
from pytest_fluxscenario.plugin.evidence.message import Teller
from pytest_fluxscenario.plugin.evidence.recorder import RECORDER, Recorder
from pytest_fluxscenario.plugin.evidence.reports import Reports
from pytest_fluxscenario.plugin.item.watcher import WATCHER
from pytest_fluxscenario.plugin.process.local import Local
from pytest_fluxscenario.plugin.process.protocol import ShortProtocol
from pytest_fluxscenario.plugin.session.keys import ASKED_INDEX, SETTLED
from pytest_fluxscenario.plugin.session.session import SESSION, Session
from pytest_fluxscenario.plugin.terminal.classes import Classes
from pytest_fluxscenario.plugin.terminal.coverage import ProfileCoverageReport
from pytest_fluxscenario.plugin.terminal.summary import Steps, Summary

if TYPE_CHECKING:
    from pytest_fluxscenario.model.evidence import RunRef
    from pytest_fluxscenario.plugin.evidence.telemetry import SessionTelemetry


def session_of(config: pytest.Config) -> Session:
    """The plugin's session in this process, begun at the first call."""
    known = config.stash.get(SESSION, None)
    if known is None:
        known = Session(config, config.stash[OPTIONS])
        try:
            # Again, for what a conftest.py further down adds: those at the top were asked as the session began.
            known.prepare()
        except pytest.UsageError as error:
            raise pytest.Collector.CollectError("\n".join(map(str, error.args))) from None
        config.stash[SESSION] = known
        config.add_cleanup(known.close)
        telemetry = _telemetry(config, known)
        if known.options.mixer is not None and not config.option.collectonly:
            from pytest_fluxscenario.plugin.mixer.elsewhere import take_elsewhere

            take_elsewhere(config, known, telemetry)
        teller = Teller(known.worker, known.redactor.counts, known.counter)
        reports = Reports(known, teller)
        config.pluginmanager.register(reports, "fluxscenario-reports")
        config.pluginmanager.register(ShortProtocol(config, teller), "fluxscenario-protocol")
        if not hasattr(config, "workerinput"):
            recorder = _record(config, known)
            config.pluginmanager.register(Local(recorder, reports), "fluxscenario-local")
    return known


def begin_recording(config: pytest.Config) -> Recorder:
    """The recorder of an xdist controller, with its summary."""
    session = Session(config, config.stash[OPTIONS])
    _telemetry(config, session)
    return _record(config, session)


def _telemetry(config: pytest.Config, session: Session) -> SessionTelemetry | None:
    """What this process exports; None where nothing is."""
    if session.options.otel is None:
        return None
    from pytest_fluxscenario.plugin.evidence.telemetry import take_telemetry

    telemetry = take_telemetry(config)
    telemetry.saw(session.redactor)
    if telemetry.telemetry is None:
        return None
    config.stash[WATCHER] = telemetry
    return telemetry


def _refs(config: pytest.Config) -> tuple[RunRef, ...]:
    """What is run from the store."""
    if ASKED_INDEX not in config.stash:
        return ()
    from pytest_fluxscenario.plugin.session.reference import STORED

    return config.stash[STORED].run_refs()


def _record(config: pytest.Config, session: Session) -> Recorder:
    verbose = config.get_verbosity() > 0
    options = session.options
    recorder = Recorder(
        options.evidence,
        session.redactor,
        _refs(config),
        keep_messages=verbose,
        gear="" if options.gear == ENGINE else options.gear,
        keep_ran=options.mutate,
    )
    config.stash[RECORDER] = recorder
    config.stash[SETTLED] = lambda: bool(recorder.written or recorder.faults)
    # Before the classes, so that it is asked after them: what coverage lacks is no reason to look at no class.
    config.pluginmanager.register(ProfileCoverageReport(config, session, recorder), "fluxscenario-coverage")
    config.pluginmanager.register(Classes(config, recorder), "fluxscenario-classes")
    config.pluginmanager.register(Summary(config, recorder), "fluxscenario-summary")
    if options.mutate and not config.option.collectonly:
        from pytest_fluxscenario.plugin.terminal.mutants import Mutants

        config.pluginmanager.register(Mutants(config, session, recorder), "fluxscenario-mutants")
    if verbose:
        config.pluginmanager.register(Steps(config, session.redactor), "fluxscenario-steps")
    return recorder
