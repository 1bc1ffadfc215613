"""The in-memory adapters keep every contract."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from reading_club.testing import (
    InMemoryEventstreamTransport,
    InMemoryUnitOfWork,
    MemoryDatabase,
    contracts,
)


@pytest.fixture
def uow_factory(
    transport: InMemoryEventstreamTransport, database: MemoryDatabase
) -> contracts.UnitOfWorkFactory:
    """Make units of work in memory."""
    return lambda: InMemoryUnitOfWork(transport, database)


@pytest.fixture
def history(database: MemoryDatabase) -> contracts.History:
    """Read the messages in memory."""

    async def read() -> Sequence[Mapping[str, Any]]:
        return [
            {
                "id": message.message_id,
                "created_at": message.created_at,
                "metadata": message.metadata.model_dump(),
                "payload": message.model_dump(
                    mode="json", exclude={"message_id", "created_at", "metadata"}
                ),
            }
            for message in database.messages.values()
        ]

    return read


class TestUnitOfWork(contracts.UnitOfWorkContract):
    """The unit of work in memory."""


class TestPublication(contracts.PublicationContract):
    """The publication of the unit of work in memory."""


class TestBooks(contracts.BookRepositoryContract):
    """The books in memory."""


class TestReviewers(contracts.ReviewerRepositoryContract):
    """The reviewers in memory."""


class TestReviews(contracts.ReviewRepositoryContract):
    """The reviews in memory."""


class TestMessageStore(contracts.MessageStoreContract):
    """The message store in memory."""


class TestActivityLog(contracts.ActivityLogContract):
    """The activity log in memory."""


class TestDeadLetters(contracts.DeadLettersContract):
    """The dead letters in memory."""
