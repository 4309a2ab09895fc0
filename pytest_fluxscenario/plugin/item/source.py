"""What scenarios are collected from: a document that can be read again, and how its faults are told."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

import pluggy
import pytest

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.text import shown_lines

if TYPE_CHECKING:
    from pytest_fluxscenario.documents.source import Source
    from pytest_fluxscenario.plugin.session.session import Session
    from pytest_fluxscenario.runner.archived import LooseDocument

_Found = TypeVar("_Found")


class Collecting(pytest.Collector):
    """What scenarios are collected from, and how its faults are told."""

    flux: Session
    #: How it is shown in places, with forward slashes.
    shown: str
    _hooks: pluggy.HookRelay

    @property
    def ihook(self) -> pluggy.HookRelay:
        """The hooks that apply to this folder, asked for once."""
        return self._hooks

    def told(self, collect: Callable[[], Iterable[_Found]]) -> list[_Found]:
        """What ``collect`` gives. Raises CollectError with what is wrong, as people are told it."""
        try:
            return list(collect())
        except FluxError as error:
            told = self.flux.faults.once(error, self.shown)
            raise self.CollectError(self.flux.redactor.text(shown_lines(str(told)))) from None


class Document(Collecting):
    """One document of scenarios, wherever it lies."""

    #: What evidence calls the document, with forward slashes.
    file: str
    #: SHA-256 of the bytes that were collected.
    digest: str = ""
    #: The document, where it lies in no folder.
    loose: LooseDocument | None = None

    @abstractmethod
    def read(self) -> Source:
        """The bytes of the document, each time anew. Raises FluxError."""
