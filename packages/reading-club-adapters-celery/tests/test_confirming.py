"""A window on AMQP, where no broker is needed to see it."""

from unittest.mock import MagicMock

import pytest

from reading_club.adapters.eventstream import publisher_app
from reading_club.adapters.eventstream.publisher.confirming import ConfirmingLine
from reading_club.adapters.eventstream.publisher.letters import Encoder
from reading_club.adapters.eventstream.publisher.outcome import Outcome
from reading_club.adapters.eventstream.reasons import BrokerBlocked
from reading_club.adapters.eventstream.testing import LISTENERS, outgoing


def test_nothing_is_sent_to_a_broker_that_has_said_it_is_blocked() -> None:
    """It would read all of that when it is well again, and the window comes a second time."""
    encoder = Encoder(publisher_app("memory://", LISTENERS))
    connection = MagicMock(transport_options={})
    connection.drain_events.side_effect = BrokerBlocked
    line = ConfirmingLine(connection, encoder.route)

    with pytest.raises(BrokerBlocked):
        line.send(encoder.encode([outgoing()], Outcome()), Outcome())

    connection.channel.return_value.send_method.assert_not_called()
