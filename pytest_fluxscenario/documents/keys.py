"""Keys of files, to sign with and to verify with: Ed25519, or ECDSA on the curve P-256, in PEM.

Both are what ``openssl genpkey`` writes and cosign takes. securesystemslib does what is done with them (the extra
``sign``); it is imported when the first key is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import read_source

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, SSlibKey

#: With another curve or RSA there are several ways to sign, and verifiers differ in which they try.
_KINDS: Final = ("ed25519", "ecdsa-sha2-nistp256")
_LIMITS: Final = Limits(file_bytes=64 << 10)
_MAKE: Final = "make one with: openssl genpkey -algorithm ed25519 -out key.pem"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key; nothing shows it."""

    signer: CryptoSigner

    @property
    def id(self) -> str:
        """The id of its public key, in hexadecimal."""
        return self.signer.public_key.keyid


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key, and the file that it came from."""

    key: SSlibKey
    name: str

    @property
    def id(self) -> str:
        """Its id, in hexadecimal: securesystemslib's hash of kind, scheme and key."""
        return self.key.keyid


def load_signing_key(path: str, password: str | None = None) -> SigningKey:
    """The private key (PKCS #8 or SEC 1, PEM) of a file; ``password`` opens one that is encrypted.

    Raises UsageError for what is no such key, DocumentError for a file that cannot be read.
    """
    signers, pem = _library(path)
    data = _read(path)
    secret = None if password is None else password.encode()
    try:
        private = pem.load_pem_private_key(data, secret)
    except TypeError as error:
        # Of both: encrypted and no password, and a password that nothing asks for.
        if secret is not None:
            return load_signing_key(path)
        raise _refused(path, "the key is encrypted", "set FLUXRIG_KEY_PASSWORD to its password") from error
    except Exception as error:
        raise _no_key(path, data, "private", encrypted=secret is not None) from error
    try:
        return SigningKey(_known(signers.CryptoSigner(private), path))
    except (ValueError, AttributeError) as error:
        raise _kind(path) from error


def load_public_key(path: str) -> PublicKey:
    """The public key (PEM) of a file.

    Raises UsageError for what is none, DocumentError for a file that cannot be read.
    """
    signers, pem = _library(path)
    data = _read(path)
    try:
        public = pem.load_pem_public_key(data)
    except Exception as error:
        raise _no_key(path, data, "public") from error
    try:
        key = signers.SSlibKey.from_crypto(public)
    except ValueError as error:
        raise _kind(path) from error
    if key.scheme not in _KINDS:
        raise _kind(path)
    return PublicKey(key, path)


def _known(signer: CryptoSigner, path: str) -> CryptoSigner:
    if signer.public_key.scheme not in _KINDS:
        raise _kind(path)
    return signer


def _library(path: str) -> tuple[Any, Any]:
    try:
        from cryptography.hazmat.primitives import serialization
        from securesystemslib import signer
    except ImportError as error:
        hint = "pip install 'pytest-fluxscenario[sign]'"
        raise _refused(path, "signatures need the extra 'sign', which is not installed", hint) from error
    return signer, serialization


def _read(path: str) -> bytes:
    return read_source(path, shown(path), _LIMITS).data


def _no_key(path: str, data: bytes, wanted: str, *, encrypted: bool = False) -> UsageError:
    if b"SIGSTORE" in data:
        hint = f"cosign keeps its own form of keys, which only it opens; {_MAKE}"
        return _refused(path, "the key is encrypted by cosign", hint)
    other = "public" if wanted == "private" else "private"
    if f"{other.upper()} KEY".encode() in data:
        hint = "openssl pkey -in key.pem -pubout -out public.pem writes the public key of a private one"
        return _refused(path, f"is a {other} key, and a {wanted} one is asked for", hint)
    if encrypted:
        return _refused(path, "is no key that this password opens", "set FLUXRIG_KEY_PASSWORD to its password")
    return _refused(path, f"holds no {wanted} key in PEM", _MAKE)


def _kind(path: str) -> UsageError:
    return _refused(path, "is a key of another kind than Ed25519 and ECDSA P-256", _MAKE)


def _refused(path: str, message: str, hint: str) -> UsageError:
    return UsageError.of("sign.key", Place(shown(path)), message, hint)
