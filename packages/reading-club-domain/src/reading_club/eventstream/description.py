"""What is wired: commands, events, subscribers and their handlers, as values to print."""

from collections.abc import Callable, Iterable, Sequence
from inspect import getdoc
from typing import Any

from messagebus import AsyncMessageBus, Event, Message
from pydantic import BaseModel, ConfigDict

from reading_club.eventstream.message_fields import FieldDescription, fields_of
from reading_club.eventstream.schemas import payload_schema
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.versions import NO_VERSIONS, Versions
from reading_club.eventstream.wire import wire_type


class Described(BaseModel):
    """Base of what is described: ``model_dump(mode="json")`` is for programs."""

    model_config = ConfigDict(frozen=True)


class CommandDescription(Described):
    """A command, and the function that handles it, if any."""

    type: str
    fields: list[FieldDescription]
    handler: str | None


class EventDescription(Described):
    """A version of an event, with its JSON Schema."""

    type: str
    summary: str
    """The first line of the documentation of its class."""
    published: bool
    """False for an event of the process alone, and for a version that is only read."""
    newest: str
    """The newest version of the event: its own type, unless there is a later one."""
    fields: list[FieldDescription]
    payload: dict[str, Any]
    """The JSON Schema of the payload."""
    subscribers: list[str]
    """Names of the subscribers that get this version."""
    handlers: list[str]
    """Functions that handle it in the transaction of its command."""


class SubscriberDescription(Described):
    """A subscriber: the types that it gets, and its handlers."""

    name: str
    types: list[str]
    """Types on the wire that it gets."""
    handlers: dict[str, str]
    """The function for each type that it handles; older versions are converted to these."""
    outdated: dict[str, str]
    """The newest version of an event, by the version that the subscriber knows instead."""


class Description(Described):
    """All that is wired in a program."""

    commands: list[CommandDescription]
    events: list[EventDescription]
    subscribers: list[SubscriberDescription]


def describe(
    bus: AsyncMessageBus[Any],
    commands: Iterable[type[Message[Any]]],
    events: Iterable[type[Event]],
    subscribers: Iterable[Subscriber[Any, Any]],
    versions: Versions = NO_VERSIONS,
) -> Description:
    """Return what is wired. Nothing is connected for that."""
    events, subscribers = tuple(events), tuple(subscribers)
    return Description(
        commands=[_command(command, bus) for command in commands],
        events=[_event(event, bus, subscribers, versions) for event in events],
        subscribers=[_subscriber(each, events, versions) for each in subscribers],
    )


def outdated(
    types: Iterable[str], events: Iterable[type[Event]], versions: Versions
) -> dict[str, str]:
    """Return the newest version of each of these types whose newest is not one of them.

    A type that is none of the events is left out.
    """
    old = versions.outdated(frozenset(types))
    newest = {wire_type(event): wire_type(versions.newest(event)) for event in events}
    return {type_: newest[type_] for type_ in sorted(old & newest.keys())}


def is_published(event: type[Event], versions: Versions) -> bool:
    """Whether events of this version are published: also if they are stored in an older one."""
    type_ = wire_type(event)
    published: bool = event.model_fields["metadata"].default.published
    return published and type_ in versions.published_as(type_)


def summary_of(message: type[Message[Any]]) -> str:
    """Return the first line of the documentation of a message's class."""
    return (getdoc(message) or "").partition("\n")[0]


def _command(command: type[Message[Any]], bus: AsyncMessageBus[Any]) -> CommandDescription:
    registry: Any = bus.commands_registry
    hook = registry.get(command)
    handler = None if hook is None else _name(hook.callback)
    return CommandDescription(type=wire_type(command), fields=fields_of(command), handler=handler)


def _event(
    event: type[Event],
    bus: AsyncMessageBus[Any],
    subscribers: Sequence[Subscriber[Any, Any]],
    versions: Versions,
) -> EventDescription:
    type_ = wire_type(event)
    return EventDescription(
        type=type_,
        summary=summary_of(event),
        published=is_published(event, versions),
        newest=wire_type(versions.newest(event)),
        fields=fields_of(event),
        payload=payload_schema(event),
        subscribers=[each.name for each in subscribers if type_ in each.types],
        handlers=[_name(hook.callback) for hook in bus.events_registry.get(event, ())],
    )


def _subscriber(
    subscriber: Subscriber[Any, Any], events: Sequence[type[Event]], versions: Versions
) -> SubscriberDescription:
    handlers = {wire_type(event): _name(call) for event, call in subscriber.handlers.items()}
    return SubscriberDescription(
        name=subscriber.name,
        types=sorted(subscriber.types),
        handlers=dict(sorted(handlers.items())),
        outdated=outdated(subscriber.types, events, versions),
    )


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{getattr(function, '__qualname__', type(function).__name__)}"
