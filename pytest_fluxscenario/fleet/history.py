"""The history of runs in the database: what was asked for, what was handed out, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
from duckdb import DuckDBPyConnection

from pytest_fluxscenario.fleet.database import Database
from pytest_fluxscenario.fleet.records import RecordList, Tally
from pytest_fluxscenario.model.evidence import RunRef
from pytest_fluxscenario.model.shapes import decode
from pytest_fluxscenario.remote.api import ItemDone, RunInfo, RunStateName
from pytest_fluxscenario.remote.case import PortableCase, PortableSettings

#: Scenarios of one statement.
_AT_A_TIME: Final = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """One attempt of one scenario, as it was asked for."""

    #: 1-based, in the order of the submission.
    number: int
    case: PortableCase
    attempt: int = 1


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
    #: By item and attempt.
    asked: dict[tuple[str, int], Asked] = field(default_factory=dict)
    records: RecordList = field(default_factory=RecordList)
    tally: Tally = field(default_factory=Tally)
    #: Item and attempt of each record to its place among them, from 1 on.
    known: dict[tuple[str, int], int] = field(default_factory=dict)
    #: The ``traceparent`` that it was begun for; empty where nothing is traced, and after the Mixer was started again.
    trace: str = ""
    #: Number to the sequence of what was handed out since the Mixer was started; 0 where that was before.
    published: dict[int, int] = field(default_factory=dict)
    #: How often each was handed out anew, by its number, since the Mixer was started.
    anew: dict[int, int] = field(default_factory=dict)
    #: Number to the tickets of evidence that was turned away.
    turned_away: dict[int, set[str]] = field(default_factory=dict)

    def take(self, done: ItemDone) -> None:
        """Add a record."""
        self.records.append(done)
        key = done.item, done.attempt
        asked = self.asked.get(key)
        # The text that is held already, and not once more for each record.
        self.known[key if asked is None else (asked.case.item, done.attempt)] = len(self.records)

    @property
    def is_open(self) -> bool:
        """Whether something has no record yet."""
        return len(self.known) < len(self.asked)

    @property
    def open(self) -> list[Asked]:
        """What has no record yet."""
        return [asked for key, asked in self.asked.items() if key not in self.known]


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
        asked = list(run.asked.values())
        about = _About(run.source, run.pool, run.digest, run.settings, run.refs, run.patience)
        row = [run.run, run.created, run.state, _text(about), run.ended, None]

        def work(connection: DuckDBPyConnection) -> None:
            connection.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?)", row)
            _insert_cases(connection, run.run, asked)

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

    async def record(self, run: str, done: Sequence[ItemDone]) -> None:
        """Keep what came of scenarios."""
        sql = "INSERT INTO records SELECT ?, unnest(?::BIGINT[]), unnest(?::VARCHAR[])"
        values = [run, [one.number for one in done], [_text(one) for one in done]]
        await self._write(sql, values)

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
            for each in ("DELETE FROM records", "DELETE FROM published", "DELETE FROM cases", "DELETE FROM runs"):
                connection.execute(each + of_these, [list(runs)])

        await self.database.do(work)

    async def _write(self, sql: str, values: Sequence[object]) -> None:
        def work(connection: DuckDBPyConnection) -> None:
            connection.execute(sql, values)

        await self.database.do(work)


def _insert_cases(connection: DuckDBPyConnection, run: str, asked: Sequence[Asked]) -> None:
    # As columns: row by row takes DuckDB milliseconds each. In parts: it holds ten times what it is given.
    sql = "INSERT INTO cases SELECT ?, unnest(?::BIGINT[]), unnest(?::BIGINT[]), unnest(?::VARCHAR[])"
    for start in range(0, len(asked), _AT_A_TIME):
        part = asked[start : start + _AT_A_TIME]
        numbers, attempts = [one.number for one in part], [one.attempt for one in part]
        connection.execute(sql, [run, numbers, attempts, [_text(one.case) for one in part]])


def _read(connection: DuckDBPyConnection, run: str) -> Run | None:
    row = connection.execute("SELECT created, state, data, ended FROM runs WHERE run = ?", [run]).fetchone()
    if row is None:
        return None
    about = decode(_About, row[2].encode())
    found = Run(run, row[0], row[1], about.source, about.pool, about.digest, about.settings, about.refs, row[3] or "")
    found.patience = about.patience
    sql = "SELECT number, attempt, data FROM cases WHERE run = ? ORDER BY number"
    for number, attempt, data in connection.execute(sql, [run]).fetchall():
        case = decode(PortableCase, data.encode())
        found.asked[case.item, attempt] = Asked(number, case, attempt)
    sql = "SELECT number FROM published WHERE run = ?"
    found.published = {number: 0 for (number,) in connection.execute(sql, [run]).fetchall()}
    sql = "SELECT data FROM records WHERE run = ? ORDER BY number"
    for (data,) in connection.execute(sql, [run]).fetchall():
        done = decode(ItemDone, data.encode())
        # What was written when a disk failed may have been written once more.
        if (done.item, done.attempt) not in found.known:
            found.take(done)
    return found


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
