"""What every message store promises."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from reading_club.eventstream.errors import MessageAlreadyStored
from reading_club.testing.contracts.eventstream.helpers import (
    MakeEvent,
    SendReminder,
    UnitOfWorkFactory,
)

History = Callable[[], Awaitable[Sequence[Mapping[str, Any]]]]
"""Reads every committed message in order, as mappings of id, created_at, metadata and payload."""


class MessageStoreContract:
    """The message store is append-only, ordered, complete, and part of the transaction.

    Needs the fixture ``history``, see ``History``.
    """

    async def test_a_message_is_stored_with_its_time_and_content(
        self, uow_factory: UnitOfWorkFactory, history: History
    ) -> None:
        """A message is kept with its id, time, metadata and payload."""
        command = SendReminder(text="É 🦉")

        async with uow_factory() as transaction:
            await transaction.uow.messagestore.add(command)
            await transaction.commit()

        assert list(await history()) == [
            {
                "id": command.message_id,
                "created_at": command.created_at,
                "metadata": {
                    "name": "send_reminder",
                    "schema_version": 1,
                    "published": False,
                    "correlation_id": str(command.message_id),
                },
                "payload": {"recipient": str(command.recipient), "text": "É 🦉"},
            }
        ]

    async def test_messages_keep_their_order(
        self, uow_factory: UnitOfWorkFactory, history: History, make_event: MakeEvent
    ) -> None:
        """Messages are read in the order in which they were added."""
        events = [make_event(f"Volume {number}") for number in range(5)]

        async with uow_factory() as transaction:
            for event in events:
                await transaction.uow.messagestore.add(event)
            await transaction.commit()

        assert [message["id"] for message in await history()] == [
            event.message_id for event in events
        ]

    async def test_a_message_is_stored_once(
        self, uow_factory: UnitOfWorkFactory, history: History, make_event: MakeEvent
    ) -> None:
        """A second message with the same id raises MessageAlreadyStored, and nothing is stored."""
        event = make_event()
        with pytest.raises(MessageAlreadyStored):
            async with uow_factory() as transaction:
                await transaction.uow.messagestore.add(event)
                await transaction.uow.messagestore.add(event)
                await transaction.commit()

        assert list(await history()) == []

    async def test_a_rollback_leaves_no_message(
        self, uow_factory: UnitOfWorkFactory, history: History, make_event: MakeEvent
    ) -> None:
        """The message store holds committed messages only."""
        async with uow_factory() as transaction:
            await transaction.uow.messagestore.add(make_event())
            await transaction.rollback()

        assert list(await history()) == []

    async def test_a_time_is_read_as_the_same_instant(
        self, uow_factory: UnitOfWorkFactory, history: History, make_event: MakeEvent
    ) -> None:
        """An instant written in another zone is read back as that instant, with a zone."""
        tokyo = timezone(timedelta(hours=9))
        event = make_event()
        event.created_at = datetime(2026, 1, 1, 8, 30, 0, 123456, tzinfo=tokyo)

        async with uow_factory() as transaction:
            await transaction.uow.messagestore.add(event)
            await transaction.commit()

        (message,) = await history()
        assert message["created_at"] == datetime(2025, 12, 31, 23, 30, 0, 123456, tzinfo=UTC)
        assert message["created_at"].tzinfo is not None
