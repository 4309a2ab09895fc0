"""Signed documents: in-toto statements in DSSE envelopes (the DSSE protocol 1.0, in-toto attestation framework 1).

An envelope is read strictly, and its statement is handed out only when every key that is asked for has signed it. The
key ids in it are hints that nobody trusts: each key is tried on each signature.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from pytest_fluxscenario.base.canonical import canonical
from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DamageError, DocumentError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.base.values import same
from pytest_fluxscenario.documents.elements import read_elements
from pytest_fluxscenario.documents.json import Json
from pytest_fluxscenario.documents.keys import PublicKey, SigningKey
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source, read_source

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
#: A statement names every scenario of a run.
LIMITS: Final = Limits(file_bytes=256 << 20, nodes=10_000_000, scalar_bytes=256 << 20)
#: Each is tried with each key.
_MOST_SIGNATURES: Final = 64


@dataclass(frozen=True, slots=True)
class _Signature:
    keyid: str
    sig: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload and its signatures, none of them looked at yet."""

    payload: bytes
    signatures: tuple[_Signature, ...]
    name: str

    def signed_by(self, key: PublicKey) -> bool:
        """Whether one of the signatures is that key's."""
        from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError
        from securesystemslib.signer import Signature

        data = _encoded(self.payload)
        for one in self.signatures:
            try:
                key.key.verify_signature(Signature(key.id, one.sig.hex()), data)
            except (UnverifiedSignatureError, VerificationError):
                continue
            return True
        return False

    def statement(self, keys: Sequence[PublicKey]) -> Json:
        """The statement, which every one of ``keys`` has signed.

        Raises DamageError where one has not, DocumentError for a payload that is no strict JSON, and ValueError for no
        keys: nothing would be verified.
        """
        if not keys:
            raise ValueError("no keys")
        for key in keys:
            if not self.signed_by(key):
                message = f"holds no signature of the key {shown(key.name)}"
                hint = "it was signed with another key, or what is signed was changed since"
                raise DamageError.of("sign.unsigned", Place(self.name), message, hint)
        return _strict(self.payload, f"{self.name} (payload)")


def sign(statement: Json, key: SigningKey, earlier: Envelope | None = None) -> bytes:
    """The envelope of a statement as bytes of JSON; signatures of ``earlier`` stay where it says the same.

    A key signs once: its earlier signature gives way.
    """
    payload = canonical(statement)
    signatures = [(key.id, bytes.fromhex(key.signer.sign(_encoded(payload)).signature))]
    if earlier is not None and earlier.payload == payload:
        signatures = [(one.keyid, one.sig) for one in earlier.signatures if one.keyid != key.id] + signatures
    document = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": keyid, "sig": base64.b64encode(sig).decode()} for keyid, sig in sorted(signatures)],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def read_envelope(path: str) -> Envelope:
    """The envelope of a file. Raises DocumentError for what is none, or holds no in-toto statement."""
    name = shown(path)
    document = _strict(read_source(path, name, LIMITS).data, name)
    if not isinstance(document, dict) or set(document) != {"payload", "payloadType", "signatures"}:
        raise _refused(name, "is no DSSE envelope: that has payload, payloadType and signatures")
    if document["payloadType"] != PAYLOAD_TYPE:
        raise _refused(name, f"holds '{shown(document['payloadType'], 80)}', not {PAYLOAD_TYPE}")
    signatures = document["signatures"]
    if not isinstance(signatures, list) or not 0 < len(signatures) <= _MOST_SIGNATURES:
        raise _refused(name, f"its signatures are not a list of one to {_MOST_SIGNATURES}")
    return Envelope(_bytes(document["payload"], name), tuple(_signature(one, name) for one in signatures), name)


def statement_of(subjects: Sequence[tuple[str, str]], predicate_type: str, predicate: dict[str, Any]) -> dict[str, Any]:
    """An in-toto statement of the files ``subjects``: name, and ``sha256:`` of their bytes."""
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": ref.removeprefix("sha256:")}} for name, ref in subjects],
        "predicateType": predicate_type,
        "predicate": predicate,
    }


def first_difference(said: Json, real: Json, path: str = "") -> str:
    """Where two statements differ first, as a path such as ``predicate.result``; empty where they are the same."""
    if same(said, real):
        return ""
    if isinstance(said, dict) and isinstance(real, dict):
        for key in sorted({*said, *real}):
            if key not in said or key not in real or not same(said[key], real[key]):
                here = f"{path}.{key}" if path else key or "the whole"
                return first_difference(said[key], real[key], here) if key in said and key in real else here
    if isinstance(said, list) and isinstance(real, list) and len(said) == len(real):
        for at, (one, other) in enumerate(zip(said, real, strict=True)):
            if not same(one, other):
                return first_difference(one, other, f"{path}[{at}]")
    return path or "the whole"


def _encoded(payload: bytes) -> bytes:
    """What is signed: DSSE's encoding of type and payload before authentication."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _strict(data: bytes, name: str) -> Json:
    # The suffix says which reader: a statement is JSON whatever its file is called.
    elements = read_elements(Source(f"{name}.json", data, sha256(data)), LIMITS, split=False)
    return elements[0].data


def _signature(one: Json, name: str) -> _Signature:
    if not isinstance(one, dict) or not {"sig"} <= set(one) <= {"sig", "keyid"}:
        raise _refused(name, "a signature in it has other fields than sig and keyid")
    keyid = one.get("keyid", "")
    if not isinstance(keyid, str):
        raise _refused(name, "a keyid in it is no text")
    return _Signature(keyid, _bytes(one["sig"], name))


def _bytes(text: Json, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else _no_text(name)
    except ValueError as error:
        raise _refused(name, f"holds no base64: {error}") from error


def _no_text(name: str) -> bytes:
    raise _refused(name, "holds no base64 where payload and signatures have it")


def _refused(name: str, message: str) -> DocumentError:
    return DocumentError.of("sign.envelope", Place(name), message, "sign anew, or name the file that signing wrote")
