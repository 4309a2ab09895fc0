"""The Mixer's page: racks with state and load, runs with progress and verdicts; and the pages of runs (page_run).

Plain HTML that loads and runs nothing; a browser asks for it again while something goes on. Everything foreign goes
through ``base.html``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

from pytest_fluxscenario.base.html import code, text
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.mixer.history.history import Run
from pytest_fluxscenario.fleet.mixer.refusal import NotThere, refused
from pytest_fluxscenario.fleet.mixer.web.endpoint import JSON, ZIP, Asked, Endpoint, Page, Query
from pytest_fluxscenario.fleet.mixer.web.page_parts import ago, bar, counts, lasted, load, page, state, table, word
from pytest_fluxscenario.fleet.mixer.web.page_run import FILTERS, run_html, scenario_html
from pytest_fluxscenario.fleet.mixer.web.rest import evidence
from pytest_fluxscenario.remote.api import Health, ItemDone, RackInfo, RunInfo

#: Digits of a run's id that are shown where there are many.
_SHORT: Final = 12
_PAGE: Final = Query("page", "which part of the scenarios", most=1 << 20, whole=True)


async def _overview_page(asked: Asked) -> Page:
    service = asked.service
    runs = await service.runs.table.latest()
    return page("Mixer", _overview(service.health(), service.registry.all(), runs), again=True)


async def _run_page(asked: Asked) -> Page:
    run, only = await asked.service.runs.table.get(asked.path["run"]), asked.path.get("only", "")
    if only and only not in FILTERS:
        raise refused(NotThere, "run.filter", f"scenarios are told apart by: {', '.join(FILTERS)}")
    number = max(1, int(asked.query["page"]))
    # Thousands of scenarios are put in order: others are answered meanwhile.
    parts = await asyncio.to_thread(lambda: list(run_html(run, only, number)))
    return page(f"Run {run.run}", parts, again=run.state == "running")


async def _scenario_page(asked: Asked) -> Page:
    run, done = await _record_of(asked)
    return page(done.item, scenario_html(run, done), steps=True)


async def _record_file(asked: Asked) -> bytes:
    _, done = await _record_of(asked)
    if not done.record:
        raise refused(NotThere, "run.record", "the scenario has no record")
    return f"{done.record}\n".encode()


async def _record_of(asked: Asked) -> tuple[Run, ItemDone]:
    run, number = await asked.service.runs.table.get(asked.path["run"]), asked.path["number"]
    if not number.isascii() or not number.isdigit() or len(number) > 9 or not 1 <= int(number) <= len(run.records):
        raise refused(NotThere, "run.record", f"the run has no record {shown(number, 40)}")
    return run, run.records[int(number) - 1]


PAGES: Final = (
    Endpoint("GET", "/", _overview_page),
    Endpoint("GET", "/runs/{run}", _run_page, query=(_PAGE,)),
    Endpoint("GET", "/runs/{run}/only/{only}", _run_page, query=(_PAGE,)),
    Endpoint("GET", "/runs/{run}/evidence.zip", evidence, kind=ZIP),
    Endpoint("GET", "/runs/{run}/scenarios/{number}", _scenario_page),
    Endpoint("GET", "/runs/{run}/scenarios/{number}/record.json", _record_file, kind=JSON),
)


def _overview(health: Health, racks: Sequence[RackInfo], runs: Sequence[RunInfo]) -> Iterator[str]:
    yield f"<h1>Mixer {word(health.status, badge=True)} <small>{text(health.tool)}</small></h1>"
    yield _tiles(health, runs)
    if not health.snake:
        yield '<p class="bad">The Snake is down: racks are not heard, and no work is handed out.</p>'
    if health.active:
        yield f"<p>Runs {code(health.active)} when it is asked for nothing else.</p>"
    yield "<h2>Racks</h2>"
    if racks:
        head = ("Rack", "State", "Load", "Done", "Heard", "Gears", "Pools", "Version")
        yield table(head, map(_rack_row, sorted(racks, key=_rank)), "racks")
    else:
        yield "<p>No rack has said hello yet. Start one: <code>fluxrig rack start -c configs/rack.yaml</code></p>"
    yield "<h2>Runs</h2>"
    if runs:
        yield table(("Run", "State", "Progress", "Verdicts", "Took", "Begun", "Racks"), map(_run_row, runs), "runs")
    else:
        yield "<p>Nothing has been run yet. Run something: <code>fluxrig run start REF</code></p>"


def _tiles(health: Health, runs: Sequence[RunInfo]) -> str:
    racks = health.racks
    waiting = sum(run.total - run.done for run in runs if run.state == "running")
    idle = ("pending", "suspended", "offline")
    others = [f"{getattr(racks, name)} {word(name)}" for name in idle if getattr(racks, name)]
    tiles = (
        (racks.active, "rack active" if racks.active == 1 else "racks active", ", ".join(others)),
        (health.running, "run under way" if health.running == 1 else "runs under way", ""),
        (waiting, "scenario open" if waiting == 1 else "scenarios open", ""),
    )
    cells = "".join(
        f"<div><strong>{number}</strong> {name}<br><small>{more}</small></div>" for number, name, more in tiles
    )
    return f'<section class="tiles">{cells}</section>'


def _rank(rack: RackInfo) -> tuple[int, str]:
    """Those that wait for somebody first, then those that are missed."""
    return ("pending", "offline", "suspended", "active").index(rack.state), rack.name


def _rack_row(rack: RackInfo) -> tuple[str, ...]:
    labels = "".join(
        f' <span class="label">{text(name, 80)}={text(value, 80)}</span>' for name, value in sorted(rack.labels.items())
    )
    state = word(rack.state, badge=True)
    if rack.state == "pending":
        state += f"<br><small><code>fluxrig rack approve {text(rack.name)}</code></small>"
    there = rack.state in ("active", "suspended")
    return (
        code(rack.name) + labels,
        state,
        load(len(rack.busy), rack.slots) if there else "",
        str(rack.done) if there else "",
        ago(rack.last_seen),
        text(", ".join(rack.gears), 400),
        text(", ".join(rack.pools), 400),
        text(rack.version.rpartition(" ")[2], 80),
    )


def _run_row(run: RunInfo) -> tuple[str, ...]:
    name = text(run.source, 200)
    racks = ", ".join(f"{text(rack, 80)} ({count})" for rack, count in sorted(run.racks.items()))
    link = f'<a href="/runs/{text(run.run)}">{name}</a><br><small>{code(run.run[:_SHORT])}</small>'
    took = text(lasted(run.created, run.ended)) if run.ended or run.state == "running" else ""
    return link, state(run), bar(run), counts(run.verdicts), took, ago(run.created), racks
