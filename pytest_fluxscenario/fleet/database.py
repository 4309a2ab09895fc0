"""The Mixer's database: one DuckDB file, one thread that speaks to it, and all that is asked at once is one commit."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final, NamedTuple, TypeVar

import duckdb

from pytest_fluxscenario.base.errors import DamageError, FluxError, UsageError
from pytest_fluxscenario.base.fs import make_folder
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown

#: Grows when the tables change; an older file is brought up to it, a newer one refused.
VERSION: Final = 3
_TABLES: Final = (
    "CREATE TABLE racks (name VARCHAR, data VARCHAR)",
    "CREATE TABLE runs (run VARCHAR, created VARCHAR, state VARCHAR, data VARCHAR, ended VARCHAR, info VARCHAR)",
    "CREATE TABLE cases (run VARCHAR, number BIGINT, attempt BIGINT, data VARCHAR)",
    "CREATE TABLE published (run VARCHAR, number BIGINT)",
    "CREATE TABLE removed (key VARCHAR)",
    "CREATE TABLE records (run VARCHAR, number BIGINT, data VARCHAR)",
)
#: What brings tables of a version up to the next one.
_STEPS: Final[dict[int, tuple[str, ...]]] = {
    1: ("ALTER TABLE runs ADD COLUMN ended VARCHAR", "ALTER TABLE runs ADD COLUMN info VARCHAR"),
    2: ("CREATE TABLE removed (key VARCHAR)",),
}
#: Those that hold something of each scenario.
_GROWING: Final = ("cases", "published", "records")
#: Most statements of one commit.
_MOST: Final = 512
_T = TypeVar("_T")
Work = Callable[[duckdb.DuckDBPyConnection], Any]


class _Asked(NamedTuple):
    work: Work
    future: Future[Any]
    #: Not within a transaction.
    alone: bool


class DatabaseError(FluxError):
    """The database cannot be used, or does not do what it is asked."""


class Database:
    """An open database. What is asked is done in order; a call that wrote returns when that is durable."""

    def __init__(self, path: str) -> None:
        """Raises DatabaseError, also where another process has it open; DamageError where it is no database."""
        self._path = path
        self._asked: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        make_folder(os.path.dirname(os.path.abspath(path)))
        self._connection = _open(path)
        self._thread = threading.Thread(target=self._serve, name="fluxrig-database", daemon=True)
        self._thread.start()

    async def do(self, work: Callable[[duckdb.DuckDBPyConnection], _T]) -> _T:
        """What ``work`` gives, which is called in the thread of the database. Raises DatabaseError."""
        return await asyncio.wrap_future(self._ask(work))

    async def compact(self) -> None:
        """Give back the room of what was removed; others wait meanwhile. Raises DatabaseError."""
        await asyncio.wrap_future(self._ask(_compact, alone=True))

    def now(self, work: Callable[[duckdb.DuckDBPyConnection], _T]) -> _T:
        """The same, waited for: before and after the Mixer serves."""
        return self._ask(work).result()

    def close(self) -> None:
        """Do what was asked, and leave the file; may be called again."""
        if self._thread.is_alive():
            self._asked.put(None)
            self._thread.join()

    def _ask(self, work: Callable[[duckdb.DuckDBPyConnection], _T], *, alone: bool = False) -> Future[_T]:
        future: Future[_T] = Future()
        self._asked.put(_Asked(work, future, alone))
        return future

    def _serve(self) -> None:
        ends = False
        while not ends:
            batch: list[_Asked] = []
            asked = self._asked.get()
            while asked is not None:
                batch.append(asked)
                if len(batch) >= _MOST or asked.alone or self._asked.empty():
                    break
                asked = self._asked.get()
            ends = asked is None
            last = batch.pop() if batch and batch[-1].alone else None
            if batch:
                self._commit(batch)
            if last is not None:
                self._alone(last)
        self._connection.close()

    def _commit(self, batch: list[_Asked]) -> None:
        """All of them as one transaction; where that fails each for itself, so that one does not undo the others."""
        try:
            answers = self._transact([one.work for one in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told to who asked
            if len(batch) > 1:
                for one in batch:
                    self._commit([one])
                return
            batch[0].future.set_exception(_error(self._path, error))
            return
        for one, answer in zip(batch, answers, strict=True):
            one.future.set_result(answer)

    def _alone(self, asked: _Asked) -> None:
        try:
            asked.future.set_result(asked.work(self._connection))
        except Exception as error:  # noqa: BLE001 - as above
            with contextlib.suppress(duckdb.Error):
                self._connection.rollback()
            asked.future.set_exception(_error(self._path, error))

    def _transact(self, works: list[Work]) -> list[Any]:
        self._connection.begin()
        try:
            answers = [work(self._connection) for work in works]
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()
        return answers


def _open(path: str) -> duckdb.DuckDBPyConnection:
    try:
        connection = duckdb.connect(path, config={"threads": 1, "memory_limit": "512MB"})
        connection.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
    except duckdb.Error as error:
        raise _unusable(path, error) from None
    try:
        _upgrade(connection, path)
    except duckdb.Error as error:
        connection.close()
        raise _unusable(path, error) from None
    except FluxError:
        connection.close()
        raise
    return connection


def _compact(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("CHECKPOINT")
    _rewrite(connection, [table for table in _GROWING if _is_sparse(connection, table)])
    blocks = connection.execute("SELECT free_blocks, used_blocks FROM pragma_database_size()").fetchone()
    if blocks is not None and blocks[0] > blocks[1]:
        # The file ends with the last block in use: once more, into the room that is free before it.
        _rewrite(connection, _GROWING)


def _is_sparse(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether most of a table was removed: a row keeps its place while others of its group of 122,880 are there."""
    held = (
        f"SELECT coalesce(sum(count), 0) FROM pragma_storage_info('{table}')"  # noqa: S608 - one of ours
        " WHERE column_name = 'number' AND segment_type <> 'VALIDITY'"
    )
    return _number(connection, held) > 2 * _number(connection, f"SELECT count(*) FROM {table}")  # noqa: S608 - as above


