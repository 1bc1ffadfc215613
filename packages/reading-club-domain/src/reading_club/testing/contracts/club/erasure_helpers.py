"""A member with reviews, for the contracts about erasure."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.domain.messages import (
    ClubCommand,
    CreateReview,
    CreateReviewer,
    ReviseReview,
    WithdrawReview,
)
from reading_club.domain.model import Book
from reading_club.service.bus import ClubBus
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import a_book
from reading_club.testing.contracts.club.accounts_helpers import OVERLAP, AccountFixtures
from reading_club.testing.contracts.eventstream.message_store import History

NICKNAME, COMMENT = "Zenobia Quirk", "an unmistakable opinion"


class ErasureFixtures(AccountFixtures):
    """The bus, and a member with reviews."""

    @pytest.fixture(autouse=True)
    def _bus(self, bus: ClubBus, history: History, transport: InMemoryEventstreamTransport) -> None:
        self.bus, self.history, self.transport = bus, history, transport

    async def send(self, *sent: ClubCommand) -> list[Any]:
        """Handle commands in one transaction, and return their results."""
        async with self.uow_factory() as transaction:
            results = [await self.bus.handle(command, transaction) for command in sent]
            await transaction.commit()
        return results

    async def books(self, number: int) -> list[Book]:
        """Store books."""
        books = [a_book() for _ in range(number)]

        async def add(uow: AbstractUnitOfWork) -> None:
            for book in books:
                await uow.books.add(book)

        await self.run(add)
        return books

    async def a_member(self, reviews: int = 3) -> tuple[UUID, list[UUID]]:
        """Store a member who reviews books, revises one and withdraws one; return the ids."""
        join = CreateReviewer(nickname=NICKNAME)
        rated = [
            CreateReview(book_id=book.id, reviewer_id=join.id, rating=7, comment=COMMENT)
            for book in await self.books(reviews)
        ]
        revise = ReviseReview(id=rated[0].id, rating=8, comment=f"still {COMMENT}")
        withdraw = WithdrawReview(id=rated[1].id, withdrawn_by=join.id)
        await self.send(join, *rated, revise, withdraw)
        return join.id, [each.id for each in rated]

    async def payloads(self) -> str:
        """Return the payloads of the history, as one text."""
        return json.dumps([message["payload"] for message in await self.history()])

    async def overlap(self, first: ClubCommand, second: ClubCommand) -> list[Any]:
        """Handle the second while the first has not committed; return results and errors."""
        begun = asyncio.Event()

        async def follow() -> Any:
            await begun.wait()
            return await self.send(second)

        async def lead() -> None:
            async with self.uow_factory() as transaction:
                try:
                    await self.bus.handle(first, transaction)
                finally:
                    begun.set()
                await asyncio.wait([follower], timeout=OVERLAP)
                await transaction.commit()

        follower = asyncio.create_task(follow())
        return list(await asyncio.gather(lead(), follower, return_exceptions=True))
