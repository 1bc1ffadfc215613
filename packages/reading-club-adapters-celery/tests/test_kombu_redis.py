"""Prefetching, routing and closing on kombu's transports for Redis and for memory."""

import logging
from typing import Any
from unittest.mock import MagicMock, Mock

import pytest
from celery import Celery
from kombu import Message, Queue
from kombu.transport import virtual
from kombu.transport.redis import Channel as RedisChannel
from kombu.utils.json import dumps

from reading_club.adapters.eventstream._kombu_redis import (
    bindings_of,
    close_connections,
    forget_unacknowledged,
    is_routed,
    release_prefetch_on_ack_failure,
    routed_by,
)
from reading_club.adapters.eventstream.testing import LISTENERS, PARCEL_SENT
from reading_club.adapters.eventstream.topology import EXCHANGE, queue_for

LOG = logging.getLogger("celery")


class FailingAckQoS(virtual.QoS):
    """A QoS whose ack fails before the count changes, as kombu's for Redis does."""

    def ack(self, delivery_tag: str, **_: object) -> None:
        """Raise ConnectionError."""
        raise ConnectionError(delivery_tag)


@pytest.fixture
def qos() -> FailingAckQoS:
    """A QoS with a prefetch limit of one message."""
    return FailingAckQoS(Mock(), prefetch_count=1)


@pytest.fixture
def channel(qos: FailingAckQoS) -> Mock:
    """The channel of the message."""
    return Mock(qos=qos, no_ack_consumers=None, basic_ack=qos.ack)


@pytest.fixture
def message(channel: Mock, qos: FailingAckQoS) -> Message:
    """A message that uses up the prefetch limit."""
    message = Message(channel=channel, delivery_tag="tag")
    release_prefetch_on_ack_failure(message)
    qos.append(message, "tag")
    assert not qos.can_consume()
    return message


def test_a_failed_ack_frees_its_prefetched_slot(message: Message, qos: FailingAckQoS) -> None:
    """After a failed ack the worker consumes another message."""
    message.ack_log_error(LOG, (ConnectionError,))

    assert qos.can_consume()


def test_a_failed_reject_frees_its_prefetched_slot(
    message: Message, channel: Mock, qos: FailingAckQoS
) -> None:
    """After a failed reject the worker consumes another; an unexpected error is raised."""
    channel.basic_reject.side_effect = BrokenPipeError

    with pytest.raises(BrokenPipeError):
        message.reject_log_error(LOG, (), requeue=True)

    assert qos.can_consume()


def test_after_a_successful_ack_kombu_alone_counts(
    message: Message, channel: Mock, qos: FailingAckQoS
) -> None:
    """After a successful ack kombu alone changes the count."""
    channel.basic_ack = Mock()

    message.ack_log_error(LOG, (ConnectionError,))

    channel.basic_ack.assert_called_once_with("tag", multiple=False)
    assert not qos.can_consume()


def test_a_message_on_amqp_is_unchanged() -> None:
    """A message of an AMQP channel is unchanged: the broker counts there."""
    message = Message(channel=Mock(spec=["basic_ack", "no_ack_consumers"]), delivery_tag="1")

    release_prefetch_on_ack_failure(message)

    assert "ack_log_error" not in vars(message)


def test_a_batch_is_routed_by_one_reading_of_the_bindings(memory_app: Celery) -> None:
    """While a batch is published, kombu routes by the given bindings, and afterwards by its own."""
    with memory_app.connection_for_write() as connection:
        channel: Any = connection.channel()
        queue_for(LISTENERS[0])(channel).declare()
        bindings = bindings_of(channel, EXCHANGE.name)
        assert [(key, queue) for key, _, queue in bindings] == [(PARCEL_SENT, "eventstream.first")]
        assert bindings_of(channel, "unknown") == []

        with routed_by([], channel):
            assert not channel._lookup(EXCHANGE.name, PARCEL_SENT)

        assert channel._lookup(EXCHANGE.name, PARCEL_SENT) == {"eventstream.first"}


def test_the_connections_of_a_redis_channel_are_closed() -> None:
    """Closing disconnects the pool of a channel to Redis; a channel without one is left alone."""
    pool = Mock()
    redis_channel: Any = RedisChannel.__new__(RedisChannel)
    redis_channel._pool = pool

    close_connections(redis_channel)
    close_connections(Mock(spec=[]))

    pool.disconnect.assert_called_once_with()
    redis_channel._pool = None


def test_what_killed_workers_had_at_hand_is_forgotten() -> None:
    """Entries of kombu's table of unacknowledged messages that are of the exchange go."""
    entries = {f"tag of {each}".encode(): dumps([{}, each, "key"]) for each in ("ours", "theirs")}
    redis_channel: Any = RedisChannel.__new__(RedisChannel)
    redis_channel.conn_or_acquire = Mock(return_value=MagicMock())
    client = redis_channel.conn_or_acquire.return_value.__enter__.return_value
    client.hscan_iter.return_value = entries.items()

    forget_unacknowledged(redis_channel, "ours")
    forget_unacknowledged(Mock(spec=[]), "ours")

    client.hscan_iter.assert_called_once_with("unacked")
    client.zrem.assert_called_once_with("unacked_index", b"tag of ours")
    client.hdel.assert_called_once_with("unacked", b"tag of ours")


def test_a_type_that_a_pattern_matches_is_routed(memory_app: Celery) -> None:
    """A routing key is routed as kombu routes it, by exact bindings and by patterns."""
    keys = ("parcel.lost_v1", PARCEL_SENT)
    with memory_app.connection_for_read() as connection:
        channel: Any = connection.channel()
        EXCHANGE(channel).declare()
        Queue("third", EXCHANGE, routing_key="parcel.#")(channel).declare()
        bindings = bindings_of(channel, EXCHANGE.name)

        routed = {key: is_routed(bindings, channel, EXCHANGE.name, key) for key in keys}

    assert routed == {"parcel.lost_v1": True, PARCEL_SENT: False}
