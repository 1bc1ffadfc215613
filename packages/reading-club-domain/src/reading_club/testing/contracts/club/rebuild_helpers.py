"""A club with workers in this process, for the contracts about rebuilds."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, Final
from uuid import UUID

import pytest

from reading_club.domain.messages import EVENTS, ClubEvent, RegisterBook
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.rebuild import Rebuild
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.wire import EventRegistry
from reading_club.service.projections import SUBSCRIBERS
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import an_isbn
from reading_club.testing.contracts.club.erasure_helpers import ErasureFixtures

REGISTRY: Final = EventRegistry[ClubEvent](EVENTS)
NAMES: Final = [each.name for each in SUBSCRIBERS]


async def no_pause(_: float) -> None:
    """Go on at once."""


class RebuildFixtures(ErasureFixtures):
    """Commands, workers that handle each event once, and rebuilds of the projections."""

    async def register(self, number: int = 1) -> list[UUID]:
        """Register books, and return their ids."""
        books = [RegisterBook(isbn=an_isbn(), title="T", author="A") for _ in range(number)]
        await self.send(*books)
        return [each.id for each in books]

    @pytest.fixture(autouse=True)
    async def _subscribed(self, _storage: None, _bus: None) -> None:
        """Subscribe the projections, as their workers do at the start."""

        async def subscribe(uow: AbstractUnitOfWork) -> None:
            for each in SUBSCRIBERS:
                await uow.subscriptions.subscribe(each.name, each.types)

        await self.run(subscribe)

    async def work(self, name: str | None = None) -> None:
        """Handle, once, the published events that a subscriber has not handled; of all, or one."""
        for subscriber in SUBSCRIBERS:
            if name in {None, subscriber.name}:
                for envelope in self.transport.events:
                    await self.handle(subscriber, envelope)

    async def handle(self, subscriber: Subscriber[Any, Any], envelope: Any) -> None:
        """Handle an event in a transaction of its own, unless the inbox has it."""
        event = REGISTRY.decode(envelope)

        async def effect(uow: AbstractUnitOfWork) -> None:
            if await uow.inbox.insert_new(InboxKey(subscriber.name, event.message_id)):
                await subscriber.handle(event, uow)

        await self.run(effect)

    def rebuild(self, name: str, **options: Any) -> Rebuild[Any]:
        """Return the rebuild of a projection."""
        (subscriber,) = [each for each in SUBSCRIBERS if each.name == name]
        return Rebuild(self.uow_factory, subscriber, REGISTRY, sleep=no_pause, **options)

    async def rebuilt(self, name: str) -> Rebuild[Any]:
        """Rebuild a projection to its end."""
        rebuild = self.rebuild(name)
        await rebuild.begin()
        assert await rebuild.run()
        await rebuild.delete_old()
        return rebuild

    def after(self, opened: int, meanwhile: Callable[[], Awaitable[None]]) -> Any:
        """Return a factory that calls ``meanwhile`` before it opens this transaction, from 1 on."""
        numbers = count(1)

        @asynccontextmanager
        async def make_uow() -> AsyncIterator[Any]:
            if next(numbers) == opened:
                await meanwhile()
            async with self.uow_factory() as transaction:
                yield transaction

        return make_uow

    async def step(self, name: str, limit: int, *, kill: bool = False) -> int:
        """Make one step of a rebuild; with ``kill`` it does not commit. Return its events."""
        (subscriber,) = [each for each in SUBSCRIBERS if each.name == name]
        async with self.uow_factory() as transaction:
            projections = transaction.uow.projections
            events = await projections.step(name, subscriber.types, limit=limit)
            for each in events:
                await subscriber.handle(REGISTRY.decode(each.envelope), transaction.uow)
            await projections.reached(name, events[-1].position)
            await (transaction.rollback() if kill else transaction.commit())
        return len(events)

    async def shown(self, books: Sequence[UUID]) -> str:
        """Return what readers see of the projections, as one text."""

        async def read(uow: AbstractUnitOfWork) -> str:
            entries = await uow.catalogue.entries(books)
            log = await uow.activity.page(limit=1000)
            models = [*(entries[id_] for id_ in books if id_ in entries), *log]
            return json.dumps([each.model_dump(mode="json") for each in models])

        text: str = await self.run(read)
        return text

    def fail(self, rebuild: Rebuild[Any], book: UUID) -> str:
        """Let the registration of a book fail in the rebuild; return the id of its event."""

        class Failing(EventRegistry[Any]):
            def decode(self, message: Any) -> Any:
                if str(book) in message["payload"]:
                    raise KeyError(book)
                return REGISTRY.decode(message)

        rebuild.events = Failing(())
        return str(next(e["id"] for e in self.transport.events if str(book) in e["payload"]))
