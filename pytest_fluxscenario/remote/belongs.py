"""Whether a record is of the scenario that was asked for: nothing else may become its verdict (fleet.md, "Security").

Looked at twice, by the Mixer before it keeps a record and by pytest before it tells of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from msgspec import UNSET

from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.evidence.agree import verdict_of
from pytest_fluxscenario.evidence.reading import parse_line
from pytest_fluxscenario.evidence.redact import MASK
from pytest_fluxscenario.gears.settings import ENGINE
from pytest_fluxscenario.model.evidence import RECORD_SCHEMA, ProfileRef, Result, SpecRef, Volatile
from pytest_fluxscenario.model.shapes import decode
from pytest_fluxscenario.remote.case import PortableCase


@dataclass(frozen=True, slots=True)
class Asked:
    """What a record has to be of."""

    item: str
    #: ``sha256:`` of the scenario as written.
    scenario: str
    file: str
    row: str | None
    profile: ProfileRef
    specs: tuple[SpecRef, ...] = ()
    #: The scenario's own id, and the names of its steps; empty where only hashes are known.
    id: str = ""
    steps: tuple[str, ...] = ()
    #: What it had to run against, as racks call it.
    gear: str = ENGINE


@dataclass(frozen=True, slots=True)
class Given:
    """What came back, as its sender says it."""

    #: A line of JSON, without its line feed.
    record: str
    ref: str
    verdict: str
    #: Whether something was redacted: then a mask may stand for anything.
    redacted: bool = False


def asked_of(case: PortableCase) -> Asked:
    """What the record of a case has to be of."""
    specs = (SpecRef(case.spec.ref, f"sha256:{case.spec.hash}"),) if case.spec is not None else ()
    return Asked(case.item, case.hash, case.file, case.row, case.profile, specs, gear=case.gear)


def why_not(asked: Asked, given: Given) -> str:
    """Why what came back cannot be the record of what was asked for; empty where it can."""
    line = parse_line(given.record.encode("utf-8", "surrogatepass"))
    if isinstance(line, str):
        return f"its record {line}"
    body = bytes(line.result)
    if line.schema != RECORD_SCHEMA:
        return f"its record is of the kind '{shown(line.schema, 80)}'"
    if not line.ref == given.ref == sha256_ref(body):
        return "its record is not the one that its hash says"
    try:
        result = decode(Result, body)
        volatile = decode(Volatile, bytes(line.volatile))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return f"its record has another shape: {shown(error, 300)}"
    pairs = [("scenario", asked.item, line.id), *_pairs(asked, result)]
    for what, wanted, said in pairs:
        if said != wanted and not (given.redacted and fits_mask(said, wanted)):
            return f"its record is of another {what}: {shown(said, 100)}, and not {shown(wanted, 100)}"
    if bool(volatile.gear) == (asked.gear == ENGINE):
        # What a gear calls itself is its own to say; that it was not the engine, and the other way round, is not.
        return f"its record is an answer of '{shown(volatile.gear or ENGINE, 100)}', and not of '{asked.gear}'"
    if not result.verdict == given.verdict == verdict_of(result.steps):
        return "its record has another verdict than its steps"
    return ""


def _pairs(asked: Asked, result: Result) -> Iterator[tuple[str, str, str]]:
    scenario, profile = result.scenario, result.profile
    if asked.id:
        yield "scenario", asked.id, scenario.id
    yield "scenario", asked.scenario, scenario.hash
    yield "file", asked.file, scenario.file
    yield "row", asked.row or "none", "none" if scenario.row is UNSET else scenario.row
    for name in ("hash", "id", "version", "origin", "source"):
        yield "profile", getattr(asked.profile, name), getattr(profile, name)
    yield "spec", _listed(asked.specs), _listed(result.specs)
    numbers = [str(step.index) for step in result.steps]
    yield "scenario", ", ".join(map(str, range(1, len(result.steps) + 1))), ", ".join(numbers)
    if asked.steps:
        yield "scenario", "\n".join(asked.steps), "\n".join(step.name for step in result.steps)


def _listed(specs: tuple[SpecRef, ...]) -> str:
    return ", ".join(f"{spec.ref} {spec.hash}" for spec in specs) or "none"


def fits_mask(said: str, wanted: str) -> bool:
    """Whether ``said`` can be ``wanted`` after redaction; in one pass, whatever a stranger has written."""
    first, *others = said.split(MASK)
    if not others or not wanted.startswith(first):
        return False
    *between, last = others
    at = len(first)
    for part in between:
        found = wanted.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(wanted) - at >= len(last) and wanted.endswith(last)
