"""The database file of a club, changed directly."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from lastuuid import uuid7

NOW: Final = "strftime('%Y-%m-%d %H:%M:%f000', 'now', '{:+.0f} seconds')"
"""SQL for the present, shifted by seconds."""
TYPE: Final = "book_registered_v1"


def rows(path: Path, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run a statement on the database file directly, and return its rows."""
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement, values).fetchall()


def publish(path: Path, age: float = 60.0) -> str:
    """Store an event that was published ``age`` seconds ago; return its id."""
    id_, shift = uuid7().hex, f"{-age:+.0f} seconds"
    statement = (
        "INSERT INTO messages (id, created_at, recorded_at, type, metadata, payload) "
        "SELECT ?, moment, moment, ?, '{}', '{}' "
        "FROM (SELECT strftime('%Y-%m-%d %H:%M:%f000', 'now', ?) AS moment)"
    )
    rows(path, statement, id_, TYPE, shift)
    return id_


def in_outbox(path: Path) -> list[tuple[Any, ...]]:
    """Return subscriber and message of each row in the outbox."""
    return rows(path, "SELECT subscriber, message_id FROM outbox ORDER BY message_id")
