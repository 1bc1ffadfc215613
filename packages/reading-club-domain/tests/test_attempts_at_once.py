"""Attempts that two workers count at once, in memory."""

from datetime import UTC, datetime, timedelta

from reading_club.adapters.memory import (
    InMemoryStreamDatabase,
    InMemoryStreamUnitOfWork,
    RecordingOutboxTransport,
)
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.testing.builders import an_event


async def test_who_commits_second_counts_as_if_it_had_waited() -> None:
    """On a server it waits for the first; its time is the later one, also if it began before."""
    now = datetime(2030, 1, 1, tzinfo=UTC)
    database = InMemoryStreamDatabase(lambda: now)
    key = InboxKey("activity", an_event().message_id)
    async with InMemoryStreamUnitOfWork(RecordingOutboxTransport(), database) as early:
        await early.uow.inbox.count_attempt(key)
        now += timedelta(seconds=3)
        async with InMemoryStreamUnitOfWork(RecordingOutboxTransport(), database) as late:
            await late.uow.inbox.count_attempt(key)
            await late.commit()
        await early.commit()

    assert (database.attempts[key].number, database.attempts[key].at) == (2, now)
