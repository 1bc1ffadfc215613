"""Subscriptions, and a query for the events that a subscriber has not received."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final, Protocol

NOTHING_CONVERTED: Final[Mapping[str, str]] = MappingProxyType({})


class Subscriptions(Protocol):
    """Subscriptions, and re-sending of events that a subscriber has not received."""

    async def subscribe(
        self,
        subscriber: str,
        types: Collection[str],
        *,
        outside: bool = False,
        converted: Mapping[str, str] = NOTHING_CONVERTED,
    ) -> None:
        """Subscribe to these types from now on; an existing subscription keeps its start.

        A subscriber ``outside`` is another program, whose inbox is in a database of its own.
        ``converted`` are further types of stored events, each with the type in which the
        subscriber gets them: it is subscribed to these events as well, and its queue is not bound
        to their types.
        """

    async def outside(self) -> Mapping[str, frozenset[str]]:
        """Return the subscribers outside, each with the types of its queue, by name."""
        ...

    async def own(self) -> Mapping[str, frozenset[str]]:
        """Return the subscribers that are not outside, each with its types, by name.

        Also those that no release has any more: their subscriptions stay.
        """
        ...

    async def remove_outside(self, subscriber: str) -> bool:
        """End a subscriber outside, and delete its rows in the outbox; False if it is unknown.

        Its dead letters stay. Does nothing for a subscriber that is not outside.
        """
        ...

    async def requeue_missing(
        self, subscriber: str, *, idle: bool, after: float, horizon: float, limit: int
    ) -> int:
        """Put events that a subscriber has not received into the outbox, for that subscriber alone.

        An event is missing if it was published after the subscription, ``after`` to ``horizon``
        seconds ago, and has no inbox row, dead letter or outbox row. If the subscriber's queue is
        not empty (``idle`` is False), the event may be waiting there: then it is missing only if it
        is ``after`` seconds older than the newest received one. Each re-send doubles ``after`` for
        the event. Returns how many were re-sent, the oldest first, up to ``limit``.

        While the subscriber is paused nothing is missing: its events wait in the queue, and copies
        of them would pile up there.
        """
        ...
