"""What conftest.py files say that only pytest can follow: found by its words, as a look runs nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import shown

_FILE = "conftest.py"
_MOST = 1 << 20
_USES = re.compile(
    rb"^[^#\n]*?\b(fluxscenario_(?:control|environment|clock|hooks)"
    rb"|pytest_fluxscenario_(?:redact|resolve_profile|matchers|before_step|after_step|evidence_record))\b",
    re.MULTILINE,
)
_REDACT = "pytest_fluxscenario_redact"


def conftest_warnings(folders: Iterable[str], root: str) -> list[Problem]:
    """A warning for each conftest.py from ``root`` to the scenarios that changes how pytest runs them.

    Raises UsageError where one names secrets: a run that does not know them would write them down.
    """
    warnings: list[Problem] = []
    for folder in sorted(_with_parents(folders, root)):
        path = os.path.join(folder, _FILE)
        for name, line in _uses(path):
            place = Place(shown(os.path.relpath(path, root)), line, 1)
            if name == _REDACT:
                hint = (
                    "run these scenarios with pytest, or name the patterns in the ini key fluxscenario_redact instead"
                )
                raise UsageError.of("conftest.redact", place, "names what to redact, and only pytest runs it", hint)
            message = f"uses {name}, which only pytest applies"
            hint = "here the scenarios run on the built-in engine; their verdicts with pytest may differ"
            warnings.append(Problem("conftest.ignored", place, message, hint, "warning"))
    return warnings


def _with_parents(folders: Iterable[str], root: str) -> set[str]:
    found = {root}
    for start in folders:
        folder = start
        while folder not in found and folder.startswith(root):
            found.add(folder)
            folder = os.path.dirname(folder)
    return found


def _uses(path: str) -> list[tuple[str, int]]:
    if not os.path.isfile(path):
        return []
    with open(path, "rb") as file:
        text = file.read(_MOST)
    first: dict[str, int] = {}
    for match in _USES.finditer(text):
        first.setdefault(match[1].decode(), text.count(b"\n", 0, match.start(1)) + 1)
    return list(first.items())
