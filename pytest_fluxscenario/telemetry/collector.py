"""The way to a collector: HTTP as the exporters speak it, with bounds on the size of an answer and on its time."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import ProtocolError

from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.base.text import shown

#: Bytes of an answer that are read; one to an export has a few.
_MOST: Final = 64 << 10
#: Seconds for a whole answer, where the exporter names none.
_LONGEST: Final = 10.0
_REDIRECTS: Final = range(300, 400)


class CollectorError(Exception):
    """A collector that cannot be used now; not tried again by the exporter, which does so for errors of connections."""


class CollectorSession(requests.Session):  # type: ignore[misc]  # where the extra is not installed, it has no types
    """Sends what an exporter has made."""

    def __init__(self) -> None:
        super().__init__()
        #: The process is about to end: nothing is tried twice.
        self.ending = False
        #: Why the last request was not met, or is not yet; empty where it was.
        self.fault = ""

    def request(self, method: str, url: str, **more: Any) -> requests.Response:
        """One request; raises what ``requests`` raises, and CollectorError."""
        self.fault = f"{address(url)} gives no answer in time"
        until = seconds() + float(more.get("timeout") or _LONGEST)
        try:
            response = super().request(method, url, **{**more, "stream": True, "allow_redirects": False})
            _read(response, until)
        except (requests.RequestException, OSError) as error:
            self.fault = f"{address(url)} {_said(error)}"
            if self.ending:
                raise CollectorError(self.fault) from None
            raise
        except CollectorError as error:
            self.fault = f"{address(url)} {error}"
            raise
        if response.status_code in _REDIRECTS:
            # An exporter takes this for success, and nothing was taken.
            self.fault = f"{address(url)} sends elsewhere ({response.status_code})"
            raise CollectorError(self.fault)
        self.fault = "" if response.ok else f"{address(url)} answers {response.status_code}"
        return response


def address(url: str) -> str:
    """Where an address leads, without what may be a secret in it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "the endpoint"
    if not host:
        return "the endpoint"
    host = f"[{host}]" if ":" in host else host
    return shown(f"{parts.scheme}://{host}" + (f":{port}" if port else ""), 200)


def _read(response: requests.Response, until: float) -> None:
    """Take the body, where it is short and comes in time."""
    data = b""
    # Pieces as they come: one byte a second is not waited for either.
    read = getattr(response.raw, "read1", response.raw.read)
    while piece := read(_MOST):
        data += piece
        if len(data) > _MOST:
            response.close()
            raise CollectorError("answers with more than anybody asked for")
        if seconds() > until:
            response.close()
            raise CollectorError("does not end its answer")
    response.close()
    # What the exporter reads of the answer it reads from here.
    response.raw = BytesIO(data)


def _said(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return "gives no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "has no certificate that is trusted here"
    if isinstance(error, requests.ConnectionError) and error.args and isinstance(error.args[0], ProtocolError):
        return "breaks off, or speaks no HTTP"
    if isinstance(error, requests.ConnectionError):
        return "cannot be reached"
    return f"cannot be used ({type(error).__name__})"
