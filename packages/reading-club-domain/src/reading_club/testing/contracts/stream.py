"""What the contracts of the event stream share: events that are committed, and what waits."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol
from uuid import UUID

from messagebus import AsyncAbstractEventstreamTransport

from reading_club.domain.messages import ClubEvent
from reading_club.service.outbox.port import Key, Lease, Outbox, Outgoing
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.outbox import RelayedTransport

PassTime = Callable[[float], Awaitable[None]]
"""Lets so many seconds pass by the clock of the database, without waiting for them."""

LONG = Lease(3600.0)
"""A lease that outlives every test."""


class UnitOfWorkOn(Protocol):
    """Makes units of work on one database, with a transport of the test's choice."""

    def __call__(self, transport: AsyncAbstractEventstreamTransport) -> AbstractUnitOfWork:
        """Return a unit of work that is not open."""
        ...


async def commit(
    uow_on: UnitOfWorkOn, *events: ClubEvent, lease: Lease | None = None
) -> RelayedTransport:
    """Commit events in one transaction; without a lease, that of their rows has run out."""
    transport = RelayedTransport(lease)
    async with uow_on(transport) as transaction:
        for event in events:
            await transaction.uow.messagestore.add(event)
        await transaction.commit()
    return transport


async def waiting(outbox: Outbox) -> Sequence[Outgoing]:
    """Return what can be claimed at this moment, and leave it so."""
    return await outbox.claim(1000, Lease(0.0))


async def ids(outbox: Outbox) -> list[UUID]:
    """Return the ids of the messages that can be claimed at this moment."""
    return [event.key.message_id for event in await waiting(outbox)]


def keys(events: Sequence[Outgoing]) -> list[Key]:
    """Return the keys of what was claimed."""
    return [event.key for event in events]
