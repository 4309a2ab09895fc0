"""Which gear a session asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

#: The name of the built-in engine, which is no gear of anybody's.
ENGINE: Final = "engine"
FORMS: Final = "stdio:COMMAND, http://HOST/PATH, mcp:COMMAND, mcp+http://HOST/PATH or module:function"


@dataclass(frozen=True, slots=True)
class GearSettings:
    """Which gear is asked for, and how it is called."""

    #: As it is written: an address, or a name; empty for what a pack asks for, else the built-in engine.
    gear: str = ""
    #: Seconds for one answer.
    timeout: float = 30.0
    #: A bearer token for a server.
    token: str | None = field(default=None, repr=False)
    #: What messages call it, where its address is nobody else's business; empty for the address.
    name: str = ""
