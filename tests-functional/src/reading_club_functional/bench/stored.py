"""What commands have left in the database, and what became of their events."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from time import monotonic

from reading_club.app.bootstrap.relay import open_relay
from reading_club.domain.messages import RegisterBook
from reading_club_functional.bench.arrivals import Arrivals
from reading_club_functional.bench.registering import settings_of
from reading_club_functional.database import Database

COMMANDS = "SELECT payload->>'id' FROM messages WHERE type = 'register_book_v1'"
EVENTS = "SELECT payload->>'id' FROM messages WHERE type = 'book_registered_v1'"
IDS = "SELECT id::text FROM messages WHERE type = 'book_registered_v1'"
SETTLING = 60.0
"""Seconds in which everything has been sent, by the sender or, after its lease, by a relay."""
PAUSE = 0.25
NOT_WAITING = " AND NOT EXISTS (SELECT FROM outbox WHERE message_id = messages.id)"


def require_stored(database: Database, commands: Sequence[RegisterBook]) -> None:
    """Raise unless each command has one book, and is in the history once with its event."""
    expected = Counter(str(command.id) for command in commands)
    for statement in ("SELECT id::text FROM books", COMMANDS, EVENTS):
        found = Counter(id_ for (id_,) in database.rows(statement))
        assert found == expected, (
            f"{(expected - found).total()} are missing, {(found - expected).total()} too many: "
            f"{statement}"
        )


def books_sent(database: Database) -> set[str]:
    """Return the books whose events do not wait in the outbox."""
    return {id_ for (id_,) in database.rows(EVENTS + NOT_WAITING)}


def require_arrived(database_url: str, broker_url: str, arrivals: Arrivals) -> None:
    """Wait until nothing waits, and raise unless each event of the history has arrived once."""
    asyncio.run(_sent(database_url, broker_url))
    arrivals.require_once([id_ for (id_,) in Database(database_url).rows(IDS)])


async def _sent(database_url: str, broker_url: str) -> None:
    """Let a relay send what the sender has left, which it may when the lease is over."""
    deadline = monotonic() + SETTLING
    async with open_relay(settings_of(database_url, broker_url)) as opened:
        while await asyncio.to_thread(Database(database_url).count, "outbox"):
            assert monotonic() < deadline, "events wait, and nobody sends them"
            await opened.relay.drain()
            await asyncio.sleep(PAUSE)
