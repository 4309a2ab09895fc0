"""What was submitted, as the table that a run holds: read part by part, so that not all of it is there as text."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import structs

from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.names import word_fault
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.documents.elements import read_elements
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.fleet.mixer.content import Content
from pytest_fluxscenario.fleet.mixer.history.asked import AskedTable
from pytest_fluxscenario.fleet.mixer.history.history import Run
from pytest_fluxscenario.fleet.mixer.refusal import Conflict, Refused, refused
from pytest_fluxscenario.fleet.mixer.runs.check import MOST_CASES
from pytest_fluxscenario.model.shapes import decode
from pytest_fluxscenario.remote.api import Submission
from pytest_fluxscenario.remote.case import PortableCase
from pytest_fluxscenario.remote.parts import MOST_PART

#: Values of one part.
_NODES: Final = 1_000_000


def digest_of(submission: Submission) -> str:
    """``sha256:`` of what is to be run, and how."""
    same = [submission.cases, submission.settings, submission.pool, submission.parts]
    return sha256_ref(msgspec.json.encode(same, order="deterministic"))


async def asked_of(submission: Submission, content: Content) -> AskedTable:
    """All that a submission asks for. Raises Refused for what nobody could run, Conflict where content is not here."""
    table = AskedTable()
    if submission.cases:
        await asyncio.to_thread(_add, table, submission.cases, content)
    for digest in submission.parts:
        # Others are answered between two parts.
        await asyncio.to_thread(_add_part, table, digest, content)
    if not len(table):
        raise refused(Refused, "run.empty", "the run has no scenario")
    return table


async def check_same(run: Run, submission: Submission, content: Content) -> None:
    """Raise Conflict where what is submitted differs from a run in more than why scenarios are expected to fail."""
    said = ""
    if (submission.settings, submission.pool) != (run.settings, run.pool):
        said = "other settings"
    said = said or await asyncio.to_thread(_difference, run.asked, await asked_of(submission, content))
    if said:
        message = f"the run {run.run} is there already, with other scenarios: {said}"
        hint = "workers of one session must collect the same, with the same marks: look for what hangs on the worker"
        raise refused(Conflict, "run.other", message, hint)


def _difference(known: AskedTable, asked: AskedTable) -> str:
    if known.items != len(asked):
        return f"{len(asked)} and not {known.items}"
    for number in range(1, len(asked) + 1):
        one, other = known.at(number).case, asked.at(number).case
        if one.item != other.item:
            return f"'{shown(other.item, 200)}' stands where '{shown(one.item, 200)}' does"
        if structs.replace(one, xfail=other.xfail, strict=other.strict) != other:
            return f"'{shown(other.item, 200)}' is another scenario, or of another pack"
        # Why it is expected to fail may name the worker: no verdict hangs on that.
        if ((one.xfail is None), one.strict) != ((other.xfail is None), other.strict):
            return f"'{shown(other.item, 200)}' has another mark xfail"
    return ""


def _add_part(table: AskedTable, digest: str, content: Content) -> None:
    lacking = content.lacks((digest,))
    data = b"" if lacking else content.small(digest, MOST_PART)
    if not data:
        said = "is not here" if lacking else f"is larger than {MOST_PART} bytes, or cannot be read"
        hint = "send it first: PUT /v1/content/HASH"
        raise refused(Conflict, "run.part", f"the part {digest} of the run {said}", hint)
    try:
        # What came as content was not looked through at the door.
        read_elements(Source("part.json", data, digest), Limits(file_bytes=len(data), nodes=_NODES), split=False)
        cases = decode(tuple[PortableCase, ...], data)
    except (FluxError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        said = error.problems[0].message if isinstance(error, FluxError) else str(error)
        message = f"the part {digest} of the run is no list of scenarios: {shown(said, 300)}"
        raise refused(Refused, "run.part", message) from None
    _add(table, cases, content)


def _add(table: AskedTable, cases: Sequence[PortableCase], content: Content) -> None:
    if len(table) + len(cases) > MOST_CASES:
        raise refused(Refused, "run.size", f"the run has more than {MOST_CASES} scenarios", "run several sessions")
    for gear in {case.gear for case in cases}.difference(table.gears):
        if fault := word_fault(gear):
            raise refused(Refused, "run.gear", f"'{shown(gear, 80)}' is no name of a gear", fault)
    content.check(cases)
    for case in cases:
        try:
            table.add(case)
        except KeyError:
            message = f"two scenarios of the run have one id: {shown(case.item, 200)}"
            raise refused(Refused, "run.twice", message) from None
