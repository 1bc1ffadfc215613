"""AMQP beyond the interface of py-amqp: faster writes, reasons of alarms, and a socket to cut.

py-amqp reads from the socket before it writes a message, serialises the headers of each message
anew, ignores why a broker is blocked, and closes TLS with a message that may block. Internals of
amqp 5.4.2 that this file uses, each with the test that fails if the internal changes:

- ``Channel.send_method`` with ``Basic.Publish`` and its format: writes a message.
  ``test_a_message_is_written_as_py_amqp_writes_it``
- ``Message._serialize_properties``, called once for each message that is written.
  ``test_a_prerendered_message_is_what_kombu_writes``
- ``Connection._METHODS`` and ``._callbacks``, which have no argument for Connection.Blocked.
  ``test_the_reason_of_a_blocked_connection_is_read``
- ``Connection.sock``, the socket of the transport. Without a transport py-amqp would connect.
  ``test_the_socket_of_a_connection_is_shut_down_below_tls``
"""

import contextlib
import socket
from collections.abc import Callable
from typing import Any, Final

from amqp import Message, spec

_BLOCKED: Final = spec.Connection.Blocked


class PrerenderedMessage(Message):
    """A message with serialised properties."""

    def __init__(self, body: bytes, properties: bytes) -> None:
        super().__init__(body)
        self._serialized = properties

    def _serialize_properties(self) -> bytes:
        return self._serialized


def serialized_properties(message: Any) -> bytes:
    """Return the properties of a message as py-amqp writes them."""
    written: bytes = message._serialize_properties()  # noqa: SLF001  # as py-amqp does
    return written


def write_message(
    channel: Any, message: Message, exchange: str, routing_key: str, *, mandatory: bool
) -> None:
    """Publish as ``Channel.basic_publish`` does, without reading before. Raises OSError."""
    arguments = (0, exchange, routing_key, mandatory, False)
    channel.send_method(spec.Basic.Publish, "Bssbb", arguments, message)


def on_blocked(connection: Any, callback: Callable[[str], None]) -> None:
    """Call back with RabbitMQ's reason, low on memory or on disk, when a connection is blocked."""
    methods = {**connection._METHODS, _BLOCKED: spec.method(_BLOCKED, "s")}  # noqa: SLF001  # as for other methods
    connection._METHODS = methods  # noqa: SLF001  # of this connection alone
    connection._callbacks[_BLOCKED] = callback  # noqa: SLF001  # replaces py-amqp's


def socket_of(connection: Any) -> socket.socket | None:
    """Return the socket of a connected AMQP connection, or None for another driver's."""
    found: socket.socket | None = getattr(connection, "sock", None)
    return found


def shut_down(sock: socket.socket | None) -> None:
    """Shut a socket down below TLS, without TLS's closing message, from any thread.

    Calls that wait for the broker fail at once.
    """
    if sock is not None:
        with contextlib.suppress(OSError):  # already closed
            socket.socket.shutdown(sock, socket.SHUT_RDWR)
