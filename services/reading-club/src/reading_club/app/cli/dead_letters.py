"""The commands ``reading-club dead-letters``: list, show, retry and discard."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from uuid import UUID

import click
from messagebus import AsyncUnitOfWorkTransaction

from reading_club.app.cli.support import fail, read_settings
from reading_club.eventstream.ports.dead_letters import NO_FILTER, DeadLetter, DeadLetterFilter
from reading_club.service.uow import AbstractUnitOfWork

MOST = 1000
"""Maximum of dead letters that one command processes, the newest first."""

Transaction = AsyncUnitOfWorkTransaction[AbstractUnitOfWork]
Letters = Sequence[DeadLetter]
Decision = Callable[[Letters, AbstractUnitOfWork, datetime], Awaitable[Letters]]


@click.group("dead-letters")
def dead_letters() -> None:
    """Look at events that could not be handled; send them again or give them up."""


def _filtered(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that select dead letters, and pass the command a filter."""

    @click.argument("message_id", type=click.UUID, required=False)
    @click.option("--id", "same_id", type=click.UUID, help="The letters of this message.")
    @click.option("--subscriber", help="The letters of this subscriber.")
    @click.option("--error", help="Letters whose error has these words in it.")
    @wraps(command)
    def with_filter(
        *,
        message_id: UUID | None,
        same_id: UUID | None,
        subscriber: str | None,
        error: str | None,
        **options: Any,
    ) -> None:
        wanted = DeadLetterFilter(
            message_id=message_id or same_id, subscriber=subscriber, error=error
        )
        command(wanted, **options)

    return with_filter


def _decides(command: Callable[..., None]) -> Callable[..., None]:
    """Add filter, ``--dry-run`` and ``--all``; refuse a call without filter and ``--all``."""

    @click.option("--all", "everything", is_flag=True, help="All letters, without a filter.")
    @click.option("--dry-run", is_flag=True, help="Tell what would be done, and do nothing.")
    @wraps(command)
    def guarded(wanted: DeadLetterFilter, *, everything: bool, dry_run: bool) -> None:
        if wanted == NO_FILTER and not everything:
            fail("say which letters: MESSAGE_ID, --subscriber, --error, or --all")
        command(wanted, dry_run=dry_run)

    return _filtered(guarded)


@dead_letters.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True)
@_filtered
def list_letters(wanted: DeadLetterFilter, *, as_json: bool, limit: int) -> None:
    """List the letters, the newest first."""
    letters = asyncio.run(_find(wanted, limit))
    if as_json:
        click.echo(json.dumps([_summary(letter) for letter in letters], indent=2))
        return
    for letter in letters:
        click.echo(_line(letter))
    if not letters:
        click.echo("there are no such dead letters")


@dead_letters.command()
@_filtered
def show(wanted: DeadLetterFilter) -> None:
    """Show letters whole, with what their messages say."""
    letters = asyncio.run(_find(wanted, MOST))
    if not letters:
        fail("there are no such dead letters")
    for letter in letters:
        click.echo(letter.model_dump_json(indent=2))


@dead_letters.command()
@_decides
def retry(wanted: DeadLetterFilter, *, dry_run: bool) -> None:
    """Send events again to the subscribers that could not handle them."""
    from reading_club.eventstream.dead_letters.commands import retry as send_again

    found, sent = asyncio.run(_decide(wanted, send_again, dry_run=dry_run))
    _tell(sent, "sent again", dry_run=dry_run)
    if len(sent) < len(found):
        click.echo(f"{len(found) - len(sent)} of them cannot be sent: no events, or gone", err=True)


@dead_letters.command()
@_decides
def discard(wanted: DeadLetterFilter, *, dry_run: bool) -> None:
    """Give events up for good: their subscribers never get them."""
    from reading_club.eventstream.dead_letters.commands import discard as give_up

    _, gone = asyncio.run(_decide(wanted, give_up, dry_run=dry_run))
    _tell(gone, "discarded", dry_run=dry_run)


def _transaction() -> AbstractAsyncContextManager[Transaction]:
    from reading_club.app.bootstrap.database import open_transaction

    return open_transaction(read_settings())


async def _find(wanted: DeadLetterFilter, limit: int) -> Letters:
    async with _transaction() as transaction:
        letters: Letters = await transaction.uow.dead_letters.page(wanted, limit=limit)
        await transaction.rollback()
    return letters


async def _decide(
    wanted: DeadLetterFilter, decision: Decision, *, dry_run: bool
) -> tuple[Letters, Letters]:
    """Return the dead letters that match, and those that the decision changed, or would change."""
    async with _transaction() as transaction:
        found = await transaction.uow.dead_letters.page(wanted, limit=MOST)
        taken = await decision(found, transaction.uow, datetime.now(UTC))
        await (transaction.rollback() if dry_run else transaction.commit())
    return found, taken


def _tell(letters: Letters, done: str, *, dry_run: bool) -> None:
    for letter in letters:
        click.echo(_line(letter))
    count = f"{len(letters)} dead letter" + ("" if len(letters) == 1 else "s")
    click.echo(f"{count} would be {done}" if dry_run else f"{count} {done}")


def _line(letter: DeadLetter) -> str:
    kind = "parked" if letter.parked else f"{letter.attempts} attempts"
    moment = letter.set_aside_at.isoformat(timespec="seconds")
    text = f"{letter.subscriber}  {letter.type or '(no type)'}  {kind}  {letter.error}"
    return f"{letter.message_id}  {moment}  {_printable(text)}"


def _printable(text: str) -> str:
    """Return the text with each control character replaced by a space."""
    return "".join(char if char.isprintable() else " " for char in text)


def _summary(letter: DeadLetter) -> dict[str, Any]:
    """Return the fields of the dead letter without the envelope of its message."""
    return letter.model_dump(mode="json", exclude={"envelope"})
