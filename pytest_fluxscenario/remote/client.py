"""Speaks to a Mixer by HTTP with the standard library: one connection, kept, and begun anew where it was lost."""

from __future__ import annotations

import http.client
import secrets
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.model.shapes import decode
from pytest_fluxscenario.remote.api import (
    API,
    Again,
    Filed,
    Hashes,
    Health,
    RackInfo,
    Records,
    RefSubmission,
    RunInfo,
    Submission,
    Wanted,
)
from pytest_fluxscenario.remote.frames import framed
from pytest_fluxscenario.remote.trouble import MixerError, UnreachableError, refused, unreachable
from pytest_fluxscenario.telemetry.trace import HEADER

__all__ = ["TOKEN_VARIABLE", "URL_VARIABLE", "Client", "MixerError", "UnreachableError", "patiently", "read_url"]

TOKEN_VARIABLE: Final = "FLUXRIG_API_TOKEN"
URL_VARIABLE: Final = "FLUXRIG_API_URL"
#: Seconds more that the evidence of a run may take: thousands of records are put in order.
_EVIDENCE_WAIT: Final = 120.0
#: Largest answer that is read, in bytes.
_MOST_ANSWER: Final = 256 << 20
_T = TypeVar("_T")


def read_url(text: str, option: str) -> str:
    """The address of a Mixer without what follows it. Raises UsageError, which names ``option``."""
    hint = "write it like http://127.0.0.1:8090"
    try:
        # A space would be passed over at its ends, and be part of a name in its middle.
        parts = urlsplit("" if any(not one.isprintable() or one.isspace() for one in text) else text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    more = parts.path not in ("", "/") or parts.query or parts.fragment
    if parts.scheme not in ("http", "https") or not parts.hostname or more:
        raise UsageError.of("mixer.url", Place(option), f"'{shown(text, 200)}' is no address of a Mixer", hint)
    if parts.username is not None or parts.password is not None:
        message = "an address holds no secret: it would be shown"
        raise UsageError.of("mixer.url", Place(option), message, f"give the token in {TOKEN_VARIABLE}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port is not None else "")


@dataclass(slots=True)
class Client:
    """One Mixer. Every method raises MixerError, and UnreachableError where nobody answers."""

    #: As ``read_url`` gives it.
    url: str
    token: str = field(default="", repr=False)
    #: Seconds that an answer may take.
    timeout: float = 30.0
    #: The ``traceparent`` of what is asked; empty where nothing is traced.
    trace: str = ""
    _connection: http.client.HTTPConnection | None = field(default=None, init=False, repr=False)

    def health(self) -> Health:
        """Whether it is there."""
        return self._get(Health, "/health")

    def racks(self) -> list[RackInfo]:
        """All racks, by name."""
        return self._get(list[RackInfo], "/racks")

    def rack(self, name: str) -> RackInfo:
        """One rack."""
        return self._get(RackInfo, f"/racks/{_part(name)}")

    def tell_rack(self, name: str, verb: str) -> RackInfo:
        """``approve``, ``suspend`` or ``activate`` a rack; gives what it is now."""
        return self._read(RackInfo, self._send("POST", f"/racks/{_part(name)}/{verb}"))

    def remove_rack(self, name: str) -> None:
        """Forget a rack: it is nobody until it is approved again."""
        self._send("DELETE", f"/racks/{_part(name)}")

    def filed(self, kind: str) -> list[Filed]:
        """The ``specs``, ``scenarios`` or ``profiles`` of the Mixer's store."""
        return self._get(list[Filed], f"/{kind}")

    def lacks(self, hashes: tuple[str, ...]) -> tuple[str, ...]:
        """Those of ``hashes`` whose content the Mixer has not."""
        return self._read(Hashes, self._send("POST", "/content/missing", Hashes(hashes))).hashes

    def give(self, digest: str, data: bytes) -> None:
        """Hand over content."""
        self._send("PUT", f"/content/{_part(digest)}", data)

    def give_several(self, several: Sequence[bytes]) -> tuple[str, ...]:
        """Hand over several contents at once; gives their hashes."""
        return self._read(Hashes, self._send("POST", "/content", framed(several))).hashes

    def content(self, digest: str) -> bytes:
        """Content by its hash; not yet verified."""
        return self._send("GET", f"/content/{_part(digest)}")

    def submit(self, run: str, submission: Submission) -> RunInfo:
        """Begin a run; again with the same scenarios is the same run."""
        return self._read(RunInfo, self._send("PUT", f"/runs/{_part(run)}", submission))

    def submit_ref(self, ref: str, pool: str = "default", key: str = "", gear: str = "") -> RunInfo:
        """Begin a run of what the Mixer's store has; with the same ``key`` again it is the same run.

        ``gear`` is empty for what each pack names.
        """
        # An answer may be lost with its connection: what is then sent once more must not run twice.
        headers = {"Idempotency-Key": key or secrets.token_hex(16)}
        return self._read(RunInfo, self._send("POST", "/runs", RefSubmission(ref, pool, gear), headers=headers))

    def again(self, run: str, again: Again) -> RunInfo:
        """Run an item once more."""
        return self._read(RunInfo, self._send("POST", f"/runs/{_part(run)}/again", again))

    def runs(self) -> list[RunInfo]:
        """The latest runs, newest first."""
        return self._get(list[RunInfo], "/runs")

    def run(self, run: str) -> RunInfo:
        """One run."""
        return self._get(RunInfo, f"/runs/{_part(run)}")

    def records(self, run: str, after: int, wait: float) -> Records:
        """What came after that number; where there is nothing yet, after up to ``wait`` seconds."""
        path = f"/runs/{_part(run)}/records?after={after}&wait={wait:g}"
        return self._read(Records, self._send("GET", path, patience=wait))

    def wanted(self, run: str, items: Sequence[tuple[str, int]], wait: float) -> Records:
        """The records of these items and attempts that there are, once there is that of the first one.

        Where that does not come in ``wait`` seconds, those that there are then.
        """
        path = f"/runs/{_part(run)}/records?wait={wait:g}"
        return self._read(Records, self._send("POST", path, Wanted(tuple(items)), patience=wait))

    def evidence(self, run: str) -> bytes:
        """A ZIP file with manifest and records of a run."""
        return self._send("GET", f"/runs/{_part(run)}/evidence", patience=_EVIDENCE_WAIT)

    def cancel(self, run: str) -> RunInfo:
        """Drop what of a run has not begun."""
        return self._read(RunInfo, self._send("POST", f"/runs/{_part(run)}/cancel"))

    def close(self) -> None:
        """Leave the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def headers(self) -> dict[str, str]:
        """What every request says."""
        said = {"Accept": "application/json"}
        if self.token:
            said["Authorization"] = f"Bearer {self.token}"
        if self.trace:
            said[HEADER] = self.trace
        return said

    def connect(self, timeout: float) -> http.client.HTTPConnection:
        """A connection of its own, which is begun by its first request."""
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if parts.scheme == "https":
            return http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=ssl.create_default_context())
        return http.client.HTTPConnection(host, parts.port, timeout=timeout)

    def _get(self, kind: type[_T], path: str) -> _T:
        return self._read(kind, self._send("GET", path))

    def _read(self, kind: type[_T], data: bytes) -> _T:
        try:
            return decode(kind, data)
        except (msgspec.DecodeError, RecursionError):
            raise self._error("mixer.answer", "the answer is not that of a Mixer of this version") from None

    def _send(
        self,
        method: str,
        path: str,
        body: msgspec.Struct | bytes | None = None,
        patience: float = 0.0,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        headers = {**self.headers(), **(headers or {})}
        data = b""
        if isinstance(body, bytes):
            data, headers["Content-Type"] = body, "application/octet-stream"
        elif body is not None:
            data, headers["Content-Type"] = msgspec.json.encode(body), "application/json"
        status, answer, later = self._exchange(method, f"{API}{path}", data, headers, self.timeout + patience)
        if status < http.client.MULTIPLE_CHOICES:
            return answer
        raise refused(self.url, status, answer, TOKEN_VARIABLE, later)

    def _exchange(
        self, method: str, path: str, data: bytes, headers: Mapping[str, str], timeout: float
    ) -> tuple[int, bytes, str]:
        """Status, body, Retry-After. A connection that was kept may have ended: then once more on a new one."""
        kept = self._connection is not None
        try:
            return self._once(method, path, data, headers, timeout)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError) as error:
            self.close()
            if not kept:
                raise unreachable(self.url, error, timeout) from None
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise unreachable(self.url, error, timeout) from None
        except BaseException:
            # Ctrl-C in the middle of an answer: what is left of it is not the answer to the next request.
            self.close()
            raise
        try:
            return self._once(method, path, data, headers, timeout)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise unreachable(self.url, error, timeout) from None

    def _once(
        self, method: str, path: str, data: bytes, headers: Mapping[str, str], timeout: float
    ) -> tuple[int, bytes, str]:
        connection = self._connection or self.connect(timeout)
        self._connection = connection
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        connection.request(method, path, data or None, dict(headers))
        response = connection.getresponse()
        answer = response.read(_MOST_ANSWER + 1)
        if len(answer) > _MOST_ANSWER:
            self.close()
            raise self._error("mixer.answer", f"the answer is larger than {_MOST_ANSWER >> 20} MiB")
        return response.status, answer, response.headers.get("Retry-After", "")

    def _error(self, code: str, message: str, hint: str = "") -> MixerError:
        return MixerError.of(code, Place(self.url), message, hint)


def patiently(
    client: Client, wait: float, ask: Callable[[], _T], told: Callable[[UnreachableError], None] | None = None
) -> _T:
    """What ``ask`` gives; a Mixer that is started again meanwhile is waited for, ``wait`` seconds. Raises like ``ask``.

    ``told`` is called with what is wrong for as long as it is waited for.
    """
    end, tried = seconds() + wait, 0
    while True:
        try:
            return ask()
        except UnreachableError as error:
            if seconds() >= end:
                raise (error.tried_for(wait) if tried else error) from None
            tried += 1
            client.close()
            if told is not None:
                told(error)
            time.sleep(error.pause)


def _part(text: str) -> str:
    return quote(text, safe="")
