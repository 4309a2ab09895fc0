"""What the terminal says of scenario classes (pack.md, "Scenario classes"); a gap is a failure under strict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_fluxscenario.evidence.classes import lacking, missing_classes
from pytest_fluxscenario.plugin.configuration.options import OPTIONS
from pytest_fluxscenario.plugin.configuration.settings import make_classes
from pytest_fluxscenario.plugin.evidence.recorder import Recorder

if TYPE_CHECKING:
    from pytest_fluxscenario.model.evidence import ProfileRef


class Classes:
    """Looks, when everything has run, for the classes of which no scenario ran."""

    def __init__(self, config: pytest.Config, recorder: Recorder) -> None:
        self._config = config
        self._recorder = recorder
        self._missing: list[tuple[ProfileRef, tuple[str, ...]]] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self):  # type: ignore[no-untyped-def] # noqa: ANN201 - the types of a wrapper say nothing
        """Before the evidence is finished, so that its verdict is the session's."""
        options = self._config.stash[OPTIONS]
        if ran_whole(self._config, self._recorder) and not options.files:
            coverage = self._recorder.coverage.profiles()
            root, files = str(self._config.rootpath), self._recorder.files
            self._missing = missing_classes(coverage, make_classes(options), root, files)
            for profile, names in self._missing if options.strict else ():
                self._recorder.lacks(profile.source, lacking(profile, names))
        return (yield)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The classes of each profile with ``-v``, and those that are missing."""
        verbosity, strict = self._config.get_verbosity(), self._config.stash[OPTIONS].strict
        for one in self._recorder.coverage.profiles() if verbosity > 0 else ():
            gaps = next((names for profile, names in self._missing if profile == one.profile), ())
            terminalreporter.write_line(f"fluxscenario: classes of {one.profile.id} {one.profile.version}")
            for name, ran in one.classes.items():
                said = "yes" if ran else "missing" if name in gaps else "not in this run"
                terminalreporter.write_line(f"    {name:<40}{said}", yellow=said == "missing")
        # Under the strict option they are told as faults of the session.
        for profile, names in self._missing if verbosity >= 0 and not strict else ():
            text = self._recorder.redacted(lacking(profile, names))
            terminalreporter.write_line(f"fluxscenario: {text}", yellow=True)


def ran_whole(config: pytest.Config, recorder: Recorder, *, but_skipped: bool = False) -> bool:
    """Whether everything ran that was collected (``but_skipped``: and was not skipped), and nobody asked for a part."""
    writer = recorder.writer
    left_out = writer.not_run if but_skipped else writer.left_out
    return not (left_out or writer.errors or any("::" in str(argument) for argument in config.args))
