"""The Mixer's database: one DuckDB file, one thread that speaks to it, and all that is asked at once is one commit."""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, TypeVar

import duckdb

from pytest_fluxscenario.base.errors import DamageError, FluxError, UsageError
from pytest_fluxscenario.base.fs import make_folder
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown

#: Grows when the tables change; an older file is brought up to it, a newer one refused.
VERSION: Final = 2
_TABLES: Final = (
    "CREATE TABLE racks (name VARCHAR, data VARCHAR)",
    "CREATE TABLE runs (run VARCHAR, created VARCHAR, state VARCHAR, data VARCHAR, ended VARCHAR, info VARCHAR)",
    "CREATE TABLE cases (run VARCHAR, number BIGINT, attempt BIGINT, data VARCHAR)",
    "CREATE TABLE published (run VARCHAR, number BIGINT)",
    "CREATE TABLE records (run VARCHAR, number BIGINT, data VARCHAR)",
)
#: What brings tables of a version up to the next one.
_STEPS: Final[dict[int, tuple[str, ...]]] = {
    1: ("ALTER TABLE runs ADD COLUMN ended VARCHAR", "ALTER TABLE runs ADD COLUMN info VARCHAR"),
}
#: Most statements of one commit.
_MOST: Final = 512
_T = TypeVar("_T")
Work = Callable[[duckdb.DuckDBPyConnection], Any]


class DatabaseError(FluxError):
    """The database cannot be used, or does not do what it is asked."""


class Database:
    """An open database. What is asked is done in order; a call that wrote returns when that is durable."""

    def __init__(self, path: str) -> None:
        """Raises DatabaseError, also where another process has it open; DamageError where it is no database."""
        self._path = path
        self._asked: queue.SimpleQueue[tuple[Work, Future[Any]] | None] = queue.SimpleQueue()
        make_folder(os.path.dirname(os.path.abspath(path)))
        self._connection = _open(path)
        self._thread = threading.Thread(target=self._serve, name="fluxrig-database", daemon=True)
        self._thread.start()

    async def do(self, work: Callable[[duckdb.DuckDBPyConnection], _T]) -> _T:
        """What ``work`` gives, which is called in the thread of the database. Raises DatabaseError."""
        return await asyncio.wrap_future(self._ask(work))

    def now(self, work: Callable[[duckdb.DuckDBPyConnection], _T]) -> _T:
        """The same, waited for: before and after the Mixer serves."""
        return self._ask(work).result()

    def close(self) -> None:
        """Do what was asked, and leave the file; may be called again."""
        if self._thread.is_alive():
            self._asked.put(None)
            self._thread.join()

    def _ask(self, work: Callable[[duckdb.DuckDBPyConnection], _T]) -> Future[_T]:
        future: Future[_T] = Future()
        self._asked.put((work, future))
        return future

    def _serve(self) -> None:
        ends = False
        while not ends:
            batch: list[tuple[Work, Future[Any]]] = []
            asked = self._asked.get()
            while asked is not None:
                batch.append(asked)
                if len(batch) >= _MOST or self._asked.empty():
                    break
                asked = self._asked.get()
            ends = asked is None
            if batch:
                self._commit(batch)
        self._connection.close()

    def _commit(self, batch: list[tuple[Work, Future[Any]]]) -> None:
        """All of them as one transaction; where that fails each for itself, so that one does not undo the others."""
        try:
            answers = self._transact([work for work, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told to who asked
            if len(batch) > 1:
                for one in batch:
                    self._commit([one])
                return
            batch[0][1].set_exception(_error(self._path, error))
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            future.set_result(answer)

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
