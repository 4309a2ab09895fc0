"""What an earlier run left, where this session leaves no evidence: it must not look like this one's (evidence.md)."""

from __future__ import annotations

import os

import pytest

from pytest_fluxscenario.plugin.configuration.options import OPTIONS
from pytest_fluxscenario.plugin.session.keys import OLDER, SETTLED

_MANIFEST = "manifest.json"
_FAILED = 1


def settle_older(session: pytest.Session) -> None:
    """Replace older evidence by that of a run without scenarios, or remember to tell of it.

    It is replaced where somebody named the folder for this run, or a scenario file was seen. Whoever runs Python tests
    only, and named nothing, keeps the evidence of the last scenarios.
    """
    config = session.config
    options = config.stash.get(OPTIONS, None)
    if options is None or options.evidence is None or hasattr(config, "workerinput") or config.option.collectonly:
        return
    settled = config.stash.get(SETTLED, None)
    if settled is not None and settled():
        return
    if not os.path.lexists(os.path.join(options.evidence, _MANIFEST)):
        return
    if settled is None and not options.evidence_named:
        config.stash[OLDER] = ""
        return
    config.stash[OLDER] = _write_nothing_ran(options.evidence)
    if config.stash[OLDER] and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = _FAILED


def tell_older(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say that evidence is of an earlier run, or that no scenario ran."""
    fault = config.stash.get(OLDER, None)
    if fault is None:
        return
    if fault:
        terminalreporter.write_line(f"fluxscenario: {fault}", red=True, bold=True)
    elif config.get_verbosity() >= 0:
        options = config.stash[OPTIONS]
        folder = os.path.relpath(str(options.evidence), config.invocation_params.dir)
        named = options.evidence_named or SETTLED in config.stash
        said = "evidence incomplete, 0 records in" if named else "no scenario ran; an earlier run left the evidence in"
        from pytest_fluxscenario.base.text import shown

        terminalreporter.write_line(f"fluxscenario: {said} {shown(folder)}")


def _write_nothing_ran(folder: str) -> str:
    """Leave the evidence of a run in which no scenario ran; gives why that cannot be done, or nothing."""
    from pytest_fluxscenario.base.clock import SystemClock, timestamp
    from pytest_fluxscenario.base.errors import FluxError
    from pytest_fluxscenario.base.text import shown_lines
    from pytest_fluxscenario.evidence.circumstances import tool
    from pytest_fluxscenario.evidence.writer import About, EvidenceWriter

    writer = EvidenceWriter(folder, About(timestamp(SystemClock().now()), tool()))
    try:
        writer.begin(())
        writer.finish((), {})
    except FluxError as error:
        return shown_lines(str(error))
    return ""
