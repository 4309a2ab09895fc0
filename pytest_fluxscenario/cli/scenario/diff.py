"""``fluxrig scenario diff``: which answers and verdicts flip between two versions of a process (cli.md)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from pytest_fluxscenario.base.errors import DamageError, DocumentError, FluxError, UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import Parser, command
from pytest_fluxscenario.cli.console.render import Outputs, plural
from pytest_fluxscenario.cli.project.paths import seen_from
from pytest_fluxscenario.cli.project.stores import add_store, newest_hint
from pytest_fluxscenario.cli.store.artifacts import Noun, diff_stored

if TYPE_CHECKING:
    from pytest_fluxscenario.analysis.flips import Comparison, Document
    from pytest_fluxscenario.base.problems import Problem
    from pytest_fluxscenario.cas.store import Store
    from pytest_fluxscenario.cli.project.selection import Chosen, Target
    from pytest_fluxscenario.cli.project.settings import Settings
    from pytest_fluxscenario.evidence.redact import Redactor
    from pytest_fluxscenario.model.flips import Flips
    from pytest_fluxscenario.runner.suite import Suite

_DIFF: Final = """\
OLD and NEW are two versions of a process: a pack's folder, manifest or archive (*.fstpack), a profile alone, or a ref
of the store (name:tag, name:latest, sha256:HASH). The scenarios of each PATH run on both, whatever profile and
profile_version they name, each to its end, with the hooks of each side called for real. What differs is what came
back, step by step, whatever was expected: first what NEW allows and OLD did not (loosened), then what it no longer
allows (tightened), then other changes. Scenarios for another process, and those marked skip, are left out.

Without PATH the scenarios that are part of the two packs run. Where OLD and NEW are refs of stored scenarios, their
documents are compared.

