"""``fluxrig scenario run``: scenarios run without pytest, to the same verdicts and evidence (cli.md)."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import Parser, add_redaction, command, gear
from pytest_fluxscenario.cli.console.render import Outputs
from pytest_fluxscenario.cli.project.stores import add_store, newest_hint
from pytest_fluxscenario.cli.running.traced import Traced, add_otel
from pytest_fluxscenario.gears.settings import ENGINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_fluxscenario.cli.project.references import RefTarget
    from pytest_fluxscenario.cli.project.selection import Chosen, Target
    from pytest_fluxscenario.cli.project.settings import Settings
    from pytest_fluxscenario.cli.running.report import Report
    from pytest_fluxscenario.evidence.redact import Redactor

_RUN = """\
A REF is name:tag, name:latest or sha256:HASH (12 digits of it are enough): scenarios or a suite that were imported, or
a process pack in the store with its own scenarios, as in: fluxrig scenario run local_patch_review:latest
What exists as a file or folder is a PATH.

Verdicts, failure texts and evidence are those of a pytest run of the same files. The root, and so the ids, are
pytest's: the nearest folder upward with its configuration (pytest.ini, pyproject.toml, tox.ini, setup.cfg). The ini
keys fluxscenario_*, norecursedirs and strict_xfail are read from there. What only pytest can follow is not: addopts,
PYTEST_ADDOPTS, markers and conftest.py. So scenarios run on the built-in engine.

exit status: 0 all passed (or nothing was run last, for ''), 1 some did not or a file could not be used,
2 nothing to run or bad usage, 3 a damaged store, 130 interrupted"""


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command."""
    run = command(
        commands,
        "run",
        "run scenarios without pytest",
        "fluxrig scenario run scenarios -k approval --evidence off",
        _RUN,
    )
    run.add_argument(
        "paths",
        metavar="PATH|REF",
        nargs="+",
        help="a file, a folder, an archive of a pack, or file::id; or a ref of the store, or ref::id ('' is the ref "
        "that was run last)",
    )
    run.add_argument(
        "-k", dest="keyword", metavar="WORD", help="only scenarios whose id, tags or classes hold WORD, in any case"
    )
    run.add_argument("--json", action="store_true", help="one JSON document on standard output")
    run.add_argument(
        "--evidence", metavar="DIR|off", help="where evidence is written (default: .fluxscenario/evidence in the root)"
    )
    add_store(run, "where refs are looked up")
    _add_judging(run)
    add_otel(run)
    add_redaction(run, "written or shown")
    _add_coverage(run)
    run.add_argument("-v", "--verbose", action="store_true", help="a line for each scenario and each step")
    run.set_defaults(run=_run)


def _add_judging(run: Parser) -> None:
    run.add_argument(
        "--strict", action="store_true", help="warnings are failures, such as a pack that changed without a new version"
    )
    run.add_argument(
        "--on-failure",
        choices=("continue", "stop"),
        help="after a failed step go on with the next one (default), or stop the scenario",
    )
    run.add_argument(
        "--gear",
        metavar="GEAR",
        type=gear,
        help="run against another control implementation: stdio:COMMAND, http://HOST/PATH, mcp:COMMAND, "
        "mcp+http://HOST/PATH or module:function, or a name of fluxscenario_gears (default: what the pack names, else "
        "the built-in engine)",
    )


def _add_coverage(run: Parser) -> None:
    run.add_argument(
        "--coverage", action="store_true", help="show what was seen of each profile, and what is missing with its line"
    )
    run.add_argument(
        "--coverage-fail-under",
        metavar="N",
        help="fail where less than N percent of a profile were seen: 90, gates=100,routes=90, or both",
    )


def _run(options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.cli.project.references import split_targets
    from pytest_fluxscenario.cli.project.selection import read_targets
    from pytest_fluxscenario.evidence.redact import Redactor

    start = os.getcwd()
    paths, refs = split_targets(options.paths, start)
    targets = read_targets(paths, start, lambda text: newest_hint(options, text, "scenarios", "profiles"))
    settings = _settings(options, targets, refs, start)
    redactor = Redactor(settings.redact, settings.redact_env, os.environ)
    traced = Traced(settings, redactor, outputs)
    status = exits.USAGE
    try:
        status = _run_targets(options, outputs, targets, refs, settings, redactor, traced)
    finally:
        traced.end(status)
    return status


def _run_targets(
    options: argparse.Namespace,
    outputs: Outputs,
    targets: Sequence[Target],
    refs: Sequence[RefTarget],
    settings: Settings,
    redactor: Redactor,
    traced: Traced,
) -> int:
    from pytest_fluxscenario.cli.project.references import NOTHING_ACTIVE, take_refs
    from pytest_fluxscenario.cli.project.selection import choose
    from pytest_fluxscenario.cli.running.report import Report
    from pytest_fluxscenario.cli.running.session import Session
    from pytest_fluxscenario.cli.running.told import tell_run
    from pytest_fluxscenario.cli.scenario.course import Course, nothing

    begun, start = seconds(), os.getcwd()
    report = Report(outputs, redactor, options.json, options.verbose)
    session = Session(settings, start, report, redactor, options.keyword, traced)
    store = session.suite.resolver.store
    stored, taken = take_refs(store, refs)
    gear = "" if settings.gear.gear == ENGINE else settings.gear.gear
    against = (f"run against the gear {shown(gear, 200)}",) if gear else ()
    report.taken, report.limits = (*map(str, taken), *against), session.suite.limits
    files = choose(targets, settings) + stored
    if refs and not taken:
        outputs.err.line(NOTHING_ACTIVE, "yellow")
        if not targets:
            tell_run(report, None, start, seconds() - begun)
            return exits.DONE
    if not files:
        raise nothing(
            options.paths,
            "there is no scenario file",
            "scenario files end in .scenario.json or .scenario.yaml, or lie in a folder named scenarios",
        )
    _warn_of_conftests(report, files, settings.root)
    return Course(options, outputs, settings, redactor, traced, report, session, start, begun).run(files, taken, gear)


def _warn_of_conftests(report: Report, files: Sequence[Chosen], root: str) -> None:
    from pytest_fluxscenario.cli.scenario.conftests import conftest_warnings

    for warning in conftest_warnings({_folder_of(file) for file in files}, root):
        report.warned(warning)


def _folder_of(chosen: Chosen) -> str:
    """The folder whose conftest.py pytest would heed."""
    from pytest_fluxscenario.runner.stored import StoredDocument

    return chosen.loose.store.folder if isinstance(chosen.loose, StoredDocument) else os.path.dirname(chosen.path)


def _settings(
    options: argparse.Namespace, targets: Sequence[Target], refs: Sequence[RefTarget], start: str
) -> Settings:
    from pytest_fluxscenario.cli.project.ini import find_ini
    from pytest_fluxscenario.cli.project.selection import folders_of
    from pytest_fluxscenario.cli.project.settings import Asked, make_settings

    asked = Asked(
        options.store,
        options.evidence,
        options.strict,
        options.on_failure,
        tuple(options.redact),
        tuple(options.redact_env),
        options.coverage,
        options.coverage_fail_under,
        options.gear or "",
        options.otel,
    )
    folders = [*folders_of(targets), *(os.path.dirname(ref.index) for ref in refs if ref.index)]
    return make_settings(find_ini(folders, start), asked, start)
