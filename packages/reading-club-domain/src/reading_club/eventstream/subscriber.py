"""A subscriber: the name of a queue, and a handler for each event type."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from reading_club.domain.messages import ClubEvent, wire_type
from reading_club.service.uow import AbstractUnitOfWork

TEvent = TypeVar("TEvent", bound=ClubEvent)
EventHandler = Callable[[TEvent, AbstractUnitOfWork], Coroutine[Any, Any, None]]


class Subscriber:
    """A name, which is also the name of its queue, and a handler for each subscribed event type.

    Handlers are idempotent and commutative: the same events, in any order and any number,
    leave the same tables. They never commit.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._handlers: dict[type[ClubEvent], EventHandler[Any]] = {}

    @property
    def types(self) -> frozenset[str]:
        """The types on the wire of the subscribed events."""
        return frozenset(wire_type(event) for event in self._handlers)

    def on(self, *events: type[TEvent]) -> Callable[[EventHandler[TEvent]], EventHandler[TEvent]]:
        """Register the decorated handler for these events. Raises ValueError for a second one."""

        def register(handler: EventHandler[TEvent]) -> EventHandler[TEvent]:
            for event in events:
                if event in self._handlers:
                    raise ValueError(f"{self.name} has a handler for {event.__name__} already")
                self._handlers[event] = handler
            return handler

        return register

    def handles(self, event: ClubEvent) -> bool:
        """Whether there is a handler for this event."""
        return type(event) in self._handlers

    async def handle(self, event: ClubEvent, uow: AbstractUnitOfWork) -> None:
        """Call the event's handler in the open transaction; without a handler, do nothing."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            await handler(event, uow)
