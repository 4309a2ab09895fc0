"""The documents of the Mixer's API, one frozen value each: what the Mixer answers with and what clients read.

``docs/openapi.yaml`` is written from these.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

from pytest_fluxscenario.model.evidence import RunRef, RunVerdict, ScenarioOutcome
from pytest_fluxscenario.remote.case import PortableCase, PortableSettings

API: Final = "/v1"
#: Most hashes that are asked for at once.
MOST_HASHES: Final = 10_000
#: ... and records that are asked for by name.
MOST_WANTED: Final = 500

RackStateName = Literal["pending", "active", "suspended", "offline"]
RunStateName = Literal["running", "finished", "cancelled"]
Outcome = Literal["ran", "missing", "refused", "given-up", "skipped"]


class Document(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=False):
    """What all documents of the API have in common: unknown fields are refused."""


class Trouble(Document, frozen=True):
    """Why a request is not met."""

    code: str
    message: str
    hint: str = ""


class RackCounts(Document, frozen=True):
    """How many racks are in which state."""

    pending: int = 0
    active: int = 0
    suspended: int = 0
    offline: int = 0


class Health(Document, frozen=True):
    """The Mixer is there."""

    status: Literal["ok", "degraded"]
    #: Name and version of the package.
    tool: str
    #: Whether the link to the racks is up.
    snake: bool
    racks: RackCounts
    #: Runs that are under way.
    running: int
    #: What the startup reference means; empty where there is nothing.
    active: str = ""


class RackInfo(Document, frozen=True):
    """One rack."""

    name: str
    state: RackStateName
    version: str
    key: str
    gears: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    slots: int = 0
    #: Scenarios that are under way, as run and item id.
    busy: tuple[tuple[str, str], ...] = ()
    #: Scenarios that it has run since it was started.
    done: int = 0
    #: RFC 3339, UTC.
    first_seen: str = ""
    last_seen: str = ""
    #: What hooks can run on there, beside Python: ``node``, ``typescript``, ``wasm``.
    runtimes: tuple[str, ...] = ()


class Filed(Document, frozen=True):
    """One version in the store."""

    name: str
    tag: str
    #: ``sha256:`` and 64 hex digits.
    hash: str
    #: Whether it is what ``name:latest`` means.
    latest: bool = False


class Hashes(Document, frozen=True):
    """Content, named by its hashes of 64 hex digits."""

    hashes: tuple[str, ...]


class Submission(Document, frozen=True):
    """Scenarios to run; their content is there already."""

    #: Name and version of the sender's package.
    tool: str
    cases: tuple[PortableCase, ...]
    settings: PortableSettings = PortableSettings()
    pool: str = "default"
    #: Who sends it, for people.
    source: str = "pytest"
    #: What of a store is run, for the evidence.
    refs: tuple[RunRef, ...] = ()
    #: Seconds: where nobody attends to the run or asks for its records for so long, the rest is dropped. 0 for never.
    patience: float = 0.0
    #: Hashes of content that holds further scenarios, each a list of cases; for more than one document may hold.
    parts: tuple[str, ...] = ()


class RefSubmission(Document, frozen=True):
    """Scenarios of the Mixer's store to run."""

    #: ``name:tag``, ``name:latest``, ``sha256:hash``; empty for what the Mixer was started with.
    ref: str = ""
    pool: str = "default"
    #: What they run against; empty for what each pack names.
    gear: str = ""


class Again(Document, frozen=True):
    """A further attempt of an item."""

    item: str
    #: 2 for the second.
    attempt: int


class Wanted(Document, frozen=True):
    """Records that somebody has use for; the first of them is waited for."""

    #: Item and attempt of each: at least one, and at most 500.
    items: tuple[tuple[str, int], ...]


class RunInfo(Document, frozen=True):
    """A run, and how far it is."""

    run: str
    state: RunStateName
    source: str
    pool: str
    #: RFC 3339, UTC.
    created: str
    #: Scenarios in all, and those that are accounted for.
    total: int
    done: int
    #: Verdict, or ``xfailed``, ``skipped``, ``missing``, ``refused`` and ``given-up``, to how many.
    verdicts: dict[str, int] = {}
    #: Rack to how many it has run.
    racks: dict[str, int] = {}
    #: RFC 3339, UTC; empty while it is under way.
    ended: str = ""
    #: What the run is worth so far, as the manifest of its evidence says it.
    verdict: RunVerdict = "incomplete"
    #: What its scenarios run against, to how many.
    gears: dict[str, int] = {}


class ItemDone(Document, frozen=True):
    """What became of one scenario."""

    #: Grows by one in the order in which they came.
    number: int
    item: str
    attempt: int
    rack: str
    outcome: Outcome
    #: Why there is no record; empty where there is one.
    reason: str = ""
    #: The record as a line of JSON.
    record: str = ""
    ref: str = ""
    verdict: str = ""
    where: tuple[tuple[int, tuple[str | int, ...]], ...] = ()
    fault: str = ""
    errors: tuple[tuple[str, str], ...] = ()
    called: bool = False
    damaged: bool = False
    #: What it showed of its profile, in hexadecimal.
    seen: str = "0"
    redactions: dict[str, int] = {}
    #: What it counts as in its run, as evidence says it: one that is expected to fail may do so.
    counts: ScenarioOutcome = "not_run"


class Records(Document, frozen=True):
    """What has come of a run since the number that was asked for."""

    state: RunStateName
    records: tuple[ItemDone, ...]
    racks: RackCounts
    total: int
    done: int
    #: What active racks of its pool offer, to how many of them do.
    gears: dict[str, int] = {}
    #: Gear to how many scenarios wait for it.
    waiting: dict[str, int] = {}
