"""Keys: Ed25519, written as nkeys, in files that only their owner can read."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import stat
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import nacl.exceptions
import nacl.signing
import nkeys

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.fs import make_folder, replace_file
from pytest_fluxscenario.base.opening import NO_FOLLOW, TO_READ
from pytest_fluxscenario.base.place import Place

_MOST: Final = 65_536
#: The mode of files that nobody else may read.
SECRET: Final = 0o600


@dataclass(frozen=True, slots=True)
class Key:
    """Both halves of a key."""

    seed: str = field(repr=False)
    #: ``U`` and 55 more characters.
    public: str

    def sign(self, data: bytes) -> bytes:
        """64 bytes that only the owner of this key can make for ``data``."""
        signature: bytes = _pair(self.seed).sign(data)
        return signature


def new_key() -> Key:
    """A key that nobody has had before."""
    return _key(nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER).decode())


def key_fault(public: str) -> str | None:
    """Why ``public`` cannot be the public half of a key; None where it can."""
    return None if _public_bytes(public) is not None else "is no public nkey of a user: U and 55 more of A-Z and 2-7"


def verify(public: str, data: bytes, signature: bytes) -> bool:
    """Whether whoever has the secret half of ``public`` has signed ``data``."""
    raw = _public_bytes(public)
    if raw is None or len(signature) != 64:
        return False
    try:
        nacl.signing.VerifyKey(raw).verify(data, signature)
    except nacl.exceptions.BadSignatureError:
        return False
    return True


@lru_cache(maxsize=4)
def _pair(seed: str) -> nkeys.KeyPair:
    # Made from the seed it takes twice as long as it then signs. Nobody wipes it: the seed is held as long.
    return nkeys.from_seed(bytearray(seed.encode()))


@lru_cache(maxsize=256)
def _public_bytes(public: str) -> bytes | None:
    """The 32 bytes of a public key: a prefix, the key and a CRC-16, in base 32 without padding."""
    if len(public) != 56 or not public.startswith("U"):
        return None
    try:
        raw = base64.b32decode(public.encode("ascii"))
    except (binascii.Error, UnicodeEncodeError):
        return None
    if raw[0] != nkeys.PREFIX_BYTE_USER or int.from_bytes(raw[33:], "little") != binascii.crc_hqx(raw[:33], 0):
        return None
    return raw[1:33]


def keep_key(path: str) -> Key:
    """The key in the file ``path``, which is made where it is not there.

    Raises UsageError for a file that holds no key, or that others can read; WriteError where it cannot be made.
    """
    known = read_key(path)
    if known is not None:
        return known
    key = new_key()
    make_folder(os.path.dirname(os.path.abspath(path)))
    replace_file(path, key.seed.encode() + b"\n", mode=SECRET)
    return key


def read_key(path: str) -> Key | None:
    """The key in the file ``path``; None where there is none. Raises UsageError where it cannot be used."""
    data = read_secret(path)
    if data is None:
        return None
    try:
        return _key(data.decode("ascii").strip())
    except (UnicodeDecodeError, ValueError, nkeys.NkeysError):
        raise _unusable(path, "holds no nkey", "remove it, and a new one is made") from None


def key_of_seed(seed: str) -> Key:
    """Both halves of a user's key, whose secret half is ``seed``. Raises ValueError for one that is none."""
    try:
        key = _key(seed)
    except (nkeys.NkeysError, TypeError) as error:
        raise ValueError("no seed") from error
    if key_fault(key.public):
        raise ValueError("of no user")
    return key


def _key(seed: str) -> Key:
    pair = nkeys.from_seed(bytearray(seed.encode()))
    public: bytes = pair.public_key
    return Key(seed, public.decode())


def read_secret(path: str) -> bytes | None:
    """The bytes of a file that nobody else may read; None where it is not there. Raises UsageError."""
    try:
        descriptor = os.open(path, TO_READ | NO_FOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _unusable(path, "is not a file")
        if status.st_mode & 0o077:
            raise _unusable(path, "can be read by others", f"chmod 600 {path}")
        return os.read(descriptor, _MOST)
    finally:
        os.close(descriptor)


def _unusable(path: str, message: str, hint: str = "") -> UsageError:
    error: UsageError = UsageError.of("key.file", Place(path), message, hint)
    return error
