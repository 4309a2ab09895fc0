"""Between items and reports, in the process that runs scenarios: what happened goes with the report, secrets do not."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

from pytest_fluxscenario.plugin.garbage import settle, settle_again
from pytest_fluxscenario.plugin.item import ScenarioItem, ScenarioMixin
from pytest_fluxscenario.plugin.message import ATTRIBUTE, Teller

if TYPE_CHECKING:
    from pytest_fluxscenario.evidence.redact import Redactor
    from pytest_fluxscenario.plugin.session import Session


class Reports:
    """Completes the reports of scenario items."""

    def __init__(self, session: Session, teller: Teller) -> None:
        self._session = session
        self._teller = teller
        self._only_scenarios = False
        self._deselected: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let the call report carry what happened, and redact what it shows."""
        report = yield
        if not isinstance(item, ScenarioMixin):
            return report
        redactor = self._session.redactor
        if call.when == "call" and item.attempt is not None:
            attempt, item.attempt = item.attempt, None
            setattr(report, ATTRIBUTE, self._teller.message(attempt, item.subject))
        if redactor.active:
            _redact(report, redactor)
        return report

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """All items are there, and stay until the end."""
        settle(session.config, len(session.items))
        self._only_scenarios = all(type(item) is ScenarioItem for item in session.items)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """What the run has left is reports."""
        if self._only_scenarios:
            settle_again(session.config)

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Remember what a worker's controller cannot see."""
        self._deselected.extend(item.nodeid for item in items if isinstance(item, ScenarioMixin))
        workeroutput = getattr(self._session.config, "workeroutput", None)
        if workeroutput is not None:
            workeroutput["fluxscenario_deselected"] = self._deselected


def _redact(report: pytest.TestReport, redactor: Redactor) -> None:
    report.sections = [(title, redactor.text(text)) for title, text in report.sections]
    if hasattr(report, "wasxfail"):
        report.wasxfail = redactor.text(report.wasxfail)
    longrepr = report.longrepr
    if longrepr is None:
        return
    if isinstance(longrepr, tuple):
        path, line, reason = longrepr
        report.longrepr = (path, line, redactor.text(reason))
        return
    text = str(longrepr)
    masked = redactor.text(text)
    if masked != text:
        # A traceback of foreign code shows what it held: only its text stays.
        report.longrepr = masked
