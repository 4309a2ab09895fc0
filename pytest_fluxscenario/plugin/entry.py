"""Where pytest comes in: wiring only.

Nothing here imports more than pytest itself. The rest of the package is loaded when the first scenario file is seen,
so that a project
without scenarios pays for a look at the ends of file names and no more.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from pytest_fluxscenario.plugin import hookspecs
from pytest_fluxscenario.plugin.configuration.declared import add_options
from pytest_fluxscenario.plugin.configuration.options import OPTIONS, is_anything_set, read_options
from pytest_fluxscenario.plugin.item import fixtures
from pytest_fluxscenario.plugin.session.candidates import (
    FOLDER,
    SUFFIXES,
    is_asked_archive,
    is_asked_index,
    is_scenario_file,
)
from pytest_fluxscenario.plugin.session.keys import ASKED_INDEX, BEGAN, FAILED_FOLDERS
from pytest_fluxscenario.plugin.session.older import settle_older, tell_older
from pytest_fluxscenario.plugin.session.roles import is_controller

#: What an argument has that names something of a store.
_IN_INDEX = "index.json::"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Offer the hooks of ``hookspecs``."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Read the options; the controller of xdist, which collects nothing itself, listens to its workers."""
    config.stash[OPTIONS] = read_options(config)
    if config.stash[OPTIONS].otel is not None:
        from pytest_fluxscenario.base.clock import nanoseconds

        config.stash[BEGAN] = nanoseconds()
    config.stash[FAILED_FOLDERS] = []
    config.pluginmanager.register(fixtures, "fluxscenario-fixtures")
    if is_controller(config):
        from pytest_fluxscenario.plugin.process.workers import Controller

        config.pluginmanager.register(Controller(config), "fluxscenario-controller")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Resolve refs, and refuse what is set and cannot be used, before a worker is started or a test runs.

    Raises pytest.UsageError.
    """
    config = session.config
    if config.stash[OPTIONS].ref is not None or any(_IN_INDEX in argument for argument in config.args):
        from pytest_fluxscenario.plugin.session.reference import take_refs

        take_refs(config)
    if hasattr(config, "workerinput"):
        return
    html = config.stash[OPTIONS].html
    if html is not None and not config.option.collectonly:
        from pytest_fluxscenario.plugin.evidence.html import begin_page

        begin_page(config, html)
    if config.stash[OPTIONS].mixer is not None and not config.option.collectonly:
        from pytest_fluxscenario.plugin.mixer.run import begin_run

        begin_run(config)
    if not is_anything_set(config):
        return
    from pytest_fluxscenario.plugin.configuration.settings import check_settings

    check_settings(config, config.stash[OPTIONS])


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """See to it that evidence of an earlier run does not look like this one's."""
    settle_older(session)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say so where it lies there."""
    tell_older(terminalreporter, config)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave stores alone: their thousands of blobs are no tests (store.md). Of one that is asked the index is taken."""
    index = config.stash.get(ASKED_INDEX, None)
    if index is not None:
        if collection_path in (index, index.parent):
            return False
        if collection_path.parent == index.parent:
            return True
    if (
        collection_path.name == "store"
        and (collection_path / "blobs").is_dir()
        and (collection_path / "index.json").is_file()
    ):
        return True
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the files of a folder named ``scenarios`` together; one that is a Python package is left to pytest."""
    if path.name != FOLDER or (path / "__init__.py").exists():
        return None
    from pytest_fluxscenario.plugin.collecting.folder import ScenarioFolder

    return ScenarioFolder.from_parent(parent, path=path)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Remember a folder that could not be collected: evidence without its scenarios must not look green."""
    report = yield
    if report.failed and isinstance(collector, pytest.Directory):
        collector.config.stash[FAILED_FOLDERS].append((collector.nodeid, str(report.longrepr)))
    return report


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Make a collector of a scenario file; the end of its name is looked at first."""
    name = file_path.name
    if not name.endswith(SUFFIXES):
        return _archive_collector(file_path, parent) if is_asked_archive(parent.config, file_path) else None
    if not is_scenario_file(parent.config, file_path):
        return None
    if is_asked_index(parent.config, file_path):
        return _index_collector(file_path, parent)
    from pytest_fluxscenario.plugin.collecting.collect import ScenarioFile
    from pytest_fluxscenario.plugin.process.record_session import session_of

    collector: pytest.Collector = ScenarioFile.from_parent(parent, path=file_path, flux=session_of(parent.config))
    return collector


def _archive_collector(path: Path, parent: pytest.Collector) -> pytest.Collector:
    from pytest_fluxscenario.plugin.collecting.archive import ArchiveFile
    from pytest_fluxscenario.plugin.process.record_session import session_of

    collector: pytest.Collector = ArchiveFile.from_parent(parent, path=path, flux=session_of(parent.config))
    return collector


def _index_collector(path: Path, parent: pytest.Collector) -> pytest.Collector:
    from pytest_fluxscenario.plugin.collecting.stored import StoreIndex
    from pytest_fluxscenario.plugin.process.record_session import session_of

    collector: pytest.Collector = StoreIndex.from_parent(parent, path=path, flux=session_of(parent.config))
    return collector
