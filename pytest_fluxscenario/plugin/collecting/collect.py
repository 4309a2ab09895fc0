"""Documents of scenarios as collectors: read and judged here, so that what runs is the bytes that were looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.plugin.item.base import ScenarioMixin
from pytest_fluxscenario.plugin.item.item import FixtureScenarioItem, ScenarioItem
from pytest_fluxscenario.plugin.item.marks import TagError, marks_of
from pytest_fluxscenario.plugin.item.needs import Needs, needs_of
from pytest_fluxscenario.plugin.item.source import Document
from pytest_fluxscenario.plugin.session.session import FluxScenarioWarning, Session
from pytest_fluxscenario.runner.prepare import Loaded, Prepared
from pytest_fluxscenario.runner.suite import warnings_of

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_fluxscenario.documents.source import Source
    from pytest_fluxscenario.model.scenario import Scenario
    from pytest_fluxscenario.runner.case import Subject


class ScenarioSource(Document):
    """Gives an item for each scenario and parameter row of its document."""

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """The items of the document. Raises CollectError with everything that is wrong in it."""
        return iter(self.told(self._items))

    def _items(self) -> Iterator[pytest.Item]:
        suite = self.flux.suite
        source = self.read()
        self.digest = source.digest
        needs = needs_of(self)
        for loaded in suite.load(source):
            scenario = loaded.scenario
            subject = self._subject(loaded)
            self._warn(loaded, subject)
            marks = self._marks(loaded)
            for prepared in loaded.rows:
                item = _item(self, prepared, subject, needs)
                for mark in marks:
                    item.add_marker(mark)
                if scenario.tags:
                    item.tags = frozenset(scenario.tags)
                if scenario.classes:
                    item.extra_keyword_matches.update(scenario.classes)
                yield item

    def _subject(self, loaded: Loaded) -> Subject:
        scenario: Scenario = loaded.scenario
        hook = self.flux.config.hook.pytest_fluxscenario_resolve_profile
        named = None
        if scenario.profile is None and hook.get_hookimpls():
            named = self.ihook.pytest_fluxscenario_resolve_profile(
                scenario=scenario, path=str(self.path), config=self.flux.config
            )
        return self.flux.suite.subject(loaded, self.shown, named, self.loose)

    def _warn(self, loaded: Loaded, subject: Subject) -> None:
        """Tell of warnings; under the strict option each is a failure."""
        if self.loose is None:
            problems = self.flux.suite.warnings(loaded, subject, self.shown)
        else:
            problems = warnings_of(loaded, subject)
        if not problems:
            return
        if self.flux.options.strict:
            raise DocumentError(problems)
        for problem in problems:
            if problem in self.flux.told:
                continue
            try:
                self.warn(FluxScenarioWarning(self.flux.redactor.text(str(problem))))
            except FluxScenarioWarning:
                # The project makes errors of warnings: it gets the message, and no traceback of this line.
                raise DocumentError(problems) from None
            self.flux.told.add(problem)

    def _marks(self, loaded: Loaded) -> list[pytest.MarkDecorator]:
        try:
            return marks_of(loaded.scenario, self.config)
        except TagError as error:
            place = loaded.locate(("tags", error.position))
            raise DocumentError.of("scenario.tag", place, str(error), error.hint) from None


class ScenarioFile(ScenarioSource, pytest.File):
    """One scenario file."""

    def __init__(self, *, flux: Session, **more: Any) -> None:
        super().__init__(**_utf8(more))
        self.flux = flux
        self._hooks = more["parent"].ihook
        #: Relative to the root.
        self.shown = self.file = self.nodeid

    def read(self) -> Source:
        """The bytes of the file. Raises DocumentError."""
        if not _is_utf8(self.path, self.config.rootpath):
            message = "its name, or that of a folder above it, is not UTF-8, and nothing could be written of it"
            raise DocumentError.of("document.name", Place(self.shown), message, "rename it")
        return self.flux.suite.read(str(self.path), self.shown)

    def try_items(self) -> list[pytest.Item] | None:
        """The items of the file; None where it has faults, which ``collect`` tells."""
        try:
            return list(self._items())
        except pytest.UsageError:
            raise
        except (Exception, pytest.skip.Exception):  # noqa: BLE001 - whatever it is, it concerns this file and not its neighbours
            return None


def _utf8(more: dict[str, Any]) -> dict[str, Any]:
    """What makes a node, with names that can be written: pytest itself stumbles over others."""
    path, root = more["path"], more["parent"].config.rootpath
    if _is_utf8(path, root):
        return more
    nodeid = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    return {**more, "name": shown(path.name), "nodeid": shown(nodeid, len(nodeid))}


def _is_utf8(path: Path, root: Path) -> bool:
    """Whether the path is, relative to the root: Python has half of a surrogate pair for each byte that is not."""
    if str(path).isascii():
        return True
    name = str(path.relative_to(root)) if path.is_relative_to(root) else path.name
    return name.isascii() or not any("\ud800" <= one <= "\udfff" for one in name)


def _item(file: ScenarioSource, prepared: Prepared, subject: Subject, needs: Needs | None) -> ScenarioMixin:
    """The lightest item that a scenario can be."""
    if needs is None:
        return ScenarioItem.from_parent(file, name=prepared.name, prepared=prepared, subject=subject)
    item = FixtureScenarioItem.from_parent(
        file,
        name=prepared.name,
        prepared=prepared,
        subject=subject,
        callobj=needs.function,
        fixtureinfo=needs.fixtureinfo,
    )
    needs.fixtureinfo = getattr(item, "_fixtureinfo", None)
    return item
