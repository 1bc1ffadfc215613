"""Checks of the wiring at the start: each error is one sentence that says what to do."""

from functools import partial
from typing import Any

import pytest
from messagebus import (
    AsyncMessageBus,
    AsyncSinkholeEventstreamTransport,
    Command,
    Event,
    Metadata,
)

from reading_club.adapters.memory.database import InMemoryStreamDatabase
from reading_club.adapters.memory.stream_unit_of_work import InMemoryStreamUnitOfWork
from reading_club.eventstream.run import subscribe
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.wiring import (
    WiringError,
    require_command_handlers,
    require_event_handlers,
)


class Weigh(Command):
    """A command."""

    metadata: Metadata = Metadata(name="weigh", schema_version=1, published=False)


class Weighed(Event):
    """An event."""

    metadata: Metadata = Metadata(name="weighed", schema_version=1, published=True)


class Tared(Event):
    """Another event."""

    metadata: Metadata = Metadata(name="tared", schema_version=1, published=True)


async def handler(_: Any, __: Any) -> None:
    """Do nothing."""


def a_subscriber(*events: type[Event]) -> Subscriber[Any, Any]:
    """Return a subscriber that handles these events."""
    subscriber = Subscriber[Any, Any]("scale")
    if events:
        subscriber.on(*events)(handler)
    return subscriber


def test_a_command_without_a_handler_is_refused() -> None:
    """The sentence names the command, and how a handler is written."""
    bus = AsyncMessageBus[Any]()

    with pytest.raises(WiringError, match="the command Weigh has no handler: write one with"):
        require_command_handlers(bus.commands_registry, [Weigh])

    bus.add_listener(Weigh, handler)
    require_command_handlers(bus.commands_registry, [Weigh])


def test_a_subscriber_without_handlers_is_refused() -> None:
    """The sentence names the subscriber, and how a handler is added."""
    with pytest.raises(WiringError, match=r"the subscriber scale has no handlers: .* method on"):
        require_event_handlers(a_subscriber())

    require_event_handlers(a_subscriber(Weighed))


def test_a_handler_of_an_unknown_event_is_refused() -> None:
    """Its events would all become parked dead letters: the sentence names the type."""
    subscriber = a_subscriber(Weighed, Tared)

    with pytest.raises(WiringError, match=r"scale handles tared_v1, .* cannot read: add its class"):
        require_event_handlers(subscriber, [Weighed])

    require_event_handlers(subscriber, [Weighed, Tared])


async def test_a_relay_subscribes_no_subscriber_without_handlers() -> None:
    """Nothing is stored for the other subscribers either."""
    database = InMemoryStreamDatabase()
    transport = AsyncSinkholeEventstreamTransport()
    make_uow = partial(InMemoryStreamUnitOfWork, transport, database)

    with pytest.raises(WiringError, match="scale has no handlers"):
        await subscribe(make_uow, [a_subscriber(Weighed), a_subscriber()])

    assert database.subscriptions == {}
