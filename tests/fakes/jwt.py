"""Operators, accounts and users of NATS that are ruled by JWT, as ``nsc`` makes them."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import nkeys


@dataclass
class Keys:
    """A key of one kind, which signs claims about others."""

    prefix: int
    seed: str = ""
    _pair: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.seed = nkeys.encode_seed(secrets.token_bytes(32), self.prefix).decode()
        self._pair = nkeys.from_seed(bytearray(self.seed.encode()))

    @property
    def public(self) -> str:
        return str(self._pair.public_key.decode())

    def claim(self, about: Keys, name: str, **nats: Any) -> str:
        """A JWT about another key, or about this one."""
        body = {"iss": self.public, "sub": about.public, "name": name, "iat": int(time.time())}
        body["nats"] = {**nats, "version": 2}
        body["jti"] = base64.b32encode(hashlib.sha256(json.dumps(body).encode()).digest()).decode().rstrip("=")
        said = f"{_part({'typ': 'JWT', 'alg': 'ed25519-nkey'})}.{_part(body)}"
        return f"{said}.{_text(self._pair.sign(said.encode()))}"


@dataclass
class Trust:
    """An operator with one account that has JetStream: a server's configuration, and credentials of users."""

    operator: Keys = field(default_factory=lambda: Keys(nkeys.PREFIX_BYTE_OPERATOR))
    account: Keys = field(default_factory=lambda: Keys(nkeys.PREFIX_BYTE_ACCOUNT))
    #: JetStream does not start without one.
    system: Keys = field(default_factory=lambda: Keys(nkeys.PREFIX_BYTE_ACCOUNT))

    def server(self) -> str:
        """For the server's configuration."""
        limits = dict.fromkeys(("subs", "data", "payload", "imports", "exports", "conn", "leaf"), -1)
        plain = {**limits, "wildcards": True}
        limits |= dict.fromkeys(("mem_storage", "disk_storage", "streams", "consumer"), -1)
        account = self.operator.claim(self.account, "FLUX", type="account", limits={**limits, "wildcards": True})
        system = self.operator.claim(self.system, "SYS", type="account", limits=plain)
        operator = self.operator.claim(self.operator, "O", type="operator")
        known = f"{self.account.public}: {account}, {self.system.public}: {system}"
        settings = f"operator: {operator}\nsystem_account: {self.system.public}"
        return f"{settings}\nresolver: MEMORY\nresolver_preload: {{ {known} }}"

    def credentials(self, name: str, publish: list[str], subscribe: list[str]) -> str:
        """A ``.creds`` file."""
        user = Keys(nkeys.PREFIX_BYTE_USER)
        allowed = {"pub": {"allow": publish}, "sub": {"allow": subscribe}}
        jwt = self.account.claim(user, name, type="user", subs=-1, data=-1, payload=-1, **allowed)
        return (
            f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
            "************************* IMPORTANT *************************\n\n"
            f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n"
        )


def _part(value: Any) -> str:
    return _text(json.dumps(value).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
