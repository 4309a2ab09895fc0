"""Keeps the content that a rack was given within bounds, while nothing is at work there that could need it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.trimming import Trimmer

#: Seconds between two looks.
_EVERY: Final = 3_600.0
_DAY: Final = 86_400


@dataclass(slots=True)
class RackRoom:
    """Looks now and then."""

    blobs: Blobs
    #: Days after which content goes that was not used, and bytes beyond which the oldest goes.
    days: float
    most_bytes: int
    #: When the last look was.
    looked: float = -_EVERY

    @property
    def is_due(self) -> bool:
        """Whether it is time to look."""
        return seconds() >= self.looked + _EVERY

    async def tidy(self, say: Callable[[str], None]) -> bool:
        """Whether something was removed. What cannot be is told."""
        self.looked = seconds()
        try:
            done = await asyncio.to_thread(Trimmer(self.blobs).trim, (), self.days * _DAY, self.most_bytes, 0.0)
        except FluxError as error:
            say(f"could not remove old content: {error}")
            return False
        return done.removed > 0
