"""The controller of an xdist session: it pins what refs mean, and alone writes the evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_fluxscenario.plugin.configuration.options import OPTIONS
from pytest_fluxscenario.plugin.session.candidates import is_asked_archive, is_scenario_file
from pytest_fluxscenario.plugin.session.keys import (
    ASKED_INDEX,
    HERE,
    LEFT_OUT,
    MIXER_RUN,
    RUN_KEY,
    TOLD_HERE,
    TOLD_LOST,
)

if TYPE_CHECKING:
    from pytest_fluxscenario.plugin.evidence.recorder import Recorder


class Controller:
    """Speaks with workers; collects nothing itself, so it knows scenarios by the names of their files."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._recorder: Recorder | None = None
        self._index: str | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Give a worker the index that this session resolves refs with (scenario.md; cli.md)."""
        from pytest_fluxscenario.plugin.session.session import INDEX_KEY, read_index

        if self._index is None:
            self._index = read_index(self._config)
        if self._index:
            node.workerinput[INDEX_KEY] = self._index
        run = self._config.stash.get(MIXER_RUN, None)
        if run is not None:
            node.workerinput[RUN_KEY] = run
        if self._config.stash[OPTIONS].otel is not None:
            from pytest_fluxscenario.plugin.evidence.telemetry import give_trace

            give_trace(self._config, node.workerinput)
        if self._config.stash[OPTIONS].ref is not None:
            from pytest_fluxscenario.plugin.session.reference import REF_KEY, STORED

            stored = self._config.stash.get(STORED, None)
            node.workerinput[REF_KEY] = "" if stored is None or stored.named is None else str(stored.named)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:  # noqa: ARG002 - the hook's signature
        """What the workers will run is known."""
        found = [item_id for item_id in ids if self._is_scenario(item_id)]
        if found or self._recorder is not None:
            self._recording().begin(found)
        if ASKED_INDEX in self._config.stash:
            from pytest_fluxscenario.plugin.session.reference import STORED

            self._config.stash[STORED].remember(found)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: Any) -> None:  # noqa: ARG002 - the hook's signature
        """A worker ends; what it left out was collected all the same."""
        left_out = getattr(node, "workeroutput", {}).get(LEFT_OUT)
        if left_out:
            self._recording().deselected(left_out)
        here = getattr(node, "workeroutput", {}).get(TOLD_HERE)
        if here:
            # Every worker collects all of them.
            self._config.stash[HERE].update(here)
        if self._config.stash[OPTIONS].otel is not None:
            from pytest_fluxscenario.plugin.evidence.telemetry import take_telemetry

            take_telemetry(self._config).heard(getattr(node, "workeroutput", {}).get(TOLD_LOST, ""))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A scenario file that a worker could not collect."""
        if report.failed and self._is_scenario(report.nodeid):
            self._recording().collect_error(report.nodeid, str(report.longrepr))
        elif report.failed and Path(self._config.rootpath, report.nodeid).is_dir():
            # Evidence without the scenarios of a folder must not look green.
            self._recording().collect_error(report.nodeid, str(report.longrepr))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of one test, from a worker."""
        if self._recorder is not None:
            self._recorder.report(report)

    def _recording(self) -> Recorder:
        if self._recorder is None:
            from pytest_fluxscenario.plugin.process.record_session import begin_recording

            self._recorder = begin_recording(self._config)
        return self._recorder

    def _is_scenario(self, nodeid: str) -> bool:
        name = nodeid.split("::", 1)[0]
        path = Path(self._config.rootpath, name)
        if name.endswith((".json", ".yaml", ".yml")):
            return is_scenario_file(self._config, path)
        return is_asked_archive(self._config, path)
