"""Events that no queue takes: kept in the outbox, or confirmed, by the publisher's setting."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from celery import Celery

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.publisher.amqp import AmqpConnection
from reading_club.adapters.eventstream.publisher.encoding import MessageEncoder
from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.adapters.eventstream.testing import LISTENERS, KeptEventsContract, outgoing
from reading_club.adapters.eventstream.testing.fake_amqp import FakeConnection
from reading_club.adapters.eventstream.topology import Unwanted
from reading_club.adapters.memory.database import InMemoryStreamDatabase
from reading_club.adapters.memory.outbox import InMemoryOutbox
from reading_club.adapters.memory.rows import OutboxRow
from reading_club.eventstream.outbox.relay import Relay
from reading_club.eventstream.ports.outbox import NO_LEASE, OutboxMessage

UNWANTED = "parcel_lost_v1"


class TestCelery(KeptEventsContract):
    """A real Celery, on the in-memory broker."""

    @pytest.fixture
    def broker_url(self, memory_app: Celery) -> str:
        """The URL of the in-memory broker, which is empty before and after."""
        return str(memory_app.conf.broker_url)


@pytest.fixture
def keeping(memory_app: Celery) -> Iterator[BatchPublisher]:
    """A publisher without a choice, on the in-memory broker."""
    app = publisher_app(str(memory_app.conf.broker_url), LISTENERS)
    publisher = BatchPublisher(app)
    yield publisher
    publisher.close()
    app.close()


def test_without_a_choice_an_event_that_no_queue_takes_is_kept(keeping: BatchPublisher) -> None:
    """What is forgotten loses nothing: dropping events has to be chosen."""
    event = outgoing(type=UNWANTED)

    assert keeping.publish([event]).refused == {event.key: "no queue takes it"}


def test_kept_events_are_logged_once_a_type(
    keeping: BatchPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    """An operator reads once that a type has no queue, however many events of it there are."""
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            keeping.publish([outgoing(type=UNWANTED), outgoing(type=UNWANTED)])

    logged = [record for record in caplog.records if record.msg == "no queue takes %s"]
    assert [vars(record)["routing_key"] for record in logged] == [UNWANTED]


@pytest.mark.parametrize(("unwanted", "mandatory"), [("keep", True), ("confirm", False)])
def test_the_broker_returns_what_is_to_be_kept(unwanted: Unwanted, *, mandatory: bool) -> None:
    """An event of an unknown type is mandatory if it is to be kept; a known one always is."""
    app = publisher_app("memory://", LISTENERS, unwanted=unwanted)

    messages, _ = MessageEncoder(app).encode([outgoing(type=UNWANTED), outgoing()])

    assert [message.mandatory for message in messages] == [mandatory, True]


@pytest.mark.parametrize(("unwanted", "refused"), [("keep", True), ("confirm", False)])
def test_a_returned_event_is_refused_if_it_is_to_be_kept(
    unwanted: Unwanted, *, refused: bool
) -> None:
    """On AMQP: an event for an unknown subscriber, and never one for a known queue."""
    app = publisher_app("memory://", LISTENERS, unwanted=unwanted)
    encoder = MessageEncoder(app)
    connection = AmqpConnection(FakeConnection(), encoder.route)
    messages, _ = encoder.encode([outgoing(subscriber="third"), outgoing(), outgoing()])

    reasons = [connection._refusal_of(message) for message in messages]

    assert reasons == ["no queue takes it" if refused else None, None, None]


async def test_a_kept_event_stays_in_the_outbox_without_an_attempt(
    keeping: BatchPublisher,
) -> None:
    """However often it is tried, it becomes no dead letter, and delays no other event."""
    now = datetime(2024, 2, 3, tzinfo=UTC)
    database = InMemoryStreamDatabase(lambda: now)
    kept, sent = outgoing(type=UNWANTED), outgoing()

    def put(event: OutboxMessage) -> None:
        row = OutboxRow(event.key, NO_LEASE, now, envelope=event.envelope, added_at=now)
        database.outbox[event.key] = row

    put(kept)
    put(sent)
    relay = Relay(InMemoryOutbox(database), keeping)
    for _ in range(20):
        await relay.run_once()
        now += timedelta(seconds=61)

    assert {key: row.attempts for key, row in database.outbox.items()} == {kept.key: 0}
    assert not database.dead_letters
