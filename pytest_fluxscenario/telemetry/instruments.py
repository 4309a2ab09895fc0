"""The instruments that metrics are measured with (docs/telemetry.md, "Metrics")."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from opentelemetry.metrics import CallbackOptions, Observation

from pytest_fluxscenario.telemetry.spans import Value

#: Seconds, from the engine's tenths of milliseconds to hooks that are given a minute.
_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
#: Gives what is the case now: attributes and a number.
Look = Callable[[], Iterable[tuple[Mapping[str, Value], float]]]


class Instruments:
    """Each is made when it is first used, so that a process exports what it measures and no more."""

    def __init__(self, meter: Any) -> None:
        self._meter = meter
        self._made: dict[str, Any] = {}

    def count(self, name: str, unit: str, says: str, attributes: Mapping[str, Value], number: int = 1) -> None:
        """So many more."""
        counter = self._made.get(name)
        if counter is None:
            counter = self._made[name] = self._meter.create_counter(name, unit, says)
        counter.add(number, attributes)

    def lasted(self, name: str, says: str, seconds: float, attributes: Mapping[str, Value]) -> None:
        """Something took so long."""
        histogram = self._made.get(name)
        if histogram is None:
            histogram = self._made[name] = self._meter.create_histogram(
                name, "s", says, explicit_bucket_boundaries_advisory=_SECONDS
            )
        histogram.record(seconds, attributes)

    def watch(self, name: str, unit: str, says: str, look: Look) -> None:
        """``look`` is asked whenever metrics are exported, in a thread of its own."""

        def observed(_: CallbackOptions) -> Iterable[Observation]:
            return [Observation(number, attributes) for attributes, number in look()]

        self._meter.create_observable_gauge(name, [observed], unit, says)
