"""What one process of a test session shares between its scenario items."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import pytest

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.store import Store, find_store, no_store, open_store
from pytest_fluxscenario.evidence.coverage_count import Counter
from pytest_fluxscenario.evidence.redact import Redactor
from pytest_fluxscenario.packs.resolve import Resolver
from pytest_fluxscenario.plugin.configuration.options import OPTIONS, Options
from pytest_fluxscenario.plugin.configuration.settings import make_gears, make_limits, make_matchers, make_redactor
from pytest_fluxscenario.runner.run import RunSettings
from pytest_fluxscenario.runner.suite import Suite
from pytest_fluxscenario.runner.told import Told
from pytest_fluxscenario.runtimes.code import HookSettings
from pytest_fluxscenario.runtimes.make import Runtimes

if TYPE_CHECKING:
    from pytest_fluxscenario.gears.choosing import GearChoice

#: Where a worker finds the index that its controller resolves refs with.
INDEX_KEY = "fluxscenario_index"


class FluxScenarioWarning(pytest.PytestWarning):
    """Something about scenarios or packs that their owner should know."""


@dataclass(eq=False)
class Session:
    """The suite, the settings and the redactor, each made when it is first needed."""

    config: pytest.Config
    options: Options
    #: Warnings that were given: a pack of many files has each of its own only once.
    told: set[Problem] = field(default_factory=set)
    #: Faults that several files have in common.
    faults: Told = field(default_factory=Told)
    #: Counts what scenarios show of their profiles.
    counter: Counter = field(default_factory=lambda: Counter(sums=True))

    def prepare(self) -> None:
        """Make the redactor and the settings, which ask plugins. Raises pytest.UsageError."""
        _ = self.redactor, self.settings

    @cached_property
    def redactor(self) -> Redactor:
        """Takes secrets out of everything that is written or printed. Raises pytest.UsageError."""
        return make_redactor(self.config, self.options)

    @cached_property
    def suite(self) -> Suite:
        """Loads files and finds profiles; reads the index once. Raises StoreError, DamageError, pytest.UsageError."""
        root = str(self.config.rootpath)
        limits = make_limits(self.options)
        store = open_session_store(self.config, self.options)
        runtimes = Runtimes(HookSettings.of(os.environ, self.options.hook_env))
        return Suite(root, Resolver(root, store, limits), limits, self.settings.matchers, runtimes, self._gears())

    def _gears(self) -> GearChoice | None:
        """What scenarios run against here; None for the engine. Raises UsageError."""
        options = self.options
        if options.mixer is not None:
            # Names are those of racks. What runs here all the same runs against the engine, or not at all.
            return None
        return make_gears(options)

    def close(self) -> None:
        """End what hooks have started, and remove their files."""
        suite = self.__dict__.get("suite")
        if suite is not None:
            suite.close()

    @cached_property
    def settings(self) -> RunSettings:
        """How scenarios are run. Raises pytest.UsageError for a matcher that cannot be called so."""
        matchers = make_matchers(self.config, self.redactor)
        return RunSettings(self.options.on_failure == "stop", matchers, self.redactor.text)

    @property
    def worker(self) -> str:
        """The xdist worker that this process is, or ``main``."""
        workerinput = getattr(self.config, "workerinput", None)
        return str(workerinput["workerid"]) if workerinput else "main"


#: The session of this process, where scenarios run in it.
SESSION: pytest.StashKey[Session] = pytest.StashKey()
#: Its store, opened once; None where there is none.
STORE: pytest.StashKey[Store | None] = pytest.StashKey()


def open_session_store(config: pytest.Config, options: Options) -> Store | None:
    """The store of a session, with the index as it was when it was first asked for, or as the controller pinned it.

    None without one. Raises StoreError, DamageError.
    """
    if STORE not in config.stash:
        config.stash[STORE] = _open_store(config, options)
    return config.stash[STORE]


def _open_store(config: pytest.Config, options: Options) -> Store | None:
    folder = options.store or find_store(str(config.invocation_params.dir))
    if folder is None:
        return None
    pinned = getattr(config, "workerinput", {}).get(INDEX_KEY)
    name = os.path.relpath(folder, config.rootpath).replace(os.sep, "/")
    if name.startswith("../"):
        name = folder
    store = open_store(folder, name, None if pinned is None else pinned.encode())
    if store is None and options.store:
        raise no_store(folder, shown(name), "name a folder with an index.json, or none")
    return store


def read_index(config: pytest.Config) -> str:
    """The index of the session's store as text, for workers to resolve refs with; empty without one that can be read.

    A store that cannot be used is not refused here but by the first file that needs it, which can say so.
    """
    try:
        store = open_session_store(config, config.stash[OPTIONS])
    except FluxError:
        return ""
    return "" if store is None else store.index_bytes.decode()
