"""A session that runs its scenarios itself: what it collects and reports goes straight to the recorder."""

from __future__ import annotations

import pytest

from pytest_fluxscenario.plugin.evidence.recorder import Recorder
from pytest_fluxscenario.plugin.evidence.reports import Reports
from pytest_fluxscenario.plugin.item.base import ScenarioMixin
from pytest_fluxscenario.plugin.item.source import Collecting
from pytest_fluxscenario.plugin.session.keys import ASKED_INDEX, FAILED_FOLDERS


class Local:
    """Feeds the recorder of a session without workers."""

    def __init__(self, recorder: Recorder, reports: Reports) -> None:
        self._recorder = recorder
        self._reports = reports
        self._files: set[str] = set()
        self._failed_files = 0

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector):  # type: ignore[no-untyped-def] # noqa: ANN201 - the types of a wrapper say nothing
        """Remember which collectors are scenario files."""
        if isinstance(collector, Collecting):
            self._files.add(collector.nodeid)
        return (yield)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A scenario file that could not be collected is part of the evidence."""
        if report.failed and report.nodeid in self._files:
            self._failed_files += 1
            self._recorder.collect_error(report.nodeid, str(report.longrepr))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """What will run is known."""
        if session.testsfailed and session.testsfailed == self._failed_files:
            # A file that cannot be read does not hide the verdicts on the others; the session fails for it all the
            # same.
            session.config.option.continue_on_collection_errors = True
        if not session.config.option.collectonly:
            for folder, text in session.config.stash[FAILED_FOLDERS]:
                self._recorder.collect_error(folder, text)
            items = [item.nodeid for item in session.items if isinstance(item, ScenarioMixin)]
            if ASKED_INDEX in session.config.stash:
                from pytest_fluxscenario.plugin.session.reference import STORED

                session.config.stash[STORED].remember(items)
            left_out = self._reports.left_out(session)
            self._recorder.begin(items + left_out)
            self._recorder.deselected(left_out)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of one test."""
        self._recorder.report(report)
