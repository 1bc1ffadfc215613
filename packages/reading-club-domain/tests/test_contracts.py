"""The in-memory adapters keep every contract."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.heartbeats import InMemoryHeartbeats
from reading_club.adapters.memory.outbox import InMemoryOutbox
from reading_club.adapters.memory.statistics import InMemoryStatistics
from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.testing import contracts
from reading_club.testing.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """The clock of the database."""
    return ManualClock()


@pytest.fixture
def database(clock: ManualClock) -> InMemoryDatabase:
    """An empty database on the manual clock."""
    return InMemoryDatabase(clock.now)


@pytest.fixture
def outbox(database: InMemoryDatabase) -> InMemoryOutbox:
    """The outbox in memory."""
    return InMemoryOutbox(database)


@pytest.fixture
def heartbeats(database: InMemoryDatabase) -> InMemoryHeartbeats:
    """The heartbeats in memory."""
    return InMemoryHeartbeats(database)


@pytest.fixture
def statistics(database: InMemoryDatabase) -> InMemoryStatistics:
    """The statistics in memory."""
    return InMemoryStatistics(database, horizon=contracts.HORIZON)


@pytest.fixture
def uow_on(database: InMemoryDatabase) -> contracts.UnitOfWorkOn:
    """Make units of work in memory on any transport."""
    return lambda transport: InMemoryUnitOfWork(transport, database)


@pytest.fixture
def pass_time(clock: ManualClock) -> contracts.PassTime:
    """Move the clock of the database."""

    async def advance(seconds: float) -> None:
        clock.advance(seconds)

    return advance


@pytest.fixture
def uow_factory(
    transport: InMemoryEventstreamTransport, database: InMemoryDatabase
) -> contracts.UnitOfWorkFactory:
    """Make units of work in memory."""
    return lambda: InMemoryUnitOfWork(transport, database)


@pytest.fixture
def history(database: InMemoryDatabase) -> contracts.History:
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


class TestBookPages(contracts.BookPagesContract):
    """The lists of books in memory."""


class TestReviewers(contracts.ReviewerRepositoryContract):
    """The reviewers in memory."""


class TestReviews(contracts.ReviewRepositoryContract):
    """The reviews in memory."""


class TestMessageStore(contracts.MessageStoreContract):
    """The message store in memory."""


class TestReadModels(contracts.ReadModelsContract):
    """The read models in memory."""


class TestDeadLetters(contracts.DeadLettersContract):
    """The dead letters in memory."""


class TestOutbox(contracts.OutboxContract):
    """The outbox in memory."""


class TestOutboxDeferring(contracts.OutboxDeferringContract):
    """Deferred events in memory."""


class TestOutboxLeases(contracts.OutboxLeaseContract):
    """The leases of the outbox in memory."""


class TestOutboxSplit(contracts.OutboxSplitContract):
    """Split outbox rows in memory."""


class TestHeartbeats(contracts.HeartbeatsContract):
    """The heartbeats in memory."""


class TestInbox(contracts.InboxContract):
    """The inbox in memory."""


class TestAttempts(contracts.AttemptsContract):
    """The attempts in memory."""


class TestMissingEvents(contracts.MissingEventsContract):
    """Re-sent events in memory."""


class TestReconciliationExclusions(contracts.ReconciliationExclusionsContract):
    """Events that are not missing, in memory."""


class TestWrongClock(contracts.WrongClockContract):
    """Events from a process with a wrong clock, in memory."""


class TestCatalogue(contracts.CatalogueContract):
    """The catalogue in memory."""


class TestDeadLetterCommands(contracts.DeadLetterCommandsContract):
    """The commands on dead letters in memory."""


class TestStatistics(contracts.StatisticsContract):
    """The statistics in memory."""
