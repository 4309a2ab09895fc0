"""A scenario as it travels: everything that its record hangs on, and nothing of the machine that it comes from."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from pytest_fluxscenario.gears.settings import ENGINE
from pytest_fluxscenario.model.evidence import ProfileRef, Verdict


class PortablePack(Struct, frozen=True, forbid_unknown_fields=True):
    """A process pack, or a profile alone, by its content."""

    kind: Literal["tree", "profile"]
    #: 64 hex digits of the tree document, or of the profile's bytes.
    hash: str
    #: How messages show the pack; of a profile alone the name of its file.
    where: str
    #: ``sha256:`` over all that a decision can depend on, as the sender loaded it.
    behaviour: str
    origin: Literal["tree", "store"]
    #: ``name:tag``, where the store was asked by it.
    store_ref: str | None = None
    #: What the sender's store has it under.
    stored: str | None = None


class PortableSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """A spec by its content."""

    #: As evidence names it.
    ref: str
    #: 64 hex digits.
    hash: str
    #: How messages show its file; the suffix says how it is read.
    name: str


class PortableCase(Struct, frozen=True, forbid_unknown_fields=True):
    """One scenario, or one parameter row of it, on one pack."""

    #: The id of its item.
    item: str
    #: 64 hex digits of the scenario as compact JSON, parameters put in.
    content: str
    #: ``sha256:`` of the canonical JSON of the scenario as written.
    hash: str
    #: What evidence calls the file.
    file: str
    profile: ProfileRef
    pack: PortablePack
    spec: PortableSpec | None = None
    row: str | None = None
    #: What it runs against, as racks call it.
    gear: str = ENGINE
    #: Whether strings may hold references that are replaced while it runs.
    references: bool = True
    #: Whether it may hold a float.
    floats: bool = True
    #: Why it is not run; None where it is.
    skip: str | None = None
    #: Why it is expected to fail; None where it is not.
    xfail: str | None = None
    #: Whether one that is expected to fail has failed where it passes.
    strict: bool = False


class PortableSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How the scenarios of one run are run."""

    on_failure: Literal["continue", "stop"] = "continue"
    #: Regular expressions of text that no record may hold.
    redact: tuple[str, ...] = ()
    #: Limits of documents, as ``name=value``.
    limits: tuple[str, ...] = ()
    #: Whether racks may export the names of scenarios and steps: not where the sender redacts values that they lack.
    names: bool = True
    #: Names of variables that hooks see where the sender is; their values are those of the machine that runs them.
    hook_env: tuple[str, ...] = ()


class Done(Struct, frozen=True, forbid_unknown_fields=True):
    """What came of one attempt of a case."""

    item: str
    #: The record as one line of JSON, without its line feed; empty where there is none.
    record: str
    #: ``sha256:`` of the canonical JSON of its result.
    ref: str
    verdict: Verdict
    #: Who ran it.
    rack: str
    #: Why the run could not begin; empty where it did.
    fault: str = ""
    #: Index of a step and the part of the scenario that is at fault, where that is not the step as a whole.
    where: tuple[tuple[int, tuple[str | int, ...]], ...] = ()
    #: Where the scenario did not pass: hook id and what it wrote to its standard error, call by call.
    errors: tuple[tuple[str, str], ...] = ()
    #: A hook of the pack was called.
    called: bool = False
    #: A hook did not run, because the content of its pack is damaged.
    damaged: bool = False
    #: What it showed of its profile, in hexadecimal: bits of the pack's index.
    seen: str = "0"
    #: What the machine lacks, where a hook could not run there: then there is no record.
    missing: str = ""
    #: ... and what that is, as ``runtimes.port`` calls it; empty where another machine is not known to have it.
    lacks: str = ""
    #: How often each redaction rule has replaced something.
    redactions: dict[str, int] = {}
