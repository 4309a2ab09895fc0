"""The same scenarios on two versions of a process, and what these answer otherwise (cli.md, ``scenario diff``).

Which version a scenario names is not heeded: each runs on both, if it is for that process at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from pytest_fluxscenario.analysis.flips_run import run_through
from pytest_fluxscenario.analysis.flips_steps import compare_runs
from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.model.flips import FlipCounts, Flips, FlipSide, ScenarioFlip, Uncompared
from pytest_fluxscenario.model.scenario import Scenario
from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.packs.scenario_files import scenario_paths
from pytest_fluxscenario.runner.case import Subject
from pytest_fluxscenario.runner.prepare import Loaded, Prepared
from pytest_fluxscenario.runner.suite import Suite, make_case, make_subject
from pytest_fluxscenario.runtimes.port import RuntimeMissing


@dataclass(frozen=True, slots=True)
class Document:
    """One document of scenarios."""

    #: How it is shown, and the first part of the ids of its scenarios.
    name: str
    #: Gives its bytes; raises FluxError.
    read: Callable[[], Source]
    #: Whether it lies in a folder, so that a path in it leads somewhere.
    in_folder: bool = True
    #: The scenarios that are asked for, ``id`` or ``id[row]``; None for all.
    wanted: frozenset[str] | None = None


def documents_of(pack: Pack) -> Iterator[Document]:
    """The scenario files that are a part of a pack; none of a profile alone. Raises ProfileError like listing them."""
    files = pack.files
    if files is None:
        return
    for path in scenario_paths(files):
        name = f"{files.where}/{path}" if files.where else path
        yield Document(name, partial(files.read, path), isinstance(files, FolderFiles))


class Comparison:
    """Runs scenarios on two versions of a process, and collects what differs."""

    def __init__(
        self,
        suite: Suite,
        old: tuple[str, Pack],
        new: tuple[str, Pack],
        redact: Callable[[Any], Any] = lambda value: value,
        *,
        each_once: bool = False,
    ) -> None:
        """``old`` and ``new`` are what was asked for, and what it is.

        With ``each_once`` a scenario that sends the same as one before it is passed over, whatever it expects. Raises
        UsageError where the two are not versions of one process.
        """
        if old[1].profile.id != new[1].profile.id:
            both = " and ".join(f"{shown(name, 80)} is '{shown(pack.profile.id, 80)}'" for name, pack in (old, new))
            hint = "two versions of one process are compared"
            raise UsageError.of("flips.other-process", Place(""), f"these are two processes: {both}", hint)
        self._suite = suite
        self._redact = redact
        self._id = old[1].profile.id
        self._subjects = tuple(make_subject(pack, suite.runtimes) for _, pack in (old, new))
        self._sides = [_side(asked[0], one, redact) for asked, one in zip((old, new), self._subjects, strict=True)]
        self._sent: set[bytes] | None = set() if each_once else None
        self._scenarios = 0
        self._found: list[ScenarioFlip] = []
        self._left_out: list[Uncompared] = []

    def add(self, document: Document) -> None:
        """Run the scenarios of a document on both sides.

        Raises DocumentError where it cannot be used, UsageError where it has not what is asked for, DamageError.
        """
        source = document.read()
        names: list[str] = []
        for loaded in self._suite.load(source):
            for prepared in loaded.rows:
                names += (prepared.name, loaded.scenario.id)
                if document.wanted is None or not document.wanted.isdisjoint((prepared.name, loaded.scenario.id)):
                    self._add(document, source, loaded, prepared)
        for wanted in sorted((document.wanted or frozenset()).difference(names)):
            message = f"has no scenario '{shown(wanted)}'"
            raise UsageError.of("target.unknown", Place(shown(document.name)), message, did_you_mean(wanted, names))

    def _add(self, document: Document, source: Source, loaded: Loaded, prepared: Prepared) -> None:
        scenario = loaded.scenario
        leave_out = partial(self._leave_out, document, prepared)
        if foreign := self._foreign(scenario):
            return leave_out(foreign)
        if self._sent is not None:
            sent = sent_by(prepared)
            if sent in self._sent:
                return None
            self._sent.add(sent)
        file = document.name if document.in_folder else None
        subjects = [self._suite.with_spec(subject, loaded, file) for subject in self._subjects]
        cases = [make_case(prepared, subject, document.name) for subject in subjects]
        try:
            old, new = (run_through(case, references=prepared.references, redact=self._redact) for case in cases)
        except RuntimeMissing as missing:
            return leave_out(self._redact(str(missing)), missing=True)
        lost = bool(old.undecided and new.undecided)
        if not old.answered and not new.answered and bool(old.fault) == bool(new.fault):
            return leave_out(f"gets no answer on either side: {self._redact(old.stopped_by)}", missing=lost)

        def line(pointer: Pointer) -> int:
            return self._suite.place(document.read, source.name, prepared, pointer, source.digest).line

        names = tuple(step.name for step in cases[0].scenario.steps)
        steps = compare_runs(old, new, names, line, self._redact)
        if lost and not steps:
            # What comes after was seen on neither side: nobody can say that it does not differ.
            return leave_out(f"comes to its end on neither side: {self._redact(old.undecided)}", missing=True)
        self._scenarios += 1
        if steps:
            self._found.append(
                ScenarioFlip(
                    self._redact(f"{document.name}::{prepared.name}"),
                    self._redact(document.name),
                    prepared.line,
                    old.verdict,
                    new.verdict,
                    steps,
                )
            )
        return None

    def _foreign(self, scenario: Scenario) -> str:
        """Why a scenario is not even run; empty where it is."""
        if scenario.profile_id != self._id:
            return f"is for the process '{shown(self._redact(scenario.profile_id), 80)}'"
        return "" if scenario.skip is None else f"is marked skip: {self._redact(scenario.skip)}"

    def _leave_out(self, document: Document, prepared: Prepared, why: str, *, missing: bool = False) -> None:
        redact = self._redact
        item = redact(f"{document.name}::{prepared.name}")
        self._left_out.append(Uncompared(item, redact(document.name), prepared.line, why, missing))

    def flips(self) -> Flips:
        """What differs in everything that was added."""
        old, new = self._sides
        directions = [step.direction for found in self._found for step in found.steps]
        verdicts = [(found.old == "passed", found.new == "passed") for found in self._found]
        counts = FlipCounts(
            self._scenarios,
            len(self._found),
            directions.count("loosened"),
            directions.count("tightened"),
            directions.count("changed"),
            verdicts.count((True, False)),
            verdicts.count((False, True)),
        )
        return Flips(old, new, counts, tuple(self._found), tuple(self._left_out))


def find_flips(
    suite: Suite,
    old: tuple[str, Pack],
    new: tuple[str, Pack],
    documents: Iterable[Document] | None = None,
    redact: Callable[[Any], Any] = lambda value: value,
) -> Flips:
    """What two versions of a process answer otherwise; ``old`` and ``new`` are how each is called, and its pack.

    Without ``documents`` the scenarios that are part of NEW run, and those of OLD that send what none of NEW does. The
    suite's hooks are called for real; whoever made it closes it. Raises like ``Comparison``.
    """
    comparison = Comparison(suite, old, new, redact, each_once=documents is None)
    if documents is None:
        documents = (document for _, pack in (new, old) for document in documents_of(pack))
    for document in documents:
        comparison.add(document)
    return comparison.flips()


def sent_by(prepared: Prepared) -> bytes:
    """What a scenario sends and runs with, without what it is called, expects, and is written for."""
    whole = msgspec.json.decode(prepared.encoded, type=Scenario)
    steps = tuple(msgspec.structs.replace(step, expectation=None) for step in whole.steps)
    sent = msgspec.structs.replace(
        whole,
        id="",
        profile_version="",
        profile=None,
        name=None,
        description=None,
        tags=(),
        classes=(),
        xfail=None,
        parameters=None,
        steps=steps,
    )
    return msgspec.json.encode(sent, order="sorted")


def _side(asked: str, subject: Subject, redact: Callable[[Any], Any]) -> FlipSide:
    ref = subject.ref
    behaviour = subject.pack.behaviour_hash
    words = (asked, ref.id, ref.version, ref.hash, behaviour, ref.origin, ref.source)
    return FlipSide(*(redact(word) for word in words))
