"""Between items and reports, in the process that runs scenarios: what happened goes with the report, secrets do not."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

from pytest_fluxscenario.plugin.evidence.message import ATTRIBUTE, MISSING, Teller
from pytest_fluxscenario.plugin.item.base import ScenarioMixin
from pytest_fluxscenario.plugin.item.item import ScenarioItem
from pytest_fluxscenario.plugin.item.source import Collecting
from pytest_fluxscenario.plugin.session.garbage import settle, settle_again
from pytest_fluxscenario.plugin.session.keys import LEFT_OUT

if TYPE_CHECKING:
    from pytest_fluxscenario.evidence.redact import Redactor
    from pytest_fluxscenario.plugin.session.session import Session


class Reports:
    """Completes the reports of scenario items."""

    def __init__(self, session: Session, teller: Teller) -> None:
        self._session = session
        self._teller = teller
        self._only_scenarios = False
        self._only_light = False
        self._collected: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let the call report carry what happened, and redact what it shows."""
        report = yield
        if not isinstance(item, ScenarioMixin):
            return report
        redactor = self._session.redactor
        if call.when == "call" and item.missing:
            item.missing = False
            setattr(report, MISSING, True)
        if call.when == "call" and item.damaged:
            item.damaged = False
            report.outcome = "failed"
            vars(report).pop("wasxfail", None)
        if call.when == "call" and item.attempt is not None:
            attempt, item.attempt = item.attempt, None
            setattr(report, ATTRIBUTE, self._teller.message(attempt, item.subject))
        if redactor.active:
            _redact(report, redactor)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Redact what is told of a scenario file; a hook may have raised anything."""
        report = yield
        redactor = self._session.redactor
        if report.longrepr is not None and redactor.active and isinstance(collector, Collecting):
            report.longrepr = _redacted(report.longrepr, redactor)
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None, None, None]:
        """Remember what there was before ``-k``, ``-m``, ``--lf`` and plugins leave out some of it."""
        self._collected = [item.nodeid for item in items if isinstance(item, ScenarioMixin)]
        return (yield)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """All items are there, and stay until the end."""
        workeroutput = getattr(self._session.config, "workeroutput", None)
        if workeroutput is not None:
            # Its controller cannot see it.
            workeroutput[LEFT_OUT] = self.left_out(session)
        settle(session.config, len(session.items))
        self._only_scenarios = all(isinstance(item, ScenarioMixin) for item in session.items)
        self._only_light = all(type(item) is ScenarioItem for item in session.items)

    def left_out(self, session: pytest.Session) -> list[str]:
        """The scenarios that were collected and will not run, whether or not somebody said so."""
        kept = {item.nodeid for item in session.items}
        return [item_id for item_id in self._collected if item_id not in kept]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """What the run has left is reports."""
        if self._only_scenarios:
            settle_again(session.config, ran_code=not self._only_light)


def _redact(report: pytest.TestReport, redactor: Redactor) -> None:
    report.sections = [(title, redactor.text(text)) for title, text in report.sections]
    if hasattr(report, "wasxfail"):
        report.wasxfail = redactor.text(report.wasxfail)
    report.user_properties = redacted_properties(report.user_properties, redactor)
    if report.longrepr is not None:
        report.longrepr = _redacted(report.longrepr, redactor)


def redacted_properties(properties: list[tuple[str, Any]], redactor: Redactor) -> list[tuple[str, Any]]:
    """Properties for JUnit, those of others too."""
    return [(name, redactor.text(value) if isinstance(value, str) else value) for name, value in properties]


def _redacted(longrepr: Any, redactor: Redactor) -> Any:
    if isinstance(longrepr, tuple):
        path, line, reason = longrepr
        return path, line, redactor.text(reason)
    text = str(longrepr)
    masked = redactor.text(text)
    # A traceback of foreign code shows what it held: only its text stays.
    return longrepr if masked == text else masked
