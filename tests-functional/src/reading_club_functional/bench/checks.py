"""Checks of a measured run: each event was stored, sent or applied exactly once."""

import asyncio
import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from time import monotonic
from typing import Any
from uuid import UUID

from reading_club.adapters.eventstream.topology import queue_name
from reading_club.app.bootstrap.relay import open_relay
from reading_club.domain.messages import RegisterBook
from reading_club_functional.cluster import PROJECTION_NAMES, ClubCluster
from reading_club_functional.database import Database
from reading_club_functional.queues import open_channel

RECEIVE_TIMEOUT = 10.0
"""Seconds to wait for a message that is expected."""
END_TIMEOUT = 0.2
"""Seconds without a message after which the queue is considered empty."""
SEND_TIMEOUT = 60.0
"""Seconds in which all events are sent, by the sender or by a relay after the lease's end."""
SENT = """\
SELECT id::text FROM messages WHERE type = 'book_registered_v1'
AND NOT EXISTS (SELECT FROM outbox WHERE message_id = messages.id)"""
STORED = (
    "SELECT id::text FROM books",
    "SELECT payload->>'id' FROM messages WHERE type = 'register_book_v1'",
    "SELECT payload->>'id' FROM messages WHERE type = 'book_registered_v1'",
)
"""Queries of the registered books: the table, the commands and the events."""
APPLIED = (
    "SELECT message_id::text FROM inbox WHERE subscriber = 'activity'",
    "SELECT id::text FROM activity",
)
"""Queries of the events that the activity log has handled: the inbox and the effects."""
EFFECTS = (
    (
        "SELECT id::text FROM activity WHERE type = 'book_registered_v1'",
        STORED[2].replace("payload->>'id'", "id::text"),
    ),
    ("SELECT book_id::text FROM catalogue", STORED[2]),
)
"""Queries of both read models of books, each with one of the events that belong there."""
RECEIVED = """\
SELECT message_id::text FROM inbox JOIN messages ON messages.id = message_id
WHERE subscriber = '{}' AND type = 'book_registered_v1'"""


class NotOnce(AssertionError):
    """An event was lost or duplicated, so that the figure is void."""


def assert_applied_once(database: Database, ids: Iterable[UUID]) -> None:
    """Raise NotOnce unless inbox and activity log have exactly one row for each of these events."""
    wanted = [str(id_) for id_ in ids]
    for query in APPLIED:
        _compare(query, [id_ for (id_,) in database.rows(query)], wanted)
    if dead := database.count("dead_letters"):
        raise NotOnce(f"{dead} dead letters")


def assert_effects(database: Database) -> None:
    """Raise NotOnce unless both read models of books have exactly one row for each stored event."""
    for effects, events in EFFECTS:
        _compare(effects, *([id_ for (id_,) in database.rows(sql)] for sql in (effects, events)))
    if dead := database.count("dead_letters"):
        raise NotOnce(f"{dead} dead letters")


def assert_received(database: Database) -> None:
    """Raise NotOnce unless both subscribers have exactly one inbox row for each stored event."""
    events = [id_ for (id_,) in database.rows(EFFECTS[0][1])]
    for name in PROJECTION_NAMES:
        _compare(name, [id_ for (id_,) in database.rows(RECEIVED.format(name))], events)


def assert_stored(database: Database, commands: Sequence[RegisterBook]) -> None:
    """Raise NotOnce unless each command has one book, one stored command and one stored event."""
    for query in STORED:
        found = [id_ for (id_,) in database.rows(query)]
        _compare(query, found, [str(command.id) for command in commands])


def assert_sent_once(club: ClubCluster) -> None:
    """Send the events that wait, and raise NotOnce unless each event arrived once."""
    asyncio.run(_send_waiting(club))
    assert_arrived_once(club.settings["broker_url"], sent(club.database))


def sent(database: Database) -> list[str]:
    """Return the ids of the events that have left the outbox."""
    return [id_ for (id_,) in database.rows(SENT)]


def assert_arrived_once(broker_url: str, ids: Collection[str]) -> None:
    """Consume all messages, and raise NotOnce unless each queue had each event once."""
    for name in PROJECTION_NAMES:
        with open_channel(broker_url) as channel:
            _compare(name, _consume(channel, queue_name(name), len(ids)), ids)


def _compare(what: str, found: Iterable[str], expected: Iterable[str]) -> None:
    here, wanted = Counter(found), Counter(expected)
    if here != wanted:
        missing, surplus = (wanted - here).total(), (here - wanted).total()
        raise NotOnce(f"{missing} missing, {surplus} too many: {what}")


def _consume(channel: Any, queue: str, expected: int) -> list[str]:
    """Return the ids of the books' events in a queue: `expected` ones, and what follows at once."""
    bodies: list[Any] = []
    channel.basic_consume(queue, no_ack=True, callback=lambda message: bodies.append(message.body))
    try:
        while True:
            timeout = RECEIVE_TIMEOUT if len(bodies) < expected else END_TIMEOUT
            channel.connection.client.drain_events(timeout=timeout)
    except TimeoutError:
        envelopes = [_envelope(body) for body in bodies]
        return [str(each["id"]) for each in envelopes if each["type"] == "book_registered_v1"]


def _envelope(body: str | bytes) -> Any:
    """Return the envelope in a Celery message, or the plain one."""
    content = json.loads(body)
    return content[1]["message"] if isinstance(content, list) else content


async def _send_waiting(club: ClubCluster) -> None:
    """Run a relay until the outbox is empty; leased events are sent after the lease's end."""
    deadline = monotonic() + SEND_TIMEOUT
    async with open_relay(club.app_settings) as opened:
        while await asyncio.to_thread(club.database.count, "outbox"):
            assert monotonic() < deadline, "events are left in the outbox"
            await opened.relay.drain()
            await asyncio.sleep(0.25)
