"""A click group for a command line: dead letters are listed, shown, retried and discarded.

click is the extra ``cli`` of this package.
"""

import asyncio
import json
from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from uuid import UUID

import click

from reading_club.eventstream.command_line import CommandFailed
from reading_club.eventstream.dead_letters.commands import discard, retry
from reading_club.eventstream.dead_letters.selection import SelectedDeadLetters, Selection
from reading_club.eventstream.dead_letters.text import as_json, group_line, line
from reading_club.eventstream.ports.dead_letters import DeadLetterFilter
from reading_club.eventstream.unit_of_work_factory import MakeUnitOfWork

__all__ = ["CommandFailed", "dead_letters_group"]

MOST: Final = 1000
"""Maximum of dead letters or groups that are listed or shown, the newest or largest first."""


def dead_letters_group(make_uow: MakeUnitOfWork[Any]) -> click.Group:
    """Return the group ``dead-letters`` with list, show, retry and discard.

    ``main.add_command(dead_letters_group(…))`` adds it to a click group. Each command runs on an
    event loop of its own, on which ``make_uow`` makes a unit of work, or opens a factory of them;
    retry and discard change up to 1000 dead letters in each transaction. The commands raise
    TransientFailure if the database is unavailable, and CommandFailed.
    """
    group = click.Group("dead-letters", help=GROUP_HELP)
    for add in (_add_list, _add_show, _add_retry, _add_discard):
        add(group, SelectedDeadLetters(make_uow))
    return group


GROUP_HELP: Final = "Look at events that could not be handled; send them again or give them up."


def _filtered(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that select dead letters, and pass the command a selection."""

    @click.argument("message_id", type=click.UUID, required=False)
    @click.option("--id", "same_id", type=click.UUID, help="The dead letters of this message.")
    @click.option("--subscriber", help="The dead letters of this subscriber.")
    @click.option("--error", help="Dead letters whose error has these words in it.")
    @click.option("--group", metavar="NAME", help="Those of one group, named as by list --groups.")
    @wraps(command)
    def with_filter(
        message_id: UUID | None, same_id: UUID | None, subscriber: str | None, **options: Any
    ) -> None:
        id_, error, group = message_id or same_id, options.pop("error"), options.pop("group")
        wanted = DeadLetterFilter(message_id=id_, subscriber=subscriber, error=error)
        command(Selection(wanted, group), **options)

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


def _add_list(group: click.Group, dead_letters: SelectedDeadLetters) -> None:
    @group.command("list")
    @click.option("--groups", is_flag=True, help="Their groups: alike ones, with their number.")
    @click.option("--json", "for_programs", is_flag=True, help="For programs.")
    @click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True)
    @_filtered
    def list_dead_letters(
        wanted: Selection, *, groups: bool, for_programs: bool, limit: int
    ) -> None:
        """List the dead letters, the newest first, or groups of them, the largest first.

        A group has the subscriber, the type and the class of the error in its name.
        """
        if groups:
            found = asyncio.run(dead_letters.groups(wanted, limit))
            rows = [{"name": each.name, **each.model_dump(mode="json")} for each in found]
            lines = [group_line(each) for each in found]
        else:
            letters = asyncio.run(dead_letters.page(wanted, limit))
            rows = [each.model_dump(mode="json", exclude={"envelope"}) for each in letters]
            lines = [line(each) for each in letters]
        text = json.dumps(rows, indent=2) if for_programs else "\n".join(lines)
        click.echo(text or "there are no such dead letters")


def _add_show(group: click.Group, dead_letters: SelectedDeadLetters) -> None:
    @group.command()
    @_filtered
    def show(wanted: Selection) -> None:
        """Show dead letters whole, with what their messages say."""
        found = asyncio.run(dead_letters.page(wanted, MOST))
        if not found:
            raise CommandFailed("there are no such dead letters")
        for dead_letter in found:
            click.echo(as_json(dead_letter))


def _add_retry(group: click.Group, dead_letters: SelectedDeadLetters) -> None:
    @group.command("retry")
    @_decides
    def retry_dead_letters(wanted: Selection, **options: bool) -> None:
        """Send events again to the subscribers that could not handle them."""
        if kept := dead_letters.apply(retry, "sent again", wanted, **options):
            click.echo(f"{kept} of them cannot be sent: no events, or gone", err=True)


def _add_discard(group: click.Group, dead_letters: SelectedDeadLetters) -> None:
    @group.command("discard")
    @_decides
    def discard_dead_letters(wanted: Selection, **options: bool) -> None:
        """Give events up for good: their subscribers never get them."""
        dead_letters.apply(discard, "discarded", wanted, **options)
