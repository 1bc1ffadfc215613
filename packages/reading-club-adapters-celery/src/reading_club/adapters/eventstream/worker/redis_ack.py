"""Works around kombu: on Redis a message whose ack failed keeps counting as prefetched."""

from typing import Any

from kombu import Message
from kombu.transport import virtual


def release_prefetch_on_ack_failure(message: Message) -> None:
    """Stop counting the message as prefetched after its ack or reject, even if that fails.

    On Redis kombu would count the message for good: a worker at its prefetch limit during a short
    outage would never consume again. The broker redelivers the message after the visibility
    timeout, and it takes effect once. AMQP is unaffected: the broker counts, and a new connection
    starts at zero.
    """
    qos = getattr(message.channel, "qos", None)
    if isinstance(qos, virtual.QoS):
        anything: Any = message
        anything.ack_log_error = _Last(message, qos, message.ack_log_error)
        anything.reject_log_error = _Last(message, qos, message.reject_log_error)


class _Last:
    """Calls ack or reject, and stops counting the message if the call fails."""

    def __init__(self, message: Message, qos: virtual.QoS, attempt: Any) -> None:
        self._message = message
        self._qos = qos
        self._attempt = attempt

    def __call__(self, *args: Any, **options: Any) -> None:
        try:
            self._attempt(*args, **options)
        finally:
            if not self._message.acknowledged:
                # The base class's ack changes the local count, without asking the broker.
                base: Any = virtual.QoS
                base.ack(self._qos, self._message.delivery_tag)
