"""The racks: who they are, who may work, who is there (fleet.md, "Rack")."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec
from duckdb import DuckDBPyConnection

from pytest_fluxscenario.base.clock import Clock, SystemClock, seconds, timestamp
from pytest_fluxscenario.base.names import word_fault
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.messages.message import MOST_GEARS, Heartbeat, Hello
from pytest_fluxscenario.fleet.messages.passport import is_signed
from pytest_fluxscenario.fleet.messages.subjects import Queue
from pytest_fluxscenario.fleet.mixer.history.database import Database
from pytest_fluxscenario.fleet.mixer.refusal import Conflict, NotThere, Refused, refused
from pytest_fluxscenario.fleet.snake.permissions import RackAccount, rack_name_fault
from pytest_fluxscenario.model.shapes import decode
from pytest_fluxscenario.remote.api import RackCounts, RackInfo, RackStateName
from pytest_fluxscenario.runtimes.port import NEEDS

Standing = Literal["pending", "active", "suspended"]
#: Racks that are remembered; a stranger may invent names.
MOST_RACKS: Final = 1_000
#: Racks that wait to be let in: who comes after them takes the place of the one that was silent longest.
MOST_PENDING: Final = 100
#: Scenarios of one rack that others are told of.
_MOST_BUSY: Final = 64


class Rack(msgspec.Struct, frozen=True):
    """A rack as it is remembered."""

    name: str
    key: str
    version: str
    standing: Standing
    gears: tuple[str, ...]
    pools: tuple[str, ...]
    labels: dict[str, str]
    slots: int
    first_seen: str
    last_seen: str
    runtimes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Beat:
    """What a rack said last, and when by the clock that only goes forward."""

    at: float
    busy: tuple[tuple[str, str], ...] = ()
    done: int = 0
    slots: int = 0


@dataclass(slots=True)
class Registry:
    """All racks. Methods raise Refused, and DatabaseError."""

    database: Database
    #: Of this package: racks of another are refused.
    version: str
    pools: tuple[str, ...]
    auto_adopt: bool = False
    #: Racks that the configuration lets in.
    adopt: tuple[str, ...] = ()
    #: Seconds without a heartbeat after which a rack is offline.
    offline_after: float = 10.0
    #: Keys of others: of the Mixer, and of whoever joins.
    reserved: frozenset[str] = frozenset()
    clock: Clock = SystemClock()  # noqa: RUF009 - a frozen value
    #: By name.
    _racks: dict[str, Rack] = field(default_factory=dict)
    _beats: dict[str, _Beat] = field(default_factory=dict)
    #: Keys of racks that somebody has removed: they are let in when somebody approves them, and not by themselves.
    _removed: set[str] = field(default_factory=set)
    #: Of those who change a rack: it hears hello, and somebody tells it what to do, at the same time.
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def load(self) -> None:
        """Read what is remembered, before the Mixer serves."""
        rows = self.database.now(lambda connection: connection.execute("SELECT data FROM racks").fetchall())
        racks = [decode(Rack, data.encode()) for (data,) in rows]
        self._racks = {rack.name: rack for rack in racks}
        keys = self.database.now(lambda connection: connection.execute("SELECT key FROM removed").fetchall())
        self._removed = {key for (key,) in keys}

    async def hello(self, said: Hello) -> Rack:
        """Who says hello, as it is remembered from now on. Raises Refused for one that is not let in."""
        self._check(said)
        async with self._lock:
            return await self._hello(said)

    async def _hello(self, said: Hello) -> Rack:
        known = self._racks.get(said.rack)
        if known is not None and known.key != said.key:
            message = f"the name '{said.rack}' belongs to a rack with another key"
            raise refused(Conflict, "rack.name", message, f"fluxrig rack remove {said.rack}, or give it another name")
        other = next((rack.name for rack in self._racks.values() if rack.key == said.key), said.rack)
        if other != said.rack:
            message = f"the key of the rack '{said.rack}' is that of the rack '{other}'"
            hint = f"was it renamed? fluxrig rack remove {other}; was its data copied? give each rack data of its own"
            raise refused(Conflict, "rack.key", message, hint)
        if known is None and len(self._racks) >= MOST_RACKS:
            raise refused(
                Refused, "rack.many", f"the Mixer knows {MOST_RACKS} racks", "remove some: fluxrig rack remove"
            )
        now = timestamp(self.clock.now())
        standing: Standing = "pending" if known is None else known.standing
        if standing == "pending" and said.key not in self._removed and (self.auto_adopt or said.rack in self.adopt):
            standing = "active"
        pools = tuple(pool for pool in said.pools if pool in self.pools)
        if known is None and standing == "pending":
            await self._make_place()
        rack = Rack(
            said.rack,
            said.key,
            said.version,
            standing,
            said.gears,
            pools,
            said.labels,
            said.slots,
            now if known is None else known.first_seen,
            now,
            said.runtimes,
        )
        # Who only says once more what is known costs no commit.
        if known is not None and msgspec.structs.replace(rack, last_seen=known.last_seen) == known:
            self._racks[rack.name] = rack
        else:
            await self._keep(rack)
        self._beats[rack.name] = _Beat(seconds(), slots=said.slots)
        return rack

    def beat(self, said: Heartbeat) -> None:
        """A rack is there; one that is not known is passed over."""
        rack = self._racks.get(said.rack)
        if rack is not None:
            self._beats[rack.name] = _Beat(seconds(), said.busy[:_MOST_BUSY], said.done, said.slots)
            now = timestamp(self.clock.now())
            self._racks[rack.name] = msgspec.structs.replace(rack, last_seen=now)

    async def stand(self, name: str, standing: Standing, only: Iterable[Standing]) -> Rack:
        """Let a rack in, or suspend it; ``only`` are the standings in which that means anything."""
        async with self._lock:
            rack = self.find(name)
            if rack.standing not in only:
                message = f"the rack '{name}' is {rack.standing}"
                verb = {"pending": "approve", "suspended": "activate", "active": "suspend"}[rack.standing]
                raise refused(Conflict, "rack.state", message, f"fluxrig rack {verb} {name}")
            if rack.standing != standing:
                rack = msgspec.structs.replace(rack, standing=standing)
                await self._keep(rack, readmit=True)
            return rack

    async def remove(self, name: str) -> Rack:
        """Forget a rack; where it comes again somebody has to approve it, whatever the configuration adopts."""
        async with self._lock:
            rack = self.find(name)

            def work(connection: DuckDBPyConnection) -> None:
                connection.execute("DELETE FROM racks WHERE name = ?", [name])
                connection.execute("INSERT INTO removed VALUES (?)", [rack.key])

            await self.database.do(work)
            self._removed.add(rack.key)
            del self._racks[name]
            self._beats.pop(name, None)
            return rack

    def known(self, name: str) -> Rack | None:
        """A rack; None where there is none of that name."""
        return self._racks.get(name)

    def find(self, name: str) -> Rack:
        """A rack. Raises NotThere."""
        rack = self._racks.get(name)
        if rack is None:
            raise refused(NotThere, "rack.none", f"there is no rack '{shown(name, 80)}'", "see: fluxrig rack list")
        return rack

    def accounts(self) -> dict[str, RackAccount]:
        """Who may connect as itself: all that have been let in; those that are suspended take from no pool."""
        let_in = [rack for rack in self._racks.values() if rack.standing != "pending"]
        pools = {rack.name: rack.pools if rack.standing == "active" else () for rack in let_in}
        return {
            rack.name: RackAccount(rack.name, rack.key, pools[rack.name], rack.gears, rack.runtimes) for rack in let_in
        }

    def queues(self) -> set[Queue]:
        """What they take from."""
        return {queue for account in self.accounts().values() for queue in account.queues()}

    def active(self, pool: str) -> list[Rack]:
        """The active racks of a pool."""
        return [rack for rack in self._racks.values() if pool in rack.pools and self._state(rack) == "active"]

    def info(self, name: str) -> RackInfo:
        """A rack as others are told of it. Raises NotThere."""
        rack = self.find(name)
        beat = self._beats.get(name)
        return RackInfo(
            name,
            self._state(rack),
            rack.version,
            rack.key,
            rack.gears,
            rack.pools,
            rack.labels,
            rack.slots,
            beat.busy if beat is not None else (),
            beat.done if beat is not None else 0,
            rack.first_seen,
            rack.last_seen,
            rack.runtimes,
        )

    def all(self) -> list[RackInfo]:
        """All racks, by name."""
        return [self.info(name) for name in sorted(self._racks)]

    def counts(self, pool: str | None = None) -> RackCounts:
        """How many racks, of one pool or of all, are in which state."""
        states = [self._state(rack) for rack in list(self._racks.values()) if pool is None or pool in rack.pools]
        return RackCounts(*(states.count(state) for state in ("pending", "active", "suspended", "offline")))

    def _state(self, rack: Rack) -> RackStateName:
        beat = self._beats.get(rack.name)
        if rack.standing != "active":
            return rack.standing
        return "active" if beat is not None and seconds() - beat.at <= self.offline_after else "offline"

    def _check(self, said: Hello) -> None:
        fault = rack_name_fault(said.rack)
        if fault:
            raise refused(Refused, "rack.name", f"'{shown(said.rack, 80)}' is no name of a rack", fault)
        if said.version != self.version:
            message = f"the rack '{said.rack}' is {shown(said.version, 80)}, and the Mixer is {self.version}"
            raise refused(Conflict, "rack.version", message, "install the same version on all machines")
        if not set(said.pools) & set(self.pools):
            message = f"the rack '{said.rack}' takes from no pool of this Mixer"
            raise refused(Refused, "rack.pools", message, f"known: {', '.join(self.pools)}")
        if said.key in self.reserved:
            raise refused(Refused, "rack.key", f"the rack '{said.rack}' has a key that is none of a rack's own")
        for gear in said.gears:
            if fault := word_fault(gear):
                message = f"the rack '{said.rack}' offers '{shown(gear, 80)}', which is no name of a gear"
                raise refused(Refused, "rack.gears", message, fault)
        if not 1 <= len(said.gears) <= MOST_GEARS or len(set(said.gears)) != len(said.gears):
            message = f"the rack '{said.rack}' offers {len(said.gears)} gears, or one of them twice"
            raise refused(Refused, "rack.gears", message, f"from 1 to {MOST_GEARS}")
        if not set(said.runtimes) <= set(NEEDS) or len(set(said.runtimes)) != len(said.runtimes):
            message = f"the rack '{said.rack}' says that hooks run on what no rack is asked for"
            raise refused(Refused, "rack.runtimes", message, f"known: {', '.join(NEEDS)}")
        if not is_signed(said):
            message = f"the hello of the rack '{said.rack}' is not signed by the key that it names"
            raise refused(Refused, "rack.signature", message)
        texts = [*said.gears, *said.pools, *said.labels, *said.labels.values()]
        if len(texts) > 256 or any(len(text) > 256 for text in texts) or not 1 <= said.slots <= 1_000:
            raise refused(Refused, "rack.size", f"the rack '{said.rack}' says too much of itself")

    async def _make_place(self) -> None:
        """Forget the stranger that was silent longest, where there are many."""
        waiting = [rack.name for rack in self._racks.values() if rack.standing == "pending"]
        if len(waiting) >= MOST_PENDING:
            name = min(waiting, key=lambda name: self._beats[name].at if name in self._beats else 0.0)
            await self.database.do(lambda connection: connection.execute("DELETE FROM racks WHERE name = ?", [name]))
            del self._racks[name]
            self._beats.pop(name, None)

    async def _keep(self, rack: Rack, *, readmit: bool = False) -> None:
        text = msgspec.json.encode(rack).decode()

        def work(connection: DuckDBPyConnection) -> None:
            connection.execute("DELETE FROM racks WHERE name = ?", [rack.name])
            connection.execute("INSERT INTO racks VALUES (?, ?)", [rack.name, text])
            if readmit:
                connection.execute("DELETE FROM removed WHERE key = ?", [rack.key])

        await self.database.do(work)
        self._racks[rack.name] = rack
        if readmit:
            self._removed.discard(rack.key)
