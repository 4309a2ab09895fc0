"""The history of runs in the database: what was asked for, what was handed out, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import msgspec
from duckdb import DuckDBPyConnection

from pytest_fluxscenario.fleet.mixer.history.asked import Asked, AskedTable, Key, Numbers
from pytest_fluxscenario.fleet.mixer.history.database import Database
from pytest_fluxscenario.fleet.mixer.history.outcomes import Tally
from pytest_fluxscenario.fleet.mixer.history.packing import Packer, packed, words_of
from pytest_fluxscenario.fleet.mixer.history.records import Batch, RecordList
from pytest_fluxscenario.fleet.mixer.history.room import GROWING
from pytest_fluxscenario.model.evidence import RunRef
from pytest_fluxscenario.model.shapes import decode
from pytest_fluxscenario.remote.api import ItemDone, RunInfo, RunStateName
from pytest_fluxscenario.remote.case import PortableCase, PortableSettings

#: Scenarios of one statement.
_AT_A_TIME: Final = 500
#: The number of a dictionary, in the place of a scenario's or a record's.
_WORDS: Final = 0


@dataclass(slots=True)
class Run:
    """A run as the Mixer holds it while somebody needs it."""

    run: str
    created: str
    state: RunStateName
    source: str
    pool: str
    #: ``sha256:`` of what was submitted.
    digest: str
    settings: PortableSettings
    #: What of a store is run.
    refs: tuple[RunRef, ...] = ()
    #: When nothing of it was open any more, or it was cancelled; empty before.
    ended: str = ""
    #: Seconds for which nobody has to be there before what is left is dropped; 0 where nobody need be.
    patience: float = 0.0
    asked: AskedTable = field(default_factory=AskedTable)
    records: RecordList = field(default_factory=RecordList)
    tally: Tally = field(default_factory=Tally)
    #: By the number of what is asked for: the place of its record among them, from 1 on.
    _places: Numbers = field(default_factory=Numbers)
    #: The ``traceparent`` that it was begun for; empty where nothing is traced, and after the Mixer was started again.
    trace: str = ""
    #: Number to the sequence of what was handed out since the Mixer was started; 0 where that was before.
    published: Numbers = field(default_factory=Numbers)
    #: How often each was handed out anew, by its number, since the Mixer was started.
    anew: dict[int, int] = field(default_factory=dict)
    #: Number to the tickets of evidence that was turned away.
    turned_away: dict[int, set[str]] = field(default_factory=dict)
    #: Number to the tickets of evidence that a machine lacks something, each with what, where others were given it.
    passed_on: dict[int, dict[str, str]] = field(default_factory=dict)

    def take(self, batch: Batch) -> None:
        """Add records that are stored."""
        if batch.words:
            self.records.learn(batch.words)
        for done, text, row in zip(batch.done, batch.texts, batch.rows, strict=True):
            self._take(done, text, row)

    def take_stored(self, text: bytes, row: bytes) -> None:
        """Add a record that was read; one that was written twice, when a disk failed, counts once."""
        done = decode(ItemDone, text)
        if not self.has_record((done.item, done.attempt)):
            self._take(done, text, row)

    def _take(self, done: ItemDone, text: bytes, row: bytes) -> None:
        number = self.asked.number((done.item, done.attempt))
        self.records.append(text, row)
        self._places[number] = len(self.records)
        self.tally.count(self.asked.first(done.item), self.asked.at(number).case, done)

    def has_record(self, key: Key) -> bool:
        """Whether an attempt of a scenario has a record."""
        return self.place(key) > 0

    def place(self, key: Key) -> int:
        """The place of the record of an attempt, from 1 on; 0 where it has none."""
        number = self.asked.number(key)
        return self._places.get(number) if number else 0

    @property
    def waiting(self) -> int:
        """How many have no record yet."""
        return len(self.asked) - len(self._places)

    @property
    def is_open(self) -> bool:
        """Whether something has no record yet."""
        return self.waiting > 0

    def open_numbers(self, after: int = 0) -> Iterator[int]:
        """The numbers of what has no record yet, from that one on."""
        for number in range(after + 1, len(self.asked) + 1):
            if number not in self._places:
                yield number

    def in_each(self, numbers: Iterable[int]) -> float:
        """How many of these a message holds on the average; 0 where none is known to have been handed out."""
        messages = [self.published.get(number) for number in numbers]
        known = [one for one in messages if one]
        return len(known) / len(set(known)) if known else 0.0

    @property
    def open(self) -> Iterator[Asked]:
        """What has no record yet."""
        return map(self.asked.at, self.open_numbers())


class _About(msgspec.Struct, frozen=True):
    source: str
    pool: str
    digest: str
    settings: PortableSettings
    refs: tuple[RunRef, ...] = ()
    patience: float = 0.0


@dataclass(frozen=True, slots=True)
class History:
    """Reads and writes runs. Every method raises DatabaseError."""

    database: Database

    async def add(self, run: Run) -> None:
        """Keep a new run with all that it asks for."""
        about = _About(run.source, run.pool, run.digest, run.settings, run.refs, run.patience)
        row = [run.run, run.created, run.state, _text(about), run.ended, None]

        def work(connection: DuckDBPyConnection) -> None:
            connection.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?)", row)
            _insert_cases(connection, run.run, run.asked)

        await self.database.do(work)

    async def ask(self, run: Run, asked: Asked) -> None:
        """Keep a further attempt; the run is under way again."""

        def work(connection: DuckDBPyConnection) -> None:
            _insert_cases(connection, run.run, [asked])
            connection.execute("UPDATE runs SET state = 'running', ended = '', info = NULL WHERE run = ?", [run.run])

        await self.database.do(work)

    async def handed_out(self, run: str, numbers: Sequence[int]) -> None:
        """Remember what the Snake keeps."""
        sql = "INSERT INTO published SELECT ?, unnest(?::BIGINT[])"
        await self._write(sql, [run, list(numbers)])

    async def record(self, run: str, batch: Batch) -> None:
        """Keep what came of scenarios."""
        sql = "INSERT INTO kept SELECT ?, unnest(?::BIGINT[]), unnest(?::BLOB[])"
        numbers, rows = [one.number for one in batch.done], list(batch.rows)
        if batch.words:
            numbers, rows = [_WORDS, *numbers], [packed(batch.words), *rows]
        await self._write(sql, [run, numbers, rows])

    async def end(self, info: RunInfo) -> None:
        """Remember that a run has ended, and how."""
        sql = "UPDATE runs SET state = ?, ended = ?, info = ? WHERE run = ?"
        await self._write(sql, [info.state, info.ended, _text(info), info.run])

    async def read(self, run: str) -> Run | None:
        """A run with everything; None where there is none of that id."""
        return await self.database.do(lambda connection: _read(connection, run))

    async def latest(self, most: int) -> list[tuple[str, RunInfo | None]]:
        """The latest runs, newest first: the id of each, and how it ended where that is remembered."""
        sql = "SELECT DISTINCT run, info, created FROM runs ORDER BY created DESC, run LIMIT ?"
        rows = await self.database.do(lambda connection: connection.execute(sql, [most]).fetchall())
        return [(run, None if info is None else decode(RunInfo, info.encode())) for run, info, _ in rows]

    async def running(self) -> list[str]:
        """The ids of the runs that have not ended."""
        sql = "SELECT run FROM runs WHERE state = 'running' ORDER BY created"
        return await self.database.do(lambda connection: [row[0] for row in connection.execute(sql).fetchall()])

    async def old(self, before: str, most: int) -> list[tuple[str, RunStateName]]:
        """Ids and states of runs begun before that moment, and of those beyond the ``most`` newest; oldest first."""
        sql = (
            "SELECT run, state FROM"
            " (SELECT run, state, created, row_number() OVER (ORDER BY created DESC, run) AS place FROM runs)"
            " WHERE created < ? OR place > ? ORDER BY created"
        )
        return await self.database.do(lambda connection: connection.execute(sql, [before, most]).fetchall())

    async def forget(self, runs: Sequence[str]) -> None:
        """Remove runs with all that came of them; the file shrinks with the next ``Database.compact``."""

        def work(connection: DuckDBPyConnection) -> None:
            of_these = " WHERE run IN (SELECT unnest(?::VARCHAR[]))"
            for table in (*GROWING, "runs"):
                connection.execute(f"DELETE FROM {table}{of_these}", [list(runs)])  # noqa: S608 - a table of ours  # nosec B608

        await self.database.do(work)

    async def _write(self, sql: str, values: Sequence[object]) -> None:
        def work(connection: DuckDBPyConnection) -> None:
            connection.execute(sql, values)

        await self.database.do(work)


def _insert_cases(connection: DuckDBPyConnection, run: str, asked: Iterable[Asked]) -> None:
    # As columns: row by row takes DuckDB milliseconds each. In parts: it holds ten times what it is given.
    sql = "INSERT INTO asked SELECT ?, unnest(?::BIGINT[]), unnest(?::BIGINT[]), unnest(?::BLOB[])"
    words, left = b"", iter(asked)
    while part := list(islice(left, _AT_A_TIME)):
        texts = [msgspec.json.encode(one.case) for one in part]
        numbers, attempts, rows = [one.number for one in part], [one.attempt for one in part], list[bytes]()
        if not words and len(texts) > 1:
            words = words_of(texts)
            numbers, attempts, rows = [_WORDS, *numbers], [_WORDS, *attempts], [packed(words)]
        connection.execute(sql, [run, numbers, attempts, [*rows, *(packed(text, words) for text in texts)]])


def _read(connection: DuckDBPyConnection, run: str) -> Run | None:
    row = connection.execute("SELECT created, state, data, ended FROM runs WHERE run = ?", [run]).fetchone()
    if row is None:
        return None
    about = decode(_About, row[2].encode())
    found = Run(run, row[0], row[1], about.source, about.pool, about.digest, about.settings, about.refs, row[3] or "")
    found.patience = about.patience
    for attempt, text in _cases(connection, run):
        case = decode(PortableCase, text)
        # What was written when a disk failed may have been written once more.
        if (case.item, attempt) not in found.asked:
            found.asked.add(case, attempt)
    sql = "SELECT number FROM published WHERE run = ?"
    for (number,) in connection.execute(sql, [run]).fetchall():
        found.published[number] = 0
    sql = "SELECT data FROM records WHERE run = ? ORDER BY number"
    for (data,) in _rows(connection, sql, run):
        # Of an earlier version.
        found.take_stored(data.encode(), packed(data.encode()))
    sql = "SELECT number, data FROM kept WHERE run = ? ORDER BY number"
    for number, data in _rows(connection, sql, run):
        if number == _WORDS:
            found.records.learn(Packer().unpack(data))
        else:
            found.take_stored(found.records.unpacked(data), data)
    return found


def _cases(connection: DuckDBPyConnection, run: str) -> Iterator[tuple[int, bytes]]:
    """What a run asks for: which attempt each is, and its case as JSON."""
    sql = "SELECT attempt, data FROM cases WHERE run = ? ORDER BY number"
    for attempt, data in _rows(connection, sql, run):
        # Of an earlier version.
        yield attempt, data.encode()
    packer = Packer()
    sql = "SELECT number, attempt, data FROM asked WHERE run = ? ORDER BY number"
    for number, attempt, data in _rows(connection, sql, run):
        if number == _WORDS:
            packer.learn(packer.unpack(data))
        else:
            yield attempt, packer.unpack(data)


def _rows(connection: DuckDBPyConnection, sql: str, run: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a run, which are not all held at a time."""
    asked = connection.execute(sql, [run])
    while several := asked.fetchmany(_AT_A_TIME):
        yield from several


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
