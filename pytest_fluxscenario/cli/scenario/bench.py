"""A pack in a folder, made ready to draft scenarios for: read, its suite run, its hooks at hand."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pytest_fluxscenario.analysis.drafts.ground import Ground
from pytest_fluxscenario.analysis.drafts.hooks import PatientHooks
from pytest_fluxscenario.analysis.drafts.suite import Runner, Shown
from pytest_fluxscenario.analysis.space.examples import read_examples
from pytest_fluxscenario.base.errors import ProfileError
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.project.ini import find_ini
from pytest_fluxscenario.cli.project.selection import choose, folders_of, read_targets
from pytest_fluxscenario.cli.project.settings import Asked, make_settings
from pytest_fluxscenario.cli.project.stores import open_run_store
from pytest_fluxscenario.cli.project.suites import make_suite
from pytest_fluxscenario.model.request import Environment
from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.opening import folder_of
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.packs.stages import Draft, read_pack
from pytest_fluxscenario.runner.suite import make_subject
from pytest_fluxscenario.runtimes.none import NoHooks


@dataclass(frozen=True)
class Bench:
    """Everything that drafting needs of a pack."""

    root: str
    #: Of the pack, as seen from here.
    folder: str
    pack: Pack
    #: Has the places of what the pack says.
    draft: Draft
    shown: Shown
    runner: Runner
    ground: Ground
    hooks: PatientHooks

    def name_in(self, folder: str) -> str:
        """How a draft in ``folder`` is shown while it is tried."""
        name = os.path.relpath(os.path.join(folder, "draft.scenario.yaml"), self.root)
        return name.replace(os.sep, "/")

    def close(self) -> None:
        """End what hooks have started."""
        self.runner.suite.close()


def open_bench(path: str, store: str | None) -> Bench:
    """The pack at ``path``, its folder or manifest, with what its scenarios show; it may have none.

    Raises UsageError where there is no pack, ProfileError for one that cannot be used, DocumentError for a scenario
    that cannot be read or does not pass, StoreError for a store that was named and is none, DamageError.
    """
    start = os.getcwd()
    folder = folder_of(path, shown(path))
    targets = read_targets([os.path.join(start, folder)], start)
    settings = make_settings(find_ini(folders_of(targets), start), Asked(store), start)
    suite = make_suite(settings, open_run_store(settings, start))
    whole = targets[0].path
    where = os.path.relpath(whole, settings.root).replace(os.sep, "/")
    files = FolderFiles(whole, "" if where == "." else where, suite.limits)
    draft = read_pack(files)
    if draft.errors:
        raise ProfileError(draft.errors)
    pack = suite.resolver.packs.from_folder(whole)
    subject = make_subject(pack, suite.runtimes)
    runner = Runner(suite, pack, subject)
    try:
        suite_shown = runner.shown((one.path, one.name) for one in choose(targets, settings))
    except BaseException:
        suite.close()
        raise
    requires = pack.manifest.requires
    environment = Environment(requires.capabilities, requires.connectors)
    hooks = PatientHooks(subject.hooks or NoHooks(where))
    ground = Ground(pack, subject.rules, environment, hooks, read_examples(files), runner.counter.chart(subject))
    return Bench(settings.root, folder, pack, draft, suite_shown, runner, ground, hooks)
