"""Which gear a session asks for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GearSettings:
    """Which gear is asked for, and how it is called."""

    #: As it is written; empty for the built-in engine.
    gear: str = ""
    #: Seconds for one answer.
    timeout: float = 30.0
    #: A bearer token for a server.
    token: str | None = None
