"""What can go wrong between machines."""

from __future__ import annotations

from pytest_fluxscenario.base.errors import FluxError


class MessageError(FluxError):
    """A message that is none, or one that this version does not know."""


class SnakeError(FluxError):
    """The link between Mixer and Racks cannot be used, or nobody answers on it."""


class PassportError(FluxError):
    """A passport that its Mixer did not sign, or that says something else than it should."""
