"""The retry policy: deletes, delays or dead-letters each row of a published batch."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from reading_club.eventstream.ports.outbox import (
    ALL_SUBSCRIBERS,
    OutboxKey,
    OutboxMessage,
    OutboxStore,
)
from reading_club.eventstream.ports.publisher import PublishResult

ATTEMPTS: Final = 10
"""The number of refusals because of the event itself after which it is a dead letter. The pauses
between them are 1, 2, 4 and so on seconds."""
LONGEST_REFUSAL: Final = 60.0
"""The longest pause, in seconds, after a refusal by a queue, which may have room at any time."""


async def finish(
    outbox: OutboxStore,
    token: UUID,
    events: Sequence[OutboxMessage],
    published: PublishResult,
    *,
    pause: float = 0.0,
) -> Sequence[OutboxMessage]:
    """Finish the rows of a batch, the confirmed ones first; return those that are dead letters.

    An outage counts no attempt.

    Rows that an outage left without a result can be claimed after ``pause`` seconds: the next
    probe is another event, in case this one is what the broker cannot take.
    Raises StorageUnavailable; unfinished rows are sent again after their lease.
    """
    dead: list[OutboxMessage] = []
    if published.confirmed:
        await outbox.delete(token, published.confirmed)
    for event in events:
        if (reason := published.failed.get(event.key)) is None:
            continue
        if event.attempts + 1 >= ATTEMPTS:
            await outbox.dead_letter(token, {event.key: reason})
            dead.append(event)
        else:
            await outbox.fail(token, {event.key: reason}, retry_in=2.0**event.attempts)
    await finish_refused(outbox, token, events, published)
    decided = {*published.confirmed, *published.failed, *published.refused}
    undecided = [event.key for event in events if event.key not in decided]
    if undecided:
        await outbox.release(token, undecided, retry_in=pause)
    return dead


async def finish_refused(
    outbox: OutboxStore, token: UUID, events: Sequence[OutboxMessage], published: PublishResult
) -> None:
    """Finish the rows that a queue refused: no attempt counts, and no other queue is delayed.

    The refusal of an event for all subscribers does not name the queue. Such a row is split into
    one row for each subscriber, so that only the queue that refuses is tried again.
    Raises StorageUnavailable.
    """
    to_all: list[OutboxKey] = []
    to_one = defaultdict[tuple[float, str], list[OutboxKey]](list)
    for event in events:
        reason = published.refused.get(event.key)
        if reason is not None and event.key.subscriber == ALL_SUBSCRIBERS:
            to_all.append(event.key)
        elif reason is not None:
            to_one[refusal_delay(event.age), reason].append(event.key)
    if to_all:
        await outbox.split(token, to_all, retry_in=LONGEST_REFUSAL)
    for (pause, reason), keys in to_one.items():
        await outbox.release(token, keys, retry_in=pause, reason=reason)


def refusal_delay(age: float) -> float:
    """Return the seconds until the next try: half to all of ``age``, from 1 to 60.

    The pause is a power of two, so that the rows of a batch have few different pauses.
    """
    return min(2.0 ** max(0, int(age).bit_length() - 1), LONGEST_REFUSAL)
