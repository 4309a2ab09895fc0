"""Tickets: each piece of work carries one, and who speaks of that work shows it.

So a rack speaks of what it was given, and asks for the content of that alone: whoever only knows the names of a run and
of a scenario has none. The Mixer keeps no list of them: it makes them with its key and knows its own again, also after
it was started anew.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final

from pytest_fluxscenario.fleet.messages.keys import Key

#: A key makes different things; none can be taken for another.
_USE: Final = b"flux.ticket.v1"
#: Hex digits that make each ticket another one, and of what proves it.
_NONCE: Final = 16
_PROOF: Final = 32


@dataclass(frozen=True, slots=True)
class Tickets:
    """Made and looked at by the Mixer alone."""

    _secret: bytes = field(repr=False)

    @classmethod
    def of(cls, mixer: Key) -> Tickets:
        """The tickets of the Mixer whose key it is."""
        return cls(hmac.digest(mixer.seed.encode(), _USE, "sha256"))

    def make(self, run: str, item: str, attempt: int) -> str:
        """A new ticket for one attempt of a scenario."""
        nonce = secrets.token_hex(_NONCE // 2)
        return nonce + self._proof(nonce, run, item, attempt)

    def fits(self, ticket: str, run: str, item: str, attempt: int) -> bool:
        """Whether ``ticket`` was made for that."""
        proof = self._proof(ticket[:_NONCE], run, item, attempt)
        # Bytes: a text of more than ASCII cannot be compared.
        return hmac.compare_digest(ticket[_NONCE:].encode("utf-8", "replace"), proof.encode())

    def _proof(self, nonce: str, run: str, item: str, attempt: int) -> str:
        # Of what is fixed in length or form before the item, which may hold anything: no two say the same.
        said = "\0".join((nonce, run, str(attempt), item))
        return hmac.digest(self._secret, said.encode("utf-8", "surrogatepass"), "sha256").hex()[:_PROOF]
