"""A hunt as one HTML page that needs no network: survivors first, each with its change and what would notice it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pytest_fluxscenario.base.html import code, document, lines, style_of, table, text
from pytest_fluxscenario.model.mutants import MutantReport, MutantScore, MutationReport

_FATES: Final = {"survived": "Survived", "equivalent": "Cannot be noticed", "killed": "Noticed"}


def page_of(report: MutationReport) -> str:
    """The page, UTF-8, with its style inside."""
    parts = [
        f"<h1>{text(report.process_id)} <small>{text(report.process_version)}</small></h1>",
        _summary(report),
        _section("survived", report.mutants),
        _gates(report),
        _suite(report),
        _section("equivalent", report.mutants),
        _section("killed", report.mutants),
        f"<footer>profile {code(report.profile_hash)}, scenarios {code(report.suite_hash)}</footer>",
    ]
    title = f"{report.process_id} {report.process_version}: mutants"
    return "".join(document(title, parts, style_of(__package__, "page.css")))


def _summary(report: MutationReport) -> str:
    score = report.score
    possible = score.killed + score.survived
    left = f" {len(report.left_out)} marked skip or xfail were left out." if report.left_out else ""
    return (
        f'<p class="score {_grade(score)}"><strong>{score.percent:.1f}%</strong> '
        f"{score.killed} of {possible} mutants were noticed by {report.scenarios} scenarios.{left}</p>"
        "<p>A mutant is the process with one rule weaker. One that no scenario notices is a rule that could be lost "
        f"without a test failing. {score.equivalent} change no answer, which the rules themselves prove.</p>"
    )


def _gates(report: MutationReport) -> str:
    if not report.gates:
        return ""
    rows = [
        (
            code(gate),
            str(score.killed),
            str(score.survived),
            str(score.equivalent),
            f'<span class="{_grade(score)}">{score.percent:.0f}%</span>',
        )
        for gate, score in report.gates.items()
    ]
    return "<h2>Gates</h2>" + table(("Gate", "Noticed", "Survived", "Cannot be", "Score"), rows)


def _suite(report: MutationReport) -> str:
    if not report.suite:
        return ""
    rows = [
        (
            code(one.id),
            str(one.notices),
            str(one.reaches),
            str(len(one.alone)),
            " ".join(map(code, one.instead)) if one.redundant else "",
        )
        for one in report.suite
    ]
    redundant = sum(one.redundant for one in report.suite)
    return (
        f"<h2>Scenarios</h2><p>{redundant} of {len(report.suite)} scenarios are redundant, each taken alone: without "
        "it no mutant would survive, and no goal of coverage be missed. "
        f"{len(report.smallest)} show all that the suite shows.</p>"
        + table(("Scenario", "Notices", "Reaches", "Alone", "Redundant by"), rows)
    )


def _section(fate: str, mutants: Iterable[MutantReport]) -> str:
    chosen = [mutant for mutant in mutants if mutant.fate == fate]
    if not chosen:
        return ""
    articles = "".join(map(_mutant, chosen))
    opened = " open" if fate == "survived" else ""
    return f"<details{opened}><summary><h2>{_FATES[fate]} ({len(chosen)})</h2></summary>{articles}</details>"


def _mutant(mutant: MutantReport) -> str:
    where = f"{mutant.file}:{mutant.line}" if mutant.line else mutant.file
    diff = "".join(
        f'<span class="{kind}">{mark} {lines(line)}</span>\n'
        for kind, mark, told in (("old", "-", mutant.before), ("new", "+", mutant.after))
        for line in (told.split("\n") if told else ())
    )
    said = {
        "killed": f"Noticed by {code(mutant.by)}.",
        "survived": f"Would notice: {text(mutant.why)}",
        "equivalent": f"Why: {text(mutant.why)}.",
    }[mutant.fate]
    near = "".join(f"<li>{code(one)}</li>" for one in mutant.near)
    asked = f"<p>Asked for it, and noticed nothing:</p><ul>{near}</ul>" if near else ""
    return (
        f'<article class="{mutant.fate}"><h3>{text(mutant.what)}</h3>'
        f'<p class="where">{code(where)} {code(mutant.id)}</p>'
        f"<pre>{diff}</pre><p>{said}</p>{asked}</article>"
    )


def _grade(score: MutantScore) -> str:
    return "good" if score.survived == 0 else "bad"
