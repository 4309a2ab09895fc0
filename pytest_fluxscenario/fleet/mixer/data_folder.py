"""Whether a Mixer's data can be used by who starts it: all that stands against it, before anything is begun."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import shown

_FOLDERS: Final = ("", "keys", "nats", "nats/jetstream", "content")
_HINT: Final = "let the user of the Mixer read and write there, or name another folder as 'data'"


def check_data(data: str, database: str) -> None:
    """Raise UsageError with each folder and file of ``data`` that cannot be used; what is not there is made later."""
    problems = list(_faults(os.path.abspath(data), database))
    if problems:
        raise UsageError(problems)


def _faults(data: str, database: str) -> Iterator[Problem]:
    for name in _FOLDERS:
        folder = os.path.join(data, name) if name else data
        if name and not os.path.lexists(folder):
            continue
        while not os.path.lexists(folder):
            # The first that is there has to take what is made.
            folder = os.path.dirname(folder)
        if not os.path.isdir(folder):
            yield _fault(folder, "is no folder")
        elif not _allows(folder, os.R_OK | os.W_OK | os.X_OK):
            yield _fault(folder, "cannot be written" if _allows(folder, os.R_OK | os.X_OK) else "cannot be read")
    for name, how, said in (
        (database, os.R_OK | os.W_OK, "cannot be read and written"),
        ("keys/mixer.nk", os.R_OK, "cannot be read"),
        ("keys/joining.nk", os.R_OK, "cannot be read"),
    ):
        path = os.path.join(data, name)
        if os.path.lexists(path) and not _allows(path, how):
            yield _fault(path, said)


def _allows(path: str, how: int) -> bool:
    return os.access(path, how, effective_ids=os.access in os.supports_effective_ids)


def _fault(path: str, message: str) -> Problem:
    return Problem("data.unusable", Place(shown(path, 500)), message, _HINT)
