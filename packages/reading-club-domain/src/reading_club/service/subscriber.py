"""A subscriber: somebody who hears of events, once each, in a transaction of his own."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from reading_club.domain.messages import ClubEvent, type_of
from reading_club.service.uow import AbstractUnitOfWork

TEvent = TypeVar("TEvent", bound=ClubEvent)
EventHandler = Callable[[TEvent, AbstractUnitOfWork], Coroutine[Any, Any, None]]


class Subscriber:
    """A name, which is also the name of its queue, and a handler for each event it hears.

    Handlers never commit. They are idempotent, and they commute: the same events, in
    any order and any number, leave the same tables.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._handlers: dict[type[ClubEvent], EventHandler[Any]] = {}

    @property
    def types(self) -> frozenset[str]:
        """The types on the wire that this subscriber wants."""
        return frozenset(type_of(event) for event in self._handlers)

    def on(self, *events: type[TEvent]) -> Callable[[EventHandler[TEvent]], EventHandler[TEvent]]:
        """Register the decorated function for these events. Raises ValueError for a second one."""

        def register(handler: EventHandler[TEvent]) -> EventHandler[TEvent]:
            for event in events:
                if event in self._handlers:
                    raise ValueError(f"{self.name} has a handler for {event.__name__} already")
                self._handlers[event] = handler
            return handler

        return register

    def hears(self, event: ClubEvent) -> bool:
        """Whether there is a handler for this event."""
        return type(event) in self._handlers

    async def handle(self, event: ClubEvent, uow: AbstractUnitOfWork) -> None:
        """Let the event take effect in the open transaction, or nothing if it is not heard."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            await handler(event, uow)
