"""What is wrong with an input, as values: collected many at a time, raised once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from pytest_fluxscenario.base.place import Place

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where it stands, and what to do about it."""

    #: Stable and dotted, for scripts: ``document.duplicate-key``.
    code: str
    place: Place
    #: A sentence without a full stop; foreign text in it is already escaped.
    message: str
    #: What to change; empty where the message says it.
    hint: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        tail = f" ({self.hint})" if self.hint else ""
        place = str(self.place)
        return f"{place}: {self.message}{tail}" if place else f"{self.message}{tail}"


@dataclass(slots=True)
class Problems:
    """Collects the problems of one input, so that its owner sees all of them at once."""

    found: list[Problem] = field(default_factory=list)

    def add(self, code: str, place: Place, message: str, hint: str = "", severity: Severity = "error") -> None:
        """Note one problem; the order of calls is the order in which they are shown."""
        self.found.append(Problem(code, place, message, hint, severity))

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.found)

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that make the input unusable."""
        return tuple(problem for problem in self.found if problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The problems that its owner should know of."""
        return tuple(problem for problem in self.found if problem.severity == "warning")
