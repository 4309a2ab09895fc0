"""``--fluxscenario-mutate``: what the scenarios of the session would notice, were the rules of their packs weaker.

The suite that is judged is every scenario that ran on a pack, and passed. Of a pack of which a part did not run,
nothing is said: what was left out may notice what the rest does not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pytest

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.evidence.classes import is_whole
from pytest_fluxscenario.plugin.configuration.options import OPTIONS
from pytest_fluxscenario.plugin.terminal.classes import ran_whole

if TYPE_CHECKING:
    from pytest_fluxscenario.model.evidence import ProfileRef
    from pytest_fluxscenario.model.mutants import MutantReport, MutationReport
    from pytest_fluxscenario.plugin.evidence.recorder import Recorder
    from pytest_fluxscenario.plugin.session.session import Session
    from pytest_fluxscenario.runner.prepare import Loaded, Prepared

_FAILED = 1
#: Survivors that are shown of many; the rest is counted.
_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Judged:
    """What is said of one pack: its report, or why there is none."""

    #: None where there is no pack to speak of.
    profile: ProfileRef | None
    report: MutationReport | None = None
    why: str = ""
    #: Scenarios that do not pass on the built-in control, so that nothing can be learnt from them.
    foreign: int = 0


class Mutants:
    """Tries mutants when everything has run, in the process that keeps the evidence."""

    def __init__(self, config: pytest.Config, session: Session, recorder: Recorder) -> None:
        self._config = config
        self._session = session
        self._recorder = recorder
        self._judged: list[Judged] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session):  # type: ignore[no-untyped-def] # noqa: ANN201 - the types of a wrapper say nothing
        """Judge every pack that scenarios ran on; a score below the one that is asked for fails the session."""
        if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            self._judged = list(self._judge())
        if any(map(self._fails, self._judged)) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = _FAILED
        return (yield)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """A section: a line for each pack, and its survivors."""
        quiet = self._config.get_verbosity() < 0
        # However quiet a run is: where nothing was tried it must not look like one in which everything was noticed.
        told = [one for one in self._judged if not quiet or one.report is None or self._fails(one)]
        if not told:
            return
        terminalreporter.section("mutants", "-")
        for one in told:
            for text, colour in self._told(one):
                terminalreporter.write_line(self._recorder.redacted(text), **{colour: True} if colour else {})

    def _fails(self, one: Judged) -> bool:
        options = self._config.stash[OPTIONS]
        return options.strict if one.report is None else one.report.score.percent < options.mutate_fail_under

    def _judge(self) -> Iterator[Judged]:
        packs = sorted(self._recorder.profiles, key=lambda one: (one.id, one.version, one.source))
        ran = self._recorder.ran
        root, files = str(self._config.rootpath), self._recorder.files
        by_pattern = bool(self._config.stash[OPTIONS].files)
        if not packs and files:
            yield Judged(None, why="no scenario ran")
        for profile in packs:
            own = {item: one.hash for item, one in ran.items() if one.profile == profile}
            failed = sum(not one.fine for one in ran.values() if one.profile == profile)
            if profile.origin != "tree" or any("::" in item.partition("::")[2] for item in own):
                yield Judged(profile, why="it was not run from the working tree (try fluxrig mutate)")
            elif failed:
                count = "a scenario" if failed == 1 else f"{failed} scenarios"
                yield Judged(profile, why=f"{count} on it did not pass")
            elif not ran_whole(self._config, self._recorder, but_skipped=True) or not (
                by_pattern or is_whole(profile.source, root, files)
            ):
                yield Judged(profile, why="not all of its scenarios ran")
            else:
                yield self._tried(profile, own)

    def _tried(self, profile: ProfileRef, own: dict[str, str]) -> Judged:
        """What the scenarios ``own`` (ids with their hashes) notice of the mutants of a pack."""
        from pytest_fluxscenario.analysis.mutation.judge import judge
        from pytest_fluxscenario.analysis.mutation.trials import Document

        suite = self._session.suite
        names = dict.fromkeys(item.partition("::")[0] for item in own)

        def wanted(name: str, prepared: Prepared) -> bool:
            # What is judged is what ran: a file that has changed since is none of it.
            return own.get(f"{name}::{prepared.name}") == prepared.hash

        documents = [
            Document(
                name,
                partial(suite.read, os.path.join(str(self._config.rootpath), name), name),
                wanted=partial(wanted, name),
                named=partial(self._named, name),
            )
            for name in names
        ]
        try:
            done = judge(suite, profile.source, documents, self._session.settings)
        except FluxError as error:
            return Judged(profile, why=str(error.problems[0]) if error.problems else str(error))
        finally:
            suite.close()
        if done.report is None:
            return Judged(profile, why="no scenario passes on the built-in control")
        if done.report.profile_hash != profile.hash or done.tried != len(own):
            return Judged(profile, why="its files have changed since they were collected")
        return Judged(profile, done.report, foreign=done.failing)

    def _named(self, name: str, loaded: Loaded) -> str | None:
        """What a plugin names as the profile of a scenario."""
        hook = self._config.hook.pytest_fluxscenario_resolve_profile
        if loaded.scenario.profile is not None or not hook.get_hookimpls():
            return None
        path = os.path.join(str(self._config.rootpath), name)
        answer: str | None = hook(scenario=loaded.scenario, path=path, config=self._config)
        return answer

    def _told(self, one: Judged) -> Iterator[tuple[str, str]]:
        report = one.report
        of = one.profile
        pack = f"{shown(of.id, 80)} {shown(of.version, 40)}" if of is not None else "fluxscenario"
        if report is None:
            yield f"{pack}: no mutants were tried: {shown(one.why, 300)}", "yellow"
            return
        survivors = [mutant for mutant in report.mutants if mutant.fate == "survived"]
        for mutant in survivors[:_MOST_SHOWN]:
            yield f"{shown(_place(mutant))}: survived {shown(mutant.id)}: {shown(mutant.what)}", "red"
            yield f"    would notice: {shown(mutant.why)}", ""
        if len(survivors) > _MOST_SHOWN:
            yield f"and {len(survivors) - _MOST_SHOWN} more (fluxrig mutate tells of all)", ""
        asked, score = self._config.stash[OPTIONS].mutate_fail_under, report.score
        low = f", below {asked:g}%" if score.percent < asked else ""
        count = f"{score.killed} of {score.killed + score.survived} mutants noticed, {score.percent:.1f}%{low}"
        more = f"; {score.equivalent} cannot be" if score.equivalent else ""
        scenarios = f"{report.scenarios} scenario{'s' if report.scenarios != 1 else ''}"
        foreign = f"; {one.foreign} left out, which pass on another control only" if one.foreign else ""
        yield f"{pack}: {count}{more} ({scenarios}{foreign})", "red" if low else "green"


def _place(mutant: MutantReport) -> str:
    return f"{mutant.file}:{mutant.line}" if mutant.line else mutant.file
