"""Who a rack is: what it says of itself is signed by its key, and what it was told is signed by the Mixer's (Ed25519).

A passport says that a Mixer has let a rack in, which it names with its public key. It is no secret, and of no use to
anybody without the secret half of that key: the server asks whoever connects to sign, and a hello is signed too.
A rack that has one knows its Mixer by it, and takes work from no other.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from pytest_fluxscenario.base.clock import SystemClock, timestamp
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.messages import cbor
from pytest_fluxscenario.fleet.messages.cbor import refused
from pytest_fluxscenario.fleet.messages.errors import MessageError, PassportError
from pytest_fluxscenario.fleet.messages.keys import Key, verify
from pytest_fluxscenario.fleet.messages.message import Evidence, Findings, Hello
from pytest_fluxscenario.model.shapes import make_ready

#: A key signs different things; none can be taken for another.
_PASSPORT: Final = "flux.passport.v1"
_HELLO: Final = "flux.hello.v1"
_EVIDENCE: Final = "flux.evidence.v2"
_FINDINGS: Final = "flux.findings.v1"
_E = TypeVar("_E", bound=Evidence | Findings)


class Passport(Struct, frozen=True, forbid_unknown_fields=True):
    """What a Mixer says of a rack."""

    rack: str
    #: The rack's public key.
    key: str
    #: The public key of the Mixer that signed.
    mixer: str
    #: Those that it may take work from.
    pools: tuple[str, ...]
    #: RFC 3339, UTC.
    issued: str
    schema: str = _PASSPORT


class _Signed(Struct, frozen=True, forbid_unknown_fields=True):
    passport: Passport
    signature: bytes


def issue(mixer: Key, rack: str, key: str, pools: tuple[str, ...]) -> bytes:
    """A passport for the rack of that name and public key."""
    passport = Passport(rack, key, mixer.public, pools, timestamp(SystemClock().now()))
    plain = msgspec.to_builtins(passport)
    return cbor.dump({"passport": plain, "signature": mixer.sign(cbor.dump(plain))})


def read_passport(data: bytes, rack: str, key: str, mixer: str = "") -> Passport:
    """The passport in ``data``, which is that rack's, and signed: by ``mixer``, or by whoever it says.

    Raises PassportError.
    """
    make_ready(_Signed)
    try:
        signed = msgspec.convert(cbor.load(data), _Signed, builtin_types=(bytes,))
    except (MessageError, msgspec.ValidationError, TypeError, ValueError):
        raise _refused("is none") from None
    passport = signed.passport
    if passport.schema != _PASSPORT:
        raise _refused(f"is of the kind '{shown(passport.schema, 80)}'")
    if mixer and passport.mixer != mixer:
        raise _refused("is of another Mixer")
    if not verify(passport.mixer, cbor.dump(msgspec.to_builtins(passport)), signed.signature):
        raise _refused("is not signed by the Mixer that it names")
    if (passport.rack, passport.key) != (rack, key):
        raise _refused(f"is of the rack '{shown(passport.rack, 80)}'")
    return passport


def sign_hello(hello: Hello, key: Key) -> Hello:
    """``hello``, signed by the rack whose key it is."""
    return msgspec.structs.replace(hello, signature=key.sign(_said(hello)))


def is_signed(hello: Hello) -> bool:
    """Whether a hello comes from whoever has the key that it names."""
    return verify(hello.key, _said(hello), hello.signature)


def sign_evidence(evidence: _E, run: str, key: Key) -> _E:
    """``evidence`` of that run, signed by the rack whose key it is. Raises MessageError where it is too large."""
    return msgspec.structs.replace(evidence, signature=key.sign(_testimony(evidence, run)))


def is_evidence_of(evidence: Evidence | Findings, run: str, key: str) -> bool:
    """Whether evidence comes from whoever has the secret half of ``key``, and is of that run."""
    return verify(key, _testimony(evidence, run), evidence.signature)


def _testimony(evidence: Evidence | Findings, run: str) -> bytes:
    # Not as CBOR in its one spelling, which takes ten times as long: both sides make it of the value that they have.
    what = _EVIDENCE if isinstance(evidence, Evidence) else _FINDINGS
    said = (what, run, msgspec.structs.replace(evidence, signature=b""))
    try:
        return msgspec.msgpack.encode(said, order="deterministic")
    except (UnicodeError, OverflowError) as error:
        raise refused("message.value", f"cannot be sent: {type(error).__name__}") from error


def _said(hello: Hello) -> bytes:
    plain: dict[str, Any] = msgspec.to_builtins(hello, builtin_types=(bytes,))
    del plain["signature"]
    return cbor.dump({"hello": plain, "schema": _HELLO})


def _refused(why: str) -> PassportError:
    error: PassportError = PassportError.of("rack.passport", Place("passport"), f"the passport {why}")
    return error
