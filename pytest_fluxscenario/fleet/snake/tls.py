"""Files and contexts of TLS: what this side shows, and whom it believes.

``cert`` and ``key`` are what this side shows; ``ca`` is who must have signed what the other side shows.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import stat
from typing import Final

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown

#: A key that its group may read is how systems share one with a service; others may not, and none may write it.
_OTHERS: Final = stat.S_IWGRP | stat.S_IRWXO


def client_context(ca: str, cert: str, key: str) -> ssl.SSLContext:
    """For who connects: believes ``ca``, or whom the system believes, and shows ``cert``, where they are given.

    Raises UsageError for files that cannot be used.
    """
    context = ssl.create_default_context(cafile=_certificates(ca) or None)
    if cert:
        load_pair(context, cert, key)
    return context


def own_context(cert: str, key: str) -> ssl.SSLContext:
    """For who connects to a server that shows ``cert`` itself: believes this certificate and no other, by any name.

    Raises UsageError for files that cannot be used.
    """
    context = client_context(cert, cert, key)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    # How its owner has it signed is the owner's to say: it is known by its bytes.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def load_pair(context: ssl.SSLContext, cert: str, key: str) -> None:
    """Show ``cert``. Raises UsageError where the files are missing, none, no pair, or the key is no secret."""
    _certificates(cert)
    check_secret(key)
    try:
        # Without the function OpenSSL would ask on the terminal.
        context.load_cert_chain(cert, key, password=lambda: "")
    except (OSError, ValueError) as error:
        reason = str(getattr(error, "reason", "") or "")
        if "VALUES_MISMATCH" in reason or "TYPE_MISMATCH" in reason:
            raise _unusable(key, "is not the key of the certificate", f"which is {shown(cert)}") from None
        hint = "PEM, without a password"
        raise _unusable(key, "holds no key that can be used", hint) from None


def written(*paths: str) -> tuple[int, ...]:
    """When those of the files were written that are there: another answer where one was renewed."""
    found: list[int] = []
    for path in paths:
        with contextlib.suppress(OSError):
            found.append(os.stat(path).st_mtime_ns)
    return tuple(found)


def check_secret(path: str) -> None:
    """Raise UsageError for the file of a key that cannot be read, or that others may read."""
    _readable(path)
    if os.stat(path).st_mode & _OTHERS:
        raise _unusable(path, "can be read or written by others", f"chmod 600 {shown(path)}")


def _certificates(path: str) -> str:
    """``path``, which holds certificates, or is empty. Raises UsageError."""
    if path:
        _readable(path)
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        except (OSError, ValueError):
            raise _unusable(path, "holds no certificate", "PEM: -----BEGIN CERTIFICATE-----") from None
    return path


def _readable(path: str) -> None:
    # A FIFO would be waited for.
    with contextlib.suppress(OSError):
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise _unusable(path, "is no file", "")
    try:
        with open(path, "rb"):
            return
    except OSError as error:
        raise _unusable(path, f"cannot be read: {shown(error.strerror)}", "") from None


def _unusable(path: str, message: str, hint: str) -> UsageError:
    error: UsageError = UsageError.of("tls.file", Place(shown(path)), message, hint)
    return error
