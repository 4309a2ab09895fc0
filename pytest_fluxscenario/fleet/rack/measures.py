"""What a rack measures (docs/telemetry.md, "Metrics")."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pytest_fluxscenario.fleet.messages.message import Evidence
from pytest_fluxscenario.telemetry import words
from pytest_fluxscenario.telemetry.spans import Span, Value

if TYPE_CHECKING:
    from pytest_fluxscenario.telemetry.provider import Telemetry


def watch_rack(telemetry: Telemetry, slots: Callable[[], tuple[int, int]]) -> None:
    """Tell, whenever metrics are exported, how many slots are busy and how many are free."""

    def look() -> Iterator[tuple[Mapping[str, Value], float]]:
        for state, count in zip(("busy", "free"), slots(), strict=True):
            yield {words.SLOT_STATE: state}, count

    telemetry.instruments.watch("fluxscenario.rack.slots", "{slot}", "Places for scenarios, by state", look)


def count_taken(telemetry: Telemetry, deliveries: int, scenarios: int) -> None:
    """So many scenarios were taken together, for that time."""
    instruments = telemetry.instruments
    if deliveries > 1:
        says = "Scenarios that were taken again, because who had them did not come back"
        instruments.count("fluxscenario.rack.redeliveries", "{scenario}", says, {}, scenarios)


def count_done(telemetry: Telemetry, outcome: str) -> None:
    """Work came to its end."""
    said: dict[str, Value] = {words.OUTCOME: outcome}
    telemetry.instruments.count("fluxscenario.rack.scenarios", "{scenario}", "Scenarios that were done", said)


def about_work(opened: Span, said: Sequence[Evidence]) -> None:
    """What a span says of work that has come to its end; of several scenarios each has a span of its own."""
    if len(said) == 1:
        (one,) = said
        opened.set({words.OUTCOME: one.outcome, words.VERDICT: one.done.verdict if one.done else "error"})
    for one in said:
        if one.outcome in ("refused", "given-up"):
            opened.fail(one.outcome)
