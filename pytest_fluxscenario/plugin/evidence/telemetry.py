"""What a session exports by OpenTelemetry: its span, and below it those of its scenarios, whichever process runs them.

Nothing of this is imported where nothing is exported. What cannot be delivered is one line at the end, and no failure.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.evidence.circumstances import tool
from pytest_fluxscenario.gears.choosing import name_for
from pytest_fluxscenario.plugin.configuration.options import OPTIONS
from pytest_fluxscenario.plugin.evidence.recorder import RECORDER
from pytest_fluxscenario.plugin.session.keys import BEGAN, TOLD_LOST, TRACE_KEY
from pytest_fluxscenario.telemetry import words
from pytest_fluxscenario.telemetry.about import About
from pytest_fluxscenario.telemetry.opening import Opened, open_telemetry
from pytest_fluxscenario.telemetry.spans import Value
from pytest_fluxscenario.telemetry.trace import traceparent
from pytest_fluxscenario.telemetry.watching import Watch, watching

if TYPE_CHECKING:
    from pytest_fluxscenario.evidence.redact import Redactor
    from pytest_fluxscenario.plugin.item.base import ScenarioMixin
    from pytest_fluxscenario.runner.case import Case, StepHooks
    from pytest_fluxscenario.telemetry.provider import OpenSpan, Telemetry

_SERVICE: Final = "pytest-fluxscenario"
#: Seconds for what is left in the controller, where a worker has found that nothing arrives.
_SHORT: Final = 1.0
_STATUSES: Final[dict[int, str]] = {
    pytest.ExitCode.OK: "success",
    pytest.ExitCode.TESTS_FAILED: "failure",
    pytest.ExitCode.INTERRUPTED: "aborted",
    pytest.ExitCode.NO_TESTS_COLLECTED: "skipped",
}


class SessionTelemetry:
    """The telemetry of one process of a session. A worker has no span of its own: it has the session's."""

    def __init__(self, config: pytest.Config, opened: Opened) -> None:
        self._config = config
        self._opened = opened
        #: Takes secrets out of names; None before a scenario is seen.
        self._redactor: Redactor | None = None
        self._lost: list[str] = []
        self._worker = getattr(config, "workerinput", None)
        self._span: OpenSpan | None = None
        self._ended = False
        telemetry = opened.telemetry
        if telemetry is not None and self._worker is None:
            parent = telemetry.wanted.parent
            self._span = telemetry.start("pytest", parent, start_time=config.stash[BEGAN])

    @property
    def telemetry(self) -> Telemetry | None:
        """What exports; None where it could not begin."""
        return self._opened.telemetry

    @property
    def trace(self) -> str:
        """The ``traceparent`` of what belongs to the session; empty where it is not traced."""
        if self._worker is not None:
            return traceparent(str(self._worker.get(TRACE_KEY, "")))
        return "" if self._span is None else self._span.trace

    def watching(self, item: ScenarioMixin, case: Case, hooks: StepHooks) -> Watch:
        """Around one run of a scenario in this process."""
        more: dict[str, Value] = {
            words.WORKER: item.flux.worker,
            words.GEAR: name_for(item.flux.options.gear, item.subject.pack),
        }
        return watching(
            self.telemetry, lambda: About.of(item.nodeid, case, len(item.told) + 1, more), hooks, self.text, self.trace
        )

    def text(self, text: str) -> str:
        """``text`` redacted."""
        return text if self._redactor is None else self._redactor.text(text)

    def saw(self, redactor: Redactor) -> None:
        """A scenario was seen: a session without one is not told of."""
        self._redactor = redactor.uncounted()

    def heard(self, lost: str) -> None:
        """A worker could not deliver something."""
        if lost:
            self._lost.append(lost)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """The session has its exit status; after its workers."""
        yield
        self._end(int(session.exitstatus))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """What could not be delivered, and what of the configuration cannot be done."""
        for fault in self._opened.faults:
            terminalreporter.write_line(f"fluxscenario: {shown(fault, 1000)}", yellow=True)
        if self._opened.missing and self._config.get_verbosity() > 0:
            terminalreporter.write_line(f"fluxscenario: {self._opened.missing}")
        if self._lost:
            # Workers mostly have the same fault, each with numbers of its own.
            more = f" (and {len(self._lost) - 1} other processes of the session)" if len(self._lost) > 1 else ""
            terminalreporter.write_line(f"fluxscenario: telemetry: {self._lost[0]}{more}", yellow=True)

    def _end(self, status: int) -> None:
        telemetry = self._opened.telemetry
        if telemetry is None or self._ended:
            return
        self._ended = True
        if self._span is not None and self._redactor is not None:
            self._tell(self._span, status)
        lost = telemetry.end(_SHORT) if self._lost else telemetry.end()
        if self._worker is not None:
            output: dict[str, Any] = self._config.workeroutput  # type: ignore[attr-defined]  # of a worker
            output[TOLD_LOST] = lost
        else:
            self.heard(lost)

    def _tell(self, span: OpenSpan, status: int) -> None:
        options = self._config.stash[OPTIONS]
        said: dict[str, Value] = {
            words.SUITE_NAME: shown(self.text(os.path.basename(str(self._config.rootpath)))),
            words.WHERE: "mixer" if options.mixer else "here",
            words.EXIT: status,
        }
        if status in _STATUSES:
            said[words.SUITE_STATUS] = _STATUSES[status]
        recorder = self._config.stash.get(RECORDER, None)
        if recorder is not None:
            said[words.ITEMS] = recorder.scenarios
            if recorder.written:
                said[words.EVIDENCE_ROOT] = recorder.writer.root
        span.set(said)
        if status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            span.fail(f"exit status {status}")
        span.span.end()


#: Not there before it is needed, or where it is not wanted.
TELEMETRY: pytest.StashKey[SessionTelemetry] = pytest.StashKey()


def take_telemetry(config: pytest.Config) -> SessionTelemetry:
    """The telemetry of this process, begun at the first call."""
    known = config.stash.get(TELEMETRY, None)
    if known is None:
        opened = open_telemetry(config.stash[OPTIONS].otel, _SERVICE, tool().rpartition(" ")[2])
        known = config.stash[TELEMETRY] = SessionTelemetry(config, opened)
        config.pluginmanager.register(known, "fluxscenario-telemetry")
    return known


def give_trace(config: pytest.Config, workerinput: dict[str, Any]) -> None:
    """Tell a worker which session its scenarios belong to."""
    workerinput[TRACE_KEY] = take_telemetry(config).trace
