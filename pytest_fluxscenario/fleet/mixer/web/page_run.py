"""The page of one run, its scenarios with the worst first, and the page of one scenario with its steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.html import code, lines, text
from pytest_fluxscenario.evidence.html_steps import record_html
from pytest_fluxscenario.fleet.mixer.history.history import Run
from pytest_fluxscenario.fleet.mixer.history.outcomes import expectation
from pytest_fluxscenario.fleet.mixer.runs.info import info_of
from pytest_fluxscenario.fleet.mixer.web.page_parts import ORDER, ago, bar, lasted, span, state, table, word
from pytest_fluxscenario.remote.api import ItemDone, RunInfo
from pytest_fluxscenario.remote.unpack import outcome_of, read_record
from pytest_fluxscenario.runner.explain import headline

#: Scenarios on one page.
MOST: Final = 200
WAITING: Final = "waiting"
#: What a list of scenarios can be narrowed to.
FILTERS: Final = (*ORDER, WAITING)
#: Item, attempt, and the place of its record, 0 where it has none: a page shows some, and others are not held for it.
_Place = tuple[str, int, int]
_BAD: Final = ("failed", "error", "given-up", "refused")


def run_html(run: Run, only: str, number: int) -> Iterator[str]:
    """A run and a page of its scenarios: all of them, or ``only`` those of which that became."""
    info = info_of(run)
    yield f'<nav><a href="/">Mixer</a> · run {code(run.run)}</nav>'
    yield f"<h1>{text(info.source)} {state(info)}</h1>"
    yield f'<div class="long">{bar(info)}</div>'
    yield _about(info)
    groups = _groups(run)
    yield _filters(info, groups, only)
    found = [one for name, members in groups.items() if only in ("", name) for one in members]
    shown = found[(number - 1) * MOST : number * MOST]
    rows = [_row(run, one) for one in shown]
    if rows:
        yield table(("Scenario", "", "Why", "Rack", "Took"), rows, "scenarios")
    else:
        yield "<p>There is none.</p>"
    yield _pages(run, only, number, len(found))


def scenario_html(run: Run, done: ItemDone) -> Iterator[str]:
    """One attempt of a scenario, with its steps."""
    said = done.verdict or done.outcome
    link = f'<a href="/runs/{text(run.run)}">run {code(run.run)}</a>'
    yield f'<nav><a href="/">Mixer</a> · {link}</nav>'
    yield f"<h1>{text(done.item)} {word(said, badge=True)}</h1>"
    rack = f"on {code(done.rack)}" if done.rack else "on no rack"
    again = f", attempt {done.attempt}" if done.attempt > 1 else ""
    case = run.asked[done.item, done.attempt].case
    expected = f", expected to fail: {text(case.xfail)}" if done.outcome == "ran" and case.xfail is not None else ""
    yield f"<p>{rack}{again}{expected}"
    if done.outcome != "ran":
        yield f"</p><pre>{lines(done.reason)}</pre>"
        return
    yield f' · <a href="/runs/{text(run.run)}/scenarios/{done.number}/record.json" download>download the record</a></p>'
    try:
        record = read_record(done)
    except FluxError as error:
        yield f'<pre class="bad">{lines(str(error))}</pre>'
        return
    plain = msgspec.json.decode(done.record)
    yield from record_html(record.ref, plain["result"], plain["volatile"], lambda *_: 0)
    for hook, text_of in done.errors:
        yield f"<h2>stderr of the hook {text(hook)}</h2><pre>{lines(text_of)}</pre>"


def _about(info: RunInfo) -> str:
    racks = ", ".join(f"{code(name, 80)} ({count})" for name, count in sorted(info.racks.items()))
    words = [
        ("begun", ago(info.created)),
        ("took" if info.ended else "so far", text(lasted(info.created, info.ended))),
        ("pool", text(info.pool)),
        ("racks", racks or "none yet"),
        ("against", ", ".join(f"{code(name, 80)} ({count})" for name, count in sorted(info.gears.items()))),
        ("evidence", f'<a href="/runs/{text(info.run)}/evidence.zip" download>manifest and records</a>'),
    ]
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{said}</dd>' for name, said in words)}</dl>"


def _groups(run: Run) -> dict[str, list[_Place]]:
    """The scenarios by what became of them, the worst first, each in order of id."""
    groups: dict[str, list[_Place]] = {name: [] for name in FILTERS}
    for place, done in enumerate(run.records, 1):
        groups[_became(done)].append((done.item, done.attempt, place))
    groups[WAITING].extend((asked.case.item, asked.attempt, 0) for asked in run.open)
    return {name: sorted(members) for name, members in groups.items() if members}


def _became(done: ItemDone) -> str:
    return done.counts if done.outcome == "ran" and done.counts in ORDER else (done.verdict or done.outcome)


def _filters(info: RunInfo, groups: dict[str, list[_Place]], only: str) -> str:
    here = ' aria-current="page"'
    links = [f'<a href="/runs/{text(info.run)}"{here if not only else ""}>all {info.total}</a>']
    for name, members in groups.items():
        mark = here if name == only else ""
        called = "not run" if name == WAITING and info.state == "cancelled" else name
        links.append(f'<a href="/runs/{text(info.run)}/only/{name}"{mark}>{len(members)} {word(called)}</a>')
    return f'<p class="filters">{" ".join(links)}</p>'


def _row(run: Run, scenario: _Place) -> tuple[str, ...]:
    item, _, place = scenario
    if not place:
        never = run.state == "cancelled"
        return code(item, 400), word("not run" if never else WAITING), "", "", ""
    one = run.records[place - 1]
    more = f' <span class="soft">attempt {one.attempt}</span>' if one.attempt > 1 else ""
    link = f'<a href="/runs/{text(run.run)}/scenarios/{one.number}">{code(one.item, 400)}</a>{more}'
    took = ""
    why = one.reason
    became = _became(one)
    if one.outcome == "ran":
        try:
            record = read_record(one)
        except FluxError as error:
            why = error.problems[0].message
        else:
            took = span(record.volatile.duration)
            why = expectation(run.asked[one.item, one.attempt].case, one)
            if became in _BAD and not why:
                why = headline(outcome_of(one, record))
    return link, word(became), text(why, 400), text(one.rack, 80), took


def _pages(run: Run, only: str, number: int, total: int) -> str:
    last = max(1, -(-total // MOST))
    if last == 1:
        return ""
    base = f"/runs/{text(run.run)}" + (f"/only/{only}" if only else "")

    def link(to: int, said: str) -> str:
        return f'<a href="{base}?page={to}">{said}</a>' if 1 <= to <= last else f'<span class="soft">{said}</span>'

    parts: Sequence[str] = (
        link(1, "first"),
        link(number - 1, "earlier"),
        f"page {number} of {last}",
        link(number + 1, "more"),
        link(last, "last"),
    )
    return f'<p class="pages">{" · ".join(parts)}</p>'
