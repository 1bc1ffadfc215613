"""Helpers of the outbox and inbox contracts: commit events, and claim them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol
from uuid import UUID

from messagebus import AsyncAbstractEventstreamTransport

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.domain.messages import ClubEvent
from reading_club.eventstream.ports.outbox import Lease, OutboxKey, OutboxMessage, OutboxStore
from reading_club.service.uow import AbstractUnitOfWork

PassTime = Callable[[float], Awaitable[None]]
"""Advances the database's clock by a number of seconds, without waiting."""

LONG = Lease(3600.0)
"""A lease longer than every test."""


class UnitOfWorkOn(Protocol):
    """Makes units of work on one database, with a transport of the test's choice."""

    def __call__(self, transport: AsyncAbstractEventstreamTransport) -> AbstractUnitOfWork:
        """Return a unit of work that is not open."""
        ...


async def commit(
    uow_on: UnitOfWorkOn, *events: ClubEvent, lease: Lease | None = None
) -> RecordingOutboxTransport:
    """Commit events in one transaction; without ``lease``, their rows can be claimed at once."""
    transport = RecordingOutboxTransport(lease)
    async with uow_on(transport) as transaction:
        for event in events:
            await transaction.uow.messagestore.add(event)
        await transaction.commit()
    return transport


async def waiting(outbox: OutboxStore) -> Sequence[OutboxMessage]:
    """Claim all rows that can be claimed, with a lease of 0 seconds: they stay available."""
    return await outbox.claim(1000, Lease(0.0))


async def ids(outbox: OutboxStore) -> list[UUID]:
    """Return the ids of the messages that can be claimed at this moment."""
    return [event.key.message_id for event in await waiting(outbox)]


def keys(events: Sequence[OutboxMessage]) -> list[OutboxKey]:
    """Return the keys of claimed events."""
    return [event.key for event in events]
