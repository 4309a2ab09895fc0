"""The coverage of profiles on the terminal, and what it has to be at least (coverage.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.evidence.coverage_merge import Merged, merge
from pytest_fluxscenario.plugin.configuration.options import OPTIONS
from pytest_fluxscenario.plugin.configuration.settings import make_fail_under
from pytest_fluxscenario.plugin.evidence.recorder import Recorder
from pytest_fluxscenario.plugin.session.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_fluxscenario.evidence.coverage_report import Line

#: What runs nothing, so that nothing can be said of it.
_NOTHING_RUNS = ("collectonly", "setuponly", "setupplan")
_NO_SCENARIO = "no scenario ran, so nothing of a profile is covered"


class ProfileCoverageReport:
    """Tells what the session has seen of each profile, and fails it where that is too little."""

    def __init__(self, config: pytest.Config, session: Session, recorder: Recorder) -> None:
        self._config = config
        self._session = session
        self._recorder = recorder
        self._options = config.stash[OPTIONS]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, exitstatus: int):  # type: ignore[no-untyped-def] # noqa: ANN201 - the types of a wrapper say nothing
        """Before the evidence is finished, so that its verdict is the session's."""
        least = make_fail_under(self._options)
        judged = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
        if least is not None and judged and self._runs():
            found = self._merged()
            for one in found:
                for text in least.misses(one):
                    self._recorder.lacks(one.profile.source, text)
            if not found:
                self._recorder.lacks("--fluxscenario-coverage-fail-under", _NO_SCENARIO)
        return (yield)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """A table for each profile; where it was asked for, what is missing too."""
        asked = self._options.coverage or bool(self._options.coverage_fail_under)
        found = self._merged()
        if not found or not self._runs() or not (asked or self._config.get_verbosity() > 0):
            return
        terminalreporter.section("profile coverage")
        for one in found:
            for line in self._lines(one, missing=asked):
                style = {line.colour: True} if line.colour else {}
                terminalreporter.write_line(self._recorder.redacted(line.text), **style)

    def _lines(self, one: Merged, *, missing: bool) -> Iterator[Line]:
        from pytest_fluxscenario.evidence.coverage_report import missing_lines, missing_of, table_lines

        yield from table_lines(one)
        if missing:
            from pytest_fluxscenario.packs.point_places import places_of

            try:
                places = places_of(one.profile, self._session.suite.resolver)
            except FluxError:
                # A store that cannot be opened any more: then without places.
                places = {}
            yield from missing_lines(missing_of(one.marks, places), profile=one.profile)

    def _merged(self) -> tuple[Merged, ...]:
        return merge(self._recorder.coverage.profiles())

    def _runs(self) -> bool:
        return not any(self._config.getoption(name, False) for name in _NOTHING_RUNS)
