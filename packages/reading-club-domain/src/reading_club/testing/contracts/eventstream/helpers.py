"""Helpers of the event stream's contracts: types of fixtures, commits and claims of events."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol
from uuid import UUID

import pytest
from lastuuid import uuid7
from messagebus import AsyncAbstractEventstreamTransport, Command, Event, Message, Metadata
from pydantic import Field

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import Lease, OutboxKey, OutboxMessage, OutboxStore
from reading_club.eventstream.unit_of_work import StreamUnitOfWork

PassTime = Callable[[float], Awaitable[None]]
"""Advances the database's clock by a number of seconds, without waiting."""

LONG_LEASE = Lease(3600.0)
"""A lease longer than every test."""


UNPUBLISHED = Metadata(name="send_reminder", schema_version=1, published=False)


class MakeEvent(Protocol):
    """Makes events of one type of the domain under test, which is published."""

    def __call__(self, text: str = ..., /) -> Event:
        """Return a new event with this text in its payload."""
        ...


class ContractCommand(Command):
    """Base of the commands that the contracts store."""


class SendReminder(ContractCommand):
    """A message that is stored and not published."""

    recipient: UUID = Field(default_factory=uuid7)
    text: str
    metadata: Metadata = UNPUBLISHED


class UnitOfWorkFactory(Protocol):
    """Makes units of work on one database, which publish to the fixture ``transport``."""

    def __call__(self) -> StreamUnitOfWork:
        """Return a unit of work that is not open."""
        ...


class UnitOfWorkOn(Protocol):
    """Makes units of work on one database, with a transport of the test's choice."""

    def __call__(self, transport: AsyncAbstractEventstreamTransport) -> StreamUnitOfWork:
        """Return a unit of work that is not open."""
        ...


class OutboxFixtures:
    """The fixtures of the outbox and its database, as attributes of a contract."""

    @pytest.fixture(autouse=True)
    def _storage(
        self,
        uow_on: UnitOfWorkOn,
        outbox: OutboxStore,
        pass_time: PassTime,
        make_event: MakeEvent,
    ) -> None:
        self.uow_on, self.outbox = uow_on, outbox
        self.pass_time, self.make_event = pass_time, make_event


async def commit(
    uow_on: UnitOfWorkOn, *events: Message[Any], lease: Lease | None = None
) -> RecordingOutboxTransport:
    """Commit events in one transaction; without ``lease``, their rows can be claimed at once."""
    transport = RecordingOutboxTransport(lease)
    async with uow_on(transport) as transaction:
        for event in events:
            await transaction.uow.messagestore.add(event)
        await transaction.commit()
    return transport


async def is_received(uow_factory: UnitOfWorkFactory, key: InboxKey) -> bool:
    """Whether there is a committed inbox row of this key."""
    async with uow_factory() as transaction:
        is_new = await transaction.uow.inbox.insert_new(key)
        await transaction.rollback()
    return not is_new


async def waiting(outbox: OutboxStore) -> Sequence[OutboxMessage]:
    """Claim all rows that can be claimed, with a lease of 0 seconds: they stay available."""
    return await outbox.claim(1000, Lease(0.0))


async def ids(outbox: OutboxStore) -> list[UUID]:
    """Return the ids of the messages that can be claimed at this moment."""
    return [event.key.message_id for event in await waiting(outbox)]


def keys(events: Sequence[OutboxMessage]) -> list[OutboxKey]:
    """Return the keys of claimed events."""
    return [event.key for event in events]
