"""What the tests of this layer share: a text to read, and the problems that reading it gives."""

from __future__ import annotations

import pytest

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.documents import Json, Source, read_elements
from pytest_fluxscenario.documents.limits import Limits


def source(name: str, text: str | bytes) -> Source:
    data = text.encode() if isinstance(text, str) else text
    return Source(name, data, sha256(data))


def data(name: str, text: str | bytes) -> Json:
    """The data of a file with one document."""
    (element,) = read_elements(source(name, text), split=False)
    return element.data


def problems(name: str, text: str | bytes, limits: Limits = Limits()) -> tuple[Problem, ...]:
    """The problems of a file that cannot be read."""
    with pytest.raises(DocumentError) as caught:
        read_elements(source(name, text), limits)
    return caught.value.problems


def found(name: str, text: str | bytes, limits: Limits = Limits()) -> list[str]:
    """The problems of a file as ``code line:column``."""
    return [
        f"{problem.code.removeprefix('document.')} {problem.place.line}:{problem.place.column}"
        for problem in problems(name, text, limits)
    ]
