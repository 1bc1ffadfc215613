"""Checks of the wiring at the start: what is wrong is said before a message is lost by it."""

from collections.abc import Container, Iterable
from typing import Any

from messagebus import Event, Message

from reading_club.eventstream.errors import EventstreamError
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.wire import wire_type


class WiringError(EventstreamError, ValueError):
    """The program is wired wrongly; the message is one sentence that says what to do."""


def require_command_handlers(
    handled: Container[type[Any]], commands: Iterable[type[Message[Any]]]
) -> None:
    """Raise WiringError for a command without a handler.

    ``handled`` are the commands with one, for example ``bus.commands_registry``.
    """
    for command in commands:
        if command not in handled:
            raise WiringError(
                f"the command {command.__name__} has no handler: write one with @async_listen, "
                "in a module that the bus scans"
            )


def require_event_handlers(
    subscriber: Subscriber[Any, Any], events: Iterable[type[Event]] | None = None
) -> None:
    """Raise WiringError for a subscriber that handles nothing, or an event that is not known.

    ``events`` are those that the program can read; None if it reads none, as a publisher.
    """
    if not subscriber.types:
        raise WiringError(
            f"the subscriber {subscriber.name} has no handlers: decorate a function with its "
            "method on(), in a module that is imported at the start, or remove the subscriber"
        )
    if events is None:
        return
    known = frozenset(map(wire_type, events))
    for type_ in sorted(frozenset(map(wire_type, subscriber.handlers)) - known):
        raise WiringError(
            f"the subscriber {subscriber.name} handles {type_}, which this program cannot read: "
            "add its class to the events that the program knows, or remove the handler"
        )
