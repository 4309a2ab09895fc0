"""What a Mixer measures (docs/telemetry.md, "Metrics")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.telemetry import words
from pytest_fluxscenario.telemetry.spans import Value

if TYPE_CHECKING:
    from pytest_fluxscenario.fleet.mixer.registry import Registry
    from pytest_fluxscenario.fleet.mixer.runs.runs import Runs
    from pytest_fluxscenario.fleet.mixer.web.guard import App, Receive, Scope, Send
    from pytest_fluxscenario.remote.api import ItemDone
    from pytest_fluxscenario.telemetry.provider import Telemetry

_METHODS: Final = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"})
_Seen = Iterator[tuple[Mapping[str, Value], float]]


def exported(telemetry: Telemetry | None, app: App, path: str, runs: Runs, registry: Registry) -> App:
    """``app``, with what a Mixer measures beside it; ``path`` is where a request keeps its path of the table."""
    if telemetry is None:
        return app
    watch_mixer(telemetry, runs, registry)
    return measured(telemetry, app, path)


def watch_mixer(telemetry: Telemetry, runs: Runs, registry: Registry) -> None:
    """Tell, whenever metrics are exported, what the Mixer has under way."""

    def under_way() -> _Seen:
        yield {}, runs.table.running

    def waiting() -> _Seen:
        for pool, count in runs.table.waiting(runs.pools).items():
            yield {words.POOL: pool}, count

    def racks() -> _Seen:
        counts = registry.counts()
        for state in counts.__struct_fields__:
            yield {words.RACK_STATE: state}, getattr(counts, state)

    watch = telemetry.instruments.watch
    watch("fluxscenario.mixer.runs", "{run}", "Runs that are under way", under_way)
    watch("fluxscenario.mixer.queue.size", "{scenario}", "Scenarios that were asked for and have no record", waiting)
    watch("fluxscenario.mixer.racks", "{rack}", "Racks, by state", racks)


def count_stored(telemetry: Telemetry, done: ItemDone) -> None:
    """A record was stored, or that there is none."""
    said: dict[str, Value] = {words.OUTCOME: done.outcome}
    if done.verdict:
        said[words.VERDICT] = done.verdict
    telemetry.instruments.count("fluxscenario.mixer.records", "{record}", "Scenarios that were accounted for", said)


def measured(telemetry: Telemetry, app: App, path: str) -> App:
    """``app`` with the time that each of its requests took; the scope has the path of the table under ``path``."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        begun, status = seconds(), 500

        async def told(message: dict[str, object]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(str(message["status"]))
            await send(message)

        try:
            await app(scope, receive, told)
        finally:
            if scope["type"] == "http":
                # Whatever a stranger writes there: one of the words, so that there are never too many of them.
                method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
                said: dict[str, Value] = {words.METHOD: method, words.STATUS_OF_HTTP: status}
                if path in scope:
                    said[words.ROUTE_OF_HTTP] = scope[path]
                name, says = "http.server.request.duration", "Time that requests took"
                telemetry.instruments.lasted(name, says, seconds() - begun, said)

    return answer
