"""Why a Mixer does not do what it is asked, in words that say what to do."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.model.shapes import decode
from pytest_fluxscenario.remote.api import Trouble
from pytest_fluxscenario.remote.certificates import certificate_fault

#: Answers that may be others in a moment: too much at a time, a proxy before a Mixer that is started again.
_LATER: Final = (429, 502, 503, 504)
#: Longest that an answer makes a client wait, in seconds.
_MOST_PAUSE: Final = 10.0
_START: Final = "start it: fluxrig-mixer -c FILE"
_LOOK: Final = "is it running? its log says what it does"


class MixerError(FluxError):
    """A Mixer that cannot be reached, or does not do what it is asked."""


class UnreachableError(MixerError):
    """A Mixer that does not answer; it may be there again in a moment."""

    #: Seconds after which it may be asked again.
    pause: float = 0.2

    def tried_for(self, wait: float) -> UnreachableError:
        """The same, of a Mixer that was asked again and again for so many seconds."""
        first = self.problems[0]
        return type(self).of(first.code, first.place, f"{first.message}, tried for {wait:g} seconds", first.hint)


def refused(url: str, status: int, answer: bytes, token_variable: str, later: str = "") -> MixerError:
    """What an answer of that status means; ``answer`` is its body, of whoever answers there, ``later`` Retry-After."""
    error = _meant(url, status, answer, token_variable)
    if isinstance(error, UnreachableError) and later.isascii() and later.isdigit():
        error.pause = min(max(error.pause, float(later[:9])), _MOST_PAUSE)
    return error


def _meant(url: str, status: int, answer: bytes, token_variable: str) -> MixerError:
    kind = UnreachableError if status in _LATER else MixerError
    try:
        trouble = decode(Trouble, answer)
    except (msgspec.DecodeError, RecursionError):
        if status in _LATER:
            return kind.of("mixer.away", Place(url), f"who answers for the Mixer says {status}", _LOOK)
        hint = "is the address that of a Mixer? a proxy has to let its answers through"
        return kind.of("mixer.answer", Place(url), f"answers {status}, and is no Mixer", hint)
    hint = trouble.hint
    if status == http.client.UNAUTHORIZED and not hint:
        hint = f"give its token in {token_variable}"
    return kind.of(shown(trouble.code, 80), Place(url), shown(trouble.message, 1000), shown(hint, 1000))


def offers(gears: Mapping[str, int]) -> str:
    """What active racks offer, in words; ``gears`` is how many offer each."""
    several = [
        f"'{shown(name, 80)}' by {count} rack{'' if count == 1 else 's'}" for name, count in sorted(gears.items())
    ]
    return ", ".join(several) or "nothing"


def unreachable(url: str, error: Exception, timeout: float) -> MixerError:
    """Why nothing came back within ``timeout`` seconds; ``error`` is what the standard library raised."""
    fault = certificate_fault(error, urlsplit(url).hostname or "", "SSL_CERT_FILE")
    if fault is not None:
        # Waiting does not make it better.
        return MixerError.of("mixer.tls", Place(url), *fault)
    said, hint = shown(error), _START
    if isinstance(error, TimeoutError):
        said, hint = f"no answer within {timeout:g} seconds", _LOOK
    elif isinstance(error, http.client.RemoteDisconnected):
        # Also what one sees of a server that speaks TLS.
        said, hint = "the connection ended without an answer", f"does it speak https://? else {_START}"
    elif isinstance(error, socket.gaierror):
        said, hint = f"its name means nothing here: {shown(error.strerror or error)}", "is the address right?"
    elif isinstance(error, OSError):
        said = shown(error.strerror or error)
    elif isinstance(error, http.client.HTTPException):
        said, hint = "what answers there speaks no HTTP", "is the port right, and does it speak https://?"
    return UnreachableError.of("mixer.unreachable", Place(url), f"the Mixer cannot be reached: {said}", hint)
