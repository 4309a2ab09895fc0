"""The door of the API: what is no request of a client of the Mixer is refused before anything of it is looked at.

Host and Origin, token, path, place, method, type, size, time and depth, in that order (fleet.md, "REST"). What goes
on has its whole body in memory, at most the limit, and all bodies together are at most twice that.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.documents.elements import read_elements
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.fleet.mixer.web.connections import CONNECTION, Connection, Connections
from pytest_fluxscenario.remote.api import API, Trouble

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

JSON: Final = "application/json"
BYTES: Final = "application/octet-stream"
#: What is too much now, and may not be in a moment.
TOO_MANY: Final = 429
_PATH: Final = re.compile(r"/[A-Za-z0-9._~:@/-]*")
_QUERY: Final = re.compile(r"[A-Za-z0-9._~:=&-]*")
_LONGEST: Final = 1_024
#: Of a body that is refused, how much is read, and for how long.
_DRAIN_BYTES: Final = 1 << 20
_DRAIN_SECONDS: Final = 0.5
#: What is not answered because the Mixer ends.
_ENDING: Final = 503
#: Seconds after which who was refused for a lack of room may ask again.
_AGAIN: Final = 1
_HEALTH: Final = f"{API}/health"
_METHODS: Final = ("GET", "PUT", "POST", "DELETE")
#: Values of one document: a scenario of a run has some thirty.
_NODES: Final = 1_000_000


class _Answer(Exception):  # noqa: N818 - how a check says what to answer
    def __init__(self, status: int, code: str, message: str, hint: str = "", challenge: str = "") -> None:
        super().__init__(message)
        self.status, self.trouble, self.challenge = status, Trouble(code, message, hint), challenge


@dataclass(slots=True)
class Guard:
    """Stands before an ASGI application."""

    app: App
    #: Empty where whoever asks is answered.
    token: str
    #: Names and addresses that the Mixer is called by, lower case, without a port.
    hosts: frozenset[str]
    body_bytes: int
    body_seconds: float
    connections: Connections = field(default_factory=Connections)
    _held: int = 0
    _freed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the application answer."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            # A WebSocket is not accepted: the server closes it.
            return
        try:
            await self._answer(scope, receive, send)
        except asyncio.CancelledError:
            # The Mixer ends, and does not wait for it. It would be the Mixer's failure (500), which nobody tries again;
            # where the answer has begun already, it ends with the connection.
            with contextlib.suppress(RuntimeError):
                await _refuse(send, _Answer(_ENDING, "http.ending", "the Mixer ends", "ask again when it is started"))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        taken, placed = 0, None
        try:
            headers = _headers(scope)
            self._check(scope, headers)
            placed = self._place(scope)
            # Another method is answered without its body: the application says which are known on that path.
            size = self._size(scope, headers) if scope["method"] in _METHODS else 0
            taken = await self._make_room(size)
            body = await self._body(receive, size)
            _check_json(headers, body)
        except _Answer as answer:
            await _drain(receive)
            await _refuse(send, answer)
        else:
            await self.app(scope, _replay(body, receive), send)
        finally:
            if placed is not None:
                self.connections.done(placed)
            if taken:
                self._held -= taken
                async with self._freed:
                    self._freed.notify_all()

    def _check(self, scope: Scope, headers: Mapping[str, str]) -> None:
        # An address is no name that somebody else could have lead here: the one that was connected to is its own.
        hosts = self.hosts | {str((scope.get("server") or ("",))[0])}
        if _name_of(headers.get("host", "")) not in hosts:
            raise _Answer(421, "http.host", "this is not called by that name", "name it under 'hosts' of 'api'")
        origin = headers.get("origin")
        if origin is not None and _name_of(origin.partition("://")[2]) not in hosts:
            raise _Answer(403, "http.origin", "pages of other sites are not answered")
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            raise _Answer(403, "http.origin", "pages of other sites are not answered")
        method, path = scope["method"], scope["path"]
        is_page = not path.startswith(f"{API}/")
        self._check_token(headers, is_page=is_page and method == "GET")
        raw = scope.get("raw_path") or path.encode()
        if len(raw) > _LONGEST or b"%" in raw or not _PATH.fullmatch(path):
            raise _Answer(400, "http.path", "the path holds what no path here holds")
        query = scope.get("query_string", b"").decode("latin-1")
        if len(query) > _LONGEST or not _QUERY.fullmatch(query):
            raise _Answer(400, "http.query", "the query holds what no query here holds")
        if "upgrade" in headers or "content-encoding" in headers:
            raise _Answer(415, "http.encoding", "a body is taken as it is, without encoding")

    def _check_token(self, headers: Mapping[str, str], *, is_page: bool) -> None:
        if not self.token:
            return
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "basic" and is_page:
            # A browser asks its user: any name, and the token as the password. It reads pages, and changes nothing.
            try:
                given = base64.b64decode(given, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                given = ""
        elif kind.lower() != "bearer":
            given = ""
        # Of equal length, whatever was given: the time tells nothing.
        if not hmac.compare_digest(sha256(given.strip().encode()), sha256(self.token.encode())):
            challenge = 'Basic realm="Mixer", charset="UTF-8"' if is_page else "Bearer"
            said = "this is not the token of the Mixer" if given else "the Mixer wants its token, and none was given"
            raise _Answer(401, "http.token", said, challenge=challenge)

    def _place(self, scope: Scope) -> Connection | None:
        """The connection, which has a place from now on. Raises _Answer where all are taken."""
        connection: Connection | None = (scope.get("state") or {}).get(CONNECTION)
        if connection is None or self.connections.begin(connection):
            return connection
        if scope["path"] == _HEALTH:
            # Whoever looks after the Mixer is answered by it all the same.
            return None
        message = f"all {self.connections.most} connections of the Mixer are in use"
        raise _Answer(
            TOO_MANY, "http.many", message, "ask again in a moment; more: 'connections' under 'api' of the Mixer"
        )

    def _size(self, scope: Scope, headers: Mapping[str, str]) -> int:
        """How many bytes the body has. Raises _Answer for one that cannot be taken."""
        text = headers.get("content-length")
        if text is None:
            if "transfer-encoding" in headers:
                raise _Answer(411, "http.length", "the size of a body is said before it", "send Content-Length")
            return 0
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise _Answer(400, "http.length", "Content-Length is no number")
        size = int(text)
        if size > self.body_bytes:
            message = f"the body has {size} bytes, and the limit body_bytes is {self.body_bytes}"
            raise _Answer(413, "http.size", message, "raise body_bytes under 'api' of the Mixer")
        if size and scope["method"] in ("GET", "DELETE"):
            raise _Answer(400, "http.body", f"a {scope['method']} has no body")
        wanted = BYTES if _takes_bytes(scope["method"], scope["path"]) else JSON
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if size and kind != wanted:
            raise _Answer(415, "http.type", f"the body is '{shown(kind, 80)}', and {wanted} is needed")
        return size

    async def _make_room(self, size: int) -> int:
        try:
            async with asyncio.timeout(self.body_seconds), self._freed:
                await self._freed.wait_for(lambda: self._held + size <= 2 * self.body_bytes)
                self._held += size
        except TimeoutError:
            raise _Answer(TOO_MANY, "http.busy", "too much is sent at a time", "send it again in a moment") from None
        return size

    async def _body(self, receive: Receive, size: int) -> bytes:
        pieces: list[bytes] = []
        length = 0
        try:
            async with asyncio.timeout(self.body_seconds):
                while size and length < size:
                    message = await receive()
                    if message["type"] != "http.request":
                        raise _Answer(400, "http.body", "the body ended before its end")
                    piece = message.get("body", b"")
                    length += len(piece)
                    pieces.append(piece)
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            said = f"the body did not come within {self.body_seconds:g} seconds"
            raise _Answer(408, "http.slow", said) from None
        if length != size:
            raise _Answer(400, "http.body", f"the body has {length} bytes, and {size} were said")
        return b"".join(pieces)


def _headers(scope: Scope) -> dict[str, str]:
    """The headers, of which none that decides may come twice. Raises _Answer."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        if key in found and key in ("host", "origin", "authorization", "content-length", "content-type"):
            raise _Answer(400, "http.header", f"the header {shown(key, 80)} comes twice")
        found[key] = value.decode("latin-1")
    return found


