"""The report: the promises, then everything that was timed, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from benchmarks.measure import Sample
from benchmarks.results import Run
from benchmarks.targets import BARE, ENGINE, REFERENCE_SIZE, WITH, WITHOUT, Figure, Results, cpu, figures, memory

_HEAD = """\
# Benchmarks

The same seeded scenarios of three steps for every tool: each step is decided, and its status, route and gate are
compared. Every tool but this one calls the same rules in plain Python; this one decides by a process pack that says
the same. "All on" is: profile and scenarios validated, evidence written, JUnit written. "Bare items" are custom pytest
items that read the same files, decide and compare, and do nothing else.

All commands run in turn, in rounds of a new order each; a ratio is made of two runs of one round, and the median over
the rounds is shown. Memory is the peak of the largest process; one that is smaller than the harness (about 20 MB) shows
as large as that.
"""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield _row(heads)
    yield _row(["---", *("---:" for _ in heads[1:])])
    yield from map(_row, rows)
    yield ""


def _number(value: float | None, unit: str = "") -> str:
    if value is None:
        return "-"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}" + _unit(unit)


def _unit(unit: str) -> str:
    return unit if unit in ("", "x") else f" {unit}"


def _promise(figure: Figure) -> list[str]:
    word = "at most" if figure.at_most else "at least"
    unknown = "not measured" if figure.measured is None else f"only from {REFERENCE_SIZE:,} on"
    met = {True: "yes", False: "**no**", None: unknown}[figure.met]
    limit = f"{figure.limit:,g}{_unit(figure.unit)}"
    return [figure.what, f"{word} {limit}", _number(figure.measured, figure.unit), met]


def _timings(results: Results, size: int, base: str) -> Iterator[str]:
    heads = ["", "wall s", "least … most", "CPU s", "ms each", "wall by base", "CPU by base", "peak MB", "runs"]
    rows = []
    for (name, known), runs in results.runs.items():
        if known != size:
            continue
        walls = sorted(sample.wall for sample in runs.values())
        middle = results.middle(name, size)
        row = [name, _number(middle), f"{_number(walls[0])} … {_number(walls[-1])}"]
        row += [_number(results.middle(name, size, cpu))]
        row += [_number(1000 * middle / size if middle is not None else None), _number(results.ratio(name, base, size))]
        row += [_number(results.ratio(name, base, size, cpu))]
        row += [_number(results.middle(name, size, memory)), str(len(runs))]
        rows.append(row)
    yield from _table(heads, rows)


def _slopes(results: Results) -> Iterator[str]:
    sizes = sorted({size for name, size in results.runs if name == BARE})
    if len(sizes) < 2:
        return
    pairs = list(pairwise(sizes))
    names = [name for name, size in results.runs if size == sizes[-1]]
    rows = [
        [name, *(_number(results.slope(name, small, large)) for small, large in pairs)]
        for name in names
        if all((name, size) in results.runs for size in sizes)
    ]
    yield "## Milliseconds for each further scenario\n"
    yield from _table(["", *(f"{small:,} to {large:,}" for small, large in pairs)], rows)


def _busy(samples: Sequence[Sample]) -> Iterator[str]:
    """Says so where the machine had other work: every command here is one process that never waits."""
    # The engine times itself, start-up is too short to tell.
    timed = [sample for sample in samples if sample.name not in (WITH, WITHOUT, ENGINE)]
    slowed = sum(sample.wall > 1.2 * sample.cpu for sample in timed)
    if slowed > len(timed) / 10:
        yield f"**The machine was busy**: {slowed} of {len(timed)} runs took 20% longer than their CPU time.\n"


def _wrong(samples: Sequence[Sample]) -> Iterator[str]:
    wrong = [sample for sample in samples if not sample.right]
    if not wrong:
        return
    yield "## Runs that did not do their work, in no figure\n"
    for sample in wrong:
        passed = f"{sample.passed} of {sample.expected} passed" if sample.passed >= 0 else "no count of what passed"
        yield f"- {sample.name}, {sample.size:,} scenarios: exit {sample.exit_status}, {passed}"
    yield ""


def markdown(run: Run, samples: Sequence[Sample]) -> str:
    """The whole report; the same samples give the same text."""
    results = Results.of(samples)
    lines = [_HEAD, f"{run.date}, {run.machine}. {run.rounds} rounds, `{run.command}`.\n"]
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    lines += [f"Versions: {versions}.\n"] if versions else []
    lines += _busy(samples)
    lines.append(f"## The promises, at {run.size:,} scenarios\n")
    lines += _table(["", "promised", "measured", "met"], [_promise(one) for one in figures(results, run.size)])
    if run.left_out:
        lines.append("## Left out\n")
        lines += [f"- {name}: {reason}" for name, reason in run.left_out.items()] + [""]
    lines += _wrong(samples)
    for size in sorted({size for name, size in results.runs if name not in (WITH, WITHOUT, ENGINE)}):
        lines.append(f"## {size:,} scenarios (base: {BARE})\n")
        lines += _timings(results, size, BARE)
    lines += _slopes(results)
    if (WITHOUT, 1) in results.runs:
        lines.append("## pytest in a project without scenarios\n")
        lines += _timings(results, 1, WITHOUT)
    return "\n".join(lines).rstrip() + "\n"
