"""A subscriber: the name of a queue, and a handler for each event type."""

from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from messagebus import Event

from reading_club.eventstream.ports.dead_letters import RELAY
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS
from reading_club.eventstream.unit_of_work import StreamUnitOfWork
from reading_club.eventstream.versions import NO_VERSIONS, Versions
from reading_club.eventstream.wire import TEvent, wire_type

TUnitOfWork = TypeVar("TUnitOfWork", bound=StreamUnitOfWork)
THandled = TypeVar("THandled", bound=Event)
EventHandler = Callable[[THandled, TUnitOfWork], Coroutine[Any, Any, None]]


class Subscriber(Generic[TEvent, TUnitOfWork]):
    """A name, which is also the name of its queue, and a handler for each subscribed event type.

    Handlers are idempotent and commutative: the same events, in any order and any number,
    leave the same tables. A handler is a coroutine function, called with the event and the unit of
    work in whose transaction the inbox row is. It never commits. ``TEvent`` is the base or the
    union of an application's events, and ``TUnitOfWork`` is its unit of work. ``handlers``
    are the handlers by event type. Raises ValueError for a reserved name.

    With ``versions`` an event is upcast until a version has a handler, so that handlers of the
    newest version are enough: the subscriber reads older versions as well.
    """

    def __init__(self, name: str, *, versions: Versions = NO_VERSIONS) -> None:
        if name in {ALL_SUBSCRIBERS, RELAY}:
            raise ValueError(f"a subscriber cannot be called {name!r}: it means all subscribers")
        self.name = name
        self.versions = versions
        self.handlers: dict[type[Event], EventHandler[Any, TUnitOfWork]] = {}

    @property
    def types(self) -> frozenset[str]:
        """The types on the wire of the subscribed events, with those of older versions."""
        return frozenset(map(wire_type, self.readable))

    @property
    def readable(self) -> frozenset[type[Event]]:
        """The events that have a handler, or an older version than one that has."""
        return frozenset[type[Event]]().union(*map(self.versions.readable_as, self.handlers))

    @property
    def outdated_types(self) -> frozenset[str]:
        """The subscribed types of which there is a newer version without a handler."""
        return self.versions.outdated(self.types)

    def reads(self, event_type: type[Event]) -> bool:
        """Return whether this version of the event, or a later one, has a handler."""
        return any(each in self.handlers for each in self.versions.later(event_type))

    def on(
        self, *events: type[THandled]
    ) -> Callable[[EventHandler[THandled, TUnitOfWork]], EventHandler[THandled, TUnitOfWork]]:
        """Register the decorated handler for these events. Raises ValueError for a second one."""

        def register(
            handler: EventHandler[THandled, TUnitOfWork],
        ) -> EventHandler[THandled, TUnitOfWork]:
            for event in events:
                if event in self.handlers:
                    raise ValueError(f"{self.name} has a handler for {event.__name__} already")
                self.handlers[event] = handler
            return handler

        return register

    async def handle(self, event: TEvent, uow: TUnitOfWork) -> None:
        """Call the event's handler in the open transaction; without a handler, do nothing.

        Of the versions from the event's own on, the first one with a handler is handled.
        """
        known = (
            event if type(event) in self.handlers else self.versions.upcast(event, self.handlers)
        )
        handler = self.handlers.get(type(known))
        if handler is not None:
            await handler(known, uow)
