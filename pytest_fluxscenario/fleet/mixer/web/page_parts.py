"""Pieces of the Mixer's pages: words with colours, bars, times. What they are given of strangers is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from pytest_fluxscenario.base.clock import SystemClock
from pytest_fluxscenario.base.html import document, style_of, text
from pytest_fluxscenario.fleet.mixer.web.endpoint import Page
from pytest_fluxscenario.remote.api import RunInfo

#: Words that are no foreign text, to the class of their colour.
_CLASSES: Final[Mapping[str, str]] = {
    "passed": "good",
    "failed": "bad",
    "error": "bad",
    "refused": "bad",
    "given-up": "bad",
    "missing": "warn",
    "xfailed": "soft",
    "skipped": "soft",
    "waiting": "soft",
    "incomplete": "warn",
    "active": "good",
    "pending": "warn",
    "suspended": "warn",
    "offline": "bad",
    "running": "busy",
    "finished": "good",
    "cancelled": "warn",
    "ok": "good",
    "degraded": "bad",
}
#: What became of scenarios, in the order in which it is told: the worst first.
ORDER: Final = ("failed", "error", "given-up", "refused", "missing", "xfailed", "skipped", "passed")
_CALLED: Final[Mapping[str, str]] = {"error": "without a verdict", "given-up": "given up", "missing": "could not run"}
#: Seconds after which a page of something that goes on is asked for again.
_AGAIN: Final = 5
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def page(title: str, parts: Iterable[str], *, again: bool = False, steps: bool = False) -> Page:
    """A page of the Mixer; ``again`` where what it shows goes on, ``steps`` where it shows those of a record."""
    style = style_of(__package__, "page.css")
    if steps:
        style = style_of("pytest_fluxscenario.evidence", "html.css") + style
    return Page("".join(document(title, parts, style)), _AGAIN if again else 0)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], kind: str) -> str:
    """A table whose rows become cards in a narrow window; cells are HTML."""
    columns = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>'
        + "".join(f'<td data-is="{name}">{cell}</td>' for name, cell in zip(head[1:], row[1:], strict=True))
        + "</tr>"
        for row in rows
    )
    return f'<table class="cards {kind}"><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table>'


def word(said: str, *, badge: bool = False) -> str:
    """A word in its colour."""
    kind = _CLASSES.get(said, "soft")
    return f'<span class="{"badge " if badge else ""}{kind}">{text(_CALLED.get(said, said))}</span>'


def state(run: RunInfo) -> str:
    """Where a run is; of one that came to its end what it is worth, which people look for."""
    return word(run.verdict if run.state == "finished" else run.state, badge=True)


def counts(verdicts: Mapping[str, int]) -> str:
    """How many scenarios became what, the worst first."""
    names = [*ORDER, *sorted(set(verdicts) - set(ORDER))]
    return ", ".join(f"{verdicts[name]} {word(name)}" for name in names if verdicts.get(name))


def bar(run: RunInfo) -> str:
    """How far a run is, in the colours of what came of it."""
    said = f"{run.done} of {run.total}"
    return f'<div class="far">{_bar(list(_shares(run)), run.total, said)}<span>{said}</span></div>'


def load(busy: int, slots: int) -> str:
    """How much of a rack is at work."""
    said = f"{busy} of {slots}"
    return f'<div class="far">{_bar([("busy", min(busy, slots))], slots, said)}<span>{said}</span></div>'


def _shares(run: RunInfo) -> Iterator[tuple[str, int]]:
    sums: dict[str, int] = {}
    for name, count in run.verdicts.items():
        kind = _CLASSES.get(name, "soft")
        sums[kind] = sums.get(kind, 0) + count
    for kind in ("bad", "warn", "soft", "good"):
        yield kind, sums.get(kind, 0)


def _bar(shares: Sequence[tuple[str, int]], total: int, said: str) -> str:
    # As attributes of SVG: the page allows no style but its own.
    pieces, at = [], 0.0
    for kind, count in shares:
        width = 100 * count / max(total, 1)
        if count:
            pieces.append(f'<rect class="{kind}" x="{at:.2f}" width="{width:.2f}" height="8"/>')
        at += width
    return (
        f'<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="{said}">'
        f"{''.join(pieces)}</svg>"
    )


def ago(moment: str) -> str:
    """How long ago that was, with the moment itself for whoever points at it."""
    then = _parsed(moment)
    if then is None:
        return text(moment)
    return f'<time datetime="{text(moment)}" title="{text(moment)}">{lasted_since(then)} ago</time>'


def lasted(begun: str, ended: str) -> str:
    """How long something took, or has taken so far."""
    first, last = _parsed(begun), _parsed(ended) if ended else SystemClock().now()
    return "" if first is None or last is None else span((last - first).total_seconds())


def lasted_since(then: datetime) -> str:
    """The time since a moment."""
    return span((SystemClock().now() - then).total_seconds())


def span(seconds: float) -> str:
    """A length of time, as people say it."""
    seconds = max(0.0, seconds)
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms" if seconds >= 0.001 else "< 1 ms"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    whole = int(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def _parsed(moment: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
