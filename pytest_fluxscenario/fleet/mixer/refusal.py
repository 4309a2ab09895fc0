"""What the Mixer refuses, as a value: the status that HTTP gives it, and the line that people read."""

from __future__ import annotations

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place


class Refused(FluxError):  # noqa: N818 - an answer of the Mixer, and no fault of it
    """A request that is not met."""

    #: Of HTTP.
    status = 400


class NotThere(Refused):
    """What is asked for does not exist."""

    status = 404


class Conflict(Refused):
    """What is asked for contradicts what is there."""

    status = 409


def refused(kind: type[Refused], code: str, message: str, hint: str = "") -> Refused:
    """A refusal of one line."""
    return kind.of(code, Place(""), message, hint)
