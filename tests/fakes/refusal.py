"""A system that refuses one call."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from pytest_fluxscenario.base import syncfs


class Refusal:
    """Lets one of the calls fail, the ``at``-th of them; a file that cannot be closed is closed all the same."""

    def __init__(self, at: int, code: int, patch: pytest.MonkeyPatch, calls: Sequence[str]) -> None:
        self.at, self.code, self.count = at, code, 0
        #: What was refused; empty where the calls were fewer.
        self.failed = ""
        for name in calls:
            patch.setattr(os, name, self._wrap(name, getattr(os, name)))
        patch.setattr(syncfs, "sync_whole", self._wrap("sync_whole", syncfs.sync_whole))

    def _wrap(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            number, self.count = self.count, self.count + 1
            if number != self.at:
                return real(*arguments, **more)
            self.failed = name
            if name == "close":
                real(*arguments)
            raise OSError(self.code, os.strerror(self.code))

        return call