exit status: 0 nothing differs, 1 something does, 2 bad usage or unusable input, 3 a damaged store"""
_EXAMPLE: Final = "fluxrig scenario diff local_patch_review:latest scenarios/local_patch_review scenarios"


def add_diff(commands: argparse._SubParsersAction[Parser], noun: Noun) -> None:
    """Add the command."""
    one = command(commands, "diff", "say which answers flip between two versions of a process", _EXAMPLE, _DIFF)
    one.add_argument("old", metavar="OLD", help="a version of a process, or of stored scenarios")
    one.add_argument("new", metavar="NEW", help="another one")
    one.add_argument("paths", metavar="PATH", nargs="*", help="what to run, as for fluxrig scenario run")
    one.add_argument("--json", action="store_true", help="one JSON document on standard output")
    add_store(one, "where refs are looked up")
    one.add_argument("-v", "--verbose", action="store_true", help="every value that differs")
    one.set_defaults(run=partial(_diff, noun))


def _diff(noun: Noun, options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.cli.project.ini import find_ini
    from pytest_fluxscenario.cli.project.references import split_targets
    from pytest_fluxscenario.cli.project.selection import folders_of, read_targets
    from pytest_fluxscenario.cli.project.settings import Asked, make_settings
    from pytest_fluxscenario.cli.project.stores import open_run_store
    from pytest_fluxscenario.cli.project.suites import make_suite
    from pytest_fluxscenario.evidence.redact import Redactor

    start = os.getcwd()
    paths, refs = split_targets(options.paths, start)
    targets = read_targets(paths, start, lambda text: newest_hint(options, text, "scenarios", "profiles"))
    settings = make_settings(find_ini(folders_of(targets), start), Asked(options.store), start)
    if not options.paths and _are_scenarios(options, settings, start):
        return diff_stored(noun, options, outputs)
    redactor = Redactor(settings.redact, settings.redact_env, os.environ)
    suite = make_suite(settings, open_run_store(settings, start))
    try:
        from pytest_fluxscenario.cli.project.references import take_refs

        stored, _ = take_refs(suite.resolver.store, refs)
        return _compare(options, settings, suite, redactor, (targets, stored), outputs)
    finally:
        suite.close()


def _are_scenarios(options: argparse.Namespace, settings: Settings, start: str) -> bool:
    """Whether OLD and NEW are both stored scenarios. Raises UsageError where only one is, and StoreError."""
    from pytest_fluxscenario.cli.project.packs import is_stored
    from pytest_fluxscenario.cli.project.references import read_ref
    from pytest_fluxscenario.cli.project.stores import open_run_store
    from pytest_fluxscenario.runner.stored import find_stored

    kinds = []
    for argument in (options.old, options.new):
        store = open_run_store(settings, start) if is_stored(argument) else None
        ref = read_ref(store, argument) if store is not None else ""
        kinds.append("profiles" if store is None or isinstance(ref, str) else find_stored(store, ref).kind)
    if len(set(kinds)) == 1:
        return kinds[0] == "scenarios"
    words = {"scenarios": "stored scenarios", "profiles": "a process"}
    both = " and ".join(
        f"{shown(argument)} is {words[kind]}" for argument, kind in zip((options.old, options.new), kinds, strict=True)
    )
    raise UsageError.of("diff.kinds", Place(""), both, "compare two of a kind")


def _compare(
    options: argparse.Namespace,
    settings: Settings,
    suite: Suite,
    redactor: Redactor,
    chosen: tuple[Sequence[Target], Sequence[Chosen]],
    outputs: Outputs,
) -> int:
    from pytest_fluxscenario.analysis.flips import Comparison, documents_of
    from pytest_fluxscenario.cli.project.packs import named_files
    from pytest_fluxscenario.cli.project.selection import choose
    from pytest_fluxscenario.cli.scenario.flips import tell_flips

    where, hint = partial(seen_from, settings.root), partial(newest_hint, options)
    old, new = (
        (argument, named_files(argument, partial(_store, suite, options), suite.limits, where, hint).load())
        for argument in (options.old, options.new)
    )
    comparison = Comparison(suite, old, new, redactor.data, each_once=not options.paths)
    if options.paths:
        documents = _documents([*choose(chosen[0], settings), *chosen[1]], suite)
    else:
        documents = (document for _, pack in (new, old) for document in documents_of(pack))
    _run_all(comparison, documents, outputs)
    flips = comparison.flips()
    if not flips.counts.scenarios:
        raise _nothing(options.paths, flips)
    if options.json:
        import msgspec

        outputs.json(msgspec.to_builtins(flips))
    else:
        tell_flips(flips, outputs, verbose=options.verbose)
    if flips.scenarios:
        return exits.NO
    return exits.DONE if flips.whole else exits.USAGE


def _nothing(paths: Sequence[str], flips: Flips) -> UsageError:
    why = f": {plural(len(flips.left_out), 'scenario')} left out" if flips.left_out else ""
    first = flips.left_out[0] if flips.left_out else None
    hint = f"the first, {shown(first.id)}, {shown(first.why)}" if first else "name a folder of scenarios"
    error: UsageError = UsageError.of("diff.nothing", Place(" ".join(map(shown, paths))), f"nothing to run{why}", hint)
    return error


def _store(suite: Suite, options: argparse.Namespace) -> Store:
    store = suite.resolver.store
    if store is None:
        hint = "import something: fluxrig profile import PATH, or name a store with --store"
        place = Place(f"{shown(options.old)}, {shown(options.new)}")
        raise UsageError.of("target.no-store", place, "there is no store to look a ref up in", hint)
    return store


def _documents(chosen: Sequence[Chosen], suite: Suite) -> Iterator[Document]:
    from pytest_fluxscenario.analysis.flips import Document
    from pytest_fluxscenario.cli.project.archived import parts_of

    for whole in chosen:
        for one in parts_of(whole, suite.resolver.packs):
            wanted = None if one.wanted is None else frozenset(one.wanted)
            loose = one.loose
            read = partial(suite.read, one.path, one.name) if loose is None else loose.read
            yield Document(one.name, read, loose is None, wanted)


def _run_all(comparison: Comparison, documents: Iterator[Document], outputs: Outputs) -> None:
    """Run every document. Raises with the problems of all that cannot be used: half a comparison looks like a whole."""
    from pytest_fluxscenario.cli.console.interrupts import Interrupts
    from pytest_fluxscenario.cli.console.progress import Progress

    problems: list[Problem] = []
    progress = Progress(outputs.err)
    try:
        with Interrupts() as interrupts:
            for number, document in enumerate(documents, 1):
                interrupts.check()
                progress.tell(f"{plural(number, 'file')} of scenarios")
                try:
                    comparison.add(document)
                except (UsageError, DamageError):
                    raise
                except FluxError as error:
                    problems.extend(error.problems)
    finally:
        progress.end()
    if problems:
        raise DocumentError(problems)