def _rewrite(connection: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> None:
    for table in tables:
        connection.begin()
        connection.execute(f"CREATE TABLE fresh AS SELECT * FROM {table}")  # noqa: S608 - as above
        connection.execute(f"DROP TABLE {table}")
        connection.execute(f"ALTER TABLE fresh RENAME TO {table}")
        connection.commit()
    connection.execute("CHECKPOINT")


def _number(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row is not None else 0


def _upgrade(connection: duckdb.DuckDBPyConnection, path: str) -> None:
    names = {name for (name,) in connection.execute("SELECT table_name FROM information_schema.tables").fetchall()}
    if "meta" not in names and names:
        message = "is a database of another program: it holds other tables"
        raise UsageError.of("database.foreign", Place(path), message, "name another folder as 'data'")
    if not names:
        connection.begin()
        for table in ("CREATE TABLE meta (version BIGINT)", *_TABLES):
            connection.execute(table)
        connection.execute("INSERT INTO meta VALUES (?)", [VERSION])
        connection.commit()
        return
    row = connection.execute("SELECT version FROM meta").fetchone()
    version = 0 if row is None else int(row[0] or 0)
    if not 1 <= version <= VERSION:
        said = f"version {version}" if version else "no version"
        message = f"has {said} of the Mixer's tables, and this Mixer knows 1 to {VERSION}"
        hint = "start the version of the Mixer that wrote it, or restore the copy from before it was started"
        raise UsageError.of("database.version", Place(path), message, hint)
    if version < VERSION:
        # All of it or nothing: whoever is killed here finds the old tables.
        connection.begin()
        for step in range(version, VERSION):
            for statement in _STEPS[step]:
                connection.execute(statement)
        connection.execute("UPDATE meta SET version = ?", [VERSION])
        connection.commit()


def _unusable(path: str, error: duckdb.Error) -> FluxError:
    text = str(error)
    if "lock" in text.lower():
        message = "is in use: another Mixer has it open"
        return DatabaseError.of("database.locked", Place(path), message, "stop it, or name another folder as 'data'")
    if isinstance(error, duckdb.IOException) and os.path.isfile(path) and not os.access(path, os.R_OK | os.W_OK):
        return DatabaseError.of("database.unreadable", Place(path), "cannot be read and written")
    first = shown(text.splitlines()[0] if text else type(error).__name__)
    hint = "restore it from a copy, or move it away: the Mixer then begins without history, and racks are adopted anew"
    return DamageError.of("database.damaged", Place(path), f"cannot be used as the Mixer's database: {first}", hint)


def _error(path: str, error: Exception) -> Exception:
    if isinstance(error, duckdb.Error):
        text = str(error)
        first = shown(text.splitlines()[0] if text else type(error).__name__)
        return DatabaseError.of("database.failed", Place(path), f"the database refused: {first}")
    return error
