"""What a process knows of subscribers outside when it begins."""

import asyncio
from collections.abc import Sequence
from typing import Any
from unittest.mock import Mock

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.eventstream.outside import FORGET, OutsideSubscriber, add_outside, following
from reading_club.service.versions import VERSIONS

DIGEST = OutsideSubscriber("digest", ["book_registered_v1"])
WITHIN = 10.0


async def test_a_process_knows_of_subscribers_outside_before_it_begins() -> None:
    """A subscriber of a later version alone would get nothing of what is published meanwhile."""
    database = InMemoryDatabase()

    def make_uow() -> InMemoryUnitOfWork:
        return InMemoryUnitOfWork(RecordingOutboxTransport(), database)

    await add_outside(DIGEST, make_uow, Mock())
    routed: list[Sequence[OutsideSubscriber]] = []

    async with following(make_uow, routed.append, every=WITHIN):
        assert [subscriber.name for (subscriber,) in routed] == ["digest"]


class FrozenUnitOfWork(InMemoryUnitOfWork):
    """A unit of work on a database that does not answer."""

    async def __aenter__(self) -> Any:
        """Wait without end."""
        await asyncio.Event().wait()


async def test_a_database_that_does_not_answer_keeps_no_process_from_its_start() -> None:
    """The first look is given up after the time between two looks."""

    def frozen() -> InMemoryUnitOfWork:
        return FrozenUnitOfWork(RecordingOutboxTransport())

    routed: list[Sequence[OutsideSubscriber]] = []
    async with asyncio.timeout(WITHIN), following(frozen, routed.append, every=0.01):
        assert routed == []


async def test_a_later_version_is_waited_for() -> None:
    """A relay that does not know the queue would send a replayed event in the older version."""
    database, waited = InMemoryDatabase(), list[float]()

    def make_uow() -> InMemoryUnitOfWork:
        return InMemoryUnitOfWork(RecordingOutboxTransport(), database)

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    for type_ in ("book_registered_v2", "book_registered_v1"):
        new = OutsideSubscriber("digest", {type_})
        await add_outside(new, make_uow, Mock(), versions=VERSIONS, sleep=sleep)

        assert waited == [FORGET]
