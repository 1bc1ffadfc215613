"""A click group for a command line: messages are listed, and the life of one is shown.

click is the extra ``cli`` of this package.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import click

from reading_club.eventstream.command_line import CommandFailed, Moment
from reading_club.eventstream.life_text import life_lines, message_lines
from reading_club.eventstream.ports.dead_letters import DeadLetterFilter
from reading_club.eventstream.ports.event_lives import EventLife, MessageFilter
from reading_club.eventstream.unit_of_work import StreamUnitOfWork
from reading_club.eventstream.unit_of_work_factory import MakeUnitOfWork, opened

T = TypeVar("T")

MOST: Final = 1000
"""Maximum of messages that are listed, the newest first."""
GROUP_HELP: Final = "See what became of events and commands, without their content."


def events_group(make_uow: MakeUnitOfWork[Any]) -> click.Group:
    """Return the group ``events`` with show and list.

    ``main.add_command(events_group(…))`` adds it to a click group. Each command reads in one
    transaction on an event loop of its own, on which ``make_uow`` makes a unit of work, or opens a
    factory of them. The commands raise TransientFailure if the database is unavailable, and
    CommandFailed.
    """
    group = click.Group("events", help=GROUP_HELP)
    _add_show(group, make_uow)
    _add_list(group, make_uow)
    return group


def _read(make_uow: MakeUnitOfWork[Any], query: Callable[[StreamUnitOfWork], Awaitable[T]]) -> T:
    async def read() -> T:
        async with opened(make_uow) as factory, factory() as transaction:
            answer = await query(transaction.uow)
            await transaction.rollback()
            return answer

    return asyncio.run(read())


async def _life(message_id: UUID, uow: StreamUnitOfWork) -> EventLife:
    """Return the life of a message. Raises CommandFailed, with a hint to its dead letters."""
    life = await uow.lives.find(message_id)
    if life is None:
        text = f"the history has no message {message_id}"
        if await uow.dead_letters.page(DeadLetterFilter(message_id=message_id), limit=1):
            text += ", but there is a dead letter of this id: see dead-letters show"
        raise CommandFailed(text)
    return life


def _add_show(group: click.Group, make_uow: MakeUnitOfWork[Any]) -> None:
    @group.command()
    @click.argument("message_id", type=click.UUID)
    @click.option("--json", "for_programs", is_flag=True, help="For programs.")
    def show(message_id: UUID, *, for_programs: bool) -> None:
        """Show one message: its cause, its effects, and each step of its life.

        Times are in UTC. A step without a time has none on record.
        """
        life = _read(make_uow, lambda uow: _life(message_id, uow))
        click.echo(life.model_dump_json(indent=2) if for_programs else "\n".join(life_lines(life)))


def _add_list(group: click.Group, make_uow: MakeUnitOfWork[Any]) -> None:
    @group.command("list")
    @click.option("--type", "type_", metavar="TYPE", help="Of this type: book_registered_v1.")
    @click.option("--since", type=Moment(), help="Recorded since then: 2026-01-31T12:00, or 2h.")
    @click.option("--until", type=Moment(), help="Recorded before then.")
    @click.option("--correlation", type=click.UUID, help="All that one request led to.")
    @click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True)
    @click.option("--json", "for_programs", is_flag=True, help="For programs.")
    def list_messages(
        type_: str | None,
        since: datetime | None,
        until: datetime | None,
        correlation: UUID | None,
        *,
        limit: int,
        for_programs: bool,
    ) -> None:
        """List events and commands, the newest first.

        By type or correlation those of the last 7 days, unless --since is given.
        """
        wanted = MessageFilter(type=type_, since=since, until=until, correlation_id=correlation)
        found = _read(make_uow, lambda uow: uow.lives.list(wanted, limit=limit))
        rows = [each.model_dump(mode="json") for each in found]
        text = json.dumps(rows, indent=2) if for_programs else "\n".join(message_lines(found))
        click.echo(text or _nothing(wanted))


def _nothing(wanted: MessageFilter) -> str:
    by = wanted.type is not None or wanted.correlation_id is not None
    looked_back = by and wanted.since is None
    return "there are no such messages" + (
        " of the last 7 days: try --since" if looked_back else ""
    )
