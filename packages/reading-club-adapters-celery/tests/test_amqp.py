"""Publishing a batch on AMQP, with a mocked connection."""

from unittest.mock import MagicMock

import pytest

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.failure_reasons import BrokerBlocked
from reading_club.adapters.eventstream.publisher.amqp import AmqpConnection
from reading_club.adapters.eventstream.publisher.encoding import MessageEncoder
from reading_club.adapters.eventstream.publisher.result import PublishResultBuilder
from reading_club.adapters.eventstream.testing import LISTENERS, outgoing


def test_a_broker_that_reads_no_more_may_have_said_why() -> None:
    """If a write times out, a Connection.Blocked that was sent before gives the reason."""
    encoder = MessageEncoder(publisher_app("memory://", LISTENERS))
    connection = MagicMock(transport_options={})
    channel = connection.channel.return_value
    channel.connection.drain_events.side_effect = BrokerBlocked("the broker's memory alarm")
    channel.send_method.side_effect = TimeoutError("timed out")
    line = AmqpConnection(connection, encoder.route)

    with pytest.raises(BrokerBlocked, match="memory"):
        line.send(encoder.encode([outgoing()], PublishResultBuilder()), PublishResultBuilder())


def test_nothing_is_sent_to_a_broker_that_has_said_it_is_blocked() -> None:
    """A blocked broker gets no batch: it would later read the batch and its retry."""
    encoder = MessageEncoder(publisher_app("memory://", LISTENERS))
    connection = MagicMock(transport_options={})
    connection.drain_events.side_effect = BrokerBlocked
    line = AmqpConnection(connection, encoder.route)

    with pytest.raises(BrokerBlocked):
        line.send(encoder.encode([outgoing()], PublishResultBuilder()), PublishResultBuilder())

    connection.channel.return_value.send_method.assert_not_called()
