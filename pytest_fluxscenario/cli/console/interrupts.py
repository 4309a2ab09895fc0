"""Ctrl-C: between two scenarios, so that no record is half written; and at once, but never in vain."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Any, Self


@dataclass(slots=True)
class Interrupts:
    """A context in which the first SIGINT is kept until ``check`` is called; a second one does not wait."""

    _asked: bool = field(default=False, init=False)
    _before: Any = field(default=None, init=False)

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def check(self) -> None:
        """Raise KeyboardInterrupt where one was asked for."""
        if self._asked:
            raise KeyboardInterrupt

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            signal.default_int_handler(number, frame)
        self._asked = True


class Remembered(Interrupts):
    """A context in which SIGINT raises at once, and where ``check`` is called once more.

    What is raised while something is cleaned up is lost: Python goes on as if nobody had pressed anything.
    """

    __slots__ = ()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        signal.default_int_handler(number, frame)
