"""The Mixer's database: one DuckDB file, one thread that speaks to it, and all that is asked at once is one commit."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, NamedTuple, TypeVar

import duckdb

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.fs import make_folder
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.mixer.history.room import compact
from pytest_fluxscenario.fleet.mixer.history.tables import DatabaseError, open_tables

#: Bytes of the log after which the file is tidied up.
_LOG_BYTES: Final = 16 << 20
_LOG: Final = logging.getLogger("fluxrig.mixer")
#: Most statements of one commit.
_MOST: Final = 512
_T = TypeVar("_T")
Work = Callable[[duckdb.DuckDBPyConnection], Any]


class _Asked(NamedTuple):
    work: Work
    future: Future[Any]
    #: Not within a transaction.
    alone: bool


class Database:
    """An open database. What is asked is done in order; a call that wrote returns when that is durable."""

    def __init__(self, path: str) -> None:
        """Raises DatabaseError, also where another process has it open; DamageError where it is no database."""
        self._path = path
        self._asked: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        make_folder(os.path.dirname(os.path.abspath(path)))
        self._connection: duckdb.DuckDBPyConnection | None = open_tables(path)
        self._tidy_at = _LOG_BYTES
        self._thread = threading.Thread(target=self._serve, name="fluxrig-database", daemon=True)
        self._thread.start()

    async def do(self, work: Callable[[duckdb.DuckDBPyConnection], _T]) -> _T:
        """What ``work`` gives, which is called in the thread of the database. Raises DatabaseError."""
        return await asyncio.wrap_future(self._ask(work))

    async def compact(self) -> None:
        """Give back the room of what was removed; others wait meanwhile. Raises DatabaseError."""
        await asyncio.wrap_future(self._ask(compact, alone=True))

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
            # Who no longer waits for it does not get it.
            batch = [one for one in batch if one.future.set_running_or_notify_cancel()]
            last = batch.pop() if batch and batch[-1].alone else None
            if batch:
                self._commit(batch)
            if last is not None:
                self._alone(last)
            self._tidy()
        if self._connection is not None:
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
            self._failed(batch[0], error)
            return
        for one, answer in zip(batch, answers, strict=True):
            one.future.set_result(answer)

    def _alone(self, asked: _Asked) -> None:
        try:
            asked.future.set_result(asked.work(self._opened()))
        except Exception as error:  # noqa: BLE001 - as above
            with contextlib.suppress(duckdb.Error, FluxError):
                self._opened().rollback()
            self._failed(asked, error)

    def _failed(self, asked: _Asked, error: Exception) -> None:
        self._leave_if_broken(error)
        asked.future.set_exception(_error(self._path, error))

    def _tidy(self) -> None:
        """Move what was committed from the log into the file, now and then."""
        try:
            size = os.path.getsize(f"{self._path}.wal")
        except OSError:
            size = 0
        if size < self._tidy_at:
            return
        try:
            self._opened().execute("CHECKPOINT")
            self._tidy_at = _LOG_BYTES
        except (duckdb.Error, FluxError) as error:
            # Nothing is lost, only longer: what was committed stands in the log.
            _LOG.warning("%s could not be tidied up: %s", shown(self._path), shown(error, 300))
            self._tidy_at = size + _LOG_BYTES
            self._leave_if_broken(error)

    def _opened(self) -> duckdb.DuckDBPyConnection:
        """The connection; a new one after the library gave one up. Raises DatabaseError and what opening raises."""
        if self._connection is None:
            self._connection = open_tables(self._path)
        return self._connection

    def _leave_if_broken(self, error: Exception) -> None:
        """After a failure that the library calls fatal a connection answers no more: the next one begins anew."""
        connection = self._connection
        if connection is not None and isinstance(error, (duckdb.FatalException, duckdb.InternalException)):
            self._connection = None
            with contextlib.suppress(duckdb.Error):
                connection.close()

    def _transact(self, works: list[Work]) -> list[Any]:
        connection = self._opened()
        connection.begin()
        try:
            answers = [work(connection) for work in works]
        except BaseException as error:
            with contextlib.suppress(duckdb.FatalException):
                connection.rollback()
            if isinstance(error, Exception):
                self._leave_if_broken(error)
            raise
        try:
            connection.commit()
        except duckdb.Error as error:
            self._leave_if_broken(error)
            raise
        return answers


def _error(path: str, error: Exception) -> Exception:
    if isinstance(error, duckdb.Error):
        text = str(error)
        first = shown(text.splitlines()[0] if text else type(error).__name__)
        return DatabaseError.of("database.failed", Place(path), f"the database refused: {first}")
    return error