def _name_of(host: str) -> str:
    """A host without its port, lower case."""
    host = host.strip().lower()
    if host.startswith("["):
        return host.partition("]")[0][1:]
    return host.rpartition(":")[0] if ":" in host else host


def _check_json(headers: Mapping[str, str], body: bytes) -> None:
    if not body or not headers.get("content-type", "").lower().startswith(JSON):
        return
    limits = Limits(file_bytes=len(body), nodes=_NODES)
    try:
        read_elements(Source("body.json", body, ""), limits, split=False)
    except (FluxError, RecursionError) as error:
        said = error.problems[0].message if isinstance(error, FluxError) else "it is nested too deep"
        raise _Answer(400, "http.json", f"the body is no strict JSON: {shown(said, 300)}") from None


def _takes_bytes(method: str, path: str) -> bool:
    if method == "POST":
        return path == f"{API}/content"
    return method == "PUT" and path.startswith(f"{API}/content/")


def _replay(body: bytes, receive: Receive) -> Receive:
    told = False

    async def again() -> dict[str, Any]:
        nonlocal told
        if not told:
            told = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return again


async def _drain(receive: Receive) -> None:
    """Read a little of what comes all the same: a connection that is closed before takes the answer with it."""
    length, more = 0, True
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while more and length < _DRAIN_BYTES:
                message = await receive()
                length += len(message.get("body", b""))
                more = message["type"] == "http.request" and message.get("more_body", False)


async def _refuse(send: Send, answer: _Answer) -> None:
    data = msgspec.json.encode(answer.trouble)
    headers = [(b"content-type", JSON.encode()), (b"content-length", str(len(data)).encode())]
    if answer.challenge:
        headers.append((b"www-authenticate", answer.challenge.encode()))
    if answer.status in (TOO_MANY, _ENDING):
        headers.append((b"retry-after", b"%d" % _AGAIN))
    # What of the body has not come is not waited for.
    headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": data})
