"""When the sender deletes the rows that the broker has confirmed."""

from collections.abc import Collection
from contextlib import nullcontext
from time import monotonic
from uuid import UUID

import pytest
from lastuuid import uuid7

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.outbox import InMemoryOutbox
from reading_club.adapters.memory.publisher import InMemoryPublisher
from reading_club.eventstream.outbox.sender import BATCH_SIZE, Sender
from reading_club.eventstream.ports.outbox import OutboxKey

LEASE = 10.0


class RecordingOutbox(InMemoryOutbox):
    """Records the number of rows of each DELETE."""

    def __init__(self) -> None:
        super().__init__(InMemoryDatabase())
        self.deleted: list[int] = []

    async def delete(self, token: UUID, keys: Collection[OutboxKey]) -> None:
        """Record the number of rows."""
        self.deleted.append(len(keys))
        await super().delete(token, keys)


@pytest.fixture
def outbox() -> RecordingOutbox:
    """An outbox that records its deletes."""
    return RecordingOutbox()


def a_sender(outbox: RecordingOutbox, confirmed: int, seconds_ago: float = 0.0) -> Sender:
    """Return a sender, not started, with rows confirmed ``seconds_ago``."""
    sender = Sender(lambda: nullcontext(outbox), InMemoryPublisher, lease=LEASE)
    sender._confirmed = [OutboxKey(uuid7()) for _ in range(confirmed)]
    sender._since = monotonic() - seconds_ago
    return sender


@pytest.mark.parametrize(
    ("confirmed", "seconds_ago", "at_once", "deleted"),
    [
        (BATCH_SIZE - 1, 0.0, False, []),
        (BATCH_SIZE, 0.0, False, [BATCH_SIZE]),
        (1, LEASE / 5, False, [1]),
        (1, 0.0, True, [1]),
        (0, LEASE, True, []),
    ],
    ids=["wait for company", "a window", "long before the lease is over", "idle", "nothing"],
)
async def test_confirmed_rows_are_deleted_together(
    outbox: RecordingOutbox,
    confirmed: int,
    seconds_ago: float,
    deleted: list[int],
    *,
    at_once: bool,
) -> None:
    """Rows are collected for a moment, and deleted long before their lease is over."""
    sender = a_sender(outbox, confirmed, seconds_ago)

    await sender._delete_confirmed(outbox, at_once=at_once)
    await sender._delete_confirmed(outbox, at_once=at_once)

    assert outbox.deleted == deleted
