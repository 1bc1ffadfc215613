"""Commands on dead letters: retry, discard and replay, each with an audit entry."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from reading_club.eventstream.ports.dead_letters import (
    RELAY,
    Action,
    AuditEntry,
    DeadLetter,
    DeadLetterFilter,
)
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, OutboxKey
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.unit_of_work import StreamUnitOfWork


async def retry(
    letters: Sequence[DeadLetter], uow: StreamUnitOfWork, now: datetime, action: Action = "retry"
) -> list[DeadLetter]:
    """Put the messages back into the outbox for their subscribers, and reset their attempts.

    Skips dead letters that are deleted or cannot be sent; returns the rest. The caller commits.
    """
    sent = []
    for letter in letters:
        if letter.can_be_sent and await _take(letter, uow, now, action):
            to_all = letter.subscriber == RELAY
            subscriber = ALL_SUBSCRIBERS if to_all else letter.subscriber
            await uow.outbox.add(OutboxKey(letter.message_id, subscriber), letter.envelope)
            sent.append(letter)
    return sent


async def discard(
    letters: Sequence[DeadLetter], uow: StreamUnitOfWork, now: datetime
) -> list[DeadLetter]:
    """Discard dead letters: an inbox row marks each message as handled.

    Skips dead letters that are deleted already; returns the rest. The caller commits.
    """
    given_up = []
    for letter in letters:
        if await _take(letter, uow, now, "discard"):
            await uow.inbox.insert_new(InboxKey(letter.subscriber, letter.message_id))
            given_up.append(letter)
    return given_up


async def replay_parked(
    subscriber: Subscriber[Any, Any], uow: StreamUnitOfWork, now: datetime, *, limit: int = 1000
) -> list[DeadLetter]:
    """Retry parked messages whose type the subscriber handles by now. The caller commits."""
    wanted = DeadLetterFilter(subscriber=subscriber.name, parked=True, types=subscriber.types)
    letters = await uow.dead_letters.page(wanted, limit=limit)
    return await retry(letters, uow, now, "replay")


async def _take(letter: DeadLetter, uow: StreamUnitOfWork, now: datetime, action: Action) -> bool:
    if not await uow.dead_letters.remove(letter):
        return False
    inbox_key = InboxKey(letter.subscriber, letter.message_id)
    await uow.inbox.forget_attempts(inbox_key)
    await uow.audit.record(
        AuditEntry(
            at=now,
            action=action,
            subscriber=letter.subscriber,
            message_id=letter.message_id,
            error=letter.error,
        )
    )
    return True
