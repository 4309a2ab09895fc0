"""Each answer of a space once: many states share them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pytest_fluxscenario.analysis.space.explore import Explorer
from pytest_fluxscenario.analysis.space.states import Outcome, Visit


@dataclass(slots=True)
class Untried:
    """Remembers answers by identity, which holds as the space keeps them."""

    explorer: Explorer
    _tried: set[int] = field(default_factory=set)
    _seen: set[int] = field(default_factory=set)

    def of(self, visit: Visit, wanted: Callable[[Outcome], bool] = lambda _: True) -> Iterator[Outcome]:
        """The wanted answers of one state that no state before had, until the time is over."""
        for outcomes in visit.outcomes.values():
            if id(outcomes) in self._seen:
                continue
            self._seen.add(id(outcomes))
            for outcome in outcomes:
                if wanted(outcome) and id(outcome) not in self._tried and not self.explorer.late():
                    self._tried.add(id(outcome))
                    yield outcome
