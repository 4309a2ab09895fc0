"""A hunt as one HTML page that needs no network: survivors first, each with its change and what would notice it."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from importlib.resources import files

from pytest_fluxscenario.base.text import shown, shown_lines
from pytest_fluxscenario.model.mutants import MutantReport, MutantScore, MutationReport

_FATES = {"survived": "Survived", "equivalent": "Cannot be noticed", "killed": "Noticed"}


def page_of(report: MutationReport) -> str:
    """The page, UTF-8, with its style inside."""
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    title = f"{report.process_id} {report.process_version}: mutants"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{_text(title)}</title><style>{style}</style></head><body><main>",
        f"<h1>{_text(report.process_id)} <small>{_text(report.process_version)}</small></h1>",
        _summary(report),
        _section("survived", report.mutants),
        _gates(report),
        _section("equivalent", report.mutants),
        _section("killed", report.mutants),
        f"<footer>profile <code>{_text(report.profile_hash)}</code>, scenarios <code>{_text(report.suite_hash)}</code>",
        "</footer></main></body></html>",
    ]
    return "\n".join(parts) + "\n"


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
    rows = "".join(
        f'<tr><th scope="row"><code>{_text(gate)}</code></th><td>{score.killed}</td><td>{score.survived}</td>'
        f'<td>{score.equivalent}</td><td class="{_grade(score)}">{score.percent:.0f}%</td></tr>'
        for gate, score in report.gates.items()
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Gate", "Noticed", "Survived", "Cannot be", "Score"))
    return f'<h2>Gates</h2><div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _section(fate: str, mutants: Iterable[MutantReport]) -> str:
    chosen = [mutant for mutant in mutants if mutant.fate == fate]
    if not chosen:
        return ""
    articles = "".join(map(_mutant, chosen))
    opened = " open" if fate == "survived" else ""
    return f"<details{opened}><summary><h2>{_FATES[fate]} ({len(chosen)})</h2></summary>{articles}</details>"


def _mutant(mutant: MutantReport) -> str:
    where = f"{mutant.file}:{mutant.line}" if mutant.line else mutant.file
    lines = "".join(
        f'<span class="{kind}">{mark} {_text(line)}</span>\n'
        for kind, mark, text in (("old", "-", mutant.before), ("new", "+", mutant.after))
        for line in (text.split("\n") if text else ())
    )
    said = {
        "killed": f"Noticed by <code>{_text(mutant.by)}</code>.",
        "survived": f"Would notice: {_text(mutant.why)}",
        "equivalent": f"Why: {_text(mutant.why)}.",
    }[mutant.fate]
    near = "".join(f"<li><code>{_text(one)}</code></li>" for one in mutant.near)
    asked = f"<p>Asked for it, and noticed nothing:</p><ul>{near}</ul>" if near else ""
    return (
        f'<article class="{mutant.fate}"><h3>{_text(mutant.what)}</h3>'
        f'<p class="where"><code>{_text(where)}</code> <code>{_text(mutant.id)}</code></p>'
        f"<pre>{lines}</pre><p>{said}</p>{asked}</article>"
    )


def _grade(score: MutantScore) -> str:
    return "good" if score.survived == 0 else "bad"


def _text(text: str) -> str:
    return escape(shown(shown_lines(text), 2000))
