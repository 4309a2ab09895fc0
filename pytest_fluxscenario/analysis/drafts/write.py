"""Scenario files that are new: what stands in a folder is never overwritten."""

from __future__ import annotations

import os
from itertools import count

from pytest_fluxscenario.base.fs import create_file, make_folder
from pytest_fluxscenario.documents.suffixes import MARKED

_YAML = MARKED[1]


def write_new(folder: str, stem: str, text: str) -> str:
    """Write ``text`` as a scenario file in ``folder``, which is made where it is not there; gives its path.

    A stem that is taken gets a number. Raises WriteError.
    """
    make_folder(folder)
    names = (f"{stem}{'' if number == 1 else f'-{number}'}{_YAML}" for number in count(1))
    return next(path for path in (os.path.join(folder, name) for name in names) if create_file(path, text.encode()))
