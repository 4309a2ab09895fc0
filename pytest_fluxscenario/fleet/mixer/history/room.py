"""Gives back the room of rows that were removed from the Mixer's database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import duckdb

#: Tables that hold something of each scenario.
GROWING: Final = ("cases", "published", "records", "asked", "kept")


def compact(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the file as large as what is in it needs. Raises duckdb.Error; then nothing is lost."""
    connection.execute("CHECKPOINT")
    _rewrite(connection, [table for table in GROWING if _is_sparse(connection, table)])
    blocks = connection.execute("SELECT free_blocks, used_blocks FROM pragma_database_size()").fetchone()
    if blocks is not None and blocks[0] > blocks[1]:
        # The file ends with the last block in use: once more, into the room that is free before it.
        _rewrite(connection, [*GROWING, "runs", "racks", "removed", "meta"])


def _is_sparse(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether most of a table was removed: a row keeps its place while others of its group of 122,880 are there."""
    rows = f"pragma_storage_info('{table}') WHERE column_name = 'number' AND segment_type <> 'VALIDITY'"
    held = f"SELECT coalesce(sum(count), 0) FROM {rows}"  # noqa: S608 - a table of ours  # nosec B608
    return _number(connection, held) > 2 * _number(connection, f"SELECT count(*) FROM {table}")  # noqa: S608 - as above  # nosec B608


def _rewrite(connection: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> None:
    for table in tables:
        connection.begin()
        connection.execute(f"CREATE TABLE fresh AS SELECT * FROM {table}")  # noqa: S608 - as above  # nosec B608
        connection.execute(f"DROP TABLE {table}")
        connection.execute(f"ALTER TABLE fresh RENAME TO {table}")
        connection.commit()
    connection.execute("CHECKPOINT")


def _number(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row is not None else 0
