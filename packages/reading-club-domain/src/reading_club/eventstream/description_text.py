"""A description of what is wired, as lines for people."""

from collections.abc import Iterable, Iterator

from reading_club.eventstream.description import (
    CommandDescription,
    Description,
    EventDescription,
    SubscriberDescription,
)
from reading_club.eventstream.message_fields import FieldDescription


def description_lines(description: Description) -> list[str]:
    """Return the commands, events and subscribers as lines."""
    lines = ["commands"]
    for command in description.commands:
        lines += _command(command)
    lines += ["", "events"]
    for event in description.events:
        lines += _event(event)
    lines += ["", "subscribers"]
    for subscriber in description.subscribers:
        lines += _subscriber(subscriber)
    return lines


def outdated_sentences(name: str, outdated: dict[str, str]) -> list[str]:
    """Return a sentence for each event that a subscriber knows in an older version alone."""
    return [
        f"{name} knows {older} and not {newest}, the newest version: handle {newest}, and give "
        f"the subscriber the upcasters to it, before {older} is retired"
        for older, newest in outdated.items()
    ]


def _command(command: CommandDescription) -> Iterator[str]:
    yield f"  {command.type}"
    yield f"    fields    {_fields(command.fields)}"
    yield f"    handler   {command.handler or 'none'}"


def _event(event: EventDescription) -> Iterator[str]:
    older = "" if event.newest == event.type else f", the newest version is {event.newest}"
    unpublished = "" if event.published else ", not published"
    yield f"  {event.type}{unpublished}{older}"
    yield f"    fields    {_fields(event.fields)}"
    for handler in event.handlers:
        yield f"    handler   {handler}"
    yield f"    sent to   {', '.join(event.subscribers) or 'no subscriber'}"


def _subscriber(subscriber: SubscriberDescription) -> Iterator[str]:
    yield f"  {subscriber.name}"
    for type_ in subscriber.types:
        yield f"    {type_} → {subscriber.handlers.get(type_, 'converted to a later version')}"
    for sentence in outdated_sentences(subscriber.name, subscriber.outdated):
        yield f"    outdated  {sentence}"


def _fields(fields: Iterable[FieldDescription]) -> str:
    texts = (f"{f.name}: {f.type}" + ("" if f.required else " (optional)") for f in fields)
    return ", ".join(texts) or "none"
