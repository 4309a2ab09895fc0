"""Collects the faults of one document: bounded, so that a document full of faults costs little, and sorted by place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.base.problems import Problem, Severity
from pytest_fluxscenario.base.text import did_you_mean, invisible, shown

#: Problems of one severity that are kept; the rest are counted.
MOST: Final = 50
#: Names that a hint chooses from; a stranger's document may offer thousands.
_MOST_KNOWN: Final = 200
#: Longest message and longest hint, in characters: even at four bytes each, the line stays below 2 KB (faults.md).
_LONGEST_MESSAGE: Final = 300
_LONGEST_HINT: Final = 160


@dataclass(slots=True)
class Findings:
    """The faults of one document that have been found so far."""

    #: First part of every code: ``scenario`` gives ``scenario.unknown-route``.
    family: str
    #: The place of a pointer, or of its key where the second argument is true; asked only for faults that are kept.
    locate: Callable[[Pointer, bool], Place]
    _kept: dict[Severity, list[Problem]] = field(default_factory=dict)
    _more: dict[Severity, int] = field(default_factory=dict)

    def add(
        self,
        rule: str,
        pointer: Pointer,
        message: str,
        hint: str = "",
        *,
        word: str = "",
        known: Iterable[str] = (),
        key: bool = False,
        severity: Severity = "error",
    ) -> None:
        """Note one fault at ``pointer``, or at its key. Foreign text in ``message`` and ``hint`` is already escaped.

        Without a ``hint``, the names of ``known`` that ``word`` was probably meant to be become the hint.
        """
        kept = self._kept.setdefault(severity, [])
        if len(kept) >= MOST:
            self._more[severity] = self._more.get(severity, 0) + 1
            return
        if word and not hint:
            hint = did_you_mean(word, islice(known, _MOST_KNOWN))
        place = self.locate(pointer, key)
        code = f"{self.family}.{rule}"
        kept.append(Problem(code, place, _cut(message, _LONGEST_MESSAGE), _cut(hint, _LONGEST_HINT), severity))

    def __bool__(self) -> bool:
        return bool(self._kept)

    def problems(self) -> list[Problem]:
        """What was kept, by place; for each severity that had more, a last problem says how many."""
        kept = [problem for problems in self._kept.values() for problem in problems]
        found = sorted(kept, key=lambda problem: (problem.place.line, problem.place.column))
        for severity, count in self._more.items():
            last = self._kept[severity][-1].place
            found.append(Problem(f"{self.family}.more", last, f"and {count} more like these", severity=severity))
        return found


def check_visible(findings: Findings, text: object, pointer: Pointer, *, key: bool = False) -> None:
    """Note it where ``text`` is an id that looks like another one (faults.md, "Documents")."""
    hidden = invisible(text) if isinstance(text, str) else None
    if hidden:
        message = f"'{shown(text, 80)}' holds the invisible character {hidden}"
        findings.add("invisible-character", pointer, message, "remove it", key=key)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit] + "…"
