"""What is wrong with a TLS connection, in words that say what to do: the same for REST and for the Snake."""

from __future__ import annotations

import ssl
from typing import Final

from pytest_fluxscenario.base.text import shown

#: Of OpenSSL (x509_vfy.h): why a certificate is not believed.
_NOT_YET: Final = 9
_EXPIRED: Final = 10
_UNKNOWN: Final = (2, 18, 19, 20, 21)
_NAME: Final = (62, 64)


def certificate_fault(error: BaseException, host: str, trust: str) -> tuple[str, str] | None:
    """What is wrong with TLS to ``host``, and what to do; None where ``error`` is not about TLS.

    ``trust`` says where one names the authorities that are believed.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return _not_believed(error, host, trust)
    if not isinstance(error, ssl.SSLError) or isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        # Whoever was there has ended, in the middle of it.
        return None
    said = f"{error.reason or ''} {error}".upper()
    if "WRONG_VERSION_NUMBER" in said or "RECORD_LAYER_FAILURE" in said or "HTTP_REQUEST" in said:
        return "who answers there does not speak TLS", "is the address right, and has the server a certificate?"
    if "CERTIFICATE_REQUIRED" in said:
        return "the server wants a certificate of this side", "name one and its key"
    if "ALERT" in said and ("UNKNOWN_CA" in said or "BAD_CERTIFICATE" in said or "CERTIFICATE_EXPIRED" in said):
        hint = "it must be valid now, for clients too (clientAuth), and signed by who the server believes"
        return "the server does not accept the certificate of this side", hint
    return f"TLS failed: {shown(error.reason or error)}", ""


def _not_believed(error: ssl.SSLCertVerificationError, host: str, trust: str) -> tuple[str, str]:
    code = error.verify_code
    if code == _EXPIRED:
        return "the server's certificate has expired", "renew it, or set the clock of this machine"
    if code == _NOT_YET:
        return "the server's certificate is not valid yet", "compare the clocks of both machines"
    if code in _NAME:
        hint = "use a name that it holds, or make one that holds this name (subjectAltName)"
        return f"the server's certificate is not for '{shown(host, 80)}'", hint
    if code in _UNKNOWN:
        return "nobody who is trusted here has signed the server's certificate", f"name who has: {trust}"
    return (
        f"the server's certificate is not believed: {shown(error.verify_message, 120)}",
        f"name who signed it: {trust}",
    )
