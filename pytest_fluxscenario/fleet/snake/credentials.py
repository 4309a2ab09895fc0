"""Who connects to a NATS server: a key, a credentials file of an account that is ruled by JWT, or name and password."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Any, Final

import nkeys

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.messages.keys import Key, key_of_seed, read_secret

_JWT: Final = re.compile(r"-----BEGIN NATS USER JWT-----\s+(\S+)\s+-+END NATS USER JWT-+")
_SEED: Final = re.compile(r"-----BEGIN USER NKEY SEED-----\s+(\S+)\s+-+END USER NKEY SEED-+")
_LOGIN: Final = re.compile(r"([^\s:]+):(\S+)")
_KINDS: Final = "the seed of an nkey (SU…), a .creds file, or one line NAME:PASSWORD"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a server is shown; one without anything is for a server that asks for nothing."""

    #: Secret nkey.
    seed: str = field(default="", repr=False)
    #: What the account's owner says of that key.
    jwt: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)

    def options(self) -> dict[str, Any]:
        """For the library."""
        if self.user:
            return {"user": self.user, "password": self.password}
        if not self.seed:
            return {}
        if not self.jwt:
            return {"nkeys_seed_str": self.seed}
        return {"signature_cb": self._sign, "user_jwt_cb": self.jwt.encode}

    def _sign(self, nonce: str) -> bytes:
        return base64.b64encode(nkeys.from_seed(bytearray(self.seed.encode())).sign(nonce.encode()))


def read_credentials(path: str) -> Credentials:
    """Those in the file ``path``, which nobody else may read. Raises UsageError."""
    data = read_secret(path)
    if data is None:
        raise _unusable(path, "there is no such file", f"it holds {_KINDS}")
    try:
        text = data.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise _unusable(path, "holds no credentials", _KINDS) from None
    jwt, seed = _JWT.search(text), _SEED.search(text)
    if jwt and seed:
        return Credentials(_key(path, seed[1]).seed, jwt[1])
    if jwt or seed:
        raise _unusable(path, "holds half of a .creds file", "it has a JWT and the seed of a key")
    if (login := _LOGIN.fullmatch(text)) is not None:
        return Credentials(user=login[1], password=login[2])
    return Credentials(_key(path, text).seed)


def _key(path: str, seed: str) -> Key:
    try:
        return key_of_seed(seed)
    except ValueError:
        raise _unusable(path, "holds no credentials", _KINDS) from None


def _unusable(path: str, message: str, hint: str) -> UsageError:
    error: UsageError = UsageError.of("snake.credentials", Place(shown(path)), message, hint)
    return error
