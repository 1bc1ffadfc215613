"""A stream's names, a durable queue for each subscriber, and the routing of events to them."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from amqp.exceptions import ChannelError
from kombu import Exchange, Queue, binding

from reading_club.adapters.eventstream.broker_errors import reason_of
from reading_club.adapters.eventstream.publisher.versions import WrittenVersions
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.versions import NO_VERSIONS, Versions
from reading_club.eventstream.wiring import require_event_handlers

logger = logging.getLogger(__name__)

ATTEMPTED: Final = "attempted"
"""Header of an event with an earlier attempt; other events lack it."""

QUEUE_ARGUMENTS: Final[Mapping[str, Any]] = {
    "x-queue-type": "quorum",
    # RabbitMQ drops a message after this number of deliveries, by default 20 from 4.0 on. The
    # consumer counts attempts instead, without those in an outage. -1 is new in 4.0.
    "x-delivery-limit": 1_000_000_000,
}
"""A quorum queue on RabbitMQ, replicated and on disk; other brokers ignore the arguments.

Publisher and worker declare the same: RabbitMQ refuses a queue that exists with others.
"""

REDACTED_REPRS: Final = {"argsrepr": "()", "kwargsrepr": "{}"}
"""Redacted headers: workers log them, and the content stays out of the log."""

Unwanted = Literal["confirm", "keep"]
"""What becomes of an event in the outbox that no known subscriber wants: see ``publisher_app``."""

_CONFIRM_TIMEOUT: Final = 2.0


_NAME: Final = re.compile(r"(?!amq(\.|$))[A-Za-z0-9_.:-]{1,127}")
"""A name that AMQP allows and RabbitMQ does not reserve."""


@dataclass(frozen=True)
class Stream:
    """The names of one event stream on a broker, as one value; the defaults are the club's.

    Two streams share a virtual host of RabbitMQ, or a database of Redis, and do not meet, if they
    differ in ``exchange`` and ``queue_prefix``. Give all parts of a stream the same value.
    Raises ValueError for a name that is not of letters, digits and ``_.:-``, longer than 127
    characters, or reserved by RabbitMQ (``amq.``).
    """

    exchange: str = "eventstream"
    """The topic exchange of all events; the routing key is the event type."""
    task: str = "send_message"
    """The name of the one task; its one keyword is ``message``."""
    queue_prefix: str = ""
    """The first part of the queues' names; if empty, this is the name of the exchange."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "queue_prefix", self.queue_prefix or self.exchange)
        for field, name in vars(self).items():
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"the {field} of a stream cannot be {name!r}: 1 to 127 letters, digits and "
                    "_ . : - are allowed, and no amq. at the start"
                )

    @property
    def topic(self) -> Exchange:
        """The exchange, as kombu declares it."""
        return Exchange(self.exchange, type="topic", durable=True)

    def queue_name(self, name: str) -> str:
        """Return the name of a subscriber's queue: ``eventstream.activity`` for ``activity``."""
        return f"{self.queue_prefix}.{name}"

    def queue_for(self, subscriber: Subscriber[Any, Any]) -> Queue:
        """Return the subscriber's queue, bound to each type that the subscriber handles.

        Raises WiringError for a subscriber without handlers: its queue would have no bindings.
        """
        require_event_handlers(subscriber)
        topic = self.topic
        bindings = [binding(topic, routing_key=type_) for type_ in sorted(subscriber.types)]
        return Queue(
            self.queue_name(subscriber.name),
            bindings=bindings,
            durable=True,
            queue_arguments=dict(QUEUE_ARGUMENTS),
        )


DEFAULT_STREAM: Final = Stream()
"""The stream with the names of the club."""

SEND_MESSAGE: Final = DEFAULT_STREAM.task
"""The task of the club's stream."""
EXCHANGE: Final = DEFAULT_STREAM.topic
"""The exchange of the club's stream."""
queue_name: Final = DEFAULT_STREAM.queue_name
queue_for: Final = DEFAULT_STREAM.queue_for


_DIFFERS: Final = "PRECONDITION_FAILED"
"""The code of RabbitMQ for a queue that exists with other arguments."""


def refusal(queue: Queue, error: ChannelError) -> str:
    """Return why the broker refuses the queue, without secrets."""
    return f"queue {queue.name} cannot be declared: {reason_of(error)}"


def differs(refusal: str) -> bool:
    """Return whether the queue is refused because it exists with other arguments."""
    return refusal.endswith(_DIFFERS)


class ForeignQueue(Queue):
    """A subscriber's queue in a publisher; a refused declaration is logged.

    kombu declares the queues of all subscribers before it publishes on a connection; an error would
    stop the publication. py-amqp reopens the channel by itself.
    """

    def declare(self, *args: Any, **options: Any) -> str:
        """Declare the queue with its bindings, log a refusal, and return the name."""
        try:
            super().declare(*args, **options)
        except ChannelError as exc:
            fields = {"queue": self.name, "reason": refusal(self, exc)}
            logger.warning("a queue is refused", extra=fields)
        return str(self.name)


class EventRouter:
    """Celery router: the event type is the routing key; declares the known subscribers' queues.

    An event that is published before a worker's first start waits in the worker's queue. A message
    with a bound type is mandatory: an AMQP broker returns it if the queue is gone, instead of
    dropping it. ``written`` says which events a batch publisher writes in which versions.
    """

    def __init__(
        self,
        queues: Sequence[Queue],
        stream: Stream = DEFAULT_STREAM,
        unwanted: Unwanted = "keep",
        versions: Versions = NO_VERSIONS,
    ) -> None:
        self.stream = stream
        self.unwanted = unwanted
        self.versions = versions
        self._topic = stream.topic
        self._fixed = queues
        self.set_further(())

    def set_further(self, further: Sequence[Queue]) -> None:
        """Replace the queues beside those of the constructor; other threads may publish."""
        queues = [*self._fixed, *further]
        bindings = {(bound.routing_key, queue.name) for queue in queues for bound in queue.bindings}
        self._foreign = [ForeignQueue(**queue.as_dict()) for queue in queues]
        self.wanted = {routing_key for routing_key, _ in bindings}
        self.written = WrittenVersions(self.versions, bindings)
        self.bindings = bindings
        self.queues = queues

    def __call__(
        self, name: str, _args: object, kwargs: Mapping[str, Any], *_: object, **__: object
    ) -> dict[str, Any] | None:
        """Return the publishing options of an event, or None for any other task."""
        if name != self.stream.task:
            return None
        type_ = kwargs["message"]["type"]
        return {
            "exchange": self.stream.exchange,
            "routing_key": type_,
            "declare": [self._topic, *self._foreign],
            "mandatory": type_ in self.wanted,
            "confirm_timeout": _CONFIRM_TIMEOUT,
            **REDACTED_REPRS,
        }
