"""A pack of the working tree with its scenarios, for commands that try them on something."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from pytest_fluxscenario.analysis.mutation.trials import Trials, load_trials
from pytest_fluxscenario.base.errors import ProfileError, UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.ini import find_ini
from pytest_fluxscenario.cli.selection import choose, folders_of, read_targets
from pytest_fluxscenario.cli.settings import Asked, make_settings
from pytest_fluxscenario.cli.stores import open_run_store
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.load import load_pack
from pytest_fluxscenario.packs.opening import folder_of
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.packs.resolve import Resolver
from pytest_fluxscenario.packs.stages import Draft, read_pack
from pytest_fluxscenario.runner.suite import Suite
from pytest_fluxscenario.runtimes.code import HookSettings
from pytest_fluxscenario.runtimes.make import Runtimes


@dataclass(frozen=True)
class PackSuite:
    """A pack, what it was read from, and its scenarios."""

    root: str
    pack: Pack
    #: Has the places of what the pack says.
    draft: Draft
    trials: Trials
    #: Ends what hooks have started; they may be called again.
    close: Callable[[], None]


def open_suite(path: str, store: str | None) -> PackSuite:
    """The pack at ``path`` (its folder or manifest) with the scenarios that lie in it.

    Raises UsageError where there is no pack or no scenario, ProfileError for a pack that cannot be used, and what
    loading scenarios raises; StoreError for a store that was named and is none.
    """
    start = os.getcwd()
    folder = os.path.join(start, folder_of(path, shown(path)))
    targets = read_targets([folder], start)
    settings = make_settings(find_ini(folders_of(targets), start), Asked(store), start)
    limits = Limits.parse(settings.limits)
    where = os.path.relpath(folder, settings.root).replace(os.sep, "/")
    files = FolderFiles(folder, "" if where == "." else where, limits)
    draft = read_pack(files)
    if draft.errors:
        raise ProfileError(draft.errors)
    pack = load_pack(files)
    chosen = [(one.path, one.name) for one in choose(targets, settings)]
    runtimes = Runtimes(HookSettings.of(os.environ, settings.hook_env))
    resolver = Resolver(settings.root, open_run_store(settings, start), limits)
    suite = Suite(settings.root, resolver, limits, runtimes=runtimes)
    try:
        trials = load_trials(suite, pack, chosen)
    finally:
        suite.close()
    if not trials.passing:
        hint = "write some, or see them all: fluxrig scenario run " + shown(path)
        raise UsageError.of("mutate.none", Place(shown(path)), "no scenario of the pack runs on it", hint)
    return PackSuite(settings.root, pack, draft, trials, suite.close)
