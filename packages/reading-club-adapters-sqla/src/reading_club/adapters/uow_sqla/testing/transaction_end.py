"""Tests of the ends of a transaction: the connection is returned, the work stored or undone."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from lastuuid import uuid7
from messagebus import AsyncUnitOfWorkTransaction
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.uow_sqla.testing.fixtures import Titles, checked_out, lose_connection
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.eventstream.errors import (
    MessageAlreadyStored,
    StorageUnavailable,
    UnitOfWorkClosed,
)
from reading_club.testing.builders import a_book, an_event

Transaction = AsyncUnitOfWorkTransaction[SQLUnitOfWork]


async def commit(transaction: Transaction) -> None:
    """End by a commit."""
    await transaction.commit()


async def rollback(transaction: Transaction) -> None:
    """End by a rollback."""
    await transaction.rollback()


async def forget(_: Transaction) -> None:
    """End by neither commit nor rollback, which is an error."""


async def fail(_: Transaction) -> None:
    """End by an exception."""
    raise KeyError


async def be_cancelled(_: Transaction) -> None:
    """End because the task is cancelled."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.get_running_loop().create_future()


class TestEndings:
    """After any end of a transaction its connection is free and its work stored whole or not."""

    @pytest.mark.parametrize("end", [commit, rollback, forget, fail, be_cancelled])
    async def test_no_ending_keeps_a_connection(
        self,
        engine: AsyncEngine,
        uow: SQLUnitOfWork,
        titles: Titles,
        end: Callable[[Transaction], Awaitable[None]],
    ) -> None:
        """Commit, rollback, neither, an exception, a cancellation: all connections are returned."""

        async def work() -> None:
            async with uow as transaction:
                await transaction.uow.books.add(a_book(title="Ended"))
                await end(transaction)

        await asyncio.wait([asyncio.create_task(work())])

        assert checked_out(engine) == 0
        assert await titles() == (["Ended"] if end is commit else [])

    @pytest.mark.parametrize("end", [commit, rollback, be_cancelled])
    async def test_a_connection_is_returned_by_a_task_only_if_it_waits_for_something(
        self, engine: AsyncEngine, uow: SQLUnitOfWork, end: Callable[[Transaction], Awaitable[None]]
    ) -> None:
        """What is committed on PostgreSQL waits for nothing; a rollback may not be interrupted."""
        created: list[str] = []

        def create(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
            created.append(coro.__qualname__)
            return asyncio.Task(coro, loop=loop, **options)

        async def work() -> None:
            async with uow as transaction:
                await transaction.uow.books.add(a_book())
                asyncio.get_running_loop().set_task_factory(create)
                await end(transaction)

        try:
            await asyncio.wait([asyncio.create_task(work())])
        finally:
            asyncio.get_running_loop().set_task_factory(None)

        at_once = end is commit and engine.dialect.name == "postgresql"
        assert created.count("Session._release") == (0 if at_once else 1)
        assert checked_out(engine) == 0

    async def test_a_lost_connection_does_not_hide_the_error(
        self, engine: AsyncEngine, uow: SQLUnitOfWork, titles: Titles
    ) -> None:
        """The block's own error is raised, although the rollback fails on the lost connection."""
        with pytest.raises(KeyError, match="oops"):
            async with uow as transaction:
                await transaction.uow.books.add(a_book())
                await lose_connection(engine, uow)
                raise KeyError("oops")

        assert checked_out(engine) == 0
        assert await titles() == []

    async def test_a_lost_connection_cannot_commit(
        self,
        engine: AsyncEngine,
        uow: SQLUnitOfWork,
        transport: InMemoryEventstreamTransport,
        titles: Titles,
    ) -> None:
        """A commit that does not reach the database fails, and publishes nothing."""
        with pytest.raises(StorageUnavailable):
            async with uow as transaction:
                await transaction.uow.books.add(a_book())
                await transaction.uow.messagestore.add(an_event())
                await lose_connection(engine, uow)
                await transaction.commit()

        assert await titles() == []
        assert transport.events == []

    async def test_a_transaction_that_lost_its_connection_is_over(
        self, engine: AsyncEngine, uow: SQLUnitOfWork, titles: Titles
    ) -> None:
        """After the failure all statements and the commit raise: half of the work is not stored."""
        async with uow as transaction:
            await transaction.uow.books.add(a_book(title="First half"))
            await lose_connection(engine, uow)
            for _ in range(2):
                with pytest.raises(StorageUnavailable):
                    await transaction.uow.books.add(a_book(title="Second half"))
            with pytest.raises(StorageUnavailable):
                await transaction.commit()
            await transaction.rollback()

        assert await titles() == []

    async def test_a_commit_that_failed_cannot_be_repeated(
        self, uow: SQLUnitOfWork, transport: InMemoryEventstreamTransport, titles: Titles
    ) -> None:
        """A second commit could store the work without its messages, or publish without work."""
        message = an_event()
        async with uow as transaction:
            await transaction.uow.books.add(a_book())
            await transaction.uow.messagestore.add(message)
            await transaction.uow.messagestore.add(message)
            with pytest.raises(MessageAlreadyStored):
                await transaction.commit()
            with pytest.raises(UnitOfWorkClosed):
                await transaction.commit()
            await transaction.rollback()

        assert await titles() == []
        assert transport.events == []

    async def test_statements_at_once_share_one_connection(
        self, engine: AsyncEngine, uow: SQLUnitOfWork
    ) -> None:
        """A handler that gathers its reads opens one transaction, not one for each of them."""
        async with uow as transaction:
            await asyncio.gather(*[transaction.uow.books.find(uuid7()) for _ in range(3)])
            assert checked_out(engine) == 1
            await transaction.rollback()

        assert checked_out(engine) == 0
