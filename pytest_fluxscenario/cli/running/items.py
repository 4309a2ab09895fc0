"""What runs, what became of it, and who is told of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.model.evidence import ScenarioOutcome
from pytest_fluxscenario.model.scenario import Scenario
from pytest_fluxscenario.runner.case import Case, Subject
from pytest_fluxscenario.runner.prepare import Prepared
from pytest_fluxscenario.runner.run import Outcome, RunSettings


@dataclass(frozen=True, slots=True)
class File:
    """One document of scenarios that was read."""

    #: How it is shown, and what evidence calls it: not the same for one in the store.
    name: str
    ref: str
    #: SHA-256 of the bytes that were read.
    digest: str
    #: Gives its bytes again.
    read: Callable[[], Source]


@dataclass(frozen=True, slots=True)
class Item:
    """One scenario, or one parameter row of it, that will run."""

    #: As pytest's node id.
    id: str
    file: File
    prepared: Prepared
    subject: Subject
    skip: str | None
    xfail: str | None
    #: The scenario, where it runs at once; None where it is read again from ``prepared``.
    scenario: Scenario | None


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of one item."""

    item: Item
    outcome: ScenarioOutcome
    note: str
    #: What its run gave; None where it did not run.
    run: Outcome | None
    #: Skipped, because the machine lacks what a hook runs on: evidence must not look whole.
    missing: bool = False


class Recorder(Protocol):
    """Keeps what runs leave."""

    def begin(self, items: Sequence[Item], deselected: Sequence[str]) -> None:
        """What will run is known."""
        ...

    def run(self, item: Item, case: Case, settings: RunSettings) -> Outcome:
        """Run one item and write its record."""
        ...

    def ended(self, ended: Ended) -> None:
        """What became of an item is known."""
        ...

    def broken(self, file: str, error: FluxError) -> None:
        """A file could not be used."""
        ...


class Listener(Protocol):
    """Who wants to know of each item."""

    def ended(self, ended: Ended) -> None:
        """An item has run, or was skipped."""
        ...

    def broken(self, file: str, error: FluxError) -> None:
        """A file could not be used; the others run."""
        ...

    def warned(self, problem: Problem) -> None:
        """Something that the owner of a file or pack should know."""
        ...
