"""What an earlier run left, where this session leaves no evidence: it must not look like this one's (evidence.md)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_fluxscenario.plugin.keys import OLDER, SETTLED
from pytest_fluxscenario.plugin.options import OPTIONS

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

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
    from pytest_fluxscenario.plugin.record_session import write_nothing_ran

    config.stash[OLDER] = write_nothing_ran(options.evidence)
    if config.stash[OLDER] and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = _FAILED


def tell_older(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
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
