"""What all scenarios have in common as test items."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pluggy
import pytest

from pytest_fluxscenario.runner.suite import make_case

if TYPE_CHECKING:
    from pytest_fluxscenario.plugin.item.attempt import Attempt
    from pytest_fluxscenario.plugin.item.source import Document
    from pytest_fluxscenario.plugin.session.session import Session
    from pytest_fluxscenario.runner.case import Case, Subject
    from pytest_fluxscenario.runner.prepare import Prepared
    from pytest_fluxscenario.runtimes.port import RuntimeMissing


class ScenarioMixin(pytest.Item):
    """One scenario, or a parameter row of one: what it is, and what was found of it so far."""

    prepared: Prepared
    subject: Subject
    parent: Document
    #: What an attempt left for its report, which takes it away: thousands of them are not kept.
    attempt: Attempt | None = None
    #: An attempt that called hooks and did not pass: they are not called again only to tell it as pytest does.
    ready: Attempt | None = None
    #: What such an attempt found to be missing, where it is not to be exported twice.
    absent: RuntimeMissing | None = None
    #: The machine lacks what a hook runs on.
    missing: bool = False
    #: It did not run, or a hook of it did not, for a reason that is not its own: nobody expected that to fail.
    damaged: bool = False
    #: Markers that mean nothing to pytest.
    tags: frozenset[str] = frozenset()
    #: Refs of the results of this process's attempts.
    told: tuple[str, ...] = ()

    @property
    def flux(self) -> Session:
        """The plugin's session."""
        return self.parent.flux

    @property
    def ihook(self) -> pluggy.HookRelay:
        """The hooks that apply to the file: which conftests do depends on its folder only."""
        return self.parent.ihook

    # pytest caches this; a tuple made anew is smaller than a dictionary that has to grow for it.
    @property
    def location(self) -> tuple[str, int | None, str]:
        """File, 0-based line and name, as reports show them."""
        return self.parent.shown.replace("/", os.sep), self.prepared.line - 1, self.name

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Path, 0-based line and name; of what lies in no folder the path that messages show."""
        path = self.path if self.parent.loose is None else self.config.rootpath / self.parent.shown
        return path, self.prepared.line - 1, self.name

    def make_case(self) -> Case:
        """The scenario, read again from what was collected.

        Raises DocumentError where its text was let go and its file has changed since; DamageError of a store.
        """
        if not self.prepared.encoded:
            self.prepared = self.flux.suite.again(self.parent.read, self.prepared)
        return make_case(self.prepared, self.subject, self.parent.file)

    def let_go(self) -> None:
        """Forget the text of a scenario that has passed: pytest keeps its items until the end."""
        self.prepared = replace(self.prepared, encoded=b"")
