"""What the terminal says of scenarios beyond pytest's words: steps with ``-v``, and where the evidence lies."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.plugin.evidence.message import ATTRIBUTE, Message, let_go

if TYPE_CHECKING:
    from pytest_fluxscenario.evidence.redact import Redactor
    from pytest_fluxscenario.plugin.evidence.recorder import Recorder

_COLOURS = {"passed": "green", "failed": "red", "error": "red", "skipped": "yellow"}
_FAILED = 1


class Summary:
    """Writes to the terminal of the process that keeps the evidence."""

    def __init__(self, config: pytest.Config, recorder: Recorder) -> None:
        self._config = config
        self._recorder = recorder

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Finish the evidence; a session that could not record what it saw has not passed."""
        self._recorder.finish()
        if self._recorder.faults and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = _FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Profiles under test, and the evidence with its root hash."""
        recorder = self._recorder
        if self._config.get_verbosity() >= 0:
            for profile, count in sorted(recorder.profiles.items(), key=lambda entry: (entry[0].id, entry[0].version)):
                where = f"{profile.origin} {profile.source}"
                line = (
                    f"fluxscenario: {count} scenario{'s' if count != 1 else ''} on {profile.id} {profile.version}"
                    f" ({profile.hash[:19]}…, {shown(where)})"
                )
                terminalreporter.write_line(recorder.redacted(line))
            if recorder.gear:
                terminalreporter.write_line(f"fluxscenario: run against the gear {shown(recorder.gear, 200)}")
            if recorder.written:
                writer = recorder.writer
                folder = shown(os.path.relpath(writer.folder, self._config.invocation_params.dir))
                records = f"{writer.records} record{'s' if writer.records != 1 else ''}"
                terminalreporter.write_line(
                    f"fluxscenario: evidence {writer.verdict}, {records} in {folder} (root {writer.root[:19]}…)"
                )
        for note, count in sorted(recorder.missing.items()):
            scenarios = "scenario was" if count == 1 else "scenarios were"
            said = shown(note, 1000)
            terminalreporter.write_line(f"fluxscenario: {count} {scenarios} skipped: {said}", yellow=True)
        for fault in recorder.faults:
            terminalreporter.write_line(f"fluxscenario: {fault}", red=True, bold=True)


class Steps:
    """With ``-v``, the steps below their scenario."""

    def __init__(self, config: pytest.Config, redactor: Redactor) -> None:
        self._config = config
        self._redactor = redactor

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of one test; pytest has written its line."""
        message: Message | None = getattr(report, ATTRIBUTE, None)
        terminal: pytest.TerminalReporter | None = self._config.pluginmanager.getplugin("terminalreporter")
        if message is None or terminal is None:
            return
        let_go(report)
        terminal.ensure_newline()
        for index, name, verdict in message["steps"]:
            terminal.write(f"    {verdict:<8}", **{_COLOURS[verdict]: True})
            terminal.write_line(f"{index} {shown(self._redactor.text(name))}")
