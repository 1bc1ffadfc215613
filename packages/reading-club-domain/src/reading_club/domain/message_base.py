"""What commands and events of the club have in common."""

from messagebus import Command, Event, Metadata
from pydantic import ConfigDict


class FrozenMetadata(Metadata):
    """The immutable metadata that all messages of one type share."""

    model_config = ConfigDict(frozen=True)


def command_metadata(name: str) -> Metadata:
    """Return the metadata of a command, which is never published."""
    return FrozenMetadata(name=name, schema_version=1, published=False)


def event_metadata(name: str, version: int = 1) -> Metadata:
    """Return the metadata of a published event."""
    return FrozenMetadata(name=name, schema_version=version, published=True)


class ClubCommand(Command):
    """Base of the commands: requests that may be refused, also for an unknown field."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)


class ClubEvent(Event):
    """Base of the events: unknown fields are ignored, and texts are not validated.

    Otherwise a stricter rule of a later release would make dead letters of older events.
    """
