"""The dead letters that a command line selects, listed or decided on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import click

from reading_club.eventstream.command_line import CommandFailed
from reading_club.eventstream.dead_letters.batches import (
    Decided,
    Decision,
    decide,
    filters_of_group,
    has_name,
)
from reading_club.eventstream.dead_letters.text import line
from reading_club.eventstream.ports.dead_letters import (
    NO_FILTER,
    DeadLetter,
    DeadLetterFilter,
    DeadLetterGroup,
)
from reading_club.eventstream.unit_of_work_factory import MakeUnitOfWork, opened


@dataclass(frozen=True)
class Selection:
    """The dead letters that a command is about."""

    filter: DeadLetterFilter
    group: str | None

    @property
    def is_all(self) -> bool:
        """Whether no option narrows it."""
        return self.filter == NO_FILTER and self.group is None


class SelectedDeadLetters:
    """The dead letters of a selection."""

    def __init__(self, make_uow: MakeUnitOfWork[Any]) -> None:
        self.make_uow = make_uow

    async def page(self, wanted: Selection, limit: int) -> Sequence[DeadLetter]:
        """Return the newest dead letters of the selection, those of each filter together."""
        async with self._filters(wanted) as (factory, filters), factory() as transaction:
            pages = [await transaction.uow.dead_letters.page(each, limit=limit) for each in filters]
            await transaction.rollback()
        return [letter for page in pages for letter in page][:limit]

    async def groups(self, wanted: Selection, limit: int) -> Sequence[DeadLetterGroup]:
        """Return the largest groups of the selection."""
        async with opened(self.make_uow) as factory, factory() as transaction:
            found: Sequence[DeadLetterGroup] = await transaction.uow.dead_letters.groups(
                wanted.filter, limit=limit
            )
            await transaction.rollback()
        return [g for g in found if wanted.group is None or has_name(g, wanted.group)]

    def apply(
        self, decision: Decision, done: str, wanted: Selection, *, everything: bool, dry_run: bool
    ) -> int:
        """Print the dead letters that the decision changes; return the number of the others.

        Without a filter ``everything`` has to be set.
        """
        if wanted.is_all and not everything:
            raise CommandFailed(
                "say which dead letters: MESSAGE_ID, --subscriber, --error, --group, or --all"
            )
        found, changed = asyncio.run(self._apply(decision, wanted, dry_run=dry_run))
        count = f"{changed} dead letter" + ("" if changed == 1 else "s")
        click.echo(f"{count} would be {done}" if dry_run else f"{count} {done}")
        return found - changed

    async def _apply(
        self, decision: Decision, wanted: Selection, *, dry_run: bool
    ) -> tuple[int, int]:
        """Print each dead letter after its commit; return how many there were, and were changed."""
        batches: list[Decided] = []
        async with self._filters(wanted) as (factory, filters):
            for each in filters:
                async for batch in decide(factory, decision, each, dry_run=dry_run):
                    batches.append(batch)
                    for dead_letter in batch.changed:
                        click.echo(line(dead_letter))
        found = sum(batch.found for batch in batches)
        return found, sum(len(batch.changed) for batch in batches)

    @asynccontextmanager
    async def _filters(
        self, wanted: Selection
    ) -> AsyncIterator[tuple[Callable[[], Any], Sequence[DeadLetterFilter]]]:
        """Yield a factory, and filters of the selection. Raises CommandFailed without its group."""
        async with opened(self.make_uow) as factory:
            filters = [wanted.filter]
            if wanted.group is not None:
                async with factory() as transaction:
                    filters = await filters_of_group(transaction.uow, wanted.group, wanted.filter)
                    await transaction.rollback()
            if not filters:
                raise CommandFailed("there is no such group of dead letters: see list --groups")
            yield factory, filters
