"""What a worker on Redis or in memory gives back returns to its own queue, and is not lost."""

from collections.abc import Iterator
from queue import Empty
from typing import Any
from unittest.mock import Mock

import pytest
from celery import Celery
from kombu import Queue
from kombu.transport.redis import Channel as RedisChannel

from reading_club.adapters.eventstream._kombu_redis import (
    await_the_last_reply,
    receiving_the_last_reply,
    requeued_to,
    tag_each_delivery,
)
from reading_club.adapters.eventstream.testing import LISTENERS, PARCEL_SENT
from reading_club.adapters.eventstream.topology import EXCHANGE, queue_for

NAMES = ("eventstream.first", "eventstream.third")


@pytest.fixture
def channel(memory_app: Celery) -> Iterator[Any]:
    """A channel on which two queues get the same messages."""
    with memory_app.connection_for_write() as connection:
        channel: Any = connection.channel()
        queue_for(LISTENERS[0])(channel).declare()
        Queue(NAMES[1], EXCHANGE, routing_key=PARCEL_SENT)(channel).declare()
        yield channel


def publish(channel: Any) -> None:
    """Publish a message to both queues."""
    channel.basic_publish(channel.prepare_message("{}"), EXCHANGE.name, PARCEL_SENT)


def test_two_subscribers_acknowledge_their_copies_of_a_message_separately(channel: Any) -> None:
    """Each copy gets a tag of its own; kombu alone would give both the same one."""
    publish(channel)
    kombus = {channel.basic_get(name).delivery_tag for name in NAMES}
    tag_each_delivery(channel)
    publish(channel)

    copies = [channel.basic_get(name) for name in NAMES]

    assert len(kombus) == 1
    assert len({copy.delivery_tag for copy in copies}) == 2
    copies[0].ack()
    assert channel.qos.get(copies[1].delivery_tag) is copies[1]


def test_a_channel_of_amqp_keeps_the_brokers_tags() -> None:
    """The broker makes the tags there."""
    channel = Mock(spec=["Message"])
    kept = channel.Message

    tag_each_delivery(channel)

    assert channel.Message is kept


def test_a_requeued_message_returns_to_its_own_queue(channel: Any) -> None:
    """Other subscribers get no copy; what is published afterwards is routed as ever."""
    publish(channel)
    message, _ = [channel.basic_get(name) for name in NAMES]

    with requeued_to(NAMES[0], message):
        message.requeue()

    assert [channel._size(name) for name in NAMES] == [1, 0]
    publish(channel)
    assert [channel._size(name) for name in NAMES] == [2, 1]


def test_a_message_of_amqp_is_requeued_by_its_broker() -> None:
    """Nothing of the channel is replaced there."""
    channel = Mock(spec=["basic_reject"])

    with requeued_to(NAMES[0], Mock(channel=channel)):
        assert not hasattr(channel, "_lookup")


def test_a_message_that_is_on_its_way_is_received_after_the_cancellation(channel: Any) -> None:
    """The reply of Redis that was awaited at the cancellation is received, and not requeued."""
    received: list[Any] = []
    channel.basic_consume(NAMES[0], False, received.append, "tag")  # noqa: FBT003  # as kombu does
    publish(channel)

    with receiving_the_last_reply(channel, NAMES[0]):
        channel.basic_cancel("tag")
    channel.connection._deliver(channel._get(NAMES[0]), NAMES[0])

    assert len(received) == 1
    assert not channel._consumers


def test_the_last_reply_of_redis_is_read_once() -> None:
    """It is read if a command is outstanding, whether it has a message or not."""
    kombus: Any = RedisChannel
    assert kombus._in_poll is False
    outstanding = Mock(_in_poll=True, spec=RedisChannel)
    outstanding._brpop_read.side_effect = Empty

    await_the_last_reply(outstanding)
    await_the_last_reply(Mock(_in_poll=None, _brpop_read=Mock(side_effect=AssertionError)))
    await_the_last_reply(Mock(spec=[]))

    outstanding._brpop_read.assert_called_once_with()
