"""Dead letters of a running club on SQLite, for the pages that show them."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Final

SUBSCRIBER: Final = "catalogue"
TYPE: Final = "book_registered_v1"
ERRORS: Final = (
    "TimeoutError: the search engine gave no answer within 5 s",
    "KeyError: 'languages'",
    "TimeoutError: the search engine gave no answer within 5 s",
    "RuntimeError: " + "a long story, in words that have no end; " * 12,
    "unreadable",
)
ATTEMPTS: Final = 3
NEWEST_EVENTS: Final = (
    "SELECT id, created_at, type, payload FROM messages WHERE type = ? "
    "ORDER BY position DESC LIMIT ?"
)
ADD: Final = (
    "INSERT INTO dead_letters (subscriber, message_id, type, envelope, error, set_aside_at,"
    " attempts, parked) SELECT ?, id, type, json_object('id', ?, 'type', type, 'created_at',"
    " created_at || '+00:00', 'payload', payload), ?, ?, ?, false FROM messages WHERE id = ?"
)
FAIL: Final = (
    "INSERT INTO failures (subscriber, message_id, number, at, error) SELECT ?, id, ?,"
    " strftime('%Y-%m-%d %H:%M:%f000', recorded_at, ?), ? FROM messages WHERE id = ?"
)
"""A failure so soon after the commit that no other subscriber has handled the event before."""


def newest_events(folder: Path, number: int) -> Sequence[str]:
    """Return the ids of the newest books' events, 32 hexadecimal digits each."""
    with closing(_connected(folder)) as database:
        return [row[0] for row in database.execute(NEWEST_EVENTS, (TYPE, number))]


def add_dead_letters(folder: Path, number: int) -> None:
    """Make dead letters of the newest books' events, as if a subscriber had failed three times."""
    ids, now = newest_events(folder, number), datetime.now(UTC).replace(tzinfo=None)
    with closing(_connected(folder)) as database, database:
        for place, (id_, error) in enumerate(zip(ids, cycle(ERRORS), strict=False)):
            at = now - timedelta(minutes=47 * place)
            database.execute(
                "DELETE FROM inbox WHERE subscriber = ? AND message_id = ?", (SUBSCRIBER, id_)
            )
            for attempt in range(1, ATTEMPTS + 1):
                database.execute(
                    FAIL, (SUBSCRIBER, attempt, f"+{attempt / 1000} seconds", error, id_)
                )
            dashed = f"{id_[:8]}-{id_[8:12]}-{id_[12:16]}-{id_[16:20]}-{id_[20:]}"
            database.execute(ADD, (SUBSCRIBER, dashed, error, _text(at), ATTEMPTS, id_))


def _text(moment: datetime) -> str:
    return moment.isoformat(" ", "microseconds")


def _connected(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / "var" / "club.sqlite3", timeout=10)
