"""Breaks of a contract: what an event class changes that readers rely on, and what to do."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from messagebus import Event

from reading_club.eventstream.errors import UnreadableMessage
from reading_club.eventstream.schemas.comparison import ADDED_REQUIRED, compare
from reading_club.eventstream.schemas.payload import Schema, payload_schema
from reading_club.eventstream.wire import EventRegistry, payload_fields, wire_type


@dataclass(frozen=True)
class Break:
    """A change of a published event that breaks readers of its messages."""

    type: str
    """The type on the wire."""
    field: str
    """The path of the field; of the whole payload it is empty."""
    change: str
    """How the field changed, and which readers fail."""
    remedy: str
    """What to do, as a sentence."""

    def __str__(self) -> str:
        return f"{self.type}: {' '.join(filter(None, (self.field, self.change)))}. {self.remedy}"


def published(events: Iterable[type[Event]]) -> dict[str, type[Event]]:
    """Return the published events by their types on the wire."""
    classes = (event for event in events if event.model_fields["metadata"].default.published)
    return {wire_type(event): event for event in classes}


def schema_breaks(type_: str, schema: Schema, events: Iterable[type[Event]]) -> list[Break]:
    """Return the breaks of an event type since the schema of its payload was written."""
    classes = published(events)
    if type_ not in classes:
        return [_gone(type_)]
    changes = compare(schema, payload_schema(classes[type_]))
    remedy = _remedy(type_, classes)
    default = "Give it a default; or else: "
    return [
        Break(type_, field, change, default + remedy if change == ADDED_REQUIRED else remedy)
        for field, change in changes
    ]


def example_breaks(
    type_: str, message: Mapping[str, Any], events: Iterable[type[Event]]
) -> list[Break]:
    """Return the breaks that a message shows: it is not read, or a field has another value."""
    classes = published(events)
    if type_ not in classes:
        return [_gone(type_)]
    remedy = _remedy(type_, classes)
    try:
        read = payload_fields(EventRegistry([classes[type_]]).decode(message))
    except UnreadableMessage as exc:
        change = f"the example is not read any more ({exc})"
        return [Break(type_, "", change, remedy)]
    written = json.loads(message["payload"])
    return [
        Break(type_, name, f"of the example is {value!r}, and read as {read.get(name)!r}", remedy)
        for name, value in written.items()
        if name not in read or read[name] != value
    ]


def _gone(type_: str) -> Break:
    remedy = "Keep the class among the events, and published: the history has messages of it."
    return Break(type_, "", "no published event has this type any more", remedy)


def _remedy(type_: str, classes: Mapping[str, type[Event]]) -> str:
    """Return the advice to leave the class as it was, and to add a version after the newest."""
    metadata = {each: cls.model_fields["metadata"].default for each, cls in classes.items()}
    versions = [each for each in classes if metadata[each].name == metadata[type_].name]
    newest = max(versions, key=lambda each: metadata[each].schema_version)
    version = metadata[newest].schema_version + 1
    name = classes[newest].__name__
    following = f"{re.sub(r'_?V[0-9]+$', '', name)}V{version}"
    return (
        f"Leave {classes[type_].__name__} as it was, and add {following} "
        f"(schema_version={version}) with an upcaster from {name}."
    )
