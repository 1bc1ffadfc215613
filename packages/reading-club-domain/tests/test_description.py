"""What is wired, as values and as lines: of a domain that is no club."""

from typing import Any

from messagebus import AsyncMessageBus, Command, Event, Metadata
from pydantic import BaseModel

from reading_club.eventstream.description import describe
from reading_club.eventstream.description_text import description_lines
from reading_club.eventstream.message_fields import fields_of
from reading_club.eventstream.schemas import payload_schema
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.versions import Versions


class Unit(BaseModel):
    """A model in a payload."""

    name: str
    symbol: str | None = None


class Weigh(Command):
    """Weigh something."""

    grams: int
    note: str = ""
    metadata: Metadata = Metadata(name="weigh", schema_version=1, published=False)


class ScaleEvent(Event):
    """Base of the events."""


class Weighed(ScaleEvent):
    """Something was weighed.

    In grams.
    """

    grams: int
    metadata: Metadata = Metadata(name="weighed", schema_version=1, published=True)


class WeighedV2(ScaleEvent):
    """Something was weighed, in a unit."""

    amount: float
    units: list[Unit]
    metadata: Metadata = Metadata(name="weighed", schema_version=2, published=True)


class Tared(ScaleEvent):
    """The scale was tared; of this process alone."""

    metadata: Metadata = Metadata(name="tared", schema_version=1, published=False)


def in_units(event: Weighed) -> WeighedV2:
    """Return the second version."""
    return WeighedV2(amount=event.grams, units=[Unit(name="gram")])


async def weigh(command: Weigh, uow: Any) -> None:
    """Handle the command."""


async def on_tared(event: Tared, uow: Any) -> None:
    """Handle the event in the transaction of its command."""


async def on_weighed(event: Any, uow: Any) -> None:
    """Handle the first version."""


VERSIONS = Versions([in_units])
EVENTS: list[type[ScaleEvent]] = [Weighed, WeighedV2, Tared]


def a_bus() -> AsyncMessageBus[Any]:
    """Return a bus with the handlers."""
    bus = AsyncMessageBus[Any]()
    bus.add_listener(Weigh, weigh)
    bus.add_listener(Tared, on_tared)
    return bus


def a_subscriber(*events: type[ScaleEvent]) -> Subscriber[Any, Any]:
    """Return a subscriber of these events."""
    subscriber = Subscriber[Any, Any]("scale")
    subscriber.on(*events)(on_weighed)
    return subscriber


def test_commands_have_fields_and_a_handler() -> None:
    """A command without a handler is described as well."""
    (handled,) = describe(a_bus(), [Weigh], [], []).commands
    (alone,) = describe(AsyncMessageBus[Any](), [Weigh], [], []).commands

    assert handled.type == "weigh_v1"
    assert [(f.name, f.type, f.required) for f in handled.fields] == [
        ("grams", "integer", True),
        ("note", "string", False),
    ]
    assert handled.handler == f"{__name__}.weigh"
    assert alone.handler is None


def test_each_version_of_an_event_is_described() -> None:
    """With its newest version, its subscribers, and its handlers in the process."""
    first, second, tared = describe(a_bus(), [], EVENTS, [a_subscriber(Weighed)], VERSIONS).events

    assert (first.type, first.newest, first.published) == ("weighed_v1", "weighed_v2", True)
    assert first.summary == "Something was weighed."
    assert (first.subscribers, second.subscribers) == (["scale"], [])
    assert second.newest == second.type == "weighed_v2"
    assert (tared.published, tared.handlers) == (False, [f"{__name__}.on_tared"])


def test_a_retired_version_is_not_published() -> None:
    """Its events are read, and published in later versions alone."""
    versions = Versions([in_units], retired=[Weighed])

    first, second, _ = describe(a_bus(), [], EVENTS, [], versions).events

    assert (first.published, second.published) == (False, True)


def test_a_subscriber_of_an_old_version_alone_is_named() -> None:
    """A subscriber that has the newest version as well is not."""
    old = a_subscriber(Weighed)
    new = a_subscriber(Weighed, WeighedV2)

    described = describe(a_bus(), [], EVENTS, [old, new], VERSIONS)

    assert [each.outdated for each in described.subscribers] == [{"weighed_v1": "weighed_v2"}, {}]
    assert described.subscribers[0].handlers == {"weighed_v1": f"{__name__}.on_weighed"}
    assert "scale knows weighed_v1 and not weighed_v2" in "\n".join(description_lines(described))


def test_a_schema_has_the_payload_alone() -> None:
    """Without id, time and metadata; with the models that the payload refers to."""
    schema = payload_schema(WeighedV2, "#/somewhere/{model}")

    assert set(schema["properties"]) == {"amount", "units"}
    assert schema["properties"]["units"]["items"] == {"$ref": "#/somewhere/Unit"}
    assert set(schema["$defs"]) == {"Unit"}
    assert "$defs" not in payload_schema(Weighed)
    assert [f.type for f in fields_of(WeighedV2)] == ["number", "array of Unit"]


def test_lines_name_everything() -> None:
    """Commands, events, subscribers, and their functions."""
    text = "\n".join(
        description_lines(describe(a_bus(), [Weigh], EVENTS, [a_subscriber(Weighed)], VERSIONS))
    )

    assert "note: string (optional)" in text
    assert "weighed_v1, the newest version is weighed_v2" in text
    assert "tared_v1, not published" in text
    assert f"weighed_v1 → {__name__}.on_weighed" in text
