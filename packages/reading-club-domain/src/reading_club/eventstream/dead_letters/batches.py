"""Decides on any number of dead letters, a batch in each transaction."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from reading_club.eventstream.ports.dead_letters import (
    NO_FILTER,
    DeadLetter,
    DeadLetterFilter,
    DeadLetterGroup,
)
from reading_club.eventstream.printable import printable
from reading_club.eventstream.unit_of_work import StreamUnitOfWork

BATCH: Final = 1000
"""Dead letters that one transaction changes."""
MOST_GROUPS: Final = 10_000
"""How many groups are searched for one with a name, the largest first."""

Decision = Callable[
    [Sequence[DeadLetter], StreamUnitOfWork, datetime], Awaitable[Sequence[DeadLetter]]
]
"""``retry`` or ``discard`` of ``commands``; returns the dead letters that it has changed."""


@dataclass(frozen=True)
class Decided:
    """The outcome for one batch."""

    found: int
    """How many dead letters the batch has that no batch had before."""
    changed: Sequence[DeadLetter]


async def filters_of_group(
    uow: StreamUnitOfWork, name: str, wanted: DeadLetterFilter = NO_FILTER
) -> list[DeadLetterFilter]:
    """Return filters of the dead letters that match, and are in a group of this name.

    There are several if one group of the name is parked and one is not, and none without a group.
    """
    groups = await uow.dead_letters.groups(wanted, limit=MOST_GROUPS)
    return [
        wanted.model_copy(update=group.wanted.model_dump(exclude_none=True))
        for group in groups
        if has_name(group, name)
    ]


def has_name(group: DeadLetterGroup, name: str) -> bool:
    """Whether the name is the group's, as it is or as a terminal shows it."""
    return name in (group.name, printable(group.name))


async def decide(
    make_uow: Callable[[], Any],
    decision: Decision,
    wanted: DeadLetterFilter,
    *,
    dry_run: bool = False,
) -> AsyncIterator[Decided]:
    """Apply a decision to all dead letters that match, and yield each batch after its commit.

    A message that fails again meanwhile, and comes back as a dead letter, is left alone: each is
    decided on once. With ``dry_run`` each batch is rolled back. Raises TransientFailure; the
    batches before stay changed.
    """
    seen, skip, last = set[tuple[str, Any]](), 0, BATCH
    while last == BATCH:
        async with make_uow() as transaction:
            page = await transaction.uow.dead_letters.page(wanted, limit=BATCH, skip=skip)
            new = [letter for letter in page if _key(letter) not in seen]
            changed = await decision(new, transaction.uow, datetime.now(UTC))
            await (transaction.rollback() if dry_run else transaction.commit())
        seen.update(map(_key, new))
        skip, last = skip + len(page) - (0 if dry_run else len(changed)), len(page)
        yield Decided(len(new), changed)


def _key(letter: DeadLetter) -> tuple[str, Any]:
    return letter.subscriber, letter.message_id
