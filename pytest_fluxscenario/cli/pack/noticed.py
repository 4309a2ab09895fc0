"""What the scenarios of a pack notice of its mutants, for people: what survived comes first."""

from __future__ import annotations

import argparse
import os
from typing import Final

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console.render import Outputs, one_line, plural
from pytest_fluxscenario.model.mutants import MutantReport, MutationReport, ScenarioReport

#: Scenarios that are named of those that make up for one.
_MOST_NAMED: Final = 3


def tell_mutants(report: MutationReport, options: argparse.Namespace, outputs: Outputs, duration: float) -> None:
    """Tell which mutants survived, the score of each gate, what each scenario has a part in, and the score."""
    out = outputs.out
    for mutant in report.mutants:
        if mutant.fate == "survived":
            _tell_survivor(mutant, outputs)
        elif options.verbose:
            said = f"noticed by {shown(mutant.by)}" if mutant.fate == "killed" else f"equivalent: {shown(mutant.why)}"
            out.line(one_line(f"{_place(mutant)}: {mutant.id}: {said}"), "dim")
    rows = [
        (gate, f"{score.killed}", f"{score.survived}", f"{score.equivalent}", f"{score.percent:.0f}%")
        for gate, score in report.gates.items()
        if score.survived or options.verbose
    ]
    if rows:
        out.table(("GATE", "NOTICED", "SURVIVED", "EQUIVALENT", "SCORE"), rows)
    _tell_suite(report, options, outputs)
    if report.left_out:
        outputs.err.line(f"{plural(len(report.left_out), 'scenario')} marked skip or xfail noticed nothing", "yellow")
    score = report.score
    fits = score.percent >= options.fail_under
    said = f"{score.killed} of {plural(score.killed + score.survived, 'mutant')} noticed, {score.percent:.1f}%"
    more = f"; {score.equivalent} cannot be" if score.equivalent else ""
    asked = "" if fits else f", below {options.fail_under:g}%"
    out.line(
        f"{said}{asked}{more} ({plural(report.scenarios, 'scenario')}, {duration:.1f} s)", "green" if fits else "red"
    )
    if score.survived and os.path.isdir(options.pack):
        outputs.err.line(one_line(f"scenarios that would notice: fluxrig scenario draft {shown(options.pack)}"))


def _tell_suite(report: MutationReport, options: argparse.Namespace, outputs: Outputs) -> None:
    """What each scenario has a part in, and those without which nothing would be missed."""
    if not report.suite:
        return
    out = outputs.out
    if options.verbose:
        rows = [(shown(one.id), f"{one.notices}", f"{one.reaches}", f"{len(one.alone)}") for one in report.suite]
        out.table(("SCENARIO", "NOTICES", "REACHES", "ALONE"), rows)
    redundant = [one for one in report.suite if one.redundant]
    for one in redundant:
        out.write(f"{shown(one.id)}: ")
        out.write("redundant", "yellow")
        out.line(one_line(f": {_instead(one)}"))
    out.line(
        f"{len(redundant)} of {plural(len(report.suite), 'scenario')} redundant, each taken alone; "
        f"{len(report.smallest)} show all that the suite shows"
    )


def _instead(one: ScenarioReport) -> str:
    """What makes up for a redundant scenario; the full list is in the JSON."""
    if not one.instead:
        return "it shows nothing that is counted"
    goals = f" and {plural(one.reaches, 'goal')} of coverage" if one.reaches else ""
    more = len(one.instead) - _MOST_NAMED
    named = ", ".join(shown(name.rpartition("/")[2]) for name in one.instead[:_MOST_NAMED])
    return f"{plural(one.notices, 'mutant')}{goals}, also shown by {named}{f' and {more} more' if more > 0 else ''}"


def _tell_survivor(mutant: MutantReport, outputs: Outputs) -> None:
    out = outputs.out
    out.write(f"{_place(mutant)}: ")
    out.write("survived", "red")
    out.line(one_line(f" {mutant.id}: {mutant.what}"))
    for mark, text, style in (("-", mutant.before, "red"), ("+", mutant.after, "green")):
        for line in text.split("\n") if text else ():
            out.line(one_line(f"    {mark} {line}"), style)
    out.line(one_line(f"    would notice: {mutant.why}"))
    if mutant.near:
        out.line(one_line(f"    asked for it, and noticed nothing: {', '.join(mutant.near)}"))


def _place(mutant: MutantReport) -> str:
    return f"{shown(mutant.file)}:{mutant.line}" if mutant.line else shown(mutant.file)
