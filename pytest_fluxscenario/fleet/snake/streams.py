"""The streams of the Snake on a server with JetStream: made, or found and fitted.

A stream of the same name that is somebody else's stays as it is: the Mixer says whose it seems to be, and does not
start.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import nats.errors
import nats.js.errors
from nats.js import api

from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.messages.errors import SnakeError
from pytest_fluxscenario.fleet.snake.nats_client import OpenClient
from pytest_fluxscenario.fleet.snake.transport import Terms

#: Names the Mixer in what a stream says of itself.
_OWNER: Final = "fluxrig.mixer"
#: Seconds: that a cluster may take to choose who leads, and between two questions.
_CHOOSING: Final = 8.0
_BETWEEN: Final = 0.25
#: ... and for the answer to one.
_TRY: Final = 1.5
#: What JetStream answers (errors.json of the server).
_NOT_ENABLED: Final = (10039, 10076)
_OVERLAP: Final = 10065
_FEW: Final = (10005, 10023, 10074)
_FULL: Final = (10028, 10047)
_APART: Final = "each Mixer needs an account of its own on the cluster"


async def make_stream(link: OpenClient, url: str, name: str, subject: str, terms: Terms) -> None:
    """Make the stream where it is not there yet; one of this Mixer is given these terms.

    Raises SnakeError for one that is another's, and where JetStream will not; what the library raises otherwise.
    """
    js = link.jetstream(timeout=_TRY)
    try:
        try:
            known = await _patiently(link, js, name)
        except nats.js.errors.NotFoundError:
            await js.add_stream(_new(name, subject, terms))
            return
        fitted = _fitted(url, known, subject, terms)
        if fitted is not None:
            await js.update_stream(fitted)
    except nats.js.errors.APIError as error:
        raise _refused(url, name, subject, error) from None


async def _patiently(link: OpenClient, js: Any, name: str) -> Any:
    """What there is of that name; a cluster that has no leader yet is waited for."""
    denials, end = link.denials, asyncio.get_running_loop().time() + _CHOOSING
    while True:
        try:
            return (await js.stream_info(name)).config
        except nats.js.errors.ServiceUnavailableError as error:
            if error.err_code in _NOT_ENABLED or asyncio.get_running_loop().time() > end:
                raise
        except nats.errors.TimeoutError:
            if link.denials != denials or asyncio.get_running_loop().time() > end:
                raise
        await asyncio.sleep(_BETWEEN)


def _new(name: str, subject: str, terms: Terms) -> Any:
    return api.StreamConfig(
        name=name,
        subjects=[subject],
        retention=api.RetentionPolicy.WORK_QUEUE,
        storage=api.StorageType.FILE,
        discard=api.DiscardPolicy.NEW,
        duplicate_window=terms.dedupe,
        num_replicas=terms.replicas or 1,
        max_bytes=terms.most_bytes or -1,
        metadata={_OWNER: terms.owner} if terms.owner else None,
    )


def _fitted(url: str, known: Any, subject: str, terms: Terms) -> Any | None:
    """The stream that is there with these terms; None where it has them. Raises SnakeError for another's.

    What else its owner has set, limits and places for instance, stays.
    """
    wanted = _new(known.name, subject, terms)
    # Of a version that knew no gears: what it holds under subjects of then is handed out anew.
    narrow = known.subjects == [subject.replace(">", "*")] != wanted.subjects
    for what in ("subjects", "retention", "storage"):
        there = getattr(known, what)
        if there != getattr(wanted, what) and not (narrow and what == "subjects"):
            said = ", ".join(there) if isinstance(there, list) else getattr(there, "value", there) or "none"
            message = f"the stream {known.name} is there already, and its {what} '{shown(said)}' is that of no Mixer"
            raise _error(url, "snake.stream", message, f"it is left as it is; {_APART}")
    metadata = dict(known.metadata or {})
    owner = metadata.get(_OWNER, "")
    if owner and terms.owner and owner != terms.owner:
        message = f"the stream {known.name} belongs to another Mixer, with the key {shown(owner, 60)}"
        hint = f"{_APART}; for a Mixer that has lost its keys, delete the stream when all its work is done"
        raise _error(url, "snake.stream", message, hint)
    replicas = terms.replicas or known.num_replicas
    room = terms.most_bytes or known.max_bytes
    there = known.discard, known.duplicate_window, known.num_replicas, known.max_bytes
    same = there == (wanted.discard, terms.dedupe, replicas, room)
    if same and not narrow and owner == (terms.owner or owner):
        return None
    if terms.owner:
        metadata[_OWNER] = terms.owner
    return known.evolve(
        subjects=wanted.subjects,
        discard=wanted.discard,
        duplicate_window=terms.dedupe,
        num_replicas=replicas,
        max_bytes=room,
        metadata=metadata or None,
    )


def _refused(url: str, name: str, subject: str, error: Any) -> SnakeError:
    code, hint = error.err_code, ""
    said = shown(error.description or "", 200)
    if code in _NOT_ENABLED or (code is None and isinstance(error, nats.js.errors.ServiceUnavailableError)):
        said = "JetStream is not enabled there"
        hint = "enable it for the server ('jetstream') and for the account ('jetstream: enabled')"
    elif code == _OVERLAP:
        said, hint = f"another stream keeps {subject} already", f"it is left as it is; {_APART}"
    elif code in _FEW:
        hint = "'replicas' of 'snake' are at most the servers of the cluster that have JetStream"
    elif code in _FULL:
        hint = "the account needs more room: its limits of JetStream"
    return _error(url, "snake.stream", f"the stream {name} cannot be made: {said or error}", hint)


def _error(url: str, code: str, message: str, hint: str) -> SnakeError:
    error: SnakeError = SnakeError.of(code, Place(shown(url)), message, hint)
    return error
