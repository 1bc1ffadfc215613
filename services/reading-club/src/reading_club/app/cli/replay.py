"""The command ``reading-club replay``: the history for one subscriber."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from reading_club.app.cli.subscribers import TYPES
from reading_club.app.cli.support import fail, read_settings
from reading_club.app.settings import Settings
from reading_club.eventstream.errors import ReplayRefused
from reading_club.eventstream.outside import outside_subscribers
from reading_club.eventstream.replay import replay
from reading_club.eventstream.retention import DAY
from reading_club.eventstream.unit_of_work import StreamUnitOfWork
from reading_club.service.subscribers import SUBSCRIBERS


class Since(click.ParamType[datetime]):
    """A moment in ISO 8601; without an offset it is UTC."""

    name = "time"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the moment with its time zone."""
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no moment like 2026-01-31 or 2026-01-31T12:00", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Wanted:
    """Which events of the history go to which subscriber."""

    subscriber: str
    since: datetime | None
    types: tuple[str, ...]


@click.command("replay")
@click.option("--subscriber", required=True, help="Whose queue gets the events.")
@click.option("--since", type=Since(), help="Only events from this moment on: 2026-01-31T12:00.")
@click.option("--type", "types", multiple=True, type=click.Choice(TYPES), metavar="TYPE")
def replay_command(subscriber: str, since: datetime | None, types: tuple[str, ...]) -> None:
    """Send the history to one subscriber, without what its inbox in the club has already.

    A replay that was interrupted goes on when the command is called again. It pauses while many of
    its events wait for a relay.

    Events that are older than inbox rows are kept (READING_CLUB_INBOX_DAYS) are refused, since they
    might take effect a second time, unless the subscriber is newer than that. A program outside the
    club has to keep its inbox for at least as long.
    """
    sent = asyncio.run(_replay(read_settings(), Wanted(subscriber, since, types)))
    click.echo(f"{sent} events of the history were put on their way to {subscriber}")


async def _replay(settings: Settings, wanted: Wanted) -> int:
    from reading_club.app.bootstrap.database import open_current_units_of_work

    sent = 0
    async with open_current_units_of_work(settings) as make_uow:
        async with make_uow() as transaction:
            left = await _begin(transaction.uow, wanted, settings.inbox_days * DAY)
            await transaction.commit()
        with click.progressbar(length=left, label=f"{left} events", width=0) as bar:

            def on_step(number: int) -> None:
                nonlocal sent
                sent += number
                bar.update(number)

            await replay(make_uow, wanted.subscriber, on_step)
    return sent


async def _begin(uow: StreamUnitOfWork, wanted: Wanted, inbox: float) -> int:
    """Begin a replay, or go on with an unfinished one; return the number of its events."""
    known = {each.name: each.types for each in (*SUBSCRIBERS, *await outside_subscribers(uow))}
    if wanted.subscriber not in known:
        fail(f"there is no subscriber {wanted.subscriber}, but: {', '.join(sorted(known))}")
    types = known[wanted.subscriber]
    if foreign := sorted({*wanted.types} - types):
        fail(f"{wanted.subscriber} is not subscribed to {', '.join(foreign)}")
    left = await uow.replays.remaining(wanted.subscriber)
    if left is not None and (wanted.since or wanted.types):
        fail(f"a replay is unfinished: first call it for {wanted.subscriber} without other options")
    if left is None:
        try:
            await uow.replays.begin(
                wanted.subscriber, wanted.types or types, since=wanted.since, inbox=inbox
            )
        except ReplayRefused as exc:
            fail(f"{exc}: give a later --since")
    return await uow.replays.remaining(wanted.subscriber) or 0
