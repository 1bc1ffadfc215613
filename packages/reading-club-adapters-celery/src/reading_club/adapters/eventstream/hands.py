"""How many messages a worker has in hand on Redis: what it cannot acknowledge is not among them."""

from typing import Any

from kombu import Message
from kombu.transport import virtual


def let_go_in_any_case(message: Message) -> None:
    """Let an attempt to acknowledge or to reject the message be the last, also if it fails.

    On Redis kombu would count the message as in hand for good: a worker whose hands were full
    when the broker was away for a moment would take no other one, ever. The broker gives it to
    somebody else when its time is over, and it takes effect once. On AMQP nothing changes: what
    is in hand is known to the broker, and a new connection has nothing in hand.
    """
    qos = getattr(message.channel, "qos", None)
    if isinstance(qos, virtual.QoS):
        anything: Any = message
        anything.ack_log_error = _Last(message, qos, message.ack_log_error)
        anything.reject_log_error = _Last(message, qos, message.reject_log_error)


class _Last:
    """Does what it is given, and forgets the message if that was in vain."""

    def __init__(self, message: Message, qos: virtual.QoS, attempt: Any) -> None:
        self._message = message
        self._qos = qos
        self._attempt = attempt

    def __call__(self, *args: Any, **options: Any) -> None:
        try:
            self._attempt(*args, **options)
        finally:
            if not self._message.acknowledged:
                # Of the base class, which asks no broker.
                base: Any = virtual.QoS
                base.ack(self._qos, self._message.delivery_tag)
