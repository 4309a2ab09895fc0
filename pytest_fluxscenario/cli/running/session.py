"""Runs the chosen scenarios one after the other and says what became of each; who reports it listens."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from pytest_fluxscenario.base.errors import DocumentError, FluxError, UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem, Severity
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.cli.console.interrupts import Interrupts
from pytest_fluxscenario.cli.project.archived import parts_of
from pytest_fluxscenario.cli.project.selection import Chosen
from pytest_fluxscenario.cli.project.settings import Settings
from pytest_fluxscenario.cli.project.stores import open_run_store
from pytest_fluxscenario.cli.project.suites import make_suite
from pytest_fluxscenario.cli.running.items import Ended, File, Item, Listener, Recorder
from pytest_fluxscenario.evidence.classes import lacking, missing_classes
from pytest_fluxscenario.evidence.coverage_count import Tally
from pytest_fluxscenario.evidence.coverage_merge import merge
from pytest_fluxscenario.evidence.redact import Redactor
from pytest_fluxscenario.gears.choosing import GearChoice, read_named
from pytest_fluxscenario.model.evidence import ScenarioRef
from pytest_fluxscenario.model.scenario import is_draft
from pytest_fluxscenario.runner.case import Case
from pytest_fluxscenario.runner.prepare import Loaded
from pytest_fluxscenario.runner.run import Outcome, RunSettings, run_scenario
from pytest_fluxscenario.runner.suite import make_case, warnings_of
from pytest_fluxscenario.runner.told import Told
from pytest_fluxscenario.runtimes.port import RuntimeMissing
from pytest_fluxscenario.telemetry.watching import UNWATCHED

if TYPE_CHECKING:
    from pytest_fluxscenario.cli.running.traced import Traced

_Given = TypeVar("_Given")


class Session:
    """One run of many files on one suite."""

    def __init__(
        self,
        settings: Settings,
        start: str,
        listener: Listener,
        redactor: Redactor,
        keyword: str | None = None,
        traced: Traced | None = None,
    ) -> None:
        """``traced`` exports the run.

        Raises UsageError for limits that cannot be used, DamageError for a store that cannot be read.
        """
        self.suite = make_suite(settings, open_run_store(settings, start), _gears(settings))
        #: What the run shows of its profiles.
        self.tally = Tally()
        self.deselected: list[str] = []
        #: The names of the files that gave something to run.
        self.used: set[str] = set()
        self._settings = settings
        self._run = RunSettings(settings.stop_at_first, {}, redactor.text)
        self._listener = listener
        self._traced = traced
        self._keyword = None if keyword is None else keyword.lower()
        self._warned: set[Problem] = set()
        self._faults = Told()
        self._whole = keyword is None and not settings.files
        self._files: set[str] = set()

    def run(self, files: Iterable[Chosen], recorder: Recorder | None, interrupts: Interrupts) -> None:
        """Run everything. Without a recorder each file runs as soon as it is read, and nothing of it is kept.

        Raises UsageError for a scenario that was asked for by name and is not there, KeyboardInterrupt between items.
        """
        if recorder is None:
            for item in self._items(files, keep=False):
                interrupts.check()
                self._listener.ended(self._one(item, None))
            self._tell_classes(None)
            self._tell_coverage(None)
            return
        items = list(self._items(files, keep=True, recorder=recorder))
        recorder.begin(items, self.deselected)
        for item in items:
            interrupts.check()
            ended = self._one(item, recorder)
            recorder.ended(ended)
            self._listener.ended(ended)
        self._tell_classes(recorder)
        self._tell_coverage(recorder)

    def _tell_classes(self, recorder: Recorder | None) -> None:
        """The classes of which no scenario ran, where whole packs did; under the strict option a failure.

        Told where the project asks for classes, or is strict: whoever begins a pack has one scenario, and knows it.
        """
        settings = self._settings
        if not self._whole or not (settings.classes or settings.strict):
            return
        coverage = self.tally.coverage.profiles()
        for profile, names in missing_classes(coverage, settings.classes, settings.root, self._files):
            severity: Severity = "error" if settings.strict else "warning"
            problem = Problem("pack.missing-class", Place(profile.source), lacking(profile, names), "", severity)
            if not settings.strict:
                self._listener.warned(problem)
                continue
            error = DocumentError([problem])
            if recorder is not None:
                recorder.broken(profile.source, error)
            self._listener.broken(profile.source, error)

    def _tell_coverage(self, recorder: Recorder | None) -> None:
        """What was seen less than asked for is a failure of the run, as it is in pytest's."""
        least = self._settings.fail_under
        if least is None:
            return
        found = merge(self.tally.coverage.profiles())
        misses = [(one.profile.source, text) for one in found for text in least.misses(one)]
        if not found:
            misses.append(("--coverage-fail-under", "no scenario ran, so nothing of a profile is covered"))
        for source, text in misses:
            error = DocumentError.of("coverage.below", Place(source), text)
            if recorder is not None:
                recorder.broken(source, error)
            self._listener.broken(source, error)

    def _items(self, files: Iterable[Chosen], *, keep: bool, recorder: Recorder | None = None) -> Iterator[Item]:
        for whole in files:
            for chosen in self._tried(whole.name, recorder, partial(parts_of, whole, self.suite.resolver.packs)):
                items = self._tried(chosen.name, recorder, partial(self._items_of, chosen, keep=keep))
                if items:
                    self.used.add(chosen.name)
                yield from items

    def _tried(self, name: str, recorder: Recorder | None, give: Callable[[], Sequence[_Given]]) -> Sequence[_Given]:
        """What ``give`` gives; nothing where the file ``name`` cannot be used, which is told."""
        try:
            return give()
        except UsageError:
            raise
        except FluxError as error:
            self._whole = False
            told = self._faults.once(error, name)
            if recorder is not None:
                recorder.broken(name, told)
            self._listener.broken(name, told)
            return ()

    def _items_of(self, chosen: Chosen, *, keep: bool) -> list[Item]:
        suite, name, loose = self.suite, chosen.name, chosen.loose
        read = partial(suite.read, chosen.path, name) if loose is None else loose.read
        source = read()
        file = File(source.name, name if loose is None else loose.file, source.digest, read)
        items: list[Item] = []
        names: list[str] = []
        for loaded in suite.load(source):
            scenario = loaded.scenario
            subject = suite.subject(loaded, file.name, None, loose)
            warnings = suite.warnings(loaded, subject, name) if loose is None else warnings_of(loaded, subject)
            if warnings:
                self._warn(warnings)
            for prepared in loaded.rows:
                if chosen.wanted is not None:
                    names.append(prepared.name)
                    if prepared.name not in chosen.wanted and scenario.id not in chosen.wanted:
                        continue
                item_id = f"{name}::{prepared.name}"
                if self._keyword is not None and not _fits(self._keyword, item_id, loaded):
                    self.deselected.append(item_id)
                    continue
                at_once = None if keep or prepared.row is not None else scenario
                items.append(Item(item_id, file, prepared, subject, scenario.skip, scenario.xfail, at_once))
        if chosen.wanted is not None:
            self._whole = False
            _check_wanted(chosen, names)
        self._files.add(name)
        return items

    def _warn(self, problems: Sequence[Problem]) -> None:
        if self._settings.strict:
            raise DocumentError(problems)
        for problem in problems:
            if problem not in self._warned:
                self._warned.add(problem)
                self._listener.warned(problem)

    def _one(self, item: Item, recorder: Recorder | None) -> Ended:
        if item.skip is not None:
            # What was not run says nothing about what is missing; a draft would not, had it run.
            self._whole = self._whole and is_draft(item.skip)
            return Ended(item, "skipped", item.skip, None)
        prepared = item.prepared
        if item.scenario is not None:
            ref = ScenarioRef(item.scenario.id, prepared.hash, item.file.ref)
            case = Case(item.scenario, ref, item.subject)
        else:
            case = make_case(prepared, item.subject, item.file.ref)
        try:
            if recorder is not None:
                run = recorder.run(item, case, self._run)
            else:
                hooks = case.hooks()
                control = case.control(hooks)
                with UNWATCHED if self._traced is None else self._traced.watching(item, case, hooks) as watch:
                    run = run_scenario(
                        case.scenario,
                        control,
                        hooks,
                        self._run,
                        references=prepared.references,
                        observer=watch.beside(None),
                        spec=case.subject.spec,
                    )
                    watch.ran(run)
                self.tally.count(case, control, hooks, case.environment, run)
        except RuntimeMissing as missing:
            self._whole = False
            return Ended(item, "skipped", str(missing), None, missing=True)
        if item.xfail is not None:
            return self._expected_to_fail(item, run)
        return Ended(
            item, "failed" if run.verdict == "failed" else "passed" if run.verdict == "passed" else "error", "", run
        )

    def _expected_to_fail(self, item: Item, run: Outcome) -> Ended:
        if run.damaged:
            # Nobody expected the store to be damaged.
            return Ended(item, "error", "", run)
        if run.verdict != "passed":
            return Ended(item, "xfailed", str(item.xfail), run)
        if self._settings.strict_xfail:
            return Ended(item, "failed", "", run)
        return Ended(item, "passed", f"passed against the mark xfail: {item.xfail}", run)


def _gears(settings: Settings) -> GearChoice:
    return GearChoice(settings.gear, read_named(settings.gears, settings.gear.timeout, os.environ))


def _fits(keyword: str, item_id: str, loaded: Loaded) -> bool:
    scenario = loaded.scenario
    return any(keyword in word.lower() for word in (item_id, *scenario.tags, *scenario.classes))


def _check_wanted(chosen: Chosen, names: Sequence[str]) -> None:
    known = {*names, *(name.partition("[")[0] for name in names)}
    for wanted in sorted(chosen.wanted or ()):
        if wanted not in known:
            message = f"has no scenario '{shown(wanted)}'"
            raise UsageError.of("target.unknown", Place(shown(chosen.name)), message, did_you_mean(wanted, known))
