"""The Mixer's page: racks with state and load, runs with progress, verdicts and evidence, a scenario's steps.

Plain HTML that loads and runs nothing. Everything foreign goes through ``base.html``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec import UNSET

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.html import code, document, lines, table, text
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.endpoint import Asked, Endpoint, Page
from pytest_fluxscenario.fleet.history import Run
from pytest_fluxscenario.fleet.refusal import NotThere, refused
from pytest_fluxscenario.fleet.run_info import info_of
from pytest_fluxscenario.model.evidence import StepResult
from pytest_fluxscenario.remote.api import API, Health, ItemDone, RackInfo, RunInfo
from pytest_fluxscenario.remote.unpack import read_record

_CLASSES: Final = {
    "passed": "good",
    "failed": "bad",
    "error": "bad",
    "refused": "bad",
    "given-up": "bad",
    "missing": "warn",
    "skipped": "soft",
    "active": "good",
    "pending": "warn",
    "suspended": "warn",
    "offline": "bad",
    "running": "warn",
    "finished": "good",
    "cancelled": "bad",
    "ok": "good",
    "degraded": "bad",
}
#: Seconds after which a page of something that goes on is asked for again.
_AGAIN: Final = 5
#: Most scenarios of one page.
_MOST: Final = 2_000


async def _overview_page(asked: Asked) -> Page:
    service = asked.service
    runs = await service.runs.latest()
    return _page("Mixer", _overview(service.health(), service.registry.all(), runs), again=True)


async def _run_page(asked: Asked) -> Page:
    run = await asked.service.runs.get(asked.path["run"])
    return _page(f"Run {run.run}", _run(run), again=run.state == "running")


async def _scenario_page(asked: Asked) -> Page:
    run, number = await asked.service.runs.get(asked.path["run"]), asked.path["number"]
    if not number.isascii() or not number.isdigit() or len(number) > 9 or not 1 <= int(number) <= len(run.records):
        raise refused(NotThere, "run.record", f"the run has no record {shown(number, 40)}")
    done = run.records[int(number) - 1]
    return _page(done.item, _scenario(run, done))


PAGES: Final = (
    Endpoint("GET", "/", _overview_page),
    Endpoint("GET", "/runs/{run}", _run_page),
    Endpoint("GET", "/runs/{run}/scenarios/{number}", _scenario_page),
)


def _page(title: str, parts: Iterable[str], *, again: bool = False) -> Page:
    return Page("".join(document(title, parts)), _AGAIN if again else 0)


def _overview(health: Health, racks: list[RackInfo], runs: list[RunInfo]) -> Iterator[str]:
    yield f"<h1>Mixer <small>{text(health.tool)}</small></h1>"
    snake = "up" if health.snake else "down"
    active = f"; started with {code(health.active)}" if health.active else ""
    yield f"<p>{_word(health.status)}: the Snake is {snake}{active}.</p>"
    yield "<h2>Racks</h2>"
    if racks:
        yield table(("Rack", "State", "Load", "Done", "Pools", "Gears", "Last seen"), map(_rack_row, racks))
    else:
        yield "<p>No rack has said hello yet. Start one: <code>fluxrig rack start -c configs/rack.yaml</code></p>"
    yield "<h2>Runs</h2>"
    if runs:
        yield table(("Run", "State", "Progress", "Verdicts", "Racks", "From", "Begun"), map(_run_row, runs))
    else:
        yield "<p>Nothing has been run yet.</p>"


def _rack_row(rack: RackInfo) -> tuple[str, ...]:
    labels = "".join(f" <small>{text(name)}={text(value)}</small>" for name, value in sorted(rack.labels.items()))
    state = _word(rack.state)
    if rack.state == "pending":
        state += f" <small>fluxrig rack approve {text(rack.name)}</small>"
    return (
        code(rack.name) + labels,
        state,
        f"{len(rack.busy)} of {rack.slots}",
        str(rack.done),
        text(", ".join(rack.pools)),
        text(", ".join(rack.gears)),
        text(rack.last_seen),
    )


def _run_row(run: RunInfo) -> tuple[str, ...]:
    return (
        f'<a href="/runs/{text(run.run)}">{code(run.run)}</a>',
        _word(run.state),
        _progress(run),
        _counts(run.verdicts),
        _racks(run),
        text(run.source),
        text(run.created),
    )


def _run(run: Run) -> Iterator[str]:
    info = info_of(run)
    yield '<p><a href="/">Mixer</a></p>'
    yield f"<h1>Run <small>{code(run.run)}</small></h1>"
    yield f"<p>{_word(info.state)}: {_progress(info)} {_counts(info.verdicts)}</p>"
    evidence = f"records: {code(f'GET {API}/runs/{run.run}/evidence')}"
    racks = _racks(info) or "no rack yet"
    yield f"<p>From {text(info.source)}, begun {text(info.created)}, on {racks}; {evidence}.</p>"
    rows = [_record_row(run, done) for done in sorted(run.records, key=lambda one: (one.item, one.attempt))]
    rows += [(text(one.case.item), _word("waiting"), "", "") for one in run.open]
    yield table(("Scenario", "Verdict", "Rack", "Record"), rows[:_MOST])
    if len(rows) > _MOST:
        yield f"<p>and {len(rows) - _MOST} more</p>"


def _record_row(run: Run, done: ItemDone) -> tuple[str, ...]:
    more = f" (attempt {done.attempt})" if done.attempt > 1 else ""
    link = f'<a href="/runs/{text(run.run)}/scenarios/{done.number}">{text(done.item)}</a>{more}'
    return link, _word(done.verdict or done.outcome), text(done.rack), code(done.ref[:19] + "…") if done.ref else ""


def _scenario(run: Run, done: ItemDone) -> Iterator[str]:
    yield f'<p><a href="/">Mixer</a> · <a href="/runs/{text(run.run)}">run {code(run.run)}</a></p>'
    yield f"<h1>{text(done.item)}</h1>"
    yield f"<p>{_word(done.verdict or done.outcome)} on {text(done.rack)}, attempt {done.attempt}</p>"
    if done.outcome != "ran":
        yield f"<pre>{lines(done.reason)}</pre>"
        return
    try:
        record = read_record(done)
    except FluxError as error:
        yield f"<pre>{lines(str(error))}</pre>"
        return
    result = record.result
    yield f"<p>Profile {text(result.profile.id)} {text(result.profile.version)} {code(result.profile.hash)}</p>"
    yield f"<p>Record {code(done.ref)}</p>"
    yield from map(_step, result.steps)
    for hook, said in done.errors:
        yield f"<h2>stderr of the hook {text(hook)}</h2><pre>{lines(said)}</pre>"


def _step(step: StepResult) -> str:
    parts = [f"<h3>{step.index} {text(step.name)} {_word(step.verdict)}</h3>"]
    if step.request is not UNSET:
        parts.append(f"<p>{code(step.request.action)} by {text(step.request.actor.role)}</p>")
        parts.append(f"<pre>{lines(_json(step.request.payload))}</pre>")
    if step.approval is not UNSET:
        parts.append(f"<pre>{lines(_json(step.approval))}</pre>")
    for mismatch in step.mismatches:
        actual = "nothing" if mismatch.actual is UNSET else _json(mismatch.actual)
        parts.append(
            f"<p>{code(mismatch.field)}: expected <span class='old'>{text(_json(mismatch.expected))}</span>,"
            f" got <span class='new'>{text(actual)}</span></p>"
        )
    if step.fault is not UNSET:
        parts.append(f"<p class='bad'>{text(step.fault)}</p>")
    if step.response is not UNSET:
        parts.append(f"<details><summary>response</summary><pre>{lines(_json(step.response))}</pre></details>")
    return f"<article>{''.join(parts)}</article>"


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=1).decode()


def _word(word: str) -> str:
    return f'<span class="{_CLASSES.get(word, "soft")}">{text(word)}</span>'


def _progress(run: RunInfo) -> str:
    return f'<progress max="{run.total}" value="{run.done}"></progress> {run.done} of {run.total}'


def _counts(verdicts: dict[str, int]) -> str:
    return ", ".join(f"{count} {_word(name)}" for name, count in sorted(verdicts.items()))


def _racks(run: RunInfo) -> str:
    return ", ".join(f"{text(name)} ({count})" for name, count in sorted(run.racks.items()))
