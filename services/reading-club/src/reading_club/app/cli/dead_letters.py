"""The commands ``reading-club dead-letters``: list, show, retry and discard."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from uuid import UUID

import click

from reading_club.app.cli.support import fail, read_settings
from reading_club.app.logs import printable
from reading_club.eventstream.ports.dead_letters import NO_FILTER, DeadLetter, DeadLetterFilter
from reading_club.service.uow import AbstractUnitOfWork

MOST = 1000
"""Maximum of dead letters that one command processes, the newest first."""

Decision = Callable[
    [Sequence[DeadLetter], AbstractUnitOfWork, datetime], Awaitable[Sequence[DeadLetter]]
]


@click.group("dead-letters")
def dead_letters() -> None:
    """Look at events that could not be handled; send them again or give them up."""


def _filtered(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that select dead letters, and pass the command a filter."""

    @click.argument("message_id", type=click.UUID, required=False)
    @click.option("--id", "same_id", type=click.UUID, help="The dead letters of this message.")
    @click.option("--subscriber", help="The dead letters of this subscriber.")
    @click.option("--error", help="Dead letters whose error has these words in it.")
    @wraps(command)
    def with_filter(
        message_id: UUID | None, same_id: UUID | None, subscriber: str | None, **options: Any
    ) -> None:
        id_, error = message_id or same_id, options.pop("error")
        command(DeadLetterFilter(message_id=id_, subscriber=subscriber, error=error), **options)

    return with_filter


def _decides(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that select dead letters, ``--dry-run`` and ``--all``."""
    everything = click.option(
        "--all", "everything", is_flag=True, help="All dead letters, without a filter."
    )
    dry_run = click.option(
        "--dry-run", is_flag=True, help="Tell what would be done, and do nothing."
    )
    return everything(dry_run(_filtered(command)))


@dead_letters.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True)
@_filtered
def list_dead_letters(wanted: DeadLetterFilter, *, as_json: bool, limit: int) -> None:
    """List the dead letters, the newest first."""
    found, _ = asyncio.run(_decide(wanted, limit=limit))
    if as_json:
        rows = [dead_letter.model_dump(mode="json", exclude={"envelope"}) for dead_letter in found]
        click.echo(json.dumps(rows, indent=2))
    else:
        click.echo("\n".join(map(_line, found)) or "there are no such dead letters")


@dead_letters.command()
@_filtered
def show(wanted: DeadLetterFilter) -> None:
    """Show dead letters whole, with what their messages say."""
    found, _ = asyncio.run(_decide(wanted))
    if not found:
        fail("there are no such dead letters")
    for dead_letter in found:
        click.echo(dead_letter.model_dump_json(indent=2))


@dead_letters.command()
@_decides
def retry(wanted: DeadLetterFilter, **options: bool) -> None:
    """Send events again to the subscribers that could not handle them."""
    from reading_club.eventstream.dead_letters.commands import retry as send_again

    if kept := _apply(send_again, "sent again", wanted, **options):
        click.echo(f"{kept} of them cannot be sent: no events, or gone", err=True)


@dead_letters.command()
@_decides
def discard(wanted: DeadLetterFilter, **options: bool) -> None:
    """Give events up for good: their subscribers never get them."""
    from reading_club.eventstream.dead_letters.commands import discard as give_up

    _apply(give_up, "discarded", wanted, **options)


def _apply(
    decision: Decision, done: str, wanted: DeadLetterFilter, *, everything: bool, dry_run: bool
) -> int:
    """Print the dead letters that the decision changes; return the number of those it does not.

    Without a filter ``everything`` has to be set.
    """
    if wanted == NO_FILTER and not everything:
        fail("say which dead letters: MESSAGE_ID, --subscriber, --error, or --all")
    found, changed = asyncio.run(_decide(wanted, decision, dry_run=dry_run))
    for dead_letter in changed:
        click.echo(_line(dead_letter))
    count = f"{len(changed)} dead letter" + ("" if len(changed) == 1 else "s")
    click.echo(f"{count} would be {done}" if dry_run else f"{count} {done}")
    return len(found) - len(changed)


async def _decide(
    wanted: DeadLetterFilter,
    decision: Decision | None = None,
    *,
    dry_run: bool = True,
    limit: int = MOST,
) -> tuple[Sequence[DeadLetter], Sequence[DeadLetter]]:
    """Return the dead letters that match, and those that the decision changed, or would change."""
    from reading_club.app.bootstrap.database import open_transaction

    changed: Sequence[DeadLetter] = ()
    async with open_transaction(read_settings()) as transaction:
        found = await transaction.uow.dead_letters.page(wanted, limit=limit)
        if decision is not None:
            changed = await decision(found, transaction.uow, datetime.now(UTC))
        await (transaction.rollback() if dry_run else transaction.commit())
    return found, changed


def _line(dead_letter: DeadLetter) -> str:
    kind = "parked" if dead_letter.parked else f"{dead_letter.attempts} attempts"
    moment = dead_letter.set_aside_at.isoformat(timespec="seconds")
    subject = f"{dead_letter.subscriber}  {dead_letter.type or '(no type)'}"
    text = f"{subject}  {kind}  {dead_letter.error}"
    return f"{dead_letter.message_id}  {moment}  {printable(text)}"
