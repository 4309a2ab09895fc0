"""``fluxrig coverage``: what one run, or several together, have shown of their profiles (coverage.md)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from pytest_fluxscenario.base.errors import DamageError, DocumentError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.render import Outputs
from pytest_fluxscenario.cli.project.stores import add_store

if TYPE_CHECKING:
    from pytest_fluxscenario.model.evidence import Manifest, ProfileCoverage
    from pytest_fluxscenario.packs.resolve import Resolver

_COVERAGE: Final = """\
Each PATH is the evidence folder of a run. Runs on the same profile, by its hash, are added up: what one of them has
seen is seen. Another version of a profile is told for itself. Lines are shown where the profile is still there, in the
working tree or in the store, as it was.

N is a percentage (90), or percentages of kinds (gates=100,routes=90), or both; each profile has to reach it.

exit status: 0 done, 1 a profile was seen less than --fail-under, 2 no evidence there, or of a version that counted
less, 3 damaged evidence"""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command; the noun is its own verb."""
    parser.description = f"Show what runs have seen of their profiles.\n\n{_COVERAGE}"
    parser.epilog = "example: fluxrig coverage build/linux/evidence build/windows/evidence --fail-under 90,gates=100"
    parser.add_argument("paths", metavar="PATH", nargs="+", help="an evidence folder, or its manifest.json")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--fail-under", metavar="N", help="the least that each profile must have, in percent")
    add_store(parser, "where profiles that ran from it are looked up")
    parser.set_defaults(run=_coverage)


def _coverage(options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.cli.running.covered import coverage_reports, tell_coverage
    from pytest_fluxscenario.evidence.coverage_merge import merge
    from pytest_fluxscenario.evidence.coverage_score import FailUnder
    from pytest_fluxscenario.model.coverage import CoverageReport

    least = FailUnder.parse(options.fail_under, Place("--fail-under")) if options.fail_under is not None else None
    merged = merge(one for path in options.paths for one in _read(path, outputs))
    misses = [text for one in merged for text in least.misses(one)] if least is not None else []
    fits = not misses and (least is None or bool(merged))
    resolver = _resolver(options.store)
    if options.json:
        report = CoverageReport(fits, options.fail_under or "", coverage_reports(merged, resolver))
        outputs.json(msgspec.to_builtins(report))
    else:
        tell_coverage(merged, resolver, outputs)
    for text in misses:
        outputs.err.line(text, "red")
    if not merged:
        outputs.err.line("no scenario ran, so nothing of a profile is covered", "yellow")
    return exits.DONE if fits else exits.NO


def _read(path: str, outputs: Outputs) -> Iterator[ProfileCoverage]:
    """What the run in a folder has seen. Raises DocumentError, DamageError."""
    from pytest_fluxscenario.evidence.reading import read_manifest, shown_file
    from pytest_fluxscenario.evidence.writer import MANIFEST

    folder = (os.path.dirname(path) or ".") if os.path.basename(path) == MANIFEST else path
    manifest = read_manifest(folder).manifest
    place = Place(shown_file(folder, MANIFEST))
    if manifest.check != _check_of(manifest):
        hint = f"run: fluxrig evidence verify {shown(folder)}"
        raise DamageError.of("evidence.edited", place, "is not as it was written", hint)
    if any(one.points is msgspec.UNSET for one in manifest.coverage):
        hint = "run the scenarios again"
        raise DocumentError.of("coverage.older", place, "was written by a version that counted less", hint)
    if manifest.verdict != "passed":
        how = "failed" if manifest.verdict == "failed" else "is incomplete"
        outputs.err.line(f"warning: {place}: the run {how}; what it has seen counts", "yellow")
    yield from manifest.coverage


def _check_of(manifest: Manifest) -> str:
    from pytest_fluxscenario.evidence.writer import manifest_check

    try:
        return manifest_check(manifest)
    except ValueError:
        # It holds what the writer never writes.
        return ""


def _resolver(store: str | None) -> Resolver | None:
    """What finds the profiles of this project; None where its settings or store cannot be used."""
    from pytest_fluxscenario.base.errors import FluxError
    from pytest_fluxscenario.cli.project.ini import find_ini
    from pytest_fluxscenario.cli.project.settings import Asked, make_settings
    from pytest_fluxscenario.cli.project.stores import open_run_store
    from pytest_fluxscenario.documents.limits import Limits
    from pytest_fluxscenario.packs.resolve import Resolver

    start = os.getcwd()
    try:
        settings = make_settings(find_ini([start], start), Asked(store), start)
        return Resolver(settings.root, open_run_store(settings, start), Limits.parse(settings.limits))
    except FluxError:
        if store is not None:
            raise
        return None
