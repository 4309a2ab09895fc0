"""The tables of the Mixer's database: made where there are none, brought up to this version where they are older."""

from __future__ import annotations

import os
from typing import Final

import duckdb

from pytest_fluxscenario.base.errors import DamageError, FluxError, UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown

#: Grows when the tables change; an older file is brought up to it, a newer one refused.
VERSION: Final = 4
#: What runs ask for, and their records, packed (``packing``).
_PACKED: Final = (
    "CREATE TABLE asked (run VARCHAR, number BIGINT, attempt BIGINT, data BLOB)",
    "CREATE TABLE kept (run VARCHAR, number BIGINT, data BLOB)",
)
_TABLES: Final = (
    "CREATE TABLE racks (name VARCHAR, data VARCHAR)",
    "CREATE TABLE runs (run VARCHAR, created VARCHAR, state VARCHAR, data VARCHAR, ended VARCHAR, info VARCHAR)",
    "CREATE TABLE published (run VARCHAR, number BIGINT)",
    "CREATE TABLE removed (key VARCHAR)",
    # What runs before version 4 asked for, and their records.
    "CREATE TABLE cases (run VARCHAR, number BIGINT, attempt BIGINT, data VARCHAR)",
    "CREATE TABLE records (run VARCHAR, number BIGINT, data VARCHAR)",
    *_PACKED,
)
#: What brings tables of a version up to the next one.
_STEPS: Final[dict[int, tuple[str, ...]]] = {
    1: ("ALTER TABLE runs ADD COLUMN ended VARCHAR", "ALTER TABLE runs ADD COLUMN info VARCHAR"),
    2: ("CREATE TABLE removed (key VARCHAR)",),
    3: _PACKED,
}
#: The file is tidied up by whoever commits, and not within a commit: where that fails, what was committed is known.
_CONFIG: Final = {"threads": 1, "memory_limit": "512MB", "checkpoint_threshold": "1TB"}


class DatabaseError(FluxError):
    """The database cannot be used, or does not do what it is asked."""


def open_tables(path: str) -> duckdb.DuckDBPyConnection:
    """A connection to the database in ``path``, which is made where it is not there.

    Raises DatabaseError, also where another process has it open; DamageError where it is no database; UsageError where
    it is one of another program, or of a later version.
    """
    try:
        connection = duckdb.connect(path, config=_CONFIG)
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
    version = _version(connection, path)
    if version < VERSION:
        # All of it or nothing: whoever is killed here finds the old tables.
        connection.begin()
        for step in range(version, VERSION):
            for statement in _STEPS[step]:
                connection.execute(statement)
        connection.execute("UPDATE meta SET version = ?", [VERSION])
        connection.commit()


def _version(connection: duckdb.DuckDBPyConnection, path: str) -> int:
    """Of the tables. Raises UsageError for one that this Mixer does not know."""
    row = connection.execute("SELECT version FROM meta").fetchone()
    version = 0 if row is None else int(row[0] or 0)
    if not 1 <= version <= VERSION:
        said = f"version {version}" if version else "no version"
        message = f"has {said} of the Mixer's tables, and this Mixer knows 1 to {VERSION}"
        hint = "start the version of the Mixer that wrote it, or restore the copy from before it was started"
        raise UsageError.of("database.version", Place(path), message, hint)
    return version


def look(path: str) -> str:
    """What there is to say of the database in ``path``, which is left as it is; raises like ``open_tables``."""
    if not os.path.lexists(path):
        return "is made when the Mixer starts"
    try:
        connection = duckdb.connect(path, read_only=True)
    except duckdb.Error as error:
        raise _unusable(path, error) from None
    try:
        version = _version(connection, path)
    except duckdb.Error as error:
        raise _unusable(path, error) from None
    finally:
        connection.close()
    return (
        "is in order" if version == VERSION else f"is brought from version {version} to {VERSION} when the Mixer starts"
    )


def _unusable(path: str, error: duckdb.Error) -> FluxError:
    text = str(error)
    if "lock" in text.lower():
        message = "is in use: another Mixer has it open"
        return DatabaseError.of("database.locked", Place(path), message, "stop it, or name another folder as 'data'")
    if isinstance(error, duckdb.IOException) and os.path.isfile(path) and not os.access(path, os.R_OK | os.W_OK):
        return DatabaseError.of("database.unreadable", Place(path), "cannot be read and written")
    folder = os.path.dirname(os.path.abspath(path))
    if isinstance(error, duckdb.IOException) and not os.path.lexists(path) and not os.access(folder, os.W_OK | os.X_OK):
        hint = "let the user of the Mixer write there, or name another folder as 'data'"
        return DatabaseError.of("database.unwritable", Place(shown(folder)), "cannot be written", hint)
    first = shown(text.splitlines()[0] if text else type(error).__name__)
    hint = "restore it from a copy, or move it away: the Mixer then begins without history, and racks are adopted anew"
    return DamageError.of("database.damaged", Place(path), f"cannot be used as the Mixer's database: {first}", hint)
