"""The command ``reading-club rebuild``: a projection's rows anew, from the history."""

import asyncio
import time
from typing import TYPE_CHECKING, Any

import click

from reading_club.app.cli.support import fail, read_settings
from reading_club.app.settings import Settings
from reading_club.domain.messages import EVENTS
from reading_club.eventstream.errors import EventNotRebuilt, RebuildRefused
from reading_club.eventstream.rebuild import Rebuild
from reading_club.eventstream.wire import EventRegistry
from reading_club.service.subscribers import PROJECTIONS

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

BY_NAME = {subscriber.name: subscriber for subscriber in PROJECTIONS}


@click.command("rebuild")
@click.argument("projection", type=click.Choice(sorted(BY_NAME)))
@click.option("--leave-out", is_flag=True, help="Leave out each event that cannot be handled.")
@click.option("--cancel", is_flag=True, help="Give up an unfinished rebuild; the old rows stay.")
def rebuild_command(projection: str, *, leave_out: bool, cancel: bool) -> None:
    """Build the rows of a projection anew from the history, while the club is served.

    Readers see the old rows until the last step, which shows them the new ones at once. A rebuild
    that was interrupted goes on when the command is called again.

    Events that cannot be handled are left out if they are dead letters of the projection, which
    has no effect of theirs either. Any other ends the command, unless --leave-out is given.
    """
    settings = read_settings()
    try:
        asyncio.run(
            _cancel(settings, projection) if cancel else _run(settings, projection, leave_out)
        )
    except RebuildRefused as exc:
        fail(str(exc))
    except EventNotRebuilt as exc:
        fail(
            f"{exc}. The old rows are shown as before: call the command again after a change, "
            "or with --leave-out, or with --cancel"
        )


async def _run(settings: Settings, projection: str, leave_out: bool) -> None:  # noqa: FBT001  # of the option
    from reading_club.app.bootstrap.database import open_current_units_of_work

    async with open_current_units_of_work(settings) as make_uow:
        registry: EventRegistry[Any] = EventRegistry(EVENTS)
        rebuild = Rebuild(make_uow, BY_NAME[projection], registry, leave_out=leave_out)
        finished = await _with_progress(rebuild, await rebuild.begin())
        for id_ in rebuild.left_out:
            click.echo(f"left out: the event {id_} could not be handled", err=True)
        if not finished:
            fail(f"the rebuild of {projection} was cancelled or finished by another process")
        click.echo(f"{projection} was rebuilt, and the new rows are shown")
        click.echo(f"{await rebuild.delete_old()} old rows deleted")


async def _with_progress(rebuild: Rebuild[Any], left: int) -> bool:
    """Run the rebuild with a bar that shows the rate and the time left."""
    began, read = time.monotonic(), 0
    bar: ProgressBar[Any] = click.progressbar(
        length=left,
        label=f"{left} events",
        width=0,
        item_show_func=lambda _: f"{read / max(time.monotonic() - began, 0.001):.0f} events/s",
    )
    with bar:

        def on_step(number: int) -> None:
            nonlocal read
            read += number
            bar.update(number)

        return await rebuild.run(on_step)


async def _cancel(settings: Settings, projection: str) -> None:
    from reading_club.app.bootstrap.database import open_current_units_of_work

    async with open_current_units_of_work(settings) as make_uow:
        rebuild = Rebuild(make_uow, BY_NAME[projection], EventRegistry[Any](EVENTS))
        if not await rebuild.cancel():
            fail(f"there is no unfinished rebuild of {projection}")
    click.echo(f"the rebuild of {projection} was cancelled: its old rows are shown as before")
