"""What a run without pytest exports by OpenTelemetry: a span of its own, and below it those of its scenarios."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Final, cast

from pytest_fluxscenario.base.clock import nanoseconds
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.evidence.circumstances import tool
from pytest_fluxscenario.telemetry import words
from pytest_fluxscenario.telemetry.about import About
from pytest_fluxscenario.telemetry.opening import open_telemetry
from pytest_fluxscenario.telemetry.wanted import CHOICES, Choice, check_choice, read_wanted
from pytest_fluxscenario.telemetry.watching import UNWATCHED, Watch, watching

if TYPE_CHECKING:
    from pytest_fluxscenario.cli.console.render import Outputs
    from pytest_fluxscenario.cli.project.settings import Settings
    from pytest_fluxscenario.cli.running.items import Item
    from pytest_fluxscenario.evidence.redact import Redactor
    from pytest_fluxscenario.runner.case import Case, StepHooks
    from pytest_fluxscenario.telemetry.spans import Value

_STATUSES: Final = {exits.DONE: "success", exits.NO: "failure", exits.INTERRUPTED: "aborted"}


class Traced:
    """The telemetry of one run; does nothing where none is wanted."""

    def __init__(self, settings: Settings, redactor: Redactor, outputs: Outputs) -> None:
        """Raises UsageError where it was asked for by name, and cannot be had."""
        wanted = read_wanted(os.environ, cast("Choice", settings.otel))
        check_choice(wanted, "--otel")
        self._outputs = outputs
        self._settings = settings
        self._text = redactor.uncounted().text
        begun = nanoseconds()
        opened = open_telemetry(wanted, "fluxrig", tool().rpartition(" ")[2])
        self._telemetry = opened.telemetry
        self._span = None
        self._items = 0
        #: The root hash of the evidence, once there is one.
        self.root = ""
        for fault in opened.faults:
            outputs.err.line(shown(fault, 1000), "yellow")
        if self._telemetry is not None and wanted is not None:
            self._span = self._telemetry.start("fluxrig scenario run", wanted.parent, start_time=begun)

    def watching(self, item: Item, case: Case, hooks: StepHooks) -> Watch:
        """Around one run of a scenario."""
        if self._telemetry is None or self._span is None:
            return UNWATCHED
        self._items += 1
        more: dict[str, Value] = {words.WORKER: "main", words.GEAR: self._settings.gear.gear or "engine"}
        about = About.of(item.id, case, more=more)
        return watching(self._telemetry, lambda: about, hooks, self._text, self._span.trace)

    def end(self, status: int) -> None:
        """The run has that exit status; what could not be delivered is one line."""
        telemetry, span, self._telemetry = self._telemetry, self._span, None
        if telemetry is None or span is None:
            return
        name = self._text(os.path.basename(self._settings.root))
        said: dict[str, Value] = {words.SUITE_NAME: shown(name), words.EXIT: status, words.ITEMS: self._items}
        if status in _STATUSES:
            said[words.SUITE_STATUS] = _STATUSES[status]
        if self.root:
            said[words.EVIDENCE_ROOT] = self.root
        span.set(said)
        if status != exits.DONE:
            span.fail(f"exit status {status}")
        span.span.end()
        lost = telemetry.end()
        if lost:
            self._outputs.err.line(f"telemetry: {lost}", "yellow")


def add_otel(parser: argparse.ArgumentParser) -> None:
    """Add the option."""
    parser.add_argument(
        "--otel",
        choices=CHOICES,
        help="export traces, metrics and logs by OpenTelemetry, or do not (default: as the OTEL_* variables say)",
    )
