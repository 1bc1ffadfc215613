"""Internals of py-amqp: written messages, reasons of alarms, and the socket."""

import socket
from typing import Any
from unittest.mock import MagicMock, Mock

from amqp import Channel, Connection, Message, spec
from amqp.serialization import dumps

from reading_club.adapters.eventstream._pyamqp import (
    on_blocked,
    shut_down,
    socket_of,
    write_message,
)


class RecordingChannel(Channel):
    """A channel that records what it would write."""

    def __init__(self) -> None:
        self.written: list[Any] = []
        self.connection = Mock(
            client_properties={"capabilities": {"connection.blocked": True}},
            transport=MagicMock(),
            drain_events=Mock(side_effect=TimeoutError),
        )
        self.channel_id = 1
        self.connection.frame_writer = lambda *frame: self.written.append(frame)


def test_a_message_is_written_as_py_amqp_writes_it() -> None:
    """The written frames equal those of ``basic_publish``, with nothing read before."""
    channel, message = RecordingChannel(), Message(b"{}", content_type="application/json")

    channel.basic_publish(message, "eventstream", "parcel_sent_v1", mandatory=True)
    channel.connection.drain_events.assert_called_once_with(timeout=0)
    channel.connection.drain_events.reset_mock()
    write_message(channel, message, "eventstream", "parcel_sent_v1", mandatory=True)

    theirs, ours = channel.written
    assert ours == theirs
    channel.connection.drain_events.assert_not_called()


def test_the_reason_of_a_blocked_connection_is_read() -> None:
    """RabbitMQ's reason reaches the callback of this connection; others ignore it."""
    blocked: list[str] = []
    connection, other = Connection("broker"), Connection("broker")
    on_blocked(connection, blocked.append)
    payload = b"\0\0\0\0" + dumps("s", ("low on memory",))

    for each in (connection, other):
        each.dispatch_method(spec.Connection.Blocked, payload, None)

    assert blocked == ["low on memory"]


def test_the_socket_of_a_connection_is_shut_down_below_tls() -> None:
    """The peer reads the end of the stream at once; other connections have no socket."""
    ours, theirs = socket.socketpair()
    connection: Any = Connection("broker")
    connection.transport = Mock(sock=ours)
    sock = socket_of(connection)
    connection.transport = None

    with ours, theirs:
        shut_down(sock)
        shut_down(sock)

        assert theirs.recv(1) == b""
    assert sock is ours
    shut_down(socket_of(Mock(spec=[])))
