"""Tests of what the outbox in an application's own transaction takes, refuses and wakes."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from messagebus import Metadata
from sqlalchemy.ext.asyncio import AsyncSession

from reading_club.adapters.uow_sqla.eventstream import TransactionalOutbox
from reading_club.adapters.uow_sqla.testing.application_tables import tables
from reading_club.adapters.uow_sqla.testing.transactional_outbox import ApplicationOutbox, parcel
from reading_club.eventstream.errors import MessageAlreadyStored, UnwantedEvent
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.unit_of_work import StreamUnitOfWork
from reading_club.testing.contracts.eventstream.parcel_domain import PARCEL_SENT, ParcelSent


class EnqueuedContentContract(ApplicationOutbox):
    """What is enqueued; it needs the fixture of ``ApplicationOutbox``."""

    async def test_an_unwanted_event_is_refused(self) -> None:
        """It raises before anything is stored, also for the wanted events of the call."""
        outbox = TransactionalOutbox(tables, unwanted="refuse", wanted={"letter_sent_v1"})
        async with self.engine.begin() as connection:
            with pytest.raises(UnwantedEvent, match=r"no queue wants .* parcel_sent_v1"):
                await outbox.enqueue(connection, parcel())

        assert await self.stored() == 0

    async def test_what_a_subscriber_handles_is_wanted(self) -> None:
        """Its handlers may be registered after the outbox was made."""
        warehouse = Subscriber[ParcelSent, StreamUnitOfWork]("warehouse")
        outbox = TransactionalOutbox(tables, unwanted="refuse", wanted=[warehouse])

        @warehouse.on(ParcelSent)
        async def note(_: ParcelSent, __: StreamUnitOfWork) -> None:
            """Do nothing: that it is registered is what counts."""

        event = parcel()
        async with self.engine.begin() as connection:
            await outbox.enqueue(connection, event)

        assert await self.sent() == [event.message_id]

    async def test_a_class_is_wanted(self) -> None:
        """An event class stands for its type on the wire; anything else is no type."""
        event = parcel()
        outbox = TransactionalOutbox(tables, unwanted="refuse", wanted=[ParcelSent])
        async with self.engine.begin() as connection:
            await outbox.enqueue(connection, event)

        assert await self.sent() == [event.message_id]
        with pytest.raises(TypeError, match="wanted are"):
            TransactionalOutbox(tables, unwanted="refuse", wanted=[event])  # type: ignore[list-item]  # what is refused

    async def test_an_unwanted_event_is_kept(self) -> None:
        """With "keep", an event of any type is stored."""
        event = parcel()
        outbox = TransactionalOutbox(tables, unwanted="keep")
        async with self.engine.begin() as connection:
            await outbox.enqueue(connection, event)

        assert await self.sent() == [event.message_id]

    async def test_an_event_that_is_not_published_is_refused(self) -> None:
        """It would be stored and never sent."""
        hidden = Metadata(**{**PARCEL_SENT.model_dump(), "published": False})
        event = parcel().model_copy(update={"metadata": hidden})
        async with self.engine.begin() as connection:
            with pytest.raises(ValueError, match="published=True"):
                await self.outbox.enqueue(connection, event)

        assert await self.stored() == 0

    async def test_an_event_is_stored_once(self) -> None:
        """The id of a stored event is refused."""
        event = parcel()
        async with AsyncSession(self.engine) as session:
            with pytest.raises(MessageAlreadyStored):
                await self.outbox.enqueue(session, event, event)
            await session.rollback()

        assert await self.stored() == 0

    async def test_the_commit_of_a_session_wakes_the_relay(self) -> None:
        """Each commit calls ``wake`` once, whatever the number of calls; a rollback does not."""
        woken: list[int] = []
        outbox = TransactionalOutbox(tables, unwanted="keep", wake=lambda: woken.append(1))
        async with AsyncSession(self.engine) as session:
            for end in (session.commit, session.rollback, session.commit):
                await outbox.enqueue(session, parcel())
                await outbox.task(session, "shop.tasks.ship", queue="shipping")
                await end()

        assert woken == [1, 1]

    async def test_a_task_is_an_envelope_with_the_id_of_the_row(self) -> None:
        """It is sent at least once, always with the same id."""
        async with AsyncSession(self.engine) as session:
            id_ = await self.outbox.task(
                session, "shop.tasks.ship", queue="shipping", args=[7], kwargs={"express": True}
            )
            await session.commit()

        assert await self.sent() == [id_]
        assert self.publisher.sent[0].envelope == {
            "id": str(id_),
            "type": "celery task",
            "task": "shop.tasks.ship",
            "args": [7],
            "kwargs": {"express": True},
            "queue": "shipping",
        }

    @pytest.mark.parametrize(
        "options",
        [
            {"countdown": 3},
            {"eta": None},
            {"priority": 1},
            {"args": "seven"},
            {"args": [UUID(int=7)]},
            {"kwargs": {7: 7}},
        ],
        ids=str,
    )
    async def test_options_and_arguments_that_are_not_carried_are_refused(
        self, options: dict[str, Any]
    ) -> None:
        """They raise TypeError, and nothing is stored."""
        task: Callable[..., Awaitable[UUID]] = self.outbox.task
        async with self.engine.begin() as connection:
            with pytest.raises(TypeError):
                await task(connection, "shop.tasks.ship", queue="shipping", **options)

        assert await self.stored() == 0
