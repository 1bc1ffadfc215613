"""What is done with dead letters: sent again, or given up for good. All of it is on record."""

from collections.abc import Sequence
from datetime import datetime

from reading_club.service.dead_letters import (
    RELAY,
    Action,
    AuditEntry,
    DeadLetter,
    LetterFilter,
)
from reading_club.service.inbox import Receipt
from reading_club.service.outbox.port import EVERYBODY, Key
from reading_club.service.subscriber import Subscriber
from reading_club.service.uow import AbstractUnitOfWork


async def retry(
    letters: Sequence[DeadLetter], uow: AbstractUnitOfWork, now: datetime, action: Action = "retry"
) -> list[DeadLetter]:
    """Let the relay send these messages again, to whom they failed, with all their attempts.

    Returns those that were there still and can be sent. The caller commits.
    """
    sent = []
    for letter in letters:
        if letter.can_be_sent and await _take(letter, uow, now, action):
            everybody = letter.subscriber == RELAY
            subscriber = EVERYBODY if everybody else letter.subscriber
            await uow.outbox.add(Key(letter.message_id, subscriber), letter.envelope)
            sent.append(letter)
    return sent


async def discard(
    letters: Sequence[DeadLetter], uow: AbstractUnitOfWork, now: datetime
) -> list[DeadLetter]:
    """Give these messages up: they are receipted without an effect, and never sent again.

    Returns those that were there still. The caller commits.
    """
    given_up = []
    for letter in letters:
        if await _take(letter, uow, now, "discard"):
            await uow.inbox.receive(Receipt(letter.subscriber, letter.message_id))
            given_up.append(letter)
    return given_up


async def replay_parked(
    subscriber: Subscriber, uow: AbstractUnitOfWork, now: datetime, *, limit: int = 1000
) -> list[DeadLetter]:
    """Send what the subscriber did not know before, and knows now. The caller commits."""
    wanted = LetterFilter(subscriber=subscriber.name, parked=True, types=subscriber.types)
    letters = await uow.dead_letters.page(wanted, limit=limit)
    return await retry(letters, uow, now, "replay")


async def _take(letter: DeadLetter, uow: AbstractUnitOfWork, now: datetime, action: Action) -> bool:
    if not await uow.dead_letters.remove(letter):
        return False
    receipt = Receipt(letter.subscriber, letter.message_id)
    await uow.inbox.forget_attempts(receipt)
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
