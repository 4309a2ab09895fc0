"""What can go wrong between machines."""

from __future__ import annotations

from typing import Final

from pytest_fluxscenario.base.errors import FluxError

#: The code of an error of a server that does not know who connects.
UNKNOWN: Final = "snake.unknown"


class MessageError(FluxError):
    """A message that is none, or one that this version does not know."""


class SnakeError(FluxError):
    """The link between Mixer and Racks cannot be used, or nobody answers on it."""


class PassportError(FluxError):
    """A passport that its Mixer did not sign, or that says something else than it should."""
