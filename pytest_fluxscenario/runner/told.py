"""Faults of packs, told once: thirty files that need one broken pack have one fault, and thirty errors."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import shown


@dataclass(slots=True)
class Told:
    """What was told in one session of things that lie outside the file that needs them."""

    _first: dict[tuple[Problem, ...], str] = field(default_factory=dict)

    def once(self, error: FluxError, file: str) -> FluxError:
        """The error of ``file`` as it is to be told: whole, or as one line that points to the file it was told with."""
        if any(problem.place.file == file for problem in error.problems):
            return error
        first = self._first.setdefault(error.problems, file)
        if first == file:
            return error
        count = len(error.problems)
        place = error.place
        more = f" and {count - 1} more" if count > 1 else ""
        message = f"what it runs on cannot be used: {place}{more}, told with {shown(first, 4096)}"
        return type(error)([Problem("profile.unusable", Place(file), message)])
