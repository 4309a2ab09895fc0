"""One path of the API as a value: what is asked, what is answered, and the application that Starlette makes of them."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.mixer.attending import Attending
from pytest_fluxscenario.fleet.mixer.refusal import Refused, refused
from pytest_fluxscenario.fleet.mixer.service import Service
from pytest_fluxscenario.model.shapes import decode
from pytest_fluxscenario.remote.api import API, Trouble
from pytest_fluxscenario.telemetry.trace import HEADER, traceparent

JSON: Final = "application/json"
BYTES: Final = "application/octet-stream"
NDJSON: Final = "application/x-ndjson"
ZIP: Final = "application/zip"
HTML: Final = "text/html; charset=utf-8"
#: Where a request keeps which path of the table it asked for.
PATH: Final = "fluxrig.path"
_NUMBER: Final = re.compile(r"[0-9]{1,16}(\.[0-9]{1,20})?")
_LOG: Final = logging.getLogger("fluxrig.mixer")
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    # Of any answer that a browser may take for a page; a page names its own style besides.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
}
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Query:
    """A number in the query, from 0 on; left out it is 0."""

    name: str
    says: str
    most: float
    whole: bool = False

    def read(self, given: str | None) -> float:
        """The number. Raises Refused."""
        if given is None:
            return 0.0
        number: float = -1
        if _NUMBER.fullmatch(given):
            # Beyond 53 bits a float is another number.
            number = int(given) if given.isdigit() else float(given)
        if not 0 <= number <= self.most or (self.whole and number != int(number)):
            hint = f"a {'whole ' if self.whole else ''}number from 0 to {self.most:g}"
            raise refused(Refused, "http.query", f"{self.name} is '{shown(given, 80)}'", hint)
        return number


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asks of one endpoint."""

    service: Service
    path: Mapping[str, str]
    query: Mapping[str, float]
    #: As it came; the guard has counted it.
    body: bytes
    #: The header that the endpoint reads; empty where it did not come.
    header: str = ""
    #: The ``traceparent`` of the request; empty where there is none.
    trace: str = ""

    def document(self, kind: type[_T]) -> _T:
        """The body as a value. Raises Refused."""
        try:
            return decode(kind, self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            said = f"the body is not what is taken here: {shown(error, 300)}"
            raise refused(Refused, "http.body", said) from None


@dataclass(frozen=True, slots=True)
class Page:
    """What a page is made of."""

    html: str
    #: Seconds after which it is asked for again; 0 for never.
    again: int = 0


@dataclass(frozen=True, slots=True)
class Download:
    """A file that is sent and then removed."""

    path: str
    #: What it is called where it is kept.
    name: str


@dataclass(frozen=True, slots=True)
class Held:
    """An answer that does not end before whoever asked goes away."""

    run: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path, below ``/v1`` unless it is a page."""

    method: str
    path: str
    answer: Callable[[Asked], Awaitable[Any]]
    summary: str = ""
    tag: str = ""
    #: The type of what comes back; None for nothing.
    gives: Any = None
    #: The type of the body, ``bytes`` for bytes; None for none.
    takes: Any = None
    query: tuple[Query, ...] = ()
    kind: str = JSON
    #: A header that is read, and what it says.
    header: tuple[str, str] | None = None

    async def serve(self, service: Service, request: Request) -> Response:
        """Answer one request: whatever happens is a line of JSON."""
        try:
            numbers = {one.name: one.read(request.query_params.get(one.name)) for one in self.query}
            header = "" if self.header is None else request.headers.get(self.header[0], "")
            trace = traceparent(request.headers.get(HEADER, ""))
            asked = Asked(service, request.path_params, numbers, await request.body(), header, trace)
            given = await self.answer(asked)
        except FluxError as error:
            return _flux(error)
        except Exception as error:  # noqa: BLE001 - a client is answered, whatever it is
            _LOG.exception("a request failed")
            message = f"the Mixer failed: {type(error).__name__}"
            return _response(500, Trouble("mixer.failed", message, "its log says where; please report it"))
        if given is None:
            return Response(status_code=204, headers=_HEADERS)
        if isinstance(given, Page):
            again = {"Refresh": str(given.again)} if given.again else {}
            return Response(given.html, media_type=HTML, headers={**_HEADERS, **again})
        if isinstance(given, Download):
            return _download(given, self.kind)
        if isinstance(given, Held):
            return _Holding(given.run, service.runs.attending)
        data = given if isinstance(given, bytes) else msgspec.json.encode(given)
        return Response(data, media_type=self.kind, headers=_HEADERS)


def make_app(service: Service, endpoints: Iterable[Endpoint], pages: Iterable[Endpoint] = ()) -> Starlette:
    """The application."""
    routes = [_route(service, API, one) for one in endpoints]
    routes += [_route(service, "", one) for one in pages]
    app = Starlette(routes=routes, exception_handlers={404: _none, 405: _none})
    app.router.redirect_slashes = False
    return app


def _route(service: Service, prefix: str, endpoint: Endpoint) -> Route:
    async def answer(request: Request) -> Response:
        request.scope[PATH] = f"{prefix}{endpoint.path}"
        return await endpoint.serve(service, request)

    return Route(f"{prefix}{endpoint.path}", answer, methods=[endpoint.method])


def _download(given: Download, kind: str) -> Response:
    return FileResponse(
        given.path,
        media_type=kind,
        filename=given.name,
        headers=_HEADERS,
        background=BackgroundTask(os.unlink, given.path),
    )


class _Holding(Response):  # type: ignore[misc]  # where the extra is not installed, the library has no types
    """A line feed now and then."""

    def __init__(self, run: str, attending: Attending) -> None:
        super().__init__(media_type=NDJSON, headers=_HEADERS)
        self._run, self._attending = run, attending

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG002 - as ASGI calls it
        """Answer, until one of both ends."""
        plain = [(name, value) for name, value in self.raw_headers if name != b"content-length"]
        await send({"type": "http.response.start", "status": 200, "headers": plain})

        async def beat() -> None:
            await send({"type": "http.response.body", "body": b"\n", "more_body": True})

        await self._attending.hold(self._run, receive, beat)
        await send({"type": "http.response.body", "body": b""})


def _response(status: int, trouble: Trouble) -> Response:
    return Response(msgspec.json.encode(trouble), status_code=status, media_type=JSON, headers=_HEADERS)


async def _none(_: Request, error: Any) -> Response:
    said = {404: "there is no such path", 405: "the path is not asked in that way"}
    status = int(error.status_code)
    answer = _response(status, Trouble("http.none" if status == 404 else "http.method", said[status]))
    answer.headers.update(error.headers or {})
    return answer


def _flux(error: FluxError) -> Response:
    problem = error.problems[0]
    place = f"{problem.place}: " if str(problem.place) else ""
    if isinstance(error, Refused):
        status = error.status
    elif problem.code.startswith(("database.", "snake.", "fs.")):
        _LOG.error("a request failed: %s", problem)
        status = 503
    else:
        # What is asked for cannot be used; where the store is damaged, that is the Mixer's own fault.
        status = 500 if error.exit_status == 3 else 422
    return _response(status, Trouble(problem.code, f"{place}{problem.message}", problem.hint))
