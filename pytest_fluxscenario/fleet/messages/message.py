"""fluxMsg: what Mixer and Racks say to each other, one frozen value for each kind (fleet.md, "fluxMsg")."""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal

from msgspec import Struct

from pytest_fluxscenario.gears.settings import ENGINE
from pytest_fluxscenario.model.evidence import ProfileRef
from pytest_fluxscenario.remote.case import Done, PortableCase, PortablePack, PortableSettings, PortableSpec

VERSION: Final = 2
#: Gears of one rack: each is a queue of its own in each of its pools.
MOST_GEARS: Final = 32
#: Of a rack, as the Mixer sees it.
RackState = Literal["pending", "active", "suspended", "offline"]


class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """The ``data`` of a message."""

    kind: ClassVar[str]


class Hello(Body, frozen=True, kw_only=True):
    """A rack is there, and asks to be let in; the Mixer answers with ``Welcome`` or ``Refusal``."""

    kind: ClassVar = "hello"
    rack: str
    #: Public nkey; who has its secret half is the rack.
    key: str
    #: Of this package.
    version: str
    #: What it runs scenarios against.
    gears: tuple[str, ...]
    pools: tuple[str, ...] = ("default",)
    labels: dict[str, str] = {}
    #: Scenarios that it runs at a time.
    slots: int = 1
    #: What hooks can run on there, of ``runtimes.port.NEEDS``.
    runtimes: tuple[str, ...] = ()
    #: From an earlier welcome; empty at the first.
    passport: bytes = b""
    #: By the rack's key, over all other fields: who knows its name does not speak for it.
    signature: bytes = b""


class Welcome(Body, frozen=True, kw_only=True):
    """What became of a hello."""

    kind: ClassVar = "welcome"
    state: RackState
    #: New or the one that was presented; empty while pending.
    passport: bytes = b""
    #: Public key that signs passports.
    mixer: str = ""
    #: Seconds between heartbeats.
    beat: float = 2.0
    #: Seconds until work of which nothing is heard goes to another rack.
    ack_wait: float = 30.0


class Refusal(Body, frozen=True, kw_only=True):
    """The answer to a request that is not met."""

    kind: ClassVar = "refusal"
    code: str
    message: str
    hint: str = ""


class Heartbeat(Body, frozen=True, kw_only=True):
    """A rack is still there."""

    kind: ClassVar = "heartbeat"
    rack: str
    slots: int
    #: Items that are under way, as run and item id.
    busy: tuple[tuple[str, str], ...] = ()
    #: Since it was started.
    done: int = 0
    draining: bool = False


class Command(Body, frozen=True, kw_only=True):
    """The Mixer tells a rack what to do."""

    kind: ClassVar = "command"
    #: ``hello``: introduce yourself again, because something about you has changed.
    do: Literal["hello", "suspend", "activate", "drain", "cancel", "remove"]
    #: ``cancel``: items of that run are dropped.
    run: str = ""


class Work(Body, frozen=True, kw_only=True):
    """One scenario to run."""

    kind: ClassVar = "work"
    case: PortableCase
    settings: PortableSettings = PortableSettings()
    #: 1-based; grows where whoever submitted it runs the item again.
    attempt: int = 1
    #: 0, or the number under which it is handed out anew, because nothing was left of it.
    issue: int = 0
    #: How often it may be taken by racks that do not come back before it is given up.
    tries: int = 3
    #: How often that was so before it was handed out alone.
    taken: int = 0
    #: Refs of the results of earlier attempts.
    earlier: tuple[str, ...] = ()
    #: The scenario itself, where it is small; empty where the rack asks for it by its hash.
    document: bytes = b""
    #: Shown with everything that is said of this work.
    ticket: str = ""


class Part(Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """What is a scenario's own where several go together: fields of ``PortableCase`` and of ``Work``."""

    item: str
    content: str
    hash: str
    file: str
    row: str | None
    references: bool
    floats: bool
    xfail: str | None
    strict: bool
    document: bytes
    ticket: str


class Handful(Body, frozen=True, kw_only=True):
    """Several scenarios to run, all of one pack, which calls no hooks: their first attempt, handed out first."""

    kind: ClassVar = "handful"
    profile: ProfileRef
    pack: PortablePack
    spec: PortableSpec | None = None
    gear: str = ENGINE
    settings: PortableSettings = PortableSettings()
    tries: int = 3
    parts: tuple[Part, ...]


class Evidence(Body, frozen=True, kw_only=True):
    """What became of one scenario."""

    kind: ClassVar = "evidence"
    rack: str
    #: The item's id, as it was submitted.
    item: str
    attempt: int
    #: ``ran``: there is a record. ``missing``: the machine lacks what a hook runs on. ``refused``: it could not be
    #: begun. ``given-up``: taken ``tries`` times by racks that did not come back. ``again``: it came with others, of
    #: which one may have ended a rack; it was not begun here, and is to be handed out alone.
    outcome: Literal["ran", "missing", "refused", "given-up", "again"]
    #: Why there is no record.
    reason: str = ""
    #: What it was run against, as the rack calls it; what was asked for, or its answer counts for nothing.
    gear: str = ENGINE
    done: Done | None = None
    #: Of the work.
    ticket: str = ""
    #: By the rack's key, over all other fields and the run; empty among ``Findings``, which have one.
    signature: bytes = b""


class Findings(Body, frozen=True, kw_only=True):
    """What became of several scenarios of one run, all on one rack."""

    kind: ClassVar = "findings"
    found: tuple[Evidence, ...]
    #: By the rack's key, over all of them and the run.
    signature: bytes = b""


class Fetch(Body, frozen=True, kw_only=True):
    """A rack asks for a piece of content, for work of the message's run that it was given."""

    kind: ClassVar = "fetch"
    #: 64 hex digits.
    hash: str
    offset: int = 0
    item: str = ""
    attempt: int = 1
    #: Of the work.
    ticket: str = ""


class Piece(Body, frozen=True, kw_only=True):
    """A piece of content: the answer to ``Fetch``."""

    kind: ClassVar = "piece"
    hash: str
    offset: int
    #: Of the whole content.
    size: int
    data: bytes


class Presence(Body, frozen=True, kw_only=True):
    """A Mixer is there; another with its key answers with its own."""

    kind: ClassVar = "presence"
    #: Of this start of it.
    instance: str
    #: Nanoseconds since 1970, UTC.
    since: int
    #: The name of its machine.
    host: str


#: The allow-list: what is not here is refused.
KINDS: Final[dict[str, type[Body]]] = {
    body.kind: body
    for body in (
        Hello,
        Welcome,
        Refusal,
        Heartbeat,
        Command,
        Work,
        Handful,
        Evidence,
        Findings,
        Fetch,
        Piece,
        Presence,
    )
}


class Message(Struct, frozen=True):
    """One message: the envelope, and in it what is said."""

    id: int
    data: Any
    #: The id that it answers.
    ref: int | None = None
    #: The run that it belongs to; empty where to none.
    run: str = ""
    #: Nanoseconds since 1970, UTC.
    ts: int = 0
    #: W3C traceparent; empty where nothing is traced.
    trace: str = ""
    meta: dict[str, str] = {}
    v: int = VERSION

    @property
    def kind(self) -> str:
        """What is said, by name."""
        return type(self.data).kind if isinstance(self.data, Body) else ""
