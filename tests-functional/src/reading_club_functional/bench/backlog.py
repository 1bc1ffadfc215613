"""Events that wait in the outbox or in a queue before a measure begins."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Final
from uuid import UUID

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.adapters.eventstream.testing import on_the_wire
from reading_club.eventstream.ports.outbox import OutboxKey, OutboxMessage
from reading_club.service.projections import activity
from reading_club.testing.builders import an_event
from reading_club_functional.bench.checks import NotOnce
from reading_club_functional.bench.comparison import Envelope

DUPLICATED_EVERY: Final = 100
"""One event of this number is published twice, to test that it takes effect once."""
BATCH: Final = 500
INSERT_EVENTS = """\
WITH event AS (
    INSERT INTO messages (id, created_at, type, metadata, payload)
    SELECT uuidv7(), clock_timestamp(), 'book_registered_v1',
        '{{"name": "book_registered", "schema_version": 1, "published": true}}',
        json_build_object('id', uuidv7(), 'isbn', '9780321125217',
            'title', 'Domain-Driven Design', 'author', 'Eric Evans')
    FROM generate_series(1, {count})
    RETURNING id
)
INSERT INTO outbox (message_id, subscriber, token, leased_until, attempts)
SELECT id, '', '00000000-0000-0000-0000-000000000000', clock_timestamp(), 0
FROM event ORDER BY id"""
"""Inserts `count` events into message store and outbox, without a lease: a relay sends them."""
INSERT_OLD_ROWS = """\
INSERT INTO inbox (subscriber, message_id, received_at)
SELECT 'nobody', uuidv7(), clock_timestamp() - interval '60 days'
FROM generate_series(1, {count})"""
"""Inserts `count` inbox rows of a subscriber without events, which are kept no longer."""


def new_events(count: int) -> dict[UUID, Envelope]:
    """Return the envelopes of `count` new events, by event id."""
    events = [an_event() for _ in range(count)]
    return {event.message_id: on_the_wire(event) for event in events}


def fill_activity_queue(broker_url: str, events: Mapping[UUID, Envelope]) -> None:
    """Publish the events, with duplicates, to the queue of the activity log alone.

    Raises NotOnce unless the broker confirms all of them.
    """
    messages = [OutboxMessage(OutboxKey(id_), event) for id_, event in with_duplicates(events)]
    app = publisher_app(broker_url, [activity])
    with closing(app), closing(BatchPublisher(app)) as publisher:
        for start in range(0, len(messages), BATCH):
            batch = messages[start : start + BATCH]
            if set(publisher.publish(batch).confirmed) != {each.key for each in batch}:
                raise NotOnce("the broker has not confirmed all events")


def with_duplicates(
    events: Mapping[UUID, Envelope],
) -> Sequence[tuple[UUID, Envelope]]:
    """Return the events in their order, each duplicate directly after its original."""
    return [
        item
        for number, item in enumerate(events.items())
        for _ in range(1 if number % DUPLICATED_EVERY else 2)
    ]
