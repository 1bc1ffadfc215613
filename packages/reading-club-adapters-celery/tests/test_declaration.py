"""Declaring queues: a refused queue leaves the others declared."""

import logging
from collections.abc import Sequence

import pytest
from amqp.exceptions import AccessRefused, PreconditionFailed, RecoverableConnectionError

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.publisher import amqp
from reading_club.adapters.eventstream.publisher.amqp import AmqpConnection
from reading_club.adapters.eventstream.publisher.encoding import MessageEncoder
from reading_club.adapters.eventstream.queues import SubscriberQueues, declare
from reading_club.adapters.eventstream.testing import LISTENERS, PARCEL_SENT, outgoing
from reading_club.adapters.eventstream.testing.fake_amqp import FakeConnection
from reading_club.adapters.eventstream.topology import EventRouter, Stream, queue_for
from reading_club.eventstream.errors import EventstreamUnavailable, QueueRefused

FIRST, SECOND = "eventstream.first", "eventstream.second"
REFUSED = PreconditionFailed("PRECONDITION_FAILED - inequivalent arg for user 'hunter2'")
QUEUES = [queue_for(subscriber) for subscriber in LISTENERS]


def warnings(records: Sequence[logging.LogRecord]) -> list[tuple[str, str]]:
    """Return queue and reason of each log record."""
    return [(vars(record)["queue"], vars(record)["reason"]) for record in records]


def test_a_queue_that_is_refused_stops_no_other() -> None:
    """The next queue is declared on a new channel; the reason names the queue, no user."""
    connection = FakeConnection(first=REFUSED)

    refusals = declare(connection, Stream(), QUEUES)

    assert connection.declared == [SECOND]
    assert refusals == {FIRST: f"queue {FIRST} cannot be declared: PRECONDITION_FAILED"}


def test_no_channel_is_left_open() -> None:
    """Each channel is closed, as declarations are repeated on one connection."""
    connection = FakeConnection(first=REFUSED, second=AccessRefused("ACCESS_REFUSED - no"))

    declare(connection, Stream(), QUEUES)

    assert [channel.close.call_count for channel in connection.channels] == [1, 1, 1]


def test_a_connection_that_is_lost_is_no_refusal() -> None:
    """A lost connection raises the driver's error."""
    connection = FakeConnection(first=RecoverableConnectionError("Socket was disconnected"))

    with pytest.raises(RecoverableConnectionError):
        declare(connection, Stream(), QUEUES)


def a_connection(connection: FakeConnection) -> AmqpConnection:
    """Return a connection of which the first channel is used up."""
    publishing = AmqpConnection(connection, EventRouter(QUEUES))
    connection.channel()  # uses the first one up
    return publishing


def opened(publishing: AmqpConnection) -> None:
    """Prepare the connection for a batch."""
    publishing._opened()


def test_a_connection_goes_on_without_a_queue_that_is_refused(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal is logged with queue and reason, and again only if the reason changes."""
    monkeypatch.setattr(amqp, "DECLARE_EVERY", 0.0)
    connection = FakeConnection(first=REFUSED)
    publishing = a_connection(connection)

    opened(publishing)
    opened(publishing)
    connection.refused[FIRST] = AccessRefused("ACCESS_REFUSED - for user 'hunter2'")
    opened(publishing)

    assert connection.declared == [SECOND] * 3
    reasons = ("PRECONDITION_FAILED", "ACCESS_REFUSED")
    text = f"queue {FIRST} cannot be declared:"
    assert warnings(caplog.records) == [(FIRST, f"{text} {reason}") for reason in reasons]


@pytest.mark.parametrize(("every", "times"), [(3600.0, 1), (0.0, 3)])
def test_queues_are_declared_now_and_then(
    monkeypatch: pytest.MonkeyPatch, every: float, times: int
) -> None:
    """Declarations are repeated on a live connection, which restores lost bindings."""
    monkeypatch.setattr(amqp, "DECLARE_EVERY", every)
    connection = FakeConnection()
    publishing = a_connection(connection)

    for _ in range(3):
        opened(publishing)

    assert connection.declared == [FIRST, SECOND] * times


def test_after_a_refusal_the_next_batch_has_a_channel_of_its_own() -> None:
    """After a nack the next batch has a new channel: the old one goes on refusing."""
    connection = FakeConnection()
    publishing = a_connection(connection)
    opened(publishing)
    first = publishing._channel
    opened(publishing)
    assert publishing._channel is first
    assert publishing._confirms is not None

    publishing._confirms.on_nack(1, multiple=False)
    opened(publishing)

    first.close.assert_called_once_with()
    assert publishing._channel is not first
    assert connection.declared == [FIRST, SECOND]


def test_a_message_for_a_refused_queue_is_refused() -> None:
    """A refused queue concerns its own subscriber's messages, and those for all subscribers."""
    publishing = a_connection(FakeConnection(first=REFUSED))
    encoder = MessageEncoder(publisher_app("memory://", LISTENERS))
    events = [outgoing(), outgoing(subscriber="first"), outgoing(subscriber="second")]
    opened(publishing)

    messages, _ = encoder.encode(events)
    refusals = [publishing._refusal_of(message) for message in messages]

    reason = f"queue {FIRST} cannot be declared: PRECONDITION_FAILED"
    assert refusals == [reason, reason, None]


def test_a_subscribers_queue_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """QueueRefused names the queue, and hides the user."""
    app = publisher_app("memory://", LISTENERS)
    connection = FakeConnection(first=REFUSED)
    monkeypatch.setattr(app, "connection_for_write", lambda: connection)
    queues = SubscriberQueues(app)

    queues.declare(LISTENERS[1])
    with pytest.raises(QueueRefused, match=FIRST) as refused:
        queues.declare(LISTENERS[0])

    assert "hunter2" not in str(refused.value)
    assert connection.declared == [SECOND]


def test_an_unavailable_broker_declares_no_queue(closed_port: int) -> None:
    """An unavailable broker raises EventstreamUnavailable, not QueueRefused."""
    app = publisher_app(f"amqp://club:hunter2@127.0.0.1:{closed_port}/0")

    with pytest.raises(EventstreamUnavailable, match="ConnectionRefusedError") as failure:
        SubscriberQueues(app).declare(LISTENERS[0])

    assert "hunter2" not in str(failure.value)
    app.close()


def test_a_task_is_sent_though_a_queue_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    """The transport declares the queues of all subscribers, and logs a refused one."""
    connection = FakeConnection(first=REFUSED)
    message = {"message": {"type": PARCEL_SENT}}
    options = EventRouter(QUEUES)("send_message", (), message, {})
    assert options is not None

    for entity in options["declare"]:
        entity.declare(channel=connection.channel())

    assert connection.declared == [SECOND]
    reason = f"queue {FIRST} cannot be declared: PRECONDITION_FAILED"
    assert warnings(caplog.records) == [(FIRST, reason)]
