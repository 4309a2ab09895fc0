"""The Mixer's side of the Snake, as little of it as a rack needs: for tests of the rack alone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.store import blobs_of
from pytest_fluxscenario.cas.writing import write_blob
from pytest_fluxscenario.fleet.messages.errors import SnakeError
from pytest_fluxscenario.fleet.messages.ids import Ids
from pytest_fluxscenario.fleet.messages.keys import Key, new_key
from pytest_fluxscenario.fleet.messages.message import (
    Body,
    Command,
    Evidence,
    Fetch,
    Heartbeat,
    Hello,
    Piece,
    RackState,
    Refusal,
    Welcome,
    Work,
)
from pytest_fluxscenario.fleet.messages.passport import is_signed, issue
from pytest_fluxscenario.fleet.messages.subjects import (
    CONTENT,
    EVIDENCE,
    HEARTBEATS,
    HELLO,
    commands,
    once_key,
    work,
    work_needing,
)
from pytest_fluxscenario.fleet.messages.wire import Writer, decode_as
from pytest_fluxscenario.fleet.snake.transport import Delivery, Stored, Terms, Transport
from pytest_fluxscenario.packs.resolve import Resolver
from pytest_fluxscenario.remote.case import PortableCase
from pytest_fluxscenario.remote.parcel import Parcel
from pytest_fluxscenario.runner.suite import Suite
from pytest_fluxscenario.runtimes.port import NEEDS
from tests.fakes.packs import scenario, write, write_pack
from tests.fakes.waiting import PATIENCE

#: Of content: small, so that even a short file is more than one piece.
_PIECE = 64


@dataclass
class Desk:
    """Hands out, and keeps what comes back; ``standing`` is what it answers to the next hello."""

    link: Transport
    blobs: Blobs
    standing: RackState = "active"
    refusal: Refusal | None = None
    terms: Terms = field(default_factory=lambda: Terms(ack_wait=1.0))
    key: Key = field(default_factory=new_key)
    hellos: list[Hello] = field(default_factory=list)
    beats: list[Heartbeat] = field(default_factory=list)
    #: Run, item and attempt to all that was said of it, duplicates too.
    evidence: dict[tuple[str, str, int], list[Evidence]] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    writer: Writer = field(default_factory=lambda: Writer(Ids(1)))

    async def open(self) -> None:
        await self.link.prepare(self.terms)
        needing = [work_needing("default", need) for need in NEEDS]
        for queue in (work("default"), work("other"), *needing, EVIDENCE):
            await self.link.open_queue(queue, self.terms)
        await self.link.subscribe(HELLO, self._hello)
        await self.link.subscribe(HEARTBEATS, self._beat)
        await self.link.subscribe(CONTENT, self._content)

    async def hand_out(self, run: str, *cases: PortableCase, pool: str = "default", tries: int = 3) -> list[Stored]:
        stored = []
        for case in cases:
            data = self.writer.encoded(Work(case=case, tries=tries), run=run)
            stored.append(await self.link.publish(work(pool).of(run), data, once_key(run, case.item, 1)))
        return stored

    async def collect(self, count: int, wait: float = PATIENCE) -> None:
        """Until so many scenarios are accounted for."""
        async with asyncio.timeout(wait):
            while len(self.evidence) < count:
                taken = await self._taken()
                for delivery in taken:
                    message, said = decode_as(Evidence, delivery.data)
                    self.evidence.setdefault((message.run, said.item, said.attempt), []).append(said)
                await asyncio.gather(*map(_acknowledged, taken))

    async def _taken(self) -> list[Delivery]:
        try:
            return await self.link.take(EVIDENCE, 64, 0.5)
        except SnakeError:
            await asyncio.sleep(0.1)
            return []

    async def tell(self, rack: str, command: Command) -> None:
        await self.link.send(commands(rack), self.writer.encoded(command))

    async def _hello(self, _: str, data: bytes) -> bytes:
        message, hello = decode_as(Hello, data)
        assert is_signed(hello)
        self.hellos.append(hello)
        answer: Body = self.refusal or self._welcome(hello)
        return self.writer.encoded(answer, answers=message)

    def _welcome(self, hello: Hello) -> Welcome:
        passport = issue(self.key, hello.rack, hello.key, hello.pools) if self.standing != "pending" else b""
        return Welcome(
            state=self.standing, passport=passport, mixer=self.key.public, beat=0.1, ack_wait=self.terms.ack_wait
        )

    async def _beat(self, _: str, data: bytes) -> None:
        self.beats.append(decode_as(Heartbeat, data)[1])

    async def _content(self, _: str, data: bytes) -> bytes:
        message, fetch = decode_as(Fetch, data)
        self.fetched.append(fetch.hash)
        try:
            whole = self.blobs.read(fetch.hash)
        except FluxError as error:
            refusal = Refusal(code=error.problems[0].code, message=error.problems[0].message)
            return self.writer.encoded(refusal, answers=message)
        part = whole[fetch.offset : fetch.offset + max(_PIECE, len(whole) // 3)]
        piece = Piece(hash=fetch.hash, offset=fetch.offset, size=len(whole), data=part)
        return self.writer.encoded(piece, answers=message)


async def _acknowledged(delivery: Delivery) -> None:
    # Where the broker is gone it comes again.
    with contextlib.suppress(SnakeError):
        await delivery.ack()


@asynccontextmanager
async def open_desk(
    link: Transport, folder: Path, kind: type[Desk] = Desk, terms: Terms | None = None
) -> AsyncIterator[Desk]:
    desk = kind(link, blobs_of(str(folder)))
    desk.terms = terms or desk.terms
    await desk.open()
    yield desk


async def until(true: Callable[[], object], wait: float = PATIENCE) -> None:
    """Until ``true()`` is."""
    async with asyncio.timeout(wait):
        for _ in iter(lambda: not true(), False):
            await asyncio.sleep(0.01)


def cases_of(root: Path, desk: Desk, count: int) -> list[PortableCase]:
    """So many scenarios of a small pack below ``root``, whose content the desk has."""
    pack = write_pack(root / "packs" / "small")
    write(pack / "scenarios" / "all.scenario.json", *[scenario(f"s{number:03}") for number in range(count)])
    return parcel_of(root, desk, "packs/small/scenarios/all.scenario.json").cases


def parcel_of(root: Path, desk: Desk, *names: str) -> Parcel:
    suite, parcel = Suite(str(root), Resolver(str(root))), Parcel()
    for name in names:
        for loaded in suite.load(suite.read(str(root / name), name)):
            subject = suite.subject(loaded, name)
            for row in loaded.rows:
                parcel.add(f"{name}::{row.name}", row, subject, name)
    for read in parcel.content.values():
        write_blob(desk.blobs, read())
    suite.close()
    return parcel
