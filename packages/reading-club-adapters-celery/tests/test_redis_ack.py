"""The prefetch count on Redis after a failed ack or reject."""

import logging
from unittest.mock import Mock

import pytest
from kombu import Message
from kombu.transport import virtual

from reading_club.adapters.eventstream.worker.redis_ack import release_prefetch_on_ack_failure

LOG = logging.getLogger("celery")


class Deaf(virtual.QoS):
    """A QoS whose ack fails before the count changes, as kombu's for Redis does."""

    def ack(self, delivery_tag: str, **_: object) -> None:
        """Raise ConnectionError."""
        raise ConnectionError(delivery_tag)


@pytest.fixture
def qos() -> Deaf:
    """A QoS with a prefetch limit of one message."""
    return Deaf(Mock(), prefetch_count=1)


@pytest.fixture
def channel(qos: Deaf) -> Mock:
    """The channel of the message."""
    return Mock(qos=qos, no_ack_consumers=None, basic_ack=qos.ack)


@pytest.fixture
def message(channel: Mock, qos: Deaf) -> Message:
    """A message that uses up the prefetch limit."""
    message = Message(channel=channel, delivery_tag="tag")
    release_prefetch_on_ack_failure(message)
    qos.append(message, "tag")
    assert not qos.can_consume()
    return message


def test_a_message_that_cannot_be_acknowledged_is_not_in_hand_for_good(
    message: Message, qos: Deaf
) -> None:
    """After a failed ack the worker consumes another message."""
    message.ack_log_error(LOG, (ConnectionError,))

    assert qos.can_consume()


def test_nor_is_one_that_cannot_be_rejected(message: Message, channel: Mock, qos: Deaf) -> None:
    """After a failed reject the worker consumes another; an unexpected error is raised."""
    channel.basic_reject.side_effect = BrokenPipeError

    with pytest.raises(BrokenPipeError):
        message.reject_log_error(LOG, (), requeue=True)

    assert qos.can_consume()


def test_what_the_broker_has_heard_is_left_to_kombu(
    message: Message, channel: Mock, qos: Deaf
) -> None:
    """After a successful ack kombu alone changes the count."""
    channel.basic_ack = Mock()

    message.ack_log_error(LOG, (ConnectionError,))

    channel.basic_ack.assert_called_once_with("tag", multiple=False)
    assert not qos.can_consume()


def test_a_message_of_another_broker_is_not_touched() -> None:
    """A message of an AMQP channel is unchanged: the broker counts there."""
    message = Message(channel=Mock(spec=["basic_ack", "no_ack_consumers"]), delivery_tag="1")

    release_prefetch_on_ack_failure(message)

    assert "ack_log_error" not in vars(message)
