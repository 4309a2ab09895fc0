"""``--fluxscenario-html FILE``: the evidence of the session as a page, from the process that keeps it (evidence.md)."""

from __future__ import annotations

import os

import pytest

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.fs import make_folder
from pytest_fluxscenario.base.text import shown, shown_lines
from pytest_fluxscenario.evidence.html import write_empty_page, write_page
from pytest_fluxscenario.plugin.evidence.recorder import RECORDER

_FAILED = 1


class HtmlPage:
    """Writes the page: first that the session has not ended, and what came of it when it has."""

    def __init__(self, config: pytest.Config, path: str) -> None:
        self._config = config
        self._path = path
        self._shown = shown(os.path.relpath(path, config.invocation_params.dir))
        #: Why the page could not be written.
        self._fault = ""

    def begin(self) -> None:
        """Take the place of an older page: a session that dies never looks green. Raises pytest.UsageError."""
        try:
            make_folder(os.path.dirname(self._path))
            write_empty_page(self._path, "incomplete", "The session goes on, or it died.")
        except FluxError as error:
            said = error.problems[0].message
            raise pytest.UsageError(f"--fluxscenario-html: {self._shown} {said}") from error

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """The evidence is finished; a session whose page cannot be written has not passed."""
        recorder = self._config.stash.get(RECORDER, None)
        try:
            if recorder is None:
                write_empty_page(self._path, "incomplete", "No scenario was collected.")
            elif not recorder.written:
                verdict = "failed" if recorder.faults else "incomplete"
                write_empty_page(self._path, verdict, "There is no evidence of this run.", recorder.faults)
            else:
                write_page(recorder.writer.folder, self._path, str(self._config.rootpath))
        except FluxError as error:
            self._fault = shown_lines(str(error))
            if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
                session.exitstatus = _FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Where the page is, or why there is none."""
        if self._fault:
            terminalreporter.write_line(f"fluxscenario: {self._shown}: {self._fault}", red=True, bold=True)
        elif self._config.get_verbosity() >= 0:
            terminalreporter.write_line(f"fluxscenario: report in {self._shown}")


def begin_page(config: pytest.Config, path: str) -> None:
    """Have the page of this session written as ``path``. Raises pytest.UsageError where it cannot be."""
    page = HtmlPage(config, path)
    page.begin()
    config.pluginmanager.register(page, "fluxscenario-html")
