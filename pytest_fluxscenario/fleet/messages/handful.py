"""Several scenarios, and what became of them, in one message (ADR 59).

Most of what a small scenario costs on its way is that it is a message: taken, acknowledged, signed, kept and answered
for itself. Here stands how several are one, and how one or several are read alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pytest_fluxscenario.fleet.messages.cbor import refused
from pytest_fluxscenario.fleet.messages.message import Evidence, Findings, Handful, Message, Part, Work
from pytest_fluxscenario.fleet.messages.subjects import once_key
from pytest_fluxscenario.fleet.messages.wire import decode
from pytest_fluxscenario.remote.case import PortableCase

#: Scenarios in one message at most.
MOST: Final = 16


def together(works: Sequence[Work]) -> Work | Handful:
    """What says the same as all of ``works``, which differ in what a ``Part`` has alone; of one that is itself."""
    first = works[0]
    if len(works) == 1:
        return first
    case = first.case
    return Handful(
        profile=case.profile,
        pack=case.pack,
        spec=case.spec,
        gear=case.gear,
        settings=first.settings,
        tries=first.tries,
        parts=tuple(map(_part, works)),
    )


def works_in(data: bytes) -> tuple[Message, tuple[Work, ...]]:
    """A message that hands out work, and all that it hands out. Raises MessageError, whatever ``data`` is."""
    message = decode(data)
    said = message.data
    if isinstance(said, Work):
        return message, (said,)
    if not isinstance(said, Handful):
        raise refused("message.kind", f"is of the kind '{message.kind}', where work is taken")
    if not 1 < len(said.parts) <= MOST:
        raise refused("message.data", f"(handful) has {len(said.parts)} scenarios", f"there are 2 to {MOST} in one")
    return message, tuple(_work(said, part) for part in said.parts)


def findings_in(data: bytes) -> tuple[Message, Evidence | Findings]:
    """A message that says what became of scenarios. Raises MessageError, whatever ``data`` is."""
    message = decode(data)
    said = message.data
    if not isinstance(said, (Evidence, Findings)):
        raise refused("message.kind", f"is of the kind '{message.kind}', where evidence is taken")
    if isinstance(said, Findings) and not 1 < len(said.found) <= MOST:
        raise refused("message.data", f"(findings) has {len(said.found)} scenarios", f"there are 2 to {MOST} in one")
    return message, said


def all_of(said: Evidence | Findings) -> tuple[Evidence, ...]:
    """Each for itself."""
    return (said,) if isinstance(said, Evidence) else said.found


def once_key_of(run: str, works: Sequence[Work]) -> str:
    """``Nats-Msg-Id`` of work: other scenarios together are another message."""
    first = works[0]
    # No two rows of ids are one text: each is told with its length.
    items = "".join(f"{len(one.case.item)}:{one.case.item}" for one in works) if len(works) > 1 else first.case.item
    return once_key(run, items, first.attempt, first.issue)


def _part(work: Work) -> Part:
    case = work.case
    return Part(
        case.item,
        case.content,
        case.hash,
        case.file,
        case.row,
        case.references,
        case.floats,
        case.xfail,
        case.strict,
        work.document,
        work.ticket,
    )


def _work(said: Handful, part: Part) -> Work:
    case = PortableCase(
        item=part.item,
        content=part.content,
        hash=part.hash,
        file=part.file,
        profile=said.profile,
        pack=said.pack,
        spec=said.spec,
        row=part.row,
        gear=said.gear,
        references=part.references,
        floats=part.floats,
        xfail=part.xfail,
        strict=part.strict,
    )
    return Work(case=case, settings=said.settings, tries=said.tries, document=part.document, ticket=part.ticket)
