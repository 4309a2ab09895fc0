"""A short way through pytest's run of an item, for a scenario that passes where nobody watches its phases.

For each phase of each item pytest switches capture and logging over, looks for warnings and threads, and asks every
plugin: two thirds of the
time of a small test. A scenario without fixtures runs no code but this package's, so there is nothing for any of
these to find. It takes the
short way only where every implementation of the hooks that it leaves out is pytest's own, and only if it passes: any
other scenario goes
through the usual protocol, from the beginning, on a fresh control. Reports, log hooks and everything that wraps the
protocol stay as they are.
"""

from __future__ import annotations

from time import perf_counter, time
from typing import Any, Literal

import pytest

from pytest_fluxscenario.plugin.evidence.message import ATTRIBUTE, Teller
from pytest_fluxscenario.plugin.evidence.reports import redacted_properties
from pytest_fluxscenario.plugin.item.attempt import Attempt
from pytest_fluxscenario.plugin.item.item import ScenarioItem
from pytest_fluxscenario.plugin.item.watcher import WATCHER
from pytest_fluxscenario.plugin.process.watched import is_watched
from pytest_fluxscenario.runtimes.port import RuntimeMissing

#: The hooks that are left out, and those that would run foreign code inside a phase.
_WATCHED = (
    "pytest_runtest_setup",
    "pytest_runtest_call",
    "pytest_runtest_teardown",
    "pytest_runtest_makereport",
    "pytest_fluxscenario_before_step",
    "pytest_fluxscenario_after_step",
    "pytest_fluxscenario_evidence_record",
    # A matcher may say no and then yes: it must not be asked twice.
    "pytest_fluxscenario_matchers",
)
_OPTIONS = ("setuponly", "setupshow", "setupplan", "usepdb", "trace")


class ShortProtocol:
    """Runs the scenarios of one process that nobody watches."""

    def __init__(self, config: pytest.Config, teller: Teller) -> None:
        self._config = config
        self._teller = teller
        self._plugins = -1
        self._unwatched = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Run a light item; None leaves it to pytest."""
        if (
            type(item) is not ScenarioItem
            or not _unmarked(item)
            or not self._nobody_watches()
            or not _settled(item, nextitem)
        ):
            return None
        counts = item.flux.redactor.counts
        before = counts.copy()
        started, begun = time(), perf_counter()
        attempt = _attempt(item)
        if (
            attempt is not None
            and attempt.outcome.verdict != "passed"
            and (attempt.called or WATCHER in item.config.stash)
        ):
            # Hooks are not called twice for one verdict, and what is exported is not exported twice.
            item.ready = attempt
            return None
        if attempt is None or attempt.outcome.verdict != "passed":
            # What this attempt redacted is redacted again.
            counts.clear()
            counts.update(before)
            return None
        duration = perf_counter() - begun
        item.user_properties.extend(attempt.properties)
        if item.flux.redactor.active:
            item.user_properties = redacted_properties(item.user_properties, item.flux.redactor)
        self._report(item, started, duration, self._teller.message(attempt, item.subject))
        item.let_go()
        return True

    def _report(self, item: ScenarioItem, started: float, duration: float, message: Any) -> None:
        ihook, nodeid, location = item.ihook, item.nodeid, item.location
        # pytest 9.2 reads a node id into parts; an item has them already.
        parts: Any = getattr(item, "id", nodeid)
        keywords: Any = dict.fromkeys(item.keywords, 1)
        ihook.pytest_runtest_logstart(nodeid=nodeid, location=location)
        phases: tuple[tuple[Literal["setup", "call", "teardown"], float], ...] = (
            ("setup", 0.0),
            ("call", duration),
            ("teardown", 0.0),
        )
        for when, spent in phases:
            report = pytest.TestReport(
                parts,
                location,
                keywords,
                "passed",
                None,
                when,
                (),
                spent,
                started,
                started + spent,
                item.user_properties if when != "setup" else None,
            )
            if when == "call":
                setattr(report, ATTRIBUTE, message)
            ihook.pytest_runtest_logreport(report=report)
        ihook.pytest_runtest_logfinish(nodeid=nodeid, location=location)

    def _nobody_watches(self) -> bool:
        """Whether all that is left out is pytest's own; asked again when a plugin comes or goes."""
        plugins = len(self._config.pluginmanager.get_plugins())
        if plugins != self._plugins:
            self._plugins = plugins
            self._unwatched = not (
                any(self._config.getoption(name, False) for name in _OPTIONS)
                or is_watched(self._config, _WATCHED)
                or is_watched(self._config, ("pytest_runtest_protocol",), wrappers=False)
            )
        return self._unwatched


def _attempt(item: ScenarioItem) -> Attempt | None:
    """One run of the scenario; None where something is wrong that the usual protocol tells as it tells everything."""
    try:
        return item.make_attempt()
    except RuntimeMissing as missing:
        if WATCHER in item.config.stash:
            item.absent = missing
        return None
    except Exception:  # noqa: BLE001 - it is raised again where pytest expects it
        return None


def _unmarked(item: ScenarioItem) -> bool:
    """Whether the item has no marker but its tags, and nothing around it one, or a set-up as packages have."""
    if any(mark.name not in item.tags for mark in item.own_markers) or type(item).setup is not pytest.Item.setup:
        return False
    node: Any = item.parent
    while node is not None:
        if node.own_markers or type(node).setup is not pytest.Collector.setup:
            return False
        node = node.parent
    return True


def _settled(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Whether no fixture of an earlier test has to be torn down between this item and the next."""
    stack = getattr(getattr(item.session, "_setupstate", None), "stack", None)
    if stack is None:
        return False
    if not stack:
        return True
    if nextitem is None:
        return False
    chain = set(nextitem.listchain())
    return all(node in chain for node in stack)
