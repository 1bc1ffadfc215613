"""Publishing a batch on AMQP, with a mocked connection."""

from unittest.mock import MagicMock

import pytest

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.broker_errors import BrokerBlocked
from reading_club.adapters.eventstream.publisher.amqp import AmqpConnection
from reading_club.adapters.eventstream.publisher.encoding import MessageEncoder
from reading_club.adapters.eventstream.publisher.result import PublishResultBuilder
from reading_club.adapters.eventstream.testing import LISTENERS, outgoing


def test_a_write_that_times_out_reports_the_alarm_sent_before() -> None:
    """If a write times out, a Connection.Blocked that was sent before gives the reason."""
    encoder = MessageEncoder(publisher_app("memory://", LISTENERS))
    connection = MagicMock(transport_options={})
    channel = connection.channel.return_value
    channel.connection.drain_events.side_effect = BrokerBlocked("the broker's memory alarm")
    channel.send_method.side_effect = TimeoutError("timed out")
    publishing = AmqpConnection(connection, encoder.route)

    with pytest.raises(BrokerBlocked, match="memory"):
        publishing.send(encoder.encode([outgoing()])[0], PublishResultBuilder())


def test_a_blocked_broker_gets_no_batch() -> None:
    """A blocked broker gets no batch: it would later read the batch and its retry."""
    encoder = MessageEncoder(publisher_app("memory://", LISTENERS))
    connection = MagicMock(transport_options={})
    connection.drain_events.side_effect = BrokerBlocked
    publishing = AmqpConnection(connection, encoder.route)

    with pytest.raises(BrokerBlocked):
        publishing.send(encoder.encode([outgoing()])[0], PublishResultBuilder())

    connection.channel.return_value.send_method.assert_not_called()
