"""A scenario that is watched while it runs, where somebody wants spans; where not, nothing that costs anything."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self

if TYPE_CHECKING:
    from pytest_fluxscenario.runner.case import StepHooks
    from pytest_fluxscenario.runner.run import Observer, Outcome
    from pytest_fluxscenario.telemetry.about import About
    from pytest_fluxscenario.telemetry.provider import Telemetry


class Watch(Protocol):
    """Around one run of a scenario."""

    def __enter__(self) -> Self:
        """It begins."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """It has ended, and is written down."""
        ...

    def beside(self, other: Observer | None) -> Observer | None:
        """Who is told of each step: this, and ``other``."""
        ...

    def ran(self, outcome: Outcome) -> None:
        """It has run: what comes now is not of its time."""
        ...

    def wrote(self, ref: str) -> None:
        """Its record has that ref."""
        ...


class _Unwatched:
    """Nobody wants to know."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass

    def beside(self, other: Observer | None) -> Observer | None:
        """Who else there is."""
        return other

    def ran(self, outcome: Outcome) -> None:
        """Passed over."""

    def wrote(self, ref: str) -> None:
        """Passed over."""


#: Where nothing is exported.
UNWATCHED: Final = _Unwatched()


def watching(
    telemetry: Telemetry | None,
    about: Callable[[], About],
    hooks: StepHooks,
    text: Callable[[str], str] = str,
    parent: str = "",
) -> Watch:
    """The span of a scenario that begins now, below ``parent``, and in it those of its steps and of the hooks' calls.

    ``text`` redacts every name that is told.
    """
    if telemetry is None:
        return UNWATCHED
    from pytest_fluxscenario.telemetry.scenario import ScenarioWatch

    watch = ScenarioWatch(telemetry, about(), text, parent)
    hooks.around, hooks.trace = watch.call, watch.under_way
    return watch
