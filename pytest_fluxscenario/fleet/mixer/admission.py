"""Whoever was let in can come: the queues that they take from are there, and the Snake knows their accounts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pytest_fluxscenario.fleet.mixer.queues import Queues
from pytest_fluxscenario.fleet.snake.permissions import Accounts
from pytest_fluxscenario.fleet.snake.snake import Snake


@dataclass(slots=True)
class Admission:
    """Tells the Snake who may connect, where that has changed since it was last told."""

    snake: Snake
    queues: Queues
    #: Those that there are now.
    accounts: Callable[[], Accounts]
    #: What the Snake was told last: that it was begun with, and what it has heard without an error since.
    _told: Accounts = field(init=False)

    def __post_init__(self) -> None:
        self._told = self.accounts()

    async def settle(self) -> None:
        """Return when the Snake knows. Raises SnakeError, WriteError; then the next call tells it again."""
        if self.accounts() == self._told:
            return
        # What a rack may take from is there when it may.
        await self.queues.open()
        now = self.accounts()
        await self.snake.reload(now)
        self._told = now
