"""The one root of everything that this package raises."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Self

from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem


class FluxError(Exception):
    """An input or an environment that cannot be used; carries every problem found, and survives pickling."""

    #: Exit status that a command gives for it (cli.md: 2 unusable input, 3 damage).
    exit_status = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(self.problems)

    @classmethod
    def of(cls, code: str, place: Place, message: str, hint: str = "") -> Self:
        """The error of a single problem."""
        return cls((Problem(code, place, message, hint),))

    @property
    def place(self) -> Place:
        """Where the first problem stands."""
        return self.problems[0].place if self.problems else Place("")

    def seen_from(self, folder: str) -> Self:
        """The same error, whose places below ``folder`` are shown relative to it."""
        below = folder.rstrip("/") + "/"
        return type(self)(
            replace(problem, place=replace(problem.place, file=problem.place.file.removeprefix(below)))
            for problem in self.problems
        )

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class DocumentError(FluxError):
    """A file that cannot be read as a strict JSON or YAML document, or has not the shape asked for."""


class ProfileError(FluxError):
    """No profile, or no usable one, for a scenario."""


class StoreError(FluxError):
    """A store that does not hold what was asked for."""


class DamageError(StoreError):
    """A store or evidence whose bytes are not what their hash says."""

    exit_status = 3


class UsageError(FluxError):
    """Options or arguments that cannot be used."""
